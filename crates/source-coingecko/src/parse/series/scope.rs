//! Which labels count, and what an answer can say of them.

use std::collections::{BTreeMap, BTreeSet};

use model::{Key, Spans, Step, TimeRange, Ts};
use source::{Outcome, Reject, Sink};

use super::{Line, Rule};
use crate::{metrics::Verdict, wire::Sample};

const DAY_SECS: i64 = 86_400;

/// Fewer hours than these in a window of more than a day are no hourly answer.
const FEWEST_HOURS: usize = 3;

/// The sample that stands for a label: the nearest, of two equally near the earlier.
#[derive(Clone, Copy, Debug)]
struct Chosen {
    distance_ms: u64,
    stamp: Ts,
    value: f64,
}

/// What the samples of a metric are worth, padding included.
#[derive(Debug, Default)]
struct Taken {
    values: BTreeMap<Ts, Chosen>,
    /// Samples that are no values, with their label where it is known.
    refused: Vec<(Option<Ts>, &'static str)>,
    /// Labels of which the answer holds something, but nothing that can be taken.
    open: Spans,
}

impl Taken {
    fn choose(&mut self, label: Ts, new: Chosen) {
        let chosen = self.values.entry(label).or_insert(new);
        if (new.distance_ms, new.stamp) < (chosen.distance_ms, chosen.stamp) {
            *chosen = new;
        }
    }
}

/// Which labels count, and what the answer can say of them.
#[derive(Debug)]
pub(in crate::parse) struct Scope {
    rule: Rule,
    /// The labels to keep, none of them before it is due.
    labels: TimeRange,
    /// The part of them where a missing value means that there is none.
    vouched: TimeRange,
    /// The stamp of the live sample.
    live: Option<Ts>,
    /// The first label that is not due yet.
    due: Ts,
}

impl Scope {
    pub(super) fn new(
        kept: TimeRange,
        window: TimeRange,
        now: Ts,
        rule: Rule,
        stamps: &[Ts],
    ) -> Self {
        let (step, lag) = (rule.step, rule.lag_secs);
        let due = rule.after(now.plus_secs(-lag));
        // A sample of the first or last label may have fallen off the edge of the window.
        let edge = rule.tolerance_secs;
        let inside = TimeRange::new(
            step.ceil(window.start.plus_secs(edge)),
            rule.after(window.end.plus_secs(-edge)),
        );
        let whole = TimeRange::new(
            step.floor(window.start),
            rule.after(window.end.plus_secs(edge)),
        );
        let labels = if kept.is_empty() { whole } else { kept };
        let labels = TimeRange::new(labels.start.min(due), labels.end.min(due));
        // The answer may be a copy as old as its last stamp, or as the vendor's cache allows: it knows
        // the labels that were due then. A stamp of another day is none to go by.
        let possible = |stamp: &&Ts| **stamp < now.plus_days(1);
        let last = stamps.iter().rfind(possible).copied();
        let last = last.filter(|_| rule.ends_live);
        let old_enough = rule.after(now.plus_secs(-lag - rule.cache_secs));
        let copied = last.map(|last| rule.after(last.plus_secs(-lag)));
        let known = copied.map_or(old_enough, |copied| copied.max(old_enough));
        let vouched = labels.intersect(inside);
        let vouched = TimeRange::new(vouched.start, vouched.end.min(known));
        let live = last.filter(|last| *last > now.plus_secs(-lag));
        let is_thin = is_thin(rule, window, live, stamps);
        Self {
            rule,
            labels,
            vouched: if is_thin {
                TimeRange::new(vouched.start, vouched.start)
            } else {
                vouched
            },
            live,
            due,
        }
    }

