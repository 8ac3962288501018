//! Golden parses of every sample, and what an answer may settle.

use model::{Key, TimeRange};
use source::{Fact, Outcome, Parsed, Record, ReplyError, Source as _};
use source_coingecko::{CHART_DAILY, CHART_HOURLY, MARKETS, Plan};

use crate::{CHART, ask, at, body, look, outcomes, plan, range, read, reply, told, vendor, want};

const ETHEREUM: &str =
    "/coins/ethereum/market_chart/range?vs_currency=usd&from=1778889600&to=1779062340";

#[test]
fn coins_list_eight_coins() {
    let body = body!("coins_list/eight_coins.json");
    let record = look(
        "/coins/list?include_platform=true",
        body,
        "2026-05-18T13:00:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn markets_three_coins() {
    let path = "/coins/markets?vs_currency=usd&ids=bitcoin,ethereum,shiba-inu&per_page=250";
    // Taken at 12:49: only what has no history counts.
    let record = look(
        path,
        body!("markets/three_coins.json"),
        "2026-05-18T12:50:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn markets_ugly() {
    let ids = "bad-time,bitcoin,field-twice,gone,late,odd-number,quarter-past,renamed-field,stale,\
               text-number,timeless,worthless";
    let path = format!("/coins/markets?vs_currency=usd&ids={ids}");
    let mut request = vendor(Plan::Demo).recognise(None, &path, &[]).unwrap();
    request.block.metrics = ["FDV", "MARKET_CAP", "MAX_SUPPLY", "PRICE", "VOLUME_24H"]
        .map(Into::into)
        .to_vec();
    let answer = reply(body!("markets/ugly.json"), "2026-05-18T13:05:00Z");
    let (record, _) = read(&vendor(Plan::Demo), &request, &answer).unwrap();
    insta::assert_snapshot!(told(&record));
}

#[test]
fn chart_hourly_two_days() {
    let record = look(
        ETHEREUM,
        body!("chart_hourly/two_days.json"),
        "2026-05-18T12:00:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn values_are_read_to_the_last_bit() {
    let body = body!("chart_hourly/two_days.json");
    let record = look(ETHEREUM, body, "2026-05-18T12:00:00Z").unwrap();
    let text = std::str::from_utf8(body).unwrap();
    for point in &record.points {
        // Display writes the shortest text that means this very value, as the sample does.
        let value = point.value.to_string();
        assert!(text.contains(&format!(", {value}")), "{value}");
    }
    assert_eq!(record.points.len(), 48 * 3);
}

#[test]
fn chart_hourly_ugly() {
    let path = "/coins/x/market_chart/range?vs_currency=usd&from=1778886000&to=1779062400";
    let record = look(
        path,
        body!("chart_hourly/ugly.json"),
        "2026-05-18T12:00:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn chart_daily_fourteen_days_and_live() {
    let path = "/coins/bitcoin/market_chart?vs_currency=usd&days=14&interval=daily";
    let body = body!("chart_daily/fourteen_days_and_live.json");
    insta::assert_snapshot!(told(&look(path, body, "2026-05-18T12:49:21Z").unwrap()));
}

/// The answer to a planned request for the daily history of a coin listed on 2026-02-10.
fn young(vendor: Plan, since: &str) -> (Record, Parsed) {
    let vendor = crate::vendor(vendor);
    let wants = vec![want("young", "usd", &CHART, range(since, "2026-05-21"))];
    let requests = plan(&vendor, &ask(CHART_DAILY, "2026-05-20T12:46:00Z", wants));
    assert_eq!(requests.len(), 1);
    let body = body!("chart_daily/listed_late_with_a_hole.json");
    read(&vendor, &requests[0], &reply(body, "2026-05-20T12:46:40Z")).unwrap()
}

#[test]
fn holes_are_empty_and_the_rest_is_answered() {
    let (record, _) = young(Plan::Analyst, "2026-01-01");
    assert_eq!(
        outcomes(&record, "PRICE"),
        [
            Outcome::Empty(range("2026-01-01", "2026-02-10")),
            Outcome::Answered(range("2026-02-10", "2026-03-02")),
            Outcome::Empty(range("2026-03-02", "2026-03-04")),
            Outcome::Answered(range("2026-03-04", "2026-05-21")),
        ]
    );
    // Every tenth capitalisation is null, from the first on; one of the ten lies beside the hole.
    assert_eq!(outcomes(&record, "MARKET_CAP").len(), 20);
    assert_eq!(record.points.len(), 98 + 88 + 98);
}

#[test]
fn a_first_value_inside_the_labels_teaches_when_a_coin_began() {
    let fact = vec![Fact::FirstAvailable {
        key: Key::of_asset("young", "usd"),
        label: at("2026-02-10"),
    }];
    assert_eq!(young(Plan::Analyst, "2026-01-01").1.facts, fact);
    assert_eq!(young(Plan::Demo, "2026-01-01").1.facts, fact);
    assert_eq!(young(Plan::Analyst, "2026-02-08").1.facts, fact);
}

#[test]
fn nothing_is_taught_where_the_answer_does_not_show_it() {
    // One empty day before it could be a hole; a hole inside the padding is none of our business.
    assert_eq!(young(Plan::Analyst, "2026-02-09").1.facts, []);
    assert_eq!(young(Plan::Analyst, "2026-03-01").1.facts, []);
    // The plan reaches no further: the coin may well be older.
    assert_eq!(young(Plan::Demo, "2025-01-01").1.facts, []);
    assert_eq!(young(Plan::Basic, "2023-01-01").1.facts, []);
}

fn hourly(labels: TimeRange, now: &str, body: &[u8]) -> Result<Record, ReplyError> {
    let vendor = vendor(Plan::Analyst);
    let wants = vec![want("ethereum", "usd", &["PRICE"], labels)];
    let requests = plan(&vendor, &ask(CHART_HOURLY, now, wants));
    read(&vendor, &requests[0], &reply(body, now)).map(|(record, _)| record)
}

#[test]
fn an_empty_answer_settles_what_is_older_than_the_cache() {
    let empty = body!("chart_hourly/three_empty_arrays.json");
    let labels = range("2026-05-18T06:00:00Z", "2026-05-18T12:00:00Z");
    let settled = |now| outcomes(&hourly(labels, now, empty).unwrap(), "PRICE");
    assert_eq!(settled("2026-05-20T00:00:00Z"), [Outcome::Empty(labels)]);
    // 11:00 is due at 11:40; the answer may be a copy of 11:15.
    let older = range("2026-05-18T06:00:00Z", "2026-05-18T11:00:00Z");
    assert_eq!(settled("2026-05-18T11:45:00Z"), [Outcome::Empty(older)]);
    assert_eq!(settled("2026-05-18T12:10:00Z"), [Outcome::Empty(labels)]);
}

#[test]
fn labels_that_are_not_due_stay_open() {
    let body = br#"{"prices":[[1779058803000,5.0],[1779062402000,6.0],[1779064100000,7.0]],
                    "market_caps":[],"total_volumes":[]}"#;
    let labels = range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z");
    let due = |now| hourly(labels, now, body).unwrap();
    let late = due("2026-05-18T00:41:00Z");
    assert_eq!(outcomes(&late, "PRICE"), [Outcome::Answered(labels)]);
    let early = due("2026-05-18T00:39:00Z");
    let first = range("2026-05-17T23:00:00Z", "2026-05-18T00:00:00Z");
    assert_eq!(outcomes(&early, "PRICE"), [Outcome::Answered(first)]);
    assert_eq!(early.points.len(), 1);
}

#[test]
fn a_live_sample_near_an_hour_does_not_stand_for_it() {
    // The copy was made at 00:10, before the point of midnight was there.
    let body = br#"{"prices":[[1779055203000,4.0],[1779058803000,5.0],[1779063000000,7.0]],
                    "market_caps":[],"total_volumes":[]}"#;
    let labels = range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z");
    let record = hourly(labels, "2026-05-18T00:41:00Z", body).unwrap();
    let first = range("2026-05-17T23:00:00Z", "2026-05-18T00:00:00Z");
    assert_eq!(outcomes(&record, "PRICE"), [Outcome::Answered(first)]);
}

#[test]
fn an_answer_to_another_question_is_malformed() {
    let labels = range("2026-05-16T00:00:00Z", "2026-05-18T00:00:00Z");
    let class = |body: &[u8]| {
        hourly(labels, "2026-05-20T00:00:00Z", body)
            .unwrap_err()
            .class()
    };
    assert_eq!(
        class(body!("chart_daily/fourteen_days_and_live.json")),
        "malformed"
    );
    assert_eq!(class(body!("chart_hourly/five_minutes.json")), "malformed");
    // Seconds where milliseconds are due.
    let seconds =
        br#"{"prices":[[1778889603,1],[1778893203,1]],"market_caps":[],"total_volumes":[]}"#;
    assert_eq!(class(seconds), "malformed");
    // An array is missing, or of another shape: no "no data".
    assert_eq!(class(br#"{"prices":[],"market_caps":[]}"#), "malformed");
    assert_eq!(class(b"{\"prices\":[[1778889603120,1"), "transient");
}

#[test]
fn daily_wants_no_hourly_points() {
    let vendor = vendor(Plan::Analyst);
    let wants = vec![want(
        "ethereum",
        "usd",
        &CHART,
        range("2026-05-16", "2026-05-18"),
    )];
    let requests = plan(&vendor, &ask(CHART_DAILY, "2026-05-20T00:00:00Z", wants));
    let answer = reply(body!("chart_hourly/two_days.json"), "2026-05-20T00:00:00Z");
    assert_eq!(
        read(&vendor, &requests[0], &answer).unwrap_err().class(),
        "malformed"
    );
}

#[test]
fn a_snapshot_settles_its_own_hour_only() {
    let vendor = vendor(Plan::Demo);
    let hour = range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z");
    let wants = vec![want("late", "usd", &["FDV", "PRICE"], hour)];
    let request = plan(&vendor, &ask(MARKETS, "2026-05-18T12:16:00Z", wants)).remove(0);
    let answer = reply(body!("markets/ugly.json"), "2026-05-18T12:16:00Z");
    let (record, _) = read(&vendor, &request, &answer).unwrap();
    // Taken a millisecond after a quarter past: the hour of the price belongs to the chart.
    assert_eq!(outcomes(&record, "PRICE"), []);
    assert_eq!(outcomes(&record, "FDV"), [Outcome::Answered(hour)]);
    assert_eq!(record.points.len(), 1);
}

#[test]
fn a_snapshot_taken_just_before_the_hour_belongs_to_it() {
    let vendor = vendor(Plan::Demo);
    let hour = range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z");
    let wants = vec![want("bitcoin", "usd", &["FDV", "PRICE"], hour)];
    let request = plan(&vendor, &ask(MARKETS, "2026-05-18T13:02:00Z", wants)).remove(0);
    // Taken at 12:49:21, as the chart's point of 13:00 may be; at 13:10 it still is.
    let answer = reply(body!("markets/three_coins.json"), "2026-05-18T13:02:00Z");
    let (record, _) = read(&vendor, &request, &answer).unwrap();
    assert_eq!(outcomes(&record, "PRICE"), [Outcome::Answered(hour)]);
    assert!(record.points.iter().all(|point| point.label == hour.start));
    assert_eq!(record.points.len(), 2);
}

#[test]
fn a_list_of_which_nothing_can_be_read_is_malformed() {
    let now = "2026-05-18T13:00:00Z";
    let markets = "/coins/markets?vs_currency=usd";
    let class = |path, body: &[u8]| look(path, body, now).map(|_| ()).map_err(|e| e.class());
    assert_eq!(class(markets, b"[]"), Ok(()));
    assert_eq!(class(markets, b"[{\"name\":\"x\"}]"), Err("malformed"));
    assert_eq!(
        class(markets, b"{\"bitcoin\":{\"usd\":1}}"),
        Err("malformed")
    );
    assert_eq!(class("/coins/list", b"[]"), Err("malformed"));
    assert_eq!(
        class("/coins/list", b"[{\"symbol\":\"x\"}]"),
        Err("malformed")
    );
}
