//! What each plan gives.

use source::{Auth, Source as _, Unit, Window};
use source_defillama::{ACTIVE_USERS_DAILY, DefiLlama, FreeHosts, Plan, Settings, USAGE};

use crate::{at, settings, vendor};

fn bases(settings: Settings) -> Vec<(&'static str, String, Auth)> {
    let vendor = DefiLlama::new(settings);
    let hosts = vendor.hosts().iter();
    hosts
        .map(|host| (host.id, host.base_url.clone(), host.auth))
        .collect()
}

#[test]
fn plans_are_spelled_in_many_ways() {
    for (text, plan) in [
        ("free", Plan::Free),
        (" Open", Plan::Free),
        ("PRO", Plan::Pro),
        ("api", Plan::Pro),
        ("enterprise", Plan::Pro),
    ] {
        assert_eq!(text.parse(), Ok(plan));
        assert_eq!(plan.as_str().parse(), Ok(plan));
    }
    let error = "gold".parse::<Plan>().unwrap_err().to_string();
    assert!(error.starts_with("\"gold\" is no plan: one of free, pro"));
}

#[test]
fn without_a_key_each_product_has_a_host() {
    let host = |id, base: &str| (id, base.to_owned(), Auth::None);
    assert_eq!(
        bases(settings(Plan::Free)),
        [
            host("api", "https://api.llama.fi"),
            host("coins", "https://coins.llama.fi"),
            host("stablecoins", "https://stablecoins.llama.fi"),
            host("yields", "https://yields.llama.fi"),
        ]
    );
    let moved = Settings {
        base_url: Some("http://127.0.0.1:7000/".to_owned()),
        free_hosts: FreeHosts {
            coins: Some("http://127.0.0.1:7001/".to_owned()),
            ..FreeHosts::default()
        },
        ..settings(Plan::Free)
    };
    assert_eq!(
        bases(moved),
        [
            host("api", "http://127.0.0.1:7000/free/api"),
            host("coins", "http://127.0.0.1:7001"),
            host("stablecoins", "http://127.0.0.1:7000/free/stablecoins"),
            host("yields", "http://127.0.0.1:7000/free/yields"),
        ]
    );
}

#[test]
fn with_a_key_all_products_share_one_host_and_its_limits() {
    let pro = bases(settings(Plan::Pro));
    let root = "https://pro-api.llama.fi".to_owned();
    assert_eq!(
        pro,
        [
            ("pro", root.clone(), Auth::PathSegment),
            ("usage", root, Auth::LastPathSegment),
        ]
    );
    let vendor = vendor(Plan::Pro);
    let of_host = vendor.limits().iter().filter(|limit| limit.host == "pro");
    let of_host: Vec<_> = of_host
        .map(|limit| (limit.unit, limit.amount, limit.window))
        .collect();
    assert_eq!(
        of_host,
        [
            (Unit::Requests, 800, Window::RollingSecs(60)),
            (Unit::Credits, 1_000_000, Window::Month),
        ]
    );
    let moved = Settings {
        base_url: Some("http://127.0.0.1:7000".to_owned()),
        rpm: Some(50),
        ..settings(Plan::Pro)
    };
    let vendor = DefiLlama::new(moved);
    assert_eq!(vendor.hosts()[0].base_url, "http://127.0.0.1:7000");
    let minute = vendor.limits()[0];
    assert_eq!((minute.host, minute.amount), ("pro", 50));
}

#[test]
fn free_hosts_are_paced_one_by_one() {
    let vendor = vendor(Plan::Free);
    let limits: Vec<(&str, u32)> = vendor
        .limits()
        .iter()
        .map(|limit| (limit.host, limit.amount))
        .collect();
    let of = |host| (host, 200);
    assert_eq!(
        limits,
        [of("api"), of("coins"), of("stablecoins"), of("yields")]
    );
    assert_eq!(vendor.concurrency(), 4);
    assert_eq!(crate::vendor(Plan::Pro).concurrency(), 8);
}

#[test]
fn what_needs_a_key_is_no_dataset_without_one() {
    for dataset in [ACTIVE_USERS_DAILY, USAGE] {
        assert!(vendor(Plan::Free).dataset(dataset).is_none());
        assert!(vendor(Plan::Pro).dataset(dataset).is_some());
    }
}

#[test]
fn no_plan_bounds_the_past_and_ticks_come_after_the_vendors_jobs() {
    let vendor = vendor(Plan::Free);
    for dataset in vendor.datasets() {
        assert_eq!(vendor.horizon(dataset.id, at("2026-01-01")), None);
    }
    assert_eq!(vendor.tick_offset_secs(), 25 * 60);
}
