//! Sorts answers: data, or which kind of failure. Contract section 4.
//!
//! What is not JSON at all (an HTML page, a body that was cut) is `Transient`: the same request may
//! well succeed. JSON of another shape than the contract's is `Malformed`, which the parser says:
//! asking again brings the same, and the body is worth keeping.
//!
//! No text of the vendor gets into an error but a short excerpt without addresses and keys.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use model::{DatasetId, Ts};
use source::{Reply, ReplyError, RequestSpec};
use time::{OffsetDateTime, macros::format_description};

use crate::{
    datasets::{CHART_DAILY, CHART_HOURLY, OHLC_DAILY, OHLC_HOURLY, SUPPLY_DAILY},
    wire::{Code, Envelope, ErrorField},
};

/// An error's body is far shorter; data beyond this are not searched for one.
const MAX_ENVELOPE_BYTES: usize = 8 << 10;
/// The wait after a 429 without any header.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// Longer waits are not believed: the window is a minute.
const MAX_WAIT: Duration = Duration::from_secs(3_600);

/// Which of the four envelopes a body is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    A,
    B,
    C,
    D,
}

/// An error as the vendor states it.
#[derive(Debug)]
struct Stated {
    form: Form,
    code: Option<i64>,
    message: String,
}

/// What kind of text a body is.
#[derive(Debug)]
enum Body {
    Stated(Stated),
    /// JSON, or at least something that begins like it.
    Json,
    /// The one word of the vendor's own throttle.
    ThrottledText,
    /// HTML, plain text, nothing.
    Other,
}

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    match look(&reply.body) {
        Body::ThrottledText => Err(throttled("text Throttled".to_owned(), reply)),
        Body::Stated(stated) => Err(of_statement(request.dataset, status, &stated, reply)),
        Body::Json if status == 200 => Ok(()),
        Body::Other if status == 200 => {
            Err(ReplyError::Transient("status 200, but no JSON".to_owned()))
        }
        body => Err(of_status(status, matches!(body, Body::Json), reply)),
    }
}

fn look(body: &[u8]) -> Body {
    let text = body.trim_ascii();
    match text.first() {
        Some(b'{') if text.len() <= MAX_ENVELOPE_BYTES => {
            statement(text).map_or(Body::Json, Body::Stated)
        }
        Some(b'{' | b'[') => Body::Json,
        _ if text.len() < 64 && text.to_ascii_lowercase().starts_with(b"throttled") => {
            Body::ThrottledText
        }
        _ => Body::Other,
    }
}

/// Reads an error out of a body, if it is one.
fn statement(text: &[u8]) -> Option<Stated> {
    let envelope: Envelope = serde_json::from_slice(text).ok()?;
    let code = |code: &Option<Code>| code.as_ref().and_then(Code::number);
    let outer = code(&envelope.error_code);
    let (form, code, message) = match (envelope.error, envelope.status) {
        (Some(ErrorField::Text(message)), _) => (Form::D, outer, Some(message)),
        (Some(ErrorField::Nested { status }), _) => {
            (Form::C, code(&status.error_code), status.error_message)
        }
        (None, Some(status)) if outer.is_some() => (Form::B, outer, status.error_message),
        (None, Some(status)) => (Form::A, code(&status.error_code), status.error_message),
        (None, None) => (Form::B, Some(outer?), None),
    };
    if code.is_none() && message.is_none() {
        return None;
    }
    Some(Stated {
        form,
        code,
        message: message.unwrap_or_default(),
    })
}

/// The table of section 4. Codes say more than the status: a 401 is not always a bad key.
fn of_statement(dataset: DatasetId, status: u16, stated: &Stated, reply: &Reply) -> ReplyError {
    let what = || describe(status, stated);
    match (status, stated.code) {
        (_, Some(10_005)) => ReplyError::NotEntitled(what()),
        (_, Some(10_006)) => ReplyError::QuotaExhausted {
            what: what(),
            until: None,
        },
        (_, Some(10_010)) => ReplyError::Unauthorized(format!(
            "plan and host do not match the key: a paid key on the public host ({})",
            numbers(status, stated)
        )),
        (_, Some(10_011)) => ReplyError::Unauthorized(format!(
            "plan and host do not match the key: a demo key on the paid host ({})",
            numbers(status, stated)
        )),
        // One code, two meanings: history beyond the plan, or too many items in one request.
        (401, Some(10_012)) => outside_plan(what(), stated),
        (400, Some(10_012)) => ReplyError::TooMuch(what()),
        (_, Some(10_012)) if stated.form == Form::C => outside_plan(what(), stated),
        (_, Some(10_012)) => ReplyError::TooMuch(what()),
        (_, Some(10_002 | 401)) | (401, _) => ReplyError::Unauthorized(what()),
        (_, Some(403)) => ReplyError::Unauthorized(what()),
        (403, _) if stated.message.to_ascii_lowercase().contains("user-agent") => {
            ReplyError::Unauthorized(what())
        }
        (_, Some(429)) | (429, _) => throttled(what(), reply),
        (404, _) if is_of_one_coin(dataset) => ReplyError::NotFound(what()),
        (200, Some(500..=599)) => ReplyError::Transient(what()),
        (200, _) => ReplyError::Malformed(what()),
        _ => of_status_with(status, what(), reply),
    }
}

fn outside_plan(what: String, stated: &Stated) -> ReplyError {
    ReplyError::OutsidePlan {
        what,
        reach_days: reach_days(&stated.message),
    }
}

