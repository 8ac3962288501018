//! The CSV.

use std::{collections::HashSet, path::PathBuf};

use model::{SeriesSpec, Since, Stamp, Step};
use source::{
    Listing, Source as _,
    conformance::stage::{self, names},
    recognise::query_value,
};
use source_velo::{CAPS, COLUMNS, FUTURES, OPTIONS, Plan, ROWS, ROWS_DAILY, SPOT};

use crate::{ask, at, key, plan, range, vendor, want};

fn read(rows: &str) -> Result<Vec<SeriesSpec>, String> {
    stage::configure(&vendor(Plan::Annual), &COLUMNS, rows)
}

#[test]
fn a_row_becomes_the_series_of_its_metrics() {
    let series =
        read("futures,bybit,BTC,BTCUSDT,CLOSE_PRICE|FUNDING_RATE,60,2023-01-01,true,").unwrap();
    assert_eq!(
        names(&series),
        "BTC/BTCUSDT/bybit/usd CLOSE_PRICE; BTC/BTCUSDT/bybit/usd FUNDING_RATE"
    );
    assert!(
        series
            .iter()
            .all(|spec| spec.stamp == Stamp::Bar && spec.enabled)
    );
    assert!(
        series
            .iter()
            .all(|spec| spec.since == Since::At(at("2023-01-01")))
    );
    assert_eq!(series[0].series.step, Step::Hour);
    let count = |row: &str| read(row).unwrap().len();
    assert_eq!(count("futures,bybit,BTC,BTCUSDT,,,,true,"), 10);
    assert_eq!(count("futures,bybit,BTC,BTCUSDT,default,,,true,"), 10);
    assert_eq!(count("futures,bybit,BTC,BTCUSDT,all,,,true,"), 30);
    assert_eq!(count("spot,binance,BTC,BTCUSDT,,,,true,"), 5);
    assert_eq!(count("options,deribit,BTC,BTC,all,,,true,"), 28);
    assert_eq!(count("basis,,BTC,,,,,true,"), 1);
    let daily = read("futures,bybit,BTC,BTCUSDT,CLOSE_PRICE,1440,,false,").unwrap();
    assert_eq!((daily[0].series.step, daily[0].enabled), (Step::Day, false));
    assert_eq!(daily[0].since, Since::ThreeYearsBack);
    let caps = read("caps,,BTC,,,,2020-01-01,true,").unwrap();
    assert_eq!(caps.len(), 4);
    assert!(
        caps.iter()
            .all(|spec| spec.stamp == Stamp::Instant && spec.since == Since::Activation)
    );
}

