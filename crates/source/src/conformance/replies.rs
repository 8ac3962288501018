//! Answers: good ones, ones that miss a key, and garbage.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::StatusCode;
use model::{Key, MetricName, Spans, TimeRange};
use serde_json::Value;

use super::{PLANTED_SECRET, Report, answer, is_on_grid};
use crate::{Outcome, Parsed, Record, Reply, ReplyError, RequestSpec, Source};

type Pair = (Key, MetricName);

/// What became of an answer.
pub(super) fn read(
    source: &dyn Source,
    request: &RequestSpec,
    reply: &Reply,
) -> (Record, Result<Parsed, ReplyError>) {
    let mut record = Record::new(request.block.clone(), reply.received_at);
    let read = source
        .check(request, reply)
        .and_then(|()| source.parse(request, reply, &mut record));
    (record, read)
}

/// The labels that an answer settles, by pair.
fn settled(record: &Record, take: impl Fn(&Outcome) -> Option<TimeRange>) -> BTreeMap<Pair, Spans> {
    let mut settled: BTreeMap<Pair, Spans> = BTreeMap::new();
    for (key, metric, outcome) in &record.outcomes {
        if let Some(range) = take(outcome) {
            settled
                .entry((key.clone(), metric.clone()))
                .or_default()
                .insert(range);
        }
    }
    settled
}

fn answered(outcome: &Outcome) -> Option<TimeRange> {
    match outcome {
        Outcome::Answered(range) => Some(*range),
        _ => None,
    }
}

fn empty(outcome: &Outcome) -> Option<TimeRange> {
    match outcome {
        // Either way there is no value.
        Outcome::Empty(range) | Outcome::Closed(range) => Some(*range),
        _ => None,
    }
}

/// Checks a good answer: read twice alike, labels on the grid and once, every point settled, nothing
/// settled outside of the block or in two ways.
pub(super) fn good(source: &dyn Source, request: &RequestSpec, reply: &Reply, report: &mut Report) {
    let (record, parsed) = read(source, request, reply);
    let (again, parsed_again) = read(source, request, reply);
    report.expect(parsed.is_ok(), || format!("a good answer gives {parsed:?}"));
    report.expect(
        parsed == parsed_again
            && record.points == again.points
            && record.outcomes == again.outcomes
            && record.listings == again.listings,
        || "the same answer is read in two ways".to_owned(),
    );
    report.expect(
        !record.points.is_empty()
            || !record.listings.is_empty()
            || parsed.as_ref().is_ok_and(|parsed| parsed.used.is_some()),
        || "a good answer without a point, listing or count: nothing is proven".to_owned(),
    );
    let (answered, empty) = (settled(&record, answered), settled(&record, empty));
    let mut seen = BTreeSet::new();
    for point in &record.points {
        let (pair, label) = ((point.key.clone(), point.metric.clone()), point.label);
        report.expect(is_on_grid(point.step, label), || {
            format!("{pair:?}: label {label} is off the grid")
        });
        let instant = TimeRange::new(label, label.plus_millis(1));
        let is_settled = answered
            .get(&pair)
            .is_some_and(|spans| spans.covers(instant));
        report.expect(is_settled, || {
            format!("{pair:?}: the point of {label} is not answered, so it is asked for for ever")
        });
        report.expect(seen.insert((pair, label)), || {
            format!("{} {}: two points at {label}", point.key, point.metric)
        });
    }
    let labels = request.block.labels;
    for (pair, spans) in answered.iter().chain(&empty) {
        let hull = spans.hull().unwrap_or(labels);
        report.expect(labels.is_empty() || labels.covers(hull), || {
            format!("{pair:?}: settles {hull}, the block is {labels}")
        });
    }
    for (pair, spans) in &empty {
        let both = answered
            .get(pair)
            .is_some_and(|answered| spans.minus(answered) != *spans);
        report.expect(!both, || format!("{pair:?}: a label is answered and empty"));
    }
}

