//! Requests for bars.
//!
//! What shares exchange and time shares requests, as many products and hours in each as make the
//! fewest. Products that want other columns go together where that saves requests: the vendor prices
//! the whole rectangle. A live tick asks for the open bucket too, as the contract has it; the parser
//! drops it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use model::{Key, MetricName, PullKind, Spans, Step, TimeRange, Ts};
use source::{Ask, Block, DatasetSpec, RequestSpec, cut_newest_first};

use super::{
    fit::{Fit, fit},
    horizon, joined, request,
};
use crate::{
    Velo,
    datasets::market_of,
    metrics::{Market, metrics_of},
};

/// Longer addresses risk a refusal; the real limit is unknown.
const MAX_LIST_BYTES: usize = 3_500;

/// What can share a request.
type Place = (Market, String, Ts, Ts);

/// Products that are asked for the same columns.
#[derive(Clone, Debug)]
struct Group {
    keys: Vec<Key>,
    metrics: BTreeSet<MetricName>,
}

/// One request to be.
#[derive(Debug)]
struct Part {
    market: Market,
    keys: Vec<Key>,
    metrics: Vec<MetricName>,
    labels: TimeRange,
}

pub(super) fn plan<'a>(source: &'a Velo, spec: &'a DatasetSpec, ask: &'a Ask) -> source::Plan<'a> {
    let oldest = ask.oldest.map(|oldest| spec.step.ceil(oldest));
    let horizon = horizon(source, spec.id, ask.now)
        .max(oldest)
        .unwrap_or(Ts::OLDEST);
    let mut parts: Vec<Part> = Vec::new();
    for ((market, _, start, end), groups) in places(ask, horizon, spec.step) {
        let labels = TimeRange::new(start, end);
        let buckets = asked_buckets(ask, spec.step, labels);
        for group in merged(groups, market, buckets) {
            parts.extend(cut(group, market, labels, buckets, spec.step));
        }
    }
    // Stable: parts that end together stay in the order of their products.
    parts.sort_by_key(|part| Reverse(part.labels.end));
    let request = move |part: Part| {
        let block = Block {
            keys: part.keys,
            metrics: part.metrics,
            step: spec.step,
            labels: part.labels,
        };
        rows_request(
            spec.id,
            part.market,
            block,
            asked_end(ask, spec.step, part.labels),
        )
    };
    Box::new(parts.into_iter().map(request))
}

/// Puts wants together by market, exchange and time, and within by their columns.
fn places(ask: &Ask, horizon: Ts, step: Step) -> BTreeMap<Place, Vec<Group>> {
    let mut wanted: BTreeMap<(&Key, &[MetricName]), Spans> = BTreeMap::new();
    for want in ask.wants.iter().filter(|want| !want.metrics.is_empty()) {
        let labels = TimeRange::new(want.labels.start.max(horizon), want.labels.end);
        let of = (&want.key, want.metrics.as_slice());
        wanted.entry(of).or_default().insert(labels);
    }
    let mut places: BTreeMap<Place, BTreeMap<&[MetricName], Vec<Key>>> = BTreeMap::new();
    for ((key, metrics), holes) in wanted {
        let market = market_of(key).unwrap_or(Market::Basis);
        for labels in stretches(&holes, market, metrics.len(), step) {
            let place = (market, key.venue.to_string(), labels.start, labels.end);
            let columns = places.entry(place).or_default();
            columns.entry(metrics).or_default().push(key.clone());
        }
    }
    let group = |(metrics, keys): (&[MetricName], Vec<Key>)| Group {
        keys,
        metrics: metrics.iter().cloned().collect(),
    };
    places
        .into_iter()
        .map(|(place, groups)| (place, groups.into_iter().map(group).collect()))
        .collect()
}

/// Joins holes of a product that fit into one request, newest first; what lies between is compared on
/// writing. Longer ones stay whole: they are cut later, together with those of other products.
fn stretches(holes: &Spans, market: Market, columns: usize, step: Step) -> Vec<TimeRange> {
    let columns = u64::try_from(columns).unwrap_or(u64::MAX);
    let most = fit(1, u64::MAX, columns, market.priced_exchanges()).buckets;
    let most_secs = i64::try_from(most)
        .unwrap_or(i64::MAX)
        .saturating_mul(step.max_secs());
    let mut stretches: Vec<TimeRange> = Vec::new();
    for hole in holes.iter().rev() {
        match stretches.last_mut() {
            Some(newer) if newer.end.secs() - hole.start.secs() <= most_secs => {
                *newer = TimeRange::new(hole.start, newer.end);
            }
            _ => stretches.push(hole),
        }
    }
    stretches
}

/// The buckets that are priced: those wanted, and of a live tick the open one.
fn asked_buckets(ask: &Ask, step: Step, labels: TimeRange) -> u64 {
    step.buckets(TimeRange::new(labels.start, asked_end(ask, step, labels)))
}

fn asked_end(ask: &Ask, step: Step, labels: TimeRange) -> Ts {
    match ask.kind {
        PullKind::Live => step.next(step.floor(ask.now)).max(labels.end),
        _ => labels.end,
    }
}

