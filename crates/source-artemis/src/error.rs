//! Sorts answers: data, or which kind of failure. Contract section 3.
//!
//! No body of an error is established, so the status alone decides; the words are kept for the log. A
//! 200 without data is overload, never "no data" (trap 5): what stands in it the parser says.

use std::time::Duration;

use source::{LONGEST_WAIT, Reply, ReplyError, RequestSpec, lenient};

/// The shortest wait that is believed.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    let text = lenient::text(&reply.body);
    let what = || match text.starts_with('<') {
        true => format!("status {status}, a page"),
        false => format!("status {status}: {}", lenient::excerpt(&text)),
    };
    Err(match status {
        200..=299 if text.is_empty() => overloaded("an empty answer"),
        200..=299 if text.starts_with('<') => overloaded("a page"),
        200..=299 => return Ok(()),
        401..=403 => ReplyError::Unauthorized(what()),
        // The old host says so for good: nothing works with this address.
        410 => ReplyError::Unauthorized(format!("the endpoint is gone ({})", what())),
        429 => ReplyError::Throttled {
            what: what(),
            retry_after: retry_after(reply),
        },
        400 | 422 if is_one_pair(request) => ReplyError::Rejected(what()),
        // One pair may spoil a batch: halved until it stands alone.
        400 | 413 | 414 | 422 => ReplyError::TooMuch(what()),
        408 | 409 | 425 | 500..=599 => ReplyError::Transient(what()),
        // Below /data/api/ everything is a metric's name, so a 404 is a fault of ours, and no word
        // about an asset.
        _ => ReplyError::Rejected(what()),
    })
}

fn is_one_pair(request: &RequestSpec) -> bool {
    let block = &request.block;
    block.keys.len() == 1 && block.metrics.len() == 1
}

/// What the vendor answers where it has too much to do.
pub(crate) fn overloaded(what: &str) -> ReplyError {
    ReplyError::Transient(format!("status 200, {what}: overload or throttle"))
}

/// `retry-after-ms`, else `Retry-After` in seconds or as a date. Where there is none that makes sense
/// the executor waits a minute, the longest of the contract's waits.
fn retry_after(reply: &Reply) -> Option<Duration> {
    let is_wait = |wait: &Duration| !wait.is_zero();
    let in_ms = || {
        let text = reply.headers.get("retry-after-ms")?.to_str().ok()?;
        let ms: f64 = text.trim().parse().ok()?;
        Duration::try_from_secs_f64(ms / 1_000.0).ok()
    };
    let named = in_ms().filter(is_wait);
    let named = named.or_else(|| source::retry_after(reply).filter(is_wait));
    named.map(|wait| wait.clamp(SHORTEST_WAIT, LONGEST_WAIT))
}
