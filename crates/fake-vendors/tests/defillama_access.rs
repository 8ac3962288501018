//! Keys, plans, limits, headers and faults of the simulated DefiLlama, over real HTTP.

mod support;

use std::time::Duration;

use fake_vendors::{DefiLlamaPlan, Options, QuotaSpent, YieldsPaths};
use support::defillama::{assert_said, free, options, pro, raw, vendor};
use support::{KEY, at, get_with};

const UPGRADE: &str = "Upgrade to the paid API plan at https://defillama.com/subscription";

#[tokio::test]
async fn the_same_lives_below_the_key_and_on_the_free_hosts() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let paths = [
        "/api/protocols",
        "/api/v2/chains",
        "/api/tvl/lido",
        "/coins/prices/current/coingecko:bitcoin",
        "/stablecoins/stablecoins",
        "/yields/pools",
        "/yields/chart/747c1d2a-c668-4682-b9f9-296708a3dd90",
    ];
    for path in paths {
        let (paid, open) = (pro(&vendor, path).await, free(&vendor, path).await);
        assert_eq!((paid.status, open.status), (200, 200), "{path}");
        assert_eq!(paid.body, open.body, "{path}");
        assert!(paid.body.len() > 8, "{path}");
    }
    let slashed = free(&vendor, "/api/protocols/?whatever=1").await;
    assert_eq!(slashed.body, pro(&vendor, "/api/protocols").await.body);
    vendor.stop().await;
}

#[tokio::test]
async fn keys_in_the_path_are_checked_and_never_logged() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    assert_eq!(pro(&vendor, "/api/tvl/lido").await.status, 200);
    let wrong = raw(&vendor, "/SECRET/api/protocols").await;
    assert_eq!(
        (wrong.status, wrong.text().as_str()),
        (401, r#"{"error":"Unauthorized"}"#)
    );
    assert_eq!(raw(&vendor, "/usage/SECRET").await.status, 401);
    let headers = [
        ("user-agent", "t"),
        ("authorization", KEY),
        ("x-api-key", KEY),
    ];
    let by_header = get_with(&vendor, "/api/protocols", &headers).await;
    assert_eq!(by_header.status, 404, "no clean 401");
    let by_query = raw(
        &vendor,
        &format!("/api/protocols?apikey={KEY}&api_key={KEY}"),
    )
    .await;
    assert_eq!(by_query.status, 404);
    assert_eq!(raw(&vendor, &format!("/usage/{KEY}")).await.status, 200);
    let logged = vendor.requests();
    let paths: Vec<&str> = logged.iter().map(|one| one.path.as_str()).collect();
    let wanted = [
        "/***/api/tvl/lido",
        "/***/api/protocols",
        "/usage/***",
        "/api/protocols",
        "/api/protocols",
        "/usage/***",
    ];
    assert_eq!(paths, wanted);
    let callers: Vec<&str> = logged.iter().map(|one| one.caller).collect();
    assert_eq!(callers, ["pro", "none", "none", "none", "none", "pro"]);
    assert!(
        logged
            .iter()
            .all(|one| !one.path.contains(KEY) && !one.path.contains("SECRET"))
    );
    assert_eq!(vendor.counts().of("/api/tvl/{slug}"), 1);
    vendor.stop().await;
}

