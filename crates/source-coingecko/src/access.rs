//! What each plan gives: host, pace, credits, how far back, which answers at all. Contract sections 1
//! to 3. The only place that compares plans.

use source::{Auth, Host, HostId, Limit, Unit, Window};

use crate::{Plan, Settings};

pub(crate) const HOST: HostId = "api";

/// How the plan gives candles of a width that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candles {
    /// Not at all: the width follows the span, and beyond 30 days it is four days.
    No,
    /// Those of the last days: 180 by day, 90 by hour.
    Last,
    /// Those of any range.
    Range,
}

/// Returns how the plan gives candles.
///
/// Keyless and demo do answer `/coins/{id}/ohlc`, but in the vendor's own width: 30 minutes for up to
/// two days, four hours for up to 30, four days beyond. Days would have to be folded out of four-hour
/// candles, of the last month only, and a day of which one of the six is missing or still open would
/// look like a whole one. The contract wants candles from the paid plans (section 8), so this is not
/// built.
pub(crate) const fn candles(plan: Plan) -> Candles {
    match plan {
        Plan::Keyless | Plan::Demo => Candles::No,
        Plan::Basic => Candles::Last,
        Plan::Analyst | Plan::Lite | Plan::Enterprise => Candles::Range,
    }
}

/// Whether the plan has the history of the whole market.
pub(crate) const fn has_global_chart(plan: Plan) -> bool {
    matches!(plan, Plan::Analyst | Plan::Lite | Plan::Enterprise)
}

/// Whether the plan has the history of supplies.
pub(crate) const fn has_supply_charts(plan: Plan) -> bool {
    matches!(plan, Plan::Enterprise)
}

/// How many days of charts the plan gives; none where it gives all there is.
pub(crate) const fn reach_days(plan: Plan) -> Option<i64> {
    match plan {
        Plan::Keyless | Plan::Demo => Some(365),
        Plan::Basic => Some(2 * 365),
        Plan::Analyst | Plan::Lite | Plan::Enterprise => None,
    }
}

/// Returns where requests go.
pub(crate) fn host(settings: &Settings) -> Host {
    let (base_url, auth) = match settings.plan {
        Plan::Keyless => ("https://api.coingecko.com/api/v3", Auth::None),
        Plan::Demo => (
            "https://api.coingecko.com/api/v3",
            Auth::Header("x-cg-demo-api-key"),
        ),
        _ => (
            "https://pro-api.coingecko.com/api/v3",
            Auth::Header("x-cg-pro-api-key"),
        ),
    };
    let base_url = settings.base_url.as_deref().unwrap_or(base_url);
    Host {
        id: HOST,
        base_url: base_url.trim_end_matches('/').to_owned(),
        auth,
    }
}

/// Returns what the vendor enforces. The documentation names 30 and 100 a minute for demo and
/// 10 to 30 for keyless: the lower ones hold until `rpm` says better. Enterprise limits are by
/// contract: the pace of the next smaller plan, and no count of credits.
pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let (rpm, credits) = match settings.plan {
        Plan::Keyless => (10, None),
        Plan::Demo => (30, Some(10_000)),
        Plan::Basic => (250, Some(100_000)),
        Plan::Analyst => (500, Some(500_000)),
        Plan::Lite => (500, Some(2_000_000)),
        Plan::Enterprise => (500, None),
    };
    let per_minute = Limit {
        host: HOST,
        unit: Unit::Requests,
        amount: settings.rpm.unwrap_or(rpm).max(1),
        window: Window::RollingSecs(60),
    };
    let per_month = credits.map(|amount| Limit {
        host: HOST,
        unit: Unit::Credits,
        amount,
        window: Window::Month,
    });
    std::iter::once(per_minute).chain(per_month).collect()
}

/// How many requests one process may have in flight.
pub(crate) const fn concurrency(plan: Plan) -> usize {
    if plan.is_paid() { 8 } else { 4 }
}