/// Checks that an answer which lost a key does not settle that key. An answer about one key often
/// names it in passing only: there it counts where no number is left beside it.
pub(super) fn without_a_key(
    source: &dyn Source,
    request: &RequestSpec,
    reply: &Reply,
    report: &mut Report,
) {
    let is_batch = request.block.keys.len() > 1;
    let json = serde_json::from_slice::<Value>(&reply.body).ok();
    for key in &request.block.keys {
        let without = match &json {
            Some(body) => without_json(body, key, is_batch),
            // An empty table about one key is how such a vendor says that there is nothing.
            None if is_batch => without_lines(&reply.body, key),
            None => None,
        };
        let Some(body) = without else {
            continue;
        };
        let reply = Reply {
            body,
            ..reply.clone()
        };
        let (record, _) = read(source, request, &reply);
        for settled in [settled(&record, answered), settled(&record, empty)] {
            report.expect(settled.keys().all(|(settled, _)| settled != key), || {
                format!("{key}: settled by an answer that does not mention it")
            });
        }
        report.expect(record.points.iter().all(|point| point.key != *key), || {
            format!("{key}: points out of an answer that does not mention it")
        });
    }
}

fn without_json(body: &Value, key: &Key, is_batch: bool) -> Option<Bytes> {
    let mut body = body.clone();
    let counts = take_out(&mut body, key.asset.as_str()) && (is_batch || is_hollow(&body));
    counts.then(|| Bytes::from(body.to_string()))
}

/// Takes out of a table of text the lines with the key's names among their cells.
fn without_lines(body: &[u8], key: &Key) -> Option<Bytes> {
    let text = std::str::from_utf8(body).ok()?;
    let names = [
        key.asset.as_str(),
        key.instrument.as_str(),
        key.venue.as_str(),
    ];
    let is_about = |line: &str| {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        let mut names = names.iter().filter(|name| !name.is_empty());
        names.all(|name| cells.contains(name))
    };
    let rest: String = text
        .split_inclusive('\n')
        .filter(|line| !is_about(line))
        .collect();
    (rest.len() < text.len()).then(|| Bytes::from(rest))
}

/// Takes out of arrays and objects what is about `id`: entries of that name, and elements that name it
/// in a field of theirs. Says whether there was any.
fn take_out(body: &mut Value, id: &str) -> bool {
    let is_about = |value: &Value| match value {
        Value::Object(fields) => fields.values().any(|field| field.as_str() == Some(id)),
        Value::Array(fields) => fields.iter().any(|field| field.as_str() == Some(id)),
        _ => false,
    };
    match body {
        Value::Array(items) => {
            let before = items.len();
            items.retain(|item| !is_about(item));
            let mut found = items.len() < before;
            for item in items {
                found |= take_out(item, id);
            }
            found
        }
        Value::Object(fields) => {
            let mut found = fields.remove(id).is_some();
            for field in fields.values_mut() {
                found |= take_out(field, id);
            }
            found
        }
        _ => false,
    }
}

/// Whether there is not a single number in it, nor a text that is one.
fn is_hollow(body: &Value) -> bool {
    match body {
        Value::Number(_) => false,
        Value::String(text) => text.parse::<f64>().is_err(),
        Value::Array(items) => items.iter().all(is_hollow),
        Value::Object(fields) => fields.values().all(is_hollow),
        _ => true,
    }
}