#[tokio::test]
async fn what_is_paid_for_answers_402_without_a_plan() {
    let vendor = vendor(DefiLlamaPlan::free()).await;
    let paid = [
        "/api/overview/derivatives",
        "/api/summary/derivatives/hyperliquid",
        "/api/v2/chart/fees",
        "/api/v2/chart/tvl/protocol/aave",
        "/api/v2/metrics/fees/protocol/aave",
        "/api/perpFundingRates",
        "/yields/perps",
        "/stablecoins/stablecoindominance/Ethereum",
    ];
    for path in paid {
        let reply = free(&vendor, path).await;
        assert_said(&reply, path, 402, UPGRADE);
    }
    assert_eq!(free(&vendor, "/api/protocols").await.status, 200);
    let unpaid_key = pro(&vendor, "/api/protocols").await;
    assert_eq!(
        (unpaid_key.status, unpaid_key.text().as_str()),
        (402, UPGRADE)
    );
    assert_eq!(raw(&vendor, "/other/api/protocols").await.status, 401);
    vendor.stop().await;
    let paying = support::defillama::vendor(DefiLlamaPlan::pro()).await;
    for path in paid {
        assert_eq!(pro(&paying, path).await.status, 200, "{path}");
        assert_eq!(free(&paying, path).await.status, 402, "{path}");
    }
    paying.stop().await;
}

#[tokio::test]
async fn the_free_yields_host_ends() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    vendor.set_now(at("2026-11-12T23:59:00Z"));
    assert_eq!(free(&vendor, "/yields/pools").await.status, 200);
    vendor.set_now(at("2026-11-13T00:00:00Z"));
    assert_eq!(free(&vendor, "/yields/pools").await.status, 402);
    assert_eq!(pro(&vendor, "/yields/v1/pools").await.status, 200);
    vendor.stop().await;
    let plan = DefiLlamaPlan {
        free_yields_stay: true,
        ..DefiLlamaPlan::free()
    };
    let vendor = support::defillama::vendor(plan).await;
    vendor.set_now(at("2026-11-13T00:00:00Z"));
    assert_eq!(free(&vendor, "/yields/pools").await.status, 200);
    vendor.stop().await;
}

#[tokio::test]
async fn the_pro_host_has_the_yields_at_either_path_or_at_both() {
    const CHART: &str = "chart/747c1d2a-c668-4682-b9f9-296708a3dd90";
    for (yields_paths, new, old) in [
        (YieldsPaths::Both, 200, 200),
        (YieldsPaths::New, 200, 404),
        (YieldsPaths::Old, 404, 200),
    ] {
        let plan = DefiLlamaPlan {
            yields_paths,
            ..DefiLlamaPlan::pro()
        };
        let vendor = vendor(plan).await;
        for below in ["pools", CHART, "perps"] {
            let status = |path: String| {
                let vendor = &vendor;
                async move { pro(vendor, &path).await.status }
            };
            let found = [
                status(format!("/yields/v1/{below}")).await,
                status(format!("/yields/{below}")).await,
            ];
            assert_eq!(found, [new, old], "{yields_paths:?} {below}");
        }
        assert_eq!(free(&vendor, "/yields/pools").await.status, 200);
        vendor.stop().await;
    }
}

#[tokio::test]
async fn a_minute_has_300_without_a_key_and_1000_with_one() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    for _ in 0..300 {
        assert_eq!(free(&vendor, "/api/tvl/lido").await.status, 200);
    }
    let full = free(&vendor, "/api/tvl/lido").await;
    assert_eq!((full.status, full.header("retry-after")), (429, None));
    assert_eq!(
        pro(&vendor, "/api/tvl/lido").await.status,
        200,
        "a bucket of its own"
    );
    vendor.advance(Duration::from_secs(30));
    assert_eq!(free(&vendor, "/api/tvl/lido").await.status, 200);
    vendor.stop().await;
    let limited = Options {
        rpm: Some(2),
        retry_after: true,
        ..options(DefiLlamaPlan::pro())
    };
    let vendor = support::frozen(limited).await;
    assert_eq!(pro(&vendor, "/api/tvl/lido").await.status, 200);
    assert_eq!(
        pro(&vendor, "/api/tvl/nobody").await.status,
        400,
        "errors count"
    );
    let full = pro(&vendor, "/api/tvl/lido").await;
    assert_eq!((full.status, full.header("retry-after")), (429, Some("31")));
    assert_eq!(full.text(), "Too Many Requests");
    vendor.stop().await;
}

