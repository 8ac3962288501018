//! `/key`: what the vendor counts of the key's use.

use source::{
    Parsed, QuotaUsed, Reply, ReplyError, Unit, Window,
    lenient::{self, Number},
};

use crate::{access::HOST, wire::KeyUse};

/// The account has a limit, and a key may have one of its own: the one that leaves less counts.
pub(super) fn parse(reply: &Reply) -> Result<Parsed, ReplyError> {
    let told: KeyUse = lenient::read(&lenient::text(&reply.body))?;
    let Some(used) = count(told.current_total_monthly_calls) else {
        return Err(ReplyError::Malformed("no count of calls".to_owned()));
    };
    let account = (used, count(told.monthly_call_credit));
    let own = count(told.api_key_current_total_monthly_calls)
        .map(|used| (used, count(told.api_key_monthly_call_credit)));
    let left = |(used, limit): (u64, Option<u64>)| {
        limit.map_or(u64::MAX, |limit| limit.saturating_sub(used))
    };
    let (used, limit) = match own {
        Some(own) if left(own) < left(account) => own,
        _ => account,
    };
    Ok(Parsed {
        used: Some(QuotaUsed {
            host: HOST,
            unit: Unit::Credits,
            window: Window::Month,
            used,
            limit,
        }),
        ..Parsed::default()
    })
}

fn count(number: Number) -> Option<u64> {
    number
        .integer()
        .and_then(|number| u64::try_from(number).ok())
}
