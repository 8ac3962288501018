//! Keys, plans, limits and headers of the simulated CoinGecko, over real HTTP.

mod support;

use std::time::Duration;

use fake_vendors::{Options, Plan};
use support::{DAY_S, KEY, NOW_S, get, get_with, options, vendor};

const AGENT: (&str, &str) = ("user-agent", "test/1.0");

#[tokio::test]
async fn without_a_user_agent_nothing_is_served() {
    let vendor = vendor(Plan::Demo).await;
    for headers in [&[("x-cg-demo-api-key", KEY)][..], &[("user-agent", "")][..]] {
        let reply = get_with(&vendor, "/ping", headers).await;
        assert_eq!(reply.status, 403);
        assert_eq!(reply.json()["status"]["error_code"], 403);
        assert!(reply.text().contains("descriptive User-Agent"));
    }
    vendor.stop().await;
}

#[tokio::test]
async fn keys_are_read_from_header_and_query_and_wrong_ones_refused() {
    let demo = vendor(Plan::Demo).await;
    assert_eq!(
        get_with(&demo, "/ping", &[AGENT, ("X-CG-Demo-API-Key", KEY)])
            .await
            .status,
        200
    );
    let by_query = format!("/ping?x_cg_demo_api_key={KEY}");
    assert_eq!(get_with(&demo, &by_query, &[AGENT]).await.status, 200);
    let wrong = get_with(&demo, "/ping", &[AGENT, ("x-cg-demo-api-key", "CG-no")]).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        wrong.text(),
        r#"{"status":{"error_code":401,"error_message":"invalid demo api key usage"}}"#
    );
    let pro_here = get_with(&demo, "/ping", &[AGENT, ("x-cg-pro-api-key", KEY)]).await;
    assert_eq!(
        (pro_here.status, pro_here.json()["error_code"].as_i64()),
        (400, Some(10_010))
    );
    let logged = demo.requests();
    assert_eq!(logged[1].query, "x_cg_demo_api_key=***");
    assert!(logged.iter().all(|one| !format!("{one:?}").contains(KEY)));
    demo.stop().await;

    let pro = vendor(Plan::Analyst).await;
    let missing = get_with(&pro, "/ping", &[AGENT]).await;
    assert_eq!(missing.status, 401);
    assert_eq!(missing.json()["status"]["error_code"], 10_002);
    let wrong = get_with(&pro, "/ping", &[AGENT, ("x-cg-pro-api-key", "CG-no")]).await;
    assert_eq!(
        wrong.json()["status"]["error_message"],
        "invalid pro api key usage"
    );
    let demo_here = get_with(&pro, "/ping", &[AGENT, ("x-cg-demo-api-key", KEY)]).await;
    assert_eq!(demo_here.status, 400);
    assert_eq!(demo_here.json()["error_code"], 10_011);
    assert!(demo_here.json()["status"]["error_message"].is_string());
    pro.stop().await;
}

