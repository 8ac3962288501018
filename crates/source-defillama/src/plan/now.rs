//! Requests for the values of now. Each answer holds everything there is, so a block takes the union of
//! what is wanted of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use model::{DatasetId, Key, MetricName, Step, TimeRange, Ts};
use source::{Ask, Block, Want};

use super::Maker;
use crate::{
    datasets::{CHAINS, CHAINS_NOW, POOLS_NOW, STABLECOINS, STABLECOINS_NOW},
    kind::Kind,
    metrics::{Dimension, Live, metric},
};

/// Keys that share a request, with the metrics wanted of each.
type Wanted = BTreeMap<Key, BTreeSet<MetricName>>;

/// Returns the path and query of an answer that names everything of a kind.
pub(super) fn of_all(dataset: DatasetId) -> (&'static str, [(&'static str, String); 1]) {
    let plain = ("", String::new());
    match dataset {
        CHAINS | CHAINS_NOW => ("/v2/chains", [plain]),
        STABLECOINS | STABLECOINS_NOW => ("/stablecoins", [("includePrices", "true".to_owned())]),
        POOLS_NOW => ("/pools", [plain]),
        _ => ("/protocols", [plain]),
    }
}

/// One request for everything, however much of it is wanted.
pub(super) fn all(maker: Maker, ask: &Ask) -> source::Plan<'_> {
    let (path, query) = of_all(maker.dataset);
    let groups = grouped(ask, |_, _| Some(()));
    Box::new(groups.into_iter().map(move |((labels, ()), wanted)| {
        let block = block(wanted, labels);
        maker.request(path, query.clone(), block)
    }))
}

/// One request for each dimension of which anything is wanted. Without the charts: they are the huge
/// part (trap 8).
pub(super) fn dimensions(maker: Maker, ask: &Ask) -> source::Plan<'_> {
    let groups = grouped(ask, |key, name| match live(key, name) {
        Live::Total(dimension) => Some(dimension),
        _ => None,
    });
    Box::new(
        groups
            .into_iter()
            .map(move |((labels, dimension), wanted)| {
                let block = block(wanted, labels);
                let Dimension { of, data_type } = dimension;
                let query = [
                    ("dataType", data_type.to_owned()),
                    ("excludeTotalDataChart", "true".to_owned()),
                    ("excludeTotalDataChartBreakdown", "true".to_owned()),
                ];
                maker.request(&format!("/overview/{of}"), query, block)
            }),
    )
}

fn live(key: &Key, name: &MetricName) -> Live {
    let (kind, _) = Kind::of(&key.asset);
    metric(kind, name.as_str()).map_or(Live::None, |metric| metric.live)
}

/// Puts wants together that share their labels and what `by` says of them, newest first; what it says
/// nothing of is left out.
pub(super) fn grouped<G: Ord>(
    ask: &Ask,
    by: impl Fn(&Key, &MetricName) -> Option<G>,
) -> Vec<((TimeRange, G), Wanted)> {
    let mut groups: BTreeMap<(Reverse<Ts>, Ts, G), Wanted> = BTreeMap::new();
    let pairs = |want: &'_ Want| -> Vec<(Key, MetricName)> {
        let names = want.metrics.iter().cloned();
        names.map(|name| (want.key.clone(), name)).collect()
    };
    for want in ask.wants.iter().filter(|want| !want.is_empty()) {
        for (key, name) in pairs(want) {
            let Some(group) = by(&key, &name) else {
                continue;
            };
            let group = (Reverse(want.labels.end), want.labels.start, group);
            let wanted = groups.entry(group).or_default();
            wanted.entry(key).or_default().insert(name);
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|((end, start, group), wanted)| ((TimeRange::new(start, end.0), group), wanted))
        .collect()
}

/// Returns the block of keys with the union of their metrics.
fn block(wanted: Wanted, labels: TimeRange) -> Block {
    let (keys, metrics): (Vec<Key>, Vec<BTreeSet<MetricName>>) = wanted.into_iter().unzip();
    let metrics: BTreeSet<MetricName> = metrics.into_iter().flatten().collect();
    Block {
        keys,
        metrics: metrics.into_iter().collect(),
        step: Step::Hour,
        labels,
    }
}
