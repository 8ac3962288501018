//! What every answer about the past has in common: samples by stamp become points by label, and the
//! answer settles what it vouches for.
//!
//! What it vouches for: inside its window, labels that are due by the dataset's lag. It may be a copy
//! out of the vendor's cache, as old as its last stamp: a label that was not due then and has no value
//! is not `Empty` but open, until the cache must have turned over.

use std::{borrow::Cow, collections::BTreeMap};

use model::{Key, Spans, Step, TimeRange, Ts};
use source::{Outcome, Reject, Reply, ReplyError, RequestSpec, Sink};

use super::{TOLERANCE_SECS, is_asked};
use crate::{
    CoinGecko,
    datasets::{CHART_HOURLY, cache_secs, spec},
    metrics::{Metric, Verdict},
    recognise::{Window, key_of, window},
    wire::Sample,
};

/// How the stamps of an answer are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) step: Step,
    lag_secs: i64,
    cache_secs: i64,
    /// How far a stamp may lie from its label.
    tolerance_secs: i64,
    /// Whether an answer that reaches now ends with a sample of now.
    ends_live: bool,
    check_spacing: CheckSpacing,
}

/// Refuses the stamps of an answer in another step.
pub(super) type CheckSpacing = fn(Step, &[Ts]) -> Result<(), &'static str>;

impl Rule {
    /// Returns the rule of a request's dataset.
    pub(super) fn of(
        source: &CoinGecko,
        request: &RequestSpec,
        ends_live: bool,
        check_spacing: CheckSpacing,
    ) -> Result<Self, ReplyError> {
        let wrong = || ReplyError::Malformed("the request belongs to no history".to_owned());
        let spec = spec(source.settings.plan, request.dataset).ok_or_else(wrong)?;
        let strays = spec.id == CHART_HOURLY;
        Ok(Self {
            step: spec.step,
            lag_secs: spec.lag_secs,
            cache_secs: cache_secs(spec.id),
            tolerance_secs: if strays { TOLERANCE_SECS } else { 0 },
            ends_live,
            check_spacing,
        })
    }

    /// The label of a stamp and its distance from it in milliseconds; none where it belongs to no
    /// label.
    fn label(&self, stamp: Ts) -> Option<(Ts, u64)> {
        if self.tolerance_secs == 0 {
            return is_on_grid(self.step, stamp).then_some((stamp, 0));
        }
        let nearest = self.step.floor(stamp.plus_secs(self.step.max_secs() / 2));
        let distance = stamp.millis().abs_diff(nearest.millis());
        let tolerance = self.tolerance_secs.unsigned_abs() * 1_000;
        (distance <= tolerance).then_some((nearest, distance))
    }

    /// The first label after a moment.
    fn after(&self, at: Ts) -> Ts {
        self.step.next(self.step.floor(at))
    }
}

/// Whether a stamp lies on the grid of a step, to the millisecond.
pub(super) fn is_on_grid(step: Step, stamp: Ts) -> bool {
    stamp.millis().rem_euclid(step.max_secs() * 1_000) == 0
}

pub(super) fn is_midnight(stamp: Ts) -> bool {
    is_on_grid(Step::Day, stamp)
}

/// The gap in the middle of all gaps between neighbours, none where there are fewer than two.
pub(super) fn median_gap_ms(stamps: &[Ts]) -> Option<i64> {
    let mut gaps: Vec<i64> = stamps
        .iter()
        .zip(stamps.iter().skip(1))
        .map(|(a, b)| b.millis().saturating_sub(a.millis()))
        .collect();
    if gaps.len() < 2 {
        return None;
    }
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

/// The samples of one metric.
pub(super) struct Line<'a> {
    pub(super) metric: &'static Metric,
    pub(super) samples: Cow<'a, [Sample]>,
}

/// An answer about the past.
pub(super) struct Series<'a> {
    pub(super) rule: Rule,
    pub(super) lines: Vec<Line<'a>>,
}

impl Series<'_> {
    /// Hands over everything of the answer that was asked for.
    pub(super) fn read(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        out: &mut dyn Sink,
    ) -> Result<Scope, ReplyError> {
        let wrong = |what: &str| ReplyError::Malformed(what.to_owned());
        let key = key_of(request).ok_or_else(|| wrong("the request names no key"))?;
        let stamps = self.stamps();
        let window = window_of(request, reply.received_at, &stamps);
        (self.rule.check_spacing)(self.rule.step, &stamps)
            .and_then(|()| check_place(window, &stamps))
            .map_err(wrong)?;
        let labels = request.block.labels;
        let scope = Scope::new(labels, window, reply.received_at, self.rule, &stamps);
        for line in &self.lines {
            if is_asked(request, line.metric) {
                scope.read(&key, line, out);
            }
        }
        Ok(scope)
    }

    /// Returns every stamp of the answer, ascending, once.
    fn stamps(&self) -> Vec<Ts> {
        let samples = self.lines.iter().flat_map(|line| line.samples.iter());
        let mut stamps: Vec<Ts> = samples.map(|sample| Ts::from_millis(sample.0)).collect();
        stamps.sort_unstable();
        stamps.dedup();
        stamps
    }
}

