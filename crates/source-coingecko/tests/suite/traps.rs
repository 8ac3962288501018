//! The traps of the contract's section 10 that touch these datasets, one test each, by number.

use model::Ts;
use source::{Outcome, Source as _};
use source_coingecko::{CHART_DAILY, CHART_HOURLY, MARKETS, OHLC_DAILY, Plan};

use crate::{CHART, ask, at, body, look, plan, range, read, reply, reply_with, vendor, want};

const NOW: &str = "2026-05-18T13:02:00Z";

fn error(status: u16, body: &str) -> &'static str {
    let vendor = vendor(Plan::Demo);
    let chart = "/coins/bitcoin/market_chart?vs_currency=usd&days=7";
    let request = vendor.recognise(None, chart, &[]).unwrap();
    let answer = reply_with(status, body.as_bytes(), NOW);
    vendor.check(&request, &answer).unwrap_err().class()
}

/// All queries of a plan over 400 days, hourly and daily.
fn chart_queries(plan_of: Plan) -> Vec<Vec<(String, String)>> {
    let vendor = vendor(plan_of);
    let wants = vec![want(
        "bitcoin",
        "usd",
        &CHART,
        range("2025-04-14", "2026-05-18"),
    )];
    [CHART_HOURLY, CHART_DAILY]
        .into_iter()
        .flat_map(|dataset| plan(&vendor, &ask(dataset, NOW, wants.clone())))
        .map(|request| request.query)
        .collect()
}

#[test]
fn trap_01_a_refused_user_agent_stops_the_source_and_a_page_does_not() {
    let agent =
        r#"{"status":{"error_code":403,"error_message":"Please add a descriptive User-Agent"}}"#;
    assert_eq!(error(403, agent), "unauthorized");
    assert_eq!(error(403, "<html>error code: 1020</html>"), "transient");
}

#[test]
fn trap_02_no_request_names_an_interval() {
    for plan in Plan::ALL {
        for query in chart_queries(plan) {
            assert!(query.iter().all(|(name, _)| name != "interval"));
        }
    }
}

#[test]
fn trap_03_days_that_come_where_hours_were_asked_for_are_refused() {
    let daily = look(
        "/coins/x/market_chart?vs_currency=usd&days=14&interval=daily",
        body!("chart_daily/fourteen_days_and_live.json"),
        "2026-05-18T12:49:21Z",
    );
    assert!(daily.is_ok());
    // The same bytes where hours were asked for.
    let hourly = look(
        "/coins/x/market_chart?vs_currency=usd&days=14",
        body!("chart_daily/fourteen_days_and_live.json"),
        "2026-05-18T12:49:21Z",
    );
    assert_eq!(hourly.unwrap_err().class(), "malformed");
}

#[test]
fn trap_04_five_minute_points_are_no_hours() {
    let day = "/coins/x/market_chart/range?vs_currency=usd&from=1778889600&to=1778900400";
    let read = look(
        day,
        body!("chart_hourly/five_minutes.json"),
        "2026-05-16T03:00:00Z",
    );
    assert_eq!(read.unwrap_err().class(), "malformed");
    // And the newest hour alone is never asked for as a window of one day.
    let hour = range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z");
    let ask = ask(
        CHART_HOURLY,
        NOW,
        vec![want("bitcoin", "usd", &CHART, hour)],
    );
    let query = &plan(&vendor(Plan::Demo), &ask)[0].query;
    let secs: Vec<i64> = [0, 2]
        .iter()
        .map(|at: &usize| query[*at].1.parse().unwrap())
        .collect();
    assert_eq!(secs[1] - secs[0], 2 * 86_400);
}

#[test]
fn trap_05_the_trailing_live_point_is_no_daily_close() {
    let path = "/coins/bitcoin/market_chart?vs_currency=usd&days=14&interval=daily";
    let body = body!("chart_daily/fourteen_days_and_live.json");
    let record = look(path, body, "2026-05-18T12:49:21Z").unwrap();
    let last = record.points.iter().map(|point| point.label).max();
    assert_eq!(last, Some(at("2026-05-18")));
    assert!(
        record
            .points
            .iter()
            .all(|point| point.value > 80_000.0 || point.metric.as_str() != "PRICE")
    );
    assert_eq!(record.points.len(), 14 * 3);
}

#[test]
fn trap_06_stamps_are_milliseconds_windows_seconds_and_live_times_text() {
    let path = "/coins/e/market_chart/range?vs_currency=usd&from=1778889600&to=1779062340";
    let record = look(
        path,
        body!("chart_hourly/two_days.json"),
        "2026-05-18T12:00:00Z",
    )
    .unwrap();
    assert_eq!(record.points[0].label, at("2026-05-16T00:00:00Z"));
    let live = "/coins/markets?vs_currency=usd";
    let record = look(
        live,
        body!("markets/three_coins.json"),
        "2026-05-18T12:50:00Z",
    )
    .unwrap();
    assert_eq!(record.points[0].label, at("2026-05-18T12:00:00Z"));
    for query in chart_queries(Plan::Demo) {
        let from = Ts::from_secs(query[0].1.parse().unwrap());
        assert!(from > at("2025-05-18") && from < at("2026-05-18"));
    }
}

