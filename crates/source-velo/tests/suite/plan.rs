//! Which requests an ask becomes.

use model::TimeRange;
use source::{Ask, RequestSpec, Source as _, Want};
use source_velo::{CAPS, FUTURES_DELISTED, OPTIONS, Plan, ROWS, ROWS_DAILY};

use crate::{CLOSE, DEFAULT, ask, at, key, lines, live, plan, range, vendor, want};

/// So many products of an exchange, over one range.
pub(crate) fn products(
    exchange: &str,
    count: usize,
    metrics: &[&str],
    labels: TimeRange,
) -> Vec<Want> {
    let product = |n| want(&format!("C{n:04} C{n:04}USDT {exchange}"), metrics, labels);
    (0..count).map(product).collect()
}

pub(crate) fn all_columns() -> Vec<&'static str> {
    vec![
        "BUY_COIN_VOLUME",
        "BUY_DOLLAR_VOLUME",
        "BUY_LIQUIDATIONS",
        "BUY_LIQ_COIN_VOL",
        "BUY_LIQ_DOLLAR_VOL",
        "BUY_TRADES",
        "CLOSE_PRICE",
        "COIN_OI_CLOSE",
        "COIN_OI_HIGH",
        "COIN_OI_LOW",
        "COIN_VOLUME",
        "DOLLAR_OI_CLOSE",
        "DOLLAR_OI_HIGH",
        "DOLLAR_OI_LOW",
        "DOLLAR_VOLUME",
        "FUNDING_RATE",
        "FUNDING_RATE_AVG",
        "HIGH_PRICE",
        "LIQ_COIN_VOL",
        "LIQ_DOLLAR_VOL",
        "LOW_PRICE",
        "OPEN_PRICE",
        "PREMIUM",
        "SELL_COIN_VOLUME",
        "SELL_DOLLAR_VOLUME",
        "SELL_LIQUIDATIONS",
        "SELL_LIQ_COIN_VOL",
        "SELL_LIQ_DOLLAR_VOL",
        "SELL_TRADES",
        "TOTAL_TRADES",
    ]
}

