//! The source against the samples of its contract. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to the lint"
)]

mod access;
mod answers;
mod check;
mod config;
mod conformance;
mod never_panics;
mod plan;
mod random_asks;
mod recognise;
mod settles;
mod traps;

use std::fmt::Write as _;

use http::{HeaderMap, StatusCode};
use model::{DatasetId, Key, MetricName, PullKind, TimeRange, Ts};
use source::{Ask, Parsed, Record, Reply, ReplyError, RequestSpec, Source as _, Want};
use source_artemis::{Artemis, Plan, Settings};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) fn vendor() -> Artemis {
    Artemis::new(Settings {
        plan: Plan::Enterprise,
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

pub(crate) fn key(symbol: &str) -> Key {
    Key::of_asset(symbol, "usd")
}

pub(crate) fn want(symbol: &str, metrics: &[&str], labels: TimeRange) -> Want {
    let mut metrics: Vec<_> = metrics.iter().map(|name| MetricName::from(*name)).collect();
    metrics.sort();
    Want {
        key: key(symbol),
        metrics,
        labels,
    }
}

pub(crate) fn ask(dataset: DatasetId, now: &str, mut wants: Vec<Want>) -> Ask {
    wants.sort_by(|a, b| (&a.key, a.labels.start).cmp(&(&b.key, b.labels.start)));
    Ask {
        dataset,
        kind: PullKind::Backfill,
        now: at(now),
        oldest: None,
        wants,
    }
}

pub(crate) fn live(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    Ask {
        kind: PullKind::Live,
        ..ask(dataset, now, wants)
    }
}

pub(crate) fn plan(ask: &Ask) -> Vec<RequestSpec> {
    vendor().plan(ask).unwrap().collect()
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
pub(crate) fn read(request: &RequestSpec, reply: &Reply) -> Result<(Record, Parsed), ReplyError> {
    let vendor = vendor();
    vendor.check(request, reply)?;
    let mut record = Record::new(request.block.clone(), reply.received_at);
    let parsed = vendor.parse(request, reply, &mut record)?;
    Ok((record, parsed))
}

/// Reads the answer to a path and query, as `cargo xtask parse` does.
pub(crate) fn look(path_and_query: &str, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    let request = vendor().recognise(None, path_and_query, &[]).unwrap();
    read(&request, &reply(body, now)).map(|(record, _)| record)
}

/// Everything a record holds, a line each.
pub(crate) fn told(record: &Record) -> String {
    let mut text = String::new();
    for point in &record.points {
        let (key, metric, step) = (&point.key, &point.metric, point.step);
        let (label, value) = (point.label, point.value);
        writeln!(text, "{key} {metric} {step} {label} {value}").unwrap();
    }
    for (key, metric, outcome) in &record.outcomes {
        writeln!(text, "{key} {metric}: {outcome:?}").unwrap();
    }
    for reject in &record.rejects {
        let metric = reject.metric.as_ref().map_or("*", MetricName::as_str);
        writeln!(text, "reject {} {metric}: {}", reject.asset, reject.why).unwrap();
    }
    for listing in &record.listings {
        writeln!(text, "{listing:?}").unwrap();
    }
    writeln!(text, "unasked: {}", record.unasked).unwrap();
    text
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
