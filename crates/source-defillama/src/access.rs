//! What each plan gives: hosts, pace, credits, which answers at all. Contract sections 1 to 3. The only
//! place that compares plans.

use source::{Auth, Host, HostId, Limit, Unit, Window};

use crate::{Plan, Settings, metrics::Dimension};

/// The Pro host: every product below one key, so that pace and quota of the account are held over all
/// of them.
const PRO: HostId = "pro";
/// The same host, for the one request whose key stands last.
pub(crate) const USAGE_HOST: HostId = "usage";

/// Calls a month of the API plan; more are billed.
pub(crate) const MONTH_CREDITS: u32 = 1_000_000;

/// A part of the vendor's API: a host of its own without a key, a folder of the Pro host with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Product {
    Api,
    Coins,
    Stablecoins,
    Yields,
}

impl Product {
    pub(crate) const ALL: [Self; 4] = [Self::Api, Self::Coins, Self::Stablecoins, Self::Yields];

    /// Its folder on the Pro host and the name of its free one.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Coins => "coins",
            Self::Stablecoins => "stablecoins",
            Self::Yields => "yields",
        }
    }

    fn free_host(self, settings: &Settings) -> (&'static str, Option<&String>) {
        let other = &settings.free_hosts;
        match self {
            Self::Api => ("https://api.llama.fi", other.api.as_ref()),
            Self::Coins => ("https://coins.llama.fi", other.coins.as_ref()),
            Self::Stablecoins => ("https://stablecoins.llama.fi", other.stablecoins.as_ref()),
            Self::Yields => ("https://yields.llama.fi", other.yields.as_ref()),
        }
    }
}

/// Returns where a product's requests go, and what its paths begin with there.
pub(crate) fn place(plan: Plan, product: Product) -> (HostId, String) {
    match plan {
        Plan::Free => (product.as_str(), String::new()),
        Plan::Pro => (PRO, format!("/{}", product.as_str())),
    }
}

/// Whether the plan answers for a dimension.
pub(crate) const fn has_dimension(plan: Plan, dimension: Dimension) -> bool {
    plan.is_paid() || !dimension.needs_key()
}

/// Whether the plan has the small charts of version 2, and what only they have.
pub(crate) const fn has_small_charts(plan: Plan) -> bool {
    plan.is_paid()
}

/// Whether the vendor tells what it counted.
pub(crate) const fn has_usage(plan: Plan) -> bool {
    plan.is_paid()
}

/// Returns where requests go.
pub(crate) fn hosts(settings: &Settings) -> Vec<Host> {
    let root = (settings.base_url.as_deref()).map(|root| root.trim_end_matches('/'));
    if settings.plan.is_paid() {
        let root = root.unwrap_or("https://pro-api.llama.fi");
        let host = |id, auth| Host {
            id,
            base_url: root.to_owned(),
            auth,
        };
        return vec![
            host(PRO, Auth::PathSegment),
            host(USAGE_HOST, Auth::LastPathSegment),
        ];
    }
    let hosts = Product::ALL.into_iter().map(|product| {
        let (public, other) = product.free_host(settings);
        let base_url = match (other, root) {
            (Some(other), _) => other.trim_end_matches('/').to_owned(),
            (None, Some(root)) => format!("{root}/free/{}", product.as_str()),
            (None, None) => public.to_owned(),
        };
        Host {
            id: product.as_str(),
            base_url,
            auth: Auth::None,
        }
    });
    hosts.collect()
}

/// Returns what the vendor enforces, with room to spare: 1,000 a minute on Pro; nothing is published for
/// the free hosts, somebody counted about 300.
pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let per_minute = |host: HostId, rpm: u32| Limit {
        host,
        unit: Unit::Requests,
        amount: settings.rpm.unwrap_or(rpm).max(1),
        window: Window::RollingSecs(60),
    };
    if !settings.plan.is_paid() {
        let hosts = Product::ALL.into_iter();
        return hosts
            .map(|product| per_minute(product.as_str(), 200))
            .collect();
    }
    vec![
        per_minute(PRO, 800),
        Limit {
            host: PRO,
            unit: Unit::Credits,
            amount: MONTH_CREDITS,
            window: Window::Month,
        },
        // Once an hour, beside the others.
        per_minute(USAGE_HOST, 10),
    ]
}

/// The host that the month's credits are counted for.
pub(crate) const fn counted_host() -> HostId {
    PRO
}

/// How many requests one process may have in flight.
pub(crate) const fn concurrency(plan: Plan) -> usize {
    match plan {
        Plan::Free => 4,
        Plan::Pro => 8,
    }
}
