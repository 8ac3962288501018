//! The source against the samples of its contract. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are no tests to the lint"
)]

mod access;
mod answers;
mod check;
mod config;
mod conformance;
mod finality;
mod never_panics;
mod plan;
mod quota;
mod recognise;
mod traps;

use model::{Key, TimeRange};
use source::{Ask, Parsed, Record, ReplyError, Want, conformance::stage};
use source_alphavantage::{AlphaVantage, Plan, Settings};

pub(crate) use source::conformance::stage::{
    at, gap as ask, lines, plan, range, read, reply, reply_with, settled as outcomes, told,
};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) const CLOSE: &[&str] = &["CLOSE"];
pub(crate) const BARS: &[&str] = &["CLOSE", "HIGH", "LOW", "OPEN", "VOLUME"];
pub(crate) const COINS: &[&str] = &["CLOSE", "HIGH", "LOW", "OPEN", "VOLUME_COIN"];
pub(crate) const PAID: Plan = Plan::Premium(75);

pub(crate) fn vendor(plan: Plan) -> AlphaVantage {
    AlphaVantage::new(Settings {
        plan,
        base_url: None,
        rpm: None,
    })
}

/// `equity:IBM`, or `crypto:BTC eur` in another currency.
pub(crate) fn key(text: &str) -> Key {
    let (asset, quote) = text.split_once(' ').unwrap_or((text, "usd"));
    Key::of_asset(asset, quote)
}

/// The points of a metric: `2026-05-18T00:00:00Z 1.5`, joined.
pub(crate) fn points(record: &Record, metric: &str) -> String {
    let points = record.points.iter();
    let points = points.filter(|point| point.metric.as_str() == metric);
    let points: Vec<String> = points
        .map(|point| format!("{} {}", point.label, point.value))
        .collect();
    points.join(", ")
}

pub(crate) fn want(of: &str, metrics: &[&str], labels: TimeRange) -> Want {
    stage::want(key(of), metrics, labels)
}

pub(crate) fn look(
    path_and_query: &str,
    body: &[u8],
    now: &str,
) -> Result<(Record, Parsed), ReplyError> {
    stage::look(&vendor(PAID), path_and_query, body, now)
}

pub(crate) fn answered(ask: &Ask, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    stage::answered(&vendor(PAID), ask, body, now)
}
