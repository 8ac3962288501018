//! What each plan has, and what opens with a larger one.

use std::fmt::Write as _;

use model::{DatasetId, Ts};
use source::{QuotaUsed, Role, Source as _, Unit, Window};
use source_coingecko::{
    CHART_DAILY, CHART_HOURLY, GLOBAL, GLOBAL_DAILY, KEY, OHLC_DAILY, OHLC_HOURLY, Plan,
    SUPPLY_DAILY,
};

use crate::{ask, at, body, lines, plan, read, reply, vendor};

const NOW: &str = "2026-05-18T13:02:00Z";

#[test]
fn every_plan_has_the_datasets_of_the_contract() {
    let mut told = String::new();
    for plan in Plan::ALL {
        let names = vendor(plan).datasets().to_vec();
        let names: Vec<&str> = names.iter().map(|dataset| dataset.id.as_str()).collect();
        writeln!(told, "{plan}: {}", names.join(" ")).unwrap();
    }
    insta::assert_snapshot!(told, @r"
    keyless: coins_list markets global chart_daily chart_hourly
    demo: coins_list markets global chart_daily chart_hourly
    basic: coins_list markets global chart_daily chart_hourly ohlc_daily ohlc_hourly key
    analyst: coins_list markets global chart_daily chart_hourly ohlc_daily ohlc_hourly global_daily key
    lite: coins_list markets global chart_daily chart_hourly ohlc_daily ohlc_hourly global_daily key
    enterprise: coins_list markets global chart_daily chart_hourly ohlc_daily ohlc_hourly supply_daily global_daily key
    ");
}

#[test]
fn what_a_plan_lacks_it_neither_serves_nor_asks_for() {
    let demo = vendor(Plan::Demo);
    for dataset in [OHLC_DAILY, OHLC_HOURLY, SUPPLY_DAILY, GLOBAL_DAILY, KEY] {
        assert!(demo.plan(&ask(dataset, NOW, vec![])).is_err(), "{dataset}");
    }
    for plan in Plan::ALL {
        let rows = "coin_id,symbol,vs_currency,metrics,since,hourly_since,ohlc,enabled,note\n\
                    bitcoin,BTC,usd,,,,false,true,\n_global,,usd,,,,false,true,\n";
        let vendor = vendor(plan);
        for spec in vendor.read_config("x.csv", rows.as_bytes()).unwrap() {
            let served = vendor
                .datasets()
                .iter()
                .any(|dataset| vendor.serves(dataset.id, &spec.series));
            assert!(served, "{plan} {}", spec.series);
        }
    }
}

#[test]
fn widths_of_requests_are_those_of_the_contract() {
    let days =
        |plan, dataset| -> i64 { vendor(plan).dataset(dataset).unwrap().joins_secs / 86_400 };
    assert_eq!(days(Plan::Demo, CHART_HOURLY), 89);
    assert!(days(Plan::Demo, CHART_DAILY) > 365 * 50);
    assert_eq!(days(Plan::Analyst, OHLC_DAILY), 170);
    assert_eq!(days(Plan::Analyst, OHLC_HOURLY), 30);
    assert_eq!(days(Plan::Basic, OHLC_DAILY), 180);
    assert_eq!(days(Plan::Basic, OHLC_HOURLY), 90);
    assert!(days(Plan::Analyst, GLOBAL_DAILY) > 365 * 50);
    assert!(days(Plan::Enterprise, SUPPLY_DAILY) > 365 * 50);
    assert_eq!(days(Plan::Enterprise, GLOBAL), 0);
}

#[test]
fn a_larger_plan_opens_the_past_and_never_closes_it() {
    let now = at(NOW);
    let horizon = |plan: Plan, dataset: DatasetId| -> Option<Ts> {
        let vendor = vendor(plan);
        vendor.dataset(dataset)?;
        vendor.horizon(dataset, now)
    };
    let all: Vec<Plan> = Plan::ALL.to_vec();
    for dataset in [
        CHART_DAILY,
        CHART_HOURLY,
        OHLC_DAILY,
        OHLC_HOURLY,
        SUPPLY_DAILY,
        GLOBAL_DAILY,
    ] {
        // A plan without the dataset reaches nothing: later than any label.
        let reaches: Vec<Ts> = all
            .iter()
            .map(|plan| horizon(*plan, dataset).unwrap_or(Ts::from_millis(i64::MAX)))
            .collect();
        assert!(
            reaches.is_sorted_by(|a, b| a >= b),
            "{dataset}: {reaches:?}"
        );
    }
    assert_eq!(horizon(Plan::Demo, CHART_DAILY), Some(at("2025-05-19")));
    assert_eq!(horizon(Plan::Analyst, CHART_DAILY), Some(at("2013-04-28")));
    assert_eq!(horizon(Plan::Demo, OHLC_DAILY), None);
    // 180 days back is 2025-11-19T13:02; six hours of margin, and the first whole day ends a day on.
    assert_eq!(horizon(Plan::Basic, OHLC_DAILY), Some(at("2025-11-21")));
    assert_eq!(
        horizon(Plan::Basic, OHLC_HOURLY),
        Some(at("2026-02-17T21:00:00Z"))
    );
    assert_eq!(horizon(Plan::Analyst, OHLC_DAILY), Some(at("2018-02-09")));
    assert_eq!(horizon(Plan::Lite, OHLC_HOURLY), Some(at("2018-02-09")));
    assert_eq!(
        horizon(Plan::Enterprise, SUPPLY_DAILY),
        Some(at("2019-06-22"))
    );
    assert_eq!(horizon(Plan::Analyst, GLOBAL_DAILY), Some(at("2013-04-28")));
    for plan in Plan::ALL {
        assert_eq!(horizon(plan, GLOBAL), None);
    }
}

#[test]
fn the_vendors_own_count_is_one_request_and_no_series() {
    let vendor = vendor(Plan::Analyst);
    let requests = plan(&vendor, &ask(KEY, NOW, vec![]));
    insta::assert_snapshot!(lines(&requests), @r"
    /key
       [] [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z)
    ");
    assert_eq!(vendor.dataset(KEY).unwrap().role, Role::Account);
    let used = |body: &[u8]| {
        let (record, parsed) = read(&vendor, &requests[0], &reply(body, NOW)).unwrap();
        assert!(record.points.is_empty() && record.outcomes.is_empty());
        parsed.used.unwrap()
    };
    let count = |used, limit| QuotaUsed {
        host: "api",
        unit: Unit::Credits,
        window: Window::Month,
        used,
        limit: Some(limit),
    };
    assert_eq!(used(body!("key/account.json")), count(32, 1_000_000));
    // The key may have less left than the account.
    assert_eq!(used(body!("key/own_limit.json")), count(900, 1_000));
    let bare = used(br#"{"current_total_monthly_calls":7}"#);
    assert_eq!((bare.used, bare.limit), (7, None));
    for other in [&b"{}"[..], b"[]", br#"{"current_total_monthly_calls":-1}"#] {
        let read = read(&vendor, &requests[0], &reply(other, NOW));
        assert_eq!(read.unwrap_err().class(), "malformed");
    }
}
