//! Catalogues, caps and terms of the simulated Velo, over real HTTP, beside the samples.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use fake_vendors::{Listing, VeloPlan, ids_from_csv};
use support::{DAY_MS, HOUR_MS, NOW_S, THIS_HOUR_MS, ask, at, control, velo, velo_with};

const NOW_MS: i64 = NOW_S * 1_000;

fn header(sample: &str) -> Vec<String> {
    sample
        .lines()
        .next()
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn catalogues_have_the_headers_of_the_samples() {
    let vendor = velo(VeloPlan::annual()).await;
    let futures = include_str!("../test_data/velo/catalog_futures.csv");
    let delisted = include_str!("../test_data/velo/catalog_futures_delisted.csv");
    let spot = include_str!("../test_data/velo/catalog_spot.csv");
    for (path, sample) in [
        ("/futures", futures),
        ("/futures?delisted=0", futures),
        ("/futures?delisted=1", delisted),
        ("/spot?delisted=0", spot),
        ("/options", spot),
        ("/options?delisted=0", spot),
    ] {
        let lines = ask(&vendor, path).await.cells();
        assert_eq!(lines[0], header(sample), "{path}");
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() == lines[0].len()));
    }
    assert!(ask(&vendor, "/options?delisted=1").await.body.is_empty());
    assert!(ask(&vendor, "/spot?delisted=1").await.body.is_empty());
    vendor.stop().await;
}

#[tokio::test]
async fn the_samples_products_are_there_with_their_lives() {
    let vendor = velo(VeloPlan::annual()).await;
    let mut served = HashSet::new();
    for path in [
        "/futures?delisted=0",
        "/spot?delisted=0",
        "/futures?delisted=1",
    ] {
        served.extend(ask(&vendor, path).await.text().lines().map(str::to_owned));
    }
    let known = |line: &str| {
        let life: Vec<&str> = line.split(',').take(4).collect();
        served.iter().any(|one| one.starts_with(&life.join(",")))
    };
    for line in include_str!("../test_data/velo/catalog_futures.csv").lines() {
        // Listings on a single venue after the asset's own are made up by both sides.
        assert!(
            known(line) || line.starts_with("bybit,ETH") || line.contains("1000PEPE"),
            "{line}"
        );
    }
    for line in include_str!("../test_data/velo/catalog_spot.csv").lines() {
        assert!(known(line), "{line}");
    }
    let dated = include_str!("../test_data/velo/catalog_futures_delisted.csv")
        .lines()
        .nth(1);
    assert!(served.contains(dated.unwrap()));
    vendor.stop().await;
}

#[tokio::test]
async fn the_shipped_lists_coins_have_products_of_their_own() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sources-config/velo.csv");
    let ids = ids_from_csv(Path::new(file), "exchange+coin+product").unwrap();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = velo_with(VeloPlan::annual(), &ids).await;
    let mut coins: HashMap<(String, String, String), String> = HashMap::new();
    let mut served = HashSet::new();
    for market in ["futures", "spot", "options"] {
        for delisted in [0, 1] {
            let list = ask(&vendor, &format!("/{market}?delisted={delisted}")).await;
            for line in list.cells().into_iter().skip(1) {
                let [exchange, coin, product] = &line[..3] else {
                    unreachable!()
                };
                served.insert((exchange.clone(), coin.clone()));
                let series = (market.to_owned(), exchange.clone(), product.clone());
                let first = coins.entry(series).or_insert_with(|| coin.clone());
                assert_eq!(first, coin, "{exchange} {product}");
            }
        }
    }
    let mut traded = ids.iter().filter_map(|id| {
        let (exchange, rest) = id.split_once(':')?;
        let (coin, _) = rest.split_once(':')?;
        (!exchange.is_empty()).then(|| (exchange.to_owned(), coin.to_owned()))
    });
    assert!(traded.clone().count() > 300);
    assert_eq!(traded.find(|pair| !served.contains(pair)), None);
    let rows = "type=futures&exchanges=binance-futures&products=LUNA2USDT&columns=close_price";
    let begin = THIS_HOUR_MS - DAY_MS;
    let path = format!("/rows?{rows}&begin={begin}&end={NOW_MS}&resolution=60");
    let lines = ask(&vendor, &path).await.cells();
    assert!(lines.len() > 20);
    assert!(lines.iter().skip(1).all(|line| line[1] == "LUNA2"));
    vendor.stop().await;
}

#[tokio::test]
async fn a_catalogue_of_hundreds_is_made_from_ids() {
    let venues = [
        "binance-futures",
        "bybit",
        "okex-swap",
        "hyperliquid",
        "binance",
        "coinbase",
    ];
    let coins = (0..170).map(|number| format!("C{number}"));
    let ids: Vec<String> = coins
        .flat_map(|coin| venues.map(|venue| format!("{venue}:{coin}:")))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = velo_with(VeloPlan::annual(), &ids).await;
    let futures = ask(&vendor, "/futures").await.cells();
    let unique: HashSet<_> = futures.iter().collect();
    assert!(
        unique.len() > 4 * 170 && unique.len() < futures.len(),
        "some lines are there twice"
    );
    let of = |exchange: &str, coin: &str| {
        let found = futures
            .iter()
            .find(|line| line[0] == exchange && line[1] == coin);
        found.map(|line| line[2].clone()).unwrap()
    };
    assert_eq!(of("okex-swap", "C7"), "C7-USDT-SWAP");
    assert_eq!(of("hyperliquid", "C169"), "C169-USD");
    assert!(ask(&vendor, "/spot").await.cells().len() > 2 * 170);
    let all: Vec<String> = (0..100).map(|number| format!("C{number}")).collect();
    let caps = ask(&vendor, &format!("/caps?coins={}", all.join(",")))
        .await
        .cells();
    assert_eq!(caps.len(), 101);
    vendor.stop().await;
}

