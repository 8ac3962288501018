//! What each plan gives: host, pace, quota, how far back. Contract section 2. The only place that
//! compares plans.

use model::{Step, Ts};
use source::{Auth, Host, HostId, Limit, Unit, Window};

use crate::{Plan, Settings};

pub(crate) const HOST: HostId = "api";

/// Requests of a free key in any 24 hours; when the vendor's day turns is not known.
const FREE_A_DAY: u32 = 25;
/// How far back `outputsize=compact` reaches for sure, in days before what is published: 100 rows are 20
/// weeks of trading days at least, and the newest may be younger than what is published.
pub(crate) const COMPACT_DAYS: i64 = 138;

/// Returns where requests go.
pub(crate) fn host(settings: &Settings) -> Host {
    let base_url = settings
        .base_url
        .as_deref()
        .unwrap_or("https://www.alphavantage.co");
    let base_url = base_url.trim_end_matches('/');
    // The address as people copy it.
    let base_url = base_url.strip_suffix("/query").unwrap_or(base_url);
    Host {
        id: HOST,
        base_url: base_url.trim_end_matches('/').to_owned(),
        auth: Auth::Query("apikey"),
    }
}

/// Returns what the vendor enforces.
pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let limit = |amount: u32, window| Limit {
        host: HOST,
        unit: Unit::Requests,
        amount: amount.max(1),
        window,
    };
    let (a_minute, a_second, a_day) = match settings.plan {
        Plan::Free => (None, 1, Some(FREE_A_DAY)),
        Plan::Premium(a_minute) => (Some(a_minute), a_second(a_minute), None),
    };
    let mut limits = vec![limit(a_second, Window::RollingSecs(1))];
    let a_minute = settings.rpm.or(a_minute);
    limits.extend(a_minute.map(|amount| limit(amount, Window::RollingSecs(60))));
    limits.extend(a_day.map(|amount| limit(amount, Window::RollingDay)));
    limits
}

/// Paid plans are told of 10, 20 or 30 requests a second; which plan has which is not published. So each
/// has the least that lets its minute pass.
const fn a_second(a_minute: u32) -> u32 {
    match a_minute {
        ..=300 => 10,
        301..=600 => 20,
        _ => 30,
    }
}

/// How many requests one process may have in flight.
pub(crate) const fn concurrency(plan: Plan) -> usize {
    if plan.is_paid() { 4 } else { 1 }
}

/// Returns the oldest day that a compact answer gives for sure, as of a moment at which days up to
/// `published` are there.
pub(crate) fn compact_from(published: Ts) -> Ts {
    Step::Day.floor(published).plus_days(-COMPACT_DAYS)
}
