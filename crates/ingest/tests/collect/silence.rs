//! What follows where the vendor has nothing: never, not yet, not any more, or not in one short answer.

use std::time::Duration;

use fake_vendors::{Fault, Faults, Listing, Options, Rule, Vendor};
use ingest::{Collector, PastAsk, PullEnd, Summary};
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    canned::{Answer, Canned},
    world::{RPM, World, at, coingecko_at, csv_of, demo, only, past},
};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn aave(listed: &str, delisted: Option<&str>) -> Listing {
    Listing {
        id: "aave".to_owned(),
        listed_ms: Some(at(listed).millis()),
        delisted_ms: delisted.map(|day| at(day).millis()),
    }
}

fn faults(rules: Vec<Rule>) -> Faults {
    Faults {
        rules,
        revisions: vec![],
    }
}

/// What the vendor holds of a coin is stored; what else is stored, is not looked at.
async fn assert_all_stored(world: &World, coin: &str, from: &str, to: &str) {
    let rows = world.rows().await;
    for (series, points) in world.truth(&[coin], from, to) {
        let stored = &rows[&series];
        let lacks: Vec<_> = (points.iter())
            .filter(|point| stored.binary_search(point).is_err())
            .take(3)
            .collect();
        assert!(lacks.is_empty(), "{series} lacks {lacks:?}");
    }
}

fn statuses(summary: &Summary) -> Vec<PullStatus> {
    summary.pulls.iter().map(|pull| pull.status).collect()
}

#[tokio::test]
async fn one_short_answer_hides_the_past_for_a_day_not_for_good() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["aave"], "2025-07-01")).await;
    let ask = past("2025-07-01", "2026-04-01");
    world.vendor.set_listing(&aave("2026-03-20", None));
    let short = collector.backfill("short", &ask).await.unwrap();
    assert_eq!(short.status(), PullStatus::Complete);
    assert_eq!(world.vendor.counts().total, 2);
    // It is told, as known to begin there, and nobody asks again today.
    let before: Vec<_> = (short.waiting.iter())
        .filter(|one| one.before_first)
        .map(|one| (one.dataset.as_str(), one.range.start))
        .collect();
    assert_eq!(before, [("chart_daily", at("2025-07-01")); 3]);
    collector.backfill("too soon", &ask).await.unwrap();
    collector.fill_gaps("too soon").await.unwrap();
    let seen = world.vendor.counts().per_status[&200];

    // The vendor has the rest after all: the daily chart asks again, and opens the hourly one.
    world.vendor.set_listing(&aave("2025-06-01", None));
    world.clock.advance(DAY);
    let whole = collector.backfill("a day later", &ask).await.unwrap();
    assert_eq!(
        (whole.status(), whole.holes.len()),
        (PullStatus::Complete, 0)
    );
    assert!(world.vendor.counts().per_status[&200] > seen);
    assert_all_stored(&world, "aave", "2025-07-01", "2026-03-18").await;
    let known = world.store.facts(source_coingecko::SOURCE).await.unwrap();
    assert!(known[0].first_available.unwrap() <= at("2025-07-01"));
}

#[tokio::test]
async fn an_operator_who_insists_asks_for_the_time_before_the_first_value_too() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["aave"], "2026-03-01")).await;
    world.vendor.set_listing(&aave("2026-03-20", None));
    let ask = past("2026-03-01", "2026-04-01");
    collector.backfill("short", &ask).await.unwrap();
    world.vendor.set_listing(&aave("2025-06-01", None));
    let forced = PastAsk {
        force: true,
        filter: only("chart_hourly"),
        ..ask
    };
    collector.backfill("forced", &forced).await.unwrap();
    let truth = world.truth(&["aave"], "2026-03-01", "2026-04-01");
    let series = "aave usd PRICE 1h";
    assert_eq!(world.rows().await[series], truth[series]);
}

#[tokio::test]
async fn nothing_at_all_where_values_should_be_is_partial_and_told() {
    let world = World::new(demo()).await;
    world
        .vendor
        .set_faults(faults(vec![Rule::always("/coins/", Fault::Empty)]));
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await;
    let ask = PastAsk {
        filter: only("chart_hourly"),
        ..past("2026-04-01", "2026-04-20")
    };
    let silent = collector.backfill("silent", &ask).await.unwrap();
    assert_eq!(statuses(&silent), [PullStatus::NoData]);
    assert_eq!(silent.status(), PullStatus::Partial);
    assert_eq!(silent.holes, []);
    let range = model::TimeRange::new(at("2026-04-01"), at("2026-04-20"));
    let metrics: Vec<&str> = (silent.waiting.iter())
        .filter(|one| one.range == range && one.again_at >= at("2026-05-19T12:50:00Z"))
        .map(|one| one.series.metric.as_str())
        .collect();
    assert_eq!(metrics, ["MARKET_CAP", "PRICE", "VOLUME_24H"]);
    // Nobody was asked: what waits is told, and no reason to complain again.
    let again = collector.backfill("again", &ask).await.unwrap();
    assert_eq!(again.status(), PullStatus::Complete);
    assert_eq!((again.pulls.len(), again.waiting.len()), (0, 3));
    assert_eq!(world.vendor.counts().total, 1);
}

