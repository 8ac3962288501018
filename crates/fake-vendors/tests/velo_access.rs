//! Key, window, plans and refusals of the simulated Velo, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::time::Duration;

use fake_vendors::{FakeVendor, Options, Plan, VeloPlan, Vendor};
use support::{
    BASIC, DAY_MS, HOUR_MS, KEY, NOW_S, THIS_HOUR_MS, ask, frozen, get_with, options, velo,
};

const NOW_MS: i64 = NOW_S * 1_000;
const ROWS: &str =
    "/rows?type=futures&exchanges=bybit&products=BTCUSDT&columns=close_price&resolution=60";

async fn limited(plan: VeloPlan, rpm: Option<u32>) -> FakeVendor {
    frozen(Options {
        vendor: Vendor::Velo(plan),
        rpm,
        ..options(Plan::Demo)
    })
    .await
}

#[tokio::test]
async fn every_path_wants_the_key_as_basic_auth() {
    let vendor = velo(VeloPlan::annual()).await;
    let wrong = [
        None,
        Some("Basic eDpDRy10ZXN0"), // x:CG-test
        Some("Basic YXBpOndyb25n"), // api:wrong
        Some("Bearer YXBpOkNHLXRlc3Q="),
        Some("CG-test"),
        Some("Basic"),
    ];
    for path in ["/api/v1/status", "/api/v1/rows", "/nowhere", "/"] {
        for header in wrong {
            let header = header.map(|value| ("authorization", value));
            let reply = get_with(&vendor, path, header.as_slice()).await;
            assert_eq!(reply.status, 401, "{path} {header:?}");
            let text = include_str!("../test_data/velo/error_401.txt");
            assert_eq!(reply.text(), text);
            let form = reply.header("content-type");
            assert_eq!(form, Some("text/plain; charset=utf-8"));
        }
    }
    for right in [BASIC, "basic YXBpOkNHLXRlc3Q="] {
        let headers = [("Authorization", right)];
        let reply = get_with(&vendor, "/api/v1/status/", &headers).await;
        assert_eq!((reply.status, reply.text().trim()), (200, "ok"));
    }
    for path in ["/nowhere", "/levels", "/status/more"] {
        let reply = ask(&vendor, path).await;
        assert_eq!((reply.status, reply.text().as_str()), (404, "not found\n"));
    }
    let shown = format!("{:?} {vendor:?}", vendor.requests());
    assert!(!shown.contains(KEY) && !shown.contains("YXBpOkNHLXRlc3Q"));
    vendor.stop().await;
    let forbidding: VeloPlan = "annual+forbid".parse().unwrap();
    let vendor = velo(forbidding).await;
    assert_eq!(get_with(&vendor, "/api/v1/status", &[]).await.status, 403);
    vendor.stop().await;
}

#[tokio::test]
async fn a_window_is_half_a_minute_and_holds_120() {
    let vendor = limited(VeloPlan::annual(), None).await;
    vendor.advance(Duration::from_secs(12)); // 12:49:42, 18 seconds before the next
    for count in 0..120 {
        let path = if count % 2 == 0 { "/status" } else { "/rows" };
        let status = ask(&vendor, path).await.status;
        assert!(matches!(status, 200 | 400), "refusals count, too");
    }
    let wrong = get_with(&vendor, "/api/v1/status", &[]).await;
    assert_eq!(wrong.status, 401, "nobody's request is nobody's");
    let full = ask(&vendor, "/status").await;
    assert_eq!((full.status, full.header("retry-after")), (429, Some("18")));
    assert_eq!(full.text(), include_str!("../test_data/velo/error_429.txt"));
    vendor.advance(Duration::from_secs(17));
    assert_eq!(ask(&vendor, "/status").await.status, 429);
    vendor.advance(Duration::from_secs(1));
    assert_eq!(ask(&vendor, "/status").await.status, 200);
    vendor.reset();
    assert_eq!(vendor.counts().total, 0);
    vendor.stop().await;
}

#[tokio::test]
async fn calls_per_minute_replace_the_window_s_number() {
    let silent: VeloPlan = "annual+no-retry-after".parse().unwrap();
    let vendor = limited(silent, Some(4)).await;
    assert_eq!(ask(&vendor, "/status").await.status, 200);
    assert_eq!(ask(&vendor, "/status").await.status, 200);
    let full = ask(&vendor, "/status").await;
    assert_eq!((full.status, full.header("retry-after")), (429, None));
    vendor.stop().await;
}

