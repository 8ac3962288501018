//! What every answer about the past has in common: samples by stamp become points by label, and the
//! answer settles what it vouches for.
//!
//! What it vouches for: every label that is due by the dataset's lag, which is longer than the vendor's
//! caches. A label that is not due yet is neither stored nor settled: today's partial day, a value of now
//! dated today or tomorrow (traps 4 to 6). What could not be read stays open.

use std::collections::BTreeMap;

use model::{Key, Spans, Stamp, Step, TimeRange, Ts};
use source::{DatasetSpec, Outcome, Reject, ReplyError, RequestSpec, Sink};

use super::{asks_metric, malformed};
use crate::{
    metrics::{Metric, Verdict},
    wire::Sample,
};

/// 2009-01-01: no series of the vendor is older than the first coin.
const FIRST_SECS: i64 = 1_230_768_000;

/// Where a stamp belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On the grid, or it is odd.
    Exact,
    /// To the nearest label within so many seconds, else nowhere.
    Near(i64),
    /// To the label that it follows.
    Within,
}

/// How the samples of an answer are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    step: Step,
    place: Place,
    /// Whether the last sample is one of now where it is off the grid.
    ends_live: bool,
    /// The first label that is not due yet.
    due: Ts,
}

impl Rule {
    pub(super) fn new(spec: &DatasetSpec, stamp: Stamp, place: Place, now: Ts) -> Self {
        let step = spec.step;
        let published = step.floor(now.plus_secs(-spec.lag_secs));
        Self {
            step,
            place,
            ends_live: false,
            due: match stamp {
                Stamp::Bar => published,
                Stamp::Instant => step.next(published),
            },
        }
    }

    pub(super) fn ending_live(self) -> Self {
        Self {
            ends_live: true,
            ..self
        }
    }

    /// The label nearest to a stamp, however far.
    fn nearest(&self, stamp: Ts) -> Ts {
        match self.place {
            Place::Near(_) => self.step.floor(stamp.plus_secs(self.step.max_secs() / 2)),
            Place::Exact | Place::Within => self.step.floor(stamp),
        }
    }

    /// The label of a stamp and its distance from it in milliseconds.
    fn label(&self, stamp: Ts) -> Result<(Ts, u64), Stray> {
        let label = self.nearest(stamp);
        let distance_ms = stamp.millis().abs_diff(label.millis());
        match self.place {
            Place::Exact if distance_ms > 0 => Err(Stray::Odd(label)),
            Place::Near(secs) if distance_ms > secs.unsigned_abs() * 1_000 => Err(Stray::Between),
            // Of several of one bucket the latest stands.
            Place::Within => Ok((label, 0)),
            _ => Ok((label, distance_ms)),
        }
    }
}

/// A stamp without a label.
enum Stray {
    /// It should have one, and this would be nearest.
    Odd(Ts),
    /// It lies between two.
    Between,
}

/// The samples of one metric.
pub(super) struct Line {
    pub(super) metric: &'static Metric,
    pub(super) samples: Vec<Sample>,
}

impl Line {
    /// Whether there is a sample of which something can be read.
    fn is_readable(&self) -> bool {
        self.samples.iter().any(|sample| {
            let verdict = self.metric.valid.judge(sample.value);
            sample.stamp.is_some() && !matches!(verdict, Verdict::Unread(_))
        })
    }
}

/// Refuses an answer of which nothing can be read, or whose stamps are in another unit: it would settle
/// everything as empty.
pub(super) fn check(lines: &[Line], now: Ts) -> Result<(), ReplyError> {
    if lines.iter().all(|line| line.samples.is_empty()) {
        return Ok(());
    }
    if !lines.iter().any(Line::is_readable) {
        return Err(malformed("not a single sample can be read"));
    }
    let plausible = TimeRange::new(Ts::from_secs(FIRST_SECS), now.plus_days(2));
    let mut stamps = lines.iter().flat_map(|line| &line.samples);
    let is_plausible = |sample: &Sample| sample.stamp.is_some_and(|at| plausible.contains(at));
    match stamps.any(is_plausible) {
        true => Ok(()),
        false => Err(malformed("no stamp is a plausible time in seconds")),
    }
}

