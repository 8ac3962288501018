//! What was read of one product.

use std::collections::BTreeMap;

use model::{Key, Spans, Step, TimeRange, Ts};
use source::{Outcome, Reject, Sink};

use crate::{
    datasets::coin_of,
    metrics::{Metric, Verdict},
    wire::Row,
};

/// A product, or the coin of a basis.
#[derive(Debug)]
pub(super) struct Product {
    key: Key,
    /// A line per column; none before a row names the product.
    lines: Vec<Line>,
    is_doubtful: bool,
}

/// What was read of one column.
#[derive(Debug, Default)]
struct Line {
    values: BTreeMap<Ts, f64>,
    /// What could not be read says nothing of its bucket.
    odd: Spans,
}

impl Product {
    pub(super) const fn new(key: Key) -> Self {
        Self {
            key,
            lines: Vec::new(),
            is_doubtful: false,
        }
    }

    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// Whether a row of this coin can be the product's: one product under another ticker counts
    /// another number of units (trap 16).
    pub(super) fn is_of(&self, coin: &str) -> bool {
        coin_of(&self.key).eq_ignore_ascii_case(coin)
    }

    /// Notes that a row may be of any bucket: none is known to have nothing.
    pub(super) fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Notes that there is a row.
    pub(super) fn name(&mut self, columns: usize) {
        self.lines.resize_with(columns, Line::default);
    }

    pub(super) const fn is_named(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Takes a row. Of two rows of one bucket the last counts.
    pub(super) fn take(
        &mut self,
        bucket: TimeRange,
        row: Row<'_>,
        columns: &[(&'static Metric, usize)],
        out: &mut dyn Sink,
    ) {
        for (line, (metric, place)) in self.lines.iter_mut().zip(columns) {
            match metric.valid.judge(row.number(*place)) {
                Verdict::Value(value) => {
                    line.values.insert(bucket.start, value);
                }
                Verdict::Missing => {}
                Verdict::Wrong(why) => {
                    line.odd.insert(bucket);
                    out.reject(Reject {
                        asset: self.key.asset.clone(),
                        metric: Some(metric.name.into()),
                        label: Some(bucket.start),
                        why,
                    });
                }
            }
        }
    }

    /// Takes back what was read of a bucket; it stays open.
    pub(super) fn forget(&mut self, bucket: TimeRange, out: &mut dyn Sink) {
        for line in &mut self.lines {
            if line.values.remove(&bucket.start).is_some() {
                out.reject(Reject {
                    asset: self.key.asset.clone(),
                    metric: None,
                    label: Some(bucket.start),
                    why: "several_rows_of_a_bucket",
                });
            }
            line.odd.insert(bucket);
        }
    }

    /// Hands over the points within `labels`, and within `vouched` that there are no others.
    pub(super) fn settle(
        &self,
        columns: &[(&'static Metric, usize)],
        labels: TimeRange,
        vouched: TimeRange,
        step: Step,
        out: &mut dyn Sink,
    ) {
        for (line, (metric, _)) in self.lines.iter().zip(columns) {
            let Some(slot) = out.slot(&self.key, metric.name, step) else {
                continue;
            };
            let mut answered = Spans::new();
            for (label, value) in line.values.range(labels.start..labels.end) {
                out.point(slot, *label, *value);
                answered.insert(TimeRange::new(*label, step.next(*label)));
            }
            for range in answered.iter() {
                out.outcome(slot, Outcome::Answered(range));
            }
            if self.is_doubtful {
                continue;
            }
            let known: Spans = answered.iter().chain(line.odd.iter()).collect();
            for range in known.gaps(vouched).iter() {
                out.outcome(slot, Outcome::Empty(range));
            }
        }
    }
}
