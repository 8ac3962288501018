//! What the tests of every source need to put it on a stage: asks, replies, a reader that does as
//! the executor does, and records and plans as text to compare. What only one vendor has (its keys,
//! its settings, its samples) stays with the tests of that source.
//!
//! For tests alone: a time or a status that cannot be read stops the test with a panic.
#![expect(
    clippy::unwrap_used,
    reason = "a slip in a test's own input has to stop that test"
)]

use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use model::{DatasetId, Key, MetricName, PullKind, SeriesKey, SeriesSpec, TimeRange, Ts};

use super::{answer, replies};
use crate::{
    Ask, Outcome, Parsed, Record, RecordedPoint, Reply, ReplyError, RequestSpec, Source, Want,
};

/// Returns the instant that a text names: `2026-05-18` or `2026-05-18T12:05:00Z`.
pub fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

/// Returns the range from one such instant to another.
pub fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(at(start), at(end))
}

/// Makes a want, its metrics in the order given.
pub fn want(key: Key, metrics: &[&str], labels: TimeRange) -> Want {
    Want {
        key,
        metrics: metrics.iter().map(|name| MetricName::from(*name)).collect(),
        labels,
    }
}

/// Makes an ask to fill the past, its wants in the order given.
pub fn backfill(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    Ask {
        dataset,
        kind: PullKind::Backfill,
        now: at(now),
        oldest: None,
        wants,
    }
}

/// Makes an ask to fill a gap, its wants in the order given.
pub fn gap(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    Ask {
        kind: PullKind::Gap,
        ..backfill(dataset, now, wants)
    }
}

/// Makes the ask of a live tick, its wants in the order given.
pub fn live(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    Ask {
        kind: PullKind::Live,
        ..backfill(dataset, now, wants)
    }
}

/// Returns all requests of an ask, newest first.
pub fn plan(source: &dyn Source, ask: &Ask) -> Vec<RequestSpec> {
    source.plan(ask).unwrap().collect()
}

/// Makes an answer with status 200, read at `now`.
pub fn reply(body: &[u8], now: &str) -> Reply {
    reply_with(200, body, now)
}

/// Makes an answer with another status.
pub fn reply_with(status: u16, body: &[u8], now: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap();
    answer(status, Bytes::copy_from_slice(body), at(now))
}

/// Checks and parses as the executor does.
///
/// # Errors
/// What the source says of the answer.
pub fn read(
    source: &dyn Source,
    request: &RequestSpec,
    reply: &Reply,
) -> Result<(Record, Parsed), ReplyError> {
    let (record, read) = replies::read(source, request, reply);
    read.map(|parsed| (record, parsed))
}

/// Reads the answer to a path and query, as `cargo xtask parse` does.
///
/// # Errors
/// What the source says of the answer.
pub fn look(
    source: &dyn Source,
    path_and_query: &str,
    body: &[u8],
    now: &str,
) -> Result<(Record, Parsed), ReplyError> {
    let request = source.recognise(None, path_and_query, &[]).unwrap();
    read(source, &request, &reply(body, now))
}

/// Reads the answer to the first request of an ask.
///
/// # Errors
/// What the source says of the answer.
pub fn answered(
    source: &dyn Source,
    ask: &Ask,
    body: &[u8],
    now: &str,
) -> Result<Record, ReplyError> {
    let request = plan(source, ask).swap_remove(0);
    read(source, &request, &reply(body, now)).map(|(record, _)| record)
}

/// Reads rows of a config CSV under the columns given; the problems come as their text.
///
/// # Errors
/// Every problem of the rows at once.
pub fn configure(
    source: &dyn Source,
    columns: &[&str],
    rows: &str,
) -> Result<Vec<SeriesSpec>, String> {
    let file = format!("{}.csv", source.id().as_str());
    let csv = format!("{}\n{rows}", columns.join(","));
    source
        .read_config(&file, csv.as_bytes())
        .map_err(|problems| problems.to_string())
}

/// Returns the datasets that hold a series.
pub fn serving(source: &dyn Source, series: &SeriesKey) -> Vec<DatasetId> {
    let ids = source.datasets().iter().map(|dataset| dataset.id);
    ids.filter(|id| source.serves(*id, series)).collect()
}

/// Names series by key and metric: `btc/usd PRICE; eth/usd PRICE`.
pub fn names(series: &[SeriesSpec]) -> String {
    let of = |spec: &SeriesSpec| format!("{} {}", spec.series.key, spec.series.metric);
    series.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// Tells everything that a record holds, a line each.
pub fn told(record: &Record) -> String {
    let mut text = String::new();
    for point in &record.points {
        let RecordedPoint {
            key,
            metric,
            step,
            label,
            value,
        } = point;
        writeln!(text, "{key} {metric} {step} {label} {value}").unwrap();
    }
    text.push_str(&settled(record));
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

/// Tells what a record settles, a line each.
pub fn settled(record: &Record) -> String {
    let mut text = String::new();
    for (key, metric, outcome) in &record.outcomes {
        writeln!(text, "{key} {metric}: {outcome:?}").unwrap();
    }
    text
}

/// Returns the outcomes of a metric, whatever the key, in the order given.
pub fn outcomes(record: &Record, metric: &str) -> Vec<Outcome> {
    let of_metric = record
        .outcomes
        .iter()
        .filter(|(_, name, _)| name.as_str() == metric);
    of_metric.map(|(_, _, outcome)| *outcome).collect()
}

/// Returns all outcomes, in the order given.
pub fn every_outcome(record: &Record) -> Vec<Outcome> {
    let all = record.outcomes.iter();
    all.map(|(_, _, outcome)| *outcome).collect()
}

/// Tells the requests of a plan, a line each: path, query, number of keys, labels.
pub fn lines(requests: &[RequestSpec]) -> String {
    let mut text = String::new();
    for request in requests {
        let (keys, labels) = (request.block.keys.len(), request.block.labels);
        writeln!(text, "{} ({keys} keys, {labels})", request.path_and_query()).unwrap();
    }
    text
}

/// Tells the requests of a plan, two lines each: path and query, then the whole block.
pub fn blocks(requests: &[RequestSpec]) -> String {
    let mut text = String::new();
    for request in requests {
        let block = &request.block;
        let keys: Vec<String> = block.keys.iter().map(Key::to_string).collect();
        let (keys, metrics, labels) = (keys.join(" "), &block.metrics, block.labels);
        writeln!(
            text,
            "{}\n  {keys} {metrics:?} {labels}",
            request.path_and_query()
        )
        .unwrap();
    }
    text
}
