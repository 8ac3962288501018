//! What every answer about now has in common.
//!
//! No answer says when it was made: the label is the hour in which it was received. Nobody else will ever
//! fill that hour, so a null settles it as empty; what could not be read, and what is not there, settles
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{AssetId, Key, Step, TimeRange, Ts};
use source::{
    Outcome, Reject, Reply, ReplyError, RequestSpec, Sink, lenient::Number, snapshot_label,
};

use super::{asks_key, asks_metric, malformed, refused};
use crate::metrics::{Metric, Verdict};

/// An answer under reading.
pub(super) struct Live<'a> {
    pub(super) request: &'a RequestSpec,
    label: Ts,
    out: &'a mut dyn Sink,
    seen: BTreeSet<AssetId>,
    rows: u32,
    readable: u32,
}

impl<'a> Live<'a> {
    pub(super) fn new(request: &'a RequestSpec, reply: &Reply, out: &'a mut dyn Sink) -> Self {
        Self {
            request,
            label: snapshot_label(reply.received_at, reply.received_at),
            out,
            seen: BTreeSet::new(),
            rows: 0,
            readable: 0,
        }
    }

    /// Counts a row: its asset, none where it names none. Says whether it is to be read.
    pub(super) fn row(&mut self, asset: Option<AssetId>) -> bool {
        self.rows += 1;
        let Some(asset) = asset else {
            self.out.reject(refused(AssetId::none(), "unreadable_row"));
            return false;
        };
        self.readable += 1;
        if self.seen.contains(&asset) {
            self.out.reject(refused(asset, "second_row"));
            return false;
        }
        self.seen.insert(asset);
        true
    }

    pub(super) fn asks(&self, key: &Key) -> bool {
        asks_key(self.request, key)
    }

    /// Whether the answer named an asset.
    pub(super) fn has_seen(&self, asset: &AssetId) -> bool {
        self.seen.contains(asset)
    }

    /// Takes one value, where it was asked for.
    pub(super) fn value(&mut self, key: &Key, metric: &Metric, number: Number) {
        if !asks_metric(self.request, metric) {
            return;
        }
        let Some(slot) = self.out.slot(key, metric.name, Step::Hour) else {
            return;
        };
        let hour = self.kept();
        match metric.valid.judge(number) {
            Verdict::Value(value) => {
                self.out.point(slot, self.label, value);
                if !hour.is_empty() {
                    self.out.outcome(slot, Outcome::Answered(hour));
                }
            }
            Verdict::Missing if hour.is_empty() => {}
            Verdict::Missing => self.out.outcome(slot, Outcome::Empty(hour)),
            Verdict::Unread(why) | Verdict::Wrong(why) => {
                self.out.outcome(slot, Outcome::Failed);
                self.out.reject(Reject {
                    asset: key.asset.clone(),
                    metric: Some(metric.name.into()),
                    label: Some(self.label),
                    why,
                });
            }
        }
    }

    /// The hour, as far as the block keeps it.
    fn kept(&self) -> TimeRange {
        let hour = TimeRange::new(self.label, Step::Hour.next(self.label));
        let labels = self.request.block.labels;
        if labels.is_empty() {
            hour
        } else {
            hour.intersect(labels)
        }
    }

    /// Ends the answer: says of every key that was asked for and is not there that it is not there.
    pub(super) fn finish(self) -> Result<(), ReplyError> {
        if self.rows == 0 || self.readable == 0 {
            return Err(malformed("not a single readable row"));
        }
        for key in &self.request.block.keys {
            if self.seen.contains(&key.asset) {
                continue;
            }
            for metric in &self.request.block.metrics {
                if let Some(slot) = self.out.slot(key, metric.as_str(), Step::Hour) {
                    self.out.outcome(slot, Outcome::Absent);
                }
            }
        }
        Ok(())
    }

    /// Notes that an asset which has no row is there all the same.
    pub(super) fn note(&mut self, asset: &AssetId) {
        self.seen.insert(asset.clone());
    }
}

/// Adds up the children of protocols that have no row of their own (contract section 3.1).
#[derive(Debug, Default)]
pub(super) struct Parents(BTreeMap<(AssetId, &'static str), Number>);

impl Parents {
    /// Adds a child's number. Nulls add nothing, and one number that cannot be read spoils the sum.
    pub(super) fn add(&mut self, parent: &AssetId, metric: &'static Metric, number: Number) {
        let place = (parent.clone(), metric.name);
        let total = self.0.entry(place).or_insert(Number::Null);
        *total = match (*total, number) {
            (Number::Odd, _) | (_, Number::Odd | Number::Missing) => Number::Odd,
            (Number::Value(total), Number::Value(number)) => Number::Value(total + number),
            (Number::Value(total), _) => Number::Value(total),
            (_, number) => number,
        };
    }

    /// Returns the sums of a parent, where any of its children was there.
    pub(super) fn of(&self, parent: &AssetId, metric: &Metric) -> Option<Number> {
        self.0.get(&(parent.clone(), metric.name)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::METRICS;

    #[test]
    fn nulls_add_nothing_and_what_cannot_be_read_spoils() {
        let (parent, metric) = (AssetId::from("protocol:parent#x"), &METRICS[0]);
        let sum = |numbers: &[Number]| {
            let mut parents = Parents::default();
            for number in numbers {
                parents.add(&parent, metric, *number);
            }
            parents.of(&parent, metric)
        };
        let value = Number::Value;
        assert_eq!(sum(&[]), None);
        assert_eq!(sum(&[Number::Null, Number::Null]), Some(Number::Null));
        assert_eq!(
            sum(&[Number::Null, value(2.0), value(-0.5)]),
            Some(value(1.5))
        );
        assert_eq!(sum(&[value(2.0), Number::Null]), Some(value(2.0)));
        assert_eq!(
            sum(&[value(2.0), Number::Odd, value(1.0)]),
            Some(Number::Odd)
        );
    }
}
