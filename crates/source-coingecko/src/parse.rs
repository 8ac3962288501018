//! Reads checked answers: points, and per (key, metric) what the answer settles.

mod candles;
mod charts;
mod coins_list;
mod global;
mod key;
mod markets;
mod series;

use source::{Parsed, Reply, ReplyError, RequestSpec, Sink};

use crate::{
    CoinGecko,
    datasets::{
        COINS_LIST, GLOBAL, GLOBAL_DAILY, KEY, MARKETS, OHLC_DAILY, OHLC_HOURLY, SUPPLY_DAILY,
    },
    metrics::{METRICS, Metric},
};

/// How far from the hour a point of an hourly chart may be stamped.
pub(crate) const TOLERANCE_SECS: i64 = 15 * 60;

/// A live value taken longer ago than this is not a value of now.
const STALE_SECS: i64 = 2 * 3_600;

pub(crate) fn parse(
    source: &CoinGecko,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    match request.dataset {
        COINS_LIST => coins_list::parse(request, reply, out),
        MARKETS => markets::parse(source, request, reply, out),
        GLOBAL => global::parse(request, reply, out),
        OHLC_DAILY | OHLC_HOURLY => candles::parse(source, request, reply, out),
        SUPPLY_DAILY => charts::supply(source, request, reply, out),
        GLOBAL_DAILY => charts::global(source, request, reply, out),
        KEY => key::parse(reply),
        _ => charts::coin(source, request, reply, out),
    }
}

/// Whether a request asks for a metric; one that names none asks for all.
fn is_asked(request: &RequestSpec, metric: &Metric) -> bool {
    let metrics = &request.block.metrics;
    metrics.is_empty() || metrics.iter().any(|asked| asked.as_str() == metric.name)
}

/// The metrics of the table that a request asks for, with what `place` says of them; those of which it
/// says nothing stand in another kind of answer.
fn asked<T: Copy>(
    request: &RequestSpec,
    place: impl Fn(&'static Metric) -> Option<T>,
) -> Vec<(&'static Metric, T)> {
    METRICS
        .iter()
        .filter(|metric| is_asked(request, metric))
        .filter_map(|metric| Some((metric, place(metric)?)))
        .collect()
}
