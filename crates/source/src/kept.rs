//! What a vendor keeps of its configuration beside the series.

use std::sync::{Arc, PoisonError, RwLock};

/// What stood in the CSV that [`crate::Source::read_config`] read last without a problem: equal asks
/// give equal plans, and equal answers equal points, as long as no other is read.
#[derive(Debug, Default)]
pub struct Kept<T>(RwLock<Arc<T>>);

impl<T> Kept<T> {
    /// Returns what is kept.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps something else from now on.
    pub fn set(&self, kept: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(kept);
    }
}
