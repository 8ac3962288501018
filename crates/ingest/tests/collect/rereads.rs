//! Re-reads that find more than they looked for, and those that do not come to their end.

use std::time::Duration;

use fake_vendors::{Fault, Faults, Rule, When};
use ingest::{Collector, Stopper};
use source::{Limit, Unit, Window};
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    nights::{rereads, revise, revision},
    processes::{FOR_EVER, until},
    world::{RPM, World, at, csv_of, demo},
    wrapped::Wrapped,
};

const COINS: [&str; 6] = ["bitcoin", "ethereum", "solana", "ripple", "uniswap", "dai"];
const CHART: &str = "/coins/{id}/market_chart/range";

/// Returns how many hours of bitcoin's price before a time are not what the vendor says today.
async fn stale_hours(world: &World, from: &str, to: &str) -> usize {
    let price = "bitcoin usd PRICE 1h";
    let rows = world.rows().await;
    let truth = world.truth(&["bitcoin"], from, to);
    let stored = &rows[price];
    truth[price]
        .iter()
        .filter(|point| !stored.contains(point))
        .count()
}

fn fail(world: &World, coin: &str, fault: Fault) {
    let path = format!("/coins/{coin}/market_chart");
    world.vendor.set_faults(Faults {
        rules: vec![Rule::always(&path, fault)],
        revisions: vec![],
    });
}

#[tokio::test]
async fn a_window_that_differs_at_its_oldest_end_is_doubled_until_it_does_not() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-01-01")).await;
    collector.fill_gaps("gaps").await.unwrap();
    // Nine days: three, six, twelve.
    revise(
        &world.vendor,
        &[("2026-05-10T02:30:00Z", "2026-05-18T12:30:00Z")],
    );
    world.set_now("2026-05-19T02:10:00Z");
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    let passes = ["reread-3d", "deeper-6d", "deeper-12d"];
    let told = passes.map(|name| format!("{name} chart_hourly 2026-05-19T02:10"));
    assert_eq!(rereads(&world).await, told);
    // Of the one coin that differs alone.
    let requests: Vec<u64> = summary.pulls.iter().map(|pull| pull.requests).collect();
    assert_eq!(requests, [6, 1, 1]);
    assert_eq!(
        stale_hours(&world, "2026-01-01", "2026-05-18T12:00:00Z").await,
        0
    );
    // Nothing is left for anybody.
    world.clock.advance(Duration::from_secs(3_600));
    assert!(collector.reread().await.unwrap().pulls.is_empty());
}

#[tokio::test]
async fn the_very_first_bucket_of_a_window_counts() {
    for (repaired, passes) in [
        // The labels of these buckets are an hour later.
        (("2026-05-16T02:30:00Z", "2026-05-16T03:30:00Z"), 2),
        // After the oldest quarter.
        (("2026-05-16T20:30:00Z", "2026-05-16T21:30:00Z"), 1),
    ] {
        let world = World::new(demo()).await;
        let collector = world.collector(&csv_of(&["bitcoin"], "2026-01-01")).await;
        collector.fill_gaps("gaps").await.unwrap();
        revise(&world.vendor, &[repaired]);
        world.set_now("2026-05-19T02:10:00Z");
        let summary = collector.reread().await.unwrap();
        assert_eq!(summary.total(|pull| pull.updated), 1, "{repaired:?}");
        assert_eq!(summary.pulls.len(), passes, "{repaired:?}");
    }
}

#[tokio::test]
async fn a_difference_of_120_days_is_read_within_a_budget_and_the_rest_another_night() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-01-01")).await;
    collector.fill_gaps("gaps").await.unwrap();
    let asked = world.vendor.counts().of(CHART);
    let (from, to) = ("2026-01-18T12:00:00Z", "2026-05-18T12:00:00Z");
    revise(
        &world.vendor,
        &[("2026-01-18T12:30:00Z", "2026-05-18T12:30:00Z")],
    );
    world.set_now("2026-05-19T02:10:00Z");
    let summary = collector.reread().await.unwrap();
    let names: Vec<String> = (rereads(&world).await.into_iter())
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    // One request, and four times as many; the last one asks nothing and queues what is left.
    let doubled = [
        "reread-3d",
        "deeper-6d",
        "deeper-12d",
        "deeper-24d",
        "deeper-48d",
    ];
    assert_eq!(names[..5], doubled);
    assert_eq!((names.len(), summary.pulls[5].requests), (6, 0));
    assert_eq!(world.vendor.counts().of(CHART) - asked, 5);
    assert!(stale_hours(&world, from, to).await > 1_000);
    // Not in this night.
    world.set_now("2026-05-20T01:10:00Z");
    assert!(collector.reread().await.unwrap().pulls.is_empty());
    world.set_now("2026-05-20T02:10:00Z");
    collector.reread().await.unwrap();
    assert_eq!(stale_hours(&world, from, to).await, 0);
    assert_eq!(
        world.text("SELECT count(*)::text FROM reread_queue").await,
        "0"
    );
    // Down to what is wanted and no further: from the first of January two requests.
    assert_eq!(world.vendor.counts().of(CHART) - asked, 5 + 1 + 2);
}

