//! Rows of the simulated Velo, over real HTTP: shapes, selection, order, lives, spellings of numbers.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::collections::{BTreeSet, HashSet};

use fake_vendors::{FakeVendor, VeloPlan};
use support::{DAY_MS, HOUR_MS, NOW_S, THIS_HOUR_MS, Wire, ask, at, hours, velo};

const NOW_MS: i64 = NOW_S * 1_000;

fn times(reply: &Wire) -> Vec<i64> {
    let lines = reply.cells().into_iter().skip(1);
    lines.map(|line| line[3].parse().unwrap()).collect()
}

const BYBIT: &str = "type=futures&exchanges=bybit&products=BTCUSDT&columns=close_price";

#[tokio::test]
async fn answers_are_shaped_like_the_samples() {
    let vendor = velo(VeloPlan::annual()).await;
    let samples = [
        (
            "futures&exchanges=binance-futures,bybit&products=BTCUSDT",
            include_str!("../test_data/velo/rows_futures_all_columns.csv"),
            60,
        ),
        (
            "futures&exchanges=binance-futures&products=BTCUSDT,ETHUSDT",
            include_str!("../test_data/velo/rows_futures_doc.csv"),
            60,
        ),
        (
            "futures&exchanges=binance-futures,bybit&products=BTCUSDT",
            include_str!("../test_data/velo/rows_futures_nulls.csv"),
            60,
        ),
        (
            "spot&exchanges=binance,coinbase&coins=BTC",
            include_str!("../test_data/velo/rows_spot.csv"),
            60,
        ),
        (
            "options&exchanges=deribit&coins=BTC",
            include_str!("../test_data/velo/rows_options.csv"),
            1,
        ),
    ];
    for (query, sample, resolution) in samples {
        let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let sample: Vec<Vec<String>> = sample.lines().map(cells).collect();
        let columns = sample[0][4..].join(",");
        let begin: i64 = sample[1][3].parse().unwrap();
        let path = format!(
            "/rows?type={query}&columns={columns}&begin={begin}&end={}&resolution={resolution}",
            begin + 3 * resolution * 60_000
        );
        // Samples beyond the simulated now are moved into the past.
        let path = if begin > NOW_MS {
            path.replace("1783", "1773")
        } else {
            path
        };
        let lines = ask(&vendor, &path).await.cells();
        assert_eq!(lines[0], sample[0], "{query}");
        let products = |lines: &[Vec<String>]| {
            let keys = lines[1..].iter().map(|line| line[..3].to_vec());
            keys.collect::<HashSet<_>>()
        };
        assert_eq!(products(&lines), products(&sample));
        for line in &lines[1..] {
            assert_eq!(line.len(), sample[0].len());
            let known = |cell: &&String| !matches!(cell.as_str(), "" | "null");
            let numbers = line[3..].iter().filter(known);
            assert!(
                numbers
                    .clone()
                    .all(|cell| cell.parse::<f64>().unwrap().is_finite())
            );
        }
    }
    let none = hours(
        &vendor,
        "type=futures&exchanges=bybit&products=NOSUCHPRODUCT&columns=close_price",
        THIS_HOUR_MS - DAY_MS,
        THIS_HOUR_MS,
    )
    .await;
    assert_eq!(
        (none.status, none.text().as_str()),
        (200, include_str!("../test_data/velo/rows_empty.csv"))
    );
    vendor.stop().await;
}

#[tokio::test]
async fn ranges_are_half_open_and_chunks_touch() {
    let vendor = velo(VeloPlan::annual()).await;
    let all = times(&hours(&vendor, BYBIT, THIS_HOUR_MS - 10 * DAY_MS, THIS_HOUR_MS).await);
    assert!(all.is_sorted_by(|a, b| a < b) && all.iter().all(|time| time % HOUR_MS == 0));
    assert!(
        all.first().unwrap() >= &(THIS_HOUR_MS - 10 * DAY_MS)
            && all.last().unwrap() < &THIS_HOUR_MS
    );
    let middle = THIS_HOUR_MS - 4 * DAY_MS;
    let mut chunks = times(&hours(&vendor, BYBIT, THIS_HOUR_MS - 10 * DAY_MS, middle).await);
    chunks.extend(times(&hours(&vendor, BYBIT, middle, THIS_HOUR_MS).await));
    assert_eq!(chunks, all);
    let unaligned = times(
        &hours(
            &vendor,
            BYBIT,
            THIS_HOUR_MS - 5 * HOUR_MS + 1,
            THIS_HOUR_MS - HOUR_MS,
        )
        .await,
    );
    assert!(
        unaligned
            .iter()
            .all(|time| *time > THIS_HOUR_MS - 5 * HOUR_MS)
    );
    let now = times(
        &hours(
            &vendor,
            BYBIT,
            THIS_HOUR_MS - HOUR_MS,
            THIS_HOUR_MS + 20 * HOUR_MS,
        )
        .await,
    );
    assert_eq!(now.last(), Some(&THIS_HOUR_MS), "nothing from the future");
    vendor.stop().await;
}

