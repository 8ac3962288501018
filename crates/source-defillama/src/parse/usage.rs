//! `/usage/{key}`: what is left of the month's credits.

use source::{Parsed, QuotaUsed, Reply, ReplyError, Unit, Window, lenient};

use super::malformed;
use crate::{
    access::{MONTH_CREDITS, counted_host},
    wire::Usage,
};

/// The vendor tells what is left. More than the plan gives were bought: none is used by that count.
pub(super) fn parse(reply: &Reply) -> Result<Parsed, ReplyError> {
    let told: Usage = lenient::read(&lenient::text(&reply.body))?;
    let left = told.credits_left.integer();
    let left = left.ok_or_else(|| malformed("no count of credits"))?;
    let used = i64::from(MONTH_CREDITS).saturating_sub(left);
    Ok(Parsed {
        used: Some(QuotaUsed {
            host: counted_host(),
            unit: Unit::Credits,
            window: Window::Month,
            used: u64::try_from(used).unwrap_or(0),
            limit: Some(u64::from(MONTH_CREDITS)),
        }),
        ..Parsed::default()
    })
}