#[tokio::test]
async fn what_a_pass_could_not_read_is_read_the_next_night() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-05-10")).await;
    collector.fill_gaps("gaps").await.unwrap();
    // The weekly pass loses one of six.
    world.set_now("2026-05-25T02:10:00Z");
    fail(&world, "solana", Fault::Html403);
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.status(), PullStatus::Partial);
    assert_eq!(rereads(&world).await.len(), 1);
    let queued = "SELECT string_agg(DISTINCT s.asset || ' ' || s.step || ' ' || during::text, '; ')
                  FROM reread_queue JOIN series s USING (series_id)";
    let text = world.text(queued).await;
    assert!(
        text.starts_with("solana 1h [\"2026-05-10 00:00:00+00\""),
        "{text}"
    );
    // It is not repeated for that.
    world.vendor.set_faults(Faults::default());
    world.clock.advance(Duration::from_secs(3_600));
    assert!(collector.reread().await.unwrap().pulls.is_empty());
    let asked = world.vendor.counts().total;
    world.set_now("2026-05-26T02:10:00Z");
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    // Six for the night's own window, one for the fortnight that was lost.
    assert_eq!(world.vendor.counts().total - asked, 7);
    let names =
        ["reread-3d", "reread-queue"].map(|name| format!("{name} chart_hourly 2026-05-26T02:10"));
    assert_eq!(rereads(&world).await[1..], names);
    assert_eq!(
        world.text("SELECT count(*)::text FROM reread_queue").await,
        "0"
    );
}

#[tokio::test]
async fn a_pass_that_was_parked_goes_on_where_it_was() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-05-10");
    let mut vendor = Wrapped::new(world.coingecko(Plan::Demo, RPM));
    // The first day takes 12 of the 16 that gap filler and re-reads may use.
    vendor.limits = vec![Limit {
        host: "api",
        unit: Unit::Requests,
        amount: 20,
        window: Window::Day,
    }];
    let collector = Collector::open(world.setup(vendor, &csv).await)
        .await
        .unwrap();
    let asked = || world.vendor.counts().total;
    collector.fill_gaps("gaps").await.unwrap();
    world.set_now("2026-05-19T02:10:00Z");
    collector.fill_gaps("gaps").await.unwrap();
    assert_eq!(asked(), 24);
    let first = collector.reread().await.unwrap();
    assert_eq!((first.status(), asked()), (PullStatus::Parked, 28));
    // It is not begun anew, and there is still nothing to spend.
    world.clock.advance(Duration::from_secs(3_600));
    let again = collector.reread().await.unwrap();
    assert_eq!((again.status(), asked()), (PullStatus::Parked, 28));
    let queue = "reread-queue chart_hourly 2026-05-19T03:10".to_owned();
    assert_eq!(rereads(&world).await[1..], [queue]);
    // The day turns; it is the same night still.
    world.set_now("2026-05-20T00:10:00Z");
    let rest = collector.reread().await.unwrap();
    assert_eq!((rest.status(), asked()), (PullStatus::Complete, 30));
    assert!(collector.reread().await.unwrap().pulls.is_empty());
    assert_eq!(
        world.text("SELECT count(*)::text FROM reread_queue").await,
        "0"
    );
}

#[tokio::test]
async fn a_pass_that_was_stopped_goes_on_where_it_was_in_the_next_process() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-05-10");
    let collector = world.collector(&csv).await;
    collector.fill_gaps("gaps").await.unwrap();
    world.set_now("2026-05-19T02:10:00Z");
    let asked = world.vendor.counts().total;
    world.vendor.set_faults(Faults {
        rules: vec![Rule::always("/market_chart", Fault::Slow { ms: 100 })],
        revisions: vec![],
    });
    let stop = async {
        until(|| world.vendor.counts().total > asked).await;
        world.stopper.stop();
    };
    let (stopped, ()) = tokio::join!(collector.reread(), stop);
    assert_eq!(stopped.unwrap().status(), PullStatus::Interrupted);
    let before = world.vendor.counts().total - asked;
    assert!((1..6).contains(&before), "{before}");

    world.vendor.set_faults(Faults::default());
    let mut setup = world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
    let (_stopper, stop) = Stopper::new();
    setup.stop = stop;
    let next = Collector::open(setup).await.unwrap();
    let rest = next.reread().await.unwrap();
    assert_eq!(rest.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total - asked, 6);
    let now = at("2026-05-19T02:11:00Z");
    assert!(world.pulls().await.iter().all(|pull| pull.started_at < now));
    assert!(next.reread().await.unwrap().pulls.is_empty());
}