/// Joins groups as long as that saves a request: beside many products with the same columns a few
/// with one more are cheaper in the same rectangle than in one of their own.
fn merged(mut groups: Vec<Group>, market: Market, buckets: u64) -> Vec<Group> {
    let cost = |group: &Group| group.fit(market, buckets).requests(group.size(), buckets);
    loop {
        let mut best: Option<(u64, usize, usize)> = None;
        for (at, one) in groups.iter().enumerate() {
            for (other_at, other) in groups.iter().enumerate().skip(at + 1) {
                let apart = cost(one) + cost(other);
                let saved = apart.saturating_sub(cost(&one.with(other)));
                if saved > best.map_or(0, |(saved, ..)| saved) {
                    best = Some((saved, at, other_at));
                }
            }
        }
        let Some((_, at, other_at)) = best else {
            return groups;
        };
        let other = groups.swap_remove(other_at);
        if let Some(one) = groups.get_mut(at) {
            *one = one.with(&other);
        }
    }
}

impl Group {
    fn size(&self) -> u64 {
        u64::try_from(self.keys.len()).unwrap_or(u64::MAX)
    }

    fn fit(&self, market: Market, buckets: u64) -> Fit {
        let columns = u64::try_from(self.metrics.len()).unwrap_or(u64::MAX);
        fit(self.size(), buckets, columns, market.priced_exchanges())
    }

    fn with(&self, other: &Self) -> Self {
        let mut keys = [self.keys.as_slice(), other.keys.as_slice()].concat();
        keys.sort();
        keys.dedup();
        Self {
            keys,
            metrics: self.metrics.union(&other.metrics).cloned().collect(),
        }
    }
}

/// Cuts a group into parts of the size that fits.
fn cut(
    group: Group,
    market: Market,
    labels: TimeRange,
    buckets: u64,
    step: Step,
) -> impl Iterator<Item = Part> {
    let fit = group.fit(market, buckets);
    let products = usize::try_from(fit.products).unwrap_or(usize::MAX);
    let secs = i64::try_from(fit.buckets)
        .unwrap_or(i64::MAX)
        .saturating_mul(step.max_secs());
    let metrics: Vec<MetricName> = group.metrics.into_iter().collect();
    let batches = batches(group.keys, products);
    cut_newest_first(labels, secs).flat_map(move |labels| {
        let metrics = metrics.clone();
        batches.clone().into_iter().map(move |keys| Part {
            market,
            keys,
            metrics: metrics.clone(),
            labels,
        })
    })
}

/// Cuts products into batches by count and by the length of the address.
fn batches(keys: Vec<Key>, products: usize) -> Vec<Vec<Key>> {
    let mut batches: Vec<Vec<Key>> = Vec::new();
    let mut bytes = 0;
    for key in keys {
        let more = key.instrument.as_str().len() + key.asset.as_str().len() + 1;
        match batches.last_mut() {
            Some(batch) if batch.len() < products && bytes + more <= MAX_LIST_BYTES => {
                batch.push(key);
                bytes += more;
            }
            _ => {
                batches.push(vec![key]);
                bytes = more;
            }
        }
    }
    batches
}

/// Returns the request for a block, asking up to `end`. Columns stand in the order of the table.
fn rows_request(dataset: model::DatasetId, market: Market, block: Block, end: Ts) -> RequestSpec {
    let wanted = |name: &str| block.metrics.iter().any(|wanted| wanted.as_str() == name);
    let columns: Vec<&str> = metrics_of(market)
        .filter(|metric| wanted(metric.name))
        .map(|metric| metric.column)
        .collect();
    let mut query = vec![
        ("begin", block.labels.start.millis().to_string()),
        ("columns", columns.join(",")),
        ("end", end.millis().to_string()),
        // A whole number of minutes: what stands behind it is ignored in silence (trap 1).
        ("resolution", (block.step.max_secs() / 60).to_string()),
        ("type", market.as_str().to_owned()),
    ];
    match market {
        Market::Basis => query.push(("coins", joined(&block.keys, |key| key.asset.as_str()))),
        _ => {
            let venue = block.keys.first().map(|key| key.venue.to_string());
            query.push(("exchanges", venue.unwrap_or_default()));
            query.push((
                "products",
                joined(&block.keys, |key| key.instrument.as_str()),
            ));
        }
    }
    request(dataset, "/api/v1/rows", query, block)
}

/// Splits a refused request into two with half of the products each, or of the time of one.
pub(crate) fn halves(refused: &RequestSpec) -> Option<[RequestSpec; 2]> {
    let block = &refused.block;
    let market = market_of(block.keys.first()?).unwrap_or(Market::Basis);
    let half = |keys: &[Key], labels: TimeRange| {
        let block = Block {
            keys: keys.to_vec(),
            metrics: block.metrics.clone(),
            step: block.step,
            labels,
        };
        rows_request(refused.dataset, market, block, labels.end)
    };
    if block.keys.len() > 1 {
        let (front, back) = block.keys.split_at(block.keys.len() / 2);
        return Some([half(front, block.labels), half(back, block.labels)]);
    }
    let middle = block
        .step
        .floor(block.labels.start.plus_secs(block.labels.secs() / 2));
    let (old, new) = (
        TimeRange::new(block.labels.start, middle),
        TimeRange::new(middle, block.labels.end),
    );
    (!old.is_empty() && !new.is_empty()).then(|| [half(&block.keys, new), half(&block.keys, old)])
}