/// Reads "… within the past 365 days …".
fn reach_days(message: &str) -> Option<u32> {
    let words: Vec<&str> = message.split_whitespace().collect();
    words.windows(3).find_map(|three| match three {
        ["past", number, unit] if unit.starts_with("day") => number.parse().ok(),
        _ => None,
    })
}

/// A failure that states nothing, or nothing that says more than the status.
fn of_status(status: u16, is_json: bool, reply: &Reply) -> ReplyError {
    let what = format!(
        "status {status}, {}",
        if is_json { "other JSON" } else { "no JSON" }
    );
    match status {
        429 => throttled(what, reply),
        // Servers in front of the vendor say this in a page of their own, and would say it again.
        413 | 414 => ReplyError::TooMuch(what),
        // A page of the network in front of the vendor: it passes.
        400..=499 if !is_json && is_html(&reply.body) => ReplyError::Transient(what),
        401 => ReplyError::Unauthorized(what),
        _ => of_status_with(status, what, reply),
    }
}

fn of_status_with(status: u16, what: String, reply: &Reply) -> ReplyError {
    match status {
        429 => throttled(what, reply),
        // 404 here: what is about one coin and states it is sorted already. No list can be "not found",
        // so nothing may be marked absent for it.
        403 | 404 | 408 | 409 | 425 => ReplyError::Transient(what),
        413 | 414 => ReplyError::TooMuch(what),
        400..=499 => ReplyError::Rejected(what),
        _ => ReplyError::Transient(what),
    }
}

fn is_of_one_coin(dataset: DatasetId) -> bool {
    matches!(
        dataset,
        CHART_DAILY | CHART_HOURLY | OHLC_DAILY | OHLC_HOURLY | SUPPLY_DAILY
    )
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

fn numbers(status: u16, stated: &Stated) -> String {
    match stated.code {
        Some(code) => format!("status {status}, code {code}"),
        None => format!("status {status}"),
    }
}

fn describe(status: u16, stated: &Stated) -> String {
    let excerpt = excerpt(&stated.message);
    let numbers = numbers(status, stated);
    if excerpt.is_empty() {
        numbers
    } else {
        format!("{numbers}: {excerpt}")
    }
}

/// Returns the first words of a message: printable, no addresses, nothing that may be a key.
fn excerpt(message: &str) -> String {
    const MAX_CHARS: usize = 100;
    let mut excerpt = String::new();
    for word in message.split_whitespace() {
        let suspicious = word.contains("://")
            || word.to_ascii_uppercase().contains("CG-")
            || word.len() > 24
            || !word.chars().all(|c| c.is_ascii_graphic());
        let word = if suspicious { "[…]" } else { word };
        if excerpt.chars().count() + word.chars().count() >= MAX_CHARS {
            excerpt.push_str(" …");
            break;
        }
        if !excerpt.is_empty() {
            excerpt.push(' ');
        }
        excerpt.push_str(word);
    }
    excerpt
}

fn throttled(what: String, reply: &Reply) -> ReplyError {
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
    Some(until(Ts::from_secs(i64::try_from(at).ok()?), now))
}

/// `x-ratelimit-reset: 2026-03-09 03:28:00 +0000`: neither ISO nor a number.
fn reset(headers: &HeaderMap, now: Ts) -> Option<Duration> {
    let format = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    let text = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim();
    let at = OffsetDateTime::parse(text, format).ok()?;
    Some(until(Ts::from(at), now))
}

/// How long until `at`; nothing where it has passed.
fn until(at: Ts, now: Ts) -> Duration {
    let ms = at.millis().saturating_sub(now.millis());
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_hold_neither_addresses_nor_keys() {
        let message = "You've exceeded it. See https://example.com/a?key=CG-abc or use CG-abc \
                       0123456789abcdef0123456789abcdef now";
        assert_eq!(
            excerpt(message),
            "You've exceeded it. See […] or use […] […] now"
        );
        assert!(excerpt(&"word ".repeat(100)).chars().count() <= 102);
    }

    #[test]
    fn the_reach_of_a_plan_is_read_where_it_stands() {
        let message = "Public API users are limited to querying historical data within the past 365 \
                       days. Upgrade to a paid plan";
        assert_eq!(reach_days(message), Some(365));
        assert_eq!(
            reach_days("Your request exceeds the allowed time range."),
            None
        );
        assert_eq!(reach_days("the past few days"), None);
    }

    #[test]
    fn envelopes_are_told_apart() {
        let form = |body: &str| statement(body.as_bytes()).map(|stated| (stated.form, stated.code));
        assert_eq!(
            form(r#"{"status":{"error_code":"10005"}}"#),
            Some((Form::A, Some(10_005)))
        );
        assert_eq!(
            form(r#"{"error_code":10011,"status":{"error_message":"x"}}"#),
            Some((Form::B, Some(10_011)))
        );
        assert_eq!(
            form(r#"{"error":{"status":{"error_code":10012}}}"#),
            Some((Form::C, Some(10_012)))
        );
        assert_eq!(form(r#"{"error":"coin not found"}"#), Some((Form::D, None)));
        for data in [
            r#"{"prices":[]}"#,
            r#"{"status":{}}"#,
            "{}",
            r#"{"error":null}"#,
        ] {
            assert_eq!(form(data), None, "{data}");
        }
    }
}
