//! What follows each way in which an answer can be none.

use std::time::Duration;

use fake_vendors::{Fault, Faults, Rule};
use ingest::{Collector, PastAsk, Summary};
use source_coingecko::Plan;
use store::pulls::PullStatus;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    canned::{Answer, Canned},
    world::{RPM, World, at, coingecko_at, csv_of, demo, only, past},
};

/// Nineteen days of one coin by the hour: one request.
fn hourly() -> PastAsk {
    PastAsk {
        filter: only("chart_hourly"),
        ..past("2026-04-01", "2026-04-20")
    }
}

async fn backfill_under(world: &World, rules: Vec<Rule>) -> Summary {
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await;
    let summary = collector.backfill("run", &hourly()).await.unwrap();
    collector.close().await;
    summary
}

async fn assert_all_stored(world: &World) {
    let mut truth = world.truth(&["bitcoin"], "2026-04-01", "2026-04-20");
    truth.retain(|series, _| series.ends_with("1h"));
    assert_eq!(world.rows().await, truth);
}

/// Returns when the simulator saw each request.
fn seen_at(world: &World) -> Vec<OffsetDateTime> {
    let records = world.vendor.requests();
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).unwrap();
    records.iter().map(|record| read(&record.at)).collect()
}

#[tokio::test]
async fn a_throttled_request_waits_as_long_as_it_was_told() {
    let retry_after = |retry_after, reset_header| Fault::Status429 {
        retry_after,
        reset_header,
    };
    let cases = [
        ("retry-after", retry_after(Some(31), false), 31),
        ("retry-after before reset", retry_after(Some(31), true), 31),
        ("never zero", retry_after(Some(0), false), 1),
        // Asked 23 seconds into a minute, at the end of which it may ask again.
        ("x-ratelimit-reset", retry_after(None, true), 37),
        ("nothing", retry_after(None, false), 60),
        ("plain text", Fault::ThrottledText, 60),
    ];
    for (name, fault, least_secs) in cases {
        let world = World::new(demo()).await;
        world.set_now("2026-05-18T12:50:23Z");
        let summary = backfill_under(&world, vec![Rule::times("/coins/", 1, fault)]).await;
        let at = seen_at(&world);
        assert_eq!(at.len(), 2, "{name}");
        assert!(
            at[1] - at[0] >= Duration::from_secs(least_secs),
            "{name}: {at:?}"
        );
        assert!(
            at[1] - at[0] <= Duration::from_secs(least_secs + 5),
            "{name}: {at:?}"
        );
        assert_eq!(summary.status(), PullStatus::Complete, "{name}");
        assert_eq!(summary.pulls[0].requests, 2, "{name}");
        assert_all_stored(&world).await;
    }
}

