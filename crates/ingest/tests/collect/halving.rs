//! What a refused batch costs: a bad pair costs itself, and a vendor that refuses everything little.

use ingest::{Collector, Summary};
use source_artemis::{Artemis, COLUMNS, Plan, SOURCE, Settings};
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{World, at, demo, past},
};

/// As many as fit into one request, and as many metrics.
const SYMBOLS: usize = 50;
const METRICS: [&str; 12] = [
    "DAU",
    "FEES",
    "FDMC",
    "MC",
    "NEW_USERS",
    "PRICE",
    "REVENUE",
    "SPOT_FEES",
    "SPOT_VOLUME",
    "TVL",
    "TXNS",
    "UNIQUE_TRADERS",
];

fn symbol(number: usize) -> String {
    format!("coin{number:03}")
}

async fn collector(world: &World, server: &Canned, symbols: usize) -> Collector {
    let source = Artemis::new(Settings {
        plan: Plan::Enterprise,
        base_url: Some(server.base_url.clone()),
        rpm: Some(60_000),
    });
    let mut csv = format!("{}\n", COLUMNS.join(","));
    for number in 0..symbols {
        let metrics = METRICS.join("|");
        csv += &format!("{},,token,{metrics},,2026-05-01,true,\n", symbol(number));
    }
    Collector::open(world.setup(source, &csv).await)
        .await
        .unwrap()
}

