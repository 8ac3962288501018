//! Candles: requests by plan, and what an answer may settle.

use model::{TimeRange, Ts};
use proptest::prelude::*;
use source::{Outcome, Record, ReplyError, Source as _};
use source_coingecko::{OHLC_DAILY, OHLC_HOURLY, Plan};

use crate::{
    ask, at, body, every_outcome as outcomes, lines, look, plan, range, read, reply, told, vendor,
    want,
};

const NOW: &str = "2026-05-18T13:02:00Z";
const CANDLE: [&str; 4] = ["CLOSE", "HIGH", "LOW", "OPEN"];

#[test]
fn daily_candles_are_asked_for_by_170_days() {
    let wants = vec![
        want("aave", "usd", &CANDLE, range("2025-08-01", "2026-05-19")),
        want(
            "bitcoin",
            "eur",
            &["CLOSE"],
            range("2026-05-18", "2026-05-19"),
        ),
    ];
    let requests = plan(&vendor(Plan::Analyst), &ask(OHLC_DAILY, NOW, wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/aave/ohlc/range?from=1764374400&interval=daily&to=1779065400&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2025-11-30T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/bitcoin/ohlc/range?from=1778976000&interval=daily&to=1779065400&vs_currency=eur
      bitcoin/eur ["CLOSE"] [2026-05-18T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/aave/ohlc/range?from=1753920000&interval=daily&to=1764377400&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2025-08-01T00:00:00Z, 2025-11-30T00:00:00Z)
    "#);
}

#[test]
fn hourly_candles_are_asked_for_by_30_days() {
    let span = range("2026-04-01T00:00:00Z", "2026-05-18T13:00:00Z");
    let wants = vec![want("aave", "usd", &CANDLE, span)];
    let requests = plan(&vendor(Plan::Lite), &ask(OHLC_HOURLY, NOW, wants));
    insta::assert_snapshot!(lines(&requests), @r#"
    /coins/aave/ohlc/range?from=1776513600&interval=hourly&to=1779106800&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2026-04-18T13:00:00Z, 2026-05-18T13:00:00Z)
    /coins/aave/ohlc/range?from=1774998000&interval=hourly&to=1776514800&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2026-04-01T00:00:00Z, 2026-04-18T13:00:00Z)
    "#);
}

#[test]
fn where_ranges_are_not_given_the_shortest_span_is_asked_for() {
    let basic = vendor(Plan::Basic);
    let requests = |dataset, since, until| {
        let wants = vec![want("aave", "usd", &CANDLE, range(since, until))];
        plan(&basic, &ask(dataset, NOW, wants))
    };
    let mut all = requests(OHLC_DAILY, "2020-01-01", "2026-05-19");
    all.extend(requests(OHLC_DAILY, "2026-05-18", "2026-05-19"));
    all.extend(requests(
        OHLC_HOURLY,
        "2026-05-05T01:00:00Z",
        "2026-05-18T13:00:00Z",
    ));
    all.extend(requests(OHLC_HOURLY, "2020-01-01", "2026-05-18T13:00:00Z"));
    insta::assert_snapshot!(lines(&all), @r#"
    /coins/aave/ohlc?days=180&interval=daily&precision=full&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2025-11-21T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/aave/ohlc?days=7&interval=daily&precision=full&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2026-05-18T00:00:00Z, 2026-05-19T00:00:00Z)
    /coins/aave/ohlc?days=14&interval=hourly&precision=full&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2026-05-05T01:00:00Z, 2026-05-18T13:00:00Z)
    /coins/aave/ohlc?days=90&interval=hourly&precision=full&vs_currency=usd
      aave/usd ["CLOSE", "HIGH", "LOW", "OPEN"] [2026-02-17T21:00:00Z, 2026-05-18T13:00:00Z)
    "#);
    assert_eq!(requests(OHLC_DAILY, "2020-01-01", "2025-11-21"), []);
}