#[tokio::test]
async fn calls_are_counted_by_the_month_and_usage_tells() {
    let usage = format!("/usage/{KEY}");
    let limited = |quota_spent| Options {
        monthly_credits: Some(3),
        ..options(DefiLlamaPlan {
            quota_spent,
            ..DefiLlamaPlan::pro()
        })
    };
    for (how, status) in [
        (QuotaSpent::Status429, 429),
        (QuotaSpent::Status402, 402),
        (QuotaSpent::Billed, 200),
    ] {
        let vendor = support::frozen(limited(how)).await;
        assert_eq!(raw(&vendor, &usage).await.text(), r#"{"creditsLeft":3}"#);
        for _ in 0..3 {
            assert_eq!(pro(&vendor, "/api/tvl/lido").await.status, 200);
        }
        assert_eq!(raw(&vendor, &usage).await.text(), r#"{"creditsLeft":0}"#);
        assert_eq!(
            pro(&vendor, "/api/tvl/lido").await.status,
            status,
            "{how:?}"
        );
        assert_eq!(free(&vendor, "/api/tvl/lido").await.status, 200);
        vendor.set_now(at("2026-06-01T00:00:00Z"));
        assert_eq!(raw(&vendor, &usage).await.json()["creditsLeft"], 3);
        assert_eq!(pro(&vendor, "/api/tvl/lido").await.status, 200);
        vendor.stop().await;
    }
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    pro(&vendor, "/api/tvl/lido").await;
    assert_eq!(raw(&vendor, &usage).await.json()["creditsLeft"], 999_999);
    vendor.stop().await;
}

#[tokio::test]
async fn nobody_and_endless_requests_are_turned_away() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let nobody = get_with(&vendor, "/free/api/protocols", &[]).await;
    assert_eq!(nobody.status, 403);
    assert!(nobody.text().starts_with("<!DOCTYPE html>"));
    let coins = "coingecko:bitcoin,".repeat(500);
    assert_eq!(
        free(&vendor, &format!("/coins/prices/current/{coins}"))
            .await
            .status,
        414
    );
    let nothing = pro(&vendor, "/api/v2/chart/nothing/at/all").await;
    assert_eq!(
        (nothing.status, nothing.text().as_str()),
        (404, "Data not found")
    );
    vendor.stop().await;
}

#[tokio::test]
async fn answers_say_how_long_they_keep() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let cases = [
        ("/api/protocols", "cache-control", "public, max-age=600"),
        ("/api/v2/chains", "cache-control", "public, max-age=600"),
        (
            "/api/protocol/lido",
            "expires",
            "Mon, 18 May 2026 13:09:30 GMT",
        ),
        (
            "/api/summary/fees/lido",
            "expires",
            "Mon, 18 May 2026 13:19:30 GMT",
        ),
        ("/api/tvl/lido", "expires", "Mon, 18 May 2026 13:49:30 GMT"),
        (
            "/api/v2/historicalChainTvl",
            "expires",
            "Mon, 18 May 2026 13:49:30 GMT",
        ),
        (
            "/coins/prices/current/coingecko:bitcoin",
            "expires",
            "Mon, 18 May 2026 12:50:20 GMT",
        ),
        (
            "/coins/prices/first/coingecko:bitcoin",
            "cache-control",
            "max-age=3600",
        ),
        (
            "/stablecoins/stablecoins",
            "cache-control",
            "public, max-age=1800",
        ),
        ("/yields/pools", "expires", "Mon, 18 May 2026 13:22:00 GMT"),
    ];
    for (path, name, value) in cases {
        assert_eq!(pro(&vendor, path).await.header(name), Some(value), "{path}");
    }
    let refused = pro(&vendor, "/api/tvl/nobody").await;
    assert_eq!(
        (refused.header("expires"), refused.header("cache-control")),
        (None, None)
    );
    vendor.stop().await;
}
