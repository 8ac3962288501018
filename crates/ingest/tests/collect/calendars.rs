//! Datasets that do not expect a value in every bucket.

use fake_vendors::Listing;
use ingest::Collector;
use source::Calendar;
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    world::{RPM, World, at, csv_of, demo},
    wrapped::Wrapped,
};

/// A Monday.
const SINCE: &str = "2026-05-11";

async fn collector(world: &World, calendar: Calendar) -> Collector {
    let mut vendor = Wrapped::new(world.coingecko(Plan::Demo, RPM));
    for dataset in &mut vendor.datasets {
        dataset.calendar = calendar;
    }
    let setup = world.setup(vendor, &csv_of(&["bitcoin"], SINCE)).await;
    Collector::open(setup).await.unwrap()
}

#[tokio::test]
async fn nobody_is_asked_for_a_weekend_by_itself() {
    let world = World::new(demo()).await;
    let collector = collector(&world, Calendar::Exchange).await;
    for (now, asked) in [
        // Saturday: the week. Sunday and Monday before its first hour: nothing.
        ("2026-05-16T12:50:00Z", vec!["chart_daily", "chart_hourly"]),
        ("2026-05-17T12:50:00Z", vec![]),
        ("2026-05-18T00:50:00Z", vec![]),
        ("2026-05-18T12:50:00Z", vec!["chart_hourly"]),
        ("2026-05-19T00:50:00Z", vec!["chart_daily", "chart_hourly"]),
    ] {
        world.set_now(now);
        let filled = collector.fill_gaps("gaps").await.unwrap();
        assert_eq!(filled.status(), PullStatus::Complete);
        let pulls: Vec<&str> = (filled.pulls.iter())
            .map(|pull| pull.dataset.as_str())
            .collect();
        assert_eq!(pulls, asked, "{now}");
        assert!(filled.pulls.iter().all(|pull| pull.requests == 1), "{now}");
        assert_eq!(filled.holes, [], "{now}");
    }
    // This one trades at the weekend all the same, and what came is there.
    let truth = world.truth(&["bitcoin"], SINCE, "2026-05-19");
    assert_eq!(world.rows().await, truth);
    let missing = world.missing().await;
    assert!(
        !missing.iter().any(|line| line.contains("closed")),
        "{missing:?}"
    );
}

#[tokio::test]
async fn events_are_asked_for_once_and_silence_is_no_gap() {
    let world = World::new(demo()).await;
    // Wanted since long before there is anything.
    world.vendor.set_listing(&Listing {
        id: "bitcoin".to_owned(),
        listed_ms: Some(at("2026-05-12").millis()),
        delisted_ms: None,
    });
    let collector = collector(&world, Calendar::None).await;
    let filled = collector.fill_gaps("gaps").await.unwrap();
    assert_eq!(filled.status(), PullStatus::Complete);
    assert!(filled.total(|pull| pull.inserted) > 0);
    assert_eq!((filled.holes.len(), filled.waiting.len()), (0, 0));
    assert_eq!(world.missing().await, Vec::<String>::new());
    let asked = world.vendor.counts().total;
    // A week later the new time is asked for, and nothing else.
    world.set_now("2026-05-25T12:50:00Z");
    collector.fill_gaps("gaps").await.unwrap();
    assert_eq!(world.vendor.counts().total, asked + 2);
    assert_eq!(world.missing().await, Vec::<String>::new());
}
