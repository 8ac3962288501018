//! The refusals and faults of the simulated Alpha Vantage, word for word, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

#[path = "support/alphavantage.rs"]
mod alphavantage;

use alphavantage::{KEY, PREMIUM, ask, frozen, limited, listed, notice, sample_json, vendor};
use fake_vendors::{AlphaVantagePlan, Fault, Faults, Rule};
use serde_json::Value;
use support::{get_with, one};

const DAILY: &str = "function=TIME_SERIES_DAILY&symbol=IBM";
const FREE: AlphaVantagePlan = AlphaVantagePlan::FREE;

#[tokio::test]
async fn clients_that_only_take_csv_are_refused_by_the_transport() {
    let vendor = vendor(PREMIUM).await;
    let path = format!("/query?function=LISTING_STATUS&apikey={KEY}");
    let refused = get_with(&vendor, &path, &[("accept", "text/csv")]).await;
    assert_eq!(
        (refused.status, refused.json()),
        (406, listed("accept_text_csv_rejected"))
    );
    for accept in ["*/*", "application/json", "text/csv, */*"] {
        let reply = get_with(&vendor, &path, &[("accept", accept)]).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/x-download"));
    }
    vendor.stop().await;
}

#[tokio::test]
async fn csv_only_functions_refuse_in_letters() {
    let vendor = frozen(limited(FREE)).await;
    let listing = "function=LISTING_STATUS";
    let letters =
        "symbol,name,exchange,assetType,ipoDate,delistingDate,status\r\nI,n,f,o,r,m,a\r\n";
    assert!(ask(&vendor, listing).await.text().contains("\r\nIBM,"));
    let burst = ask(&vendor, listing).await;
    assert_eq!(burst.header("content-type"), Some("application/x-download"));
    assert_eq!(burst.text(), letters);
    let earnings = ask(&vendor, "function=EARNINGS_CALENDAR").await.text();
    assert_eq!(
        Value::from(earnings),
        listed("csv_only_endpoint_quota_notice_earnings_calendar")
    );
    let with_datatype = ask(&vendor, &format!("{DAILY}&datatype=csv")).await;
    assert_eq!(
        with_datatype.json(),
        listed("burst_free_key"),
        "elsewhere it is JSON"
    );
    vendor.stop().await;
    let switched = frozen(limited("free+json-refusals".parse().unwrap())).await;
    ask(&switched, listing).await;
    assert_eq!(
        ask(&switched, listing).await.json(),
        listed("burst_free_key")
    );
    switched.stop().await;
}

#[tokio::test]
async fn every_listed_body_can_be_forced() {
    let vendor = vendor(FREE).await;
    let all = sample_json("error_bodies.json");
    assert!(all.as_array().unwrap().len() >= 19);
    for entry in all.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let function = match name {
            "unknown_function" => "TIME_SERIES_DALY",
            "csv_only_endpoint_quota_notice_earnings_calendar" => "EARNINGS_CALENDAR",
            "csv_only_endpoint_quota_notice_listing_status" => "LISTING_STATUS",
            _ => "TIME_SERIES_DAILY",
        };
        let fault = if name.starts_with("csv_only") {
            Fault::MonthSpent
        } else {
            Fault::Named {
                name: name.to_owned(),
            }
        };
        vendor.set_faults(one(Rule::times("", 1, fault)));
        let reply = ask(&vendor, &format!("function={function}&symbol=IBM")).await;
        assert_eq!(
            u64::from(reply.status),
            entry["status"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(
            reply.header("content-type"),
            entry["content_type"].as_str(),
            "{name}"
        );
        let expected = &entry["body"];
        if let Some(text) = expected.as_str() {
            assert_eq!(reply.text(), text, "{name}");
        } else {
            let text = expected.to_string().replace("TESTKEY123456789", KEY);
            assert_eq!(reply.json().to_string(), text, "{name}");
        }
        assert!(vendor.requests().last().unwrap().fault.is_some(), "{name}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn the_common_faults_speak_this_vendors_language() {
    let vendor = vendor(FREE).await;
    let faulty = async |query: &str, fault: Fault| {
        vendor.set_faults(one(Rule::always("", fault)));
        ask(&vendor, query).await
    };
    let throttled = Fault::Status429 {
        retry_after: Some(7),
        reset_header: true,
    };
    let reply = faulty(DAILY, throttled).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("7"))
    );
    assert_eq!(reply.json(), listed("burst_free_key"));
    assert_eq!(
        faulty(DAILY, Fault::ThrottledText).await.json(),
        listed("burst_free_key")
    );
    assert!(notice(&faulty(DAILY, Fault::MonthSpent).await).contains("requests per day"));
    for (fault, status) in [
        (Fault::Status500, 500),
        (Fault::Status502, 502),
        (Fault::Html403, 403),
    ] {
        let reply = faulty(DAILY, fault).await;
        assert_eq!(reply.status, status);
        assert!(reply.text().starts_with("<!DOCTYPE html>"));
        assert_eq!(
            reply.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    }
    let cut = faulty(DAILY, Fault::CutJson).await;
    assert!(serde_json::from_slice::<Value>(&cut.body).is_err());
    assert!(faulty(DAILY, Fault::CutConnection).await.cut);
    let empty = faulty(DAILY, Fault::Empty).await.json();
    assert_eq!(
        empty.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Meta Data"]
    );
    assert_eq!(
        faulty("function=WTI", Fault::Empty).await.json()["data"],
        Value::Array(Vec::new())
    );
    let listing = "function=LISTING_STATUS";
    assert_eq!(
        faulty(listing, Fault::Empty).await.text().lines().count(),
        1
    );
    let ids = || Fault::DropIds {
        ids: vec!["IBM".to_owned(), "2026-05-15".to_owned()],
    };
    assert!(!faulty(listing, ids()).await.text().contains("\r\nIBM,"));
    let thinned = faulty(DAILY, ids()).await.json();
    assert_eq!(alphavantage::series(&thinned).len(), 99);
    assert_eq!(faulty(listing, Fault::NoBody).await.text(), "");
    let half = faulty(listing, Fault::CutJson).await.body.len();
    vendor.set_faults(Faults::default());
    assert_eq!(ask(&vendor, listing).await.body.len() / 2, half);
    vendor.stop().await;
}
