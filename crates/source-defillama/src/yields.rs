//! Where the yields stand on the Pro host: below `/yields/v1`, where the vendor moves them to, or below
//! `/yields` (contract section 9, trap 19).

use std::sync::atomic::{AtomicBool, Ordering};

use source::RequestSpec;

use crate::access::Product;

const NEW: &str = "/yields/v1/";
const OLD: &str = "/yields/";

/// Which of the two is asked. The newer one, until it answers 404 and the other does not.
#[derive(Debug, Default)]
pub(crate) struct YieldsPath {
    is_old: AtomicBool,
}

impl YieldsPath {
    /// Returns the request at the path that is asked at present. Without a key there is one path only.
    pub(crate) fn at_present(&self, request: RequestSpec) -> RequestSpec {
        match below(&request) {
            Some((rest, _)) => at(rest, self.is_old.load(Ordering::Relaxed), &request),
            None => request,
        }
    }

    /// Returns the request at the other path than its own.
    pub(crate) fn elsewhere(request: &RequestSpec) -> Option<RequestSpec> {
        below(request).map(|(rest, is_old)| at(rest, !is_old, request))
    }

    /// Asks at the path of this request from now on.
    pub(crate) fn found(&self, request: &RequestSpec) {
        if let Some((_, is_old)) = below(request) {
            self.is_old.store(is_old, Ordering::Relaxed);
        }
    }
}

/// Returns what stands below the product, and whether the path is the older one.
fn below(request: &RequestSpec) -> Option<(&str, bool)> {
    let path = request.path.as_str();
    // A free host has the name of its product, and no folder.
    let is_free = request.host == Product::Yields.as_str();
    let new = path.strip_prefix(NEW).map(|rest| (rest, false));
    let found = new.or_else(|| Some((path.strip_prefix(OLD)?, true)));
    found.filter(|_| !is_free)
}

fn at(rest: &str, is_old: bool, request: &RequestSpec) -> RequestSpec {
    let folder = if is_old { OLD } else { NEW };
    RequestSpec {
        path: format!("{folder}{rest}"),
        ..request.clone()
    }
}
