//! What every answer about the past has in common: samples by stamp become points by label, and the
//! answer settles what it vouches for.
//!
//! What it vouches for: inside its window, labels that are due by the dataset's lag. It may be a copy
//! out of the vendor's cache, as old as its last stamp: a label that was not due then and has no value
//! is not `Empty` but open, until the cache must have turned over. What could not be read is open too.

mod scope;

use std::borrow::Cow;

use model::{Step, TimeRange, Ts};
use source::{Reply, ReplyError, RequestSpec, Sink};

pub(super) use self::scope::Scope;
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
        let nearest = self.nearest(stamp);
        let distance = stamp.millis().abs_diff(nearest.millis());
        let tolerance = self.tolerance_secs.unsigned_abs() * 1_000;
        (distance <= tolerance).then_some((nearest, distance))
    }

    /// The label nearest to a stamp, however far.
    fn nearest(&self, stamp: Ts) -> Ts {
        self.step.floor(stamp.plus_secs(self.step.max_secs() / 2))
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

impl Line<'_> {
    /// Whether there is a sample of which something can be read.
    fn is_readable(&self) -> bool {
        self.samples.iter().any(|sample| {
            let verdict = self.metric.valid.judge(sample.value);
            sample.stamp().is_some() && !matches!(verdict, Verdict::Unread(_))
        })
    }
}

impl Sample {
    fn stamp(&self) -> Option<Ts> {
        self.stamp_ms.map(Ts::from_millis)
    }
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
        if self.is_unreadable() {
            return Err(wrong("not a single sample can be read"));
        }
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

    fn is_unreadable(&self) -> bool {
        let is_empty = self.lines.iter().all(|line| line.samples.is_empty());
        !is_empty && !self.lines.iter().any(Line::is_readable)
    }

    /// Returns every stamp of the answer, ascending, once.
    fn stamps(&self) -> Vec<Ts> {
        let samples = self.lines.iter().flat_map(|line| line.samples.iter());
        let mut stamps: Vec<Ts> = samples.filter_map(Sample::stamp).collect();
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
