//! Faults, log, clock and control routes, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::time::{Duration, Instant};

use fake_vendors::{FakeVendor, Fault, Faults, Metric, Options, Plan, Revision, Rule, Step};
use support::{DAY_MS, HOUR_MS, NOW_S, at, control, get, one, options, revised, vendor};

const MARKETS: &str = "/coins/markets?vs_currency=usd&ids=bitcoin,ethereum&order=id_asc";

#[tokio::test]
async fn refusals_on_demand_are_in_the_vendors_words() {
    let vendor = vendor(Plan::Demo).await;
    let cases = [
        (
            Fault::Status429 {
                retry_after: Some(119),
                reset_header: false,
            },
            429,
            "exceeded the Rate Limit",
        ),
        (
            Fault::Status429 {
                retry_after: None,
                reset_header: true,
            },
            429,
            "exceeded the Rate Limit",
        ),
        (Fault::ThrottledText, 429, "Throttled"),
        (Fault::MonthSpent, 429, "10006"),
        (Fault::Status500, 500, "Internal server error"),
        (Fault::Status502, 502, "Bad Gateway"),
        (Fault::Html403, 403, "<!DOCTYPE html>"),
    ];
    for (fault, status, text) in cases {
        vendor.set_faults(one(Rule::times("/coins/markets", 1, fault.clone())));
        assert_eq!(get(&vendor, "/ping").await.status, 200, "others are spared");
        let reply = get(&vendor, MARKETS).await;
        assert_eq!(reply.status, status, "{fault:?}");
        assert!(reply.text().contains(text));
        if let Fault::Status429 {
            retry_after,
            reset_header,
        } = fault
        {
            let seconds = retry_after.map(|seconds| seconds.to_string());
            assert_eq!(reply.header("retry-after"), seconds.as_deref());
            assert_eq!(reply.header("x-ratelimit-reset").is_some(), reset_header);
        }
        assert_eq!(get(&vendor, MARKETS).await.status, 200, "once only");
    }
    let faulty = vendor
        .requests()
        .into_iter()
        .filter(|one| one.fault.is_some())
        .count();
    assert_eq!(faulty, 7);
    vendor.stop().await;
}

#[tokio::test]
async fn bodies_are_cut_emptied_and_thinned() {
    let vendor = vendor(Plan::Demo).await;
    let whole = get(&vendor, MARKETS).await;
    let spoiled = async |fault: Fault| {
        vendor.set_faults(one(Rule::always("", fault)));
        get(&vendor, MARKETS).await
    };
    let cut = spoiled(Fault::CutJson).await;
    assert_eq!((cut.status, cut.cut), (200, false), "its length is honest");
    assert_eq!(cut.body.len(), whole.body.len() / 2);
    assert!(serde_json::from_slice::<serde_json::Value>(&cut.body).is_err());
    let broken = spoiled(Fault::CutConnection).await;
    assert_eq!((broken.status, broken.cut), (200, true));
    assert_eq!(broken.body.len(), whole.body.len() / 2);
    let length: usize = broken.header("content-length").unwrap().parse().unwrap();
    assert_eq!(length, whole.body.len());
    assert_eq!(spoiled(Fault::Empty).await.text(), "[]");
    assert_eq!(spoiled(Fault::NoBody).await.text(), "");
    let thinned = spoiled(Fault::DropIds {
        ids: vec!["bitcoin".into()],
    })
    .await
    .json();
    assert_eq!(thinned.as_array().unwrap().len(), 1);
    assert_eq!(thinned[0]["id"], "ethereum");
    vendor.set_faults(one(Rule::always("", Fault::Empty)));
    let chart = get(
        &vendor,
        "/coins/bitcoin/market_chart?vs_currency=usd&days=7",
    )
    .await;
    assert!(chart.points("prices").is_empty());
    vendor.stop().await;
}

#[tokio::test]
async fn a_cut_connection_is_cut_for_clients_that_ask_for_gzip() {
    let vendor = vendor(Plan::Demo).await;
    vendor.set_faults(one(Rule::always("", Fault::CutConnection)));
    let headers = [("user-agent", "t"), ("accept-encoding", "gzip")];
    let broken = support::get_with(&vendor, "/coins/list", &headers).await;
    assert!(broken.cut && !broken.body.is_empty());
    vendor.stop().await;
}

#[tokio::test]
async fn slow_answers_overlap_and_the_peak_is_seen() {
    let vendor = FakeVendor::start(Options {
        latency: Duration::from_millis(40),
        ..options(Plan::Demo)
    })
    .await
    .unwrap();
    vendor.set_faults(one(Rule::always("/ping", Fault::Slow { ms: 200 })));
    let begun = Instant::now();
    tokio::join!(
        get(&vendor, "/ping"),
        get(&vendor, "/ping"),
        get(&vendor, "/ping")
    );
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(240), "{took:?}");
    assert_eq!(vendor.counts().in_flight_peak, 3);
    assert_eq!(vendor.counts().of("/ping"), 3);
    vendor.stop().await;
}