#[tokio::test]
async fn what_a_later_round_mends_is_complete() {
    let world = World::new(demo()).await;
    // The first request of bitcoin and its three repetitions by the transport.
    let down = Rule::times("/coins/bitcoin/", 4, Fault::Status500);
    world.vendor.set_faults(faults(vec![down]));
    let coins = ["bitcoin", "ethereum"];
    let collector = world.collector(&csv_of(&coins, "2026-04-01")).await;
    let ask = past("2026-04-01", "2026-04-20");
    let summary = collector.backfill("run", &ask).await.unwrap();
    let expected = [
        PullStatus::Partial,
        PullStatus::Complete,
        PullStatus::Complete,
    ];
    assert_eq!(statuses(&summary), expected);
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(
        world.rows().await,
        world.truth(&coins, "2026-04-01", "2026-04-20")
    );
}

/// Fills gaps every hour for some hours; returns the requests.
async fn hours_of_gap_filling(world: &World, collector: &Collector, hours: u32) -> u64 {
    let before = world.vendor.counts().total;
    for hour in 0..hours {
        let summary = collector.fill_gaps(&format!("hour {hour}")).await.unwrap();
        assert_eq!(summary.holes, [], "hour {hour}");
        world.clock.advance(HOUR);
    }
    world.vendor.counts().total - before
}

#[tokio::test]
async fn a_coin_that_went_silent_is_not_asked_for_every_hour() {
    let world = World::new(demo()).await;
    world
        .vendor
        .set_listing(&aave("2025-06-01", Some("2026-05-10")));
    // All that is due is older than what the vendor may repeat out of its cache.
    world.set_now("2026-05-18T13:30:00Z");
    let collector = world.collector(&csv_of(&["aave"], "2026-05-01")).await;
    // Two charts; both at once, after a day, after three.
    let asked = hours_of_gap_filling(&world, &collector, 72).await;
    assert!((4..=8).contains(&asked), "{asked}");

    // An operator is not held up by it, and is not told the same thing twice either.
    let seen = world.vendor.counts().total;
    let ask = PastAsk::default();
    collector.backfill("operator", &ask).await.unwrap();
    let by_operator = world.vendor.counts().total - seen;
    assert!((1..=2).contains(&by_operator), "{by_operator}");
    collector.backfill("again", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, seen + by_operator);

    // It comes back: what was missed is found once it is asked for again.
    world.vendor.set_listing(&aave("2025-06-01", None));
    hours_of_gap_filling(&world, &collector, 5 * 24).await;
    assert_all_stored(&world, "aave", "2026-05-01", "2026-05-22").await;
}

#[tokio::test]
async fn an_hour_that_is_late_is_asked_for_again_within_the_next() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-05-17")).await;
    collector
        .backfill("until ten", &past("2026-05-17", "2026-05-18T10:00:00Z"))
        .await
        .unwrap();
    world
        .vendor
        .set_faults(faults(vec![Rule::always("/coins/", Fault::Empty)]));
    world.set_now("2026-05-18T13:50:00Z");
    collector.fill_gaps("late").await.unwrap();
    // What closed less than the vendor's cache ago is not vouched for.
    let hours = "[2026-05-18T10:00:00Z, 2026-05-18T12:00:00Z)";
    let late = ["MARKET_CAP", "PRICE", "VOLUME_24H"]
        .map(|metric| format!("bitcoin {metric} 1h not_yet_published waits {hours}"));
    let missing = world.missing().await;
    assert!(
        late.iter().all(|line| missing.contains(line)),
        "{missing:?}"
    );

    world.vendor.set_faults(Faults::default());
    world.clock.advance(HOUR);
    collector.fill_gaps("an hour later").await.unwrap();
    assert_all_stored(&world, "bitcoin", "2026-05-17", "2026-05-18T14:00:00Z").await;
}

