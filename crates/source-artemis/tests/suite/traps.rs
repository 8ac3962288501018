//! The traps of the contract's section 10 that a planner or a parser can fall into, by number.

use source::Source as _;
use source_artemis::{COLUMNS, METRICS_DAILY};

use crate::{ask, body, key, look, plan, range, read, reply, vendor, want};

const NOW: &str = "2026-05-18T06:05:00Z";

#[test]
fn trap_01_one_message_costs_one_pair() {
    let record = look(
        "/data/api/PRICE,PERP_VOLUME/?symbols=btc,hype,mev&startDate=2024-01-01&endDate=2024-01-02",
        body!("metrics_daily/mixed_messages.json"),
        NOW,
    )
    .unwrap();
    let told: Vec<String> = (record.points.iter())
        .map(|point| format!("{} {} {}", point.key.asset, point.metric, point.value))
        .collect();
    assert_eq!(
        told,
        [
            "btc PRICE 42208.2",
            "btc PRICE 44172.98",
            "hype PERP_VOLUME 1234567890.12"
        ]
    );
}

#[test]
fn trap_03_a_value_without_a_date_is_never_stored() {
    let record = look(
        "/data/api/PRICE,MC,24H_PRICE_CHG_PCT,DAU,FEES/?symbols=btc,hype,mev&startDate=2026-05-17&endDate=2026-05-18",
        body!("metrics_daily/undated.json"),
        NOW,
    )
    .unwrap();
    assert!(record.points.is_empty());
    // And never asked for.
    let wants = vec![want("btc", &["PRICE"], range("2026-05-10", "2026-05-18"))];
    for request in plan(&ask(METRICS_DAILY, NOW, wants)) {
        let names: Vec<&str> = request
            .query
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["endDate", "startDate", "symbols"]);
    }
}

#[test]
fn trap_05_and_06_nothing_at_all_is_no_empty_window() {
    let wants = vec![want("btc", &["PRICE"], range("2026-05-10", "2026-05-18"))];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    for body in ["", "{}", "null", "[]", "\"data\"", r#"{"data":{"symbols":"#] {
        let error = read(&request, &reply(body.as_bytes(), NOW)).unwrap_err();
        assert_eq!(error.class(), "transient", "{body}");
    }
}

#[test]
fn trap_08_and_13_what_has_no_history_and_financials_by_day_are_no_series() {
    let csv = |metrics: &str| {
        let row = format!(
            "{}\neq-coin,eq-coin,equity,{metrics},,,true,",
            COLUMNS.join(",")
        );
        vendor().read_config("artemis.csv", row.as_bytes()).is_ok()
    };
    for metrics in [
        "30D_VOLUME",
        "ATH",
        "24H_PRICE_CHG_PCT",
        "CIRC_SUPPLY",
        "EBITDA",
    ] {
        assert!(!csv(metrics), "{metrics}");
    }
    assert!(csv("PRICE"));
}

