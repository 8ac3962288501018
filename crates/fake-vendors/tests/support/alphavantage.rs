//! Alpha Vantage under test: options, questions by their query, samples of the contract.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "test code, and each test file uses its part"
)]

use fake_vendors::{AlphaVantagePlan, FakeVendor, Options, Vendor};
use serde_json::Value;

use crate::support::{self, Wire, at};

pub(crate) const KEY: &str = "AV-test-key";
pub(crate) const PREMIUM: AlphaVantagePlan = AlphaVantagePlan::premium(75);
/// Premium with US market data.
pub(crate) const REALTIME: AlphaVantagePlan = AlphaVantagePlan {
    realtime: true,
    ..PREMIUM
};

pub(crate) fn options(plan: AlphaVantagePlan) -> Options {
    Options {
        vendor: Vendor::AlphaVantage(plan),
        key: KEY.to_owned(),
        now: Some(at("2026-05-18T12:49:30Z")),
        rpm: Some(100_000),
        monthly_credits: Some(100_000),
        extra_ids: [
            "equity:TSCO.LON",
            "equity:AAPL",
            "etf:QQQ",
            "crypto:TON:EUR",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Options::default()
    }
}

/// Starts a vendor whose clock stands still on 2026-05-18, a Monday, at 12:49:30 UTC; nothing is limited.
pub(crate) async fn vendor(plan: AlphaVantagePlan) -> FakeVendor {
    frozen(options(plan)).await
}

pub(crate) async fn frozen(options: Options) -> FakeVendor {
    support::frozen(options).await
}

/// Asks with the right key.
pub(crate) async fn ask(vendor: &FakeVendor, query: &str) -> Wire {
    support::get_with(vendor, &format!("/query?{query}&apikey={KEY}"), &[]).await
}

pub(crate) async fn json(vendor: &FakeVendor, query: &str) -> Value {
    let reply = ask(vendor, query).await;
    assert_eq!(reply.status, 200, "{query}");
    assert_eq!(
        reply.header("content-type"),
        Some("application/json"),
        "{query}"
    );
    reply.json()
}

/// Returns labels and rows in the order served; reads the text, because JSON objects lose it.
pub(crate) fn labels(body: &str) -> Vec<String> {
    let quoted = body.split('"').skip(1).step_by(2);
    let is_label = |text: &&str| text.len() >= 10 && text.as_bytes()[4] == b'-';
    let all: Vec<String> = quoted.filter(is_label).map(str::to_owned).collect();
    // The first is `Last Refreshed`.
    all.into_iter().skip(1).collect()
}

/// Returns the one member of an answer that is not `Meta Data`.
pub(crate) fn series(answer: &Value) -> &serde_json::Map<String, Value> {
    let members = answer.as_object().unwrap();
    let mut others = members.iter().filter(|(name, _)| *name != "Meta Data");
    let (_, rows) = others.next().unwrap();
    assert!(others.next().is_none());
    rows.as_object().unwrap()
}

pub(crate) fn number(value: &Value) -> f64 {
    value
        .as_str()
        .map_or_else(|| value.as_f64().unwrap(), |text| text.parse().unwrap())
}

pub(crate) fn sample(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/test_data/alphavantage");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

pub(crate) fn sample_json(name: &str) -> Value {
    serde_json::from_str(&sample(name)).unwrap()
}

/// Tells member names and types, but not those of labels: what two answers of one kind have in common.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_label = |name: &str| name.len() >= 10 && name.as_bytes()[4] == b'-';
            let named = fields.iter().map(|(name, value)| {
                let name = if is_label(name) { "label" } else { name };
                (name.to_owned(), shape(value))
            });
            Value::Object(named.collect())
        }
        Value::Array(rows) => rows.first().map_or(Value::Null, shape),
        Value::String(_) => "string".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => Value::Null,
    }
}

/// Limits as the plan has them.
pub(crate) fn limited(plan: AlphaVantagePlan) -> Options {
    Options {
        rpm: None,
        monthly_credits: None,
        ..options(plan)
    }
}

/// Returns the body that the contract's list has under a name.
pub(crate) fn listed(name: &str) -> Value {
    let all = sample_json("error_bodies.json");
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == name);
    found.unwrap()["body"].clone()
}

pub(crate) fn notice(reply: &Wire) -> String {
    assert_eq!(reply.status, 200, "a refusal is a success");
    let body = reply.json();
    let (_, text) = body.as_object().unwrap().iter().next().unwrap();
    text.as_str().unwrap().to_owned()
}

pub(crate) fn ms(text: &str) -> i64 {
    at(&format!("{text}T00:00:00Z")).unix_timestamp() * 1_000
}

pub(crate) async fn texts(vendor: &FakeVendor, query: &str) -> Vec<String> {
    labels(&ask(vendor, query).await.text())
}
