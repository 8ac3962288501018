//! The refusals: a status and a short plain text. The vendor's own wording is not known; status and text are ours, but
//! for `rate limited` and `api temporarily unavailable`, which its clients are tested with.

use crate::vendor::Reply;

const TEXT: &str = "text/plain; charset=utf-8";

fn plain(status: u16, text: &str) -> Reply {
    Reply::text(status, TEXT, format!("{text}\n"))
}

/// A bad key. Which of the two statuses the vendor uses is not established.
pub(super) fn unauthorized(forbid: bool) -> Reply {
    plain(if forbid { 403 } else { 401 }, "unauthorized")
}

pub(super) fn outside_plan() -> Reply {
    plain(403, "history not included in plan")
}

pub(super) fn bad_request(why: &str) -> Reply {
    plain(400, &format!("bad request: {why}"))
}

pub(super) fn missing(name: &str) -> Reply {
    bad_request(&format!("{name} is missing"))
}

pub(super) fn not_found() -> Reply {
    plain(404, "not found")
}

pub(super) fn timed_out() -> Reply {
    plain(408, "request timeout")
}

pub(super) fn rate_limited(retry_after: Option<u64>) -> Reply {
    plain(429, "rate limited").retry_after(retry_after)
}

pub(super) fn internal() -> Reply {
    plain(500, "internal server error")
}

pub(super) fn unavailable() -> Reply {
    plain(503, "api temporarily unavailable")
}

/// What the proxy in front of the vendor says when it cannot reach it.
pub(super) fn bad_gateway() -> Reply {
    let page = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n";
    Reply::text(502, "text/html", page)
}

/// The page of the network in front of the vendor.
pub(super) fn blocked() -> Reply {
    let page = "<!DOCTYPE html><html><head><title>Access denied</title></head><body><h1>Access denied</h1></body></html>\n";
    Reply::text(403, "text/html", page)
}
