//! Prices, as the simulated DefiLlama shows them: records off the grid, silence about the unknown, odd refusals.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use fake_vendors::{DefiLlamaPlan, FakeVendor, Listing, Metric, Step};
use serde_json::Value;
use support::defillama::{assert_held, free, knowing, pro, vendor};
use support::{DAY_MS, DAY_S, HOUR_MS, NOW_S, at};

const USDC: &str = "ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

async fn json(vendor: &FakeVendor, path: &str) -> Value {
    pro(vendor, &format!("/coins{path}")).await.json()
}

fn prices(reply: &Value, coin: &str) -> Vec<(i64, f64)> {
    let points = reply["coins"][coin]["prices"].as_array().unwrap().iter();
    points
        .map(|point| {
            (
                point["timestamp"].as_i64().unwrap(),
                point["price"].as_f64().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn keys_come_back_as_written_and_the_unknown_is_missing() {
    let vendor = vendor(DefiLlamaPlan::free()).await;
    let ids = format!(
        "{USDC},coingecko:bitcoin,coingecko:no-such-coin,nonsense,coingecko:upside-down-cat"
    );
    for separator in [",", "%2C"] {
        let path = format!("/coins/prices/current/{}", ids.replace(',', separator));
        let coins = free(&vendor, &path).await.json()["coins"].clone();
        let coins = coins.as_object().unwrap();
        assert_eq!(
            coins.keys().collect::<Vec<_>>(),
            ["coingecko:bitcoin", USDC]
        );
        assert!(
            coins[USDC]["decimals"].is_i64()
                && coins["coingecko:bitcoin"].get("decimals").is_none()
        );
        assert_eq!(coins["coingecko:bitcoin"]["symbol"], "BTC");
    }
    let lower = USDC.to_lowercase();
    let path = format!("/coins/prices/current/{lower}");
    assert!(
        free(&vendor, &path).await.json()["coins"]
            .get(&lower)
            .is_some()
    );
    let nobody = free(&vendor, "/coins/prices/current/coingecko:no-such-coin").await;
    assert_eq!(
        (nobody.status, nobody.text().as_str()),
        (200, r#"{"coins":{}}"#)
    );
    let nothing = free(&vendor, "/coins/prices/current/").await;
    assert_eq!(
        (nothing.status, nothing.text().as_str()),
        (400, r#"{"message":"no coins queried"}"#)
    );
    vendor.stop().await;
}

#[tokio::test]
async fn a_price_is_a_record_some_seconds_off() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let now =
        json(&vendor, "/prices/current/coingecko:bitcoin").await["coins"]["coingecko:bitcoin"]
            .clone();
    let stamp = now["timestamp"].as_i64().unwrap();
    assert!(stamp <= NOW_S && stamp > NOW_S - 1_800);
    let price = now["price"].as_f64().unwrap();
    let truth = vendor.truth();
    let world = truth
        .value("bitcoin", Metric::Price, stamp * 1_000)
        .unwrap();
    assert!((price - world).abs() < 1e-9);
    let live = truth
        .defillama_live("coin", "coingecko:bitcoin", "price", NOW_S * 1_000)
        .unwrap();
    assert!((price - live).abs() < 1e-9);
    let midnight = at("2026-03-01T00:00:00Z").unix_timestamp();
    let path = format!("/prices/historical/{midnight}/coingecko:bitcoin?searchWidth=4h");
    let then = json(&vendor, &path).await["coins"]["coingecko:bitcoin"].clone();
    let found = then["timestamp"].as_i64().unwrap();
    assert!((found - midnight).abs() < 700 && found != midnight);
    let early = json(&vendor, "/prices/historical/1000000000/coingecko:bitcoin").await;
    assert_eq!(early["coins"], serde_json::json!({}));
    let first = json(&vendor, "/prices/first/coingecko:hyperliquid").await;
    let first = &first["coins"]["coingecko:hyperliquid"];
    assert!(
        (first["timestamp"].as_i64().unwrap() - at("2024-11-29T00:00:00Z").unix_timestamp())
            < 3_600
    );
    assert!(first.get("confidence").is_none());
    vendor.stop().await;
}

#[tokio::test]
async fn charts_go_forward_from_start_or_backward_from_end() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let start = at("2026-03-01T00:00:00Z").unix_timestamp();
    let forward = json(
        &vendor,
        &format!("/chart/coingecko:bitcoin?start={start}&span=10&period=1h"),
    )
    .await;
    let points = prices(&forward, "coingecko:bitcoin");
    assert!(points.len() >= 9 && points.is_sorted_by(|a, b| a.0 < b.0));
    assert!(
        points
            .iter()
            .all(|(ts, _)| (ts - start + 1_800).rem_euclid(3_600).abs_diff(1_800) <= 360)
    );
    assert!(
        points.iter().any(|(ts, _)| (ts - start) % 3_600 != 0),
        "seconds off the grid"
    );
    let end = start + 9 * 3_600;
    for query in [
        format!("end={end}&span=10&period=1H"),
        format!("end={end}.0&span=10&period=3600"),
        format!("start={start}&span=10&period=60m&searchWidth=600"),
    ] {
        let other = json(&vendor, &format!("/chart/coingecko:bitcoin?{query}")).await;
        let others = prices(&other, "coingecko:bitcoin");
        assert!(points.iter().all(|point| others.contains(point)), "{query}");
    }
    let none = json(&vendor, &format!("/chart/coingecko:bitcoin?start={start}")).await;
    assert_eq!(
        none["coins"],
        serde_json::json!({}),
        "a span of 0 has no points"
    );
    let by_itself = json(&vendor, "/chart/coingecko:bitcoin?span=3").await;
    let first = prices(&by_itself, "coingecko:bitcoin")[0].0;
    assert!((first - at("2018-01-01T00:00:00Z").unix_timestamp()).abs() < 9_000);
    let future = json(
        &vendor,
        &format!("/chart/coingecko:bitcoin?start={NOW_S}&span=10&period=1h"),
    )
    .await;
    let beyond = &future["coins"]["coingecko:bitcoin"]["prices"];
    assert!(beyond.as_array().map_or(0, Vec::len) <= 1);
    vendor.stop().await;
    let plan = DefiLlamaPlan {
        span_plus_one: true,
        ..DefiLlamaPlan::pro()
    };
    let vendor = support::defillama::vendor(plan).await;
    let path = format!("/chart/coingecko:bitcoin?start={start}&span=10&period=1d");
    assert_eq!(
        prices(&json(&vendor, &path).await, "coingecko:bitcoin").len(),
        11
    );
    vendor.stop().await;
}

#[tokio::test]
async fn bad_questions_have_the_vendors_answers() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let both = "use either start or end parameter, not both";
    let cases = [
        (
            "/chart/coingecko:bitcoin?start=1664364537&end=1664400000&span=5",
            400,
            both,
        ),
        (
            "/chart/coingecko:bitcoin?start=1664364537&span=-5",
            400,
            "span is not an uint",
        ),
        (
            "/chart/coingecko:bitcoin?start=1664364537&span=x",
            400,
            "span is not an uint",
        ),
        ("/chart/,?span=5", 400, "no coins queried"),
        ("/batchHistorical", 400, "no coins queried"),
        ("/batchHistorical?coins=%7B%7D", 400, "no coins queried"),
        (
            "/chart/coingecko:bitcoin?span=5&foo=1",
            400,
            "foo is not a valid parameter",
        ),
        ("/chart/coingecko:bitcoin", 502, "Internal server error"),
        (
            "/chart/coingecko:bitcoin?span=5&period=5min",
            502,
            "Internal server error",
        ),
        (
            "/chart/coingecko:bitcoin?start=soon&span=5",
            502,
            "Internal server error",
        ),
        (
            "/batchHistorical?coins=nonsense",
            502,
            "Internal server error",
        ),
        (
            "/prices/historical/soon/coingecko:bitcoin",
            502,
            "Internal server error",
        ),
        (
            "/block/nochain/1700000000",
            400,
            "invalid chain or timestamp",
        ),
    ];
    for (path, status, message) in cases {
        let reply = pro(&vendor, &format!("/coins{path}")).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.json()["message"], message, "{path}");
    }
    vendor.stop().await;
    let plan = DefiLlamaPlan {
        search_width_refused: true,
        ..DefiLlamaPlan::pro()
    };
    let vendor = support::defillama::vendor(plan).await;
    for path in [
        "/chart/coingecko:bitcoin?span=5",
        "/prices/current/coingecko:bitcoin?",
    ] {
        let refused = pro(&vendor, &format!("/coins{path}&searchWidth=6h")).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(
            pro(&vendor, &format!("/coins{path}")).await.status,
            200,
            "{path}"
        );
    }
    vendor.stop().await;
}

#[tokio::test]
async fn a_page_of_hours_is_what_a_collector_should_hold() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let start = at("2026-02-01T00:00:00Z").unix_timestamp();
    let mut served = Vec::new();
    for page in 0..4 {
        let path = format!(
            "/chart/coingecko:ethereum?start={}&span=480&period=1h",
            start + page * 480 * 3_600
        );
        served.extend(prices(&json(&vendor, &path).await, "coingecko:ethereum"));
    }
    let labelled: Vec<(i64, f64)> = served
        .iter()
        .map(|(ts, price)| ((ts + 1_800).div_euclid(3_600) * HOUR_MS, *price))
        .collect();
    let (from_ms, to_ms) = (start * 1_000, start * 1_000 + 4 * 480 * HOUR_MS);
    let truth = vendor.truth();
    let held = truth.defillama_series(
        "coin",
        "coingecko:ethereum",
        "price",
        Step::Hour,
        from_ms,
        to_ms,
    );
    assert_held(&held, &labelled, 0.0);
    assert!(held.len() < 4 * 480, "some hours are missing");
    let days = json(
        &vendor,
        &format!("/chart/coingecko:ethereum?start={start}&span=80"),
    )
    .await;
    let days: Vec<(i64, f64)> = prices(&days, "coingecko:ethereum")
        .iter()
        .map(|(ts, price)| ((ts + DAY_S / 2).div_euclid(DAY_S) * DAY_MS, *price))
        .collect();
    let held = truth.defillama_series(
        "coin",
        "coingecko:ethereum",
        "price",
        Step::Day,
        from_ms,
        to_ms,
    );
    assert_held(&held, &days, 0.0);
    assert_eq!(held.len(), 80, "a day has room to search");
    vendor.stop().await;
}

#[tokio::test]
async fn batches_are_unordered_and_may_repeat() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let start = at("2026-03-01T00:00:00Z").unix_timestamp();
    let instants: Vec<i64> = (0..12)
        .map(|n| start + n * 600)
        .chain([start + 5, start + 6])
        .collect();
    let coins = serde_json::json!({ "coingecko:bitcoin": instants, "coingecko:nobody": [start] })
        .to_string();
    let encoded: String = coins.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let reply = json(
        &vendor,
        &format!("/batchHistorical?coins={encoded}&searchWidth=10m"),
    )
    .await;
    assert_eq!(reply["coins"].as_object().unwrap().len(), 1);
    let points = prices(&reply, "coingecko:bitcoin");
    assert!(points.len() > 11 && !points.is_sorted_by_key(|(ts, _)| *ts));
    let mut distinct = points.clone();
    distinct.sort_by_key(|(ts, _)| *ts);
    distinct.dedup_by_key(|(ts, _)| *ts);
    assert!(distinct.len() < points.len());
    vendor.stop().await;
}

