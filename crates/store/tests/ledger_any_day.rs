//! A quota of any 24 hours: several processes, each with a clock and a connection of its own.

#![allow(clippy::unwrap_used, reason = "test code")]

mod ledger_support;

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use ledger_support::{ACME, store};
use model::Ts;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use store::{
    Store,
    pace::{QuotaWindow, Spend},
};
use tokio::sync::Barrier;

const HOST: &str = "api.acme.test";
const DAY_SECS: i64 = 86_400;

fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

const fn any_day(limit: i64, reserve: i64) -> [QuotaWindow; 1] {
    [QuotaWindow {
        unit: "requests",
        span: "hour",
        before: 24,
        limit,
        reserve,
    }]
}

#[tokio::test]
async fn what_was_used_comes_back_a_day_later_hour_by_hour() {
    let database = testkit::database().await;
    let store = store(&database).await;
    let windows = any_day(25, 0);
    let spend = |cost, now| store.spend(ACME, HOST, &windows, cost, at(now));
    for (cost, now) in [
        (10, "2026-03-28T10:59:59Z"),
        (8, "2026-03-28T11:00:00Z"),
        (7, "2026-03-28T23:30:00Z"),
    ] {
        assert_eq!(spend(cost, now).await.unwrap(), Spend::Ok, "{now}");
    }
    // The same in advance.
    let used = store.used_by_span(ACME, HOST, &windows[0], at("2026-03-29T11:04:59Z"));
    let freed: Vec<_> = (used.await.unwrap().into_iter())
        .map(|(start, units)| (windows[0].frees_at(start), units))
        .collect();
    let expected = [
        (at("2026-03-29T11:05:00Z"), 10),
        (at("2026-03-29T12:05:00Z"), 8),
        (at("2026-03-30T00:05:00Z"), 7),
    ];
    assert_eq!(freed, expected);
    let used = store.used_by_span(ACME, HOST, &windows[0], at("2026-03-29T11:05:00Z"));
    assert_eq!(used.await.unwrap().len(), 2);
    let exhausted = |until| Spend::Exhausted {
        window: windows[0],
        until: at(until),
    };
    // The turn of the day means nothing; ten come back first, then eight.
    for (cost, now, until) in [
        (1, "2026-03-29T00:00:00Z", "2026-03-29T11:05:00Z"),
        (10, "2026-03-29T11:04:59Z", "2026-03-29T11:05:00Z"),
        (11, "2026-03-29T11:04:59Z", "2026-03-29T12:05:00Z"),
        (19, "2026-03-29T11:04:59Z", "2026-03-30T00:05:00Z"),
    ] {
        assert_eq!(spend(cost, now).await.unwrap(), exhausted(until), "{cost}");
    }
    let used = |now| store.used_of(ACME, HOST, &windows[0], at(now));
    assert_eq!(used("2026-03-29T10:59:59Z").await.unwrap(), 25);
    assert_eq!(used("2026-03-29T11:30:00Z").await.unwrap(), 15);
    assert_eq!(spend(10, "2026-03-29T11:05:00Z").await.unwrap(), Spend::Ok);
    assert_ne!(spend(1, "2026-03-29T12:04:59Z").await.unwrap(), Spend::Ok);
    assert_eq!(spend(8, "2026-03-29T12:05:00Z").await.unwrap(), Spend::Ok);

    // What could never fit names a time all the same, and what others may use is left.
    let never = spend(26, "2026-04-02T07:00:00Z").await.unwrap();
    assert_eq!(never, exhausted("2026-04-03T08:05:00Z"));
    let gentle = any_day(25, 5);
    let now = at("2026-04-02T07:00:00Z");
    let fill = |cost| store.spend(ACME, HOST, &gentle, cost, now);
    assert_eq!(fill(20).await.unwrap(), Spend::Ok);
    assert_ne!(fill(1).await.unwrap(), Spend::Ok);
    assert_eq!(spend(5, "2026-04-02T07:00:00Z").await.unwrap(), Spend::Ok);
    let words = Spend::Exhausted {
        window: gentle[0],
        until: at("2026-04-03T08:05:00Z"),
    };
    assert_eq!(fill(1).await.unwrap(), words);
    assert_eq!(gentle[0].to_string(), "24 hours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_on_both_sides_of_a_full_hour_spend_no_more_than_there_is() {
    let database = testkit::database().await;
    let mut tasks = Vec::new();
    let together = Arc::new(Barrier::new(8));
    for task in 0..8 {
        let store = store(&database).await;
        let together = Arc::clone(&together);
        // Clocks differ: one process counts in the old hour, its neighbour in the new one.
        let now = match task % 2 {
            0 => at("2026-01-30T10:59:59.900Z"),
            _ => at("2026-01-30T11:00:00Z"),
        };
        tasks.push(tokio::spawn(async move {
            let mut granted = Vec::new();
            for round in 0..50 {
                together.wait().await;
                let host = format!("host-{round}");
                let spent = store.spend(ACME, &host, &any_day(2, 0), 1, now).await;
                granted.push(i64::from(spent.unwrap() == Spend::Ok));
            }
            granted
        }));
    }
    let mut granted = vec![0; 50];
    for task in tasks {
        let task = task.await.unwrap();
        granted
            .iter_mut()
            .zip(task)
            .for_each(|(sum, one)| *sum += one);
    }
    assert_eq!(granted, vec![2; 50]);
}

/// One process: how far its clock is ahead, in seconds; per request how long it idles before it, how
/// long that is under way, and what it costs.
type Process = (i64, Vec<(i64, i64, i64)>);

fn process() -> impl Strategy<Value = Process> {
    let idle_secs = prop_oneof![3 => Just(0_i64), 2 => 0_i64..5_000, 1 => 0_i64..200_000];
    let request = (idle_secs, 0_i64..120, 1_i64..4);
    (0_i64..120, prop::collection::vec(request, 5..40))
}

/// Lets the processes ask and returns what arrived at the vendor: when, in seconds, and its cost.
async fn arrived(
    stores: &[Store],
    host: &str,
    limit: i64,
    processes: &[Process],
) -> Vec<(i64, i64)> {
    let start = at("2026-05-18T09:20:00Z").secs();
    let mut turns: BinaryHeap<Reverse<(i64, usize, usize)>> = (processes.iter().enumerate())
        .map(|(which, (_, requests))| Reverse((start + requests[0].0, which, 0)))
        .collect();
    let mut arrived = Vec::new();
    while let Some(Reverse((now, which, done))) = turns.pop() {
        let (ahead, requests) = &processes[which];
        let (_, under_way, cost) = requests[done];
        let clock = Ts::from_secs(now + ahead);
        let spent = stores[which]
            .spend(ACME, host, &any_day(limit, 0), cost, clock)
            .await
            .unwrap();
        match spent {
            Spend::Ok => {
                arrived.push((now + under_way, cost));
                if let Some((idle, _, _)) = requests.get(done + 1) {
                    turns.push(Reverse((now + under_way + idle, which, done + 1)));
                }
            }
            Spend::Exhausted { until, .. } => {
                assert!(until > clock, "{until} is no time to wait for");
                turns.push(Reverse((until.secs() - ahead, which, done)));
            }
        }
    }
    arrived.sort_unstable();
    arrived
}

#[test]
fn whatever_the_processes_do_no_24_hours_hold_more_than_the_limit() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_database, stores) = runtime.block_on(async {
        let database = testkit::database().await;
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(store(&database).await);
        }
        (database, stores)
    });
    let config = Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    };
    let processes = prop::collection::vec(process(), 2..=4);
    let case = (3_i64..30, processes, any::<u64>());
    let outcome = TestRunner::new(config).run(&case, |(limit, processes, host)| {
        // Every case has rows of its own.
        let arrived = runtime.block_on(arrived(&stores, &host.to_string(), limit, &processes));
        let asked: usize = processes.iter().map(|(_, requests)| requests.len()).sum();
        prop_assert_eq!(arrived.len(), asked);
        for (at, (first, _)) in arrived.iter().enumerate() {
            let inside = arrived[at..].iter();
            let units: i64 = inside
                .take_while(|(when, _)| *when <= first + DAY_SECS)
                .map(|(_, cost)| cost)
                .sum();
            prop_assert!(units <= limit, "{} of {} from {}", units, limit, first);
        }
        Ok(())
    });
    outcome.unwrap();
}
