//! The collectors at work, as whoever looks at them sees them: sources come and go with a reload.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use model::SourceId;

use super::{METRICS, of, set};
use crate::Collector;

/// The collectors at work. Clones see the same ones, and keep none of them from its end.
#[derive(Clone, Debug, Default)]
pub struct Watched(Arc<RwLock<Vec<Weak<Collector>>>>);

impl Watched {
    /// Shows a source as not at work, until its collector is added.
    pub fn expect(&self, source: SourceId) {
        if let Some(metrics) = METRICS.get() {
            set(&metrics.source_open, source, 0.);
        }
    }

    /// Shows nothing of a source that was expected in vain.
    pub fn forget(&self, source: SourceId) {
        if let Some(metrics) = METRICS.get() {
            metrics.source_open.remove(&of(source));
        }
    }

    /// Counts and looks at a collector from now on, each thing from zero where nothing was counted of its
    /// source before.
    pub fn add(&self, collector: &Arc<Collector>) {
        self.change(|all| all.push(Arc::downgrade(collector)));
        if let Some(metrics) = METRICS.get() {
            metrics.begin(collector);
            set(&metrics.source_open, collector.id(), 1.);
            store::telemetry::begin(collector.id());
            metrics.look_again.notify_one();
        }
    }

    /// Looks no more at one: whoever wants to know how its source is hears nothing, rather than how it was.
    pub fn remove(&self, collector: &Arc<Collector>) {
        self.change(|all| all.retain(|one| !is_same(one, collector)));
        if let Some(metrics) = METRICS.get() {
            metrics.end(collector);
        }
        self.forget(collector.id());
    }

    pub(super) fn collectors(&self) -> Vec<Arc<Collector>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Weak<Collector>>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn is_same(one: &Weak<Collector>, other: &Arc<Collector>) -> bool {
    std::ptr::eq(one.as_ptr(), Arc::as_ptr(other))
}
