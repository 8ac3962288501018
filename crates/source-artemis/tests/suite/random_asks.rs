//! Whatever is asked: within the bounds, newest first, everything there, nothing twice, nothing that
//! nobody asked for on those days.

use std::collections::BTreeMap;

use model::{Key, MetricName, Spans, TimeRange};
use proptest::{prelude::*, sample::subsequence};
use source::{Ask, Want};
use source_artemis::METRICS_DAILY;

use crate::{ask, at, plan::bounded, want};

const NAMES: [&str; 16] = [
    "24H_VOLUME",
    "DAU",
    "FDMC",
    "FEES",
    "MC",
    "NAV",
    "NEW_USERS",
    "OPEN_INTEREST",
    "PERP_FEES",
    "PRICE",
    "REVENUE",
    "SPOT_FEES",
    "TVL",
    "TXNS",
    "UNIQUE_TRADERS",
    "WHATEVER_ELSE",
];

/// Metrics and holes (so many days ago, so many days long) of up to 70 symbols.
fn asks() -> impl Strategy<Value = Ask> {
    let metrics = subsequence(&NAMES[..], 1..=NAMES.len());
    let hole = (0_i64..900, 1_i64..500);
    let wants = prop::collection::vec((metrics, prop::collection::vec(hole, 1..3)), 1..70);
    wants.prop_map(|all| {
        let wants = all
            .into_iter()
            .enumerate()
            .flat_map(|(n, (metrics, holes))| {
                let union: Spans = (holes.into_iter())
                    .map(|(ago, length)| {
                        let end = at("2026-05-18").plus_days(-ago);
                        TimeRange::new(end.plus_days(-length), end)
                    })
                    .collect();
                let symbol = format!("s{n:03}");
                let holes: Vec<_> = union.iter().collect();
                holes
                    .into_iter()
                    .map(move |labels| want(&symbol, &metrics, labels))
                    .collect::<Vec<Want>>()
            });
        ask(METRICS_DAILY, "2026-05-18T06:05:00Z", wants.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_hold_what_was_asked_once(ask in asks()) {
        let requests = bounded(&ask);
        prop_assert!(requests.is_sorted_by(|a, b| a.block.labels.end >= b.block.labels.end));
        prop_assert_eq!(&bounded(&ask), &requests);
        let mut held: BTreeMap<(&Key, &MetricName), Spans> = BTreeMap::new();
        for request in &requests {
            let block = &request.block;
            prop_assert!(block.keys.is_sorted_by(|a, b| a < b));
            prop_assert!(block.metrics.is_sorted_by(|a, b| a < b));
            for key in &block.keys {
                for metric in &block.metrics {
                    let spans = held.entry((key, metric)).or_default();
                    prop_assert!(spans.clip(block.labels).is_empty(), "{key} {metric} twice");
                    spans.insert(block.labels);
                }
            }
        }
        let mut wanted = Spans::new();
        for want in &ask.wants {
            wanted.insert(want.labels);
            for metric in &want.metrics {
                let spans = held.get(&(&want.key, metric));
                prop_assert!(spans.is_some_and(|spans| spans.covers(want.labels)));
            }
        }
        let hull = wanted.hull().unwrap();
        prop_assert!(requests.iter().all(|one| hull.covers(one.block.labels)));
        // Never more than each symbol by itself would take.
        let mut alone = 0;
        for key in ask.wants.chunk_by(|a, b| a.key == b.key) {
            let one = Ask { wants: key.to_vec(), ..ask.clone() };
            alone += bounded(&one).len();
        }
        // The windows of one symbol begin elsewhere: one more each, at most.
        prop_assert!(requests.len() <= alone + ask.wants.len(), "{} {alone}", requests.len());
    }
}
