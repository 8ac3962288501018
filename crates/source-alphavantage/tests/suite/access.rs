//! What a plan gives.

use model::Step;
use source::{Auth, Live, Source as _, Unit, Window};
use source_alphavantage::{AlphaVantage, EQUITIES_DAILY, LISTING, Plan, QUOTE, Settings};

use crate::{PAID, at, vendor};

fn limits(plan: Plan, rpm: Option<u32>) -> Vec<(u32, Window)> {
    let vendor = AlphaVantage::new(Settings {
        plan,
        base_url: None,
        rpm,
    });
    let limits = vendor.limits().iter();
    limits
        .inspect(|limit| assert_eq!(limit.unit, Unit::Requests))
        .map(|limit| (limit.amount, limit.window))
        .collect()
}

#[test]
fn a_free_key_has_25_a_day_and_one_a_second() {
    let second = |amount| (amount, Window::RollingSecs(1));
    let minute = |amount| (amount, Window::RollingSecs(60));
    assert_eq!(
        limits(Plan::Free, None),
        [second(1), (25, Window::RollingDay)]
    );
    assert_eq!(
        limits(Plan::Free, Some(5)),
        [second(1), minute(5), (25, Window::RollingDay)]
    );
    for (a_minute, a_second) in [(75, 10), (150, 10), (300, 10), (600, 20), (1_200, 30)] {
        let plan = Plan::Premium(a_minute);
        assert_eq!(limits(plan, None), [second(a_second), minute(a_minute)]);
    }
    assert_eq!(limits(PAID, Some(60)), [second(10), minute(60)]);
    assert_eq!(vendor(Plan::Free).concurrency(), 1);
    assert_eq!(vendor(PAID).concurrency(), 4);
}

#[test]
fn plans_are_read_as_they_are_written() {
    for plan in Plan::ALL {
        assert_eq!(plan.to_string().parse(), Ok(plan));
    }
    assert_eq!(" Premium-300 ".parse(), Ok(Plan::Premium(300)));
    assert_eq!("premium".parse(), Ok(PAID));
    for wrong in ["", "premium-76", "gold", "300"] {
        assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
    }
}

#[test]
fn another_host_keeps_the_path() {
    for (base_url, expected) in [
        (None, "https://www.alphavantage.co"),
        (Some("http://127.0.0.1:1"), "http://127.0.0.1:1"),
        (Some("http://127.0.0.1:1/query/"), "http://127.0.0.1:1"),
        (Some("http://127.0.0.1:1/av/"), "http://127.0.0.1:1/av"),
    ] {
        let vendor = AlphaVantage::new(Settings {
            plan: Plan::Free,
            base_url: base_url.map(str::to_owned),
            rpm: None,
        });
        assert_eq!(vendor.hosts()[0].base_url, expected);
        assert_eq!(vendor.hosts()[0].auth, Auth::Query("apikey"));
    }
}

#[test]
fn a_free_key_reaches_a_hundred_trading_days_back() {
    // A Friday, after the closes of Thursday are out.
    let now = at("2026-08-14T06:03:00Z");
    let first = vendor(Plan::Free).horizon(EQUITIES_DAILY, now);
    assert_eq!(first, Some(at("2026-03-29")));
    assert_eq!(vendor(PAID).horizon(EQUITIES_DAILY, now), None);
}

#[test]
fn a_quote_is_of_the_last_weekday() {
    let free = vendor(Plan::Free);
    for (now, expected) in [
        ("2026-08-14T05:59:00Z", "2026-08-12"),
        ("2026-08-14T06:03:00Z", "2026-08-13"),
        ("2026-08-15T06:03:00Z", "2026-08-14"),
        ("2026-08-16T06:03:00Z", "2026-08-14"),
        ("2026-08-17T06:03:00Z", "2026-08-14"),
        ("2026-08-18T06:03:00Z", "2026-08-17"),
    ] {
        assert_eq!(free.horizon(QUOTE, at(now)), Some(at(expected)), "{now}");
    }
}

#[test]
fn the_few_of_a_free_key_come_before_the_closes() {
    let free = vendor(Plan::Free);
    let closes = free.dataset(EQUITIES_DAILY).unwrap();
    assert!(closes.whole);
    let place = |name: &str| {
        let mut all = free.datasets().iter();
        all.position(|dataset| dataset.id.as_str() == name).unwrap()
    };
    for few in [
        "crypto_daily",
        "fx_daily",
        "overview",
        "macro_daily",
        "macro_monthly",
    ] {
        assert!(place(few) < place("equities_daily"), "{few}");
    }
    for dataset in free.datasets() {
        // A tick an hour asks for nothing that comes once a day.
        let is_newest = matches!(dataset.live, Live::Newest { .. });
        assert!(!is_newest || dataset.step == Step::Hour, "{}", dataset.id);
    }
    assert_eq!(free.datasets().last().unwrap().id, LISTING);
    let paid = vendor(PAID);
    let closes = paid.dataset(EQUITIES_DAILY).unwrap();
    assert!(!closes.whole && closes.live.secs() == 138 * 86_400);
}
