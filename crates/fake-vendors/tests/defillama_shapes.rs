//! The shapes of the simulated DefiLlama against samples: equal names hold equal kinds of values.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use fake_vendors::DefiLlamaPlan;
use serde_json::Value;
use support::defillama::{pro, vendor};

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Notes where a sample and an answer differ in kind. Null goes with everything; of lists the first entries count.
fn compare(at: &str, sample: &Value, ours: &Value, differences: &mut Vec<String>) {
    if sample.is_null() || ours.is_null() {
        return;
    }
    if kind(sample) != kind(ours) {
        differences.push(format!(
            "{at}: {} in the sample, {} here",
            kind(sample),
            kind(ours)
        ));
        return;
    }
    match (sample, ours) {
        (Value::Object(sample), Value::Object(ours)) => {
            for (name, value) in sample {
                if let Some(own) = ours.get(name) {
                    compare(&format!("{at}.{name}"), value, own, differences);
                }
            }
        }
        (Value::Array(sample), Value::Array(ours)) => {
            if let (Some(a), Some(b)) = (sample.first(), ours.first()) {
                compare(&format!("{at}[0]"), a, b, differences);
            }
        }
        _ => {}
    }
}

/// Returns the object or row that the names are looked for in.
fn inner<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap()
}

#[tokio::test]
async fn names_and_kinds_are_those_of_the_samples() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    // Sample, request, where the rows are, what a row may lack: fields that come and go.
    let cases: [(&str, &str, &str, &[&str]); 12] = [
        (
            "protocols",
            "/api/protocols",
            "/0",
            &["address", "oracles", "audit_links"],
        ),
        (
            "protocol-aave",
            "/api/protocol/aave",
            "",
            &["chain", "governanceID", "treasury"],
        ),
        (
            "protocol-aave",
            "/api/protocol/aave",
            "/chainTvls/Ethereum",
            &[],
        ),
        ("chains-v2", "/api/v2/chains", "/0", &[]),
        (
            "historicalChainTvl-Ethereum",
            "/api/v2/historicalChainTvl/Ethereum",
            "/0",
            &[],
        ),
        (
            "overview-fees",
            "/api/overview/fees?excludeTotalDataChart=true&excludeTotalDataChartBreakdown=true",
            "",
            &[],
        ),
        (
            "overview-fees",
            "/api/overview/fees?excludeTotalDataChart=true&excludeTotalDataChartBreakdown=true",
            "/protocols/0",
            &["parentProtocol", "linkedProtocols", "methodology"],
        ),
        (
            "summary-fees-hyperliquid",
            "/api/summary/fees/hyperliquid",
            "",
            &["github", "address"],
        ),
        (
            "prices-current",
            "/coins/prices/current/coingecko:ethereum",
            "/coins/coingecko:ethereum",
            &[],
        ),
        (
            "chart-coins",
            "/coins/chart/coingecko:ethereum?start=1664366400&span=4&period=1h",
            "/coins/coingecko:ethereum",
            &[],
        ),
        (
            "stablecoins",
            "/stablecoins/stablecoins?includePrices=true",
            "/peggedAssets/0",
            &[],
        ),
        ("yields-pools", "/yields/pools", "/data/0", &[]),
    ];
    for (name, path, pointer, optional) in cases {
        let text = std::fs::read_to_string(format!("test_data/defillama/{name}.json")).unwrap();
        let sample: Value = serde_json::from_str(&text).unwrap();
        let ours = pro(&vendor, path).await.json();
        let mut differences = Vec::new();
        compare(name, &sample, &ours, &mut differences);
        let (wanted, here) = (inner(&sample, pointer), inner(&ours, pointer));
        for field in wanted.as_object().unwrap().keys() {
            if here.get(field).is_none() && !optional.contains(&field.as_str()) {
                differences.push(format!("{name}{pointer}: no {field}"));
            }
        }
        assert!(differences.is_empty(), "{differences:#?}");
    }
    let text = std::fs::read_to_string("test_data/defillama/stablecoincharts-all.json").unwrap();
    let sample: Value = serde_json::from_str(&text).unwrap();
    let chart = pro(&vendor, "/stablecoins/stablecoincharts/all")
        .await
        .json();
    let last = chart.as_array().unwrap().last().unwrap();
    let mut differences = Vec::new();
    compare("stablecoincharts-all", &sample[0], last, &mut differences);
    assert!(differences.is_empty(), "{differences:#?}");
    let names = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&sample[0]), names(last));
    vendor.stop().await;
}
