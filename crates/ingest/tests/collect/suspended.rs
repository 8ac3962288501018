//! Nothing restarts by itself: what the vendor refuses stays off until an operator resumes it.

use ingest::Collector;
use secrecy::SecretString;
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{RPM, World, coingecko_at, csv_of, demo, past},
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

    assert_eq!(world.store.resume("coingecko").await.unwrap(), 1);
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
