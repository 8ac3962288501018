//! Pairs, coins and what is true at the simulated Alpha Vantage, over real HTTP.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "test code")]

mod support;

#[path = "support/alphavantage.rs"]
mod alphavantage;

use alphavantage::{
    PREMIUM, frozen, json, ms, number, options, sample_json, series, shape, texts, vendor,
};
use fake_vendors::AlphaVantageField as Field;
use support::at;

const DAILY: &str = "function=TIME_SERIES_DAILY&symbol=IBM";
const DIGITAL: &str = "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=EUR";

#[tokio::test]
async fn answers_have_the_shape_of_the_samples() {
    let vendor = vendor(PREMIUM).await;
    let cases = [
        ("time_series_daily_ibm_compact.json", DAILY),
        (
            "time_series_daily_adjusted_aapl_split.json",
            "function=TIME_SERIES_DAILY_ADJUSTED&symbol=AAPL",
        ),
        (
            "time_series_intraday_spy_60min.json",
            "function=TIME_SERIES_INTRADAY&symbol=SPY&interval=60min",
        ),
        ("digital_currency_daily_btc_eur.json", DIGITAL),
        (
            "crypto_intraday_eth_usd_60min.json",
            "function=CRYPTO_INTRADAY&symbol=ETH&market=USD&interval=60min",
        ),
        (
            "treasury_yield_daily_10year.json",
            "function=TREASURY_YIELD&interval=daily&maturity=10year",
        ),
        (
            "currency_exchange_rate_btc_usd.json",
            "function=CURRENCY_EXCHANGE_RATE&from_currency=BTC&to_currency=USD",
        ),
        ("global_quote_ibm.json", "function=GLOBAL_QUOTE&symbol=IBM"),
    ];
    for (name, query) in cases {
        let (served, expected) = (json(&vendor, query).await, sample_json(name));
        assert_eq!(shape(&served), shape(&expected), "{name}");
        let fixed = [
            "1. Information",
            "5. Time Zone",
            "7. Time Zone",
            "9. Time Zone",
            "4. Output Size",
            "5. Market Name",
        ];
        for field in fixed {
            let (served, expected) = (&served["Meta Data"][field], &expected["Meta Data"][field]);
            assert_eq!(served, expected, "{name} {field}");
        }
    }
    vendor.stop().await;
}

#[tokio::test]
async fn the_row_of_the_present_day_of_a_coin_is_a_stub() {
    let vendor = vendor(PREMIUM).await;
    vendor.set_now(at("2026-06-10T20:08:00Z"));
    let served = json(&vendor, DIGITAL).await;
    assert_eq!(
        served["Meta Data"]["6. Last Refreshed"],
        "2026-06-10 00:00:00"
    );
    let volume = |day: &str| number(&series(&served)[day]["5. volume"]);
    assert!(volume("2026-06-10") < volume("2026-06-09") / 100.0);
    assert_eq!(series(&served).len(), 350, "the past is not full");
    vendor.set_now(at("2026-06-11T00:03:00Z"));
    let early = json(&vendor, DIGITAL).await;
    assert_eq!(
        early["Time Series (Digital Currency Daily)"],
        served["Time Series (Digital Currency Daily)"]
    );
    vendor.set_now(at("2026-06-11T00:05:00Z"));
    let next = json(&vendor, DIGITAL).await;
    let day = &series(&next)["2026-06-10"];
    assert!(number(&day["5. volume"]) > volume("2026-06-10") * 100.0);
    assert_eq!(day["1. open"], series(&served)["2026-06-10"]["1. open"]);
    let held = vendor.truth().alphavantage_series(
        DIGITAL,
        Field::Close,
        ms("2026-06-09"),
        ms("2026-06-20"),
    );
    assert_eq!(
        held.iter().map(|(label, _)| *label).collect::<Vec<_>>(),
        [ms("2026-06-09"), ms("2026-06-10")]
    );
    let dollars = json(
        &vendor,
        "function=DIGITAL_CURRENCY_WEEKLY&symbol=BTC&market=USD",
    )
    .await;
    assert_eq!(series(&dollars).len(), 144);
    let months = json(
        &vendor,
        "function=DIGITAL_CURRENCY_MONTHLY&symbol=BTC&market=USD",
    )
    .await;
    assert_eq!(series(&months).len(), 31);
    vendor.stop().await;
    let deep = frozen(options("free+crypto-days=1000".parse().unwrap())).await;
    assert_eq!(series(&json(&deep, DIGITAL).await).len(), 1_000);
    deep.stop().await;
}

#[tokio::test]
async fn the_legacy_layout_says_everything_twice() {
    let vendor = frozen(options("free+legacy-crypto".parse().unwrap())).await;
    let served = json(&vendor, DIGITAL).await;
    let row = &series(&served)["2026-05-17"];
    assert_eq!(row.as_object().unwrap().len(), 10);
    let ratio = number(&row["4b. close (USD)"]) / number(&row["4a. close (EUR)"]);
    assert!((1.0..1.4).contains(&ratio), "{ratio}");
    assert_eq!(row["6. market cap (USD)"], row["5. volume"]);
    let dollars = json(
        &vendor,
        "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=USD",
    )
    .await;
    let row = &series(&dollars)["2026-05-17"];
    assert_eq!(row["1a. open (USD)"], row["1b. open (USD)"]);
    vendor.stop().await;
}

#[tokio::test]
async fn pairs_rest_at_weekends_and_coins_never_do() {
    let vendor = vendor(PREMIUM).await;
    vendor.set_now(at("2026-05-17T23:10:00Z"));
    let fx = "function=FX_DAILY&from_symbol=EUR&to_symbol=USD";
    let days = json(&vendor, fx).await;
    assert_eq!(series(&days).len(), 100);
    assert!(series(&days).get("2026-05-16").is_none() && series(&days).get("2026-05-17").is_none());
    assert!(series(&days)["2026-05-15"].get("5. volume").is_none());
    assert_eq!(days["Meta Data"]["5. Last Refreshed"], "2026-05-15");
    let hours = texts(
        &vendor,
        "function=FX_INTRADAY&from_symbol=EUR&to_symbol=USD&interval=60min",
    )
    .await;
    assert_eq!(hours.len(), 100);
    assert_eq!(
        hours[..3],
        [
            "2026-05-17 23:00:00",
            "2026-05-17 22:00:00",
            "2026-05-15 21:00:00"
        ]
    );
    vendor.set_now(at("2026-05-18T12:00:00Z"));
    let moving = json(&vendor, fx).await;
    vendor.set_now(at("2026-05-18T13:00:00Z"));
    let moved = json(&vendor, fx).await;
    assert_ne!(series(&moving)["2026-05-18"], series(&moved)["2026-05-18"]);
    assert_eq!(series(&moving)["2026-05-15"], series(&moved)["2026-05-15"]);
    let crypto = json(
        &vendor,
        "function=CRYPTO_INTRADAY&symbol=ETH&market=USD&interval=60min",
    )
    .await;
    let rows = series(&crypto);
    assert_eq!(
        (rows.len(), rows.keys().next_back().unwrap().as_str()),
        (100, "2026-05-18 12:00:00")
    );
    assert!(rows["2026-05-17 03:00:00"]["5. volume"].is_number());
    let full = "function=CRYPTO_INTRADAY&symbol=ETH&market=USD&interval=60min&outputsize=full";
    assert_eq!(series(&json(&vendor, full).await).len(), 30 * 24);
    vendor.stop().await;
}
