//! Reads checked answers: points, and per (key, metric) what the answer settles.

mod catalogue;
mod daily;
mod live;
mod now;
mod prices;
mod series;
mod usage;

use model::{AssetId, Key};
use serde::Deserialize;
use serde_json::value::RawValue;
use source::{Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink};

use crate::{
    DefiLlama,
    datasets::{CHAINS, PROTOCOLS, STABLECOINS},
    error::is_unsupported,
    metrics::Metric,
    route::{Route, route},
};

pub(crate) fn parse(
    source: &DefiLlama,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    if is_unsupported(reply) {
        unsupported(request, out);
        return Ok(Parsed::default());
    }
    match request.dataset {
        PROTOCOLS => return catalogue::protocols(reply, out),
        CHAINS => return catalogue::chains(reply, out),
        STABLECOINS => return catalogue::stablecoins(reply, out),
        _ => {}
    }
    let Some(route) = route(&request.path) else {
        return Err(malformed("the request has no route"));
    };
    match route {
        Route::Protocols => now::protocols(request, reply, out),
        Route::Chains => now::chains(source, request, reply, out),
        Route::Stablecoins => now::stablecoins(source, request, reply, out),
        Route::Pools => now::pools(request, reply, out),
        Route::Overview(..) if request.block.step == model::Step::Hour => {
            now::dimension(request, reply, out)
        }
        Route::Prices(at, _) => prices::now(source, request, reply, at, out),
        Route::CoinChart(_) => prices::chart(source, request, reply, out),
        Route::Usage => usage::parse(reply),
        _ => daily::parse(source, request, reply, route, out),
    }
}

/// The vendor does not have these metrics of these keys.
fn unsupported(request: &RequestSpec, out: &mut dyn Sink) {
    let block = &request.block;
    for key in &block.keys {
        for metric in &block.metrics {
            if let Some(slot) = out.slot(key, metric.as_str(), block.step) {
                out.outcome(slot, Outcome::Unsupported);
            }
        }
    }
}

fn malformed(what: &str) -> ReplyError {
    ReplyError::Malformed(what.to_owned())
}

/// Reads one row by itself.
fn row<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// Whether a request asks for a metric; one that names none asks for all.
fn asks_metric(request: &RequestSpec, metric: &Metric) -> bool {
    let metrics = &request.block.metrics;
    metrics.is_empty() || metrics.iter().any(|asked| asked.as_str() == metric.name)
}

/// Whether a request asks for a key; one that names none asks for all.
fn asks_key(request: &RequestSpec, key: &Key) -> bool {
    let keys = &request.block.keys;
    keys.is_empty() || keys.binary_search(key).is_ok()
}

/// A row, or all of an answer, of which nothing is taken.
fn refused(asset: AssetId, why: &'static str) -> Reject {
    Reject {
        asset,
        metric: None,
        label: None,
        why,
    }
}
