//! What the plan gives: host, pace, how far back. Contract sections 1 and 7. The only place that
//! compares plans.

use model::{Step, Ts};
use source::{Auth, Host, HostId, Limit, Unit, Window};

use crate::{Plan, Settings};

pub(crate) const HOST: HostId = "api";

/// The vendor counts 120 requests in 30 seconds, over all who use the account, and halves that
/// silently while it is degraded; its own client keeps to 60, and so do we.
const REQUESTS_A_MINUTE: u32 = 120;
const WINDOW_SECS: u32 = 30;

/// For how long it is asked at half pace after a 429 (section 7, which does not say how long): the
/// vendor is degraded, or another has part of the account's budget, and neither ends with a window.
pub(crate) const HALF_PACE_SECS: u32 = 10 * 60;

/// The last three months, where the plan has no more; a day less, because nobody says how a month is
/// counted.
const MONTHLY_REACH_DAYS: i64 = 89;

/// How many requests one process may have in flight.
pub(crate) const CONCURRENCY: usize = 4;

/// Returns where requests go.
pub(crate) fn host(settings: &Settings) -> Host {
    let base_url = settings
        .base_url
        .as_deref()
        .unwrap_or("https://api.velo.xyz");
    Host {
        id: HOST,
        base_url: base_url.trim_end_matches('/').to_owned(),
        auth: Auth::Basic("api"),
    }
}

/// Returns what the vendor enforces.
pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let a_minute = settings.rpm.unwrap_or(REQUESTS_A_MINUTE);
    vec![Limit {
        host: HOST,
        unit: Unit::Requests,
        amount: (a_minute.saturating_mul(WINDOW_SECS) / 60).max(1),
        window: Window::RollingSecs(WINDOW_SECS),
    }]
}

/// Returns the oldest label of a step that the plan gives; none where it gives all there is.
pub(crate) fn reach(plan: Plan, step: Step, now: Ts) -> Option<Ts> {
    match plan {
        Plan::Monthly => Some(step.ceil(now.plus_days(-MONTHLY_REACH_DAYS))),
        Plan::Annual => None,
    }
}
