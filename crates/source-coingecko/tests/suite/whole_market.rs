//! The whole market: now, and by day.

use model::Key;
use source::{Fact, Outcome, Source as _};
use source_coingecko::{GLOBAL, GLOBAL_DAILY, Plan};

use crate::{ask, at, body, lines, look, plan, range, read, reply, told, vendor, want};

const NOW: &str = "2026-05-18T13:02:00Z";
const LIVE: [&str; 4] = [
    "BTC_DOMINANCE",
    "ETH_DOMINANCE",
    "GLOBAL_MARKET_CAP",
    "GLOBAL_VOLUME_24H",
];
const DAILY: [&str; 2] = ["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"];

#[test]
fn one_answer_holds_every_quote() {
    let hour = range("2026-05-27T10:00:00Z", "2026-05-27T11:00:00Z");
    let wants = vec![
        want("_global", "btc", &["GLOBAL_MARKET_CAP"], hour),
        want("_global", "usd", &LIVE, hour),
    ];
    let vendor = vendor(Plan::Demo);
    let requests = plan(&vendor, &ask(GLOBAL, "2026-05-27T10:40:00Z", wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /global
      _global/btc _global/usd ["BTC_DOMINANCE", "ETH_DOMINANCE", "GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"] [2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z)
    "#);
    let answer = reply(body!("global/market.json"), "2026-05-27T10:40:00Z");
    let (record, _) = read(&vendor, &requests[0], &answer).unwrap();
    insta::assert_snapshot!(told(&record), @r"
    _global/btc BTC_DOMINANCE 1h 2026-05-27T10:00:00Z 57.9539332566265
    _global/btc ETH_DOMINANCE 1h 2026-05-27T10:00:00Z 9.58227145398409
    _global/btc GLOBAL_MARKET_CAP 1h 2026-05-27T10:00:00Z 34570737.199462704
    _global/btc GLOBAL_VOLUME_24H 1h 2026-05-27T10:00:00Z 1254779.1727158197
    _global/usd BTC_DOMINANCE 1h 2026-05-27T10:00:00Z 57.9539332566265
    _global/usd ETH_DOMINANCE 1h 2026-05-27T10:00:00Z 9.58227145398409
    _global/usd GLOBAL_MARKET_CAP 1h 2026-05-27T10:00:00Z 2621040321355.0405
    _global/usd GLOBAL_VOLUME_24H 1h 2026-05-27T10:00:00Z 95133256404.37308
    _global/btc BTC_DOMINANCE: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/btc ETH_DOMINANCE: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/btc GLOBAL_MARKET_CAP: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/btc GLOBAL_VOLUME_24H: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/usd BTC_DOMINANCE: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/usd ETH_DOMINANCE: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/usd GLOBAL_MARKET_CAP: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    _global/usd GLOBAL_VOLUME_24H: Answered([2026-05-27T10:00:00Z, 2026-05-27T11:00:00Z))
    unasked: 0
    ");
}

#[test]
fn global_market_seen_from_outside() {
    let body = body!("global/market.json");
    insta::assert_snapshot!(told(
        &look("/global", body, "2026-05-27T10:40:00Z").unwrap()
    ));
}

#[test]
fn what_the_answer_does_not_say_settles_nothing() {
    let body = body!("global/ugly.json");
    let record = look("/api/v3/global", body, "2026-05-27T10:40:00Z").unwrap();
    insta::assert_snapshot!(told(&record));
}

#[test]
fn one_odd_currency_or_map_costs_itself() {
    let body = br#"{"data":{"updated_at":"1779878351","total_market_cap":{"usd":"2.5e12","eur":[]},
                    "total_volume":null,"market_cap_percentage":{"btc":1e999,"eth":9.5}}}"#;
    let record = look("/global", body, "2026-05-27T10:40:00Z").unwrap();
    let points: Vec<(&str, f64)> = record
        .points
        .iter()
        .map(|point| (point.metric.as_str(), point.value))
        .collect();
    assert_eq!(
        points,
        [("ETH_DOMINANCE", 9.5), ("GLOBAL_MARKET_CAP", 2.5e12)]
    );
    let failed: Vec<&str> = record
        .outcomes
        .iter()
        .filter(|(_, _, outcome)| *outcome == Outcome::Failed)
        .map(|(_, metric, _)| metric.as_str())
        .collect();
    assert_eq!(failed, ["BTC_DOMINANCE", "GLOBAL_VOLUME_24H"]);
    let why: Vec<&str> = record.rejects.iter().map(|reject| reject.why).collect();
    assert_eq!(why, ["no_number", "no_value"]);
}

#[test]
fn the_newest_count_there_is_belongs_to_the_hour_we_are_in() {
    let label = |counted: &str, now| {
        let market = String::from_utf8(body!("global/market.json").to_vec()).unwrap();
        let market = market.replace("1779878351", &at(counted).secs().to_string());
        look("/global", market.as_bytes(), now).unwrap().points[0].label
    };
    let tick = "2026-05-27T11:03:00Z";
    assert_eq!(
        label("2026-05-27T11:01:00Z", tick),
        at("2026-05-27T11:00:00Z")
    );
    assert_eq!(
        label("2026-05-27T10:50:00Z", tick),
        at("2026-05-27T11:00:00Z")
    );
    assert_eq!(
        label("2026-05-27T10:49:59Z", tick),
        at("2026-05-27T10:00:00Z")
    );
    let before = "2026-05-27T10:55:00Z";
    assert_eq!(
        label("2026-05-27T10:52:00Z", before),
        at("2026-05-27T10:00:00Z")
    );
}

#[test]
fn old_and_coming_counts_are_no_values_of_now() {
    let why = |now| {
        let record = look("/global", body!("global/market.json"), now).unwrap();
        assert!(record.points.is_empty() && record.outcomes.is_empty());
        record.rejects[0].why
    };
    assert_eq!(why("2026-05-27T12:39:12Z"), "stale");
    assert_eq!(why("2026-05-27T09:59:00Z"), "label_after_now");
    let class = |body: &[u8]| look("/global", body, NOW).unwrap_err().class();
    assert_eq!(class(b"{}"), "malformed");
    assert_eq!(class(br#"{"data":{"updated_at":1779878351}}"#), "malformed");
    let timeless = br#"{"data":{"total_volume":{"usd":1},"updated_at":"now"}}"#;
    assert_eq!(class(timeless), "malformed");
}

#[test]
fn the_past_is_one_request_that_ends_now() {
    let requests = |since, until| {
        let wants = vec![want("_global", "usd", &DAILY, range(since, until))];
        plan(&vendor(Plan::Analyst), &ask(GLOBAL_DAILY, NOW, wants))
    };
    let mut all = requests("2026-05-18", "2026-05-19");
    all.extend(requests("2026-05-11", "2026-05-19"));
    all.extend(requests("2025-06-01", "2025-06-02"));
    all.extend(requests("2010-01-01", "2026-05-19"));
    // Never `days=1`, which comes by the hour.
    insta::assert_snapshot!(lines(&all), @r#"
    /global/market_cap_chart?days=7&vs_currency=usd
      _global/usd ["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"] [2026-05-18T00:00:00Z, 2026-05-19T00:00:00Z)
    /global/market_cap_chart?days=14&vs_currency=usd
      _global/usd ["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"] [2026-05-11T00:00:00Z, 2026-05-19T00:00:00Z)
    /global/market_cap_chart?days=365&vs_currency=usd
      _global/usd ["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"] [2025-06-01T00:00:00Z, 2025-06-02T00:00:00Z)
    /global/market_cap_chart?days=max&vs_currency=usd
      _global/usd ["GLOBAL_MARKET_CAP", "GLOBAL_VOLUME_24H"] [2013-04-28T00:00:00Z, 2026-05-19T00:00:00Z)
    "#);
}

#[test]
fn global_daily_seven_days_and_live() {
    let path = "/global/market_cap_chart?days=7&vs_currency=usd";
    let body = body!("global_daily/seven_days_and_live.json");
    insta::assert_snapshot!(told(&look(path, body, "2026-05-18T12:49:21Z").unwrap()));
}

#[test]
fn hours_and_nothing_at_all_are_malformed() {
    let class = |body: &[u8]| {
        look("/global/market_cap_chart?days=max", body, NOW)
            .unwrap_err()
            .class()
    };
    assert_eq!(
        class(body!("global_daily/one_day_by_the_hour.json")),
        "malformed"
    );
    assert_eq!(
        class(br#"{"market_cap_chart":{"market_cap":[],"volume":[]}}"#),
        "malformed"
    );
    assert_eq!(
        class(br#"{"market_cap_chart":{"market_cap":[]}}"#),
        "malformed"
    );
}

#[test]
fn all_there_is_teaches_where_it_begins() {
    let vendor = vendor(Plan::Analyst);
    let read = |since: &str| {
        let wants = vec![want("_global", "usd", &DAILY, range(since, "2026-05-19"))];
        let requests = plan(&vendor, &ask(GLOBAL_DAILY, "2026-05-18T12:49:00Z", wants));
        let body = body!("global_daily/seven_days_and_live.json");
        read(&vendor, &requests[0], &reply(body, "2026-05-18T12:49:21Z")).unwrap()
    };
    let (record, parsed) = read("2020-01-01");
    let fact = Fact::FirstAvailable {
        key: Key::of_asset("_global", "usd"),
        label: at("2026-05-12"),
    };
    assert_eq!(parsed.facts, [fact]);
    let cap: Vec<Outcome> = record
        .outcomes
        .iter()
        .filter(|(_, metric, _)| metric.as_str() == "GLOBAL_MARKET_CAP")
        .map(|(_, _, outcome)| *outcome)
        .collect();
    assert_eq!(
        cap,
        [
            Outcome::Empty(range("2020-01-01", "2026-05-12")),
            Outcome::Answered(range("2026-05-12", "2026-05-14")),
            Outcome::Empty(range("2026-05-14", "2026-05-15")),
            Outcome::Answered(range("2026-05-15", "2026-05-19")),
        ]
    );
    // A span that begins where it was told to teaches nothing.
    assert_eq!(read("2026-05-12").1.facts, []);
}

#[test]
fn a_day_counts_from_ten_past_midnight() {
    let vendor = vendor(Plan::Analyst);
    let labels = |now: &str| {
        let wants = vec![want(
            "_global",
            "usd",
            &DAILY,
            range("2026-05-18", "2026-05-19"),
        )];
        let requests = plan(&vendor, &ask(GLOBAL_DAILY, now, wants));
        let body = body!("global_daily/seven_days_and_live.json");
        read(&vendor, &requests[0], &reply(body, now))
            .unwrap()
            .0
            .points
            .len()
    };
    assert_eq!(labels("2026-05-18T00:09:59Z"), 0);
    assert_eq!(labels("2026-05-18T00:10:00Z"), 2);
    assert!(vendor.dataset(GLOBAL_DAILY).unwrap().lag_secs == 600);
}
