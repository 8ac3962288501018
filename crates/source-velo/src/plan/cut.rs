//! Cuts an area into areas of a request each.

use std::collections::BTreeSet;

use model::{Key, Step, TimeRange};
use source::cut_newest_first;

use super::{
    area::{Area, is_sendable},
    fit::{fit, shared_buckets},
};

/// Returns areas that fit into a request each, and together hold the whole. The newest time of each
/// product fills requests by itself; of the oldest, products share them.
pub(super) fn cut(area: &Area, step: Step) -> Vec<Area> {
    let most = area.most_buckets();
    let shared = shared_buckets(step.buckets(area.time), most);
    let border = area.time.start.plus_secs(secs(shared, step));
    let (old, new) = (
        TimeRange::new(area.time.start, border),
        TimeRange::new(border, area.time.end),
    );
    let fit = fit(
        u64::try_from(area.keys.len()).unwrap_or(u64::MAX),
        shared,
        most,
    );
    let mut parts = tiles(area, new, 1, secs(most, step));
    parts.extend(tiles(area, old, fit.products, secs(fit.buckets, step)));
    parts
}

/// Cuts some of an area's time into rectangles, newest first.
fn tiles(area: &Area, time: TimeRange, products: u64, most_secs: i64) -> Vec<Area> {
    let batches = batches(&area.keys, usize::try_from(products).unwrap_or(usize::MAX));
    cut_newest_first(time, most_secs)
        .flat_map(|time| {
            batches.iter().map(move |keys| Area {
                market: area.market,
                keys: keys.clone(),
                metrics: area.metrics.clone(),
                time,
            })
        })
        .collect()
}

/// Cuts products into batches by count and by the length of the address.
fn batches(keys: &BTreeSet<Key>, products: usize) -> Vec<BTreeSet<Key>> {
    let mut batches: Vec<BTreeSet<Key>> = Vec::new();
    for key in keys {
        match batches.last_mut() {
            Some(batch)
                if batch.len() < products
                    && is_sendable(batch.iter().chain(std::iter::once(key))) =>
            {
                batch.insert(key.clone());
            }
            _ => batches.push(BTreeSet::from([key.clone()])),
        }
    }
    batches
}

fn secs(buckets: u64, step: Step) -> i64 {
    i64::try_from(buckets)
        .unwrap_or(i64::MAX)
        .saturating_mul(step.max_secs())
}
