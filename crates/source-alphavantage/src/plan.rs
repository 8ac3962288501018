//! Cuts an ask into requests.
//!
//! No series takes a start or an end: a request is one key, and what comes is the newest hundred rows,
//! everything, or one month of hours. So a want is one request, whatever its metrics and however many
//! days it spans, but for the hours of shares. Only the quotes of many shares share requests.

mod bars;

use std::cmp::Reverse;

use model::{DatasetId, Key, MetricName, Step, TimeRange, Ts};
use source::{
    Ask, Block, Cost, DatasetSpec, PlanError, RequestSpec, Source as _, Want, sorted_query,
};

use crate::{
    AlphaVantage,
    access::{HOST, compact_from},
    datasets::{BULK_QUOTES, EQUITIES_DAILY, EQUITIES_INTRADAY, LISTING, QUOTE, SOURCE},
    functions::{Class, economy_of_key, function_of, interval_of, parts},
};

pub(crate) use bars::{is_compact, month_of};

/// The most shares in one request: the vendor drops the rest in silence (trap 13).
const MAX_SYMBOLS: usize = 100;

/// Returns the requests of an ask, newest first, and among equals those first that wait longest.
pub(crate) fn plan<'a>(
    source: &'a AlphaVantage,
    ask: &'a Ask,
) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.known_dataset(ask.dataset)?;
    let mut requests: Vec<RequestSpec> = match spec.id {
        LISTING => {
            let query = vec![("function", "LISTING_STATUS".to_owned()), active()];
            vec![request(LISTING, query, Block::open(Step::Day))]
        }
        BULK_QUOTES => bulk(ask),
        _ => {
            let wants = ask.wants.iter().filter(|want| !want.metrics.is_empty());
            wants
                .flat_map(|want| of_want(source, spec, ask, want))
                .collect()
        }
    };
    // Stable: what ends together stays in the order of the ask.
    requests.sort_by_key(|request| Reverse(request.block.labels.end));
    Ok(Box::new(requests.into_iter()))
}

fn active() -> (&'static str, String) {
    ("state", "active".to_owned())
}

/// Returns the requests of one want, within what the plan gives.
fn of_want(source: &AlphaVantage, spec: &DatasetSpec, ask: &Ask, want: &Want) -> Vec<RequestSpec> {
    let oldest = ask.oldest.map(|oldest| spec.step.ceil(oldest));
    let horizon = horizon(source, spec.id, ask.now).max(oldest);
    let start = horizon.map_or(want.labels.start, |first| first.max(want.labels.start));
    let labels = TimeRange::new(start, want.labels.end);
    let Some(query) = query_of(spec.id, &want.key).filter(|_| !labels.is_empty()) else {
        return Vec::new();
    };
    let parts = bars::parts(spec, ask.now, labels);
    parts
        .into_iter()
        .map(|(labels, window)| {
            let block = Block {
                keys: vec![want.key.clone()],
                metrics: want.metrics.clone(),
                step: spec.step,
                labels,
            };
            request(spec.id, query.iter().cloned().chain(window), block)
        })
        .collect()
}

/// Returns what names a key in the query of a dataset; none for a key that is not of its class.
fn query_of(dataset: DatasetId, key: &Key) -> Option<Vec<(&'static str, String)>> {
    let Some(function) = function_of(dataset) else {
        return economy_query(dataset, key);
    };
    let (class, symbol) = parts(key).filter(|(class, _)| function.classes.contains(class))?;
    let (symbol, quote) = (symbol.to_owned(), key.quote.as_str().to_ascii_uppercase());
    let mut query = vec![("function", function.name.to_owned())];
    query.extend(match (class, function.name) {
        (_, "CURRENCY_EXCHANGE_RATE") => vec![("from_currency", symbol), ("to_currency", quote)],
        (Class::Fx, _) => vec![("from_symbol", symbol), ("to_symbol", quote)],
        (Class::Crypto, _) => vec![("symbol", symbol), ("market", quote)],
        _ => vec![("symbol", symbol)],
    });
    Some(query)
}

fn economy_query(dataset: DatasetId, key: &Key) -> Option<Vec<(&'static str, String)>> {
    let (economy, maturity) = economy_of_key(key)?;
    let interval = interval_of(dataset)?;
    let mut query = vec![("function", economy.function.to_owned())];
    query.extend(
        economy
            .asks_interval
            .then(|| ("interval", interval.to_owned())),
    );
    query.extend(maturity.map(|maturity| ("maturity", maturity.to_owned())));
    Some(query)
}

/// Wants of one range of labels share requests.
fn bulk(ask: &Ask) -> Vec<RequestSpec> {
    let wanted = |want: &&Want| {
        let is_share = parts(&want.key).is_some_and(|(class, _)| class == Class::Equity);
        is_share && !want.is_empty()
    };
    let wants: Vec<&Want> = ask.wants.iter().filter(wanted).collect();
    wants
        .chunk_by(|a, b| a.labels == b.labels)
        .flat_map(|alike| alike.chunks(MAX_SYMBOLS))
        .map(|batch| {
            let mut metrics: Vec<MetricName> =
                batch.iter().flat_map(|want| want.metrics.clone()).collect();
            metrics.sort();
            metrics.dedup();
            let mut keys: Vec<Key> = batch.iter().map(|want| want.key.clone()).collect();
            keys.sort();
            bulk_request(Block {
                keys,
                metrics,
                step: Step::Hour,
                labels: batch.first().map_or(Block::ALL_LABELS, |want| want.labels),
            })
        })
        .collect()
}

fn bulk_request(block: Block) -> RequestSpec {
    let symbols = block.keys.iter().filter_map(parts);
    let symbols: Vec<&str> = symbols.map(|(_, symbol)| symbol).collect();
    let query = vec![
        ("function", "REALTIME_BULK_QUOTES".to_owned()),
        ("symbol", symbols.join(",")),
    ];
    request(BULK_QUOTES, query, block)
}

/// Splits a refused batch of shares into two.
pub(crate) fn halves(refused: &RequestSpec) -> Option<[RequestSpec; 2]> {
    if refused.dataset != BULK_QUOTES {
        return None;
    }
    Some(refused.block.halves_by_key()?.map(bulk_request))
}

/// Returns the oldest label that can be had; none where the vendor gives all there is.
pub(crate) fn horizon(source: &AlphaVantage, dataset: DatasetId, now: Ts) -> Option<Ts> {
    let spec = source.datasets.iter().find(|spec| spec.id == dataset)?;
    let published = now.plus_secs(-spec.lag_secs);
    match dataset {
        EQUITIES_DAILY if spec.whole => Some(compact_from(published)),
        // A quote is the last day of trading, nothing before.
        QUOTE => Some(last_weekday(Step::Day.floor(published).plus_days(-1))),
        EQUITIES_INTRADAY => Some(bars::FIRST_MONTH),
        _ => None,
    }
}

/// Returns the day, or the Friday before a weekend day.
fn last_weekday(day: Ts) -> Ts {
    match day.date().weekday() {
        time::Weekday::Saturday => day.plus_days(-1),
        time::Weekday::Sunday => day.plus_days(-2),
        _ => day,
    }
}

fn request(
    dataset: DatasetId,
    query: impl IntoIterator<Item = (&'static str, String)>,
    block: Block,
) -> RequestSpec {
    RequestSpec {
        source: SOURCE,
        dataset,
        host: HOST,
        path: "/query".to_owned(),
        query: sorted_query(query),
        block,
        cost: Cost::ONE,
    }
}