/// A vendor that refuses a request as soon as it holds a pair that is bad.
async fn vendor(is_bad: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Canned {
    Canned::start(move |target| {
        let (metrics, symbols) = asked(target);
        let bad = |symbol: &&str| metrics.iter().any(|metric| is_bad(symbol, metric));
        Some(match symbols.iter().any(bad) {
            true => Answer::new(400, r#"{"message":"Bad Request"}"#),
            false => Answer::new(200, r#"{"data":{"symbols":{}}}"#),
        })
    })
    .await
}

/// Returns the metrics and the symbols that a request asks for.
fn asked(target: &str) -> (Vec<&str>, Vec<&str>) {
    let (path, query) = target.split_once("/?").unwrap();
    let names = path.rsplit('/').next().unwrap();
    let symbols = query.split("symbols=").nth(1).unwrap();
    let symbols = symbols.split('&').next().unwrap();
    (names.split(',').collect(), symbols.split(',').collect())
}

async fn tick(
    symbols: usize,
    is_bad: impl Fn(&str, &str) -> bool + Send + Sync + 'static,
) -> (Summary, Vec<String>) {
    let server = vendor(is_bad).await;
    let world = World::new(demo()).await;
    let collector = collector(&world, &server, symbols).await;
    let summary = collector.live("tick").await.unwrap();
    (summary, server.targets())
}

#[tokio::test]
async fn a_bad_pair_of_six_hundred_costs_only_itself() {
    // Wherever it stands: two requests for each time that the six hundred are halved, nine times and a
    // little.
    for (bad, metric, requests) in [
        (0, "DAU", 17),
        (SYMBOLS - 1, "UNIQUE_TRADERS", 21),
        (31, "PRICE", 19),
    ] {
        let (summary, targets) = tick(SYMBOLS, move |asked, name| {
            asked == symbol(bad) && name == metric
        })
        .await;
        let (metrics, symbols) = asked(&targets[0]);
        assert_eq!((metrics.len(), symbols.len()), (12, SYMBOLS));
        let pull = &summary.pulls[0];
        assert_eq!((pull.status, pull.failed_blocks), (PullStatus::Partial, 1));
        let (class, text) = &pull.failures[0];
        assert_eq!(class, "rejected");
        assert!(text.contains(&symbol(bad)), "{text}");
        assert_eq!(targets.len(), requests, "{} {metric}", symbol(bad));
    }
}

#[tokio::test]
async fn neither_a_bad_symbol_nor_a_bad_metric_costs_the_others() {
    let (summary, targets) = tick(SYMBOLS, |asked, _| asked == symbol(49)).await;
    assert_eq!(summary.pulls[0].status, PullStatus::Partial);
    assert_eq!(failed(&targets, |asked, _| asked == symbol(49)), 0);
    let (summary, targets) = tick(SYMBOLS, |_, name| name == "UNIQUE_TRADERS").await;
    assert_eq!(summary.pulls[0].status, PullStatus::Partial);
    assert_eq!(failed(&targets, |_, name| name == "UNIQUE_TRADERS"), 0);
}

/// Returns how many good pairs were in no request without a bad one.
fn failed(targets: &[String], is_bad: impl Fn(&str, &str) -> bool) -> usize {
    let mut open = Vec::new();
    for number in 0..SYMBOLS {
        open.extend(METRICS.map(|metric| (symbol(number), metric)));
    }
    open.retain(|(symbol, metric)| !is_bad(symbol, metric));
    for target in targets {
        let (metrics, symbols) = asked(target);
        let spoilt = |symbol: &&str| metrics.iter().any(|metric| is_bad(symbol, metric));
        if !symbols.iter().any(spoilt) {
            open.retain(|(symbol, metric)| {
                !(symbols.contains(&symbol.as_str()) && metrics.contains(metric))
            });
        }
    }
    open.len()
}

#[tokio::test]
async fn a_vendor_that_refuses_everything_is_asked_little_and_suspended_after_five_ticks() {
    let server = vendor(|_, _| true).await;
    let world = World::new(demo()).await;
    let collector = collector(&world, &server, 3 * SYMBOLS).await;
    let mut asked = Vec::new();
    for day in 0..6 {
        let before = server.targets().len();
        let summary = collector.live("tick").await.unwrap();
        asked.push(server.targets().len() - before);
        assert_eq!(summary.status(), PullStatus::Failed);
        let is_suspended = !world.store.suspensions().await.unwrap().is_empty();
        assert_eq!(is_suspended, day >= 4, "{day}");
        world.clock.advance(std::time::Duration::from_secs(86_400));
    }
    // Down to a pair and its neighbours, and the other two blocks once each: not 3 × 1,199.
    assert_eq!(asked, [21 + 2, 21 + 2, 21 + 2, 21 + 2, 21 + 2, 0]);
    let row = &world.store.suspensions().await.unwrap()[0];
    assert_eq!(
        (row.source.as_str(), row.dataset.as_str()),
        (SOURCE.as_str(), "metrics_daily")
    );
}

/// A vendor that gives a value for every day of every pair, and never more than a thousand points in all.
async fn cutting() -> Canned {
    Canned::start(|target| {
        let (metrics, symbols) = asked(target);
        let day = |name: &str| {
            let text = target.split(name).nth(1).unwrap();
            at(text.get(1..11).unwrap())
        };
        let (first, last) = (day("startDate"), day("endDate"));
        let mut left = 1_000;
        let mut cells_of = |_: &&str| {
            let cells = metrics.iter().map(|metric| {
                let days = (0..).map(|n| first.plus_days(n));
                let days = days.take_while(|day| *day <= last).take(left);
                let points: Vec<String> = days
                    .map(|day| format!(r#"{{"date":"{}","val":1}}"#, day.date()))
                    .collect();
                left -= points.len();
                format!(r#""{metric}":[{}]"#, points.join(","))
            });
            cells.collect::<Vec<_>>().join(",")
        };
        let symbols = symbols.iter().map(|symbol| {
            let cells = cells_of(symbol);
            format!(r#""{symbol}":{{{cells}}}"#)
        });
        let symbols: Vec<String> = symbols.collect();
        let body = format!(r#"{{"data":{{"symbols":{{{}}}}}}}"#, symbols.join(","));
        Some(Answer::new(200, body))
    })
    .await
}

#[tokio::test]
async fn an_answer_that_may_be_cut_is_asked_for_in_halves_until_it_is_whole() {
    let (server, world) = (cutting().await, World::new(demo()).await);
    let collector = collector(&world, &server, 1).await;
    // Twelve metrics of a hundred days.
    let summary = (collector
        .backfill("run", &past("2026-02-01", "2026-05-12"))
        .await)
        .unwrap();
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Complete, 0)
    );
    assert_eq!(server.targets().len(), 1 + 2);
    let whole: Vec<usize> = world.rows().await.values().map(Vec::len).collect();
    // A day more: a price of midnight closes the day before, and they are asked for together.
    assert_eq!(whole, [101; METRICS.len()]);
}
