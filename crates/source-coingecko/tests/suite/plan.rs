//! Golden plans, and what every plan must keep.

use proptest::prelude::*;
use source::{RequestSpec, Source as _};
use source_coingecko::{
    CHART_DAILY, CHART_HOURLY, COINS_LIST, CoinGecko, GLOBAL_DAILY, MARKETS, OHLC_DAILY,
    OHLC_HOURLY, Plan, SUPPLY_DAILY, Settings,
};

use crate::{CHART, ask, at, lines, plan, range, vendor, want};

const NOW: &str = "2026-05-18T13:02:00Z";

fn span_days(request: &RequestSpec) -> f64 {
    let secs = |name: &str| -> f64 {
        let (_, value) = request
            .query
            .iter()
            .find(|(known, _)| known == name)
            .unwrap();
        value.parse().unwrap()
    };
    (secs("to") - secs("from")) / 86_400.0
}

#[test]
fn the_catalogue_is_one_request() {
    let requests = plan(&vendor(Plan::Demo), &ask(COINS_LIST, NOW, vec![]));
    insta::assert_snapshot!(lines(&requests), @r"
    /coins/list?include_platform=true
       [] [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z)
    ");
}

#[test]
fn live_is_one_request_per_quote_and_takes_the_union_of_metrics() {
    let hour = range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z");
    let wants = vec![
        want("bitcoin", "eur", &["PRICE"], hour),
        want("bitcoin", "usd", &["FDV", "PRICE"], hour),
        want("ethereum", "usd", &["PRICE", "VOLUME_24H"], hour),
    ];
    let requests = plan(&vendor(Plan::Demo), &ask(MARKETS, NOW, wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/markets?ids=bitcoin&order=id_asc&page=1&per_page=250&precision=full&vs_currency=eur
      bitcoin/eur ["PRICE"] [2026-05-18T13:00:00Z, 2026-05-18T14:00:00Z)
    /coins/markets?ids=bitcoin,ethereum&order=id_asc&page=1&per_page=250&precision=full&vs_currency=usd
      bitcoin/usd ethereum/usd ["FDV", "PRICE", "VOLUME_24H"] [2026-05-18T13:00:00Z, 2026-05-18T14:00:00Z)
    "#);
}

fn coins(count: usize, name: impl Fn(usize) -> String) -> Vec<source::Want> {
    let hour = range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z");
    let mut names: Vec<String> = (0..count).map(name).collect();
    names.sort();
    names
        .iter()
        .map(|name| want(name, "usd", &["PRICE"], hour))
        .collect()
}

#[test]
fn live_requests_hold_250_coins_and_8_kilobytes() {
    let sizes = |wants| -> Vec<usize> {
        let requests = plan(&vendor(Plan::Demo), &ask(MARKETS, NOW, wants));
        for request in &requests {
            assert!(request.path_and_query().len() < 7_900);
        }
        requests
            .iter()
            .map(|request| request.block.keys.len())
            .collect()
    };
    assert_eq!(sizes(coins(250, |n| format!("coin-{n}"))), [250]);
    assert_eq!(sizes(coins(251, |n| format!("coin-{n}"))), [250, 1]);
    let long = sizes(coins(250, |n| format!("{}-{n}", "x".repeat(100))));
    assert_eq!(long.iter().sum::<usize>(), 250);
    assert_eq!(long.len(), 4);
}

#[test]
fn an_hourly_hole_is_padded_to_two_days() {
    let hole = range("2026-05-10T07:00:00Z", "2026-05-10T09:00:00Z");
    let wants = vec![want("ethereum", "usd", &CHART, hole)];
    let requests = plan(&vendor(Plan::Analyst), &ask(CHART_HOURLY, NOW, wants));
    // 2026-05-08T10:00 to 2026-05-10T10:00.
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/ethereum/market_chart/range?from=1778234400&precision=full&to=1778407200&vs_currency=usd
      ethereum/usd ["MARKET_CAP", "PRICE", "VOLUME_24H"] [2026-05-10T07:00:00Z, 2026-05-10T09:00:00Z)
    "#);
}

#[test]
fn hourly_history_is_cut_at_89_days_newest_first_over_all_coins() {
    let span = range("2025-12-01T00:00:00Z", "2026-05-18T13:00:00Z");
    let wants = vec![
        want("aave", "usd", &["PRICE"], span),
        want(
            "bitcoin",
            "usd",
            &["PRICE"],
            range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z"),
        ),
    ];
    let requests = plan(&vendor(Plan::Analyst), &ask(CHART_HOURLY, NOW, wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/aave/market_chart/range?from=1771416000&precision=full&to=1779112800&vs_currency=usd
      aave/usd ["PRICE"] [2026-02-18T13:00:00Z, 2026-05-18T13:00:00Z)
    /coins/bitcoin/market_chart/range?from=1778940000&precision=full&to=1779112800&vs_currency=usd
      bitcoin/usd ["PRICE"] [2026-05-18T12:00:00Z, 2026-05-18T13:00:00Z)
    /coins/aave/market_chart/range?from=1764543600&precision=full&to=1771423200&vs_currency=usd
      aave/usd ["PRICE"] [2025-12-01T00:00:00Z, 2026-02-18T13:00:00Z)
    "#);
}

#[test]
fn at_the_reach_of_the_plan_a_span_grows_forwards() {
    let old = range("2025-01-01", "2025-05-19T00:00:00Z");
    let wants = vec![want("bitcoin", "usd", &["PRICE"], old)];
    let requests = plan(&vendor(Plan::Demo), &ask(CHART_HOURLY, NOW, wants.clone()));
    // 365 days back is 2025-05-18T13:02; six hours of margin, up to the hour, an hour of padding.
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/bitcoin/market_chart/range?from=1747598400&precision=full&to=1747771200&vs_currency=usd
      bitcoin/usd ["PRICE"] [2025-05-18T21:00:00Z, 2025-05-19T00:00:00Z)
    "#);
    assert_eq!(plan(&vendor(Plan::Demo), &ask(CHART_DAILY, NOW, wants)), []);
}

#[test]
fn nothing_begins_where_the_vendor_refused_it() {
    // The plan is said to reach all history; the vendor reaches 20 days back.
    let oldest = at("2026-04-28T13:02:00Z");
    for (plan_of, dataset, metrics) in [
        (Plan::Analyst, CHART_HOURLY, &CHART[..]),
        (Plan::Analyst, CHART_DAILY, &CHART),
        (Plan::Analyst, OHLC_HOURLY, &["CLOSE"]),
        (Plan::Analyst, OHLC_DAILY, &["CLOSE"]),
        (Plan::Basic, OHLC_DAILY, &["CLOSE"]),
        (Plan::Enterprise, SUPPLY_DAILY, &["TOTAL_SUPPLY"]),
        (Plan::Analyst, GLOBAL_DAILY, &["GLOBAL_MARKET_CAP"]),
    ] {
        for since in ["2026-04-29", "2026-05-17"] {
            let wants = vec![want("x", "usd", metrics, range(since, "2026-05-19"))];
            let mut ask = ask(dataset, NOW, wants);
            ask.oldest = Some(oldest);
            for request in plan(&vendor(plan_of), &ask) {
                let number = |name: &str| -> Option<i64> {
                    let (_, value) = request.query.iter().find(|(known, _)| known == name)?;
                    value.parse().ok()
                };
                let days = number("days").map(|days| ask.now.plus_days(-days).secs());
                let begins = number("from").or(days).unwrap();
                assert!(begins >= oldest.secs(), "{}", request.path_and_query());
            }
        }
    }
}

#[test]
fn daily_history_is_one_request_of_more_than_90_days() {
    let vendor = vendor(Plan::Analyst);
    let wants = vec![
        want(
            "bitcoin",
            "usd",
            &["PRICE"],
            range("2013-04-28", "2026-05-19"),
        ),
        want(
            "solana",
            "usd",
            &["PRICE"],
            range("2026-05-16", "2026-05-19"),
        ),
    ];
    let requests = plan(&vendor, &ask(CHART_DAILY, NOW, wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/bitcoin/market_chart/range?from=1364515200&precision=full&to=1779152400&vs_currency=usd
      bitcoin/usd ["PRICE"] [2013-04-28T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/solana/market_chart/range?from=1771290000&precision=full&to=1779152400&vs_currency=usd
      solana/usd ["PRICE"] [2026-05-16T00:00:00Z, 2026-05-19T00:00:00Z)
    "#);
    assert!(span_days(&requests[1]) >= 91.0);
}

#[test]
fn horizons_are_the_plan_and_the_first_day_of_the_vendor() {
    let now = at(NOW);
    let horizon = |plan, dataset| vendor(plan).horizon(dataset, now).unwrap();
    assert_eq!(horizon(Plan::Analyst, CHART_HOURLY), at("2018-01-30"));
    assert_eq!(horizon(Plan::Analyst, CHART_DAILY), at("2013-04-28"));
    assert_eq!(
        horizon(Plan::Demo, CHART_HOURLY),
        at("2025-05-18T21:00:00Z")
    );
    assert_eq!(horizon(Plan::Demo, CHART_DAILY), at("2025-05-19"));
    assert_eq!(horizon(Plan::Basic, CHART_DAILY), at("2024-05-19"));
    assert_eq!(vendor(Plan::Demo).horizon(MARKETS, now), None);
}

#[test]
fn the_arithmetic_of_the_contract_holds() {
    let wants = |n: usize, days: i64, end: &str| {
        let end = at(end);
        let labels = model::TimeRange::new(end.plus_days(-days), end);
        let mut wants: Vec<_> = (0..n)
            .map(|n| want(&format!("coin-{n:03}"), "usd", &CHART, labels))
            .collect();
        wants.sort_by(|a, b| a.key.cmp(&b.key));
        wants
    };
    let vendor = vendor(Plan::Analyst);
    let count =
        |dataset, n, days, end| plan(&vendor, &ask(dataset, NOW, wants(n, days, end))).len();
    // N = 50, D = 365: N daily, N · ⌈D/89⌉ hourly.
    assert_eq!(count(CHART_DAILY, 50, 365, "2026-05-18"), 50);
    assert_eq!(count(CHART_HOURLY, 50, 365, "2026-05-18T13:00:00Z"), 250);
    assert_eq!(count(CHART_HOURLY, 1, 89, "2026-05-18T13:00:00Z"), 1);
    assert_eq!(count(CHART_HOURLY, 1, 90, "2026-05-18T13:00:00Z"), 2);
    // One request an hour for 100 coins and all metrics.
    assert_eq!(
        plan(&vendor, &ask(MARKETS, NOW, coins(100, |n| format!("c{n}")))).len(),
        1
    );
}

#[test]
fn hosts_and_limits_follow_the_plan() {
    use source::{Auth, Unit, Window};
    let of = |plan| {
        let vendor = vendor(plan);
        let host = vendor.hosts()[0].clone();
        let minute = vendor.limits()[0];
        assert_eq!(
            (minute.unit, minute.window),
            (Unit::Requests, Window::RollingSecs(60))
        );
        let month = vendor.limits().get(1).map(|limit| {
            assert_eq!((limit.unit, limit.window), (Unit::Credits, Window::Month));
            limit.amount
        });
        (
            host.base_url,
            host.auth,
            minute.amount,
            month,
            vendor.concurrency(),
        )
    };
    let public = || "https://api.coingecko.com/api/v3".to_owned();
    let paid = || "https://pro-api.coingecko.com/api/v3".to_owned();
    let demo_key = Auth::Header("x-cg-demo-api-key");
    let paid_key = Auth::Header("x-cg-pro-api-key");
    assert_eq!(of(Plan::Keyless), (public(), Auth::None, 10, None, 4));
    assert_eq!(of(Plan::Demo), (public(), demo_key, 30, Some(10_000), 4));
    assert_eq!(of(Plan::Basic), (paid(), paid_key, 250, Some(100_000), 8));
    assert_eq!(of(Plan::Analyst), (paid(), paid_key, 500, Some(500_000), 8));
    assert_eq!(of(Plan::Lite), (paid(), paid_key, 500, Some(2_000_000), 8));
    assert_eq!(of(Plan::Enterprise), (paid(), paid_key, 500, None, 8));
    let local = CoinGecko::new(Settings {
        plan: "pro".parse().unwrap(),
        base_url: Some("http://127.0.0.1:9/api/v3/".to_owned()),
        rpm: Some(7),
    });
    assert_eq!(local.hosts()[0].base_url, "http://127.0.0.1:9/api/v3");
    assert_eq!(local.hosts()[0].auth, paid_key);
    assert_eq!(local.limits()[0].amount, 7);
}

#[test]
fn plans_are_read_by_name() {
    for plan in Plan::ALL {
        assert_eq!(plan.as_str().parse::<Plan>().unwrap(), plan);
    }
    assert_eq!(" PRO ".parse::<Plan>().unwrap(), Plan::Analyst);
    let error = "premium".parse::<Plan>().unwrap_err().to_string();
    assert!(
        error.starts_with("\"premium\" is no plan: one of keyless, demo"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn spans_force_the_step_and_stay_within_the_plan(
        hours_ago in 1_i64..24 * 800,
        hours in 1_i64..24 * 800,
        which in 0..6_usize,
        daily in any::<bool>(),
    ) {
        let vendor = vendor(Plan::ALL[which]);
        let dataset = if daily { CHART_DAILY } else { CHART_HOURLY };
        let step = vendor.dataset(dataset).unwrap().step;
        let now = at(NOW);
        let end = step.floor(now.plus_secs(-hours_ago * 3_600));
        let start = step.floor(end.plus_secs(-hours * 3_600));
        let labels = model::TimeRange::new(start, end);
        let ask = ask(dataset, NOW, vec![want("x", "usd", &CHART, labels)]);
        let reach = match Plan::ALL[which] {
            Plan::Keyless | Plan::Demo => Some(365),
            Plan::Basic => Some(730),
            _ => None,
        };
        for request in plan(&vendor, &ask) {
            let days = span_days(&request);
            prop_assert!(if daily { days > 90.0 } else { (2.0..90.0).contains(&days) }, "{days}");
            let (_, from) = &request.query[0];
            let from = model::Ts::from_secs(from.parse().unwrap());
            prop_assert!(from < request.block.labels.start);
            if let Some(days) = reach {
                prop_assert!(from >= now.plus_days(-days).plus_secs(3_600));
            }
        }
    }
}
