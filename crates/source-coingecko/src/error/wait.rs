//! How long to wait after a 429. Contract section 2.
//!
//! Read beside a throttle only. A `retry-after` beside a 5xx is left alone: a passing failure is asked
//! again after the executor's own, growing pause, whatever a server in front of the vendor wishes.

use std::time::Duration;

use model::Ts;
use source::{Reply, ReplyError, retry_after, wait_until};
use time::{OffsetDateTime, macros::format_description};

/// The wait after a 429 without any header that helps.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// The shortest wait: every try within the minute counts.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

pub(super) fn throttled(what: String, reply: &Reply) -> ReplyError {
    let wait = retry_after(reply).or_else(|| reset(reply));
    ReplyError::Throttled {
        what,
        retry_after: Some(wait.unwrap_or(DEFAULT_WAIT).max(SHORTEST_WAIT)),
    }
}

/// `x-ratelimit-reset: 2026-03-09 03:28:00 +0000`: neither ISO nor a number.
fn reset(reply: &Reply) -> Option<Duration> {
    let format = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    let text = reply.headers.get("x-ratelimit-reset")?.to_str().ok()?;
    let at = OffsetDateTime::parse(text.trim(), format).ok()?;
    wait_until(Ts::from(at), reply)
}