async fn status_of(vendor: &FakeVendor, more: &str) -> (u16, String) {
    let reply = ask(vendor, more).await;
    (reply.status, reply.text())
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_refused() {
    let vendor = velo(VeloPlan::annual()).await;
    let (begin, end) = (NOW_MS - DAY_MS, NOW_MS);
    let good = [
        ("type", "futures".to_owned()),
        ("exchanges", "bybit".to_owned()),
        ("products", "BTCUSDT".to_owned()),
        ("columns", "close_price".to_owned()),
        ("begin", begin.to_string()),
        ("end", end.to_string()),
        ("resolution", "60".to_owned()),
    ];
    let query = |changed: &str, to: Option<&str>| {
        let pairs = good.iter().filter_map(|(name, value)| {
            let value = if *name == changed { to? } else { value };
            Some(format!("{name}={value}"))
        });
        format!("/rows?{}", pairs.collect::<Vec<_>>().join("&"))
    };
    assert_eq!(status_of(&vendor, &query("", None)).await.0, 200);
    for (name, _) in &good {
        let (status, text) = status_of(&vendor, &query(name, None)).await;
        assert_eq!(status, 400, "{name}");
        assert!(text.starts_with("bad request: ") && text.ends_with("is missing\n"));
        assert_eq!(status_of(&vendor, &query(name, Some(""))).await.0, 400);
    }
    let before = (begin - 1).to_string();
    let far = (NOW_MS + DAY_MS + 1).to_string();
    let wrong = [
        ("type", "stocks"),
        ("columns", "close_price,closing_price"),
        ("columns", "iv_1m"),
        ("columns", "close_price,3m_basis_ann"),
        ("begin", "yesterday"),
        ("begin", "-5"),
        ("end", before.as_str()),
        ("end", far.as_str()),
        ("resolution", "0"),
        ("resolution", "hour"),
    ];
    for (name, value) in wrong {
        let (status, text) = status_of(&vendor, &query(name, Some(value))).await;
        assert_eq!(status, 400, "{name}={value}: {text}");
    }
    let ahead = (NOW_MS + DAY_MS).to_string();
    assert_eq!(status_of(&vendor, &query("end", Some(&ahead))).await.0, 200);
    let spot = query("type", Some("spot")).replace("close_price", "funding_rate");
    assert_eq!(
        status_of(&vendor, &spot).await.0,
        400,
        "columns are per type"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn values_are_priced_as_asked() {
    let vendor = velo(VeloPlan::annual()).await;
    let asked = async |exchanges: &str,
                       products: &str,
                       columns: &str,
                       hours: i64,
                       extra_ms: i64| {
        let end = THIS_HOUR_MS;
        let begin = end - hours * HOUR_MS - extra_ms;
        let path = format!(
            "/rows?type=futures&exchanges={exchanges}&products={products}&columns={columns}&begin={begin}&end={end}&resolution=60"
        );
        ask(&vendor, &path).await
    };
    let ten = "open_price,high_price,low_price,close_price,dollar_volume,coin_open_interest_close,dollar_open_interest_close,funding_rate,premium,liquidations_dollar_volume";
    assert_eq!(asked("bybit", "BTCUSDT", ten, 2_250, 0).await.status, 200);
    let over = asked("bybit", "BTCUSDT", ten, 2_250, 1).await;
    assert_eq!(over.status, 400, "a bucket begun is a bucket");
    assert!(over.text().starts_with("bad request: 22510 values"));
    let two = asked("bybit,nowhere", "BTCUSDT", ten, 1_125, 0).await;
    assert_eq!(two.status, 200, "what does not exist is priced, too");
    assert_eq!(
        asked("bybit,nowhere", "BTCUSDT", ten, 1_126, 0)
            .await
            .status,
        400
    );
    assert_eq!(
        asked("bybit", "BTCUSDT,NOSUCH", ten, 1_126, 0).await.status,
        400
    );
    let coins =
        format!("/rows?type=futures&coins=BTC&columns=3m_basis_ann&end={NOW_MS}&resolution=60");
    let begin = |hours: i64| format!("{coins}&begin={}", NOW_MS - hours * HOUR_MS);
    assert_eq!(
        ask(&vendor, &begin(7_500)).await.status,
        200,
        "three venues"
    );
    assert_eq!(ask(&vendor, &begin(7_501)).await.status, 400);
    vendor.stop().await;
}

#[tokio::test]
async fn a_monthly_plan_ends_about_three_months_back() {
    let within = format!(
        "{ROWS}&begin={}&end={}",
        NOW_MS - 92 * DAY_MS,
        NOW_MS - 91 * DAY_MS
    );
    let across = format!(
        "{ROWS}&begin={}&end={}",
        NOW_MS - 93 * DAY_MS,
        NOW_MS - 91 * DAY_MS
    );
    let beyond = format!(
        "{ROWS}&begin={}&end={}",
        NOW_MS - 95 * DAY_MS,
        NOW_MS - 94 * DAY_MS
    );
    let monthly = velo(VeloPlan::monthly()).await;
    assert_eq!(ask(&monthly, &within).await.status, 200);
    for path in [&across, &beyond] {
        let reply = ask(&monthly, path).await;
        let said = (reply.status, reply.text());
        assert_eq!(said, (403, "history not included in plan\n".to_owned()));
    }
    assert_eq!(ask(&monthly, "/futures").await.status, 200);
    monthly.stop().await;
    let silent = velo("monthly+silent".parse().unwrap()).await;
    let whole = ask(&silent, &within).await.cells().len();
    let part = ask(&silent, &across).await.cells();
    assert_eq!(part.len(), whole, "the days within the plan");
    let none = ask(&silent, &beyond).await;
    assert_eq!((none.status, none.body.len()), (200, 0));
    silent.stop().await;
    let annual = velo(VeloPlan::annual()).await;
    assert!(ask(&annual, &beyond).await.cells().len() > 20);
    annual.stop().await;
}

#[tokio::test]
async fn answers_are_packed_where_the_client_offers_it() {
    let vendor = velo(VeloPlan::annual()).await;
    let headers = [
        ("authorization", BASIC),
        ("accept-encoding", "gzip, deflate, br"),
    ];
    let packed = get_with(&vendor, "/api/v1/futures?delisted=0", &headers).await;
    assert!(packed.header("content-encoding").is_some());
    assert_eq!(
        packed.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    assert_eq!(packed.header("date"), Some("Mon, 18 May 2026 12:49:30 GMT"));
    vendor.stop().await;
}