#[test]
fn every_problem_is_told_with_line_and_column() {
    let problems = read(
        "perps,bybit,BTC,BTCUSDT,,,,true,\n\
         futures,binance,BTC,BTCUSDT,,,,true,\n\
         spot,bybit,BTC,BTCUSDT,,,,true,\n\
         caps,bybit,BTC,BTCUSDT,PRICE,1440,,true,\n\
         futures,bybit,,\"A,B\",CLOSE_PRIZE,1h,soon,true,\n\
         spot,binance,BTC,BTCUSDT,FUNDING_RATE,,,true,\n\
         futures,bybit,BTC,BTCUSDT,CLOSE_PRICE|CLOSE_PRICE,,,maybe,\n\
         futures,newdex,BTC,BTC-USD,,,,true,\n\
         futures,newdex,BTC,BTC-USD,,,,true,\n\
         spot,hyperliquid,HYPE,,,,,true,\n\
         spot,newdex,BTC,BTCUSDT,,,,true,\n\
         caps,,ETH,,,,yesterday,true,\n",
    )
    .unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn one_thing_in_two_spellings_stands_twice() {
    let twice =
        |rows: &str| read(rows).is_err_and(|said| said.contains("stands already in line 2"));
    assert!(twice(
        "futures,bybit,BTC,BTCUSDT,,,,true,\nfutures,bybit,BTC,BTCUSDT,,60,,true,\n"
    ));
    assert!(twice("caps,,BTC,,,,,true,\ncaps,,btc,,,60,,true,\n"));
    assert!(twice("basis,,BTC,,,,,true,\nbasis,,btc,,,,,true,\n"));
    // A product by hour and by day are two; so are tickers of products.
    assert!(!twice(
        "futures,bybit,BTC,BTCUSDT,,,,true,\nfutures,bybit,BTC,BTCUSDT,,1440,,true,\n"
    ));
    assert!(!twice(
        "futures,bybit,BTC,,,,,true,\nfutures,bybit,btc,,,,,true,\n"
    ));
}

#[test]
fn slips_of_the_pen_are_told_and_no_exchange_is_refused() {
    let warned = |rows: &str| -> Vec<String> {
        let vendor = vendor(Plan::Annual);
        stage::configure(&vendor, &COLUMNS, rows).unwrap();
        (vendor.config_warnings().iter())
            .map(ToString::to_string)
            .collect()
    };
    for (market, slip, meant) in [
        ("futures", "binance-future", "binance-futures"),
        ("futures", "okx-swap", "okex-swap"),
        ("futures", "hyper-liquid", "hyperliquid"),
        ("spot", "okx", "okex"),
        ("spot", "coinbse", "coinbase"),
        ("options", "derbit", "deribit"),
    ] {
        let rows = format!("caps,,BTC,,,,,true,\n{market},{slip},BTC,,,,,true,\n");
        let told = format!(
            "velo.csv:3: column exchange: {slip} is no exchange that we know: did you mean {meant}?"
        );
        assert_eq!(warned(&rows), [told]);
    }
    for (market, new) in [
        ("futures", "kraken-futures"),
        ("futures", "gate"),
        ("futures", "aster"),
        ("futures", "bitmex"),
        ("futures", "lighter"),
        ("spot", "kraken"),
        ("spot", "upbit"),
        ("options", "okex-options"),
        // Where it trades futures too, the coin tells.
        ("options", "bybit"),
    ] {
        let rows = format!("{market},{new},BTC,,,,,true,\n");
        assert_eq!(warned(&rows), [""; 0], "{new}");
    }
    let said = read("options,deribit,option:BTC,BTC,,,,true,\n").unwrap_err();
    assert!(said.contains("column coin: write BTC"), "{said}");
}

#[test]
fn an_exchange_that_is_not_known_trades_what_its_row_says() {
    let vendor = vendor(Plan::Annual);
    let rows = "spot,kraken,BTC,BTCUSD,,,,true,\nspot,kraken,ETH,,CLOSE_PRICE,,,true,\n\
                futures,gate,BTC,BTC_USDT,,,,true,\n";
    let series = stage::configure(&vendor, &COLUMNS, rows).unwrap();
    assert_eq!(series.len(), 5 + 1 + 10);
    let (spot, selector) = (&series[0].series, &series[5]);
    assert_eq!(vendor.catalogue_of(&spot.key), Some(SPOT));
    assert_eq!(stage::serving(&vendor, spot), [ROWS]);
    assert!(vendor.is_selector(&selector.series));
    let listed = Listing {
        subject: key("ETH ETHEUR kraken").subject(),
        symbol: None,
        name: None,
        links: Vec::new(),
        active: true,
    };
    let selected = vendor.select(selector, &[listed]);
    assert_eq!(names(&selected), "ETH/ETHEUR/kraken/usd CLOSE_PRICE");
    let hours = range("2026-01-01", "2026-01-02");
    let wants = [
        "BTC BTCUSD kraken",
        "ETH ETHEUR kraken",
        "BTC BTC_USDT gate",
    ]
    .map(|of| want(of, &["CLOSE_PRICE"], hours));
    let requests = plan(&vendor, &ask(ROWS, "2026-05-18", wants.into()));
    let asked: Vec<String> = (requests.iter())
        .map(|request| {
            let of = |name| query_value(&request.query, name).unwrap();
            format!("{} {} {}", of("type"), of("exchanges"), of("products"))
        })
        .collect();
    assert_eq!(
        asked,
        ["futures gate BTC_USDT", "spot kraken BTCUSD,ETHEUR"]
    );
    // Halves ask for the same.
    let halves = vendor.halves(&requests[1]).unwrap();
    assert!(
        (halves.iter()).all(|half| query_value(&half.query, "type") == Some("spot")),
        "{halves:?}"
    );
}

#[test]
fn each_series_is_served_by_the_dataset_of_its_kind() {
    let vendor = vendor(Plan::Annual);
    for (row, dataset, catalogue) in [
        (
            "futures,bybit,BTC,BTCUSDT,CLOSE_PRICE,60,,true,",
            ROWS,
            Some(FUTURES),
        ),
        (
            "futures,newdex,BTC,BTC-USD,CLOSE_PRICE,1440,,true,",
            ROWS_DAILY,
            Some(FUTURES),
        ),
        (
            "spot,okex,BTC,BTC-USDT,CLOSE_PRICE,60,,true,",
            ROWS,
            Some(SPOT),
        ),
        (
            "options,deribit,BTC,BTC,DVOL,60,,true,",
            ROWS,
            Some(OPTIONS),
        ),
        ("basis,,ETH,,,60,,true,", ROWS, None),
        ("caps,,ETH,,FDV,,,true,", CAPS, None),
    ] {
        let series = &read(row).unwrap()[0].series;
        assert_eq!(stage::serving(&vendor, series), [dataset], "{row}");
        assert_eq!(vendor.catalogue_of(&series.key), catalogue, "{row}");
    }
}

#[test]
fn a_row_without_a_product_stands_for_all_that_are_listed() {
    let vendor = vendor(Plan::Annual);
    let selectors = read("futures,bybit,BTC,,CLOSE_PRICE,60,,true,").unwrap();
    assert!(vendor.is_selector(&selectors[0].series));
    assert!(!vendor.serves(ROWS, &selectors[0].series));
    let listing = |of: &str, active| Listing {
        subject: key(of).subject(),
        symbol: None,
        name: None,
        links: Vec::new(),
        active,
    };
    let listed = [
        listing("BTC BTCUSDT bybit", true),
        listing("BTC BTC-27JUN25 bybit", false),
        listing("BTC BTCUSDT bybit", false),
        listing("BTC BTCUSDT binance-futures", true),
        listing("ETH ETHUSDT bybit", true),
    ];
    let selected = vendor.select(&selectors[0], &listed);
    assert_eq!(
        names(&selected),
        "BTC/BTC-27JUN25/bybit/usd CLOSE_PRICE; BTC/BTCUSDT/bybit/usd CLOSE_PRICE"
    );
    assert!(vendor.select(&selectors[0], &[]).is_empty());
    for row in [
        "futures,bybit,BTC,BTCUSDT,CLOSE_PRICE,,,true,",
        "caps,,BTC,,,,,true,",
        "basis,,BTC,,,,,true,",
    ] {
        assert!(!vendor.is_selector(&read(row).unwrap()[0].series), "{row}");
    }
}

#[test]
fn the_file_that_ships_reads_without_a_problem() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sources-config/velo.csv");
    let csv = std::fs::read(path).unwrap();
    let series = vendor(Plan::Annual)
        .read_config("velo.csv", &csv)
        .map_err(|problems| problems.to_string())
        .unwrap();
    let coins_at = |exchanges: &[&str]| -> HashSet<String> {
        (series.iter().filter(|spec| spec.enabled))
            .map(|spec| &spec.series.key)
            .filter(|key| exchanges.contains(&key.venue.as_str()))
            .map(|key| key.asset.as_str().to_owned())
            .collect()
    };
    let exchanges = ["binance-futures", "bybit", "okex-swap", "hyperliquid"];
    let coins = coins_at(&exchanges).len();
    assert!(coins >= 150, "{coins} coins");
    for exchange in exchanges {
        let coins = coins_at(&[exchange]).len();
        assert!(coins >= 30, "{exchange} has {coins} coins");
    }
}

/// A selector beside a row of one of its products would ask for that product twice.
#[test]
fn the_file_that_ships_asks_for_no_product_twice() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sources-config/velo.csv");
    let csv = std::fs::read(path).unwrap();
    let vendor = vendor(Plan::Annual);
    let series = vendor.read_config("velo.csv", &csv).unwrap();
    let place = |spec: &SeriesSpec| {
        let key = &spec.series.key;
        (key.asset.clone(), key.venue.clone())
    };
    let (selectors, named): (Vec<_>, Vec<_>) =
        (series.iter()).partition(|spec| vendor.is_selector(&spec.series));
    let named: HashSet<_> = named.into_iter().map(place).collect();
    for selector in selectors {
        assert!(!named.contains(&place(selector)), "{}", selector.series);
    }
}
