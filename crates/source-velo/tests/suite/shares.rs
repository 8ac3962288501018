//! What shares a request: holes of a product, products with nearly the same time, columns.

use model::{Spans, TimeRange};
use proptest::prelude::*;
use source::{Ask, Source as _, Want};
use source_velo::{Plan, ROWS};

use crate::{
    CLOSE, DEFAULT, ask, at, live,
    plan::{all_columns, counted, products},
    range, vendor, want,
};

const NOW: &str = "2026-06-01T00:05:00Z";

fn past(wants: Vec<Want>) -> Ask {
    ask(ROWS, NOW, wants)
}

/// So many hours from an hour on, counted from the first of 2026.
fn hours(from: i64, count: i64) -> TimeRange {
    let start = at("2026-01-01").plus_secs(from * 3_600);
    TimeRange::new(start, start.plus_secs(count * 3_600))
}

#[test]
fn holes_of_all_products_are_not_asked_for_with_what_lies_between() {
    for days in [1, 30, 90, 94] {
        let mut wants = products("bybit", 200, DEFAULT, hours(0, 1));
        wants.extend(products("bybit", 200, DEFAULT, hours(24 * days, 1)));
        assert_eq!(counted(&past(wants)), 2, "{days} days");
    }
}

#[test]
fn products_of_nearly_the_same_time_share_a_request() {
    let two = vec![
        want("A AUSDT bybit", DEFAULT, hours(0, 10)),
        want("B BUSDT bybit", DEFAULT, hours(0, 11)),
    ];
    assert_eq!(counted(&past(two)), 1);
    // Each one hour of the same day: together 12,000 values.
    let of_a_day = |n: usize| {
        let hour = i64::try_from(n % 24).unwrap();
        want(
            &format!("C{n:02} C{n:02}USDT bybit"),
            DEFAULT,
            hours(hour, 1),
        )
    };
    assert_eq!(counted(&past((0..50).map(of_a_day).collect())), 1);
    // A long one beside them changes nothing.
    let mut wants: Vec<Want> = (0..50).map(of_a_day).collect();
    wants.push(want("Z ZUSDT bybit", DEFAULT, hours(-1_000, 2_000)));
    assert_eq!(counted(&past(wants)), 2);
}

#[test]
fn what_is_left_of_a_long_time_is_shared() {
    let count = |of, length| counted(&past(products("bybit", of, DEFAULT, hours(0, length))));
    assert_eq!(count(100, 2_251), 101);
    assert_eq!(count(200, 2_300), 205);
    // More than half a request a product: section 8 counts one for each.
    assert_eq!(count(100, 2_250 + 1_200), 200);
}

#[test]
fn long_names_of_products_fit_where_their_values_do() {
    let hours = range("2026-05-31T21:00:00Z", "2026-06-01T00:00:00Z");
    let swaps = |count: usize, metrics: &[&str]| {
        let swap = |n| {
            want(
                &format!("C{n:03} C{n:03}-USDT-SWAP okex-swap"),
                metrics,
                hours,
            )
        };
        live(ROWS, NOW, (0..count).map(swap).collect())
    };
    assert_eq!(counted(&swaps(180, &all_columns())), 1);
    assert_eq!(counted(&swaps(200, DEFAULT)), 1);
    // What an address spells in three bytes counts three.
    let odd = |n: usize| {
        want(
            &format!("C{n:03} {}{n:03} bybit", "+".repeat(20)),
            CLOSE,
            hours,
        )
    };
    let ask = live(ROWS, NOW, (0..100).map(odd).collect());
    let vendor = vendor(Plan::Annual);
    let requests: Vec<_> = vendor.plan(&ask).unwrap().collect();
    assert!(requests.len() > 1);
    assert!(
        requests
            .iter()
            .all(|one| one.path_and_query().len() < 4_096)
    );
}

#[test]
fn the_open_bucket_is_asked_for_with_the_newest_labels_only() {
    let vendor = vendor(Plan::Annual);
    let ask = live(
        ROWS,
        NOW,
        vec![
            want("A AUSDT bybit", DEFAULT, range("2025-12-01", "2026-06-01")),
            want("B BUSDT bybit", DEFAULT, range("2026-01-01", "2026-01-02")),
        ],
    );
    let ends: Vec<_> = (vendor.plan(&ask).unwrap())
        .map(|one| {
            let (_, end) = one.query.iter().find(|(name, _)| name == "end").unwrap();
            end.parse::<i64>().unwrap() - one.block.labels.end.millis()
        })
        .collect();
    assert_eq!(ends.iter().filter(|open| **open == 3_600_000).count(), 1);
    assert_eq!(ends.iter().filter(|open| **open != 0).count(), 1);
}

fn wants() -> impl Strategy<Value = Vec<Want>> {
    let metrics = prop::sample::subsequence(all_columns(), 1..=30);
    let one = (0..12_usize, metrics, 0..4_000_i64, 1..3_000_i64);
    prop::collection::vec(one, 1..30).prop_map(|parts| {
        let mut wants: Vec<Want> = (parts.into_iter())
            .map(|(n, metrics, from, count)| {
                let exchange = ["bybit", "deribit"][n % 2];
                want(
                    &format!("C{n} C{n}USDT {exchange}"),
                    &metrics,
                    hours(from, count),
                )
            })
            .collect();
        wants.sort_by(|a, b| (&a.key, a.labels.start).cmp(&(&b.key, b.labels.start)));
        wants
    })
}

proptest! {
    #[test]
    fn a_plan_holds_what_is_wanted_and_costs_no_more_than_each_want_by_itself(wants in wants()) {
        let whole = past(wants);
        let vendor = vendor(Plan::Annual);
        let requests: Vec<_> = vendor.plan(&whole).unwrap().collect();
        for want in &whole.wants {
            for metric in &want.metrics {
                let held: Spans = (requests.iter().map(|one| &one.block))
                    .filter(|block| block.keys.contains(&want.key) && block.metrics.contains(metric))
                    .map(|block| block.labels)
                    .collect();
                prop_assert!(held.covers(want.labels));
            }
        }
        prop_assert!(requests.iter().all(|one| one.block.keys.len() <= 200));
        prop_assert!(requests.is_sorted_by(|a, b| a.block.labels.end >= b.block.labels.end));
        let apart: usize = (whole.wants.iter())
            .map(|want| counted(&past(vec![want.clone()])))
            .sum();
        prop_assert!(counted(&whole) <= apart);
    }
}
