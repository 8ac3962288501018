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

use std::fmt::Write as _;

use http::{HeaderMap, StatusCode};
use model::{DatasetId, Key, MetricName, PullKind, TimeRange, Ts};
use source::{Ask, Parsed, Record, Reply, ReplyError, RequestSpec, Source as _, Want};
use source_alphavantage::{AlphaVantage, Plan, Settings};

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

pub(crate) fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

pub(crate) fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(at(start), at(end))
}

/// `equity:IBM`, or `crypto:BTC eur` in another currency.
pub(crate) fn key(text: &str) -> Key {
    let (asset, quote) = text.split_once(' ').unwrap_or((text, "usd"));
    Key::of_asset(asset, quote)
}

pub(crate) fn want(of: &str, metrics: &[&str], labels: TimeRange) -> Want {
    Want {
        key: key(of),
        metrics: metrics.iter().map(|name| MetricName::from(*name)).collect(),
        labels,
    }
}

pub(crate) fn ask(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    Ask {
        dataset,
        kind: PullKind::Gap,
        now: at(now),
        oldest: None,
        wants,
    }
}

pub(crate) fn plan(vendor: &AlphaVantage, ask: &Ask) -> Vec<RequestSpec> {
    vendor.plan(ask).unwrap().collect()
}

pub(crate) fn reply(body: &[u8], now: &str) -> Reply {
    Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: bytes::Bytes::copy_from_slice(body),
        received_at: at(now),
    }
}

/// Checks and parses as the executor does.
pub(crate) fn read(
    vendor: &AlphaVantage,
    request: &RequestSpec,
    reply: &Reply,
) -> Result<(Record, Parsed), ReplyError> {
    vendor.check(request, reply)?;
    let mut record = Record::new(request.block.clone(), reply.received_at);
    let parsed = vendor.parse(request, reply, &mut record)?;
    Ok((record, parsed))
}

/// Reads the answer to a path and query, as `cargo xtask parse` does.
pub(crate) fn look(
    path_and_query: &str,
    body: &[u8],
    now: &str,
) -> Result<(Record, Parsed), ReplyError> {
    let vendor = vendor(PAID);
    let request = vendor.recognise(None, path_and_query, &[]).unwrap();
    read(&vendor, &request, &reply(body, now))
}

/// Reads the answer to the first request of an ask.
pub(crate) fn answered(ask: &Ask, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    let vendor = vendor(PAID);
    let request = plan(&vendor, ask).swap_remove(0);
    read(&vendor, &request, &reply(body, now)).map(|(record, _)| record)
}

/// Everything a record holds, a line each.
pub(crate) fn told(record: &Record) -> String {
    let mut text = String::new();
    for point in &record.points {
        let (key, metric, step) = (&point.key, &point.metric, point.step);
        let (label, value) = (point.label, point.value);
        writeln!(text, "{key} {metric} {step} {label} {value}").unwrap();
    }
    text.push_str(&outcomes(record));
    for reject in &record.rejects {
        let metric = reject.metric.as_ref().map_or("*", MetricName::as_str);
        let label = reject
            .label
            .map_or("-".to_owned(), |label| label.to_string());
        let (asset, why) = (&reject.asset, reject.why);
        writeln!(text, "reject {asset} {metric} {label}: {why}").unwrap();
    }
    for listing in &record.listings {
        writeln!(text, "{listing:?}").unwrap();
    }
    writeln!(text, "unasked: {}", record.unasked).unwrap();
    text
}

/// What a record settles, a line each.
pub(crate) fn outcomes(record: &Record) -> String {
    let mut text = String::new();
    for (key, metric, outcome) in &record.outcomes {
        writeln!(text, "{key} {metric}: {outcome:?}").unwrap();
    }
    text
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

/// The requests of a plan, a line each.
pub(crate) fn lines(requests: &[RequestSpec]) -> String {
    let mut text = String::new();
    for request in requests {
        let (keys, labels) = (request.block.keys.len(), request.block.labels);
        writeln!(text, "{} ({keys} keys, {labels})", request.path_and_query()).unwrap();
    }
    text
}
