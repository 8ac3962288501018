//! Sorts answers: data, or which kind of failure. Contract section 7.
//!
//! Errors are told by the status, never inside a 200; their texts are not established and are read for
//! a hint only. Guarded all the same: a 200 that is a page is a passing failure, and one that is
//! another text than the expected header is malformed, which the parser says.

use std::time::{Duration, UNIX_EPOCH};

use model::Ts;
use source::{Reply, ReplyError, RequestSpec, lenient};

use crate::datasets::{ROWS, ROWS_DAILY};

/// The vendor's window: the shortest wait after a 429 (section 7).
const WINDOW: Duration = Duration::from_secs(30);
/// Longer waits are not believed.
const MAX_WAIT: Duration = Duration::from_secs(3_600);

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    let is_page = lenient::text(&reply.body).starts_with('<');
    let what = || match is_page {
        true => format!("status {status}, a page"),
        false => format!(
            "status {status}: {}",
            lenient::excerpt(&lenient::text(&reply.body))
        ),
    };
    Err(match status {
        200 if is_page => ReplyError::Transient(what()),
        200 => return Ok(()),
        429 => ReplyError::Throttled {
            what: what(),
            retry_after: Some(retry_after(reply)),
        },
        408 | 425 | 500..=599 => ReplyError::Transient(what()),
        // A page is the proxy's word, not the vendor's.
        403 if is_page => ReplyError::Transient(what()),
        400 | 402 | 403 if is_about_reach(request, reply) => ReplyError::OutsidePlan {
            what: what(),
            reach_days: None,
        },
        401..=403 => ReplyError::Unauthorized(what()),
        413 | 414 => ReplyError::TooMuch(what()),
        400 if is_about_size(reply) => ReplyError::TooMuch(what()),
        // A path that does not exist is a fault of ours, and no word about an asset.
        _ => ReplyError::Rejected(what()),
    })
}

/// Whether the plan does not reach back so far. Whether that is a 403, a 400 or an empty 200 is not
/// established; a bad key is a 401 or a 403 as well, so the text has to say it.
fn is_about_reach(request: &RequestSpec, reply: &Reply) -> bool {
    let text = lenient::text(&reply.body).to_ascii_lowercase();
    matches!(request.dataset, ROWS | ROWS_DAILY)
        && ["history", "historical", "too far back", "months"]
            .iter()
            .any(|word| text.contains(word))
}

fn is_about_size(reply: &Reply) -> bool {
    let text = lenient::text(&reply.body).to_ascii_lowercase();
    ["too many", "too much", "22500", "22,500", "limit", "exceed"]
        .iter()
        .any(|word| text.contains(word))
}

/// `Retry-After` in seconds or as a date, where there is one; never less than the vendor's window.
fn retry_after(reply: &Reply) -> Duration {
    let named = reply.headers.get(http::header::RETRY_AFTER);
    let named = named.and_then(|value| value.to_str().ok()).map(str::trim);
    let wait = named.and_then(|text| match text.parse::<f64>() {
        Ok(secs) => Duration::try_from_secs_f64(secs).ok(),
        Err(_) => until(text, reply.received_at),
    });
    wait.unwrap_or(WINDOW).clamp(WINDOW, MAX_WAIT)
}

fn until(text: &str, now: Ts) -> Option<Duration> {
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(now.millis()).ok()?);
    at.checked_sub(now)
}
