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
mod recognise;
mod shares;
mod speed;
mod traps;
mod vouches;

use std::fmt::Write as _;

use http::{HeaderMap, StatusCode};
use model::{DatasetId, Key, MetricName, PullKind, TimeRange, Ts};
use source::{Ask, Parsed, Record, Reply, ReplyError, RequestSpec, Source as _, Want};
use source_velo::{Plan, Settings, Velo};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) const CLOSE: &[&str] = &["CLOSE_PRICE"];
/// The columns of futures that a row of the CSV has which names none, sorted.
pub(crate) const DEFAULT: &[&str] = &[
    "CLOSE_PRICE",
    "COIN_OI_CLOSE",
    "DOLLAR_OI_CLOSE",
    "DOLLAR_VOLUME",
    "FUNDING_RATE",
    "HIGH_PRICE",
    "LIQ_DOLLAR_VOL",
    "LOW_PRICE",
    "OPEN_PRICE",
    "PREMIUM",
];

pub(crate) fn vendor(plan: Plan) -> Velo {
    Velo::new(Settings {
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

/// `BTC BTCUSDT binance-futures`, or a coin by itself.
pub(crate) fn key(text: &str) -> Key {
    let mut parts = text.split(' ');
    let mut key = Key::of_asset(parts.next().unwrap(), "usd");
    key.instrument = parts.next().unwrap_or_default().into();
    key.venue = parts.next().unwrap_or_default().into();
    key
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

pub(crate) fn plan(vendor: &Velo, ask: &Ask) -> Vec<RequestSpec> {
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
    vendor: &Velo,
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
    let vendor = vendor(Plan::Annual);
    let request = vendor.recognise(None, path_and_query, &[]).unwrap();
    read(&vendor, &request, &reply(body, now))
}

/// Reads the answer to the first request of an ask.
pub(crate) fn answered(ask: &Ask, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    let vendor = vendor(Plan::Annual);
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
    for (key, metric, outcome) in &record.outcomes {
        writeln!(text, "{key} {metric}: {outcome:?}").unwrap();
    }
    for reject in &record.rejects {
        let metric = reject.metric.as_ref().map_or("*", MetricName::as_str);
        let label = reject
            .label
            .map_or("-".to_owned(), |label| label.to_string());
        writeln!(
            text,
            "reject {} {metric} {label}: {}",
            reject.asset, reject.why
        )
        .unwrap();
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
