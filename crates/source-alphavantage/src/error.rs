//! Sorts answers: data, or which kind of failure. Contract section 2.
//!
//! Nearly every failure is a 200 whose body is one sentence under `Error Message`, `Information` or
//! `Note`. The sentence decides, in the contract's order: the text about bursts names the daily quota
//! too, that about the quota advertises the paid plans, and only the last is a real gate. Functions that
//! answer in CSV have a notice of their own, cut to one letter a column.
//!
//! The notice about the quota repeats the key, so no known notice is quoted; of an unknown one only
//! words that cannot be a key.

use std::time::Duration;

use model::Step;
use source::{Reply, ReplyError, RequestSpec, lenient, retry_after};

use crate::{
    access::COMPACT_DAYS,
    datasets::{BULK_QUOTES, COMPACT_HOURS, LISTING},
    eastern,
    recognise::value,
    wire::{Csv, Object},
};

/// The keys of a notice.
const NOTICES: [&str; 3] = ["Error Message", "Information", "Note"];
/// The wait after too many requests in a second.
const BURST: Duration = Duration::from_secs(2);
/// The wait after too many in a minute: the next one.
const MINUTE: Duration = Duration::from_secs(65);

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    let what = |kind: &str| format!("status {status}, {kind}");
    if status >= 500 {
        return Err(ReplyError::Transient(what("the vendor is away")));
    }
    let text = lenient::text(&reply.body);
    let body: Option<Object<'_>> = serde_json::from_str(&text).ok();
    if let Some(notice) = body.as_ref().and_then(notice) {
        return Err(match of_notice(&notice, request, reply) {
            // The status says enough where the words do not.
            ReplyError::Malformed(what) if status == 429 => throttled(what, BURST, reply),
            known => known,
        });
    }
    let is_page = text.starts_with('<');
    Err(match status {
        200 if request.dataset == LISTING => return of_csv(&text, reply),
        200 if body.is_some() || lenient::is_json(&text) => {
            return body.as_ref().map_or(Ok(()), |body| of_json(request, body));
        }
        200 => ReplyError::Transient(what("no JSON")),
        429 => throttled(what("too many requests"), BURST, reply),
        408 | 425 => ReplyError::Transient(what("too slow")),
        // The proxy's word, not the vendor's.
        _ if is_page => ReplyError::Transient(what("a page")),
        401 | 403 => ReplyError::Unauthorized(what("no notice")),
        413 | 414 => ReplyError::TooMuch(what("too long")),
        // 406 as well: what we accept is a fault of ours and no word about the data.
        _ => ReplyError::Rejected(what("no notice")),
    })
}

/// Returns the sentence of a notice; an empty one where it is no text.
fn notice(body: &Object<'_>) -> Option<String> {
    let is_notice = |name: &str| {
        NOTICES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name.trim()))
    };
    let found = body.iter().find(|(name, _)| is_notice(name));
    found.map(|(_, raw)| serde_json::from_str(raw.get()).unwrap_or_default())
}

/// The table of section 2. The first that fits counts.
fn of_notice(notice: &str, request: &RequestSpec, reply: &Reply) -> ReplyError {
    let text = notice.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let function = value(&request.query, "function").unwrap_or_default();
    if text.contains("apikey") && says(&["invalid", "missing"])
        || says(&["**demo**", "demo api key"])
    {
        ReplyError::Unauthorized("the key is missing or not valid".to_owned())
    } else if text.contains("function") && text.contains("does not exist") {
        // No other asset would fare better: this dataset is broken until somebody looks.
        ReplyError::NotEntitled(format!("the vendor has no function {function}"))
    } else if says(&["does not exist", "invalid api call", "invalid inputs"]) {
        let what = "the vendor calls it invalid: an unknown symbol, or a parameter";
        ReplyError::Rejected(what.to_owned())
    } else if says(&[
        "per second",
        "spreading out",
        "burst pattern",
        "higher api call volume",
    ]) {
        throttled("too many requests in a second".to_owned(), BURST, reply)
    } else if says(&["minute-level rate limit", "calls per minute"]) {
        throttled("too many requests in a minute".to_owned(), MINUTE, reply)
    } else if says(&["requests per day", "calls per day"]) {
        spent(reply)
    } else if says(&["premium endpoint", "premium feature"]) {
        premium(function, &text, request)
    } else {
        let excerpt = lenient::excerpt(&without_keys(notice));
        ReplyError::Malformed(format!("a notice of unknown meaning: {excerpt}"))
    }
}

/// The one parameter that a plan may lack is the size: then the newest rows can be had all the same.
fn premium(function: &str, text: &str, request: &RequestSpec) -> ReplyError {
    let asks_all = value(&request.query, "outputsize") == Some("full");
    if !asks_all || !text.contains("outputsize") {
        return ReplyError::NotEntitled(format!("{function} is for paid plans"));
    }
    let days = match request.block.step {
        Step::Hour => COMPACT_HOURS / 24,
        _ => COMPACT_DAYS,
    };
    ReplyError::OutsidePlan {
        what: format!("{function} gives the newest rows only"),
        reach_days: u32::try_from(days).ok(),
    }
}

/// Nobody knows when the vendor's day turns: at midnight UTC or at home, whichever comes first. Whether
/// a refused request counts is not known either, so there is no other try before.
fn spent(reply: &Reply) -> ReplyError {
    let now = reply.received_at;
    let midnight = Step::Day.next(Step::Day.floor(now));
    ReplyError::QuotaExhausted {
        what: "the requests of the day".to_owned(),
        until: Some(midnight.min(eastern::next_midnight(now))),
    }
}

fn throttled(what: String, least: Duration, reply: &Reply) -> ReplyError {
    ReplyError::Throttled {
        what,
        retry_after: Some(retry_after(reply).unwrap_or(least).max(least)),
    }
}

/// Leaves out what follows the words about a key, and what looks like one: capitals and digits.
fn without_keys(notice: &str) -> String {
    let is_key = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.len() >= 8
            && word
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let mut words = Vec::new();
    let mut after_key = false;
    for word in notice.split_whitespace() {
        let is_hidden = after_key || is_key(word) || word.to_ascii_lowercase().contains("key=");
        words.push(if is_hidden { "[…]" } else { word });
        let lower = word.to_ascii_lowercase();
        after_key = matches!(lower.trim_end_matches(':'), "as" | "is" | "key" | "apikey");
    }
    words.join(" ")
}

/// Who has no right to quotes as of now gets made-up rows under another message (trap 13).
fn of_json(request: &RequestSpec, body: &Object<'_>) -> Result<(), ReplyError> {
    let message = body.text("message");
    if request.dataset != BULK_QUOTES || body.get("data").is_none() || message.is_none() {
        return Ok(());
    }
    match message.is_some_and(|message| message.trim().eq_ignore_ascii_case("success")) {
        true => Ok(()),
        false => Err(ReplyError::NotEntitled(
            "made-up quotes: the plan has none of now".to_owned(),
        )),
    }
}

/// A notice on an answer in CSV: a row with a letter of it in each column (trap 4).
fn of_csv(text: &str, reply: &Reply) -> Result<(), ReplyError> {
    if text.starts_with(['<', '{', '[']) {
        return Err(ReplyError::Transient("status 200, but no CSV".to_owned()));
    }
    let csv = Csv::read(&reply.body, &["symbol"])?;
    let is_letter = |cell: &str| cell.chars().count() <= 1;
    match csv.rows.first() {
        Some(row) if row.iter().all(is_letter) => Err(spent(reply)),
        _ => Ok(()),
    }
}
