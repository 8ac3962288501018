//! What has been asked and answered: settled time, reasons for what is missing, open gaps.
//!
//! A gap is wanted − settled − what waits for its next try, by PostgreSQL's own algebra of
//! multiranges, never by looking at points. What is wanted is the caller's business, and so is
//! what a vendor's plan does not give (docs/adr/0003-coverage-and-gaps.md).

mod gaps;
mod just_read;
pub(crate) mod rereads;
mod settle;
mod slots;
mod why;

use model::{MissingReason, TimeRange};

pub use gaps::{MissingRow, Patience, WaitingRow};
pub use settle::settle;
pub use slots::MAX_TRIES;
pub use why::ValuelessRow;

use crate::series::SeriesId;

/// What an answer says about a range of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Which series.
    pub series: SeriesId,
    /// Which buckets, whole ones, by their start.
    pub range: TimeRange,
    /// What is said.
    pub verdict: Verdict,
}

/// What an answer says about a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answered: nothing more to ask.
    Settled,
    /// There is no value.
    Missing {
        /// Why.
        reason: MissingReason,
        /// After how long it is asked again, doubled with each try, [`MAX_TRIES`] tries in all; of a
        /// pair that the vendor does not have the same each time, without end. None: final at once, and
        /// settled.
        recheck_after_secs: Option<i64>,
    },
    /// There is no value yet, and there will be one: `not_yet_published`, however often it is asked for.
    Expected {
        /// After how long it is asked again, the same each time.
        recheck_after_secs: i64,
    },
}