#[tokio::test]
async fn percentages_look_back_or_forward() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let then = NOW_S - 10 * DAY_S;
    let number = async |query: &str| {
        let reply = json(&vendor, &format!("/percentage/coingecko:bitcoin?{query}")).await;
        reply["coins"]["coingecko:bitcoin"].as_f64().unwrap()
    };
    let back = number(&format!("timestamp={then}&period=3d")).await;
    let forward = number(&format!(
        "timestamp={}&period=3d&lookForward=True",
        then - 3 * DAY_S
    ))
    .await;
    assert!((back - forward).abs() < 1e-9);
    assert!(number("").await.is_finite());
    vendor.stop().await;
}

#[tokio::test]
async fn blocks_are_at_or_before_their_instant() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let at = NOW_S - 100_000;
    let block = json(&vendor, &format!("/block/ethereum/{at}")).await;
    let found = block["timestamp"].as_i64().unwrap();
    assert!(found <= at && found > at - 12 && block["height"].as_i64().unwrap() > 1_000_000);
    let next = json(&vendor, &format!("/block/Ethereum/{}", at + 12)).await;
    assert_eq!(
        next["height"].as_i64().unwrap(),
        block["height"].as_i64().unwrap() + 1
    );
    vendor.stop().await;
}

#[tokio::test]
async fn what_ended_is_gone_or_worth_nothing() {
    let ids: Vec<String> = (0..12)
        .map(|n| format!("coin:coingecko:coin-{n}"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = knowing(&ids).await;
    let end = at("2026-05-01T00:00:00Z").unix_timestamp();
    let (mut gone, mut worthless) = (0, 0);
    for n in 0..12 {
        let id = format!("coin-{n}");
        vendor.set_listing(&Listing {
            id: id.clone(),
            listed_ms: None,
            delisted_ms: Some(end * 1_000),
        });
        let key = format!("coingecko:{id}");
        let now = json(&vendor, &format!("/prices/current/{key}")).await["coins"][&key].clone();
        if now.is_null() {
            gone += 1;
        } else {
            worthless += 1;
            assert_eq!(
                (now["price"].as_f64(), now["confidence"].as_f64()),
                (Some(0.0), Some(1.01))
            );
        }
        let truth = vendor.truth();
        assert_eq!(
            truth.defillama_live("coin", &key, "price", NOW_S * 1_000),
            None
        );
        let held = truth.defillama_series(
            "coin",
            &key,
            "price",
            Step::Day,
            (end - 10 * DAY_S) * 1_000,
            i64::MAX,
        );
        assert!(held.len() <= 11 && held.len() > 8, "{key}: {}", held.len());
    }
    assert!(gone > 1 && worthless > 1, "{gone} {worthless}");
    vendor.stop().await;
}

#[tokio::test]
async fn confidence_is_high_low_or_absent() {
    let ids: Vec<String> = (0..100)
        .map(|n| format!("coin:coingecko:coin-{n}"))
        .collect();
    let listed: Vec<&str> = ids.iter().map(String::as_str).collect();
    let keys: Vec<&str> = ids
        .iter()
        .map(|id| id.strip_prefix("coin:").unwrap())
        .collect();
    let path = format!("/coins/prices/current/{}", keys.join(","));
    let vendor = knowing(&listed).await;
    let plain = pro(&vendor, &path).await.json();
    let plain = plain["coins"].as_object().unwrap();
    assert_eq!(plain.len(), 100);
    assert!(plain.values().any(|coin| coin.get("confidence").is_none()));
    vendor.stop().await;
    let doubtful = DefiLlamaPlan {
        doubtful_coins: true,
        ..DefiLlamaPlan::pro()
    };
    let vendor = support::frozen(fake_vendors::Options {
        extra_ids: ids.clone(),
        ..support::defillama::options(doubtful)
    })
    .await;
    let low = pro(&vendor, &path).await.json();
    let low = low["coins"].as_object().unwrap().values();
    let low = low
        .filter(|coin| coin["confidence"].as_f64().is_some_and(|one| one < 0.9))
        .count();
    assert!((10..40).contains(&low), "{low}");
    let sure = |key: &&&str| {
        let truth = vendor.truth();
        truth
            .defillama_live("coin", key, "price", NOW_S * 1_000)
            .is_some()
    };
    assert_eq!(keys.iter().filter(sure).count(), 100 - low);
    vendor.stop().await;
}
