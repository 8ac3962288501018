//! Keys, paths, limits and refusals of the simulated Artemis, over real HTTP.

mod support;

use std::time::Duration;

use fake_vendors::{ArtemisPlan, ArtemisSwitch, Options};
use support::artemis::{HEADER, artemis, ask, options, sample};
use support::{KEY, frozen, get_with};

const SYMBOLS: &str = "/asset/symbols/";
const PRICE: &str = "/data/api/PRICE/?symbols=btc&startDate=2026-05-01&endDate=2026-05-02";

#[tokio::test]
async fn the_key_is_read_where_the_vendor_reads_it() {
    let vendor = artemis("enterprise").await;
    let status =
        async |path: &str, headers: &[(&str, &str)]| get_with(&vendor, path, headers).await.status;
    let by = |name: &str, key: &str| format!("{PRICE}&{name}={key}");
    assert_eq!(status(SYMBOLS, &[HEADER]).await, 200);
    assert_eq!(status(PRICE, &[("x-api-key", KEY)]).await, 200);
    assert_eq!(status(&by("APIKey", KEY), &[]).await, 200);
    let wrong = [("x-api-key", "no")];
    assert_eq!(
        status(&by("APIKey", KEY), &wrong).await,
        200,
        "one is enough"
    );
    assert_eq!(status(&by("APIKey", "no"), &[HEADER]).await, 200);
    let refused = get_with(&vendor, PRICE, &wrong).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json(), sample("error_403_bad_key"));
    assert_eq!(status(PRICE, &[]).await, 403);
    assert_eq!(status(&by("APIKey", "no"), &[]).await, 403);
    let bearer = format!("Bearer {KEY}");
    assert_eq!(
        status(PRICE, &[("authorization", bearer.as_str())]).await,
        403
    );
    for misspelled in ["apikey", "api-key", "ApiKey"] {
        assert_eq!(status(&by(misspelled, KEY), &[]).await, 403, "{misspelled}");
    }
    let catalogue = format!("{SYMBOLS}?APIKey={KEY}");
    assert_eq!(
        status(&catalogue, &[]).await,
        403,
        "the header alone is read here"
    );
    let logged = vendor.requests();
    assert!(logged.iter().all(|one| !format!("{one:?}").contains(KEY)));
    assert!(logged[2].query.ends_with("&APIKey=***"));
    vendor.stop().await;
}

#[tokio::test]
async fn what_is_not_established_about_refusals_is_switched() {
    let slack = artemis("enterprise+keyless+status401+status422").await;
    assert_eq!(get_with(&slack, PRICE, &[]).await.status, 200);
    let wrong = get_with(&slack, PRICE, &[("x-api-key", "no")]).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(ask(&slack, "/supported-metrics/").await.status, 422);
    slack.stop().await;
    let retired = artemis("enterprise+retired").await;
    assert_eq!(ask(&retired, SYMBOLS).await.status, 410);
    assert_eq!(ask(&retired, PRICE).await.status, 410);
    retired.stop().await;
}

#[tokio::test]
async fn paths_are_served_with_and_without_their_slash() {
    let vendor = artemis("enterprise").await;
    for path in ["/asset/symbols", "/supported-metrics?symbol=btc"] {
        assert_eq!(ask(&vendor, path).await.status, 200, "{path}");
    }
    let bare = ask(&vendor, &PRICE.replace("/?", "?")).await;
    assert_eq!(bare.body, ask(&vendor, PRICE).await.body);
    for unknown in ["/", "/asset", "/data/price/", "/data/api/", "/api/v3/ping"] {
        assert_eq!(ask(&vendor, unknown).await.status, 404, "{unknown}");
    }
    // Anything below /data/api/ is a metric name.
    let odd = "/data/api/no%20such/metric/?symbols=btc&startDate=2026-05-01&endDate=2026-05-02";
    let odd = ask(&vendor, odd).await;
    assert_eq!(odd.status, 200);
    assert_eq!(
        odd.json()["data"]["symbols"]["btc"]["no such/metric"],
        "Metric not found."
    );
    assert_eq!(vendor.counts().of("/data/api/{metricNames}/"), 3);
    assert_eq!(vendor.counts().of("(unknown)"), 5);
    vendor.stop().await;
}

#[tokio::test]
async fn a_missing_slash_may_be_redirected_to_the_same_host() {
    let vendor = artemis("enterprise+redirects").await;
    let moved = ask(&vendor, &PRICE.replace("/?", "?")).await;
    assert_eq!((moved.status, moved.header("location")), (301, Some(PRICE)));
    let moved = ask(&vendor, "/asset/symbols").await;
    assert_eq!(moved.header("location"), Some(SYMBOLS));
    assert_eq!(ask(&vendor, PRICE).await.status, 200);
    vendor.stop().await;
}

