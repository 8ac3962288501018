//! A key of a smaller plan than configured: what it does not give is found once, cheaply, and is no gap.

use fake_vendors::{Options, Vendor};
use ingest::{Collector, PastAsk};
use model::Ts;
use source::ReplyError;
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    world::{KEY, NOW, RPM, World, at, csv_of, demo, only, past},
    wrapped::Wrapped,
};

const COINS: [&str; 3] = ["bitcoin", "ethereum", "ripple"];

/// Gives two years; the collector is told that the plan gives all there is.
async fn smaller_than_configured() -> World {
    let options = Options {
        vendor: Vendor::CoinGecko(fake_vendors::Plan::Basic),
        key: KEY.to_owned(),
        ..demo()
    };
    World::new(options).await
}

fn analyst(world: &World) -> Wrapped {
    Wrapped::new(world.coingecko(Plan::Analyst, RPM))
}

/// The same vendor, whose refusal does not say how far the plan reaches.
fn taciturn(world: &World) -> Wrapped {
    let mut vendor = analyst(world);
    vendor.check = |inner, request, reply| {
        source::Source::check(inner, request, reply).map_err(|error| match error {
            ReplyError::OutsidePlan { what, .. } => ReplyError::OutsidePlan {
                what,
                reach_days: None,
            },
            other => other,
        })
    };
    vendor
}

async fn open(world: &World, source: Wrapped) -> Collector {
    let setup = world.setup(source, &csv_of(&COINS, "2020-01-01")).await;
    Collector::open(setup).await.unwrap()
}

fn of(dataset: &str) -> PastAsk {
    PastAsk {
        filter: only(dataset),
        ..past("2020-01-01", "2026-05-01")
    }
}

/// Returns how many days of the two years before now are missing at the beginning of what is stored,
/// and checks that everything after that is there.
async fn days_lost(world: &World, step: &str) -> i64 {
    let rows = world.rows().await;
    let edge = at(NOW).plus_days(-730).millis();
    let mut lost = 0;
    for coin in COINS {
        let stored = &rows[&format!("{coin} usd PRICE {step}")];
        lost = lost.max(stored[0].0 - edge);
        let since = Ts::from_millis(stored[0].0).to_string();
        let mut truth = world.truth(&[coin], &since, "2026-05-01");
        truth.retain(|series, _| series.ends_with(step));
        for (series, points) in truth {
            assert_eq!(rows[&series], points, "{series}");
        }
    }
    lost / 86_400_000
}

#[tokio::test]
async fn a_reach_that_the_vendor_names_is_taken_at_its_word() {
    let world = smaller_than_configured().await;
    let collector = open(&world, analyst(&world)).await;
    let summary = collector.backfill("run", &of("chart_daily")).await.unwrap();
    let classes: Vec<&str> = (summary.pulls[0].failures.iter())
        .map(|(class, _)| class.as_str())
        .collect();
    assert!(!classes.is_empty() && classes.iter().all(|class| *class == "outside_plan"));
    // What was under way was refused, and asked once more within the reach.
    let counts = world.vendor.counts();
    assert!(counts.per_status[&401] <= 3, "{:?}", counts.per_status);
    assert_eq!(counts.per_status[&200], 3);
    assert!(days_lost(&world, "1d").await <= 1);
    // What the plan does not give is no hole, and nobody asks for it again.
    assert_eq!(
        (summary.holes, summary.pulls[0].status),
        (vec![], PullStatus::Partial)
    );
    collector
        .backfill("again", &of("chart_daily"))
        .await
        .unwrap();
    assert_eq!(world.vendor.counts().total, counts.total);
}

#[tokio::test]
async fn an_unnamed_reach_is_found_once_by_halving() {
    let world = smaller_than_configured().await;
    let collector = open(&world, taciturn(&world)).await;
    let summary = collector.backfill("run", &of("chart_daily")).await.unwrap();
    // Six years to thirty days: seven halvings for one coin. The others ask once in vain at most.
    let counts = world.vendor.counts();
    assert!(counts.total <= 3 + 7 + 2, "{}", counts.total);
    let lost = days_lost(&world, "1d").await;
    assert!((0..=31).contains(&lost), "{lost}");
    assert_eq!(summary.holes, []);
    collector
        .backfill("again", &of("chart_daily"))
        .await
        .unwrap();
    assert_eq!(world.vendor.counts().total, counts.total);
}

#[tokio::test]
async fn parts_that_lie_before_the_reach_are_not_even_asked_for() {
    let world = smaller_than_configured().await;
    let collector = open(&world, taciturn(&world)).await;
    let bill = collector
        .estimate(&of("chart_hourly"), false)
        .await
        .unwrap();
    // 26 parts of 89 days a coin; nine of them lie within two years.
    assert!(bill.requests() > 3 * 24, "{}", bill.requests());
    let summary = collector
        .backfill("run", &of("chart_hourly"))
        .await
        .unwrap();
    let counts = world.vendor.counts();
    assert!(counts.total <= 3 * 9 + 3 + 2, "{}", counts.total);
    let lost = days_lost(&world, "1h").await;
    assert!((0..=31).contains(&lost), "{lost}");
    assert_eq!(summary.holes, []);
}

#[tokio::test]
async fn a_refusal_of_everything_is_not_believed_to_be_a_plan() {
    let world = smaller_than_configured().await;
    let mut vendor = analyst(&world);
    vendor.check = |_, _, _| {
        Err(ReplyError::OutsidePlan {
            what: "nothing for you".to_owned(),
            reach_days: None,
        })
    };
    let collector = open(&world, vendor).await;
    let ask = PastAsk {
        to: None,
        ..of("chart_daily")
    };
    let summary = collector.backfill("run", &ask).await.unwrap();
    assert_eq!(summary.status(), PullStatus::Failed);
    assert_eq!(summary.holes.len(), 3 * COINS.len());
    assert!(world.vendor.counts().total <= 3 * 8);
}