#[tokio::test]
async fn listings_come_and_go() {
    let vendor = velo_with(VeloPlan::annual(), &["bybit:NEW:NEWUSDT"]).await;
    let listing = |listed: &str, delisted: Option<&str>| Listing {
        id: "NEW".to_owned(),
        listed_ms: Some(at(listed).unix_timestamp() * 1_000),
        delisted_ms: delisted.map(|day| at(day).unix_timestamp() * 1_000),
    };
    let lives = async || {
        let mut found = HashMap::new();
        for (name, path) in [
            ("now", "/futures?delisted=0"),
            ("gone", "/futures?delisted=1"),
        ] {
            let lines = ask(&vendor, path).await.cells();
            let line = lines.into_iter().find(|line| line[1] == "NEW");
            found.extend(line.map(|line| (name, line)));
        }
        found
    };
    vendor.set_listing(&listing("2026-06-01T00:00:00Z", None));
    assert!(lives().await.is_empty(), "not yet");
    vendor.set_now(at("2026-06-02T12:00:00Z"));
    let line = lives().await.remove("now").unwrap();
    let begin: i64 = line[3].parse().unwrap();
    let day = at("2026-06-01T00:00:00Z").unix_timestamp() * 1_000;
    assert!((day..day + 20 * HOUR_MS).contains(&begin));
    let gone = r#"{"id":"bybit:NEW:NEWUSDT","delisted":"2026-06-03"}"#;
    assert_eq!(
        control(&vendor, "POST", "/listings", gone).await.status,
        204
    );
    assert!(lives().await.contains_key("now"), "one more day");
    vendor.set_now(at("2026-06-04T00:00:00Z"));
    let lives = lives().await;
    assert_eq!(lives.keys().collect::<Vec<_>>(), [&"gone"]);
    let line = &lives["gone"];
    assert_eq!(
        line[4],
        (day + 2 * 24 * HOUR_MS).to_string(),
        "`end` before `depth`"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn caps_are_a_snapshot_of_now() {
    let vendor = velo_with(VeloPlan::annual(), &[":PEPE:", ":TRUMP:"]).await;
    let lines = ask(&vendor, "/caps?coins=BTC,NOBODY,ETH,TRUMP")
        .await
        .cells();
    assert_eq!(lines[0], header(include_str!("../test_data/velo/caps.csv")));
    let coins: Vec<&str> = lines[1..].iter().map(|line| line[0].as_str()).collect();
    assert_eq!(coins, ["BTC", "ETH", "TRUMP"], "who is not known is absent");
    let time: i64 = lines[1][1].parse().unwrap();
    assert!(NOW_MS - time < 300_000 && time % 60_000 != 0 && lines[2][1] == lines[1][1]);
    let number = |line: usize, cell: usize| lines[line][cell].parse::<f64>().unwrap();
    let price = number(1, 3) / number(1, 2);
    let close_to = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    close_to(price, number(1, 5) / number(1, 4));
    let truth = vendor.truth();
    close_to(
        price,
        truth
            .value("bitcoin", fake_vendors::Metric::Price, time)
            .unwrap(),
    );
    assert_eq!(
        (lines[3][2].as_str(), lines[3][3].as_str()),
        ("", "null"),
        "unknown supply"
    );
    for (cell, name) in [
        (2, "circ"),
        (3, "circ_dollars"),
        (4, "fdv"),
        (5, "fdv_dollars"),
    ] {
        let held = truth.velo_caps("ETH", name, NOW_MS).unwrap();
        assert_eq!(held, (time, number(2, cell)));
    }
    assert_eq!(truth.velo_caps("TRUMP", "circ", NOW_MS), None);
    let twins = ask(&vendor, "/caps?coins=1000PEPE,PEPE").await.cells();
    let number = |line: usize, cell: usize| twins[line][cell].parse::<f64>().unwrap();
    close_to(number(2, 2), 1_000.0 * number(1, 2));
    assert_eq!(twins[1][3], twins[2][3], "worth the same");
    assert_eq!(ask(&vendor, "/caps").await.status, 400);
    assert!(ask(&vendor, "/caps?coins=NOBODY").await.body.is_empty());
    vendor.stop().await;
}

#[tokio::test]
async fn terms_are_for_two_coins() {
    let vendor = velo(VeloPlan::annual()).await;
    let lines = ask(&vendor, "/terms?coins=BTC%2CETH,SOL").await.cells();
    assert_eq!(
        lines[0],
        ["coin", "time", "at_the_money_iv", "dte", "fwd_iv"]
    );
    let coins: HashSet<&str> = lines[1..].iter().map(|line| line[0].as_str()).collect();
    assert_eq!(coins, HashSet::from(["BTC", "ETH"]));
    let iv = |line: &Vec<String>| line[2].parse::<f64>().unwrap();
    assert!(lines[1..].iter().all(|line| (0.2..2.0).contains(&iv(line))));
    vendor.stop().await;
}