#[tokio::test]
async fn throttled_for_ever_leaves_the_block_open() {
    let world = World::new(demo()).await;
    let fault = Fault::Status429 {
        retry_after: Some(10),
        reset_header: false,
    };
    let summary = backfill_under(&world, vec![Rule::always("/coins/", fault)]).await;
    assert_eq!(world.vendor.counts().total, 9);
    assert_eq!(summary.status(), PullStatus::Failed);
    assert_eq!(summary.pulls[0].failures[0].0, "throttled");
    assert_eq!(summary.holes.len(), 3);
    assert_eq!(world.missing().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_server_error_is_repeated_by_the_transport_and_every_attempt_counts() {
    let world = World::new(demo()).await;
    let summary = backfill_under(&world, vec![Rule::times("/coins/", 1, Fault::Status500)]).await;
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, 2);
    let pull = &world.pulls().await[0];
    assert_eq!((pull.requests, pull.credits), (2, 2));
    assert_eq!(world.used_this_month().await, 2);
    assert_all_stored(&world).await;
}

#[tokio::test]
async fn a_vendor_that_is_down_never_makes_its_data_unfillable() {
    let world = World::new(demo()).await;
    let rules = vec![Rule::always("/coins/", Fault::Status502)];
    let summary = backfill_under(&world, rules).await;
    // Three repetitions by the transport, none by us on top.
    assert_eq!(world.vendor.counts().total, 4);
    assert_eq!(summary.status(), PullStatus::Failed);
    assert_eq!(summary.pulls[0].failures[0].0, "transient");
    assert_eq!(summary.holes.len(), 3);
    assert_eq!(world.missing().await, Vec::<String>::new());
    // Up again: the next run has it all.
    backfill_under(&world, vec![]).await;
    assert_all_stored(&world).await;
}

#[tokio::test]
async fn passing_failures_are_asked_again() {
    let cases = [
        (Fault::Html403, 1),
        (Fault::CutJson, 3),
        (Fault::CutConnection, 2),
        (Fault::NoBody, 1),
    ];
    for (fault, times) in cases {
        let world = World::new(demo()).await;
        let name = fault.name();
        let summary = backfill_under(&world, vec![Rule::times("/coins/", times, fault)]).await;
        assert_eq!(summary.status(), PullStatus::Complete, "{name}");
        assert_eq!(world.vendor.counts().total, times + 1, "{name}");
        assert_eq!(summary.pulls[0].requests, times + 1, "{name}");
        assert_all_stored(&world).await;
    }
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_is_left_alone_until_the_next_pass() {
    let world = World::new(demo()).await;
    let names: Vec<String> = (0..40).map(|n| format!("coin-{n}")).collect();
    let coins: Vec<&str> = names.iter().map(String::as_str).collect();
    let rules = vec![Rule::always("/coins/", Fault::Html403)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let collector = world.collector(&csv_of(&coins, "2026-04-01")).await;
    let summary = collector
        .backfill("run", &past("2026-04-01", "2026-04-20"))
        .await
        .unwrap();
    // Eight in vain, and what was under way with the eighth; the second dataset is not even tried.
    assert_eq!(summary.pulls.len(), 1);
    let failed = summary.pulls[0].failed_blocks;
    assert!((8..12).contains(&failed), "{failed}");
    assert!(world.vendor.counts().total <= 11 * 4);
    assert_eq!(summary.status(), PullStatus::Failed);
    assert_eq!(summary.holes.len(), 40 * 3 * 2);
}

#[tokio::test]
async fn html_in_a_good_answer_is_no_data() {
    let server = Canned::start(|_| {
        let mut answer = Answer::new(200, "<html><body>maintenance</body></html>");
        answer.header = "content-type: text/html".to_owned();
        Some(answer)
    })
    .await;
    let world = World::new(demo()).await;
    let source = coingecko_at(&server.base_url, Plan::Demo, RPM);
    let setup = world
        .setup(source, &csv_of(&["bitcoin"], "2026-04-01"))
        .await;
    let collector = Collector::open(setup).await.unwrap();
    let summary = collector.backfill("run", &hourly()).await.unwrap();
    assert_eq!(server.targets().len(), 4);
    assert_eq!(summary.pulls[0].failures[0].0, "transient");
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Failed, 3)
    );
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn an_unknown_coin_costs_the_others_nothing() {
    let world = World::new(demo()).await;
    let csv = csv_of(&["bitcoin", "no-such-coin"], "2026-04-01");
    let collector = world.collector(&csv).await;
    let ask = past("2026-04-01", "2026-04-20");
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.status(), PullStatus::Partial);
    // Asked for once, by the first dataset; the second knows.
    let statuses: Vec<PullStatus> = summary.pulls.iter().map(|pull| pull.status).collect();
    assert_eq!(statuses[..2], [PullStatus::Partial, PullStatus::Complete]);
    assert_eq!(world.vendor.counts().per_status[&404], 1);
    assert_eq!(world.vendor.counts().total, 3);
    assert_eq!(
        world.rows().await,
        world.truth(&["bitcoin"], "2026-04-01", "2026-04-20")
    );
    let assets: Vec<&str> = summary
        .holes
        .iter()
        .map(|hole| hole.series.key.asset.as_str())
        .collect();
    assert_eq!(assets, ["no-such-coin"; 6]);

    // The gap filler leaves it alone for a week, then asks again.
    world.set_now("2026-05-20T12:50:00Z");
    collector.fill_gaps("two days later").await.unwrap();
    assert_eq!(world.vendor.counts().per_status[&404], 1);
    world.set_now("2026-05-27T12:50:00Z");
    collector.fill_gaps("nine days later").await.unwrap();
    assert_eq!(world.vendor.counts().per_status[&404], 2);
}

#[tokio::test]
async fn nothing_before_a_listing_is_no_hole_once_it_is_known() {
    let world = World::new(demo()).await;
    let listed = fake_vendors::Listing {
        id: "aave".to_owned(),
        listed_ms: Some(at("2026-05-01").millis()),
        delisted_ms: None,
    };
    world.vendor.set_listing(&listed);
    let collector = world.collector(&csv_of(&["aave"], "2026-04-01")).await;
    let summary = collector.backfill("run", &hourly()).await.unwrap();
    // Nobody knows yet that it is too early for the coin.
    assert_eq!(summary.pulls[0].status, PullStatus::NoData);
    assert_eq!(
        (summary.holes.len(), summary.status()),
        (0, PullStatus::Partial)
    );
    assert!(world.rows().await.is_empty());
    let daily = PastAsk {
        filter: only("chart_daily"),
        ..past("2026-04-01", "2026-05-10")
    };
    collector.backfill("daily", &daily).await.unwrap();
    world.clock.advance(Duration::from_secs(86_400));
    let asked = world.vendor.counts().total;
    let summary = collector.backfill("known", &hourly()).await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!((summary.holes.len(), summary.waiting.len()), (0, 0));
    assert_eq!(world.vendor.counts().total, asked);
}
