//! What is counted, by which labels. Names and words are in [`super::words`] and
//! [`super::figures_words`].

use std::sync::{Arc, atomic::AtomicU64};

use model::SourceId;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use source::{HostId, Unit, Window};
use tokio::sync::Notify;

use super::{OK, Wait, of};
use crate::Collector;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfSource {
    pub(super) source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRequest {
    pub(super) source: &'static str,
    pub(super) dataset: &'static str,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfPull {
    pub(super) source: &'static str,
    pub(super) dataset: &'static str,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfWait {
    pub(super) source: &'static str,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfQuota {
    pub(super) source: &'static str,
    pub(super) host: &'static str,
    pub(super) unit: &'static str,
    pub(super) window: &'static str,
}

impl OfQuota {
    pub(super) fn of(source: SourceId, host: HostId, unit: Unit, window: Window) -> Self {
        Self {
            source: source.as_str(),
            host,
            unit: unit.as_str(),
            window: match window {
                Window::RollingSecs(_) => "pace",
                Window::RollingDay => "24h",
                Window::Day => "day",
                Window::Month => "month",
            },
        }
    }
}

pub(super) type Counters = Family<OfSource, Counter>;
pub(super) type Real = Gauge<f64, AtomicU64>;
pub(super) type Gauges = Family<OfSource, Real>;
pub(super) type Quotas = Family<OfQuota, Real>;

/// Everything that is counted or looked at.
#[derive(Debug)]
pub(super) struct Metrics {
    pub(super) requests: Family<OfRequest, Counter>,
    pub(super) request_seconds: Family<OfSource, Histogram>,
    pub(super) retries: Counters,
    pub(super) bytes: Counters,
    pub(super) waits: Family<OfWait, Counter<f64, AtomicU64>>,
    pub(super) received: Counters,
    pub(super) inserted: Counters,
    pub(super) updated: Counters,
    pub(super) differing: Counters,
    pub(super) rejected: Counters,
    pub(super) pulls: Family<OfPull, Counter>,
    pub(super) queued: Family<OfSource, Gauge>,
    pub(super) tick_began: Gauges,
    pub(super) tick_ended: Gauges,
    pub(super) tick_seconds: Gauges,
    pub(super) tick_due: Gauges,
    /// Not of a collector: it is there where none could be made.
    pub(super) source_open: Gauges,
    pub(super) cadence: Gauges,
    pub(super) degraded: Gauges,
    pub(super) suspended: Gauges,
    pub(super) suspended_datasets: Gauges,
    pub(super) parked_until: Gauges,
    pub(super) staleness: Gauges,
    pub(super) gap_buckets: Gauges,
    pub(super) rereads: Gauges,
    pub(super) quota_used: Quotas,
    pub(super) quota_limit: Quotas,
    pub(super) quota_left: Quotas,
    pub(super) quota_ends: Quotas,
    pub(super) looked_at: Real,
    pub(super) leading: Gauge,
    pub(super) epoch: Gauge,
    /// Wakes whoever looks at the database.
    pub(super) look_again: Arc<Notify>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            retries: Family::default(),
            bytes: Family::default(),
            waits: Family::default(),
            received: Family::default(),
            inserted: Family::default(),
            updated: Family::default(),
            differing: Family::default(),
            rejected: Family::default(),
            pulls: Family::default(),
            queued: Family::default(),
            tick_began: Family::default(),
            tick_ended: Family::default(),
            tick_seconds: Family::default(),
            tick_due: Family::default(),
            source_open: Family::default(),
            cadence: Family::default(),
            degraded: Family::default(),
            suspended: Family::default(),
            suspended_datasets: Family::default(),
            parked_until: Family::default(),
            staleness: Family::default(),
            gap_buckets: Family::default(),
            rereads: Family::default(),
            quota_used: Family::default(),
            quota_limit: Family::default(),
            quota_left: Family::default(),
            quota_ends: Family::default(),
            looked_at: Gauge::default(),
            leading: Gauge::default(),
            epoch: Gauge::default(),
            look_again: Arc::default(),
        }
    }
}

/// Up to the transport's own time-out.
fn seconds() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1., 2.5, 5., 10., 30., 90.])
}

impl Metrics {
    /// Begins everything of a source at zero: what is not there raises no alarm.
    pub(super) fn begin(&self, collector: &Collector) {
        if let Some(epoch) = collector.reign.epoch() {
            self.leading.set(1);
            self.epoch.set(epoch);
        }
        let of = of(collector.id());
        for counters in [
            &self.retries,
            &self.bytes,
            &self.received,
            &self.inserted,
            &self.updated,
            &self.differing,
            &self.rejected,
        ] {
            drop(counters.get_or_create(&of));
        }
        drop(self.request_seconds.get_or_create(&of));
        drop(self.queued.get_or_create(&of));
        for dataset in collector.source.datasets() {
            drop(self.requests.get_or_create(&OfRequest {
                source: of.source,
                dataset: dataset.id.as_str(),
                outcome: OK,
            }));
        }
        for wait in Wait::ALL {
            let (source, reason) = (of.source, wait.as_str());
            drop(self.waits.get_or_create(&OfWait { source, reason }));
        }
        for gauges in [&self.degraded, &self.suspended, &self.suspended_datasets] {
            drop(gauges.get_or_create(&of));
        }
    }

    /// Takes away what says how a source is: nobody looks at it any more. What was counted stays.
    pub(super) fn end(&self, collector: &Collector) {
        let source = of(collector.id());
        for gauges in [
            &self.tick_began,
            &self.tick_ended,
            &self.tick_seconds,
            &self.tick_due,
            &self.cadence,
            &self.degraded,
            &self.suspended,
            &self.suspended_datasets,
            &self.parked_until,
            &self.staleness,
            &self.gap_buckets,
            &self.rereads,
        ] {
            gauges.remove(&source);
        }
        for limit in collector.source.limits() {
            let quota = OfQuota::of(collector.id(), limit.host, limit.unit, limit.window);
            for quotas in [
                &self.quota_used,
                &self.quota_limit,
                &self.quota_left,
                &self.quota_ends,
            ] {
                quotas.remove(&quota);
            }
        }
    }
}