#[tokio::test]
async fn there_is_no_limit_unless_one_is_set() {
    let vendor = artemis("enterprise").await;
    for _ in 0..80 {
        assert_eq!(ask(&vendor, PRICE).await.status, 200);
    }
    vendor.stop().await;
    let limited = Options {
        rpm: Some(2),
        ..options(ArtemisPlan::enterprise())
    };
    let vendor = frozen(limited.clone()).await;
    assert_eq!(ask(&vendor, PRICE).await.status, 200);
    assert_eq!(ask(&vendor, "/nowhere").await.status, 404);
    let full = ask(&vendor, PRICE).await;
    assert_eq!((full.status, full.header("retry-after")), (429, Some("2")));
    assert_eq!(full.json(), sample("error_429"));
    vendor.advance(Duration::from_secs(60));
    assert_eq!(ask(&vendor, PRICE).await.status, 200);
    vendor.stop().await;
    let exact = frozen(Options {
        retry_after: true,
        rpm: Some(0),
        ..options(ArtemisPlan::enterprise())
    })
    .await;
    assert_eq!(ask(&exact, PRICE).await.header("retry-after"), Some("31"));
    exact.stop().await;
}

#[tokio::test]
async fn a_full_minute_may_look_like_an_empty_success() {
    let silent = ArtemisPlan::enterprise().with(ArtemisSwitch::EmptyThrottle);
    let vendor = frozen(Options {
        rpm: Some(1),
        ..options(silent)
    })
    .await;
    assert!(!ask(&vendor, PRICE).await.body.is_empty());
    let full = ask(&vendor, PRICE).await;
    assert_eq!((full.status, full.body.len()), (200, 0));
    vendor.stop().await;
}

#[tokio::test]
async fn the_free_tier_ends_with_the_month() {
    assert_eq!(ArtemisPlan::free().monthly_calls(), Some(100_000));
    assert_eq!(ArtemisPlan::enterprise().monthly_calls(), None);
    let vendor = frozen(Options {
        monthly_credits: Some(2),
        ..options(ArtemisPlan::free())
    })
    .await;
    assert_eq!(ask(&vendor, PRICE).await.status, 200);
    assert_eq!(ask(&vendor, "/nowhere").await.status, 404);
    let spent = ask(&vendor, PRICE).await;
    assert_eq!((spent.status, spent.header("retry-after")), (429, None));
    vendor.advance(Duration::from_secs(14 * 86_400));
    assert_eq!(ask(&vendor, PRICE).await.status, 200, "a month of its own");
    vendor.stop().await;
}

#[tokio::test]
async fn malformed_questions_are_refused() {
    let vendor = artemis("enterprise").await;
    let cases = [
        "/supported-metrics/",
        "/data/api/PRICE/?symbols=btc&startDate=2026-02-30&endDate=2026-03-01",
        "/data/api/PRICE/?symbols=btc&startDate=01-05-2026&endDate=2026-05-02",
        "/data/api/PRICE/?symbols=btc&startDate=2026-05-01T00:00:00&endDate=2026-05-02",
        "/data/api/PRICE/?symbols=btc&startDate=2026-05-01&endDate=2026-05-02&granularity=HOUR",
        "/data/api/PRICE/?symbols=btc&startDate=2026-05-01&endDate=2026-05-02&limit=0",
        "/data/api/PRICE/?symbols=btc&startDate=2026-05-01&endDate=2026-05-02&limit=1001",
        "/data/api/PRICE/?symbols=btc&startDate=2026-05-01&endDate=2026-05-02&summarize=perhaps",
        "/data/api/TOTAL_REVENUE/?symbols=eq-nvda&startDate=2025-05-01&endDate=2026-05-02",
        "/data/api/PRICE,net_income/?symbols=eq-nvda&startDate=2025-05-01&endDate=2026-05-02",
        "/data/api/DILUTED_EPS/?symbols=eq-nvda",
    ];
    for path in cases {
        let reply = ask(&vendor, path).await;
        assert_eq!(reply.status, 400, "{path}");
        assert_eq!(reply.text(), r#"{"message":"Bad Request"}"#);
    }
    let many = |count: usize| {
        let symbols: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
        format!("/data/api/PRICE/?symbols={}", symbols.join("%2C"))
    };
    assert_eq!(ask(&vendor, &many(250)).await.status, 200);
    assert_eq!(ask(&vendor, &many(251)).await.status, 400);
    let ignored = format!("{PRICE}&dimensionType=CHAIN&x=1");
    assert_eq!(
        ask(&vendor, &ignored).await.body,
        ask(&vendor, PRICE).await.body
    );
    vendor.stop().await;
}
