//! How long to wait after a 429. Contract section 2.
//!
//! Read beside a throttle only. A `retry-after` beside a 5xx is left alone: a passing failure is asked
//! again after the executor's own, growing pause, whatever a server in front of the vendor wishes.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use model::Ts;
use source::{Reply, ReplyError};
use time::{OffsetDateTime, macros::format_description};

/// The wait after a 429 without any header that helps.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// Longer waits are not believed: the window is a minute.
const MAX_WAIT: Duration = Duration::from_secs(3_600);

pub(super) fn throttled(what: String, reply: &Reply) -> ReplyError {
    let wait = retry_after(&reply.headers, reply.received_at)
        .or_else(|| reset(&reply.headers, reply.received_at))
        .unwrap_or(DEFAULT_WAIT);
    ReplyError::Throttled {
        what,
        retry_after: Some(wait.clamp(Duration::from_secs(1), MAX_WAIT)),
    }
}

/// `retry-after`: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Ts) -> Option<Duration> {
    let text = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if let Ok(secs) = text.parse() {
        return Some(Duration::from_secs(secs));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
    until(Ts::from_secs(i64::try_from(at).ok()?), now)
}

/// `x-ratelimit-reset: 2026-03-09 03:28:00 +0000`: neither ISO nor a number.
fn reset(headers: &HeaderMap, now: Ts) -> Option<Duration> {
    let format = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    let text = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim();
    let at = OffsetDateTime::parse(text, format).ok()?;
    until(Ts::from(at), now)
}

/// How long until `at`. None where it has passed: the answer is a 429 all the same, so a clock is
/// wrong, and every try within the minute counts.
fn until(at: Ts, now: Ts) -> Option<Duration> {
    let ms = at.millis().saturating_sub(now.millis());
    let ms = u64::try_from(ms).ok().filter(|ms| *ms > 0)?;
    Some(Duration::from_millis(ms))
}