#[test]
fn the_arithmetic_of_the_contract_holds() {
    let count = |dataset, end: &str| {
        let end = at(end);
        let labels = TimeRange::new(end.plus_days(-365), end);
        let mut wants: Vec<_> = (0..50)
            .map(|n| want(&format!("coin-{n:02}"), "usd", &CANDLE, labels))
            .collect();
        wants.sort_by(|a, b| a.key.cmp(&b.key));
        plan(&vendor(Plan::Analyst), &ask(dataset, NOW, wants)).len()
    };
    // N = 50, D = 365: N · ⌈D/170⌉ daily, N · ⌈D/30⌉ hourly.
    assert_eq!(count(OHLC_DAILY, "2026-05-18"), 150);
    assert_eq!(count(OHLC_HOURLY, "2026-05-18T13:00:00Z"), 650);
}

#[test]
fn ohlc_daily_three_days() {
    let path = "/coins/bitcoin/ohlc/range?vs_currency=usd&from=2025-12-01&to=2025-12-03\
                &interval=daily";
    let body = body!("ohlc_daily/three_days.json");
    insta::assert_snapshot!(told(&look(path, body, "2025-12-03T00:50:00Z").unwrap()));
}

#[test]
fn ohlc_daily_ugly() {
    let path = "/coins/x/ohlc/range?vs_currency=usd&from=1778284800&to=1779064500&interval=daily";
    let body = body!("ohlc_daily/ugly.json");
    insta::assert_snapshot!(told(&look(path, body, "2026-05-18T00:20:00Z").unwrap()));
}

fn hourly(labels: TimeRange, now: &str, body: &[u8]) -> Result<Record, ReplyError> {
    let vendor = vendor(Plan::Analyst);
    let wants = vec![want("ethereum", "usd", &["CLOSE"], labels)];
    let requests = plan(&vendor, &ask(OHLC_HOURLY, now, wants));
    read(&vendor, &requests[0], &reply(body, now)).map(|(record, _)| record)
}

#[test]
fn an_hour_counts_once_no_copy_can_hold_it_open() {
    let body = body!("ohlc_hourly/two_days.json");
    let last = range("2026-05-18T00:00:00Z", "2026-05-18T01:00:00Z");
    assert_eq!(
        outcomes(&hourly(last, "2026-05-18T00:20:00Z", body).unwrap()),
        [Outcome::Answered(last)]
    );
    assert_eq!(
        outcomes(&hourly(last, "2026-05-18T00:19:59Z", body).unwrap()),
        []
    );
    // The open one is stamped with the hour to come, and that hour has not come.
    let open = range("2026-05-18T01:00:00Z", "2026-05-18T02:00:00Z");
    let early = hourly(open, "2026-05-18T00:59:00Z", body).unwrap();
    assert!(early.points.is_empty() && early.outcomes.is_empty());
}

#[test]
fn a_day_counts_once_no_copy_can_lack_it() {
    let labels = range("2025-12-02", "2025-12-04");
    let vendor = vendor(Plan::Analyst);
    let read = |now: &str| {
        let wants = vec![want("bitcoin", "usd", &["CLOSE"], labels)];
        let requests = plan(&vendor, &ask(OHLC_DAILY, now, wants));
        let body = body!("ohlc_daily/three_days.json");
        let (record, _) = read(&vendor, &requests[0], &reply(body, now)).unwrap();
        outcomes(&record)
    };
    // Ready at 00:35; at 00:36 the answer may be a copy of 00:21, with the candle still open.
    let first = range("2025-12-02", "2025-12-03");
    assert_eq!(read("2025-12-03T00:36:00Z"), [Outcome::Answered(first)]);
    assert_eq!(read("2025-12-03T00:49:59Z"), [Outcome::Answered(first)]);
    assert_eq!(read("2025-12-03T00:50:00Z"), [Outcome::Answered(labels)]);
}

#[test]
fn no_candle_is_empty_once_the_cache_has_turned_over() {
    let labels = range("2026-05-18T06:00:00Z", "2026-05-18T12:00:00Z");
    let settled = |now| outcomes(&hourly(labels, now, b"[]").unwrap());
    assert_eq!(settled("2026-05-20T00:00:00Z"), [Outcome::Empty(labels)]);
    // 11:00 is due at 11:20; the answer may be a copy of 11:10.
    let older = range("2026-05-18T06:00:00Z", "2026-05-18T11:00:00Z");
    assert_eq!(settled("2026-05-18T11:25:00Z"), [Outcome::Empty(older)]);
    assert_eq!(settled("2026-05-18T11:35:00Z"), [Outcome::Empty(labels)]);
}

