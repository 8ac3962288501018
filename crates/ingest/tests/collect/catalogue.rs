//! When the catalogue is read: after the tick, at the next one where it failed, a day after a good one.

use std::sync::Arc;

use fake_vendors::{Fault, Faults, Listing, Rule};
use ingest::schedule;
use model::Ts;
use source_coingecko::SOURCE;
use store::pulls::PullStatus;

use crate::{
    processes::until,
    world::{World, at, csv_of, demo},
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

#[tokio::test]
async fn what_two_catalogues_a_day_apart_miss_has_ended_until_it_returns() {
    let world = World::new(demo()).await;
    let collector = world
        .collector(&csv_of(&["bitcoin", "ripple"], "2026-05-10"))
        .await;
    let delist = |when: Option<&str>| {
        world.vendor.set_listing(&Listing {
            id: "ripple".to_owned(),
            listed_ms: None,
            delisted_ms: when.map(|when| at(when).millis()),
        });
    };
    let read = async |now: &str| {
        world.set_now(now);
        let read = collector.refresh_catalogue("catalogue").await.unwrap();
        assert_eq!(read.status(), PullStatus::Complete);
        let facts = world.store.facts(SOURCE).await.unwrap();
        let ripple = facts
            .into_iter()
            .find(|fact| fact.subject.asset.as_str() == "ripple");
        ripple.and_then(|fact| Some((fact.ended_at?, fact.ended_from)))
    };
    // Whether a round of gap filling asks for each coin.
    let fills = async || {
        let before = world.vendor.requests().len();
        collector.fill_gaps("gaps").await.unwrap();
        let requests = world.vendor.requests().split_off(before);
        ["bitcoin", "ripple"].map(|coin| {
            let path = format!("/coins/{coin}/market_chart/range");
            requests.iter().any(|record| record.path == path)
        })
    };
    assert_eq!(read("2026-05-18T12:50:00Z").await, None);
    assert_eq!(fills().await, [true, true]);
    delist(Some("2026-05-18T15:00:00Z"));
    assert_eq!(read("2026-05-19T12:50:00Z").await, None);
    assert_eq!(fills().await, [true, true]);
    assert_eq!(read("2026-05-19T20:50:00Z").await, None);
    let ended = read("2026-05-20T12:45:00Z").await;
    let missed = at("2026-05-19T12:50:00Z");
    assert_eq!(ended, Some((missed, "catalogue:coins_list".to_owned())));
    // Days later nobody asks for it beyond its end, and nothing of it is a hole.
    for day in [23, 24] {
        world.set_now(&format!("2026-05-{day}T12:50:00Z"));
        let before = world.vendor.requests().len();
        let filled = collector.fill_gaps("gaps").await.unwrap();
        let mut holes = filled.holes.iter();
        assert!(!holes.any(|hole| hole.series.key.asset.as_str() == "ripple"));
        let requests = world.vendor.requests().split_off(before);
        let of = |coin: &str| -> Vec<Ts> {
            let charts = requests.iter().filter(|record| record.path.contains(coin));
            let to = charts.filter_map(|record| record.query.split("to=").nth(1));
            to.map(|to| Ts::from_secs(to.split('&').next().unwrap().parse().unwrap()))
                .collect()
        };
        assert!(!of("/bitcoin/").is_empty());
        let end = at("2026-05-21T06:00:00Z");
        assert!(of("/ripple/").iter().all(|to| *to < end), "{requests:?}");
    }
    delist(None);
    assert_eq!(read("2026-05-25T12:50:00Z").await, None);
    assert_eq!(fills().await, [true, true]);
    assert!(
        world
            .missing()
            .await
            .iter()
            .all(|line| !line.starts_with("ripple") || line.contains("waits"))
    );
}
