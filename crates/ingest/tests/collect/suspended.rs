//! Nothing restarts by itself: what the vendor refuses stays off until an operator resumes it.

use fake_vendors::{Fault, Faults, Rule};
use ingest::Collector;
use secrecy::SecretString;
use source::{ReplyError, Source as _};
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{RPM, World, coingecko_at, csv_of, demo, past},
    wrapped::Wrapped,
};

const COINS: [&str; 6] = ["bitcoin", "ethereum", "solana", "ripple", "uniswap", "dai"];

#[tokio::test]
async fn a_wrong_key_suspends_the_source_until_it_is_resumed() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-04-01");
    let open = async |key: &str| {
        let mut setup = world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
        setup.key = Some(SecretString::from(key.to_owned()));
        Collector::open(setup).await.unwrap()
    };
    let ask = past("2026-04-01", "2026-04-20");
    let wrong = open("CG-wrong-key-0123456789").await;
    let summary = wrong.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.status(), PullStatus::Failed);
    assert_eq!(
        summary.suspended,
        ["coingecko chart_daily", "coingecko chart_hourly"]
    );
    // What was under way with the first refusal, no more.
    let refused = world.vendor.counts().total;
    assert!((1..=4).contains(&refused), "{refused}");
    let live = wrong.live("tick").await.unwrap();
    assert_eq!(
        (live.status(), live.suspended.len()),
        (PullStatus::Failed, 1)
    );
    wrong.fill_gaps("gaps").await.unwrap();
    wrong.refresh_catalogue("catalogue").await.unwrap();

    // Not even a new process with the right key asks before an operator says so.
    let right = open(crate::world::KEY).await;
    right.backfill("run", &ask).await.unwrap();
    right.live("tick").await.unwrap();
    assert_eq!(world.vendor.counts().total, refused);
    let row = &world.store.suspensions().await.unwrap()[0];
    assert_eq!(
        (row.source.as_str(), row.dataset.as_str()),
        ("coingecko", "")
    );
    assert_eq!(row.class, "unauthorized");

    assert_eq!(
        world.store.resume("coingecko", None).await.unwrap().len(),
        1
    );
    let summary = right.backfill("run", &ask).await.unwrap();
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Complete, 0)
    );
    assert_eq!(
        world.rows().await,
        world.truth(&COINS, "2026-04-01", "2026-04-20")
    );
}

#[tokio::test]
async fn what_the_plan_does_not_include_suspends_its_dataset_alone() {
    // Daily charts, whose span is over ninety days, are refused; hourly ones are empty.
    let server = Canned::start(|target| {
        let query: std::collections::HashMap<_, _> = target
            .split(['?', '&'])
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let secs = |name: &str| query[name].parse::<i64>().unwrap();
        Some(if secs("to") - secs("from") > 90 * 86_400 {
            Answer::new(
                401,
                r#"{"status":{"error_code":10005,"error_message":"PRO only"}}"#,
            )
        } else {
            Answer::new(200, r#"{"prices":[],"market_caps":[],"total_volumes":[]}"#)
        })
    })
    .await;
    let world = World::new(demo()).await;
    let source = coingecko_at(&server.base_url, Plan::Demo, RPM);
    let setup = world.setup(source, &csv_of(&COINS, "2026-04-01")).await;
    let collector = Collector::open(setup).await.unwrap();
    let summary = collector
        .backfill("run", &past("2026-04-01", "2026-04-20"))
        .await
        .unwrap();
    assert_eq!(summary.suspended, ["coingecko chart_daily"]);
    let statuses: Vec<PullStatus> = summary.pulls.iter().map(|pull| pull.status).collect();
    assert_eq!(statuses, [PullStatus::Failed, PullStatus::NoData]);
    assert_eq!(summary.status(), PullStatus::Partial);
    assert_eq!(summary.pulls[1].requests, 6);
    let row = &world.store.suspensions().await.unwrap()[0];
    assert_eq!(
        (row.dataset.as_str(), row.class.as_str()),
        ("chart_daily", "not_entitled")
    );
}

/// A process whose ticks are refused, or go well.
async fn process(world: &World, refuses: bool) -> Collector {
    let mut vendor = Wrapped::new(world.coingecko(Plan::Demo, RPM));
    if refuses {
        vendor.check = |inner, request, reply| match request.dataset.as_str() {
            "markets" => Err(ReplyError::Rejected("no such parameter".to_owned())),
            _ => inner.check(request, reply),
        };
    }
    let setup = world.setup(vendor, &csv_of(&COINS, "2026-04-01")).await;
    Collector::open(setup).await.unwrap()
}

#[tokio::test]
async fn five_ticks_refused_in_a_row_suspend_the_dataset_also_over_a_restart() {
    let world = World::new(demo()).await;
    let asked = || world.vendor.counts().of("/coins/markets");
    // What goes well in between counts from nothing again; what passes counts for neither.
    let refused = process(&world, true).await;
    for _ in 0..4 {
        let tick = refused.live("tick").await.unwrap();
        assert_eq!(
            (tick.status(), tick.suspended.len()),
            (PullStatus::Failed, 0)
        );
    }
    let good = process(&world, false).await;
    good.live("tick").await.unwrap();
    for _ in 0..2 {
        refused.live("tick").await.unwrap();
    }
    world.vendor.set_faults(Faults {
        rules: vec![Rule::always("/coins/markets", Fault::Status502)],
        revisions: vec![],
    });
    for _ in 0..3 {
        good.live("tick").await.unwrap();
    }
    world.vendor.set_faults(Faults::default());
    refused.live("tick").await.unwrap();
    // Restarted.
    drop(refused);
    let refused = process(&world, true).await;
    refused.live("tick").await.unwrap();
    assert_eq!(world.store.suspensions().await.unwrap(), []);
    let fifth = refused.live("tick").await.unwrap();
    assert_eq!(fifth.suspended, ["coingecko markets"]);
    let row = &world.store.suspensions().await.unwrap()[0];
    let told = (row.dataset.as_str(), row.class.as_str());
    assert_eq!(told, ("markets", "rejected"));
    let reason = "5 ticks in a row were refused, the last: 6 keys: ";
    assert!(row.reason.starts_with(reason), "{}", row.reason);

    // Off, in every process, and the other datasets are not.
    let so_far = asked();
    for process in [&refused, &good] {
        let tick = process.live("tick").await.unwrap();
        assert_eq!(tick.suspended, ["coingecko markets"]);
    }
    assert_eq!(asked(), so_far);
    let filled = good.fill_gaps("gaps").await.unwrap();
    assert!(filled.suspended.is_empty() && !filled.pulls.is_empty());

    // An operator gives it five more.
    assert_eq!(
        world.store.resume("coingecko", None).await.unwrap().len(),
        1
    );
    for _ in 0..4 {
        refused.live("tick").await.unwrap();
    }
    assert_eq!(world.store.suspensions().await.unwrap(), []);
    assert_eq!(asked(), so_far + 4);
}
