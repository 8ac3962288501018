//! Keys, plans and limits of the simulated Alpha Vantage, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

#[path = "support/alphavantage.rs"]
mod alphavantage;

use std::time::Duration;

use alphavantage::{KEY, PREMIUM, REALTIME, ask, frozen, json, limited, listed, notice, vendor};
use fake_vendors::{AlphaVantagePlan, FakeVendor, Options};
use support::{Wire, at, get_with};

const DAILY: &str = "function=TIME_SERIES_DAILY&symbol=IBM";
const FREE: AlphaVantagePlan = AlphaVantagePlan::FREE;

async fn with_key(vendor: &FakeVendor, query: &str, key: &str) -> Wire {
    get_with(vendor, &format!("/query?{query}&apikey={key}"), &[]).await
}

#[tokio::test]
async fn keys_are_checked_little() {
    let vendor = vendor(FREE).await;
    for query in [
        "/query?function=TIME_SERIES_DAILY&symbol=IBM".to_owned(),
        "/query?function=TIME_SERIES_DAILY&symbol=IBM&apikey=".to_owned(),
        "/query?function=TIME_SERIES_DAILY&symbol=IBM&apikey=invalid".to_owned(),
        format!("/query?function=TIME_SERIES_DAILY&symbol=IBM&apiKey={KEY}"),
    ] {
        let reply = get_with(&vendor, &query, &[]).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, listed("missing_or_empty_key"))
        );
    }
    assert_eq!(
        with_key(&vendor, DAILY, "never-heard-of").await.json()["Meta Data"]["2. Symbol"],
        "IBM"
    );
    let full = format!("{DAILY}&outputsize=full");
    let unlisted = with_key(&vendor, &full, "never-heard-of").await;
    assert!(unlisted.body.len() > 500_000, "it acts as premium");
    let bulk = "function=REALTIME_BULK_QUOTES&symbol=IBM";
    let without_right = with_key(&vendor, bulk, "never-heard-of").await;
    assert_eq!(without_right.json(), listed("premium_endpoint"));
    assert!(with_key(&vendor, DAILY, "demo").await.json()["Meta Data"].is_object());
    assert_eq!(
        with_key(&vendor, &full, "demo").await.json(),
        listed("demo_key_outside_demo_urls")
    );
    assert_eq!(
        with_key(&vendor, &full, "free").await.json(),
        listed("premium_parameter_outputsize_full"),
        "a key spelled like a plan has that plan"
    );
    let logged = vendor.requests();
    assert!(logged.iter().all(|one| !format!("{one:?}").contains(KEY)));
    let callers: Vec<_> = logged.iter().map(|one| one.caller).collect();
    assert_eq!(callers[..4], ["none"; 4]);
    assert_eq!(
        callers[4..],
        ["unlisted", "unlisted", "unlisted", "demo", "none", "free"]
    );
    vendor.stop().await;
}

#[tokio::test]
async fn a_free_key_has_one_call_a_second_and_25_a_day() {
    let vendor = frozen(limited(FREE)).await;
    assert!(ask(&vendor, DAILY).await.json()["Meta Data"].is_object());
    let burst = ask(&vendor, DAILY).await;
    assert_eq!(burst.json(), listed("burst_free_key"));
    for name in [
        "retry-after",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "etag",
    ] {
        assert_eq!(burst.header(name), None);
    }
    for n in 0..23 {
        vendor.advance(Duration::from_millis(1_000));
        assert!(
            ask(&vendor, DAILY).await.json()["Meta Data"].is_object(),
            "{n}"
        );
    }
    vendor.advance(Duration::from_secs(10));
    let spent = notice(&ask(&vendor, DAILY).await);
    let expected = listed("daily_quota_free_key")["Information"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        spent,
        expected.replace("TESTKEY123456789", KEY),
        "it echoes the key"
    );
    let other = with_key(&vendor, DAILY, "free").await;
    assert!(
        other.json()["Meta Data"].is_object(),
        "another key has a day of its own"
    );
    vendor.set_now(at("2026-05-18T23:59:59Z"));
    assert_eq!(notice(&ask(&vendor, DAILY).await), spent);
    vendor.set_now(at("2026-05-19T00:00:00Z"));
    assert!(ask(&vendor, DAILY).await.json()["Meta Data"].is_object());
    vendor.stop().await;
}

