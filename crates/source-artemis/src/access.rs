//! What the plan gives: host, key, pace. Contract sections 1 and 3.

use source::{Auth, Host, HostId, Limit, Unit, Window};

use crate::{Plan, Settings};

pub(crate) const HOST: HostId = "api";

/// One start a second: no figure is published, and the vendor's own script waits as long.
const REQUESTS_A_MINUTE: u32 = 60;

/// How many requests one process may have in flight.
pub(crate) const CONCURRENCY: usize = 1;

/// Returns where requests go. The key goes into the header alone: one in an address ends up in logs.
pub(crate) fn host(settings: &Settings) -> Host {
    let own = match settings.plan {
        // Not api.artemisxyz.com, which is retired (trap 4).
        Plan::Enterprise => "https://data-svc.artemisxyz.com",
    };
    let base_url = settings.base_url.as_deref().unwrap_or(own);
    Host {
        id: HOST,
        base_url: base_url.trim_end_matches('/').to_owned(),
        auth: Auth::Header("x-api-key"),
    }
}

/// Returns what the vendor enforces, as far as anybody knows.
pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    vec![Limit {
        host: HOST,
        unit: Unit::Requests,
        amount: settings.rpm.unwrap_or(REQUESTS_A_MINUTE).max(1),
        window: Window::RollingSecs(60),
    }]
}