#[test]
fn trap_07_a_rolling_figure_is_declared_as_one() {
    let csv = include_str!("../../../../sources-config/metrics.csv");
    for name in ["VOLUME_24H", "GLOBAL_VOLUME_24H", "HIGH_24H", "LOW_24H"] {
        let row = csv
            .lines()
            .find(|row| row.starts_with(&format!("coingecko,{name},,")));
        assert!(row.unwrap().contains(",rolling,"), "{name}");
    }
}

#[test]
fn trap_08_a_null_or_zero_capitalisation_is_missing_and_costs_nothing_else() {
    let path = "/coins/x/market_chart/range?vs_currency=usd&from=1778886000&to=1779062400";
    let record = look(
        path,
        body!("chart_hourly/ugly.json"),
        "2026-05-18T12:00:00Z",
    )
    .unwrap();
    let of = |metric: &str| -> Vec<f64> {
        let points = record
            .points
            .iter()
            .filter(|point| point.metric.as_str() == metric);
        points.map(|point| point.value).collect()
    };
    assert_eq!(of("MARKET_CAP"), [5e9, 6e9]);
    assert_eq!(of("PRICE"), [10.0, 2.08e-6, 11.9, 13.0]);
    assert_eq!(of("VOLUME_24H"), [0.0, 1e6, 2e6]);
}

#[test]
fn trap_09_a_401_is_not_always_a_bad_key() {
    let a = |code| format!(r#"{{"status":{{"error_code":{code},"error_message":"x"}}}}"#);
    assert_eq!(error(401, &a(10_002)), "unauthorized");
    assert_eq!(error(401, &a(10_005)), "not_entitled");
    let c = r#"{"error":{"status":{"error_code":10012,"error_message":"x"}}}"#;
    assert_eq!(error(401, c), "outside_plan");
    let b = r#"{"error_code":10012,"status":{"error_message":"x"}}"#;
    assert_eq!(error(400, b), "too_much");
}

#[test]
fn trap_10_throttling_needs_no_json() {
    assert_eq!(error(429, "Throttled"), "throttled");
    assert_eq!(error(429, "<html></html>"), "throttled");
}

#[test]
fn trap_11_a_key_on_the_wrong_host_is_a_wrong_configuration() {
    for code in [10_010, 10_011] {
        let body = format!(r#"{{"error_code":{code},"status":{{"error_message":"x"}}}}"#);
        assert_eq!(error(400, &body), "unauthorized");
    }
}

#[test]
fn trap_12_the_page_size_is_always_sent() {
    let hour = range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z");
    let mut names: Vec<String> = (0..150).map(|n| format!("coin-{n}")).collect();
    names.sort();
    let wants = names
        .iter()
        .map(|name| want(name, "usd", &["PRICE"], hour))
        .collect();
    let requests = plan(&vendor(Plan::Demo), &ask(MARKETS, NOW, wants));
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0]
            .path_and_query()
            .contains("&page=1&per_page=250&")
    );
}

#[test]
fn trap_13_a_coin_left_out_is_absent_neither_an_error_nor_zero() {
    let path = "/coins/markets?vs_currency=usd&ids=bitcoin,ethereum,gone,shiba-inu";
    let record = look(
        path,
        body!("markets/three_coins.json"),
        "2026-05-18T12:50:00Z",
    )
    .unwrap();
    let of_gone: Vec<_> = record
        .outcomes
        .iter()
        .filter(|(key, _, _)| key.asset.as_str() == "gone")
        .collect();
    assert!(!of_gone.is_empty());
    assert!(
        of_gone
            .iter()
            .all(|(_, _, outcome)| *outcome == Outcome::Absent)
    );
    assert!(
        record
            .points
            .iter()
            .all(|point| point.key.asset.as_str() != "gone")
    );
}

#[test]
fn trap_14_listings_are_told_apart_by_id_not_by_symbol() {
    let record = look("/coins/list", body!("coins_list/eight_coins.json"), NOW).unwrap();
    let usdc: Vec<&str> = record
        .listings
        .iter()
        .filter(|coin| {
            coin.symbol
                .as_deref()
                .is_some_and(|s| s.eq_ignore_ascii_case("usdc"))
        })
        .map(|coin| coin.subject.asset.as_str())
        .collect();
    assert_eq!(usdc, ["usd-coin", "upside-down-cat"]);
}