#[tokio::test]
async fn what_is_open_about_the_day_can_be_switched() {
    let two = |plan| Options {
        monthly_credits: Some(2),
        ..limited(plan)
    };
    let eastern = frozen(two("free+eastern-day".parse().unwrap())).await;
    let served =
        async |vendor: &FakeVendor| ask(vendor, DAILY).await.json()["Meta Data"].is_object();
    for (now, expected) in [
        ("2026-05-18T20:00:00Z", true),
        ("2026-05-18T20:00:01Z", true),
        ("2026-05-19T03:59:59Z", false),
        ("2026-05-19T04:00:00Z", true),
    ] {
        eastern.set_now(at(now));
        assert_eq!(served(&eastern).await, expected, "{now}");
    }
    eastern.stop().await;
    for (plan, third) in [("free", false), ("free+free-refusals", true)] {
        let vendor = frozen(two(plan.parse().unwrap())).await;
        assert!(served(&vendor).await);
        assert!(!served(&vendor).await, "too fast");
        vendor.advance(Duration::from_secs(1));
        assert_eq!(served(&vendor).await, third, "{plan}");
        vendor.stop().await;
    }
}

#[tokio::test]
async fn a_premium_key_has_a_minute_and_an_unpublished_second() {
    let vendor = frozen(limited(PREMIUM)).await;
    for _ in 0..10 {
        assert!(ask(&vendor, DAILY).await.json()["Meta Data"].is_object());
    }
    let burst = notice(&ask(&vendor, DAILY).await);
    assert!(burst.contains("Burst pattern") && burst.contains("10 requests per second"));
    vendor.advance(Duration::from_millis(900));
    for _ in 0..65 {
        vendor.advance(Duration::from_millis(100));
        assert!(ask(&vendor, DAILY).await.json()["Meta Data"].is_object());
    }
    vendor.advance(Duration::from_secs(1));
    assert_eq!(
        ask(&vendor, DAILY).await.json(),
        listed("minute_limit_premium_key")
    );
    vendor.advance(Duration::from_millis(51_600));
    assert!(
        ask(&vendor, DAILY).await.json()["Meta Data"].is_object(),
        "the oldest are a minute old"
    );
    vendor.reset();
    vendor.set_frozen(false);
    for _ in 0..30 {
        assert_eq!(ask(&vendor, DAILY).await.status, 200, "there is no day");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn plans_open_functions_and_parameters() {
    let premium = [
        "function=TIME_SERIES_DAILY_ADJUSTED&symbol=IBM",
        "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=60min",
        "function=FX_INTRADAY&from_symbol=EUR&to_symbol=USD&interval=60min",
        "function=CRYPTO_INTRADAY&symbol=BTC&market=USD&interval=60min",
        "function=INDEX_DATA&symbol=SPX&interval=daily",
    ];
    let realtime = [
        "function=REALTIME_BULK_QUOTES&symbol=IBM",
        "function=TIME_SERIES_DAILY&symbol=IBM&entitlement=delayed",
        "function=GLOBAL_QUOTE&symbol=IBM&entitlement=realtime",
    ];
    let free = [
        "function=TIME_SERIES_DAILY&symbol=IBM&outputsize=compact",
        "function=TIME_SERIES_WEEKLY&symbol=IBM",
        "function=TIME_SERIES_WEEKLY_ADJUSTED&symbol=IBM",
        "function=TIME_SERIES_MONTHLY&symbol=IBM",
        "function=TIME_SERIES_MONTHLY_ADJUSTED&symbol=IBM",
        "function=GLOBAL_QUOTE&symbol=IBM",
        "function=SYMBOL_SEARCH&keywords=ibm",
        "function=MARKET_STATUS",
        "function=OVERVIEW&symbol=IBM",
        "function=DIVIDENDS&symbol=IBM",
        "function=SPLITS&symbol=IBM",
        "function=CURRENCY_EXCHANGE_RATE&from_currency=BTC&to_currency=USD",
        "function=FX_DAILY&from_symbol=EUR&to_symbol=USD&outputsize=full",
        "function=FX_WEEKLY&from_symbol=EUR&to_symbol=USD",
        "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=USD",
        "function=DIGITAL_CURRENCY_MONTHLY&symbol=BTC&market=USD",
        "function=WTI",
        "function=CPI",
        "function=INDEX_CATALOG",
    ];
    let (gate, full) = (
        listed("premium_endpoint"),
        listed("premium_parameter_outputsize_full"),
    );
    for (plan, opens_premium, opens_realtime) in [
        (FREE, false, false),
        (PREMIUM, true, false),
        (REALTIME, true, true),
    ] {
        let vendor = vendor(plan).await;
        for query in free {
            let body = json(&vendor, query).await;
            let refused = ["Information", "Error Message", "Note"]
                .iter()
                .any(|word| body.get(word).is_some());
            assert!(!refused, "{query}: {body}");
        }
        for query in premium {
            assert_eq!(
                json(&vendor, query).await != gate,
                opens_premium,
                "{plan:?} {query}"
            );
        }
        for query in realtime {
            assert_eq!(
                json(&vendor, query).await != gate,
                opens_realtime,
                "{plan:?} {query}"
            );
        }
        let asked = json(&vendor, &format!("{DAILY}&outputsize=full")).await;
        assert_eq!(asked != full, opens_premium);
        vendor.stop().await;
    }
}

#[tokio::test]
async fn functions_that_do_not_exist_are_named() {
    let vendor = vendor(PREMIUM).await;
    assert_eq!(
        json(&vendor, "function=TIME_SERIES_DALY&symbol=IBM").await,
        listed("unknown_function")
    );
    assert_eq!(
        json(&vendor, "symbol=IBM").await,
        listed("missing_function")
    );
    assert!(json(&vendor, "function=wti").await["Error Message"].is_string());
    let counts = vendor.counts();
    assert_eq!(counts.of("/query?function=(unknown)"), 3);
    let path = format!("/query/?apikey={KEY}&symbol=IBM&function=TIME_SERIES_DAILY&more=x");
    let sent_otherwise = get_with(&vendor, &path, &[]).await;
    assert!(
        sent_otherwise.json()["Meta Data"].is_object(),
        "order and slash do not matter"
    );
    assert_eq!(get_with(&vendor, "/other", &[]).await.status, 404);
    vendor.stop().await;
}

#[tokio::test]
async fn currency_lists_need_no_key() {
    let vendor = vendor(FREE).await;
    let physical = get_with(&vendor, "/physical_currency_list/", &[]).await;
    let digital = get_with(&vendor, "/digital_currency_list/", &[])
        .await
        .text();
    assert_eq!(
        physical.header("content-type"),
        Some("application/x-download")
    );
    assert!(
        physical
            .text()
            .starts_with("currency code,currency name\r\nAED,")
    );
    assert!(digital.contains("\r\nBTC,Bitcoin\r\n"));
    assert!(digital.contains("\r\nPENDLE,Pendle\r\n"));
    let promised = json(
        &vendor,
        "function=DIGITAL_CURRENCY_DAILY&symbol=PENDLE&market=USD",
    )
    .await;
    assert!(
        promised["Error Message"].is_string(),
        "the list promises too much"
    );
    assert!(
        vendor
            .requests()
            .iter()
            .take(2)
            .all(|one| one.caller == "none")
    );
    vendor.stop().await;
}
