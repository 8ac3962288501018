//! One metric of one key while an answer is read, and what becomes settled of it.

use std::collections::BTreeMap;

use model::{AssetId, Spans, Step, TimeRange, Ts};
use source::{Outcome, Reject, Sink, Slot, lenient::Number};

use crate::metrics::Valid;

/// What was read of one metric.
#[derive(Debug, Default)]
pub(super) struct Line {
    values: BTreeMap<Ts, f64>,
    /// Labels of which the vendor says that there is no value.
    nothing: Spans,
    /// What could not be read says nothing of its label.
    odd: Spans,
    /// How often a row had no such field at all, and had one.
    missing: usize,
    there: usize,
}

/// A metric as a line needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) asset: &'a AssetId,
    pub(super) name: &'static str,
    pub(super) valid: Valid,
}

impl Line {
    /// Takes what stands at a label.
    pub(super) fn take(
        &mut self,
        (label, step): (Ts, Step),
        number: Number,
        metric: Named<'_>,
        out: &mut dyn Sink,
    ) {
        let bucket = TimeRange::new(label, step.next(label));
        match number {
            Number::Missing => self.missing += 1,
            _ => self.there += 1,
        }
        let refused = match number {
            Number::Value(value) => match metric.valid.refuses(value) {
                None => {
                    self.values.insert(label, value);
                    return;
                }
                refused => refused,
            },
            Number::Null | Number::Missing => {
                self.nothing.insert(bucket);
                return;
            }
            Number::Odd => Some("not_a_number"),
        };
        self.odd.insert(bucket);
        if let Some(why) = refused {
            out.reject(Reject {
                asset: metric.asset.clone(),
                metric: Some(metric.name.into()),
                label: Some(label),
                why,
            });
        }
    }

    /// Notes that a label could not be read at all.
    pub(super) fn spoil(&mut self, bucket: TimeRange) {
        self.odd.insert(bucket);
    }

    /// Whether not a single row had the field: it may be called otherwise by now.
    pub(super) fn lacks_field(&self) -> bool {
        self.missing > 0 && self.there == 0
    }

    /// Hands over the value of one moment, and settles its bucket where that was asked for. It may have
    /// turned between plan and answer: then the sink knows what to do with the value.
    pub(super) fn settle_moment(
        &self,
        slot: Slot,
        bucket: TimeRange,
        (step, asked): (Step, TimeRange),
        out: &mut dyn Sink,
    ) {
        let is_asked = asked.is_empty() || asked.covers(bucket);
        if is_asked && step != Step::Hour && !self.odd.is_empty() {
            // Nobody asks again before the next bucket: it would be no more readable.
            return out.outcome(slot, Outcome::Empty(bucket));
        }
        if is_asked {
            let nowhere = TimeRange::new(bucket.start, bucket.start);
            return self.settle(slot, step, (bucket, nowhere), out);
        }
        for (label, value) in &self.values {
            out.point(slot, *label, *value);
        }
    }

    /// Hands over the points and what of `labels` is settled. What could not be read has failed, so that
    /// it is asked again in its time and not at every pass; the frame lets what is told after that
    /// stand in its place. Within `answered` nobody traded where there is no row; elsewhere what has no
    /// value is empty.
    ///
    /// That nobody traded is [`Outcome::Answered`], without a value, and never [`Outcome::Closed`]: one
    /// share cannot tell a holiday from a day on which it alone was halted or the vendor lost a row, and
    /// of what is older than the newest hundred rows nobody would ever correct it. Either is settled and
    /// no gap, and takes the value of a later answer.
    pub(super) fn settle(
        &self,
        slot: Slot,
        step: Step,
        (labels, answered): (TimeRange, TimeRange),
        out: &mut dyn Sink,
    ) {
        let mut vouched: Spans = [answered.intersect(labels)].into_iter().collect();
        for (label, value) in &self.values {
            if labels.contains(*label) {
                out.point(slot, *label, *value);
                vouched.insert(TimeRange::new(*label, step.next(*label)));
            }
        }
        let valueless: Spans = self.nothing.iter().chain(self.odd.iter()).collect();
        // Of two rows of one label one may have a value.
        let valued: Spans = (self.values.keys())
            .map(|label| TimeRange::new(*label, step.next(*label)))
            .collect();
        let vouched = vouched.minus(&valueless.minus(&valued));
        if !self.odd.minus(&valued).clip(labels).is_empty() {
            out.outcome(slot, Outcome::Failed);
        }
        let known: Spans = vouched.iter().chain(self.odd.iter()).collect();
        let empty = known.gaps(labels);
        let answered = vouched.iter().map(Outcome::Answered);
        let empty = empty.iter().map(Outcome::Empty);
        answered
            .chain(empty)
            .for_each(|outcome| out.outcome(slot, outcome));
    }
}
