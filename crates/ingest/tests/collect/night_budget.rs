//! What a night may cost: told before, kept, and shared so that everything has its turn.

use std::collections::BTreeMap;

use ingest::{Again, Collector, Timetable};
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    nights::revise,
    world::{RPM, World, csv_of, demo},
};

const COINS: [&str; 6] = ["bitcoin", "ethereum", "solana", "ripple", "uniswap", "dai"];

async fn collector(world: &World, at_most: Option<u64>) -> Collector {
    let csv = csv_of(&COINS, "2026-05-10");
    let mut setup = world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
    setup.timetable = Timetable {
        reread_requests: at_most,
        ..setup.timetable
    };
    Collector::open(setup).await.unwrap()
}

/// Returns how often each coin was read again in a pass, by name of the pass.
fn read_since(world: &World, seen: usize) -> BTreeMap<String, usize> {
    let mut read = BTreeMap::new();
    for request in &world.vendor.requests()[seen..] {
        let coin = request.path.split('/').nth(2).unwrap().to_owned();
        *read.entry(coin).or_default() += 1;
    }
    read
}

#[tokio::test]
async fn every_coin_is_read_again_although_a_night_is_too_short_for_all() {
    let world = World::new(demo()).await;
    let collector = collector(&world, Some(4)).await;
    collector.fill_gaps("gaps").await.unwrap();
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for day in 19..=24 {
        world.set_now(&format!("2026-05-{day}T02:10:00Z"));
        let seen = world.vendor.requests().len();
        collector.reread().await.unwrap();
        // Not more an hour later, nor in another process.
        world.set_now(&format!("2026-05-{day}T03:10:00Z"));
        collector.reread().await.unwrap();
        let read = read_since(&world, seen);
        assert_eq!(read.values().sum::<usize>(), 4, "{day}: {read:?}");
        for (coin, times) in read {
            *all.entry(coin).or_default() += times;
        }
    }
    assert_eq!(all.len(), COINS.len(), "{all:?}");
    assert!(all.values().all(|times| *times >= 2), "{all:?}");
}

#[tokio::test]
async fn what_a_process_spent_counts_in_the_next_one() {
    let world = World::new(demo()).await;
    let first = collector(&world, Some(4)).await;
    first.fill_gaps("gaps").await.unwrap();
    world.set_now("2026-05-19T02:10:00Z");
    first.reread().await.unwrap();
    let seen = world.vendor.requests().len();
    let next = collector(&world, Some(5)).await;
    let summary = next.reread().await.unwrap();
    // The window is over for tonight, and its rest is another night's.
    assert!(summary.pulls.is_empty());
    assert_eq!(world.vendor.requests().len(), seen);
    let queued =
        "SELECT count(DISTINCT asset)::text FROM reread_queue JOIN series USING (series_id)";
    assert_eq!(world.text(queued).await, "2");
}

#[tokio::test]
async fn a_night_too_short_for_its_window_looks_only_as_far_again_another_night() {
    let world = World::new(demo()).await;
    let collector = collector(&world, Some(4)).await;
    collector.fill_gaps("gaps").await.unwrap();
    // Down to the first bucket that is wanted.
    revise(
        &world.vendor,
        &[("2026-05-09T02:30:00Z", "2026-05-18T12:30:00Z")],
    );
    world.set_now("2026-05-19T02:10:00Z");
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.total(|pull| pull.requests), 4);
    let oldest = "SELECT min(lower(during))::text FROM reread_queue JOIN series USING (series_id)
                  WHERE asset = 'bitcoin'";
    assert_eq!(world.text(oldest).await, "2026-05-13 02:00:00+00");
}

#[tokio::test]
async fn the_bill_of_a_night_is_what_the_night_costs() {
    let world = World::new(demo()).await;
    let collector = collector(&world, None).await;
    collector.fill_gaps("gaps").await.unwrap();
    world.set_now("2026-05-19T02:10:00Z");
    let seen = world.vendor.counts().total;
    let bill = collector.night_bill().await.unwrap();
    assert_eq!(world.vendor.counts().total, seen);
    let of_days = |days| {
        let pass = bill
            .passes
            .iter()
            .find(|pass| matches!(pass.what, Again::Window(window) if window.window_days == days));
        let pass = pass.unwrap();
        (pass.dataset.as_str(), pass.requests, pass.deeper)
    };
    assert_eq!(of_days(3), ("chart_hourly", 6, 24));
    assert_eq!(of_days(30), ("chart_hourly", 6, 24));
    assert_eq!((bill.at_most, bill.unnamed), (None, 0));
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total - seen, 6);
}
