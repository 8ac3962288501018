//! Who asks: the key in the header everywhere, in the query where the vendor reads it there.

use super::{ArtemisPlan, ArtemisSwitch, errors};
use crate::vendor::{Call, Reply};

/// A caller with the right key.
pub(super) const KEY: &str = "key";
/// A caller without it.
pub(super) const NONE: &str = "none";
/// The parameter that is read, in exactly this case.
pub(super) const PARAMETER: &str = "APIKey";
const HEADER: &str = "x-api-key";

/// Returns the keys sent where the vendor looks: the header, and the query below `/data/api/` and of `/flows/top/`.
fn keys(call: &Call) -> impl Iterator<Item = &str> {
    let segments = call.path();
    let reads_query = matches!(segments[..], ["data", "api", ..] | ["flows", "top"]);
    let in_query = reads_query.then(|| call.param(PARAMETER)).flatten();
    call.header(HEADER).into_iter().chain(in_query)
}

/// Returns whom the request is charged to. One right key is enough where both are sent.
pub(super) fn caller(call: &Call, key: &str) -> &'static str {
    if keys(call).any(|sent| sent == key) {
        KEY
    } else {
        NONE
    }
}

/// Refuses wrong keys, and missing ones unless the slack is played that some have seen.
pub(super) fn check(call: &Call, caller: &str, plan: ArtemisPlan) -> Result<(), Reply> {
    let missing = keys(call).next().is_none();
    if caller == KEY || (missing && plan.has(ArtemisSwitch::Keyless)) {
        return Ok(());
    }
    Err(errors::forbidden(plan))
}
