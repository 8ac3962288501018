//! What is refused as a whole: split where it was too much, else failed once; and redirects.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use ingest::{Collector, PastAsk, Summary};
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{RPM, World, coingecko_at, csv_of, demo, only, past},
    wrapped::Wrapped,
};

const COINS: [&str; 4] = ["bitcoin", "ethereum", "ripple", "dai"];

async fn collector(world: &World, base_url: &str, coins: &[&str]) -> Collector {
    let source = coingecko_at(base_url, Plan::Demo, RPM);
    let setup = world.setup(source, &csv_of(coins, "2026-04-01")).await;
    Collector::open(setup).await.unwrap()
}

async fn live_against(answer: Answer) -> (Summary, usize) {
    let server = Canned::start(move |_| Some(answer.clone())).await;
    let world = World::new(demo()).await;
    let collector = collector(&world, &server.base_url, &COINS).await;
    let summary = collector.live("tick").await.unwrap();
    (summary, server.targets().len())
}

#[tokio::test]
async fn too_much_is_split_and_what_is_wrong_is_not() {
    let too_many = r#"{"error_code":10012,"status":{"error_message":"too many ids"}}"#;
    let wrong = r#"{"error":"invalid vs_currency"}"#;
    for (status, body, class, asked) in [
        (400, too_many, "too_much", 1 + 2 + 4),
        (
            414,
            "<html>414 Request-URI Too Large</html>",
            "too_much",
            1 + 2 + 4,
        ),
        (400, wrong, "rejected", 1),
        (422, wrong, "rejected", 1),
    ] {
        let (summary, targets) = live_against(Answer::new(status, body)).await;
        assert_eq!(targets, asked, "{status} {body}");
        assert_eq!(summary.status(), PullStatus::Failed);
        // The halves that cannot be halved any more.
        let failed = asked.div_ceil(2);
        assert_eq!(summary.pulls[0].failed_blocks, failed as u64);
        assert_eq!(summary.pulls[0].failures[0].0, class);
    }
}

/// Runs a tick of four coins against a vendor that has nothing to say to requests of more than so many.
/// Returns how it ended, the requests, and of how many coins the good ones were.
async fn live_overloaded(most: usize, halves_overload: bool) -> (Summary, usize, Vec<usize>) {
    let coins_of = |target: &str| {
        let ids = target.split("ids=").nth(1).unwrap_or_default();
        ids.split('&').next().unwrap_or_default().split(',').count()
    };
    let server = Canned::start(move |target| {
        let is_too_much = coins_of(target) > most;
        Some(Answer::new(200, if is_too_much { "" } else { "[]" }))
    })
    .await;
    let world = World::new(demo()).await;
    let mut source = Wrapped::new(coingecko_at(&server.base_url, Plan::Demo, RPM));
    source.halves_overload = halves_overload;
    let setup = world.setup(source, &csv_of(&COINS, "2026-04-01")).await;
    let collector = Collector::open(setup).await.unwrap();
    let summary = collector.live("tick").await.unwrap();
    let targets = server.targets();
    let good = targets.iter().map(|target| coins_of(target));
    let good = good.filter(|coins| *coins <= most).collect();
    (summary, targets.len(), good)
}

#[tokio::test]
async fn what_breaks_a_vendor_down_is_split_once_it_had_its_tries() {
    let (summary, asked, good) = live_overloaded(2, true).await;
    assert_eq!((asked, good), (4 + 2, vec![2, 2]));
    assert_eq!(summary.pulls[0].failed_blocks, 0);
    // Others' empty answers pass or do not: half of the request would meet the same.
    let (summary, asked, good) = live_overloaded(2, false).await;
    assert_eq!((asked, good.len()), (4, 0));
    assert_eq!(summary.pulls[0].failures[0].0, "transient");
}

#[tokio::test]
async fn a_vendor_that_breaks_down_over_everything_is_away() {
    let (summary, asked, good) = live_overloaded(0, true).await;
    // One request, its two halves, their four: each has its tries, and single ones cannot be split.
    assert_eq!((asked, good.len()), ((1 + 2 + 4) * 4, 0));
    assert_eq!(summary.pulls[0].failed_blocks, 4);
    assert_eq!(summary.status(), PullStatus::Failed);
}

/// Redirects so many times on its own host, then answers with a chart without any point.
async fn redirecting(hops: usize) -> Canned {
    let asked = Arc::new(AtomicUsize::new(0));
    Canned::start(move |_| {
        let hop = asked.fetch_add(1, Ordering::SeqCst) + 1;
        if hop > hops {
            let chart = r#"{"prices":[],"market_caps":[],"total_volumes":[]}"#;
            return Some(Answer::new(200, chart));
        }
        let mut answer = Answer::new(307, "");
        answer.header = format!("location: /elsewhere/{hop}");
        Some(answer)
    })
    .await
}

async fn backfill_from(world: &World, server: &Canned) -> Summary {
    let collector = collector(world, &server.base_url, &COINS[..1]).await;
    let ask = PastAsk {
        filter: only("chart_hourly"),
        ..past("2026-04-01", "2026-04-20")
    };
    collector.backfill("run", &ask).await.unwrap()
}

#[tokio::test]
async fn every_hop_of_a_redirect_is_paced_and_counted() {
    let world = World::new(demo()).await;
    let server = redirecting(3).await;
    let before = world.vendor.now();
    let summary = backfill_from(&world, &server).await;
    let targets = server.targets();
    assert_eq!(
        targets[1..],
        ["/elsewhere/1", "/elsewhere/2", "/elsewhere/3"]
    );
    assert_eq!(summary.pulls[0].status, PullStatus::NoData);
    assert_eq!(summary.pulls[0].requests, 4);
    let pull = &world.pulls().await[0];
    assert_eq!((pull.requests, pull.credits), (4, 4));
    assert_eq!(world.used_this_month().await, 4);
    // Four slots, three intervals.
    let interval = ratelimit::interval(RPM, std::time::Duration::from_secs(60));
    assert!(world.vendor.now() - before >= 3 * interval);
}

#[tokio::test]
async fn more_hops_than_a_few_are_an_answer_that_is_refused() {
    let world = World::new(demo()).await;
    let server = redirecting(99).await;
    let summary = backfill_from(&world, &server).await;
    assert_eq!(server.targets().len(), 4);
    assert_eq!(summary.pulls[0].requests, 4);
    let (class, text) = &summary.pulls[0].failures[0];
    assert_eq!(class, "rejected");
    assert!(text.contains("status 307, a redirect elsewhere"), "{text}");
    assert_eq!(summary.status(), PullStatus::Failed);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let elsewhere = Canned::start(|_| Some(Answer::new(200, "{}"))).await;
    let location = format!("location: {}/coins/x", elsewhere.base_url);
    let server = Canned::start(move |_| {
        let mut answer = Answer::new(302, "");
        answer.header.clone_from(&location);
        Some(answer)
    })
    .await;
    let world = World::new(demo()).await;
    let summary = backfill_from(&world, &server).await;
    assert_eq!(summary.pulls[0].failures[0].0, "rejected");
    // It would be the same the next time.
    assert_eq!(server.targets().len(), 1);
    assert_eq!(elsewhere.targets(), Vec::<String>::new());
}