async fn statuses(world: &World) -> String {
    let sql = "SELECT string_agg(status, ' ' ORDER BY pull_id) FROM pulls WHERE kind = 'reread'";
    world.text(sql).await
}

/// Waits until the server knows that a process is gone.
async fn claims_are_given_back(world: &World) {
    let claims = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let given_back = async {
        while world.text(claims).await != "0" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(FOR_EVER, given_back).await.unwrap();
}

#[tokio::test]
async fn what_lies_before_a_window_is_read_although_the_process_is_killed_within_it() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-01-01");
    let collector = world.collector(&csv).await;
    collector.fill_gaps("gaps").await.unwrap();
    let changed = revision(&("2026-05-14T02:30:00Z", "2026-05-18T12:30:00Z"));
    world.vendor.set_faults(Faults {
        rules: vec![Rule::always("/coins/dai/market_chart", Fault::Hang)],
        revisions: vec![changed.clone()],
    });
    world.set_now("2026-05-19T02:10:00Z");
    let replaced = async {
        while world
            .text("SELECT count(*)::text FROM metric_revisions")
            .await
            == "0"
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = collector.reread() => panic!("{ended:?}"),
        seen = tokio::time::timeout(FOR_EVER, replaced) => seen.unwrap(),
    }
    drop(collector);
    assert_eq!(statuses(&world).await, "running");
    claims_are_given_back(&world).await;

    // The pass is run again, and sees no difference of bitcoin any more.
    world.vendor.set_faults(Faults {
        rules: vec![],
        revisions: vec![changed],
    });
    world.set_now("2026-05-19T02:40:00Z");
    let next = world.collector(&csv).await;
    let again = next.reread().await.unwrap();
    let requests: Vec<u64> = again.pulls.iter().map(|pull| pull.requests).collect();
    assert_eq!(requests, [6, 1, 1]);
    let (from, to) = ("2026-05-13T03:00:00Z", "2026-05-18T12:00:00Z");
    assert_eq!(stale_hours(&world, from, to).await, 0);
    // Once is enough.
    world.set_now("2026-05-20T02:10:00Z");
    let third = next.reread().await.unwrap();
    assert_eq!(third.pulls.len(), 1, "{third:?}");
}

#[tokio::test]
async fn what_lies_before_a_window_is_read_although_the_process_is_killed_before_it() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-01-01");
    let collector = world.collector(&csv).await;
    collector.fill_gaps("gaps").await.unwrap();
    // The window is read and its values are replaced; what lies before it hangs.
    let hangs = Rule {
        matching: "/market_chart".to_owned(),
        when: When::Every { nth: 7 },
        fault: Fault::Hang,
    };
    let changed = revision(&("2026-05-14T02:30:00Z", "2026-05-18T12:30:00Z"));
    world.vendor.set_faults(Faults {
        rules: vec![hangs],
        revisions: vec![changed.clone()],
    });
    world.set_now("2026-05-19T02:10:00Z");
    let asked = world.vendor.counts().total;
    tokio::select! {
        ended = collector.reread() => panic!("{ended:?}"),
        () = until(|| world.vendor.counts().total == asked + 7) => {}
    }
    drop(collector);
    assert_eq!(statuses(&world).await, "complete running");
    let (from, to) = ("2026-05-13T03:00:00Z", "2026-05-18T12:00:00Z");
    assert!(stale_hours(&world, from, to).await > 24);
    claims_are_given_back(&world).await;

    // The window is over for tonight, and sees no difference any more.
    world.vendor.set_faults(Faults {
        rules: vec![],
        revisions: vec![changed],
    });
    let next = world.collector(&csv).await;
    assert_eq!(next.reread().await.unwrap().total(|pull| pull.requests), 1);
    let queue = "reread-queue chart_hourly 2026-05-19T02:10".to_owned();
    assert_eq!(rereads(&world).await[2..], [queue]);
    assert_eq!(stale_hours(&world, from, to).await, 0);
    assert_eq!(
        world.text("SELECT count(*)::text FROM reread_queue").await,
        "0"
    );
}
