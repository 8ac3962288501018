//! When the catalogue is read: after the tick, at the next one where it failed, a day after a good one.

use std::sync::Arc;

use fake_vendors::{Fault, Faults, Rule};
use ingest::schedule;

use crate::{
    processes::until,
    world::{World, csv_of, demo},
};

const COINS: [&str; 1] = ["bitcoin"];

#[tokio::test]
async fn the_tick_comes_first_and_a_failed_catalogue_is_read_after_the_next() {
    let world = World::new(demo()).await;
    let rules = vec![Rule::times("/coins/list", 1, Fault::Empty)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let collector = Arc::new(world.collector(&csv_of(&COINS, "2026-05-18")).await);
    let ticking = tokio::spawn(schedule::ticks(
        collector,
        world.clock.clone(),
        world.stop.clone(),
    ));
    until(|| world.vendor.counts().of("/coins/markets") >= 26).await;
    world.stopper.stop();
    ticking.await.unwrap().unwrap();
    let mut asked: Vec<String> = (world.vendor.requests().into_iter())
        .map(|record| record.path)
        .collect();
    asked.truncate(5);
    let (tick, catalogue) = ("/coins/markets", "/coins/list");
    assert_eq!(asked, [tick, catalogue, tick, catalogue, tick]);
    // The good one at three minutes past one o'clock; the next a day later, at the same minute.
    let read: Vec<String> = (world.vendor.requests().iter())
        .filter(|record| record.path == catalogue)
        .map(|record| record.at.chars().take(16).collect())
        .collect();
    let expected = ["2026-05-18T12:50", "2026-05-18T13:03", "2026-05-19T13:03"];
    assert_eq!(read[..2], expected[..2]);
    assert!(read.len() < 3 || read[2..] == expected[2..], "{read:?}");
}

#[tokio::test]
async fn a_restart_does_not_read_it_again_and_a_day_later_somebody_does() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-05-18");
    let read = || world.vendor.counts().of("/coins/list");
    let first = world.collector(&csv).await;
    assert!(
        first
            .refresh_due_catalogue("first")
            .await
            .unwrap()
            .is_some()
    );
    let second = world.collector(&csv).await;
    assert!(
        second
            .refresh_due_catalogue("restarted")
            .await
            .unwrap()
            .is_none()
    );
    world.set_now("2026-05-19T11:50:00Z");
    assert!(
        second
            .refresh_due_catalogue("early")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(read(), 1);
    world.set_now("2026-05-19T12:49:00Z");
    assert!(second.refresh_due_catalogue("due").await.unwrap().is_some());
    assert_eq!(read(), 2);
}