/// The window that the request opened; where it does not say, the one that the points fill.
fn window_of(request: &RequestSpec, now: Ts, stamps: &[Ts]) -> TimeRange {
    match window(&request.query) {
        Ok(Window::Range(range)) => range,
        Ok(Window::Days(days)) => TimeRange::new(now.plus_days(-days), now),
        // All there is: what lies before the first point is not there.
        Ok(Window::Max) if !request.block.labels.is_empty() => {
            TimeRange::new(request.block.labels.start, now)
        }
        Ok(Window::Max) | Err(_) => match (stamps.first(), stamps.last()) {
            (Some(first), Some(last)) => TimeRange::new(*first, *last),
            _ => TimeRange::new(now, now),
        },
    }
}

/// Refuses an answer to another question: points, but none near the window. Stamps in seconds would
/// look like that, and would settle the whole window as empty.
fn check_place(window: TimeRange, stamps: &[Ts]) -> Result<(), &'static str> {
    let near = TimeRange::new(window.start.plus_days(-1), window.end.plus_days(1));
    if stamps.is_empty() || stamps.iter().any(|stamp| near.contains(*stamp)) {
        Ok(())
    } else {
        Err("no point near the window that was asked for")
    }
}

/// The sample that stands for a label: the nearest, of two equally near the earlier.
#[derive(Clone, Copy, Debug)]
struct Chosen {
    distance_ms: u64,
    stamp_ms: i64,
    value: f64,
}

/// Which labels count, and what the answer can say of them.
#[derive(Debug)]
pub(super) struct Scope {
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
    fn new(kept: TimeRange, window: TimeRange, now: Ts, rule: Rule, stamps: &[Ts]) -> Self {
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
        // the labels that were due then.
        let last = stamps.last().copied().filter(|_| rule.ends_live);
        let old_enough = rule.after(now.plus_secs(-lag - rule.cache_secs));
        let copied = last.map(|last| rule.after(last.plus_secs(-lag)));
        let known = copied.map_or(old_enough, |copied| copied.max(old_enough));
        let vouched = labels.intersect(inside);
        Self {
            rule,
            labels,
            vouched: TimeRange::new(vouched.start, vouched.end.min(known)),
            live: last.filter(|last| *last > now.plus_secs(-lag)),
            due,
        }
    }

    /// Hands over a metric's values, rejects and outcomes.
    fn read(&self, key: &Key, line: &Line<'_>, out: &mut dyn Sink) {
        let (name, step) = (line.metric.name, self.rule.step);
        let Some(slot) = out.slot(key, name, step) else {
            return;
        };
        let values = self.values(line, |label, why| {
            if self.labels.contains(label) {
                out.reject(Reject {
                    asset: key.asset.clone(),
                    metric: Some(name.into()),
                    label: Some(label),
                    why,
                });
            }
        });
        let mut answered = Spans::new();
        for (label, chosen) in values {
            if self.labels.contains(label) {
                out.point(slot, label, chosen.value);
                answered.insert(TimeRange::new(label, step.next(label)));
            }
        }
        for outcome in self.outcomes(&answered) {
            out.outcome(slot, outcome);
        }
    }

    /// Returns the first label of a metric that has a value, asked for or not.
    pub(super) fn first_label(&self, line: &Line<'_>) -> Option<Ts> {
        self.values(line, |_, _| {}).into_keys().next()
    }

    /// Returns the values of a metric by label, padding included; tells what no value can be.
    fn values(
        &self,
        line: &Line<'_>,
        mut wrong: impl FnMut(Ts, &'static str),
    ) -> BTreeMap<Ts, Chosen> {
        let mut values: BTreeMap<Ts, Chosen> = BTreeMap::new();
        for sample in line.samples.iter() {
            let stamp = Ts::from_millis(sample.0);
            let Some((label, distance_ms)) = self.rule.label(stamp) else {
                continue;
            };
            if label >= self.due || Some(stamp) == self.live {
                continue;
            }
            match line.metric.valid.judge(sample.1) {
                Verdict::Missing => {}
                Verdict::Wrong(why) => wrong(label, why),
                Verdict::Value(value) => {
                    let new = Chosen {
                        distance_ms,
                        stamp_ms: sample.0,
                        value,
                    };
                    let chosen = values.entry(label).or_insert(new);
                    if (new.distance_ms, new.stamp_ms) < (chosen.distance_ms, chosen.stamp_ms) {
                        *chosen = new;
                    }
                }
            }
        }
        values
    }

    /// Returns what is settled, ascending: labels with a value, and the vouched ones without.
    fn outcomes(&self, answered: &Spans) -> Vec<Outcome> {
        let empty = answered.gaps(self.vouched);
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
