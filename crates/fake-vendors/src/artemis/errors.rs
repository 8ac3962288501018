//! Refusals and sentences. No literal error body of the vendor is known: those of refusals are stand-ins, and a
//! collector goes by the status alone. The sentences inside a 200 are literal.

use super::{ArtemisPlan, ArtemisSwitch};
use crate::vendor::Reply;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// A metric that nobody has.
pub(super) const METRIC_NOT_FOUND: &str = "Metric not found.";
/// A metric that this asset has not, or that has no history.
pub(super) const NOT_FOR_ASSET: &str = "Metric not available for asset.";
/// An asset without a market.
pub(super) const NO_MARKET: &str = "Market data not available for asset.";
/// Nothing recent, or nothing at all.
pub(super) const NO_LATEST: &str = "Latest data not available for this asset.";

fn message(status: u16, text: &str) -> Reply {
    Reply::text(status, JSON, format!(r#"{{"message":"{text}"}}"#))
}

/// Refuses a key.
pub(super) fn forbidden(plan: ArtemisPlan) -> Reply {
    let status = if plan.has(ArtemisSwitch::Status401) {
        401
    } else {
        403
    };
    message(status, "Forbidden")
}

/// Refuses a malformed question.
pub(super) fn bad_request(plan: ArtemisPlan) -> Reply {
    let status = if plan.has(ArtemisSwitch::Status422) {
        422
    } else {
        400
    };
    message(status, "Bad Request")
}

pub(super) fn not_found() -> Reply {
    message(404, "Not Found")
}

pub(super) fn gone() -> Reply {
    message(410, "Gone")
}

/// Throttles; whether the vendor names a wait is not established.
pub(super) fn too_many(retry_after: Option<u64>) -> Reply {
    message(429, "Too Many Requests").retry_after(retry_after)
}

/// Throttles, or gives up under load, in the way that looks like success.
pub(super) fn nothing() -> Reply {
    Reply::text(200, JSON, "")
}

/// Sends to the path with its slash.
pub(super) fn moved(location: String) -> Reply {
    Reply::text(301, HTML, "").with("location", location)
}

pub(super) fn internal() -> Reply {
    let page = "<html><body>Internal Server Error</body></html>";
    Reply::text(500, HTML, page)
}

pub(super) fn blocked() -> Reply {
    let page = "<html><body>403 Forbidden</body></html>";
    Reply::text(403, HTML, page)
}

/// Writes a 200.
pub(super) fn json(body: impl Into<String>) -> Reply {
    Reply::text(200, JSON, body)
}

/// Writes a 200 whose `symbols` is one sentence.
pub(super) fn no_symbols(sentence: &str) -> Reply {
    json(format!(r#"{{"data":{{"symbols":"{sentence}"}}}}"#))
}
