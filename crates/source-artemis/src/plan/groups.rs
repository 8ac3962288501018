//! Which symbols share requests.
//!
//! A request is a rectangle: all its metrics of all its symbols on all its days. What of it nobody wants
//! costs a message or a few points, never a request, so symbols that want other metrics or days go
//! together wherever that saves one.

use std::collections::{BTreeMap, BTreeSet};

use model::{Key, MetricName, Step, TimeRange};

use super::fit::{asked_days, fit};

/// Pairs of more groups are too many to weigh.
const MAX_WEIGHED: usize = 32;

/// What is wanted of one symbol within one window.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) key: Key,
    pub(super) metrics: BTreeSet<MetricName>,
    pub(super) labels: TimeRange,
}

/// Symbols that are asked for the same metrics and days. A symbol and a metric are together in one
/// group only.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) keys: Vec<Key>,
    /// In the order in which they are cut into requests.
    pub(super) metrics: Vec<MetricName>,
    pub(super) labels: TimeRange,
}

/// Puts lines into the groups that take the fewest requests.
pub(super) fn groups(lines: &[Line], step: Step) -> Vec<Group> {
    let by_labels = alike(lines, |line| {
        (line.labels.start, line.labels.end, &line.metrics)
    });
    let by_metrics = alike(lines, |line| &line.metrics);
    let least = [merged(by_labels, step), merged(by_metrics, step)]
        .into_iter()
        .chain((1..=12).map(|width| by_width(lines, width)));
    let least = least.min_by_key(|groups| cost(groups, step));
    least.unwrap_or_default()
}

fn cost(groups: &[Group], step: Step) -> u64 {
    groups.iter().map(|group| group.requests(step)).sum()
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn requests(step: Step, keys: usize, metrics: usize, labels: TimeRange) -> u64 {
    let (keys, metrics) = (count(keys), count(metrics));
    fit(step, keys, metrics, asked_days(step, labels)).requests(keys, metrics)
}

fn hull(a: TimeRange, b: TimeRange) -> TimeRange {
    TimeRange::new(a.start.min(b.start), a.end.max(b.end))
}

/// Makes groups of lines that are alike.
fn alike<'l, K: Ord>(lines: &'l [Line], by: impl Fn(&'l Line) -> K) -> Vec<Group> {
    let mut groups: BTreeMap<K, Group> = BTreeMap::new();
    for line in lines {
        let group = groups.entry(by(line)).or_insert_with(|| Group {
            keys: Vec::new(),
            metrics: line.metrics.iter().cloned().collect(),
            labels: line.labels,
        });
        group.keys.push(line.key.clone());
        group.labels = hull(group.labels, line.labels);
    }
    groups.into_values().collect()
}

/// Joins groups as long as that saves a request.
fn merged(mut groups: Vec<Group>, step: Step) -> Vec<Group> {
    if groups.len() > MAX_WEIGHED {
        return groups;
    }
    loop {
        let mut best: Option<(u64, usize, usize)> = None;
        for (at, one) in groups.iter().enumerate() {
            for (other_at, other) in groups.iter().enumerate().skip(at + 1) {
                let apart = one.requests(step) + other.requests(step);
                let saved = apart.saturating_sub(one.requests_with(other, step));
                if saved > best.map_or(0, |(saved, ..)| saved) {
                    best = Some((saved, at, other_at));
                }
            }
        }
        let Some((_, at, other_at)) = best else {
            return groups;
        };
        let other = groups.swap_remove(other_at);
        if let Some(one) = groups.get_mut(at) {
            one.take(other);
        }
    }
}

/// Cuts the metrics, the most wanted first, into parts of so many; each with the symbols that want any
/// of them.
fn by_width(lines: &[Line], width: usize) -> Vec<Group> {
    let mut wanted: BTreeMap<&MetricName, usize> = BTreeMap::new();
    for metric in lines.iter().flat_map(|line| &line.metrics) {
        *wanted.entry(metric).or_default() += 1;
    }
    let mut metrics: Vec<_> = wanted.into_iter().collect();
    metrics.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    let metrics: Vec<MetricName> = metrics.into_iter().map(|(name, _)| name.clone()).collect();
    let group = |metrics: &[MetricName]| {
        let takes = |line: &&Line| metrics.iter().any(|metric| line.metrics.contains(metric));
        let lines: Vec<&Line> = lines.iter().filter(takes).collect();
        let labels = lines.iter().map(|line| line.labels).reduce(hull)?;
        Some(Group {
            keys: lines.iter().map(|line| line.key.clone()).collect(),
            metrics: metrics.to_vec(),
            labels,
        })
    };
    metrics.chunks(width).filter_map(group).collect()
}

impl Group {
    fn requests(&self, step: Step) -> u64 {
        requests(step, self.keys.len(), self.metrics.len(), self.labels)
    }

    fn others<'o>(&'o self, other: &'o Self) -> impl Iterator<Item = &'o MetricName> {
        (other.metrics.iter()).filter(|metric| !self.metrics.contains(metric))
    }

    fn requests_with(&self, other: &Self, step: Step) -> u64 {
        requests(
            step,
            self.keys.len() + other.keys.len(),
            self.metrics.len() + self.others(other).count(),
            hull(self.labels, other.labels),
        )
    }

    fn take(&mut self, other: Self) {
        let more: Vec<MetricName> = self.others(&other).cloned().collect();
        self.metrics.extend(more);
        self.labels = hull(self.labels, other.labels);
        self.keys.extend(other.keys);
        self.keys.sort();
    }
}
