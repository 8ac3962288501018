//! One pace for several processes: whatever they do, no window holds more than the vendor allows.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use model::{SourceId, Ts};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use store::{Store, pace::SlotTaken};

use crate::world::{at, connect};

const ACME: SourceId = SourceId::new("acme");

/// One process: how far ahead it may reserve, and how long it idles before each request.
type Process = (Duration, Vec<Duration>);

fn process() -> impl Strategy<Value = Process> {
    let ahead = prop_oneof![Just(0_u64), Just(60)].prop_map(Duration::from_secs);
    // Mostly busy, with idle spells in which a bucket would fill up.
    let idle_ms = prop_oneof![4 => Just(0_u64), 2 => 0_u64..3_000, 1 => 0_u64..200_000];
    let idles = prop::collection::vec(idle_ms.prop_map(Duration::from_millis), 5..25);
    (ahead, idles)
}

/// Lets the processes ask, each on a connection of its own, and returns when requests left, in µs.
async fn sent(stores: &[Store], host: &str, interval: Duration, processes: &[Process]) -> Vec<i64> {
    let start = at("2026-05-18").millis();
    let mut turns: BinaryHeap<Reverse<(i64, usize, usize)>> = (processes.iter().enumerate())
        .map(|(at, _)| Reverse((start, at, 0)))
        .collect();
    let ms = |wait: Duration| i64::try_from(wait.as_micros().div_ceil(1_000)).unwrap();
    let mut sent = Vec::new();
    while let Some(Reverse((now_ms, which, done))) = turns.pop() {
        let (ahead, idles) = &processes[which];
        let taken = stores[which]
            .take_slot_at(ACME, host, interval, *ahead, Ts::from_millis(now_ms))
            .await
            .unwrap();
        match taken {
            SlotTaken::Go { wait } => {
                sent.push(now_ms * 1_000 + i64::try_from(wait.as_micros()).unwrap());
                if let Some(idle) = idles.get(done) {
                    turns.push(Reverse((now_ms + ms(wait) + ms(*idle), which, done + 1)));
                }
            }
            SlotTaken::Full { retry_in } => {
                turns.push(Reverse((now_ms + ms(retry_in), which, done)));
            }
            SlotTaken::Parked { until } => unreachable!("nobody parked it until {until}"),
        }
    }
    sent.sort_unstable();
    sent
}

#[test]
fn whatever_the_processes_do_no_window_holds_more_than_the_limit() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_database, stores) = runtime.block_on(async {
        let database = testkit::database().await;
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(connect(&database).await);
        }
        (database, stores)
    });
    let config = Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    };
    let processes = prop::collection::vec(process(), 2..=4);
    let case = (1_u32..60, 1_u64..120, processes, any::<u64>());
    let outcome = TestRunner::new(config).run(&case, |(limit, window_secs, processes, host)| {
        let window = Duration::from_secs(window_secs);
        let interval = ratelimit::interval(limit, window);
        // Every case has a row of its own.
        let host = format!("{host}");
        let sent = runtime.block_on(sent(&stores, &host, interval, &processes));
        let asked: usize = processes.iter().map(|(_, idles)| idles.len() + 1).sum();
        prop_assert_eq!(sent.len(), asked);
        let window_us = i64::try_from(window.as_micros()).unwrap();
        for (at, start) in sent.iter().enumerate() {
            let inside = sent[at..]
                .iter()
                .take_while(|one| **one < start + window_us)
                .count();
            prop_assert!(inside <= limit as usize, "{} from {}", inside, start);
        }
        Ok(())
    });
    outcome.unwrap();
}