/// What the samples of a metric are worth.
#[derive(Debug, Default)]
struct Taken {
    /// By label: how far the sample lies from it, and its value. The nearest stands, of equals the last.
    values: BTreeMap<Ts, (u64, f64)>,
    /// Samples that are no values, with their label where it is known.
    refused: Vec<(Option<Ts>, &'static str)>,
    /// Labels of which the answer holds something, but nothing that can be taken.
    open: Spans,
}

impl Rule {
    /// Hands over a metric's values, rejects and outcomes. Returns the first label that has a value.
    pub(super) fn read(
        &self,
        request: &RequestSpec,
        key: &Key,
        line: &Line,
        out: &mut dyn Sink,
    ) -> Option<Ts> {
        let (name, step) = (line.metric.name, self.step);
        if !asks_metric(request, line.metric) {
            return None;
        }
        let slot = out.slot(key, name, step)?;
        let labels = self.labels(request.block.labels, line);
        let taken = self.take(line, labels);
        for (label, why) in taken.refused {
            if label.is_none_or(|label| labels.contains(label)) {
                out.reject(Reject {
                    asset: key.asset.clone(),
                    metric: Some(name.into()),
                    label,
                    why,
                });
            }
        }
        let first = taken.values.keys().next().copied();
        let mut answered = Spans::new();
        for (label, (_, value)) in taken.values {
            if labels.contains(label) {
                out.point(slot, label, value);
                answered.insert(TimeRange::new(label, step.next(label)));
            }
        }
        for outcome in outcomes(labels, &answered, &taken.open) {
            out.outcome(slot, outcome);
        }
        first
    }

    /// The labels that the answer vouches for: those asked for, or all since its first sample, as far as
    /// they are due.
    fn labels(&self, asked: TimeRange, line: &Line) -> TimeRange {
        let stamps = line.samples.iter().filter_map(|sample| sample.stamp);
        let labels = if asked.is_empty() {
            let first = stamps.min().map_or(self.due, |first| self.nearest(first));
            TimeRange::new(first, self.due)
        } else {
            asked
        };
        TimeRange::new(labels.start.min(self.due), labels.end.min(self.due))
    }

    fn take(&self, line: &Line, labels: TimeRange) -> Taken {
        let mut taken = Taken {
            open: self.unplaced(&line.samples, labels),
            ..Taken::default()
        };
        let live = self.live(&line.samples);
        for sample in &line.samples {
            let Some(stamp) = sample.stamp else {
                taken.refused.push((None, "unreadable_stamp"));
                continue;
            };
            if live == Some(stamp) {
                continue;
            }
            let (label, distance_ms) = match self.label(stamp) {
                Ok(placed) => placed,
                Err(Stray::Between) => continue,
                Err(Stray::Odd(label)) => {
                    taken.refused.push((Some(label), "off_the_grid"));
                    taken
                        .open
                        .insert(TimeRange::new(label, self.step.next(label)));
                    continue;
                }
            };
            if label >= self.due {
                continue;
            }
            match line.metric.valid.judge(sample.value) {
                Verdict::Missing => {}
                Verdict::Unread(why) | Verdict::Wrong(why) => {
                    taken.refused.push((Some(label), why));
                    taken
                        .open
                        .insert(TimeRange::new(label, self.step.next(label)));
                }
                Verdict::Value(value) => {
                    let new = (distance_ms, value);
                    let chosen = taken.values.entry(label).or_insert(new);
                    if new.0 <= chosen.0 {
                        *chosen = new;
                    }
                }
            }
        }
        taken
    }

    /// The stamp of the sample of now: the last, where it is no day's.
    fn live(&self, samples: &[Sample]) -> Option<Ts> {
        let last = samples.iter().filter_map(|sample| sample.stamp).max();
        last.filter(|last| self.ends_live && self.step.floor(*last) != *last)
    }

    /// Returns the labels that samples without a readable stamp may have had: those between the labels
    /// of their neighbours.
    fn unplaced(&self, samples: &[Sample], labels: TimeRange) -> Spans {
        let mut unplaced = Spans::new();
        let (mut since, mut is_one) = (labels.start, false);
        for sample in samples {
            let Some(stamp) = sample.stamp else {
                is_one = true;
                continue;
            };
            let label = self.nearest(stamp);
            if is_one {
                unplaced.insert(TimeRange::new(since, label));
            }
            (since, is_one) = (self.step.next(label), false);
        }
        if is_one {
            unplaced.insert(TimeRange::new(since, labels.end));
        }
        unplaced
    }
}

/// Returns what is settled, ascending: labels with a value, and the others of which the answer holds
/// nothing.
fn outcomes(labels: TimeRange, answered: &Spans, open: &Spans) -> Vec<Outcome> {
    let empty = answered.gaps(labels).minus(open);
    let answered = answered
        .iter()
        .map(|range| (range.start, Outcome::Answered(range)));
    let empty = empty
        .iter()
        .map(|range| (range.start, Outcome::Empty(range)));
    let mut outcomes: Vec<(Ts, Outcome)> = answered.chain(empty).collect();
    outcomes.sort_by_key(|(start, _)| *start);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
