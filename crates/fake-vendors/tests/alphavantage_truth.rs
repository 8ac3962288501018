//! Who is who and what is true at the simulated Alpha Vantage, over real HTTP.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "test code")]

mod support;

#[path = "support/alphavantage.rs"]
mod alphavantage;

use std::time::{Duration, Instant};

use alphavantage::{PREMIUM, ask, frozen, json, ms, number, options, series, texts, vendor};
use fake_vendors::AlphaVantageField as Field;
use fake_vendors::{AlphaVantagePlan, Options, Revision};
use support::{control, revised};

const DAILY: &str = "function=TIME_SERIES_DAILY&symbol=IBM";
const FULL: &str = "function=TIME_SERIES_DAILY&symbol=IBM&outputsize=full";
const HOURLY: &str = "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=60min";

#[tokio::test]
async fn what_is_unknown_is_answered_by_function() {
    let unknown = [
        ("function=TIME_SERIES_DAILY&symbol=NOBODY", None),
        ("function=TIME_SERIES_DAILY", None),
        (
            "function=DIGITAL_CURRENCY_DAILY&symbol=NOBODY&market=USD",
            None,
        ),
        (
            "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=QQQ",
            None,
        ),
        ("function=FX_DAILY&from_symbol=BTC&to_symbol=USD", None),
        (
            "function=CURRENCY_EXCHANGE_RATE&from_currency=QQQ&to_currency=USD",
            None,
        ),
        ("function=TREASURY_YIELD&maturity=4year", None),
        ("function=WTI&interval=annual", None),
        (
            "function=GLOBAL_QUOTE&symbol=NOBODY",
            Some(r#"{"Global Quote":{}}"#),
        ),
        ("function=OVERVIEW&symbol=NOBODY", Some("{}")),
        ("function=OVERVIEW&symbol=SPY", Some("{}")),
        (
            "function=SYMBOL_SEARCH&keywords=nobody",
            Some(r#"{"bestMatches":[]}"#),
        ),
    ];
    let plain = vendor(PREMIUM).await;
    for (query, expected) in unknown {
        let body = json(&plain, query).await;
        match expected {
            Some(text) => assert_eq!(body.to_string(), text, "{query}"),
            None => assert!(
                body["Error Message"]
                    .as_str()
                    .unwrap()
                    .contains("Invalid API call"),
                "{query}"
            ),
        }
    }
    plain.stop().await;
    let bare = frozen(options("premium-75+bare-unknown".parse().unwrap())).await;
    let series = json(&bare, unknown[0].0).await;
    assert_eq!(
        series.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Meta Data"]
    );
    let rate = json(&bare, unknown[5].0).await;
    assert_eq!(
        rate.to_string(),
        r#"{"Realtime Currency Exchange Rate":{}}"#
    );
    bare.stop().await;
}

#[tokio::test]
async fn one_ticker_is_two_assets_and_pence_are_no_pounds() {
    let vendor = vendor(PREMIUM).await;
    let close = async |query: &str| {
        let served = json(&vendor, query).await;
        let rows = series(&served);
        number(&rows.values().next_back().unwrap()["4. close"])
    };
    let etf = close("function=TIME_SERIES_DAILY&symbol=BTC").await;
    let coin = close("function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=USD").await;
    assert!(coin / etf > 100.0, "{coin} {etf}");
    let found = json(&vendor, "function=SYMBOL_SEARCH&keywords=tsco").await;
    assert_eq!(found["bestMatches"][0]["8. currency"], "GBX");
    let dotted = json(&vendor, "function=TIME_SERIES_DAILY&symbol=tsco.lon").await;
    assert_eq!(dotted["Meta Data"]["2. Symbol"], "TSCO.LON");
    assert_eq!(dotted["Meta Data"]["5. Time Zone"], "US/Eastern");
    assert!(
        series(&dotted).get("2026-05-04").is_none(),
        "a bank holiday in London alone"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn truth_is_what_is_served_and_final() {
    let vendor = vendor(PREMIUM).await;
    let cases = [
        (FULL, Field::Close, "4. close"),
        (FULL, Field::Volume, "5. volume"),
        (
            "function=TIME_SERIES_MONTHLY&symbol=TSCO.LON",
            Field::High,
            "2. high",
        ),
        (
            "function=FX_WEEKLY&from_symbol=EUR&to_symbol=JPY",
            Field::Low,
            "3. low",
        ),
        (
            "function=DIGITAL_CURRENCY_DAILY&symbol=TON&market=EUR",
            Field::Open,
            "1. open",
        ),
        (
            "function=TIME_SERIES_DAILY_ADJUSTED&symbol=AAPL&outputsize=full",
            Field::Adjusted,
            "5. adjusted close",
        ),
    ];
    for (query, field, name) in cases {
        let served = json(&vendor, query).await;
        let held = vendor
            .truth()
            .alphavantage_series(query, field, 0, i64::MAX);
        let rows = series(&served);
        let newest = rows.len()
            - usize::from(
                query.contains("WEEKLY") || query.contains("MONTHLY") || query.contains("DIGITAL"),
            );
        assert!(held.len() >= newest, "{query}: {} of {newest}", held.len());
        for (label, row) in rows.iter().take(newest) {
            let found = held
                .binary_search_by_key(&ms(label), |(at_ms, _)| *at_ms)
                .unwrap();
            assert_eq!(held[found].1, number(&row[name]), "{query} {label}");
        }
    }
    let yields = "function=TREASURY_YIELD&interval=daily&maturity=2year";
    let served = json(&vendor, yields).await;
    let rows = served["data"].as_array().unwrap();
    let dots = rows.iter().filter(|row| row["value"] == ".").count();
    let held = vendor
        .truth()
        .alphavantage_series(yields, Field::Close, i64::MIN, i64::MAX);
    assert_eq!(held.len(), rows.len() - dots, "a dot is no value");
    assert!(dots > 600);
    let path =
        "/truth?function=TIME_SERIES_DAILY&symbol=IBM&field=close&from=2026-05-11&to=2026-05-18";
    let by_route = control(&vendor, "GET", path, "").await.json();
    assert_eq!(by_route.as_array().unwrap().len(), 5);
    let hourly = vendor.truth().alphavantage_series(
        HOURLY,
        Field::Close,
        ms("2003-06-02"),
        ms("2003-06-03"),
    );
    assert_eq!(hourly.len(), 16, "far back, too");
    vendor.stop().await;
}

#[tokio::test]
async fn revisions_and_listings_reach_answers_and_truth() {
    let vendor = vendor(PREMIUM).await;
    let close = async || {
        let served = json(&vendor, DAILY).await;
        number(&series(&served)["2026-05-13"]["4. close"])
    };
    let before = close().await;
    vendor.set_faults(revised(Revision {
        entity: Some("equity:IBM".to_owned()),
        metric: None,
        from_ms: ms("2026-05-13"),
        to_ms: ms("2026-05-14"),
        factor: 2.0,
    }));
    assert!((close().await / before - 2.0).abs() < 1e-3);
    let held =
        vendor
            .truth()
            .alphavantage_series(DAILY, Field::Close, ms("2026-05-13"), ms("2026-05-14"));
    assert_eq!(held[0].1, close().await);
    let yields = "function=FEDERAL_FUNDS_RATE&interval=daily";
    let rate = vendor.truth().alphavantage_series(
        yields,
        Field::Close,
        ms("2026-05-12"),
        ms("2026-05-15"),
    );
    vendor.set_faults(revised(Revision {
        entity: Some("macro:FEDERAL_FUNDS_RATE".to_owned()),
        metric: None,
        from_ms: ms("2026-05-13"),
        to_ms: ms("2026-05-14"),
        factor: 2.0,
    }));
    let revised = vendor.truth().alphavantage_series(
        yields,
        Field::Close,
        ms("2026-05-12"),
        ms("2026-05-15"),
    );
    let moved = rate.iter().zip(&revised).filter(|(a, b)| a != b).count();
    assert_eq!((rate.len(), moved), (3, 1));
    for listing in [
        r#"{"id":"equity:IBM","delisted":"2026-05-14"}"#,
        r#"{"id":"equity:NEWCO","listed":"2026-05-11"}"#,
    ] {
        assert_eq!(
            control(&vendor, "POST", "/listings", listing).await.status,
            204
        );
    }
    assert_eq!(texts(&vendor, DAILY).await[0], "2026-05-13");
    let weekly = "function=TIME_SERIES_WEEKLY&symbol=IBM";
    let served = json(&vendor, weekly).await;
    assert_eq!(served["Meta Data"]["3. Last Refreshed"], "2026-05-13");
    let held = vendor
        .truth()
        .alphavantage_series(weekly, Field::Close, ms("2026-05-11"), i64::MAX);
    assert_eq!(held.len(), 1, "the last week of a dead share moves no more");
    assert_eq!(
        texts(&vendor, "function=TIME_SERIES_DAILY&symbol=NEWCO")
            .await
            .len(),
        5
    );
    let active = ask(&vendor, "function=LISTING_STATUS").await.text();
    let gone = ask(&vendor, "function=LISTING_STATUS&state=delisted")
        .await
        .text();
    assert!(active.contains("\r\nNEWCO,") && !active.contains("\r\nIBM,"));
    assert!(gone.contains(",1962-01-02,2026-05-14,Delisted\r\n"));
    vendor.stop().await;
}

#[tokio::test]
async fn many_assets_are_cheap() {
    let kinds = ["equity", "etf", "crypto", "fx"];
    let ids = (0..400).map(|n| format!("{}:X{n}:USD", kinds[n % 4]));
    let vendor = frozen(Options {
        extra_ids: ids.collect(),
        ..options(AlphaVantagePlan::FREE)
    })
    .await;
    let begun = Instant::now();
    for n in 0..100 {
        let query = match n % 4 {
            0 | 1 => format!("function=TIME_SERIES_DAILY&symbol=X{n}"),
            2 => format!("function=DIGITAL_CURRENCY_DAILY&symbol=X{n}&market=EUR"),
            _ => format!("function=FX_DAILY&from_symbol=X{n}&to_symbol=USD"),
        };
        let served = json(&vendor, &query).await;
        assert!(series(&served).len() >= 100, "{query}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    vendor.stop().await;
}