/// The values a request is priced with: section 4.5, read off the request itself.
fn values(request: &RequestSpec) -> u64 {
    let of = |name: &str| {
        let found = request.query.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let count = |name: &str| u64::try_from(of(name).split(',').count()).unwrap();
    let number = |name: &str| of(name).parse::<u64>().unwrap();
    let buckets = (number("end") - number("begin")).div_ceil(number("resolution") * 60_000);
    let items = if of("products").is_empty() {
        "coins"
    } else {
        "products"
    };
    buckets * count("exchanges") * count(items) * count("columns")
}

pub(crate) fn counted(ask: &Ask) -> usize {
    let requests = plan(&vendor(Plan::Annual), ask);
    for request in &requests {
        assert!(values(request) <= 22_500, "{}", values(request));
    }
    requests.len()
}

#[test]
fn a_live_tick_takes_as_many_requests_as_the_contract_says() {
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let now = "2026-05-18T12:05:00Z";
    let lists = |sizes: [usize; 4], metrics: &[&str]| {
        let exchanges = ["binance-futures", "bybit", "okex-swap", "hyperliquid"];
        let mut wants: Vec<Want> = (exchanges.into_iter().zip(sizes))
            .flat_map(|(exchange, size)| products(exchange, size, metrics, hours))
            .collect();
        wants.sort_by(|a, b| a.key.cmp(&b.key));
        live(ROWS, now, wants)
    };
    assert!((4..=5).contains(&counted(&lists([100, 80, 50, 28], DEFAULT))));
    assert_eq!(counted(&lists([450, 330, 180, 109], &all_columns())), 7);
}

#[test]
fn history_takes_as_many_requests_as_the_contract_says() {
    let now = "2026-06-01T00:05:00Z";
    let days = |days: i64| TimeRange::new(at("2026-06-01").plus_days(-days), at("2026-06-01"));
    let count = |products_of: usize, of_days: i64| {
        counted(&ask(
            ROWS,
            now,
            products("bybit", products_of, DEFAULT, days(of_days)),
        ))
    };
    assert_eq!(count(1, 90), 1);
    assert_eq!(count(1, 365), 4);
    assert_eq!(count(100, 365), 400);
    assert_eq!(count(1_069, 1_096), 12_828);
}

#[test]
fn the_requests_are_written_as_the_vendor_reads_them() {
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let mut wants = vec![
        want("BTC", &["BASIS_3M_ANN"], hours),
        want("BTC BTC-USD coinbase", CLOSE, hours),
        want("BTC BTCUSDT bybit", DEFAULT, hours),
        want("ETH ETHUSDT bybit", DEFAULT, hours),
        want("ETH ETHUSDT binance-futures", CLOSE, hours),
        want("option:BTC BTC deribit", &["DVOL", "IV_1M"], hours),
    ];
    wants.sort_by(|a, b| a.key.cmp(&b.key));
    let vendor = vendor(Plan::Annual);
    insta::assert_snapshot!(lines(&plan(
        &vendor,
        &live(ROWS, "2026-05-18T12:05:00Z", wants)
    )));
    let days = range("2026-05-16", "2026-05-18");
    let daily = ask(
        ROWS_DAILY,
        "2026-05-18T12:05:00Z",
        vec![want("BTC BTCUSDT bybit", CLOSE, days)],
    );
    insta::assert_snapshot!(lines(&plan(&vendor, &daily)), @"/api/v1/rows?begin=1778889600000&columns=close_price&end=1779062400000&exchanges=bybit&products=BTCUSDT&resolution=1440&type=futures (1 keys, [2026-05-16T00:00:00Z, 2026-05-18T00:00:00Z))");
    let catalogues: Vec<_> = [FUTURES_DELISTED, OPTIONS]
        .into_iter()
        .flat_map(|dataset| plan(&vendor, &ask(dataset, "2026-05-18T12:05:00Z", vec![])))
        .collect();
    insta::assert_snapshot!(lines(&catalogues), @r"
    /api/v1/futures?delisted=1 (0 keys, [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z))
    /api/v1/options?delisted=0 (0 keys, [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z))
    ");
}

#[test]
fn columns_are_split_only_where_that_costs_nothing() {
    let now = "2026-05-18T12:05:00Z";
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let mut wants = products("bybit", 20, DEFAULT, hours);
    wants.extend((100..120).map(|n| want(&format!("D{n} D{n}USDT bybit"), CLOSE, hours)));
    // Few buckets: one rectangle holds all, two would be two requests.
    let together = plan(&vendor(Plan::Annual), &live(ROWS, now, wants));
    assert_eq!(together.len(), 1);
    assert_eq!(together[0].block.metrics.len(), 10);
    // Much time: products with one column would pay for ten.
    let month = range("2026-04-18", "2026-05-18");
    let mut wants = products("bybit", 3, DEFAULT, month);
    wants.extend((100..130).map(|n| want(&format!("D{n} D{n}USDT bybit"), CLOSE, month)));
    let apart = plan(&vendor(Plan::Annual), &ask(ROWS, now, wants));
    assert_eq!(apart.len(), 2);
    let widths: Vec<usize> = apart.iter().map(|one| one.block.metrics.len()).collect();
    assert!(widths.contains(&1) && widths.contains(&10), "{widths:?}");
}

#[test]
fn holes_of_a_product_share_a_request_where_one_holds_them() {
    let now = "2026-06-01T00:05:00Z";
    let holes = [
        range("2026-01-01", "2026-01-02"),
        range("2026-03-01", "2026-03-02"),
        range("2026-05-01", "2026-05-02"),
    ];
    let of = |metrics: &[&str]| -> Vec<TimeRange> {
        let wants = holes.map(|hole| want("BTC BTCUSDT bybit", metrics, hole));
        let requests = plan(&vendor(Plan::Annual), &ask(ROWS, now, wants.to_vec()));
        requests.into_iter().map(|one| one.block.labels).collect()
    };
    assert_eq!(of(CLOSE), [range("2026-01-01", "2026-05-02")]);
    // Ten columns are 2,250 hours: some 93 days.
    let expected = [range("2026-03-01", "2026-05-02"), holes[0]];
    assert_eq!(of(DEFAULT), expected);
}

#[test]
fn market_caps_come_a_hundred_coins_a_request() {
    let hour = range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z");
    let wants = |count: usize| -> Vec<Want> {
        (0..count)
            .map(|n| want(&format!("C{n:03}"), &["FDV", "MARKET_CAP"], hour))
            .collect()
    };
    for (coins, requests) in [(1, 1), (100, 1), (101, 2), (250, 3)] {
        let ask = live(CAPS, "2026-05-18T12:05:00Z", wants(coins));
        assert_eq!(plan(&vendor(Plan::Annual), &ask).len(), requests, "{coins}");
    }
}

#[test]
fn nothing_older_than_the_plan_or_than_what_was_refused_is_asked_for() {
    let now = "2026-06-01T00:05:00Z";
    let year = range("2025-06-01", "2026-06-01");
    let of = |plan_of, oldest: Option<&str>| {
        let mut ask = ask(ROWS, now, vec![want("BTC BTCUSDT bybit", CLOSE, year)]);
        ask.oldest = oldest.map(at);
        let vendor = vendor(plan_of);
        let oldest = plan(&vendor, &ask)
            .into_iter()
            .map(|one| one.block.labels.start)
            .min();
        oldest.unwrap()
    };
    assert_eq!(of(Plan::Annual, None), year.start);
    assert_eq!(of(Plan::Monthly, None), at("2026-03-04T01:00:00Z"));
    assert_eq!(
        of(Plan::Annual, Some("2026-01-01T00:30:00Z")),
        at("2026-01-01T01:00:00Z")
    );
}

#[test]
fn a_refused_request_is_halved_by_products_and_then_by_time() {
    let vendor = vendor(Plan::Annual);
    let day = range("2026-05-17", "2026-05-18");
    let request = plan(
        &vendor,
        &ask(
            ROWS,
            "2026-05-18T12:05:00Z",
            products("bybit", 3, CLOSE, day),
        ),
    )
    .swap_remove(0);
    let [front, back] = vendor.halves(&request).unwrap();
    assert_eq!((front.block.keys.len(), back.block.keys.len()), (1, 2));
    assert_eq!((front.block.labels, back.block.labels), (day, day));
    let [new, old] = vendor.halves(&front).unwrap();
    assert_eq!(new.block.labels.start, old.block.labels.end);
    assert_eq!(
        (old.block.labels.start, new.block.labels.end),
        (day.start, day.end)
    );
    assert!(lines(&[old]).contains("end=1779019200000"));
    let hour = TimeRange::new(day.start, day.start.plus_secs(3_600));
    let one = plan(
        &vendor,
        &ask(
            ROWS,
            "2026-05-18T12:05:00Z",
            products("bybit", 1, CLOSE, hour),
        ),
    );
    assert_eq!(vendor.halves(&one[0]), None);
}

#[test]
fn market_caps_are_halved_by_coin() {
    let vendor = vendor(Plan::Annual);
    let hour = range("2026-05-18T12:00:00Z", "2026-05-18T13:00:00Z");
    let wants = ["BTC", "ETH", "SOL"].map(|coin| want(coin, &["FDV"], hour));
    let ask = live(CAPS, "2026-05-18T12:05:00Z", wants.to_vec());
    let request = plan(&vendor, &ask).swap_remove(0);
    let [front, back] = vendor.halves(&request).unwrap();
    insta::assert_snapshot!(lines(&[front.clone(), back]), @r"
    /api/v1/caps?coins=BTC (1 keys, [2026-05-18T12:00:00Z, 2026-05-18T13:00:00Z))
    /api/v1/caps?coins=ETH,SOL (2 keys, [2026-05-18T12:00:00Z, 2026-05-18T13:00:00Z))
    ");
    assert_eq!(vendor.halves(&front), None);
}

#[test]
fn a_long_list_of_products_does_not_make_a_long_address() {
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let long = |n: usize| format!("C{n:03} {}{n:03} bybit", "P".repeat(50));
    let wants = (0..200).map(|n| want(&long(n), CLOSE, hours)).collect();
    let requests = plan(
        &vendor(Plan::Annual),
        &live(ROWS, "2026-05-18T12:05:00Z", wants),
    );
    assert!(requests.len() > 1);
    assert!(
        requests
            .iter()
            .all(|one| one.path_and_query().len() < 4_096)
    );
    assert_eq!(requests[0].block.keys[0], key(&long(0)));
}
