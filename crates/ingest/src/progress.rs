//! Counts that a terminal or a metrics page may look at while a job runs.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counters of one collector, from its start.
#[derive(Debug, Default)]
pub struct Progress {
    planned: AtomicU64,
    ended: AtomicU64,
    sent: Arc<AtomicU64>,
    received: AtomicU64,
    inserted: AtomicU64,
    bytes: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that plans asked for so far.
    pub planned: u64,
    /// Requests that have ended, well or not, or were not needed any more.
    pub ended: u64,
    /// Attempts that left, retries included.
    pub sent: u64,
    /// Points that parsers gave.
    pub received: u64,
    /// Points that were new.
    pub inserted: u64,
    /// Bytes of bodies.
    pub bytes: u64,
}

impl Progress {
    /// Returns the counters now.
    pub fn counts(&self) -> Counts {
        Counts {
            planned: self.planned.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            inserted: self.inserted.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    pub(crate) fn plan(&self) {
        self.planned.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn body(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn wrote(&self, received: u64, inserted: u64) {
        self.received.fetch_add(received, Ordering::Relaxed);
        self.inserted.fetch_add(inserted, Ordering::Relaxed);
    }
}
