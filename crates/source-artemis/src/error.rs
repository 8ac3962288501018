//! Sorts answers: data, or which kind of failure. Contract section 3.
//!
//! No body of an error is established, so the status alone decides; the words are kept for the log. A
//! 200 without data is overload, never "no data" (trap 5): what stands in it the parser says.

use std::time::{Duration, UNIX_EPOCH};

use model::Ts;
use source::{Reply, ReplyError, RequestSpec, lenient};

/// The shortest wait that is believed.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// Longer waits are not believed.
const MAX_WAIT: Duration = Duration::from_secs(3_600);

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
    let header = |name: &str| reply.headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str, unit: f64| {
        let number = text.parse::<f64>().ok().filter(|number| *number > 0.0)?;
        Duration::try_from_secs_f64(number * unit).ok()
    };
    let ms = header("retry-after-ms").and_then(|text| seconds(text, 0.001));
    let named = ms.or_else(|| {
        let text = header("retry-after")?;
        seconds(text, 1.0).or_else(|| until(text, reply.received_at))
    });
    named.map(|wait| wait.clamp(SHORTEST_WAIT, MAX_WAIT))
}

fn until(text: &str, now: Ts) -> Option<Duration> {
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(now.millis()).ok()?);
    at.checked_sub(now).filter(|wait| !wait.is_zero())
}
