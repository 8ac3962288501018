//! Who asks, and whether the key belongs on this host.

use super::{Plan, errors};
use crate::vendor::{Call, Reply};

/// A caller without an accepted key.
pub(crate) const NONE: &str = "none";
/// Query parameter of the free key.
pub(crate) const DEMO_QUERY: &str = "x_cg_demo_api_key";
/// Query parameter of a paid key.
pub(crate) const PRO_QUERY: &str = "x_cg_pro_api_key";
const DEMO_HEADER: &str = "x-cg-demo-api-key";
const PRO_HEADER: &str = "x-cg-pro-api-key";

fn demo_key(call: &Call) -> Option<&str> {
    call.header(DEMO_HEADER).or_else(|| call.param(DEMO_QUERY))
}

fn pro_key(call: &Call) -> Option<&str> {
    call.header(PRO_HEADER).or_else(|| call.param(PRO_QUERY))
}

/// Returns whom the request is charged to: the holder of the right key, or an address without one.
pub(crate) fn caller(call: &Call, plan: Plan, key: &str) -> &'static str {
    match plan {
        Plan::Keyless => NONE,
        Plan::Demo if demo_key(call) == Some(key) => "demo",
        Plan::Demo => NONE,
        _ if pro_key(call) == Some(key) => "pro",
        _ => NONE,
    }
}

/// Refuses missing, wrong and misplaced keys.
///
/// Where both kinds are sent, the one that belongs on this host counts. On the keyless plan a free key is ignored, as
/// one report says of the public host.
pub(crate) fn check(call: &Call, plan: Plan, key: &str) -> Result<(), Reply> {
    let (demo, pro) = (demo_key(call), pro_key(call));
    if plan.is_paid() {
        return match (pro, demo) {
            (Some(given), _) if given == key => Ok(()),
            (Some(_), _) => Err(errors::invalid_key("pro")),
            (None, Some(_)) => Err(errors::demo_key_on_pro_host(call.now_ms)),
            (None, None) => Err(errors::key_missing(call.now_ms)),
        };
    }
    match (demo, pro) {
        (None, Some(_)) => Err(errors::pro_key_on_public_host(call.now_ms)),
        (Some(given), _) if plan == Plan::Demo && given != key => Err(errors::invalid_key("demo")),
        _ => Ok(()),
    }
}
