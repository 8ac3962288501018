//! What the tests of the simulated Artemis share.

use fake_vendors::{ArtemisPlan, FakeVendor, Options, Vendor};
use serde_json::Value;

use super::{KEY, NOW_S, Wire, frozen, get_with};
use time::OffsetDateTime;

pub(crate) const HEADER: (&str, &str) = ("X-API-Key", KEY);

pub(crate) fn options(plan: ArtemisPlan) -> Options {
    Options {
        vendor: Vendor::Artemis(plan),
        key: KEY.to_owned(),
        now: Some(OffsetDateTime::from_unix_timestamp(NOW_S).unwrap()),
        ..Options::default()
    }
}

/// Starts Artemis with a clock that stands still at `NOW_S`; the plan as a command line writes it.
pub(crate) async fn artemis(plan: &str) -> FakeVendor {
    frozen(options(plan.parse().unwrap())).await
}

pub(crate) async fn ask(vendor: &FakeVendor, path: &str) -> Wire {
    get_with(vendor, path, &[HEADER]).await
}

/// Asks for dated values and returns the symbols level.
pub(crate) async fn dated(
    vendor: &FakeVendor,
    metrics: &str,
    symbols: &str,
    (start, end): (&str, &str),
) -> Value {
    let path = format!("/data/api/{metrics}/?symbols={symbols}&startDate={start}&endDate={end}");
    let reply = ask(vendor, &path).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["data"]["symbols"].take()
}

/// Returns the `date` of every point of a list.
pub(crate) fn dates(cell: &Value) -> Vec<&str> {
    let points = cell.as_array().unwrap().iter();
    points
        .map(|point| point["date"].as_str().unwrap())
        .collect()
}

/// Returns the numbers of a list.
pub(crate) fn numbers(cell: &Value) -> Vec<f64> {
    let points = cell.as_array().unwrap().iter();
    points.map(|point| point["val"].as_f64().unwrap()).collect()
}

/// Returns what a collector keeps: the day and the value of every point that has one.
pub(crate) fn kept(cell: &Value) -> Vec<(i64, f64)> {
    let number = |val: &Value| match val {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    let points = cell.as_array().unwrap().iter();
    points
        .filter_map(|point| {
            let day = point["date"].as_str().unwrap().get(..10).unwrap();
            let at = super::at(&format!("{day}T00:00:00Z"));
            Some((at.unix_timestamp() * 1_000, number(&point["val"])?))
        })
        .collect()
}

/// Returns the outline of a body: keys as they are, lists by their first element, leaves by their type.
pub(crate) fn outline(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let outlined = fields
                .iter()
                .map(|(name, inner)| (name.clone(), outline(inner)));
            Value::Object(outlined.collect())
        }
        Value::Array(items) => Value::Array(items.first().map(outline).into_iter().collect()),
        Value::String(_) => "string".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => Value::Null,
    }
}

/// Reads a sample body.
pub(crate) fn sample(name: &str) -> Value {
    let path = format!(
        "{}/test_data/artemis/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
