//! The traps of the contract's section 11 that a planner or a parser can fall into, by number.

use std::collections::BTreeMap;

use model::MetricName;
use source::{Outcome, ReplyError, Source as _};
use source_velo::{Plan, ROWS};

use crate::{CLOSE, answered, ask, at, body, key, live, look, plan, range, vendor, want};

const HEADER: &str = "exchange,coin,product,time,close_price\n";

fn two_hours(metrics: &[&str]) -> source::Ask {
    let hours = range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z");
    ask(
        ROWS,
        "2026-05-18T12:05:00Z",
        vec![want("BTC BTCUSDT bybit", metrics, hours)],
    )
}

#[test]
fn trap_01_minutes_are_no_hours() {
    let body =
        format!("{HEADER}bybit,BTC,BTCUSDT,1779058800000,1\nbybit,BTC,BTCUSDT,1779058860000,2\n");
    let error = answered(&two_hours(CLOSE), body.as_bytes(), "2026-05-18T12:05:00Z").unwrap_err();
    assert_eq!(error.class(), "malformed");
    let vendor = vendor(Plan::Annual);
    let query = plan(&vendor, &two_hours(CLOSE)).swap_remove(0).query;
    assert!(query.contains(&("resolution".to_owned(), "60".to_owned())));
}

#[test]
fn trap_02_a_blank_is_no_zero_and_costs_its_neighbours_nothing() {
    let body = "exchange,coin,product,time,close_price,funding_rate\n\
                bybit,BTC,BTCUSDT,1779058800000,,0\n\
                bybit,BTC,BTCUSDT,1779062400000,77000,null\n";
    let record = answered(
        &two_hours(&["CLOSE_PRICE", "FUNDING_RATE"]),
        body.as_bytes(),
        "2026-05-18T12:05:00Z",
    )
    .unwrap();
    let values: BTreeMap<(MetricName, model::Ts), f64> = (record.points.iter())
        .map(|point| ((point.metric.clone(), point.label), point.value))
        .collect();
    let (first, second) = (at("2026-05-17T23:00:00Z"), at("2026-05-18T00:00:00Z"));
    assert_eq!(values.len(), 2);
    assert_eq!(values.get(&("FUNDING_RATE".into(), first)), Some(&0.0));
    assert_eq!(values.get(&("CLOSE_PRICE".into(), second)), Some(&77_000.0));
}

#[test]
fn trap_03_nothing_is_told_from_an_error() {
    let hours = range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z");
    let both = ask(
        ROWS,
        "2026-05-18T12:05:00Z",
        vec![
            want("BTC BTCUSDT bybit", CLOSE, hours),
            want("ETH ETHUSDT bybit", CLOSE, hours),
        ],
    );
    // The vendor says that it has nothing, which is asked again before it is believed.
    for body in ["", HEADER.trim_end(), HEADER] {
        for (ask, keys) in [(two_hours(CLOSE), 1), (both.clone(), 2)] {
            let record = answered(&ask, body.as_bytes(), "2026-05-18T12:05:00Z").unwrap();
            assert_eq!(record.outcomes.len(), keys);
            let mut outcomes = record.outcomes.iter();
            assert!(outcomes.all(|(_, _, outcome)| *outcome == Outcome::Empty(hours)));
        }
    }
    for wrong in [
        "bad request: no\n",
        "{\"error\":\"no\"}",
        "ok\n",
        "coin,time\nBTC,1\n",
    ] {
        let read = answered(&two_hours(CLOSE), wrong.as_bytes(), "2026-05-18T12:05:00Z");
        assert!(matches!(read, Err(ReplyError::Malformed(_))), "{wrong}");
    }
}

