//! Charts, candles and single days of the simulated CoinGecko, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::collections::BTreeMap;

use fake_vendors::{FakeVendor, Listing, Metric, Plan, Step};
use support::{DAY_MS, DAY_S, HOUR_MS, NOW_S, Wire, at, get, vendor};

const NOW_MS: i64 = NOW_S * 1_000;

async fn range(vendor: &FakeVendor, coin: &str, from_s: i64, to_s: i64) -> Wire {
    let path = format!("/coins/{coin}/market_chart/range?vs_currency=usd&from={from_s}&to={to_s}");
    let reply = get(vendor, &path).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

#[tokio::test]
async fn the_span_alone_decides_the_step() {
    let vendor = vendor(Plan::Analyst).await;
    let old = NOW_S - 400 * DAY_S;
    let count = async |from: i64, to: i64| {
        range(&vendor, "bitcoin", from, to)
            .await
            .points("prices")
            .len()
    };
    let fine = count(NOW_S - DAY_S, NOW_S).await;
    assert!(
        (270..=290).contains(&fine),
        "5 minutes for the day that ends now: {fine}"
    );
    let past_day = count(old, old + DAY_S).await;
    assert!(
        (22..=26).contains(&past_day),
        "hourly for a day in the past: {past_day}"
    );
    let hourly = count(old, old + 90 * DAY_S).await;
    assert!(
        (2_130..=2_162).contains(&hourly),
        "hourly at 90 days: {hourly}"
    );
    let daily = count(old, old + 90 * DAY_S + 1).await;
    assert!((90..=91).contains(&daily), "daily a second later: {daily}");
    let days = range(&vendor, "bitcoin", old, old + 200 * DAY_S)
        .await
        .points("prices");
    assert!(
        days.iter().all(|(ms, _)| ms % DAY_MS == 0),
        "exact midnights, no live sample"
    );
    assert_eq!(count(old, old + 600).await, 0, "ten minutes hold no hour");
    vendor.stop().await;
}

#[tokio::test]
async fn hourly_stamps_are_jittered_and_end_in_a_live_sample() {
    let vendor = vendor(Plan::Demo).await;
    let reply = range(&vendor, "ethereum", NOW_S - 60 * DAY_S, NOW_S + 3_600).await;
    let prices = reply.points("prices");
    assert!(prices.is_sorted_by(|a, b| a.0 < b.0));
    let offset = |ms: i64| (ms + HOUR_MS / 2).rem_euclid(HOUR_MS) - HOUR_MS / 2;
    let charted = &prices[..prices.len() - 1];
    assert!(charted.iter().all(|(ms, _)| ms % HOUR_MS != 0));
    assert!(
        charted.iter().any(|(ms, _)| offset(*ms) < 0),
        "some before the hour"
    );
    assert!(
        charted.iter().any(|(ms, _)| offset(*ms) > 15 * 60_000),
        "some too late"
    );
    let (live_ms, _) = *prices.last().unwrap();
    let live = vendor
        .truth()
        .coingecko_live("ethereum", "usd", Metric::Price, NOW_MS)
        .unwrap();
    assert_eq!(live_ms, live.0);
    let caps = reply.points("market_caps");
    assert!(caps.iter().any(|(_, cap)| cap.is_none()), "nulls");
    assert_ne!(caps.len(), prices.len(), "join by stamp, not by place");
    vendor.stop().await;
}

/// Buckets a chart by the contract's rule, without help from the simulator.
fn bucketed(points: &[(i64, Option<f64>)], from_ms: i64, to_ms: i64) -> Vec<(i64, f64)> {
    let mut best: BTreeMap<i64, (i64, f64)> = BTreeMap::new();
    for (ms, value) in points {
        let label = (ms + HOUR_MS / 2).div_euclid(HOUR_MS) * HOUR_MS;
        let off = (ms - label).abs();
        let Some(value) = value.filter(|_| off <= 15 * 60_000) else {
            continue;
        };
        let slot = best.entry(label).or_insert((off, value));
        if off < slot.0 {
            *slot = (off, value);
        }
    }
    best.range(from_ms..to_ms)
        .map(|(label, (_, value))| (*label, *value))
        .collect()
}

#[tokio::test]
async fn the_truth_is_what_a_careful_reader_of_charts_holds() {
    let vendor = vendor(Plan::Analyst).await;
    let first = 1_740_787_200; // 2025-03-01
    let (from_ms, to_ms) = (first * 1_000, (first + 30 * DAY_S) * 1_000);
    for (name, metric) in [
        ("prices", Metric::Price),
        ("market_caps", Metric::MarketCap),
        ("total_volumes", Metric::Volume24h),
    ] {
        let mut points = Vec::new();
        for chunk in 0..3 {
            let from = first + chunk * 10 * DAY_S - 3_600;
            points.extend(
                range(&vendor, "solana", from, from + 10 * DAY_S + 7_200)
                    .await
                    .points(name),
            );
        }
        let held = bucketed(&points, from_ms, to_ms);
        let truth =
            vendor
                .truth()
                .coingecko_series("solana", "usd", metric, Step::Hour, from_ms, to_ms);
        assert!(truth.len() > 690, "{}", truth.len());
        assert_eq!(held, truth, "{name}");
    }
    let long = range(&vendor, "solana", first - 60 * DAY_S, first + 60 * DAY_S).await;
    let daily: Vec<(i64, f64)> = long
        .points("prices")
        .into_iter()
        .map(|(ms, price)| (ms, price.unwrap()))
        .collect();
    let (begin, end) = (
        (first - 60 * DAY_S) * 1_000,
        (first + 60 * DAY_S) * 1_000 + 1,
    );
    let truth =
        vendor
            .truth()
            .coingecko_series("solana", "usd", Metric::Price, Step::Day, begin, end);
    assert_eq!(daily, truth);
    vendor.stop().await;
}

#[tokio::test]
async fn fourteen_days_daily_are_fourteen_midnights_and_a_live_sample() {
    let vendor = vendor(Plan::Demo).await;
    let path = "/coins/bitcoin/market_chart?vs_currency=usd&days=14&interval=daily";
    let prices = get(&vendor, path).await.points("prices");
    assert_eq!(prices.len(), 15);
    assert_eq!(prices[0].0, 1_777_939_200_000);
    assert!(prices[..14].iter().all(|(ms, _)| ms % DAY_MS == 0));
    assert_ne!(prices[14].0 % DAY_MS, 0);
    vendor.set_now(at("2026-05-18T00:34:00Z"));
    assert_eq!(
        get(&vendor, path).await.points("prices").len(),
        14,
        "today's midnight is not out yet"
    );
    vendor.set_now(at("2026-05-18T00:36:00Z"));
    assert_eq!(get(&vendor, path).await.points("prices").len(), 15);
    let fine = get(
        &vendor,
        "/coins/bitcoin/market_chart?vs_currency=usd&days=1",
    )
    .await;
    assert!(fine.points("prices").len() > 270);
    let hourly = get(
        &vendor,
        "/coins/bitcoin/market_chart?vs_currency=usd&days=90",
    )
    .await;
    assert!(hourly.points("prices").len() > 2_100);
    let daily = get(
        &vendor,
        "/coins/bitcoin/market_chart?vs_currency=usd&days=91",
    )
    .await;
    assert!(daily.points("prices").len() <= 92);
    let fine = get(
        &vendor,
        "/coins/bitcoin/market_chart?vs_currency=usd&days=7&interval=hourly",
    )
    .await;
    assert_eq!(fine.json()["status"]["error_code"], 10_005);
    vendor.stop().await;
}

#[tokio::test]
async fn lives_bound_what_is_served() {
    let vendor = vendor(Plan::Analyst).await;
    let before = range(
        &vendor,
        "hyperliquid",
        1_704_067_200,
        1_704_067_200 + 30 * DAY_S,
    )
    .await;
    assert_eq!(
        before.text(),
        r#"{"prices":[],"market_caps":[],"total_volumes":[]}"#
    );
    let across = range(
        &vendor,
        "hyperliquid",
        1_732_838_400 - 30 * DAY_S,
        1_732_838_400 + 30 * DAY_S,
    )
    .await;
    let first = across.points("prices")[0].0;
    assert!(
        (0..2 * HOUR_MS).contains(&(first - 1_732_838_400_000)),
        "begins when listed"
    );
    let after = range(&vendor, "matic-network", 1_740_787_200, NOW_S).await;
    assert!(
        after.points("prices").last().unwrap().0 < 1_742_428_800_000,
        "stops when delisted"
    );
    vendor.set_listing(&Listing {
        id: "aave".into(),
        listed_ms: None,
        delisted_ms: Some(NOW_MS - 10 * DAY_MS),
    });
    let markets = get(&vendor, "/coins/markets?vs_currency=usd&ids=aave").await;
    assert_eq!(markets.text(), "[]");
    let old = range(
        &vendor,
        "bitcoin",
        1_514_764_800,
        1_514_764_800 + 60 * DAY_S,
    )
    .await;
    assert_eq!(
        old.points("prices")[0].0 / DAY_MS,
        17_561,
        "hourly data begin 2018-01-30"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn one_day_by_history_is_the_midnight_of_the_chart() {
    let vendor = vendor(Plan::Analyst).await;
    let chart = range(&vendor, "ethereum", NOW_S - 120 * DAY_S, NOW_S).await;
    let midnight = 1_776_988_800_000; // 2026-04-24
    let price = chart
        .points("prices")
        .into_iter()
        .find(|(ms, _)| *ms == midnight)
        .unwrap()
        .1
        .unwrap();
    for date in ["24-04-2026", "2026-04-24"] {
        let path = format!("/coins/ethereum/history?date={date}&localization=false");
        let body = get(&vendor, &path).await.json();
        let usd = body["market_data"]["current_price"]["usd"]
            .as_f64()
            .unwrap();
        assert!((usd / price - 1.0).abs() < 1e-14);
        assert_eq!(
            body["market_data"]["current_price"]
                .as_object()
                .unwrap()
                .len(),
            63
        );
        assert!(body.get("localization").is_none());
    }
    let none = get(&vendor, "/coins/hyperliquid/history?date=01-01-2024").await;
    assert_eq!(none.status, 200);
    assert!(none.json().get("market_data").is_none());
    vendor.stop().await;
}

#[tokio::test]
async fn candles_are_stamped_at_their_close_and_agree_with_each_other() {
    let vendor = vendor(Plan::Analyst).await;
    let candles = async |path: &str| -> Vec<Vec<f64>> {
        let reply = get(&vendor, path).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    };
    let window =
        "/coins/bitcoin/ohlc/range?vs_currency=usd&precision=full&from=2026-05-01&to=2026-05-03";
    let daily = candles(&format!("{window}&interval=daily")).await;
    assert_eq!(daily.len(), 3);
    let hourly = candles(&format!("{window}&interval=hourly")).await;
    assert_eq!(hourly.len(), 49);
    let day = &daily[1]; // stamped 2 May, covers 1 May
    let hours = &hourly[1..25];
    assert_eq!(day[1].to_bits(), hours[0][1].to_bits());
    assert_eq!(day[4].to_bits(), hours[23][4].to_bits());
    let high = hours.iter().map(|hour| hour[2]).fold(f64::MIN, f64::max);
    let low = hours.iter().map(|hour| hour[3]).fold(f64::MAX, f64::min);
    assert_eq!(
        (day[2].to_bits(), day[3].to_bits()),
        (high.to_bits(), low.to_bits())
    );
    let too_long = window.replace("to=2026-05-03", "to=2026-06-03&interval=hourly");
    assert_eq!(get(&vendor, &too_long).await.status, 400);
    for (days, step_ms) in [("1", HOUR_MS / 2), ("30", 4 * HOUR_MS), ("90", 4 * DAY_MS)] {
        let automatic = candles(&format!("/coins/bitcoin/ohlc?vs_currency=usd&days={days}")).await;
        assert!(
            (automatic[1][0] - automatic[0][0] - f64::from(u32::try_from(step_ms).unwrap())).abs()
                < 0.5
        );
    }
    vendor.stop().await;
}
