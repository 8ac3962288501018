//! Sorts answers: data, or which kind of failure. Contract section 4.
//!
//! What is not JSON at all (an HTML page, a body that was cut) is `Transient`: the same request may
//! well succeed. JSON of another shape than the contract's is `Malformed`, which the parser says:
//! asking again brings the same, and the body is worth keeping.
//!
//! Some failures cost much: `Unauthorized` suspends the source, `NotFound` shuts a coin out for days.
//! They need a clear word of the vendor. A status that passes (429, 5xx) comes before any code that
//! would stop more than this request.
//!
//! No text of the vendor gets into an error but a short excerpt without addresses and keys.

mod statement;
mod wait;

use model::DatasetId;
use source::{Reply, ReplyError, RequestSpec, lenient};

use self::{
    statement::{Body, Stated, look},
    wait::throttled,
};
use crate::datasets::{CHART_DAILY, CHART_HOURLY, OHLC_DAILY, OHLC_HOURLY, SUPPLY_DAILY};

pub(crate) fn check(request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let status = reply.status.as_u16();
    let text = lenient::text(&reply.body);
    match look(&text) {
        Body::ThrottledText => Err(throttled("text Throttled".to_owned(), reply)),
        Body::Stated(stated) => Err(of_statement(request.dataset, status, &stated, reply)),
        Body::Json if status == 200 => Ok(()),
        _ if status == 200 => Err(ReplyError::Transient("status 200, but no JSON".to_owned())),
        body => Err(of_status(status, &body, &text, reply)),
    }
}

/// The table of section 4. Codes say more than the status: a 401 is not always a bad key.
fn of_statement(dataset: DatasetId, status: u16, stated: &Stated, reply: &Reply) -> ReplyError {
    let what = stated.describe(status);
    match (status, stated.code) {
        (_, Some(10_006)) => spent(what),
        // Neither message nor envelope of spent credits are established.
        (429, _) | (_, Some(429)) if stated.speaks_of_the_month() => spent(what),
        (429, _) => throttled(what, reply),
        (408 | 409 | 425 | 500..=599, _) => ReplyError::Transient(what),
        (_, Some(429)) => throttled(what, reply),
        (200, Some(500..=599)) => ReplyError::Transient(what),
        _ => of_code(status, stated).unwrap_or_else(|| of_words(dataset, status, stated)),
    }
}

fn spent(what: String) -> ReplyError {
    ReplyError::QuotaExhausted { what, until: None }
}

/// The vendor's own codes; none where there is none that the contract knows.
fn of_code(status: u16, stated: &Stated) -> Option<ReplyError> {
    let what = stated.describe(status);
    let other_host = |which: &str| {
        ReplyError::Unauthorized(format!(
            "plan and host do not match the key: {which} ({})",
            stated.numbers(status)
        ))
    };
    Some(match (stated.code?, status) {
        (10_002, _) => ReplyError::Unauthorized(what),
        (10_005, _) => ReplyError::NotEntitled(what),
        (10_010, _) => other_host("a paid key on the public host"),
        (10_011, _) => other_host("a demo key on the paid host"),
        // One code, two meanings: history beyond the plan, or too many items in one request.
        (10_012, 401) => outside_plan(what, stated),
        (10_012, 400) => ReplyError::TooMuch(what),
        (10_012, _) if stated.is_nested => outside_plan(what, stated),
        (10_012, _) => ReplyError::TooMuch(what),
        _ => return None,
    })
}

/// What states no code of the vendor's own, but a status, in the line or in the body, and words.
fn of_words(dataset: DatasetId, status: u16, stated: &Stated) -> ReplyError {
    let what = stated.describe(status);
    let said = match stated.code {
        Some(code @ (401 | 403)) => code,
        _ => i64::from(status),
    };
    match said {
        // Said of the plan, not of the key: older texts come without a code (contract section 11).
        401 | 403 if stated.speaks_of_the_plan() => ReplyError::NotEntitled(what),
        401 if stated.speaks_of_the_reach() => outside_plan(what, stated),
        401 => ReplyError::Unauthorized(what),
        403 if stated.speaks_of_the_agent() => ReplyError::Unauthorized(what),
        403 => ReplyError::Transient(what),
        404 if is_of_one_coin(dataset) && stated.speaks_of_no_coin() => ReplyError::NotFound(what),
        200 => ReplyError::Malformed(what),
        _ => of_status_with(status, what),
    }
}

fn outside_plan(what: String, stated: &Stated) -> ReplyError {
    ReplyError::OutsidePlan {
        what,
        reach_days: stated.reach_days(),
    }
}

/// A failure that states nothing.
fn of_status(status: u16, body: &Body, text: &str, reply: &Reply) -> ReplyError {
    let begins = matches!(body, Body::Json);
    let kind = if begins { "other JSON" } else { "no JSON" };
    let what = format!("status {status}, {kind}");
    // A page of the network in front of the vendor, or a body that was cut: it passes.
    let passes = matches!(body, Body::Page) || (begins && !lenient::is_json(text));
    match status {
        429 => throttled(what, reply),
        // Servers in front of the vendor say this in a page of their own, and would say it again.
        413 | 414 => ReplyError::TooMuch(what),
        400..=499 if passes => ReplyError::Transient(what),
        401 => ReplyError::Unauthorized(what),
        _ => of_status_with(status, what),
    }
}

fn of_status_with(status: u16, what: String) -> ReplyError {
    match status {
        // 404 here: what says of a coin that it is not there is sorted already. Anything else, above
        // all a wrong base address, must not mark a coin absent.
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