#[test]
fn trap_15_a_candle_is_stamped_at_its_end_and_as_wide_as_was_asked_for() {
    let vendor = vendor(Plan::Analyst);
    let candle = ["CLOSE", "HIGH", "LOW", "OPEN"];
    let crash = range("2025-12-02", "2025-12-03");
    let wants = vec![want("bitcoin", "usd", &candle, crash)];
    let request = plan(&vendor, &ask(OHLC_DAILY, "2025-12-03T01:00:00Z", wants)).remove(0);
    let answer = reply(body!("ohlc_daily/three_days.json"), "2025-12-03T01:00:00Z");
    let (record, _) = read(&vendor, &request, &answer).unwrap();
    // The low of the first of December is stamped with the second, and belongs to the first.
    let low = record
        .points
        .iter()
        .find(|point| point.metric.as_str() == "LOW")
        .unwrap();
    let series = model::SeriesKey {
        source: source_coingecko::SOURCE,
        key: low.key.clone(),
        metric: low.metric.clone(),
        step: low.step,
    };
    let bucket = low
        .label
        .plus_secs(vendor.stamp(&series).shift_secs(low.step));
    assert_eq!((low.value, bucket), (83_989.0, at("2025-12-01")));
    assert_eq!(record.points.len(), 4);
    // Four-day candles are neither asked for nor taken.
    assert!(request.path_and_query().contains("interval=daily"));
    let wide = body!("ohlc_daily/four_days_wide.json");
    let path = "/coins/x/ohlc?vs_currency=usd&days=90";
    let daily = look(
        &format!("{path}&interval=daily"),
        wide,
        "2026-06-08T01:00:00Z",
    );
    assert_eq!(daily.unwrap_err().class(), "malformed");
    assert!(vendor.recognise(None, path, &[]).is_err());
}

#[test]
fn trap_16_full_precision_is_always_asked_for() {
    let hour = range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z");
    let live = ask(MARKETS, NOW, vec![want("bitcoin", "usd", &["PRICE"], hour)]);
    let live = plan(&vendor(Plan::Demo), &live).remove(0).query;
    let full = ("precision".to_owned(), "full".to_owned());
    for query in chart_queries(Plan::Demo).iter().chain([&live]) {
        assert!(query.contains(&full));
    }
}

#[test]
fn trap_17_spent_credits_are_no_throttle() {
    let body = r#"{"status":{"error_code":10006,"error_message":"monthly limit"}}"#;
    assert_eq!(error(429, body), "quota_exhausted");
    // What is refused for good is not asked again: every try counts against the minute.
    for (status, body) in [
        (400, r#"{"error":"invalid vs_currency"}"#),
        (404, r#"{"error":"coin not found"}"#),
        (422, r#"{"error":"Missing parameter vs_currency"}"#),
    ] {
        let class = error(status, body);
        assert!(
            ["rejected", "not_found"].contains(&class),
            "{status}: {class}"
        );
    }
}

#[test]
fn trap_18_borders_repeat_points_and_ids_are_encoded() {
    let vendor = vendor(Plan::Analyst);
    let wants = vec![want(
        "a/b c",
        "usd",
        &["PRICE"],
        range("2026-01-01", "2026-05-18"),
    )];
    let requests = plan(&vendor, &ask(CHART_HOURLY, NOW, wants));
    assert_eq!(requests[0].path, "/coins/a%2Fb%20c/market_chart/range");
    // The windows overlap, the labels touch.
    let ends: Vec<_> = requests
        .iter()
        .map(|request| request.block.labels)
        .collect();
    assert_eq!(ends[0].start, ends[1].end);
    let from: i64 = requests[0].query[0].1.parse().unwrap();
    let to: i64 = requests[1].query[2].1.parse().unwrap();
    assert_eq!(to - from, 2 * 3_600);
    // What an answer holds of the neighbour's labels is padding.
    let mut request = requests[0].clone();
    request.query[0].1 = "1778889600".to_owned();
    request.block.labels = range("2026-05-17T00:00:00Z", "2026-05-17T12:00:00Z");
    let body = body!("chart_hourly/two_days.json");
    let (record, _) = read(&vendor, &request, &reply(body, "2026-05-18T12:00:00Z")).unwrap();
    assert_eq!(record.points.len(), 12);
    let settled: Vec<_> = record
        .outcomes
        .iter()
        .map(|(_, _, outcome)| *outcome)
        .collect();
    assert_eq!(settled, [Outcome::Answered(request.block.labels)]);
}

#[test]
fn trap_19_three_empty_arrays_are_an_answer() {
    let path = "/coins/e/market_chart/range?vs_currency=usd&from=1778889600&to=1779062400";
    let body = body!("chart_hourly/three_empty_arrays.json");
    let record = look(path, body, "2026-06-01T00:00:00Z").unwrap();
    assert!(record.points.is_empty());
    // The edges of the window are not vouched for: their points may be stamped outside.
    let inside = range("2026-05-16T01:00:00Z", "2026-05-18T00:00:00Z");
    assert_eq!(record.outcomes.len(), 3);
    assert!(
        record
            .outcomes
            .iter()
            .all(|(_, _, outcome)| *outcome == Outcome::Empty(inside))
    );
}