#[tokio::test]
async fn numbers_are_read_as_far_as_they_are_numbers() {
    let vendor = velo(VeloPlan::annual()).await;
    let asked = async |begin: &str, end: &str, resolution: &str, comma: &str| {
        let path = format!(
            "/rows?type=futures&exchanges=bybit{comma}binance-futures&products=BTCUSDT&columns=close_price{comma}open_price&begin={begin}&end={end}&resolution={resolution}&surplus=1"
        );
        ask(&vendor, &path).await.text()
    };
    let (begin, end) = (
        (THIS_HOUR_MS - 3 * HOUR_MS).to_string(),
        THIS_HOUR_MS.to_string(),
    );
    let plain = asked(&begin, &end, "60", ",").await;
    let odd = asked(&format!("{begin}.0"), &format!("{end}.0"), "60.0", "%2C").await;
    assert_eq!(plain, odd);
    let (minutes, spelled) = (
        asked(&begin, &end, "1", ",").await,
        asked(&begin, &end, "1h", ",").await,
    );
    assert_eq!(spelled, minutes, "`1h` is one minute");
    assert!(minutes.lines().count() > 10 * plain.lines().count());
    vendor.stop().await;
}

#[tokio::test]
async fn order_is_time_then_exchange_then_product_and_columns_are_as_asked() {
    let vendor = velo(VeloPlan::annual()).await;
    let query = "type=futures&exchanges=hyperliquid,bybit,binance-futures&products=ETHUSDT,BTCUSDT,BTC-USD&columns=funding_rate,close_price,open_price";
    let lines = hours(&vendor, query, THIS_HOUR_MS - 30 * HOUR_MS, THIS_HOUR_MS)
        .await
        .cells();
    assert_eq!(lines[0][4..], ["funding_rate", "close_price", "open_price"]);
    let keys = lines[1..].iter().map(|line| {
        let time: i64 = line[3].parse().unwrap();
        (time, line[0].clone(), line[2].clone())
    });
    assert!(
        keys.clone().is_sorted() && keys.clone().collect::<HashSet<_>>().len() == lines.len() - 1
    );
    let pairs: BTreeSet<_> = keys
        .map(|(_, exchange, product)| (exchange, product))
        .collect();
    assert_eq!(
        pairs.len(),
        5,
        "of six pairs one does not exist, and one is Hyperliquid's"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn coins_select_products_or_stand_for_themselves() {
    let query = "type=futures&exchanges=deribit&coins=BTC&columns=close_price";
    let products = async |vendor: &FakeVendor| {
        let lines = hours(vendor, query, THIS_HOUR_MS - 3 * DAY_MS, THIS_HOUR_MS)
            .await
            .cells();
        let names = lines.into_iter().skip(1).map(|line| line[2].clone());
        names.collect::<BTreeSet<_>>()
    };
    let vendor = velo(VeloPlan::annual()).await;
    assert_eq!(
        Vec::from_iter(products(&vendor).await),
        ["BTC-25SEP26", "BTC-PERPETUAL"]
    );
    let both = format!("{query}&products=BTC-PERPETUAL");
    let lines = hours(&vendor, &both, THIS_HOUR_MS - 3 * DAY_MS, THIS_HOUR_MS)
        .await
        .cells();
    assert!(
        lines[1..].iter().all(|line| line[2] == "BTC-PERPETUAL"),
        "products win"
    );
    vendor.stop().await;
    let vendor = velo("annual+coin-rows".parse().unwrap()).await;
    assert_eq!(Vec::from_iter(products(&vendor).await), ["BTC-PERPETUAL"]);
    vendor.stop().await;
}

#[tokio::test]
async fn an_answer_without_rows_may_have_a_header() {
    let vendor = velo("annual+header".parse().unwrap()).await;
    let query = "type=futures&exchanges=bybit&products=NOSUCH&columns=close_price";
    let reply = hours(&vendor, query, THIS_HOUR_MS - DAY_MS, THIS_HOUR_MS).await;
    assert_eq!(reply.text(), "exchange,coin,product,time,close_price\n");
    vendor.stop().await;
}

#[tokio::test]
async fn basis_is_asked_by_coins_alone() {
    let vendor = velo(VeloPlan::annual()).await;
    let query = "type=futures&exchanges=&coins=BTC,SOL&columns=3m_basis_ann";
    let lines = hours(&vendor, query, THIS_HOUR_MS - DAY_MS, THIS_HOUR_MS)
        .await
        .cells();
    assert_eq!(lines[0][4], "3m_basis_ann");
    let venues: HashSet<&str> = lines[1..].iter().map(|line| line[0].as_str()).collect();
    assert_eq!(venues.len(), 3);
    let value = |line: &Vec<String>| line[4].parse::<f64>().unwrap();
    assert!(
        lines[1..]
            .iter()
            .all(|line| line[1] == "BTC" && (0.0..0.12).contains(&value(line)))
    );
    let wrong = query.replace("coins=BTC,SOL", "products=BTCUSDT");
    assert_eq!(
        hours(&vendor, &wrong, THIS_HOUR_MS - DAY_MS, THIS_HOUR_MS)
            .await
            .status,
        400
    );
    let held = vendor.truth().velo_series(
        "futures",
        "deribit",
        "BTC",
        "3m_basis_ann",
        60,
        THIS_HOUR_MS - DAY_MS,
        THIS_HOUR_MS,
    );
    let served = lines[1..].iter().filter(|line| line[0] == "deribit");
    let served: Vec<(i64, f64)> = served
        .map(|line| (line[3].parse().unwrap(), value(line)))
        .collect();
    assert_eq!(held, served);
    vendor.stop().await;
}

#[tokio::test]
async fn lives_bound_the_rows() {
    let vendor = velo(VeloPlan::annual()).await;
    let catalogue = ask(&vendor, "/futures").await.cells();
    let hype = catalogue
        .iter()
        .find(|line| line[..3] == ["binance-futures", "HYPE", "HYPEUSDT"]);
    let begin: i64 = hype.unwrap()[3].parse().unwrap();
    assert_ne!(begin % HOUR_MS, 0, "in the middle of an hour");
    let query =
        "type=futures&exchanges=binance-futures&products=HYPEUSDT&columns=close_price,total_trades";
    let around = hours(
        &vendor,
        query,
        begin - begin % HOUR_MS - 5 * DAY_MS,
        begin + 5 * DAY_MS,
    )
    .await;
    assert_eq!(
        times(&around)[0],
        begin - begin % HOUR_MS,
        "the bucket that holds the beginning"
    );
    let before = hours(&vendor, query, begin - 9 * DAY_MS, begin - DAY_MS).await;
    assert!(before.body.is_empty());
    let dated = "type=futures&exchanges=binance-futures&products=BTCUSD_210625&columns=close_price,funding_rate";
    let end = 1_624_608_000_000;
    let around = hours(&vendor, dated, end - 5 * DAY_MS, end + 5 * DAY_MS).await;
    assert_eq!(*times(&around).last().unwrap(), end - HOUR_MS);
    assert!(
        around.cells()[1..]
            .iter()
            .all(|line| matches!(line[5].as_str(), "" | "null")),
        "no funding"
    );
    let matic = "type=futures&exchanges=binance-futures&products=MATICUSDT&columns=close_price";
    let gone = at("2025-03-20T00:00:00Z").unix_timestamp() * 1_000;
    let around = hours(&vendor, matic, gone - 5 * DAY_MS, gone + 5 * DAY_MS).await;
    assert!(*times(&around).last().unwrap() < gone);
    vendor.stop().await;
}