    /// Hands over a metric's values, rejects and outcomes.
    pub(super) fn read(&self, key: &Key, line: &Line<'_>, out: &mut dyn Sink) {
        let (name, step) = (line.metric.name, self.rule.step);
        let Some(slot) = out.slot(key, name, step) else {
            return;
        };
        let taken = self.take(line);
        for (label, why) in taken.refused {
            if label.is_none_or(|label| self.labels.contains(label)) {
                out.reject(Reject {
                    asset: key.asset.clone(),
                    metric: Some(name.into()),
                    label,
                    why,
                });
            }
        }
        let mut answered = Spans::new();
        for (label, chosen) in taken.values {
            if self.labels.contains(label) {
                out.point(slot, label, chosen.value);
                answered.insert(TimeRange::new(label, step.next(label)));
            }
        }
        for outcome in self.outcomes(&answered, &taken.open) {
            out.outcome(slot, outcome);
        }
    }

    /// Returns the first label of a metric of which the answer holds anything, asked for or not.
    pub(in crate::parse) fn first_label(&self, line: &Line<'_>) -> Option<Ts> {
        let taken = self.take(line);
        let unread = taken.open.hull().map(|open| open.start);
        taken
            .values
            .into_keys()
            .next()
            .into_iter()
            .chain(unread)
            .min()
    }

    /// Sorts the samples of a metric, padding included.
    fn take(&self, line: &Line<'_>) -> Taken {
        let mut taken = Taken {
            open: self.unplaced(&line.samples),
            ..Taken::default()
        };
        for sample in line.samples.iter() {
            let Some(stamp) = sample.stamp() else {
                taken.refused.push((None, "unreadable_stamp"));
                continue;
            };
            let Some((label, distance_ms)) = self.rule.label(stamp) else {
                continue;
            };
            if label >= self.due || Some(stamp) == self.live {
                continue;
            }
            match line.metric.valid.judge(sample.value) {
                Verdict::Missing => {}
                Verdict::Unread(why) | Verdict::Wrong(why) => {
                    taken.refused.push((Some(label), why));
                    let bucket = TimeRange::new(label, self.rule.step.next(label));
                    taken.open.insert(bucket);
                }
                Verdict::Value(value) => taken.choose(
                    label,
                    Chosen {
                        distance_ms,
                        stamp,
                        value,
                    },
                ),
            }
        }
        taken
    }

    /// Returns the labels that samples without a readable stamp may have had: those between the
    /// labels of their neighbours.
    fn unplaced(&self, samples: &[Sample]) -> Spans {
        let mut unplaced = Spans::new();
        let (mut since, mut is_one) = (self.labels.start, false);
        for sample in samples {
            let Some(stamp) = sample.stamp() else {
                is_one = true;
                continue;
            };
            let label = self.rule.nearest(stamp);
            if is_one {
                unplaced.insert(TimeRange::new(since, label));
            }
            (since, is_one) = (self.rule.step.next(label), false);
        }
        if is_one {
            unplaced.insert(TimeRange::new(since, self.labels.end));
        }
        unplaced
    }

    /// Returns what is settled, ascending: labels with a value, and the vouched ones of which the
    /// answer holds nothing.
    fn outcomes(&self, answered: &Spans, open: &Spans) -> Vec<Outcome> {
        let empty = answered.gaps(self.vouched).minus(open);
        let mut outcomes: Vec<(Ts, Outcome)> = answered
            .iter()
            .map(|range| (range.start, Outcome::Answered(range)))
            .chain(
                empty
                    .iter()
                    .map(|range| (range.start, Outcome::Empty(range))),
            )
            .collect();
        outcomes.sort_by_key(|(start, _)| *start);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// Whether so few hours came for more than a day that the answer may well be one by day, or the first
/// points of one by the minute. Nothing at all is an answer: there is nothing in the window.
fn is_thin(rule: Rule, window: TimeRange, live: Option<Ts>, stamps: &[Ts]) -> bool {
    let points = stamps.iter().filter(|stamp| Some(**stamp) != live);
    let labels: BTreeSet<Ts> = points
        .filter_map(|stamp| rule.label(*stamp))
        .map(|(label, _)| label)
        .collect();
    rule.step == Step::Hour
        && window.secs() > DAY_SECS
        && !stamps.is_empty()
        && labels.len() < FEWEST_HOURS
}