#[test]
fn trap_04_one_exchange_a_request() {
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let wants = ["binance-futures", "bybit", "okex-swap"]
        .map(|exchange| want(&format!("BTC BTCUSDT {exchange}"), CLOSE, hours));
    let requests = plan(
        &vendor(Plan::Annual),
        &live(ROWS, "2026-05-18T12:05:00Z", wants.to_vec()),
    );
    assert_eq!(requests.len(), 3);
    for request in requests {
        let venues: Vec<_> = request
            .block
            .keys
            .iter()
            .map(|key| key.venue.clone())
            .collect();
        assert!(venues.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn trap_05_fdv_counts_coins_and_fdv_dollars_is_the_value() {
    let (record, _) = look(
        "/api/v1/caps?coins=BTC,ETH",
        body!("caps/two_coins.csv"),
        "2026-07-08T12:26:00Z",
    )
    .unwrap();
    let of = |metric: &str| {
        let mut points = record.points.iter().filter(|point| point.key == key("ETH"));
        points
            .find(|point| point.metric.as_str() == metric)
            .map(|point| point.value)
    };
    assert_eq!(of("TOTAL_SUPPLY"), Some(120_000_000.0));
    assert_eq!(of("FDV"), Some(300_000_000_000.0));
    assert_eq!(of("CIRCULATING_SUPPLY"), None);
}

#[test]
fn trap_06_07_and_08_values_are_stored_as_sent_under_their_own_names() {
    let body = "exchange,coin,product,time,funding_rate,premium,dollar_volume\n\
                bybit,BTC,BTCUSDT,1779058800000,0.0001,-12.5,98765432.1\n";
    let names = ["DOLLAR_VOLUME", "FUNDING_RATE", "PREMIUM"];
    let record = answered(&two_hours(&names), body.as_bytes(), "2026-05-18T12:05:00Z").unwrap();
    let values: BTreeMap<&str, f64> = (record.points.iter())
        .map(|point| (point.metric.as_str(), point.value))
        .collect();
    let sent = [98_765_432.1, 0.000_1, -12.5];
    assert_eq!(values, names.into_iter().zip(sent).collect());
    // And read so: nothing is multiplied, and no hour's turnover passes for a day's.
    let metrics = include_str!("../../../../sources-config/metrics.csv");
    let rows: Vec<&str> = (metrics.lines())
        .filter(|line| line.starts_with("velo,"))
        .collect();
    let of_names = |line: &&&str| names.contains(&line.split(',').nth(1).unwrap());
    let stand: Vec<&str> = rows.iter().filter(of_names).copied().collect();
    assert_eq!(
        stand,
        [
            "velo,DOLLAR_VOLUME,,VOLUME,usd,1,flow,none",
            "velo,FUNDING_RATE,,FUNDING_RATE,fraction_per_8h,1,rate,none",
            "velo,PREMIUM,,PREMIUM,usd,1,rate,price",
        ]
    );
    for row in rows {
        assert!(!row.contains("VOLUME_24H"), "{row}");
    }
}

#[test]
fn trap_09_the_open_bucket_is_dropped_until_it_is_closed() {
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let ask = live(
        ROWS,
        "2026-05-18T12:05:00Z",
        vec![want("BTC BTCUSDT bybit", CLOSE, hours)],
    );
    let request = plan(&vendor(Plan::Annual), &ask).swap_remove(0);
    assert!(request.query.contains(&(
        "end".to_owned(),
        at("2026-05-18T13:00:00Z").millis().to_string()
    )));
    let row = |hour: &str| {
        format!(
            "bybit,BTC,BTCUSDT,{},1\n",
            at(&format!("2026-05-18T{hour}:00:00Z")).millis()
        )
    };
    let body = format!(
        "{HEADER}{}{}{}{}",
        row("09"),
        row("10"),
        row("11"),
        row("12")
    );
    let labels = |now: &str| -> Vec<String> {
        let record = answered(&ask, body.as_bytes(), now).unwrap();
        record
            .points
            .iter()
            .map(|point| point.label.to_string())
            .collect()
    };
    assert_eq!(labels("2026-05-18T12:05:00Z").len(), 3);
    // Two minutes after its end it counts as closed.
    assert_eq!(labels("2026-05-18T12:01:59Z").len(), 2);
    assert_eq!(labels("2026-05-18T12:02:00Z").len(), 3);
}

#[test]
fn trap_10_a_hole_is_a_hole_wherever_it_lies() {
    let hours = range("2026-05-17T22:00:00Z", "2026-05-18T02:00:00Z");
    let ask = ask(
        ROWS,
        "2026-05-18T12:05:00Z",
        vec![want("BTC BTCUSDT bybit", CLOSE, hours)],
    );
    let body =
        format!("{HEADER}bybit,BTC,BTCUSDT,1779055200000,1\nbybit,BTC,BTCUSDT,1779066000000,2\n");
    let record = answered(&ask, body.as_bytes(), "2026-05-18T12:05:00Z").unwrap();
    let empty: Vec<_> = record
        .outcomes
        .iter()
        .filter_map(|(_, _, outcome)| match outcome {
            Outcome::Empty(range) => Some(*range),
            _ => None,
        })
        .collect();
    assert_eq!(
        empty,
        [range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z")]
    );
}

#[test]
fn trap_12_blocks_touch_and_neither_lose_nor_double_a_bucket() {
    let year = range("2025-05-18", "2026-05-18");
    let ask = ask(
        ROWS,
        "2026-05-18T12:05:00Z",
        vec![want("BTC BTCUSDT bybit", crate::DEFAULT, year)],
    );
    let requests = plan(&vendor(Plan::Annual), &ask);
    let mut end = year.end;
    for request in &requests {
        assert_eq!(request.block.labels.end, end);
        let sent = |name: &str| {
            let (_, value) = request
                .query
                .iter()
                .find(|(known, _)| known == name)
                .unwrap();
            value.parse::<i64>().unwrap()
        };
        assert_eq!(sent("begin"), request.block.labels.start.millis());
        assert_eq!(sent("end"), end.millis());
        end = request.block.labels.start;
    }
    assert_eq!(end, year.start);
}

#[test]
fn trap_13_and_14_catalogues_are_read_by_name_and_tickers_stay_text() {
    let (record, _) = look(
        "/api/v1/futures?delisted=0",
        body!("catalogue/ugly.csv"),
        "2026-05-18T12:05:00Z",
    )
    .unwrap();
    let listed: Vec<_> = record
        .listings
        .iter()
        .map(|one| one.subject.clone())
        .collect();
    let expected = [
        "BTC BTCUSDT binance-futures",
        "888 888USDT bybit",
        "NULL NULLUSDT bybit",
    ];
    assert_eq!(listed, expected.map(|of| key(of).subject()));
    assert_eq!(record.rejects.len(), 1);
}

#[test]
fn trap_15_one_coin_in_several_places_is_several_series() {
    let vendor = vendor(Plan::Annual);
    let csv = "market,exchange,coin,product,metrics,resolution_min,since,enabled,note\n\
               futures,binance-futures,BTC,BTCUSDT,CLOSE_PRICE,,,true,\n\
               spot,binance,BTC,BTCUSDT,CLOSE_PRICE,,,true,\n\
               futures,binance-futures,BTC,BTCUSDT_260626,CLOSE_PRICE,,,true,\n\
               futures,deribit,BTC,BTC,DOLLAR_VOLUME,,,true,\n\
               options,deribit,BTC,BTC,DOLLAR_VOLUME,,,true,\n";
    let series = vendor.read_config("velo.csv", csv.as_bytes()).unwrap();
    let keys: std::collections::BTreeSet<_> =
        series.iter().map(|spec| spec.series.key.clone()).collect();
    assert_eq!(keys.len(), 5);
}

#[test]
fn trap_16_a_product_under_another_ticker_counts_other_units() {
    let hours = range("2026-05-17T23:00:00Z", "2026-05-18T01:00:00Z");
    let wants = vec![want("PEPE 1000PEPEUSDT bybit", CLOSE, hours)];
    let ask = ask(ROWS, "2026-05-18T12:05:00Z", wants);
    let body = format!("{HEADER}bybit,1000PEPE,1000PEPEUSDT,1779058800000,0.01\n");
    let record = answered(&ask, body.as_bytes(), "2026-05-18T12:05:00Z").unwrap();
    assert_eq!(record.points, []);
    assert!(
        record
            .outcomes
            .iter()
            .all(|(_, _, outcome)| *outcome == Outcome::Absent)
    );
    assert_eq!(record.rejects[0].why, "another_coin");
}

#[test]
fn trap_17_no_key_is_in_a_request_and_no_page_in_an_error() {
    let vendor = vendor(Plan::Annual);
    let asked = plan(&vendor, &two_hours(CLOSE)).swap_remove(0);
    // Not even where somebody pastes an address with the key in front of the host.
    let query = asked.path_and_query();
    let pasted = format!("https://api:planted-k3y@api.velo.xyz{query}");
    let request = vendor.recognise(None, &pasted, &[]).unwrap();
    assert_eq!(request.path_and_query(), query);
    assert!(!format!("{request:?}").contains("planted"));
    let page = b"<html>you sent Basic YXBpOnBsYW50ZWQ=</html>";
    let error = answered(&two_hours(CLOSE), page, "2026-05-18T12:05:00Z").unwrap_err();
    assert_eq!(error.class(), "transient");
    assert!(!error.to_string().contains("YXBpOnBsYW50ZWQ="), "{error}");
}
