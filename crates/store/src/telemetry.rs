//! What the write path and the pool count. Nothing is counted until somebody shows it: [`register`].
//!
//! Names and meanings are in `docs/METRICS.md`.

use std::{fmt, sync::OnceLock, time::Duration};

use model::SourceId;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _},
    metrics::{MetricType, family::Family, gauge::ConstGauge, histogram::Histogram},
    registry::Registry,
};

use crate::Store;

static METRICS: OnceLock<Metrics> = OnceLock::new();

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSource {
    source: &'static str,
}

type Histograms = Family<OfSource, Histogram>;

#[derive(Debug)]
struct Metrics {
    rows: Histograms,
    seconds: Histograms,
    lock_seconds: Histograms,
}

/// Counts writes from now on.
pub fn register(registry: &mut Registry) {
    let metrics = METRICS.get_or_init(|| Metrics {
        rows: Family::new_with_constructor(rows),
        seconds: Family::new_with_constructor(seconds),
        lock_seconds: Family::new_with_constructor(seconds),
    });
    for (name, help, family) in [
        (
            "crossfeed_write_batch_rows",
            "Points of a batch, by batch",
            &metrics.rows,
        ),
        (
            "crossfeed_write_duration_seconds",
            "Time from a batch to its last commit, its wait for the lock included",
            &metrics.seconds,
        ),
        (
            "crossfeed_write_lock_wait_seconds",
            "Wait of a commit for the writer lock of its source",
            &metrics.lock_seconds,
        ),
    ] {
        registry.register(name, help, family.clone());
    }
}

/// Begins the counts of a source at zero.
pub fn begin(source: SourceId) {
    if let Some(metrics) = METRICS.get() {
        for family in [&metrics.rows, &metrics.seconds, &metrics.lock_seconds] {
            drop(family.get_or_create(&of(source)));
        }
    }
}

/// Shows the connections of a store's pool from now on.
pub fn watch_pool(registry: &mut Registry, store: &Store) {
    registry.register_collector(Box::new(Pool(store.clone())));
}

/// Counts a batch that was written.
pub(crate) fn written(source: SourceId, points: usize, took: Duration) {
    if let Some(metrics) = METRICS.get() {
        let of = of(source);
        let points = u32::try_from(points).unwrap_or(u32::MAX);
        metrics.rows.get_or_create(&of).observe(points.into());
        let seconds = metrics.seconds.get_or_create(&of);
        seconds.observe(took.as_secs_f64());
    }
}

/// Counts a commit that has the lock of its source.
pub(crate) fn locked(source: SourceId, waited: Duration) {
    if let Some(metrics) = METRICS.get() {
        let seconds = metrics.lock_seconds.get_or_create(&of(source));
        seconds.observe(waited.as_secs_f64());
    }
}

fn of(source: SourceId) -> OfSource {
    OfSource {
        source: source.as_str(),
    }
}

fn rows() -> Histogram {
    Histogram::new([1., 10., 100., 1_000., 10_000., 50_000., 250_000.])
}

/// Up to the time after which a holder of the lock counts as stuck.
fn seconds() -> Histogram {
    Histogram::new([0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10., 60.])
}

#[derive(Debug)]
struct Pool(Store);

impl Collector for Pool {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let names = [
            (
                "crossfeed_database_pool_connections",
                "Connections of the pool that are open",
            ),
            (
                "crossfeed_database_pool_available_connections",
                "Open connections that nobody uses",
            ),
            (
                "crossfeed_database_pool_waiting_callers",
                "Callers that wait for a connection",
            ),
        ];
        for ((name, help), count) in names.iter().zip(self.0.pool_counts()) {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}
