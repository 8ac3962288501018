//! Faults on the simulated Velo, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::time::{Duration, Instant};

use fake_vendors::{FakeVendor, Fault, Faults, Options, Plan, Rule, VeloPlan, Vendor};
use support::{BASIC, DAY_MS, THIS_HOUR_MS, Wire, ask, frozen, get_with, one, options, velo};

async fn rows(vendor: &FakeVendor) -> Wire {
    let path = format!(
        "/rows?type=futures&exchanges=bybit,binance-futures&products=BTCUSDT,ETHUSDT&columns=close_price&begin={}&end={THIS_HOUR_MS}&resolution=60",
        THIS_HOUR_MS - DAY_MS
    );
    ask(vendor, &path).await
}

#[tokio::test]
async fn refusals_on_demand_are_in_the_vendors_words() {
    let vendor = velo(VeloPlan::annual()).await;
    let throttled = |retry_after| Fault::Status429 {
        retry_after,
        reset_header: true,
    };
    let cases = [
        (throttled(Some(7)), 429, "rate limited\n"),
        (throttled(None), 429, "rate limited\n"),
        (Fault::ThrottledText, 429, "rate limited\n"),
        (Fault::MonthSpent, 429, "rate limited\n"),
        (Fault::Status408, 408, "request timeout\n"),
        (Fault::Status500, 500, "internal server error\n"),
        (Fault::Status502, 502, "<html>"),
        (Fault::Status503, 503, "api temporarily unavailable\n"),
        (Fault::Html403, 403, "<!DOCTYPE html>"),
    ];
    for (fault, status, text) in cases {
        vendor.set_faults(one(Rule::times("/rows", 1, fault.clone())));
        assert_eq!(
            ask(&vendor, "/status").await.status,
            200,
            "others are spared"
        );
        let reply = rows(&vendor).await;
        assert_eq!(reply.status, status, "{fault:?}");
        assert!(reply.text().starts_with(text), "{fault:?}");
        let seconds = (fault == throttled(Some(7))).then_some("7");
        assert_eq!(reply.header("retry-after"), seconds);
        assert_eq!(rows(&vendor).await.status, 200, "once only");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn a_degraded_vendor_takes_half() {
    let vendor = frozen(Options {
        vendor: Vendor::Velo(VeloPlan::annual()),
        rpm: None,
        ..options(Plan::Demo)
    })
    .await;
    vendor.set_faults(one(Rule::always("", Fault::HalvedLimit)));
    for _ in 0..60 {
        assert_eq!(ask(&vendor, "/status").await.status, 200);
    }
    let over = ask(&vendor, "/status").await;
    assert_eq!((over.status, over.header("retry-after")), (429, Some("30")));
    vendor.set_faults(Faults::default());
    assert_eq!(ask(&vendor, "/status").await.status, 200, "whole again");
    vendor.set_faults(one(Rule::always("", Fault::HalvedLimit)));
    vendor.advance(Duration::from_secs(30));
    assert_eq!(ask(&vendor, "/status").await.status, 200);
    vendor.stop().await;
}

#[tokio::test]
async fn tables_are_cut_emptied_and_thinned() {
    let vendor = velo(VeloPlan::annual()).await;
    let whole = rows(&vendor).await;
    let spoiled = async |fault: Fault| {
        vendor.set_faults(one(Rule::always("", fault)));
        rows(&vendor).await
    };
    let cut = spoiled(Fault::CutJson).await;
    assert_eq!((cut.status, cut.cut), (200, false), "its length is honest");
    assert_eq!(cut.body, whole.body[..whole.body.len() / 2]);
    let broken = spoiled(Fault::CutConnection).await;
    assert!(broken.cut && broken.body.len() < whole.body.len());
    let header = "exchange,coin,product,time,close_price\n";
    assert_eq!(spoiled(Fault::Empty).await.text(), header);
    assert_eq!(spoiled(Fault::NoBody).await.text(), "");
    for (id, left) in [
        ("ETH", 2),
        ("bybit:ETH:ETHUSDT", 3),
        ("BTCUSDT", 2),
        ("bybit", 2),
        ("NOBODY", 4),
    ] {
        let thinned = spoiled(Fault::DropIds {
            ids: vec![id.to_owned()],
        })
        .await
        .cells();
        let products: std::collections::HashSet<_> =
            thinned[1..].iter().map(|line| &line[..3]).collect();
        assert_eq!(products.len(), left, "{id}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn slow_hanging_and_cut_for_clients_that_unpack() {
    let vendor = velo(VeloPlan::annual()).await;
    vendor.set_faults(one(Rule::always("/status", Fault::Slow { ms: 150 })));
    let begun = Instant::now();
    assert_eq!(ask(&vendor, "/status").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(150));
    vendor.set_faults(one(Rule::always("/status", Fault::Hang)));
    let hanging = tokio::time::timeout(Duration::from_millis(150), ask(&vendor, "/status")).await;
    assert!(hanging.is_err());
    vendor.set_faults(one(Rule::always("", Fault::CutConnection)));
    let headers = [("authorization", BASIC), ("accept-encoding", "gzip")];
    let broken = get_with(&vendor, "/api/v1/futures", &headers).await;
    assert!(broken.cut && !broken.body.is_empty());
    vendor.stop().await;
}
