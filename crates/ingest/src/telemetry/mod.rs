//! What the collector counts, each thing by one function, called where it is logged. Nothing is counted
//! until somebody shows it: [`register`].
//!
//! Names and meanings are in `docs/METRICS.md`. A label is never an asset, nor anything else that
//! grows with the configuration.

mod figures;
mod figures_words;
mod metrics;
mod outage;
mod watched;
mod words;

use std::{sync::OnceLock, time::Duration};

use model::{DatasetId, PullKind, SourceId, Ts};
use prometheus_client::registry::Registry;
use store::write::WriteReport;

pub use figures::keep_figures;
pub(crate) use outage::{database_answers, database_is_away};
pub use watched::Watched;

use crate::summary::PullEnd;
use metrics::{Metrics, OfPull, OfRequest, OfSource, OfWait};

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// What a request that was repeated or given up by the transport counts as.
pub(crate) const TRANSIENT: &str = "transient";
/// An answer that led to another address of the same host.
pub(crate) const REDIRECTED: &str = "redirected";
/// Nobody waited for the answer.
pub(crate) const ABANDONED: &str = "abandoned";
/// Checked and parsed.
pub(crate) const OK: &str = "ok";

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// A slot of the vendor's pace.
    Pace,
    /// The vendor said that it is asked too much.
    Throttled,
    /// A passing failure, before the next try.
    Backoff,
}

impl Wait {
    const ALL: [Self; 3] = [Self::Pace, Self::Throttled, Self::Backoff];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pace => "pace",
            Self::Throttled => "throttled",
            Self::Backoff => "backoff",
        }
    }
}

/// Counts from now on what collectors and their writers do.
pub fn register(registry: &mut Registry) {
    let metrics = METRICS.get_or_init(Metrics::default);
    metrics.register(registry);
    outage::register(registry);
    store::telemetry::register(registry);
}

fn of(source: SourceId) -> OfSource {
    let source = source.as_str();
    OfSource { source }
}

/// Counts an attempt that left, once its outcome is known.
pub(crate) fn asked(source: SourceId, dataset: DatasetId, outcome: &'static str, took: Duration) {
    if let Some(metrics) = METRICS.get() {
        let request = OfRequest {
            source: source.as_str(),
            dataset: dataset.as_str(),
            outcome,
        };
        metrics.requests.get_or_create(&request).inc();
        let seconds = metrics.request_seconds.get_or_create(&of(source));
        seconds.observe(took.as_secs_f64());
    }
}

/// Counts an attempt that repeats another.
pub(crate) fn repeated(source: SourceId) {
    if let Some(metrics) = METRICS.get() {
        metrics.retries.get_or_create(&of(source)).inc();
    }
}

/// Counts the body of an answer.
pub(crate) fn body(source: SourceId, bytes: u64) {
    if let Some(metrics) = METRICS.get() {
        metrics.bytes.get_or_create(&of(source)).inc_by(bytes);
    }
}

/// Counts time that a request waited.
pub(crate) fn waited(source: SourceId, reason: Wait, time: Duration) {
    if let Some(metrics) = METRICS.get() {
        let wait = OfWait {
            source: source.as_str(),
            reason: reason.as_str(),
        };
        let waits = metrics.waits.get_or_create(&wait);
        waits.inc_by(time.as_secs_f64());
    }
}

/// Counts what became of the values of an answer; `rejected` are those that its parser refused.
pub(crate) fn wrote(source: SourceId, report: &WriteReport, rejected: u64) {
    if let Some(metrics) = METRICS.get() {
        let of = of(source);
        for (counter, points) in [
            (&metrics.received, report.received),
            (&metrics.inserted, report.inserted),
            (&metrics.updated, report.updated),
            (&metrics.differing, report.differing),
            (&metrics.rejected, rejected + report.refused),
        ] {
            counter.get_or_create(&of).inc_by(points);
        }
    }
}

/// Counts a pull that ended.
pub(crate) fn pull_ended(source: SourceId, end: &PullEnd) {
    if let Some(metrics) = METRICS.get() {
        let pull = OfPull {
            source: source.as_str(),
            dataset: end.dataset.as_str(),
            kind: PullKind::as_str(end.kind),
            status: end.status.as_str(),
        };
        metrics.pulls.get_or_create(&pull).inc();
    }
}

/// A batch that waits for the writer, until this is dropped.
#[derive(Debug)]
pub(crate) struct Queued(SourceId);

/// Notes that a batch waits for the writer.
pub(crate) fn queued(source: SourceId) -> Queued {
    if let Some(metrics) = METRICS.get() {
        metrics.queued.get_or_create(&of(source)).inc();
    }
    Queued(source)
}

impl Drop for Queued {
    fn drop(&mut self) {
        if let Some(metrics) = METRICS.get() {
            metrics.queued.get_or_create(&of(self.0)).dec();
        }
    }
}

/// Notes that a live tick began.
pub(crate) fn tick_began(source: SourceId, at: Ts) {
    if let Some(metrics) = METRICS.get() {
        set(&metrics.tick_began, source, seconds(at));
    }
}

/// Notes that a live tick ended.
pub(crate) fn tick_ended(source: SourceId, began: Ts, ended: Ts) {
    if let Some(metrics) = METRICS.get() {
        set(&metrics.tick_ended, source, seconds(ended));
        set(
            &metrics.tick_seconds,
            source,
            seconds(ended) - seconds(began),
        );
    }
}

/// Notes when the next live tick is due: what there is to look at is whole for as long.
pub(crate) fn tick_is_due(source: SourceId, at: Ts) {
    if let Some(metrics) = METRICS.get() {
        set(&metrics.tick_due, source, seconds(at));
        metrics.look_again.notify_one();
    }
}

/// Notes whether this process leads.
pub(crate) fn leads(epoch: Option<i64>) {
    if let Some(metrics) = METRICS.get() {
        metrics.leading.set(epoch.is_some().into());
        if let Some(epoch) = epoch {
            metrics.epoch.set(epoch);
        }
    }
}

fn set(gauges: &metrics::Gauges, source: SourceId, value: f64) {
    gauges.get_or_create(&of(source)).set(value);
}

/// As Unix time.
fn seconds(at: Ts) -> f64 {
    at.millis() as f64 / 1_000.0
}
