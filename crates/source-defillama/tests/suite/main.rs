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
mod daily;
mod large;
mod never_panics;
mod now;
mod plan;
mod prices;
mod recognise;
mod traps;

use std::fmt::Write as _;

use http::{HeaderMap, StatusCode};
use model::{DatasetId, Key, MetricName, PullKind, TimeRange, Ts};
use source::{Ask, Outcome, Parsed, Record, Reply, ReplyError, RequestSpec, Source as _, Want};
use source_defillama::{COLUMNS, DefiLlama, FreeHosts, Plan, Settings};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) fn vendor(plan: Plan) -> DefiLlama {
    DefiLlama::new(settings(plan))
}

pub(crate) fn settings(plan: Plan) -> Settings {
    Settings {
        plan,
        base_url: None,
        free_hosts: FreeHosts::default(),
        rpm: None,
    }
}

/// The vendor after it has read such rows.
pub(crate) fn configured(plan: Plan, rows: &str) -> DefiLlama {
    let vendor = vendor(plan);
    let csv = format!("{}\n{rows}", COLUMNS.join(","));
    vendor.read_config("defillama.csv", csv.as_bytes()).unwrap();
    vendor
}

pub(crate) fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

pub(crate) fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(at(start), at(end))
}

pub(crate) fn want(asset: &str, metrics: &[&str], labels: TimeRange) -> Want {
    Want {
        key: Key::of_asset(asset, "usd"),
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

pub(crate) fn plan(vendor: &DefiLlama, ask: &Ask) -> Vec<RequestSpec> {
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
    vendor: &DefiLlama,
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
    let vendor = vendor(Plan::Free);
    let request = vendor.recognise(None, path_and_query, &[]).unwrap();
    read(&vendor, &request, &reply(body, now)).map(|(record, _)| record)
}

/// Asks for one range of one thing and reads this answer to the only request.
pub(crate) fn answer(
    vendor: &DefiLlama,
    ask: &Ask,
    body: &[u8],
) -> Result<(Record, Parsed), ReplyError> {
    let requests = plan(vendor, ask);
    assert_eq!(requests.len(), 1, "{}", lines(&requests));
    let mut reply = reply(body, "2000-01-01");
    reply.received_at = ask.now;
    read(vendor, &requests[0], &reply)
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

/// The outcomes of a metric of the only key.
pub(crate) fn outcomes(record: &Record, metric: &str) -> Vec<Outcome> {
    let of_metric = record
        .outcomes
        .iter()
        .filter(|(_, name, _)| name.as_str() == metric);
    of_metric.map(|(_, _, outcome)| *outcome).collect()
}

/// The values of all points, in the order read.
pub(crate) fn values(record: &Record) -> Vec<f64> {
    record.points.iter().map(|point| point.value).collect()
}
