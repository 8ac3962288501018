//! Several at work: requests at once, processes at once, one that stops in the middle, a pace for all.

use std::{sync::Arc, time::Duration};

use fake_vendors::{Fault, Faults, Options, Rule};
use ingest::{Collector, Error, Stopper, schedule};
use ratelimit::{Clock, SystemClock};
use source_coingecko::Plan;
use store::{pulls::PullStatus, series::Authority};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    world::{RPM, World, csv_of, demo, past},
    wrapped::Wrapped,
};

const COINS: [&str; 6] = ["bitcoin", "ethereum", "solana", "ripple", "uniswap", "dai"];
/// Far longer than anything here takes: a test that meets it hangs.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(120);

fn slow(rule: &str, ms: u64) -> Faults {
    Faults {
        rules: vec![Rule::always(rule, Fault::Slow { ms })],
        revisions: vec![],
    }
}

/// Waits, in real time, until the simulator has seen something.
pub(crate) async fn until(mut seen: impl FnMut() -> bool) {
    let waiting = async {
        while !seen() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(FOR_EVER, waiting).await.unwrap();
}

#[tokio::test]
async fn two_processes_share_the_work() {
    // In real time, with the pace kept by the database's clock.
    let options = Options {
        now: None,
        rpm: Some(60_000),
        latency: Duration::from_millis(5),
        ..demo()
    };
    let world = World::new(options).await;
    let today = model::Step::Day.floor(SystemClock.now());
    let (from, to) = (
        today.plus_days(-200).to_string(),
        today.plus_days(-5).to_string(),
    );
    let csv = csv_of(&COINS, "2026-01-01");
    let open = async || {
        let mut setup = world.setup(world.coingecko(Plan::Demo, 60_000), &csv).await;
        setup.clock = Arc::new(SystemClock);
        Collector::open(setup).await.unwrap()
    };
    let (one, two) = (open().await, open().await);
    let ask = past(&from, &to);
    let bill = one.estimate(&ask, false).await.unwrap().requests();
    assert_eq!(bill, 6 + 6 * 3);
    let (a, b) = tokio::join!(one.backfill("one", &ask), two.backfill("two", &ask));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(
        (a.status(), b.status()),
        (PullStatus::Complete, PullStatus::Complete)
    );
    assert_eq!(world.vendor.counts().total, bill);
    assert_eq!(
        a.total(|pull| pull.requests) + b.total(|pull| pull.requests),
        bill
    );
    assert_eq!(world.rows().await, world.truth(&COINS, &from, &to));
}

#[tokio::test]
async fn two_that_tick_at_once_read_the_newest_bars_once() {
    let world = World::new(demo()).await;
    world.vendor.set_faults(slow("/market_chart", 1_000));
    let csv = csv_of(&COINS, "2026-05-17");
    let open = async || {
        let mut source = Wrapped::new(world.coingecko(Plan::Demo, RPM));
        let mut datasets = source.datasets.iter_mut();
        let hourly = datasets.find(|one| one.id.as_str() == "chart_hourly");
        hourly.unwrap().live = source::Live::Newest { secs: 6 * 3_600 };
        Collector::open(world.setup(source, &csv).await)
            .await
            .unwrap()
    };
    let (one, two) = (open().await, open().await);
    let charts = || world.vendor.counts().of("/coins/{id}/market_chart/range");
    let (a, b) = tokio::join!(one.live("one"), two.live("two"));
    for tick in [a, b] {
        assert_eq!(tick.unwrap().status(), PullStatus::Complete);
    }
    assert_eq!(charts(), 6);
    world.vendor.set_faults(Faults::default());
    // A tick of its own reads them again, settled as they are, whoever read them before.
    world.clock.advance(Duration::from_secs(1));
    one.live("one again").await.unwrap();
    assert_eq!(charts(), 12);
    two.live("two again").await.unwrap();
    assert_eq!(charts(), 18);
}

#[tokio::test]
async fn what_a_task_that_was_given_up_had_claimed_is_free_for_the_next() {
    let world = World::new(demo()).await;
    world.vendor.set_faults(Faults {
        rules: vec![Rule::times("/coins/markets", 1, Fault::Hang)],
        revisions: vec![],
    });
    let csv = csv_of(&COINS[..1], "2026-05-17");
    // Both in one process, with its one session.
    let setup = async || world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
    let first = setup().await;
    let (session, instance) = (Arc::clone(&first.session), first.instance.clone());
    let one = Arc::new(Collector::open(first).await.unwrap());
    let asked = || world.vendor.counts().of("/coins/markets");
    let task = Arc::clone(&one);
    let task = tokio::spawn(async move { task.live("one").await });
    until(|| asked() == 1).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    one.sweep_claims().await;

    let mut second = setup().await;
    (second.session, second.instance) = (session, instance);
    let two = Collector::open(second).await.unwrap();
    let tick = tokio::time::timeout(FOR_EVER / 4, two.live("two")).await;
    assert_eq!(tick.unwrap().unwrap().status(), PullStatus::Complete);
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn gaps_come_before_the_backfill_of_another_process() {
    // In real time, about two requests a second.
    let options = Options {
        now: None,
        rpm: Some(120),
        ..demo()
    };
    let world = World::new(options).await;
    let today = model::Step::Day.floor(SystemClock.now());
    let day = |days| today.plus_days(days).to_string();
    let open = async |coins: &[&str]| {
        let csv = csv_of(coins, &day(-30));
        let mut setup = world.setup(world.coingecko(Plan::Demo, 120), &csv).await;
        setup.clock = Arc::new(SystemClock);
        Collector::open(setup).await.unwrap()
    };
    let (backfill, gaps) = (open(&COINS[..3]).await, open(&COINS[3..]).await);
    // 3 + 3 × 4 requests against 3 + 3.
    let ask = past(&day(-350), &day(-30));
    let filling = async {
        until(|| world.vendor.counts().of("/coins/{id}/market_chart/range") >= 1).await;
        let summary = gaps.fill_gaps("gaps").await.unwrap();
        world.stopper.stop();
        summary
    };
    let (backfill, filled) = tokio::join!(backfill.backfill("backfill", &ask), filling);
    assert_eq!(filled.status(), PullStatus::Complete);
    assert_eq!(backfill.unwrap().status(), PullStatus::Interrupted);
    let requests = world.vendor.requests();
    let charts = requests.iter().filter(|one| one.path.contains("/coins/"));
    let of_gaps: Vec<bool> = charts
        .filter(|one| one.path.contains("/market_chart"))
        .map(|one| COINS[3..].iter().any(|coin| one.path.contains(coin)))
        .collect();
    let first = of_gaps.iter().position(|gap| *gap).unwrap();
    let last = of_gaps.iter().rposition(|gap| *gap).unwrap();
    let between = of_gaps[first..=last].iter().filter(|gap| !**gap).count();
    // What was on its way already, and the moment between two datasets.
    assert!(between <= 2, "{of_gaps:?}");
    assert_eq!(of_gaps.iter().filter(|gap| **gap).count(), 6);
}

#[tokio::test]
async fn stopped_in_the_middle_it_carries_on_where_it_was() {
    let world = World::new(demo()).await;
    world.vendor.set_faults(slow("/coins/", 100));
    let collector = world.collector(&csv_of(&COINS, "2025-07-01")).await;
    let ask = past("2025-07-01", "2026-04-01");
    let bill = collector.estimate(&ask, false).await.unwrap().requests();
    assert_eq!(bill, 6 + 6 * 4);
    let stop = async {
        until(|| world.vendor.counts().total >= 9).await;
        world.stopper.stop();
    };
    let (summary, ()) = tokio::join!(collector.backfill("stopped", &ask), stop);
    let summary = summary.unwrap();
    collector.close().await;
    assert_eq!(summary.status(), PullStatus::Interrupted);
    assert!(!summary.holes.is_empty());
    let statuses: Vec<PullStatus> = world.pulls().await.iter().map(|pull| pull.status).collect();
    assert_eq!(statuses, [PullStatus::Complete, PullStatus::Interrupted]);

    world.vendor.set_faults(Faults::default());
    let mut setup = world
        .setup(
            world.coingecko(Plan::Demo, RPM),
            &csv_of(&COINS, "2025-07-01"),
        )
        .await;
    let (_stopper, stop) = Stopper::new();
    setup.stop = stop;
    let collector = Collector::open(setup).await.unwrap();
    let summary = collector.backfill("carried on", &ask).await.unwrap();
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Complete, 0)
    );
    // What was under way when it stopped was taken in: nothing was asked for twice.
    assert_eq!(world.vendor.counts().total, bill);
    assert_eq!(
        world.rows().await,
        world.truth(&COINS, "2025-07-01", "2026-04-01")
    );
}