#[test]
fn candles_of_another_width_are_malformed() {
    let labels = range("2026-05-16T01:00:00Z", "2026-05-16T07:00:00Z");
    let class = |body: &[u8]| hourly(labels, NOW, body).unwrap_err().class();
    assert_eq!(class(body!("ohlc_hourly/half_hours.json")), "malformed");
    assert_eq!(class(body!("ohlc_daily/ugly.json")), "malformed");
    let path = "/coins/x/ohlc?vs_currency=usd&days=90&interval=daily";
    let wide = look(
        path,
        body!("ohlc_daily/four_days_wide.json"),
        "2026-06-08T00:40:00Z",
    );
    assert_eq!(wide.unwrap_err().class(), "malformed");
    let narrow = look(path, body!("ohlc_hourly/two_days.json"), NOW);
    assert_eq!(narrow.unwrap_err().class(), "malformed");
    // Another question, another shape.
    assert_eq!(
        class(b"[[1778889600,1,2,0.5,1],[1778893200,1,2,0.5,1]]"),
        "malformed"
    );
    assert_eq!(class(b"[[1778893200000,1,2,0.5]]"), "malformed");
    assert_eq!(class(br#"{"prices":[]}"#), "malformed");
    assert_eq!(class(b"[[1778893200000,1,2"), "transient");
}

#[test]
fn single_candles_may_be_missing() {
    let labels = range("2026-05-16T01:00:00Z", "2026-05-16T07:00:00Z");
    let h = |hour: i64| at("2026-05-16").plus_secs(hour * 3_600).millis();
    let body = format!(
        "[[{},1,2,0.5,1],[{},1,2,0.5,1],[{},1,2,0.5,1]]",
        h(1),
        h(5),
        h(6)
    );
    let record = hourly(labels, NOW, body.as_bytes()).unwrap();
    let part = |start, end| TimeRange::new(Ts::from_millis(h(start)), Ts::from_millis(h(end)));
    assert_eq!(
        outcomes(&record),
        [
            Outcome::Answered(part(1, 2)),
            Outcome::Empty(part(2, 5)),
            Outcome::Answered(part(5, 7)),
        ]
    );
}

proptest! {
    #[test]
    fn spans_stay_within_what_the_vendor_gives(
        ago in 1_i64..24 * 800,
        hours in 1_i64..24 * 800,
        which in 2..6_usize,
        daily in any::<bool>(),
    ) {
        let vendor = vendor(Plan::ALL[which]);
        let dataset = if daily { OHLC_DAILY } else { OHLC_HOURLY };
        let step = vendor.dataset(dataset).unwrap().step;
        let now = at(NOW);
        let end = step.floor(now.plus_secs(-ago * 3_600));
        let start = step.floor(end.plus_secs(-hours * 3_600));
        let ask = ask(dataset, NOW, vec![want("x", "usd", &CANDLE, TimeRange::new(start, end))]);
        for request in plan(&vendor, &ask) {
            let number = |name: &str| -> Option<i64> {
                let (_, value) = request.query.iter().find(|(known, _)| known == name)?;
                value.parse().ok()
            };
            // The first candle begins a step before its label.
            let begins = request.block.labels.start.plus_secs(-step.max_secs());
            let (most, last) = if daily { (180, 180) } else { (31, 90) };
            match (number("days"), number("from"), number("to")) {
                (Some(days), None, None) => {
                    prop_assert!(days <= last);
                    // Sent six hours late it still holds the whole candle.
                    prop_assert!(begins >= now.plus_days(-days).plus_secs(6 * 3_600));
                }
                (None, Some(from), Some(to)) => {
                    prop_assert!(to - from <= most * 86_400, "{} hours", (to - from) / 3_600);
                    prop_assert!(from <= begins.secs() && to > request.block.labels.end.secs() - step.max_secs());
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
