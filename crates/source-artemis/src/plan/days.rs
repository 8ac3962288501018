//! Requests for dated values.
//!
//! Time is cut into windows, newest first, the same for all symbols, so that those that are wanted since
//! other days share requests all the same. Within a window a symbol has one stretch, from the first to
//! the last day that any of its metrics wants: prices are wanted a day later than sums, being as of
//! midnight, and one request brings both.

use std::{cmp::Reverse, collections::BTreeMap};

use model::{DatasetId, Key, MetricName, PullKind, Step, TimeRange, Ts};
use source::{Ask, Block, DatasetSpec, RequestSpec, cut_newest_first, recognise::query_value};

use super::{
    fit::{asked_days, fit, max_days},
    groups::{Group, Line, groups},
    request,
};
use crate::datasets::FINANCIALS_QUARTERLY;

const DAY_SECS: i64 = 86_400;
const END_DATE: &str = "endDate";

pub(super) fn plan<'a>(spec: &'a DatasetSpec, ask: &'a Ask) -> source::Plan<'a> {
    let oldest = ask.oldest.map(|oldest| Step::Day.ceil(oldest));
    let mut wants: Vec<Line> = Vec::new();
    for want in ask.wants.iter().filter(|want| !want.metrics.is_empty()) {
        let start = oldest.map_or(want.labels.start, |oldest| want.labels.start.max(oldest));
        let labels = TimeRange::new(start, want.labels.end);
        if !labels.is_empty() {
            wants.push(Line {
                key: want.key.clone(),
                metrics: want.metrics.iter().cloned().collect(),
                labels: with_today(ask, spec.step, labels),
            });
        }
    }
    let first = wants.iter().map(|want| want.labels.start).min();
    let last = wants.iter().map(|want| want.labels.end).max();
    let all = first.zip(last);
    let all = all.map(|(first, last)| TimeRange::new(first, last));
    let windows = all
        .into_iter()
        .flat_map(|all| cut_newest_first(all, max_days(spec.step) * DAY_SECS));
    let today = Step::Day.floor(ask.now);
    Box::new(windows.flat_map(move |window| in_window(spec, &wants, window, today)))
}

/// A tick asks up to today (section 6), others for days that are over: what it reads is read again
/// tomorrow.
fn with_today(ask: &Ask, step: Step, labels: TimeRange) -> TimeRange {
    match (ask.kind, step) {
        (PullKind::Live, Step::Day) => {
            let tomorrow = Step::Day.next(Step::Day.floor(ask.now));
            TimeRange::new(labels.start, labels.end.max(tomorrow))
        }
        _ => labels,
    }
}

/// Returns the requests of a window, newest first.
fn in_window(spec: &DatasetSpec, wants: &[Line], window: TimeRange, today: Ts) -> Vec<RequestSpec> {
    let mut lines: BTreeMap<&Key, Line> = BTreeMap::new();
    for want in wants {
        let labels = want.labels.intersect(window);
        if labels.is_empty() {
            continue;
        }
        let line = lines.entry(&want.key).or_insert_with(|| Line {
            labels,
            ..want.clone()
        });
        line.metrics.extend(want.metrics.iter().cloned());
        line.labels = TimeRange::new(
            line.labels.start.min(labels.start),
            line.labels.end.max(labels.end),
        );
    }
    let lines: Vec<Line> = lines.into_values().collect();
    let mut requests: Vec<RequestSpec> = groups(&lines, spec.step)
        .into_iter()
        .flat_map(|group| cut(spec, &group, today))
        .collect();
    // Stable: what ends together stays in the order of its symbols.
    requests.sort_by_key(|request| Reverse(request.block.labels.end));
    requests
}

/// Cuts a group into requests of the size that fits.
fn cut(spec: &DatasetSpec, group: &Group, today: Ts) -> Vec<RequestSpec> {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
    let (keys, metrics) = (count(group.keys.len()), count(group.metrics.len()));
    let days = asked_days(spec.step, group.labels);
    let fit = fit(spec.step, keys, metrics, days);
    let days = i64::try_from(days).unwrap_or_default();
    // Never a day that is still to come.
    let last = group.labels.start.plus_days(days - 1).min(today);
    let last = last.max(group.labels.end.plus_days(-1));
    let mut requests = Vec::new();
    for metrics in group.metrics.chunks(size(fit.metrics)) {
        let mut metrics: Vec<MetricName> = metrics.to_vec();
        metrics.sort();
        for keys in group.keys.chunks(size(fit.symbols)) {
            let block = Block {
                keys: keys.to_vec(),
                metrics: metrics.clone(),
                step: spec.step,
                labels: group.labels,
            };
            requests.push(dated(spec.id, block, day(last)));
        }
    }
    requests
}

fn day(at: Ts) -> String {
    at.date().to_string()
}

/// Returns the request for a block, up to a last day that is part of it (section 2.3).
fn dated(dataset: DatasetId, block: Block, last_day: String) -> RequestSpec {
    let joined = |parts: Vec<&str>| parts.join(",");
    let names = joined(block.metrics.iter().map(MetricName::as_str).collect());
    let symbols = joined(block.keys.iter().map(|key| key.asset.as_str()).collect());
    let mut query = vec![
        (END_DATE, last_day),
        ("startDate", day(block.labels.start)),
        ("symbols", symbols),
    ];
    if dataset == FINANCIALS_QUARTERLY {
        query.push(("granularity", "QUARTER".to_owned()));
    }
    request(dataset, format!("/data/api/{names}/"), query, block)
}

/// Splits a refused request into two with half of the symbols each, or of the metrics, down to one
/// pair (section 3). Now by these, now by those: where one metric is refused with every symbol, or one
/// symbol with every metric, one of the first few parts is good.
pub(crate) fn halves(refused: &RequestSpec) -> Option<[RequestSpec; 2]> {
    let block = &refused.block;
    let last = query_value(&refused.query, END_DATE)?;
    let left = halvings(block.keys.len()) + halvings(block.metrics.len());
    let parts = match left % 2 {
        0 => block.halves_by_key().or_else(|| halves_by_metric(block)),
        _ => halves_by_metric(block).or_else(|| block.halves_by_key()),
    }?;
    Some(parts.map(|part| dated(refused.dataset, part, last.to_owned())))
}

/// Returns how often the larger half of so many can be halved.
fn halvings(n: usize) -> u32 {
    n.next_power_of_two().trailing_zeros()
}

/// Splits the block by its metrics; none where it has not two.
fn halves_by_metric(block: &Block) -> Option<[Block; 2]> {
    let (front, back) = block.metrics.split_at(block.metrics.len() / 2);
    let half = |metrics: &[MetricName]| Block {
        metrics: metrics.to_vec(),
        ..block.clone()
    };
    (!front.is_empty()).then(|| [half(front), half(back)])
}