#[tokio::test]
async fn requests_run_at_once_but_never_more_than_allowed() {
    let world = World::new(demo()).await;
    world.vendor.set_faults(slow("/coins/", 30));
    let collector = world.collector(&csv_of(&COINS, "2025-07-01")).await;
    collector
        .backfill("run", &past("2025-07-01", "2026-04-01"))
        .await
        .unwrap();
    let peak = world.vendor.counts().in_flight_peak;
    assert!((2..=4).contains(&peak), "{peak}");
}

#[tokio::test]
async fn a_gap_filler_that_hangs_does_not_hold_up_the_tick_nor_the_end() {
    let world = World::new(demo()).await;
    let rules = vec![Rule::always("/market_chart", Fault::Hang)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let charts = || world.vendor.counts().of("/coins/{id}/market_chart/range");
    let tick = async {
        // One place of four is left to the tick.
        until(|| charts() == 3).await;
        let live = tokio::time::timeout(FOR_EVER, collector.live("tick")).await;
        assert_eq!(live.unwrap().unwrap().status(), PullStatus::Complete);
        assert_eq!(charts(), 3);
        world.stopper.stop();
    };
    // Long before the transport's time-out of ninety seconds, by which a service manager kills.
    let gaps = tokio::time::timeout(Duration::from_secs(60), collector.fill_gaps("gaps"));
    let (gaps, ()) = tokio::join!(gaps, tick);
    assert_eq!(gaps.unwrap().unwrap().status(), PullStatus::Interrupted);
    assert_eq!(charts(), 3);
}

#[tokio::test]
async fn the_vendor_never_sees_more_than_its_limit() {
    const LIMIT: u32 = 20;
    let options = Options {
        rpm: Some(LIMIT),
        ..demo()
    };
    let world = World::new(options).await;
    let csv = csv_of(&COINS, "2025-07-01");
    let collector = async || {
        let setup = world.setup(world.coingecko(Plan::Demo, LIMIT), &csv).await;
        Collector::open(setup).await.unwrap()
    };
    let (one, two) = (collector().await, collector().await);
    // Two processes, both forced to ask for everything: sixty requests, three minutes' worth.
    let ask = ingest::PastAsk {
        force: true,
        ..past("2025-07-01", "2026-04-01")
    };
    let (a, b) = tokio::join!(one.backfill("one", &ask), two.backfill("two", &ask));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(
        (a.status(), b.status()),
        (PullStatus::Complete, PullStatus::Complete)
    );
    let counts = world.vendor.counts();
    assert_eq!(counts.per_status.keys().collect::<Vec<_>>(), [&200]);
    assert_eq!(counts.total, 60);
    let seen: Vec<OffsetDateTime> = (world.vendor.requests().iter())
        .map(|record| OffsetDateTime::parse(&record.at, &Rfc3339).unwrap())
        .collect();
    for (at, start) in seen.iter().enumerate() {
        let end = *start + Duration::from_secs(60);
        let inside = seen[at..].iter().filter(|one| **one < end).count();
        assert!(inside <= LIMIT as usize, "{inside} from {start}");
    }
    let whole = *seen.last().unwrap() - seen[0];
    assert!(whole > Duration::from_secs(3 * 60), "{whole}");
}

#[tokio::test]
async fn in_real_time_too_attempts_are_spaced() {
    let options = Options {
        now: None,
        rpm: Some(1_200),
        ..demo()
    };
    let world = World::new(options).await;
    let mut setup = world
        .setup(
            world.coingecko(Plan::Demo, 1_200),
            &csv_of(&COINS, "2026-01-01"),
        )
        .await;
    setup.clock = Arc::new(SystemClock);
    let collector = Collector::open(setup).await.unwrap();
    let today = model::Step::Day.floor(SystemClock.now());
    let ask = past(
        &today.plus_days(-100).to_string(),
        &today.plus_days(-5).to_string(),
    );
    let bill = collector.estimate(&ask, false).await.unwrap();
    let started = std::time::Instant::now();
    collector.backfill("run", &ask).await.unwrap();
    assert_eq!(world.vendor.counts().total, bill.requests());
    // The first leaves at once. No machine is too slow for this.
    let least = bill.at_least * (u32::try_from(bill.requests()).unwrap() - 1)
        / u32::try_from(bill.requests()).unwrap();
    assert!(
        started.elapsed() >= least,
        "{:?} < {least:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_database_that_breaks_ends_the_pull_as_failed_not_as_interrupted() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    world
        .client
        .batch_execute("ALTER TABLE metrics RENAME TO elsewhere")
        .await
        .unwrap();
    let ask = past("2026-04-01", "2026-04-20");
    let error = collector.backfill("run", &ask).await.unwrap_err();
    assert!(matches!(error, Error::Store(_)), "{error:?}");
    let pulls = world.pulls().await;
    assert_eq!(pulls.len(), 1);
    assert_eq!(pulls[0].status, PullStatus::Failed);
    assert_eq!(pulls[0].error_class.as_deref(), Some("database"));
    assert!(pulls[0].finished_at.is_some());

    // Claims were given back: the same process can go on.
    world
        .client
        .batch_execute("ALTER TABLE elsewhere RENAME TO metrics")
        .await
        .unwrap();
    collector.backfill("again", &ask).await.unwrap();
    assert_eq!(
        world.rows().await,
        world.truth(&COINS, "2026-04-01", "2026-04-20")
    );
}

#[tokio::test]
async fn who_no_longer_leads_writes_nothing_more() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-04-01");
    let mut setup = world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
    let now = world.clock.now();
    let epoch = setup.session.try_lead(now).await.unwrap().unwrap();
    setup.authority = Authority::Leading(epoch);
    let collector = Arc::new(Collector::open(setup).await.unwrap());
    world.vendor.set_faults(slow("/coins/markets", 300));
    let rival = async {
        until(|| world.vendor.counts().of("/coins/markets") == 1).await;
        let raise = "UPDATE leader SET epoch = epoch + 1";
        world.client.batch_execute(raise).await.unwrap();
    };
    let lost = |ended: Result<(), Error>| {
        let is_lost = matches!(
            ended,
            Err(Error::Store(store::Error::LeadershipLost {
                held: 1,
                now: Some(2)
            }))
        );
        assert!(is_lost, "{ended:?}");
    };
    let (tick, ()) = tokio::join!(collector.live("tick"), rival);
    lost(tick.map(|_| ()));
    let pulls = world.pulls().await;
    assert_eq!(pulls[0].status, PullStatus::Interrupted);
    assert_eq!(pulls[0].error_class.as_deref(), Some("leadership_lost"));
    assert!(world.rows().await.is_empty());

    // Nothing of the schedule begins any more, and it does not go on, although nobody said stop.
    let sent = world.vendor.counts().total;
    lost(collector.live("tick").await.map(|_| ()));
    lost(collector.fill_gaps("gaps").await.map(|_| ()));
    lost(collector.reread().await.map(|_| ()));
    lost(collector.refresh_catalogue("catalogue").await.map(|_| ()));
    let ticking = schedule::ticks(collector, world.clock.clone(), world.stop.clone());
    lost(tokio::time::timeout(FOR_EVER, ticking).await.unwrap());
    assert_eq!(world.vendor.counts().total, sent);
    assert_eq!(world.pulls().await.len(), 1);
}

#[tokio::test]
async fn ticks_run_at_once_and_then_on_their_minute() {
    let world = World::new(demo()).await;
    let collector = Arc::new(world.collector(&csv_of(&COINS, "2026-05-18")).await);
    let ticking = tokio::spawn(schedule::ticks(
        collector,
        world.clock.clone(),
        world.stop.clone(),
    ));
    until(|| world.vendor.counts().of("/coins/markets") >= 4).await;
    world.stopper.stop();
    let ended = tokio::time::timeout(FOR_EVER, ticking).await.unwrap();
    ended.unwrap().unwrap();
    let minutes: Vec<String> = (world.vendor.requests().iter())
        .filter(|record| record.path == "/coins/markets")
        .map(|record| record.at.chars().skip(11).take(5).collect())
        .collect();
    assert_eq!(minutes[..4], ["12:50", "13:03", "14:03", "15:03"]);
    assert_eq!(world.vendor.counts().of("/coins/list"), 1);
}