#[test]
fn trap_09_fractions_are_no_percents() {
    let (values, ..) = stored("FCF_YIELD", &["-0.025", "0.04"]);
    assert_eq!(values, [-0.025, 0.04]);
    // And read so: whatever is called a percentage or a yield is a fraction as it stands.
    let metrics = include_str!("../../../../sources-config/metrics.csv");
    for line in [
        "artemis,24H_PRICE_CHG_PCT,,PRICE_CHANGE_24H,fraction,1,rolling,none",
        "artemis,24H_VOLUME,,VOLUME_24H,usd,1,rolling,none",
        "artemis,MC,,MARKET_CAP,usd,1,level,none",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line}");
    }
    let rows = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("artemis,"));
    let mut seen = 0;
    for row in rows.map(|row| row.split(',').collect::<Vec<_>>()) {
        if row[0].ends_with("_PCT") || row[0].ends_with("_YIELD") {
            assert_eq!((row[3], row[4]), ("fraction", "1"), "{row:?}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn trap_10_a_ticker_is_no_other_ticker_in_another_case() {
    let wants = ["M", "m"].map(|one| want(one, &["PRICE"], range("2026-05-10", "2026-05-12")));
    let request = plan(&ask(METRICS_DAILY, NOW, wants.into())).swap_remove(0);
    let of = |symbols: &str| {
        let text = format!(r#"{{"data":{{"symbols":{symbols}}}}}"#);
        let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
        let keys = record.points.iter().map(|point| point.key.clone());
        keys.collect::<Vec<_>>()
    };
    let cell = r#"{"PRICE":[{"date":"2026-05-10","val":1}]}"#;
    assert_eq!(of(&format!(r#"{{"m":{cell}}}"#)), [key("m")]);
    assert_eq!(
        of(&format!(r#"{{"m":{cell},"M":{cell}}}"#)),
        [key("M"), key("m")]
    );
    // luna and lunc are two chains, whatever else they share.
    let wants = vec![want("luna", &["PRICE"], range("2026-05-10", "2026-05-12"))];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    let text = format!(r#"{{"data":{{"symbols":{{"lunc":{cell}}}}}}}"#);
    let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
    assert_eq!((record.points.len(), record.unasked), (0, 1));
}

#[test]
fn trap_11_names_are_found_in_any_case() {
    for (symbol, metric) in [("btc", "price"), ("BTC", "Price"), ("Btc", "PRICE")] {
        let text = format!(
            r#"{{"data":{{"symbols":{{"{symbol}":{{"{metric}":[{{"date":"2026-05-10","val":7}}]}}}}}}}}"#
        );
        let wants = vec![want("btc", &["PRICE"], range("2026-05-10", "2026-05-12"))];
        let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
        let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
        assert_eq!(record.points[0].key, key("btc"), "{symbol} {metric}");
        assert_eq!(record.points[0].metric.as_str(), "PRICE");
    }
}

#[test]
fn trap_12_fiscal_quarters_end_when_they_end() {
    let record = look(
        "/data/api/EBITDA/?symbols=eq-nvda&startDate=2024-04-01&endDate=2025-02-28&granularity=QUARTER",
        body!("financials_quarterly/eq_nvda.json"),
        "2025-03-01T06:05:00Z",
    )
    .unwrap();
    let days: Vec<String> = record
        .points
        .iter()
        .map(|point| point.label.date().to_string())
        .collect();
    assert_eq!(
        days,
        ["2024-04-28", "2024-07-28", "2024-10-27", "2025-01-26"]
    );
}

/// Reads the days from the 10th on of a metric of `btc`, as they stand there.
fn stored(metric: &str, values: &[&str]) -> (Vec<f64>, source::Parsed, source::Record) {
    let days = range("2026-05-10", "2026-05-18");
    let request = plan(&ask(METRICS_DAILY, NOW, vec![want("btc", &[metric], days)])).swap_remove(0);
    let points: Vec<String> = (values.iter().zip(10..))
        .map(|(value, day)| format!(r#"{{"date":"2026-05-{day}","val":{value}}}"#))
        .collect();
    let points = points.join(",");
    let text = format!(r#"{{"data":{{"symbols":{{"btc":{{"{metric}":[{points}]}}}}}}}}"#);
    let (record, parsed) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
    let values = record.points.iter().map(|point| point.value).collect();
    (values, parsed, record)
}

#[test]
fn trap_14_broken_prints_and_flat_lines_of_turnover_are_stored_as_sent() {
    let sent = ["0.31", "86400123", "86400123", "86400123", "0", "1e-7"];
    let (values, _, record) = stored("24H_VOLUME", &sent);
    let asked = [0.31, 86_400_123.0, 86_400_123.0, 86_400_123.0, 0.0, 1e-7];
    assert_eq!(values, asked);
    assert!(record.rejects.is_empty());
}

#[test]
fn trap_15_what_was_dropped_is_refused_and_what_changed_its_meaning_is_not() {
    let read = |metric: &str| {
        let row = format!(
            "{}\nusdc,usdc,stablecoin,{metric},,,true,",
            COLUMNS.join(",")
        );
        let read = vendor().read_config("artemis.csv", row.as_bytes());
        read.map(|_| ()).map_err(|problems| problems.to_string())
    };
    for metric in ["ARTEMIS_STABLECOIN_TRANSFER_VOLUME", "P2P_STABLECOIN_DAU"] {
        let told = read(metric).unwrap_err();
        assert!(told.contains("dropped it in July 2026"), "{told}");
    }
    assert_eq!(read("STABLECOIN_TRANSFER_VOLUME"), Ok(()));
}

#[test]
fn trap_18_a_series_that_fades_or_stops_is_no_end_of_the_asset() {
    let (values, parsed, record) = stored("DAU", &["3", "0.000001", "0"]);
    assert_eq!((values, parsed.facts.len()), (vec![3.0, 0.000_001, 0.0], 0));
    // The days after the last value are asked for again, and settled by nobody.
    let silent = source::Outcome::Empty(range("2026-05-13", "2026-05-18"));
    assert!(record.outcomes.iter().any(|(.., told)| *told == silent));
}

#[test]
fn trap_20_what_is_no_name_gets_into_no_path() {
    for name in ["PRICE/MC", "PRI CE", "../asset", "PRICE?x=1", "PR\u{cd}CE"] {
        let row = format!("{}\nbtc,bitcoin,chain,{name},,,true,", COLUMNS.join(","));
        assert!(
            vendor().read_config("artemis.csv", row.as_bytes()).is_err(),
            "{name}"
        );
    }
}

#[test]
fn values_keep_fifteen_digits() {
    for (text, value) in [
        ("865367918233.41", 865_367_918_233.41),
        ("5398226672.518321", 5_398_226_672.518_321),
        ("0.000000123456789012345", 0.000_000_123_456_789_012_345),
        ("\"-1.23456789012345e-20\"", -1.234_567_890_123_45e-20),
    ] {
        let cell = format!(r#"{{"PRICE":[{{"date":"2026-05-10","val":{text}}}]}}"#);
        let text = format!(r#"{{"data":{{"symbols":{{"btc":{cell}}}}}}}"#);
        let wants = vec![want("btc", &["PRICE"], range("2026-05-10", "2026-05-12"))];
        let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
        let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
        assert_eq!(record.points[0].value.to_bits(), f64::to_bits(value));
    }
}

#[test]
fn a_body_of_sixty_megabytes_is_read() {
    let point = r#"{"date":"2026-05-10","val":1.5},"#;
    let count = (60 << 20) / point.len();
    let mut text = String::from(r#"{"data":{"symbols":{"btc":{"PRICE":["#);
    text.push_str(&point.repeat(count));
    text.push_str(r#"{"date":"2026-05-11","val":2}]}}}}"#);
    let wants = vec![want("btc", &["PRICE"], range("2026-05-10", "2026-05-12"))];
    let request = plan(&ask(METRICS_DAILY, NOW, wants)).swap_remove(0);
    let (record, _) = read(&request, &reply(text.as_bytes(), NOW)).unwrap();
    assert_eq!(record.points.len(), 2);
}