#[tokio::test]
async fn without_a_key_the_public_host_serves_ten_a_minute() {
    let vendor = vendor(Plan::Demo).await;
    for _ in 0..10 {
        assert_eq!(get_with(&vendor, "/ping", &[AGENT]).await.status, 200);
    }
    assert_eq!(get_with(&vendor, "/ping", &[AGENT]).await.status, 429);
    assert_eq!(
        get(&vendor, "/ping").await.status,
        200,
        "the key has a minute of its own"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn the_minute_counts_errors_too_and_tells_when_it_ends() {
    let limited = Options {
        rpm: Some(3),
        ..options(Plan::Demo)
    };
    let vendor = support::frozen(limited).await;
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    assert_eq!(
        get(&vendor, "/coins/nobody/history?date=01-05-2026")
            .await
            .status,
        404
    );
    assert_eq!(get(&vendor, "/coins/markets").await.status, 422);
    let full = get(&vendor, "/ping").await;
    assert_eq!(full.status, 429);
    assert_eq!(
        full.header("x-ratelimit-reset"),
        Some("2026-05-18 12:50:00 +0000")
    );
    assert_eq!(full.header("retry-after"), None);
    assert_eq!(full.json()["status"]["error_code"], 429);
    let insisting = Options {
        retry_after: true,
        rpm: Some(0),
        ..options(Plan::Demo)
    };
    let insisting = support::frozen(insisting).await;
    assert_eq!(
        get(&insisting, "/ping").await.header("retry-after"),
        Some("31")
    );
    insisting.stop().await;
    vendor.advance(Duration::from_secs(30));
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    vendor.stop().await;
}

#[tokio::test]
async fn credits_are_charged_per_success_and_end_in_10006() {
    let limited = Options {
        monthly_credits: Some(3),
        ..options(Plan::Basic)
    };
    let vendor = support::frozen(limited).await;
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    assert_eq!(
        get(&vendor, "/coins/nobody/market_chart?vs_currency=usd&days=1")
            .await
            .status,
        404
    );
    let report = get(&vendor, "/key").await.json();
    assert_eq!(report["plan"], "Basic");
    assert_eq!(report["rate_limit_request_per_minute"], 1_000);
    assert_eq!(report["monthly_call_credit"], 3);
    assert_eq!(report["current_total_monthly_calls"], 1);
    assert_eq!(report["current_remaining_monthly_calls"], 2);
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    let spent = get(&vendor, "/ping").await;
    assert_eq!(
        (spent.status, spent.json()["status"]["error_code"].as_i64()),
        (429, Some(10_006))
    );
    vendor.advance(Duration::from_secs(14 * 86_400));
    assert_eq!(
        get(&vendor, "/ping").await.status,
        200,
        "June has credits of its own"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn plans_open_endpoints_steps_and_history() {
    let old = NOW_S - 366 * DAY_S;
    let older = NOW_S - 731 * DAY_S;
    let range = |from: i64, more: &str| {
        let to = from + 3 * DAY_S;
        format!("/coins/bitcoin/market_chart/range?vs_currency=usd&from={from}&to={to}{more}")
    };
    let ohlc =
        "/coins/bitcoin/ohlc/range?vs_currency=usd&from=2026-05-01&to=2026-05-03&interval=daily";
    let supply = "/coins/bitcoin/circulating_supply_chart/range?from=2026-05-01&to=2026-05-03";
    let fine = format!(
        "/coins/bitcoin/market_chart/range?vs_currency=usd&from={}&to={NOW_S}&interval=5m",
        NOW_S - DAY_S
    );
    let asked = [
        "/key".to_owned(),
        range(old, ""),
        range(older, ""),
        range(NOW_S - 5 * DAY_S, "&interval=hourly"),
        ohlc.to_owned(),
        "/global/market_cap_chart?days=7".to_owned(),
        supply.to_owned(),
        fine,
        "/coins/bitcoin/market_chart?vs_currency=usd&days=max".to_owned(),
    ];
    let ok = (200, 0);
    let (plan, time) = ((401, 10_005), (401, 10_012));
    let expected = [
        (
            Plan::Demo,
            [plan, time, time, plan, plan, plan, plan, plan, time],
        ),
        (
            Plan::Basic,
            [ok, ok, time, ok, plan, plan, plan, plan, time],
        ),
        (Plan::Analyst, [ok, ok, ok, ok, ok, ok, plan, plan, ok]),
        (Plan::Lite, [ok, ok, ok, ok, ok, ok, plan, plan, ok]),
        (Plan::Enterprise, [ok; 9]),
    ];
    for (plan, outcomes) in expected {
        let vendor = vendor(plan).await;
        for (path, (status, code)) in asked.iter().zip(outcomes) {
            let reply = get(&vendor, path).await;
            assert_eq!(reply.status, status, "{plan:?} {path} {}", reply.text());
            let body = reply.json();
            let pointer = if code == 10_012 {
                "/error/status/error_code"
            } else {
                "/status/error_code"
            };
            assert_eq!(
                body.pointer(pointer).and_then(|v| v.as_i64()).unwrap_or(0),
                code
            );
        }
        vendor.stop().await;
    }
}

#[tokio::test]
async fn parameters_are_refused_in_the_vendors_words() {
    let vendor = vendor(Plan::Analyst).await;
    let cases = [
        (
            "/coins/markets",
            422,
            r#"{"error":"Missing parameter vs_currency"}"#,
        ),
        (
            "/coins/markets?vs_currency=",
            422,
            r#"{"error":"Missing parameter vs_currency"}"#,
        ),
        (
            "/coins/markets?vs_currency=zzz",
            400,
            r#"{"error":"invalid vs_currency"}"#,
        ),
        (
            "/coins/bitcoin/market_chart?vs_currency=usd",
            422,
            r#"{"error":"Missing parameter days"}"#,
        ),
        (
            "/coins/nobody/market_chart?vs_currency=usd&days=7",
            404,
            r#"{"error":"coin not found"}"#,
        ),
        (
            "/coins/nobody/ohlc?vs_currency=usd&days=7",
            404,
            r#"{"error":"coin not found"}"#,
        ),
        (
            "/coins/bitcoin/ohlc?vs_currency=usd&days=2",
            400,
            r#"{"error":"invalid days"}"#,
        ),
        (
            "/simple/price?ids=bitcoin",
            422,
            r#"{"error":"Missing parameter vs_currencies"}"#,
        ),
        (
            "/coins/bitcoin/history?date=2026-31-31",
            400,
            r#"{"error":"invalid date"}"#,
        ),
    ];
    for (path, status, body) in cases {
        let reply = get(&vendor, path).await;
        assert_eq!(
            (reply.status, reply.text().as_str()),
            (status, body),
            "{path}"
        );
        assert_eq!(
            reply.header("content-type"),
            Some("application/json; charset=utf-8")
        );
    }
    assert_eq!(get(&vendor, "/nowhere").await.status, 404);
    let long = format!("/coins/markets?vs_currency=usd&ids={}", "x".repeat(9_000));
    assert_eq!(get(&vendor, &long).await.status, 414);
    vendor.stop().await;
}

#[tokio::test]
async fn answers_carry_the_headers_of_the_vendor() {
    let vendor = vendor(Plan::Demo).await;
    let first = get(&vendor, "/ping").await;
    let second = get(&vendor, "/ping").await;
    assert_eq!(
        first.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(
        first.header("date"),
        Some("Mon, 18 May 2026 12:49:30 GMT"),
        "simulated, too"
    );
    assert!(first.header("x-request-id").is_some());
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    let zipped = [
        AGENT,
        ("accept-encoding", "gzip"),
        ("x-cg-demo-api-key", KEY),
    ];
    let zipped = get_with(&vendor, "/coins/list", &zipped).await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert_eq!(zipped.body.get(..2), Some(&[0x1f, 0x8b][..]));
    vendor.stop().await;
}
