//! Requests for prices. The vendor documents no bound; ours are a hundred ids, an address of 4,000 bytes
//! and 500 points (contract section 3.3).

use std::{cmp::Reverse, collections::BTreeMap};

use model::{Key, MetricName, Step, TimeRange, Ts};
use source::{Ask, Block, RequestSpec, cut_newest_first};

use super::{Maker, encode, now::grouped};
use crate::DefiLlama;

/// The most ids that one request may name.
const MAX_IDS: usize = 100;
/// The longest address.
const MAX_URL_BYTES: usize = 4_000;
/// The most points of all ids together.
const MAX_POINTS: u64 = 500;
/// The most points of one id: twenty days of hours.
const PAGE_POINTS: i64 = 480;
/// What stands around the ids: path, query, and a key in front of it.
const AROUND_BYTES: usize = 256;

/// Prices as of the full hour. Asked for by that moment and not by `/prices/current`: a tick comes 25
/// minutes past, and a price of then stands for no hour.
pub(super) fn now<'a>(source: &'a DefiLlama, maker: Maker, ask: &'a Ask) -> source::Plan<'a> {
    let room = room(source);
    let groups = grouped(ask, |_, _| Some(()));
    Box::new(groups.into_iter().flat_map(move |((labels, ()), wanted)| {
        let keys: Vec<Key> = wanted.into_keys().collect();
        batches(keys, MAX_IDS, room).map(move |keys| hour(maker, keys, labels))
    }))
}

/// Pages of points, newest first. Coins of which the same labels are wanted share requests.
pub(super) fn past<'a>(
    source: &'a DefiLlama,
    maker: Maker,
    ask: &'a Ask,
    step: Step,
) -> source::Plan<'a> {
    let room = room(source);
    let mut groups: BTreeMap<(Reverse<Ts>, Ts), Vec<Key>> = BTreeMap::new();
    for want in ask.wants.iter().filter(|want| !want.is_empty()) {
        for page in cut_newest_first(want.labels, PAGE_POINTS * step.max_secs()) {
            let group = groups.entry((Reverse(page.end), page.start)).or_default();
            group.push(want.key.clone());
        }
    }
    Box::new(
        groups
            .into_iter()
            .flat_map(move |((end, start), mut keys)| {
                keys.sort();
                keys.dedup();
                let labels = TimeRange::new(start, end.0);
                let points = step.buckets(labels).max(1);
                let ids = usize::try_from(MAX_POINTS / points).unwrap_or(MAX_IDS);
                batches(keys, ids.clamp(1, MAX_IDS), room)
                    .map(move |keys| chart(maker, keys, step, labels))
            }),
    )
}

/// How many bytes ids may take.
fn room(source: &DefiLlama) -> usize {
    let longest = source.hosts.iter().map(|host| host.base_url.len()).max();
    MAX_URL_BYTES.saturating_sub(longest.unwrap_or_default() + AROUND_BYTES)
}

/// Cuts keys into batches by count and by the length of the address.
fn batches(keys: Vec<Key>, most: usize, room: usize) -> impl Iterator<Item = Vec<Key>> + Send {
    let mut keys = keys.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(key) = keys.peek() {
            let id_bytes = encode(key.asset.as_str()).len() + 1;
            if !batch.is_empty() && (batch.len() == most || bytes + id_bytes > room) {
                break;
            }
            bytes += id_bytes;
            batch.extend(keys.next());
        }
        (!batch.is_empty()).then_some(batch)
    })
}

fn ids(keys: &[Key]) -> String {
    let ids: Vec<String> = keys.iter().map(|key| encode(key.asset.as_str())).collect();
    ids.join(",")
}

fn block(keys: Vec<Key>, step: Step, labels: TimeRange) -> Block {
    Block {
        keys,
        metrics: vec![MetricName::from("PRICE")],
        step,
        labels,
    }
}

fn hour(maker: Maker, keys: Vec<Key>, labels: TimeRange) -> RequestSpec {
    let (at, ids) = (labels.start.secs(), ids(&keys));
    let path = format!("/prices/historical/{at}/{ids}");
    maker.request(&path, [], block(keys, Step::Hour, labels))
}

/// A page. Never `start` with `end`, never `searchWidth`, which has left the documentation (traps 12
/// and 13).
fn chart(maker: Maker, keys: Vec<Key>, step: Step, labels: TimeRange) -> RequestSpec {
    let query = [
        ("period", step.as_str().to_owned()),
        ("span", step.buckets(labels).to_string()),
        ("start", labels.start.secs().to_string()),
    ];
    let path = format!("/chart/{}", ids(&keys));
    maker.request(&path, query, block(keys, step, labels))
}

/// Splits a refused request into two with half of the coins each.
pub(crate) fn halves(source: &DefiLlama, request: &RequestSpec) -> Option<[RequestSpec; 2]> {
    let whole = &request.block;
    let is_of_prices = whole.metrics.iter().any(|name| name.as_str() == "PRICE");
    if !is_of_prices {
        return None;
    }
    let maker = Maker {
        plan: source.settings.plan,
        dataset: request.dataset,
    };
    let is_now = request.path.contains("/prices/");
    let halves = whole.halves_by_key()?;
    Some(halves.map(|half| match is_now {
        true => hour(maker, half.keys, half.labels),
        false => chart(maker, half.keys, half.step, half.labels),
    }))
}