#[tokio::test]
async fn a_hanging_request_neither_answers_nor_holds_up_the_end() {
    let vendor = vendor(Plan::Demo).await;
    vendor.set_faults(one(Rule::always("/ping", Fault::Hang)));
    let hanging = tokio::time::timeout(Duration::from_millis(200), get(&vendor, "/ping")).await;
    assert!(hanging.is_err());
    assert_eq!(vendor.requests()[0].status, 0);
    vendor.set_faults(Faults::default());
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    assert_eq!(vendor.requests()[1].in_flight, 1);
    vendor.set_faults(one(Rule::always("/ping", Fault::Hang)));
    let hanging = tokio::time::timeout(Duration::from_millis(50), get(&vendor, "/ping")).await;
    assert!(hanging.is_err());
    let begun = Instant::now();
    vendor.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_revision_reaches_charts_and_truth_alike() {
    let vendor = vendor(Plan::Analyst).await;
    let from_ms = 1_776_988_800_000;
    let truth = || {
        let truth = vendor.truth();
        truth.coingecko_series(
            "bitcoin",
            "usd",
            Metric::Price,
            Step::Hour,
            from_ms,
            from_ms + DAY_MS,
        )
    };
    let before = truth();
    let (revised_from, to_ms) = (
        from_ms + 5 * HOUR_MS + HOUR_MS / 2,
        from_ms + 8 * HOUR_MS + HOUR_MS / 2,
    );
    vendor.set_faults(revised(Revision {
        entity: Some("bitcoin".into()),
        metric: Some(Metric::Price),
        from_ms: revised_from,
        to_ms,
        factor: 1.01,
    }));
    let after = truth();
    let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert_eq!((before.len(), moved), (after.len(), 3));
    let path = format!(
        "/coins/bitcoin/market_chart/range?vs_currency=usd&from={}&to={}",
        from_ms / 1_000,
        from_ms / 1_000 + 86_400
    );
    let served = get(&vendor, &path).await.points("prices");
    let sevens = after
        .iter()
        .find(|(label, _)| *label == from_ms + 7 * HOUR_MS)
        .unwrap()
        .1;
    assert!(
        served
            .iter()
            .any(|(_, price)| price.unwrap().to_bits() == sevens.to_bits())
    );
    vendor.stop().await;
}

#[tokio::test]
async fn the_control_routes_do_what_the_library_does() {
    let vendor = vendor(Plan::Demo).await;
    get(&vendor, "/ping").await;
    let counts = control(&vendor, "GET", "/counts", "").await.json();
    assert_eq!(counts["per_path"]["/ping"], 1);
    assert_eq!(
        control(&vendor, "GET", "/requests", "").await.json()[0]["caller"],
        "demo"
    );
    let rules = r#"{"rules":[{"matching":"/ping","when":{"kind":"every","nth":2},"fault":{"kind":"status500"}}]}"#;
    assert_eq!(control(&vendor, "POST", "/faults", rules).await.status, 204);
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    assert_eq!(get(&vendor, "/ping").await.status, 500);
    let shown = control(&vendor, "GET", "/faults", "").await.json();
    assert_eq!(shown["rules"][0]["when"]["nth"], 2);
    assert_eq!(
        control(&vendor, "POST", "/faults", r#"{"ruels":[]}"#)
            .await
            .status,
        400
    );
    assert_eq!(control(&vendor, "DELETE", "/faults", "").await.status, 204);
    assert_eq!(get(&vendor, "/ping").await.status, 200);
    let set = r#"{"now":"2026-06-01T00:00:00Z","advance_ms":1500,"frozen":true}"#;
    let clock = control(&vendor, "POST", "/clock", set).await.json();
    assert_eq!(clock["now"], "2026-06-01T00:00:01.500Z");
    assert_eq!(vendor.now(), at("2026-06-01T00:00:01.5Z"));
    assert_eq!(
        control(&vendor, "POST", "/clock", r#"{"now":"noon"}"#)
            .await
            .status,
        400
    );
    let listing = r#"{"id":"brand-new","listed":"2026-05-30"}"#;
    assert_eq!(
        control(&vendor, "POST", "/listings", listing).await.status,
        204
    );
    let row = get(&vendor, "/coins/markets?vs_currency=usd&ids=brand-new")
        .await
        .json();
    assert_eq!(row[0]["name"], "Brand New");
    let path = "/truth?coin=brand-new&metric=price&step=day&from=2026-05-01&to=2026-06-01";
    let truth = control(&vendor, "GET", path, "").await.json();
    assert_eq!(truth.as_array().unwrap().len(), 2);
    assert_eq!(control(&vendor, "POST", "/reset", "").await.status, 204);
    assert_eq!(vendor.counts().total, 0);
    assert!(
        control(&vendor, "GET", "/entities", "")
            .await
            .json()
            .as_array()
            .unwrap()
            .len()
            > 45
    );
    vendor.stop().await;
}

#[tokio::test]
async fn the_clock_runs_on_from_where_it_was_started() {
    let vendor = FakeVendor::start(options(Plan::Demo)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    let now = vendor.now().unix_timestamp();
    assert!((NOW_S..NOW_S + 20).contains(&now));
    let port_taken = Options {
        port: vendor
            .base_url()
            .split([':', '/'])
            .nth(4)
            .unwrap()
            .parse()
            .unwrap(),
        ..options(Plan::Demo)
    };
    assert!(FakeVendor::start(port_taken).await.is_err());
    vendor.stop().await;
}

#[tokio::test]
async fn connections_count_from_their_beginning_to_their_end() {
    let vendor = vendor(Plan::Demo).await;
    let open = async |many: usize| {
        while vendor.counts().connections != many {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let address = vendor.base_url().replace("http://", "");
    let address = address.split('/').next().unwrap().to_owned();
    let connect = || tokio::net::TcpStream::connect(&address);
    let (one, two) = (connect().await.unwrap(), connect().await.unwrap());
    let kept = Duration::from_secs(20);
    tokio::time::timeout(kept, open(2)).await.unwrap();
    drop(one);
    tokio::time::timeout(kept, open(1)).await.unwrap();
    assert_eq!(vendor.counts().connections_peak, 2);
    assert_eq!(vendor.counts().connections_opened, 2);
    vendor.reset();
    assert_eq!(vendor.counts().connections_peak, 1);
    drop(two);
    tokio::time::timeout(kept, open(0)).await.unwrap();
    vendor.stop().await;
}
