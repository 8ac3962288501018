//! The collectors at work, as whoever looks at them sees them: sources come and go with a reload.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use model::SourceId;

use super::{METRICS, of, set};
use crate::Collector;

/// The collectors at work, and what is configured and not at work. Clones see the same, and keep no
/// collector from its end.
#[derive(Clone, Debug, Default)]
pub struct Watched(Arc<RwLock<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    at_work: Vec<Weak<Collector>>,
    not_open: Vec<SourceId>,
}

impl Watched {
    /// Shows a source as not at work, until its collector is added.
    pub fn expect(&self, source: SourceId) {
        self.change(|seen| {
            if !seen.not_open.contains(&source) {
                seen.not_open.push(source);
            }
        });
        if let Some(metrics) = METRICS.get() {
            set(&metrics.source_open, source, 0.);
        }
    }

    /// Shows nothing of a source that was expected in vain.
    pub fn forget(&self, source: SourceId) {
        self.change(|seen| seen.not_open.retain(|one| *one != source));
        if let Some(metrics) = METRICS.get() {
            metrics.source_open.remove(&of(source));
        }
    }

    /// Returns what is configured and not at work: it could not be opened, or not yet.
    pub fn not_open(&self) -> Vec<SourceId> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.not_open.clone()
    }

    /// Counts and looks at a collector from now on, each thing from zero where nothing was counted of its
    /// source before.
    pub fn add(&self, collector: &Arc<Collector>) {
        self.change(|seen| {
            seen.not_open.retain(|one| *one != collector.id());
            seen.at_work.push(Arc::downgrade(collector));
        });
        if let Some(metrics) = METRICS.get() {
            metrics.begin(collector);
            set(&metrics.source_open, collector.id(), 1.);
            store::telemetry::begin(collector.id());
            metrics.look_again.notify_one();
        }
    }

    /// Looks no more at one: whoever wants to know how its source is hears nothing, rather than how it was.
    pub fn remove(&self, collector: &Arc<Collector>) {
        self.change(|seen| seen.at_work.retain(|one| !is_same(one, collector)));
        if let Some(metrics) = METRICS.get() {
            metrics.end(collector);
        }
        self.forget(collector.id());
    }

    pub(super) fn collectors(&self) -> Vec<Arc<Collector>> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seen.at_work.iter().filter_map(Weak::upgrade).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn is_same(one: &Weak<Collector>, other: &Arc<Collector>) -> bool {
    std::ptr::eq(one.as_ptr(), Arc::as_ptr(other))
}
