//! Prices that were asked for: what they settle.

use source::{Fact, Outcome};
use source_defillama::{PRICES_DAILY, PRICES_HOURLY, PRICES_NOW, Plan};

use crate::{answer, ask, at, body, configured, look, outcomes, range, values, vendor, want};

const USDC: &str = "ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const NOW: &str = "2026-01-01T09:25:00Z";

fn hours() -> model::TimeRange {
    range("2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z")
}

fn at_hour(from: u8, to: u8) -> model::TimeRange {
    let hour = |hour: u8| format!("2026-01-01T{hour:02}:00:00Z");
    range(&hour(from), &hour(to))
}

#[test]
fn a_page_settles_what_it_holds_and_what_it_says_is_not_there() {
    let wants = vec![want(USDC, &["PRICE"], hours())];
    let body = body!("prices_hourly/ugly.json");
    let (record, _) = answer(&vendor(Plan::Free), &ask(PRICES_HOURLY, NOW, wants), body).unwrap();
    assert_eq!(
        outcomes(&record, "PRICE"),
        [
            Outcome::Answered(at_hour(0, 2)),
            // A null, a doubtful one, one in distress.
            Outcome::Empty(at_hour(2, 5)),
            // The negative one stays open, and so does the point that is no object.
            Outcome::Answered(at_hour(6, 7)),
            Outcome::Answered(at_hour(8, 9)),
        ]
    );
    // Two seconds early is nearer than ten late.
    assert_eq!(values(&record)[..2], [1.001, 1.002]);
    assert!(
        record
            .points
            .iter()
            .all(|point| point.key.asset.as_str() == USDC)
    );
}

#[test]
fn the_least_confidence_is_the_rows() {
    let row = format!("coin,{USDC},PRICE,,,,min_confidence=0.4,true,\n");
    let vendor = configured(Plan::Free, &row);
    let wants = vec![want(USDC, &["PRICE"], hours())];
    let body = body!("prices_hourly/ugly.json");
    let (record, _) = answer(&vendor, &ask(PRICES_HOURLY, NOW, wants), body).unwrap();
    assert_eq!(
        outcomes(&record, "PRICE")[2],
        Outcome::Answered(at_hour(3, 4))
    );
}

#[test]
fn a_coin_that_is_missing_is_asked_again_later() {
    let two = |first: &str| {
        vec![
            want(first, &["PRICE"], hours()),
            want(USDC, &["PRICE"], hours()),
        ]
    };
    let body = body!("prices_hourly/ugly.json");
    for coin in ["coingecko:gone", "coingecko:broken"] {
        let ask = ask(PRICES_HOURLY, NOW, two(coin));
        let (record, _) = answer(&vendor(Plan::Free), &ask, body).unwrap();
        let of_coin: Vec<Outcome> = (record.outcomes.iter())
            .filter(|(key, _, _)| key.asset.as_str() == coin)
            .map(|(_, _, outcome)| *outcome)
            .collect();
        assert_eq!(of_coin, [Outcome::Failed], "{coin}");
    }
    // One that is there without a price has none.
    let silent = ask(PRICES_HOURLY, NOW, two("coingecko:silent"));
    let (record, _) = answer(&vendor(Plan::Free), &silent, body).unwrap();
    assert!(record.outcomes.iter().any(|(key, _, outcome)| {
        key.asset.as_str() == "coingecko:silent" && *outcome == Outcome::Empty(hours())
    }));
}

#[test]
fn solana_tells_cases_apart() {
    let wants = vec![
        want("solana:AbC", &["PRICE"], at_hour(0, 1)),
        want("solana:abc", &["PRICE"], at_hour(0, 1)),
    ];
    let body = br#"{"coins":{"solana:abc":{"prices":[{"timestamp":1767225600,"price":2}]}}}"#;
    let ask = ask(PRICES_HOURLY, NOW, wants);
    let (record, _) = answer(&vendor(Plan::Free), &ask, body).unwrap();
    assert_eq!(record.points.len(), 1);
    assert_eq!(record.points[0].key.asset.as_str(), "solana:abc");
}

#[test]
fn a_first_price_inside_a_page_teaches_when_a_coin_began() {
    let taught = |since: &str| {
        let wants = vec![want(
            "coingecko:young",
            &["PRICE"],
            range(since, "2026-01-05"),
        )];
        let ask = ask(PRICES_DAILY, "2026-01-04T09:25:00Z", wants);
        let body = body!("prices_daily/listed_late.json");
        answer(&vendor(Plan::Free), &ask, body).unwrap().1.facts
    };
    let fact = |facts: &[Fact]| match facts {
        [Fact::FirstAvailable { label, .. }] => Some(*label),
        _ => None,
    };
    assert_eq!(fact(&taught("2025-06-01")), Some(at("2026-01-01")));
    assert_eq!(fact(&taught("2025-11-27")), Some(at("2026-01-01")));
    // A re-read of a month that begins with a hole shows nothing.
    assert_eq!(taught("2025-11-28"), []);
}

#[test]
fn the_newer_server_sends_span_points_and_the_older_one_more() {
    let body = |points: i64| {
        let point = |n: i64| format!(r#"{{"timestamp":{},"price":1}}"#, 1_767_225_600 + n * 3_600);
        let points: Vec<String> = (0..points).map(point).collect();
        format!(
            r#"{{"coins":{{"{USDC}":{{"prices":[{}]}}}}}}"#,
            points.join(",")
        )
    };
    for points in [3, 4] {
        let wants = vec![want(USDC, &["PRICE"], at_hour(0, 3))];
        let ask = ask(PRICES_HOURLY, NOW, wants);
        let (record, _) = answer(&vendor(Plan::Free), &ask, body(points).as_bytes()).unwrap();
        assert_eq!(
            outcomes(&record, "PRICE"),
            [Outcome::Answered(at_hour(0, 3))]
        );
        assert_eq!(record.points.len(), 3);
    }
}

#[test]
fn the_price_of_an_hour_is_recorded_near_it() {
    let price = |secs: i64| {
        let hour = range("2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z");
        let wants = vec![want("coingecko:x", &["PRICE"], hour)];
        let stamp = hour.start.secs() + secs;
        let body = format!(r#"{{"coins":{{"coingecko:x":{{"price":7,"timestamp":{stamp}}}}}}}"#);
        let ask = ask(PRICES_NOW, "2026-01-01T09:25:00Z", wants);
        let (record, _) = answer(&vendor(Plan::Free), &ask, body.as_bytes()).unwrap();
        outcomes(&record, "PRICE").len()
    };
    for (secs, settled) in [
        (0, 1),
        (-900, 1),
        (900, 1),
        (-901, 0),
        (901, 0),
        (-7_201, 0),
        (1_501, 0),
    ] {
        assert_eq!(price(secs), settled, "{secs}");
    }
}

#[test]
fn the_price_of_now_belongs_to_the_hour_it_was_recorded_in() {
    let hours = |now: &str| {
        let path = "/prices/current/coingecko:ethereum";
        let record = look(path, body!("prices_now/two_of_three.json"), now).unwrap();
        let labels = record.points.iter().map(|point| point.label);
        labels.collect::<Vec<_>>()
    };
    // Recorded at 23:59:31.
    assert_eq!(hours("2026-07-30T00:02:00Z"), [at("2026-07-30T00:00:00Z")]);
    assert_eq!(hours("2026-07-29T23:59:40Z"), []);
    assert_eq!(hours("2026-07-30T02:30:00Z"), []);
}
