//! Asking the simulated DefiLlama, by either layout.

use fake_vendors::{DefiLlamaPlan, FakeVendor, Options, Vendor};
use serde_json::Value;

use super::{KEY, Wire, get_with, options as others};

const AGENT: (&str, &str) = ("user-agent", "test/1.0");

pub(crate) fn options(plan: DefiLlamaPlan) -> Options {
    Options {
        vendor: Vendor::DefiLlama(plan),
        rpm: None,
        ..others(fake_vendors::Plan::Demo)
    }
}

/// Starts a vendor whose clock stands still at 2026-05-18T12:49:30Z.
pub(crate) async fn vendor(plan: DefiLlamaPlan) -> FakeVendor {
    super::frozen(options(plan)).await
}

/// Starts one on the API plan that knows more than the table.
pub(crate) async fn knowing(ids: &[&str]) -> FakeVendor {
    super::frozen(Options {
        extra_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..options(DefiLlamaPlan::pro())
    })
    .await
}

/// Asks a free host: the path begins with the product.
pub(crate) async fn free(vendor: &FakeVendor, path: &str) -> Wire {
    get_with(vendor, &format!("/free{path}"), &[AGENT]).await
}

/// Asks Pro with the right key: the path begins with the product.
pub(crate) async fn pro(vendor: &FakeVendor, path: &str) -> Wire {
    get_with(vendor, &format!("/{KEY}{path}"), &[AGENT]).await
}

pub(crate) async fn raw(vendor: &FakeVendor, path: &str) -> Wire {
    get_with(vendor, path, &[AGENT]).await
}

/// Returns the rows of `[[seconds, value]]` in milliseconds.
pub(crate) fn pairs(chart: &Value) -> Vec<(i64, f64)> {
    let rows = chart.as_array().unwrap().iter();
    rows.map(|row| (row[0].as_i64().unwrap() * 1_000, row[1].as_f64().unwrap()))
        .collect()
}

/// Returns the rows of `[{date, <field>}]` in milliseconds.
pub(crate) fn rows(list: &Value, field: &str) -> Vec<(i64, f64)> {
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["date"].as_i64().unwrap() * 1_000,
            row[field].as_f64().unwrap(),
        )
    })
    .collect()
}

/// Returns the one of a list whose `field` is `value`.
pub(crate) fn with<'a>(list: &'a Value, field: &str, value: &str) -> &'a Value {
    let mut rows = list.as_array().unwrap().iter();
    rows.find(|row| row[field] == value).unwrap()
}

/// Checks that both hold the same labels with values that differ by rounding at most.
pub(crate) fn assert_held(held: &[(i64, f64)], served: &[(i64, f64)], slack: f64) {
    let labels = |series: &[(i64, f64)]| series.iter().map(|(ms, _)| *ms).collect::<Vec<_>>();
    assert_eq!(labels(held), labels(served));
    assert!(!held.is_empty());
    for ((ms, a), (_, b)) in held.iter().zip(served) {
        assert!((a - b).abs() <= slack, "{ms}: {a} and {b}");
    }
}

/// Checks that a path was answered with a status and just this text.
#[track_caller]
pub(crate) fn assert_said(reply: &Wire, path: &str, status: u16, text: &str) {
    let said = (reply.status, reply.text());
    assert_eq!(said, (status, text.to_owned()), "{path}");
}

/// Returns the sum of the parts of a row of `[seconds, {part: value}]`.
pub(crate) fn sum(row: &Value) -> f64 {
    let parts = row[1].as_object().unwrap().values();
    parts.map(|usd| usd.as_f64().unwrap()).sum()
}
