//! Requests for the values of now.

use std::collections::{BTreeMap, BTreeSet};

use model::{Key, MetricName, Quote, Step, TimeRange, Ts};
use source::{Ask, Block, RequestSpec};

use super::{encode, request};
use crate::{
    CoinGecko,
    datasets::{GLOBAL, MARKETS},
};

/// The most coins that one request may name.
const MAX_IDS: usize = 250;
/// Longer addresses risk a 414.
const MAX_URL_BYTES: usize = 8_000;

/// Keys that share a request, with the metrics wanted of each.
type Coins = BTreeMap<Key, BTreeSet<MetricName>>;

/// Wants of one quote and one range of labels share requests. Coins differ in their metrics; the
/// vendor sends all, so a block takes the union of the metrics of its coins.
pub(super) fn plan<'a>(source: &'a CoinGecko, ask: &'a Ask) -> source::Plan<'a> {
    let room =
        MAX_URL_BYTES.saturating_sub(source.hosts.iter().map(|host| host.base_url.len()).sum());
    let groups = grouped(ask, |key| Some(key.quote.clone()));
    Box::new(groups.into_iter().flat_map(move |(labels, coins)| {
        batches(coins, room).map(move |batch| {
            let (keys, metrics) = union(batch);
            markets_request(keys, metrics, labels)
        })
    }))
}

/// One answer holds the whole market in every currency.
pub(super) fn global(ask: &Ask) -> source::Plan<'_> {
    let groups = grouped(ask, |_| None);
    Box::new(groups.into_iter().map(|(labels, keys)| {
        let (keys, metrics) = union(keys);
        let block = Block {
            keys,
            metrics,
            step: Step::Hour,
            labels,
        };
        request(GLOBAL, "/global", [], block)
    }))
}

/// Puts wants together that share their labels and their quote, newest first.
fn grouped(
    ask: &Ask,
    quote: fn(&Key) -> Option<Quote>,
) -> impl Iterator<Item = (TimeRange, Coins)> + Send + use<> {
    let mut groups: BTreeMap<(std::cmp::Reverse<Ts>, Ts, Option<Quote>), Coins> = BTreeMap::new();
    for want in ask.wants.iter().filter(|want| !want.is_empty()) {
        let group = (
            std::cmp::Reverse(want.labels.end),
            want.labels.start,
            quote(&want.key),
        );
        groups
            .entry(group)
            .or_default()
            .entry(want.key.clone())
            .or_default()
            .extend(want.metrics.iter().cloned());
    }
    groups
        .into_iter()
        .map(|((end, start, _), coins)| (TimeRange::new(start, end.0), coins))
}

fn union(
    coins: impl IntoIterator<Item = (Key, BTreeSet<MetricName>)>,
) -> (Vec<Key>, Vec<MetricName>) {
    let (keys, metrics): (Vec<Key>, Vec<BTreeSet<MetricName>>) = coins.into_iter().unzip();
    let metrics: BTreeSet<MetricName> = metrics.into_iter().flatten().collect();
    (keys, metrics.into_iter().collect())
}

/// Cuts coins into batches by count and by the length of the address.
fn batches(coins: Coins, room: usize) -> impl Iterator<Item = Vec<(Key, BTreeSet<MetricName>)>> {
    // What stands around the ids takes about 120 bytes.
    const AROUND_BYTES: usize = 200;
    let mut coins = coins.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = AROUND_BYTES;
        while let Some((key, _)) = coins.peek() {
            let id_bytes = encode(key.asset.as_str()).len() + 1;
            if !batch.is_empty() && (batch.len() == MAX_IDS || bytes + id_bytes > room) {
                break;
            }
            bytes += id_bytes;
            batch.extend(coins.next());
        }
        (!batch.is_empty()).then_some(batch)
    })
}

/// Returns the live request for these coins, all of one quote currency. Page size and precision are
/// always sent: the defaults lose rows past 100 and round prices.
fn markets_request(keys: Vec<Key>, metrics: Vec<MetricName>, labels: TimeRange) -> RequestSpec {
    let ids: Vec<&str> = keys.iter().map(|key| key.asset.as_str()).collect();
    let quote = keys.first().map(|key| key.quote.to_string());
    let query = [
        ("ids", ids.join(",")),
        ("order", "id_asc".to_owned()),
        ("page", "1".to_owned()),
        ("per_page", MAX_IDS.to_string()),
        ("precision", "full".to_owned()),
        ("vs_currency", quote.unwrap_or_default()),
    ];
    let block = Block {
        keys,
        metrics,
        step: Step::Hour,
        labels,
    };
    request(MARKETS, "/coins/markets", query, block)
}

/// Splits a refused live request into two with half of the coins each.
pub(crate) fn halves(request: &RequestSpec) -> Option<[RequestSpec; 2]> {
    if request.dataset != MARKETS {
        return None;
    }
    let halves = request.block.halves_by_key()?;
    Some(halves.map(|half| markets_request(half.keys, half.metrics, half.labels)))
}
