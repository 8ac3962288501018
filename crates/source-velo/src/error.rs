//! Sorts answers: data, or which kind of failure. Contract section 7.
//!
//! Errors are told by the status, never inside a 200; their texts are not established and are read for
//! a hint only. Guarded all the same: a 200 that is a page is a passing failure, and one that is
//! another text than the expected header is malformed, which the parser says.

use std::time::Duration;

use source::{Reply, ReplyError, RequestSpec, lenient, retry_after};

use crate::datasets::{CAPS, ROWS, ROWS_DAILY, sent_name};

/// The vendor's window: the shortest wait after a 429 (section 7).
const WINDOW: Duration = Duration::from_secs(30);
/// Every plan reaches back this far (section 1).
const SURE_REACH_DAYS: i64 = 80;

/// Words for time that the plan does not reach.
const OLD: &[&str] = &[
    "history",
    "historical",
    "too far back",
    "months",
    "too old",
    "older",
];
/// Words for what the plan does not have, be it time or something else.
const PLAN: &[&str] = &["plan", "subscription", "upgrade", "not included"];
/// Words for a request that is too large.
const SIZE: &[&str] = &[
    "values",
    "22500",
    "22,500",
    "too many",
    "too much",
    "too large",
    "too long",
];
/// Words for a product or coin that the vendor does not know.
const KEY: &[&str] = &["product", "coin", "symbol", "unknown"];
/// Words for what all products of a request share, although `unknown` or `coin` may stand beside them.
const SHARED: &[&str] = &["column", "exchange"];

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    let text = lenient::text(&reply.body);
    let is_page = text.starts_with('<');
    let says = |words: &[&str]| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    };
    let what = || match is_page {
        true => format!("status {status}, a page"),
        false => format!("status {status}: {}", lenient::excerpt(&text)),
    };
    let is_bars = matches!(request.dataset, ROWS | ROWS_DAILY);
    let is_old = is_bars && is_old(request, reply);
    Err(match status {
        200 if is_page => ReplyError::Transient(what()),
        200 | 204 => return Ok(()),
        429 => ReplyError::Throttled {
            what: what(),
            retry_after: Some(retry_after(reply).unwrap_or(WINDOW).max(WINDOW)),
        },
        408 | 425 | 500..=599 => ReplyError::Transient(what()),
        // A page is the proxy's word, not the vendor's.
        403 if is_page => ReplyError::Transient(what()),
        400 if is_page && !says(SIZE) => ReplyError::Rejected(what()),
        // Whether that is a 403, a 400 or an empty 200 is not established. A bad key gets the same
        // answer to newer bars and to the catalogues, so that it does not stay unnoticed.
        402 | 403 if is_old || is_bars && says(OLD) => outside_plan(what()),
        400 if is_bars && says(OLD) || is_old && says(PLAN) => outside_plan(what()),
        401..=403 => ReplyError::Unauthorized(what()),
        413 | 414 | 431 => ReplyError::TooMuch(what()),
        400 if says(SIZE) => ReplyError::TooMuch(what()),
        // Halving finds the one that is refused, and saves the others.
        400 if is_batch(request) && (names_a_key(request, &text) || says(KEY) && !says(SHARED)) => {
            ReplyError::TooMuch(what())
        }
        // A path that does not exist is a fault of ours, and no word about an asset.
        _ => ReplyError::Rejected(what()),
    })
}

const fn outside_plan(what: String) -> ReplyError {
    ReplyError::OutsidePlan {
        what,
        reach_days: None,
    }
}

/// Whether bars are asked for that not every plan has.
fn is_old(request: &RequestSpec, reply: &Reply) -> bool {
    let labels = request.block.labels;
    !labels.is_empty() && labels.start < reply.received_at.plus_days(-SURE_REACH_DAYS)
}

fn is_batch(request: &RequestSpec) -> bool {
    matches!(request.dataset, ROWS | ROWS_DAILY | CAPS) && request.block.keys.len() > 1
}

/// Whether one of the products or coins asked for stands in a text as a word.
fn names_a_key(request: &RequestSpec, text: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut words = text
        .split(|c| !is_inside(c))
        .map(|word| word.trim_matches('.'));
    let keys = &request.block.keys;
    words.any(|word| keys.iter().any(|key| sent_name(key) == word))
}
