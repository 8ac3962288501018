//! An answer, and the ways in which it can be none.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use model::Ts;

/// An HTTP answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// When it had been read.
    pub received_at: Ts,
}

/// Why an answer is none, by what the executor does next. Texts are ours or redacted by the
/// executor before anybody sees them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Wait, then ask again.
    #[error("throttled: {what}")]
    Throttled {
        /// The vendor's word, shortened.
        what: String,
        /// The wait the vendor named, if it did.
        retry_after: Option<Duration>,
    },
    /// Park until the window turns.
    #[error("quota spent: {what}")]
    QuotaExhausted {
        /// The vendor's word, shortened.
        what: String,
        /// When the window turns, if the vendor said so.
        until: Option<Ts>,
    },
    /// Ask again, a bounded number of times.
    #[error("passing failure: {0}")]
    Transient(String),
    /// Suspend the source: nothing works with this key or configuration.
    #[error("not authorised: {0}")]
    Unauthorized(String),
    /// Never ask this function or parameter again on this plan.
    #[error("not in the plan: {0}")]
    NotEntitled(String),
    /// Record that the plan does not reach so far back, clamp, go on.
    #[error("outside of the plan's history: {what}")]
    OutsidePlan {
        /// The vendor's word, shortened.
        what: String,
        /// How many days back the plan reaches, if the vendor said so.
        reach_days: Option<u32>,
    },
    /// Mark the asset absent, go on with the others.
    #[error("not found: {0}")]
    NotFound(String),
    /// Too much for one request: split the batch; what cannot be split fails.
    #[error("too much for one request: {0}")]
    TooMuch(String),
    /// Fail the block: a part of it would be refused as well.
    #[error("rejected: {0}")]
    Rejected(String),
    /// Keep the body for inspection, go on.
    #[error("malformed: {0}")]
    Malformed(String),
}

impl ReplyError {
    /// Returns the name of the class, for counters, `pulls.error_class` and logs.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::QuotaExhausted { .. } => "quota_exhausted",
            Self::Transient(_) => "transient",
            Self::Unauthorized(_) => "unauthorized",
            Self::NotEntitled(_) => "not_entitled",
            Self::OutsidePlan { .. } => "outside_plan",
            Self::NotFound(_) => "not_found",
            Self::TooMuch(_) => "too_much",
            Self::Rejected(_) => "rejected",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// Sorts by the status alone, for vendors that mean what their status says.
///
/// # Errors
/// The class that the status stands for.
pub fn check_status(reply: &Reply) -> Result<(), ReplyError> {
    let what = || format!("status {}", reply.status.as_u16());
    match reply.status.as_u16() {
        200..=299 => Ok(()),
        401 | 403 => Err(ReplyError::Unauthorized(what())),
        402 => Err(ReplyError::NotEntitled(what())),
        404 | 410 => Err(ReplyError::NotFound(what())),
        408 | 425 => Err(ReplyError::Transient(what())),
        429 => Err(ReplyError::Throttled {
            what: what(),
            retry_after: None,
        }),
        413 | 414 => Err(ReplyError::TooMuch(what())),
        400..=499 => Err(ReplyError::Rejected(what())),
        _ => Err(ReplyError::Transient(what())),
    }
}