/// Checks that what is no good answer gives a typed error or, where it could be a good one for all
/// that anybody can see, no point and no answered label; never a panic, never the secret.
pub(super) fn garbage(
    source: &dyn Source,
    request: &RequestSpec,
    reply: &Reply,
    report: &mut Report,
) {
    let now = reply.received_at;
    let is_json = serde_json::from_slice::<Value>(&reply.body).is_ok();
    for body in no_json(&reply.body) {
        let (record, read) = read(source, request, &answer(StatusCode::OK, body.clone(), now));
        // Where tables of text are sent, an empty one may say that there is nothing.
        let silent = record.points.is_empty() && settled(&record, answered).is_empty();
        let nothing = !is_json && body.trim_ascii().is_empty() && silent;
        report.expect(read.is_err() || nothing, || {
            let begin: Vec<u8> = body.iter().take(40).copied().collect();
            format!(
                "status 200 and no JSON passes: {:?}",
                String::from_utf8_lossy(&begin)
            )
        });
        told(&read, report);
    }
    for body in other_json() {
        let (record, read) = read(source, request, &answer(StatusCode::OK, body.clone(), now));
        let silent = record.points.is_empty() && settled(&record, answered).is_empty();
        report.expect(read.is_err() || silent, || {
            format!("points out of {}", String::from_utf8_lossy(&body))
        });
        told(&read, report);
    }
    for status in [
        400, 401, 402, 403, 404, 408, 414, 418, 422, 429, 451, 500, 502, 503, 520,
    ] {
        let bodies = no_json(&reply.body).into_iter().chain(other_json());
        for body in bodies.chain([reply.body.clone()]) {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            let (_, read) = read(source, request, &answer(status, body, now));
            report.expect(read.is_err(), || {
                format!("status {} passes", status.as_u16())
            });
            told(&read, report);
        }
    }
    let throttled = source.check(
        request,
        &answer(StatusCode::TOO_MANY_REQUESTS, Bytes::new(), now),
    );
    let waits = matches!(
        throttled,
        Err(ReplyError::Throttled { .. } | ReplyError::QuotaExhausted { .. })
    );
    report.expect(waits, || format!("status 429 gives {throttled:?}"));
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY] {
        let failed = source.check(request, &answer(status, Bytes::new(), now));
        report.expect(matches!(failed, Err(ReplyError::Transient(_))), || {
            format!("status {status} gives {failed:?}")
        });
    }
}

fn told(read: &Result<Parsed, ReplyError>, report: &mut Report) {
    if let Err(error) = read {
        report.silent(&format!("{error} {error:?}"), "an error");
    }
}

/// Bodies that are no JSON: nothing, text, pages, bytes, and the good one cut off.
fn no_json(good: &Bytes) -> Vec<Bytes> {
    let page = format!("<!DOCTYPE html><html><body>{PLANTED_SECRET}</body></html>");
    let text = format!("Service unavailable {PLANTED_SECRET}");
    let mut bodies: Vec<Bytes> = vec![
        Bytes::new(),
        Bytes::from_static(b" \n"),
        Bytes::from_static(b"Throttled"),
        Bytes::from_static(&[0xff, 0xfe, 0x00, 0x80]),
        Bytes::from("[".repeat(10_000)),
        Bytes::from("{\"a\":".repeat(10_000)),
        page.into(),
        text.into(),
    ];
    // Of a table of text nobody can see that its end is missing.
    if serde_json::from_slice::<Value>(good).is_ok() {
        let whole = good.trim_ascii_end().len();
        for (part, of) in [(1, 4), (1, 2), (3, 4), (99, 100)] {
            bodies.push(good.slice(..whole * part / of));
        }
        bodies.push(good.slice(..whole.saturating_sub(1)));
    }
    bodies
}

/// Bodies that are JSON, but not what any vendor sends as data.
fn other_json() -> Vec<Bytes> {
    let s = PLANTED_SECRET;
    [
        "null".to_owned(),
        "true".to_owned(),
        "17".to_owned(),
        "[null]".to_owned(),
        "[[]]".to_owned(),
        "[{}]".to_owned(),
        "{}".to_owned(),
        format!("\"{s}\""),
        format!("[\"{s}\"]"),
        format!(r#"{{"error":"{s}"}}"#),
        format!(r#"{{"error":{{"message":"{s}","status":{{"error_message":"{s}"}}}}}}"#),
        format!(r#"{{"status":{{"error_code":"{s}","error_message":"{s}"}}}}"#),
        format!(r#"{{"message":"{s}","Information":"{s}","Note":"{s}"}}"#),
        format!(r#"{{"data":null,"{s}":[1,2,3]}}"#),
    ]
    .into_iter()
    .map(Bytes::from)
    .collect()
}
