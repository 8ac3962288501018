//! The source against the samples of its contract. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to the lint"
)]

mod access;
mod answers;
mod candles;
mod check;
mod config;
mod conformance;
mod never_panics;
mod odd;
mod plan;
mod random_asks;
mod recognise;
mod supply;
mod traps;
mod variants;
mod whole_market;

use std::fmt::Write as _;

use http::{HeaderMap, StatusCode};
use model::{DatasetId, Key, MetricName, PullKind, TimeRange, Ts};
use source::{Ask, Parsed, Record, Reply, ReplyError, RequestSpec, Source as _, Want};
use source_coingecko::{CoinGecko, Plan, Settings};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) fn vendor(plan: Plan) -> CoinGecko {
    CoinGecko::new(Settings {
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

pub(crate) fn want(coin: &str, quote: &str, metrics: &[&str], labels: TimeRange) -> Want {
    Want {
        key: Key::of_asset(coin, quote),
        metrics: metrics.iter().map(|name| MetricName::from(*name)).collect(),
        labels,
    }
}

pub(crate) const CHART: [&str; 3] = ["MARKET_CAP", "PRICE", "VOLUME_24H"];

pub(crate) fn ask(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    Ask {
        dataset,
        kind: PullKind::Backfill,
        now: at(now),
        oldest: None,
        wants,
    }
}

pub(crate) fn plan(vendor: &CoinGecko, ask: &Ask) -> Vec<RequestSpec> {
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
    vendor: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
) -> Result<(Record, Parsed), ReplyError> {
    vendor.check(request, reply)?;
    let mut record = Record::new(request.block.clone(), reply.received_at);
    let parsed = vendor.parse(request, reply, &mut record)?;
    Ok((record, parsed))
}

/// Reads the answer to a path and query, as `cargo xtask parse` does.
pub(crate) fn look(path_and_query: &str, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    let vendor = vendor(Plan::Demo);
    let request = vendor.recognise(None, path_and_query, &[]).unwrap();
    read(&vendor, &request, &reply(body, now)).map(|(record, _)| record)
}

/// Everything a record holds, a line each.
pub(crate) fn told(record: &Record) -> String {
    let mut text = String::new();
    for point in &record.points {
        let (key, metric, step) = (&point.key, &point.metric, point.step);
        writeln!(
            text,
            "{key} {metric} {step} {} {}",
            point.label, point.value
        )
        .unwrap();
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
        let keys: Vec<String> = request.block.keys.iter().map(Key::to_string).collect();
        writeln!(
            text,
            "{}\n  {} {:?} {}",
            request.path_and_query(),
            keys.join(" "),
            request.block.metrics,
            request.block.labels
        )
        .unwrap();
    }
    text
}