#[tokio::test]
async fn many_small_holes_cost_one_request_where_one_holds_them_all() {
    let world = World::new(Options {
        vendor: Vendor::CoinGecko(fake_vendors::Plan::Analyst),
        ..demo()
    })
    .await;
    let source = world.coingecko(Plan::Analyst, RPM);
    let csv = csv_of(&["ethereum"], "2023-05-01");
    let setup = world.setup(source, &csv);
    let collector = Collector::open(setup.await).await.unwrap();
    let mut ask = past("2023-05-01", "2026-05-01");
    ask.filter.datasets = vec!["chart_daily".to_owned(), "chart_hourly".to_owned()];
    collector.backfill("first", &ask).await.unwrap();
    // Each of these would be a request of its own.
    let holes = async |step: &str| -> u32 {
        let sql = format!(
            "SELECT count(*)::text FROM (
                 SELECT unnest(range_agg(during)) FROM slots_missing JOIN series USING (series_id)
                 WHERE recheck_at IS NOT NULL AND step = '{step}') AS one"
        );
        world.text(&sql).await.parse().unwrap()
    };
    let (daily, hourly) = (holes("1d").await, holes("1h").await);
    assert!(daily > 1 && hourly > 100, "{daily} {hourly}");

    let seen = world.vendor.counts().total;
    world.clock.advance(DAY);
    let summary = collector.backfill("recheck", &ask).await.unwrap();
    // Three years fit into one daily request, and into 13 hourly ones of 89 days.
    let requests: Vec<u64> = summary.pulls.iter().map(|pull| pull.requests).collect();
    assert!(
        matches!(requests[..], [1, 11..=13]),
        "{requests:?} for {daily} and {hourly}"
    );
    assert_eq!(
        world.vendor.counts().total - seen,
        requests.iter().sum::<u64>()
    );
    // What lies between was compared and left alone.
    let (read, new) = (
        |pull: &PullEnd| pull.received,
        |pull: &PullEnd| pull.inserted + pull.differing,
    );
    assert!(summary.total(read) > 50_000);
    assert_eq!(summary.total(new), 0);
}

/// An answer of the charts of one coin: a price every hour from 2026-05-17.
fn chart() -> Answer {
    let first = at("2026-05-17").millis();
    let sample = |hour: i64| format!("[{},{}.5]", first + hour * 3_600_000, hour + 1);
    let samples: Vec<String> = (0..37).map(sample).collect();
    let array = samples.join(",");
    let body =
        format!("{{\"prices\":[{array}],\"market_caps\":[{array}],\"total_volumes\":[{array}]}}");
    Answer::new(200, body)
}

#[tokio::test]
async fn a_coin_without_a_chart_is_in_the_tick_and_its_value_ends_the_silence() {
    let answers = std::sync::atomic::AtomicU32::new(0);
    let server = Canned::start(move |target| {
        if target.contains("/coins/markets") {
            let row =
                "[{\"id\":\"coin\",\"last_updated\":\"2026-05-18T13:00:20Z\",\"current_price\":5.5,
                        \"market_cap\":7,\"total_volume\":8,\"fully_diluted_valuation\":9,
                        \"circulating_supply\":1,\"total_supply\":2}]";
            return Some(Answer::new(200, row));
        }
        match answers.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Some(Answer::new(404, "{\"error\":\"coin not found\"}")),
            _ => Some(chart()),
        }
    })
    .await;
    let world = World::new(demo()).await;
    world.set_now("2026-05-18T13:01:00Z");
    let csv = csv_of(&["coin"], "2026-05-17");
    let setup = world.setup(coingecko_at(&server.base_url, Plan::Demo, RPM), &csv);
    let collector = Collector::open(setup.await).await.unwrap();
    let hourly = PastAsk {
        filter: only("chart_hourly"),
        ..past("2026-05-17", "2026-05-18T12:00:00Z")
    };
    let charts = || {
        let targets = server.targets();
        targets
            .iter()
            .filter(|target| target.contains("/market_chart/"))
            .count()
    };
    collector.backfill("unknown", &hourly).await.unwrap();
    collector.backfill("still unknown", &hourly).await.unwrap();
    assert_eq!(charts(), 1);
    let facts = || world.store.facts(source_coingecko::SOURCE);
    assert!(facts().await.unwrap()[0].unsupported_until.is_some());

    // No chart is no reason to leave it out of the tick.
    let live = collector.live("tick").await.unwrap();
    assert_eq!(live.total(|pull| pull.inserted), 6);
    assert_eq!(facts().await.unwrap()[0].unsupported_until, None);
    let known = collector.backfill("known", &hourly).await.unwrap();
    assert_eq!(charts(), 2);
    assert_eq!(
        (known.status(), known.holes.len()),
        (PullStatus::Complete, 0)
    );
}
