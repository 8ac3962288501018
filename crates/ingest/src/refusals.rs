//! Ticks that bring nothing but refusals. One may be a slip of the vendor's; after five in a row an
//! operator has to look.
//!
//! The count is kept in the database: a restart does not begin it anew.

use model::PullKind;
use source::ReplyError;

use crate::{Error, collector::Collector, pull::Pull};

/// How many ticks in a row suspend a dataset.
pub const REFUSED_TICKS_SUSPEND: i32 = 5;

/// Whether the same question would be refused again whenever it is asked.
pub(crate) fn is_refusal(error: &ReplyError) -> bool {
    matches!(
        error,
        ReplyError::Rejected(_)
            | ReplyError::TooMuch(_)
            | ReplyError::Malformed(_)
            | ReplyError::NotFound(_)
    )
}

impl Collector {
    /// Counts a pull that has ended, and suspends its dataset where it is one too many.
    pub(crate) async fn count_refusals(&self, pull: &Pull<'_>) -> Result<(), Error> {
        let dataset = pull.dataset.id;
        if pull.tally.is_good() {
            let forget = || self.store.forget_refused(pull.source, dataset);
            return Ok(self.outage.through(forget).await?);
        }
        if !pull.was_refused_tick() {
            return Ok(());
        }
        let now = self.clock.now();
        let count = || self.store.count_refused(pull.source, dataset, now);
        let ticks = self.outage.through(count).await?;
        tracing::warn!(source = %pull.source, dataset = %dataset, ticks, "a tick of refusals alone");
        if ticks < REFUSED_TICKS_SUSPEND {
            return Ok(());
        }
        let failures = pull.tally.failures();
        let (class, text) = failures.last().cloned().unwrap_or_default();
        let text = format!("{ticks} ticks in a row were refused, the last: {text}");
        self.suspend(pull, dataset.as_str(), &class, &text).await
    }
}

impl Pull<'_> {
    /// Whether it was a live tick, ended by itself, in which every answer was a refusal.
    fn was_refused_tick(&self) -> bool {
        self.kind == PullKind::Live && self.halted().is_none() && self.tally.was_refused()
    }
}
