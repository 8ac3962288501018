//! What is read again at night: recent days, deeper ones every week, and what was queued.

use std::{collections::HashMap, sync::Arc, time::Duration};

use fake_vendors::{FakeVendor, Fault, Faults, Metric, Revision, Rule};
use ingest::Collector;
use model::Ts;
use ratelimit::{Clock, SharedClock};
use simclock::Server;
use source_coingecko::Plan;
use store::pulls::PullStatus;

use crate::{
    processes::until,
    world::{NOW, RPM, Tasks, World, all_ended, at, csv_of, demo, only, past, set_to_work},
};

const COINS: [&str; 2] = ["bitcoin", "ethereum"];

/// A change of bitcoin's price between two instants.
pub(crate) fn revision((from, to): &(&str, &str)) -> Revision {
    Revision {
        entity: Some("bitcoin".to_owned()),
        metric: Some(Metric::Price),
        from_ms: at(from).millis(),
        to_ms: at(to).millis(),
        factor: 1.5,
    }
}

pub(crate) fn revise(vendor: &FakeVendor, ranges: &[(&str, &str)]) {
    vendor.set_faults(Faults {
        rules: vec![],
        revisions: ranges.iter().map(revision).collect(),
    });
}

/// Returns the re-reads: what they are called, their dataset and the day and minute of their start.
pub(crate) async fn rereads(world: &World) -> Vec<String> {
    let pulls = world.pulls().await.into_iter();
    pulls
        .filter(|pull| pull.kind == "reread")
        .map(|pull| {
            let name = pull.run_id.split("-2026").next().unwrap().to_owned();
            let started: String = pull.started_at.to_string().chars().take(16).collect();
            format!("{name} {} {started}", pull.dataset)
        })
        .collect()
}

/// Returns `metric step bucket old value` of every revision of bitcoin's before a time.
async fn revisions_before(world: &World, end: &str) -> Vec<String> {
    let sql = format!(
        "SELECT s.metric || ' ' || s.step || ' ' || to_char(r.ts AT TIME ZONE 'UTC', 'DD HH24')
                || ' ' || r.old_value::text
         FROM metric_revisions r JOIN series s USING (series_id)
         WHERE s.asset = 'bitcoin' AND r.ts < '{end}' ORDER BY 1"
    );
    let rows = world.client.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Lets the clock run to an instant at which somebody wakes.
async fn run_to(server: &Server, instant: &str) {
    let until_ms = at(instant).millis();
    server.hold_at(Some(until_ms)).await;
    until(|| server.now_ms() == until_ms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_days_with_three_nights_and_no_tick_late() {
    let world = World::new(demo()).await;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("clock");
    let server = Server::bind(&socket, at(NOW).millis()).unwrap();
    let _follows = world.vendor.follow(&socket).await.unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SharedClock::join(&socket).await.unwrap());
    let mut setup = world
        .setup(
            world.coingecko(Plan::Demo, RPM),
            &csv_of(&COINS, "2026-05-10"),
        )
        .await;
    setup.clock = Arc::clone(&clock);
    let collector = Collector::open(setup).await.unwrap();
    let mut tasks = Tasks::new();
    set_to_work(&mut tasks, collector, &clock, &world.stop);

    // After the first night the vendor repairs what was read long ago: three hours and a day's end.
    run_to(&server, "2026-05-19T12:03:00Z").await;
    let before = world.rows().await;
    assert_eq!(revisions_before(&world, "2026-05-18T12:00Z").await, [""; 0]);
    let repaired = [
        ("2026-05-17T05:30:00Z", "2026-05-17T08:30:00Z"),
        ("2026-05-17T23:30:00Z", "2026-05-18T00:30:00Z"),
    ];
    revise(&world.vendor, &repaired);
    run_to(&server, "2026-05-21T12:03:00Z").await;
    world.stopper.stop();
    all_ended(&mut tasks).await;

    // The daily chart comes whole each day: the gap filler's answers were compared.
    // The repaired hours lie at the oldest end of the second night's window: it looks deeper once.
    let nights = [
        "reread-3d chart_hourly 2026-05-19T02:03",
        "reread-3d chart_hourly 2026-05-20T02:03",
        "deeper-6d chart_hourly 2026-05-20T02:03",
        "reread-3d chart_hourly 2026-05-21T02:03",
    ];
    assert_eq!(rereads(&world).await, nights);

    // The newer values are in, and the older ones are revisions, each once.
    let mut expected = Vec::new();
    for (series, bucket, words) in [
        ("bitcoin usd PRICE 1d", "2026-05-17", "PRICE 1d 17 00"),
        (
            "bitcoin usd PRICE 1h",
            "2026-05-17T05:00:00Z",
            "PRICE 1h 17 05",
        ),
        (
            "bitcoin usd PRICE 1h",
            "2026-05-17T06:00:00Z",
            "PRICE 1h 17 06",
        ),
        (
            "bitcoin usd PRICE 1h",
            "2026-05-17T07:00:00Z",
            "PRICE 1h 17 07",
        ),
        (
            "bitcoin usd PRICE 1h",
            "2026-05-17T23:00:00Z",
            "PRICE 1h 17 23",
        ),
    ] {
        let stored = &before[series];
        let (_, bits) = stored
            .iter()
            .find(|(ts, _)| *ts == at(bucket).millis())
            .unwrap();
        expected.push(format!("{words} {}", f64::from_bits(*bits)));
    }
    let told = revisions_before(&world, "2026-05-18T12:00Z").await;
    assert_eq!(told, expected);
    // Where the chart has a hole, the live value stays.
    let rows = world.rows().await;
    for (series, points) in world.truth(&COINS, "2026-05-10", "2026-05-21") {
        let stored: HashMap<i64, u64> = rows[&series].iter().copied().collect();
        for (ts, bits) in points {
            assert_eq!(
                stored.get(&ts),
                Some(&bits),
                "{series} {}",
                Ts::from_millis(ts)
            );
        }
    }

    // The first tick at once, then each on its minute, to the second.
    let ticks: Vec<String> = (world.vendor.requests().into_iter())
        .filter(|record| record.path == "/coins/markets")
        .map(|record| record.at.chars().skip(8).take(11).collect())
        .collect();
    let hours = (12 + 1)..=(3 * 24 + 12);
    let due = hours.map(|hour| format!("{}T{:02}:03:00", 18 + hour / 24, hour % 24));
    let due: Vec<String> = std::iter::once("18T12:50:00".to_owned())
        .chain(due)
        .collect();
    assert!(ticks.len() >= due.len() - 1, "{}", ticks.len());
    assert_eq!(ticks, due[..ticks.len()]);
}

#[tokio::test]
async fn once_a_night_whoever_asks_and_every_week_deeper() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-04-01");
    let collector = world.collector(&csv).await;
    // Nothing was ever asked, and what was asked today is not old.
    assert!(collector.reread().await.unwrap().pulls.is_empty());
    collector.fill_gaps("gaps").await.unwrap();
    world.set_now("2026-05-19T01:59:00Z");
    assert!(collector.reread().await.unwrap().pulls.is_empty());

    world.set_now("2026-05-19T02:10:00Z");
    let asked = world.vendor.counts().total;
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    // One request a coin and night: contract section 7, steady state.
    assert_eq!(world.vendor.counts().total - asked, 2);
    // Three days and no more, and the vendor's chart has a hole here and there.
    let received: Vec<u64> = summary.pulls.iter().map(|pull| pull.received).collect();
    assert!(
        received.len() == 1 && (400..=2 * 3 * 72).contains(&received[0]),
        "{received:?}"
    );
    // Neither again tonight, nor by another process.
    assert!(collector.reread().await.unwrap().pulls.is_empty());
    let restarted = world.collector(&csv).await;
    assert!(restarted.reread().await.unwrap().pulls.is_empty());

    for night in ["2026-05-24", "2026-05-25", "2026-05-26"] {
        world.set_now(&format!("{night}T04:00:00Z"));
        restarted.reread().await.unwrap();
    }
    let read: Vec<String> = (rereads(&world).await.into_iter())
        .filter_map(|line| {
            line.strip_suffix(":10")
                .or(line.strip_suffix(":00"))
                .map(str::to_owned)
        })
        .collect();
    // The deeper pass does the work of the nightly one.
    let expected = [
        "reread-3d chart_hourly 2026-05-19T02",
        "reread-3d chart_hourly 2026-05-24T04",
        "reread-30d chart_hourly 2026-05-25T04",
        "reread-3d chart_hourly 2026-05-26T04",
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn what_failed_is_not_done_and_is_tried_at_the_next_pass() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-05-10")).await;
    collector.fill_gaps("gaps").await.unwrap();
    world.set_now("2026-05-19T02:10:00Z");
    let rules = vec![Rule::always("/market_chart", Fault::Html403)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    assert_eq!(
        collector.reread().await.unwrap().status(),
        PullStatus::Failed
    );
    world.vendor.set_faults(Faults::default());
    world.clock.advance(Duration::from_secs(3_600));
    let summary = collector.reread().await.unwrap();
    assert_eq!(summary.status(), PullStatus::Complete);
    assert_eq!(summary.pulls.len(), 1);
}

#[tokio::test]
async fn what_is_queued_leaves_the_queue_once_it_was_read_again() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-01-01")).await;
    let mut ask = past("2026-01-01", "2026-05-01");
    ask.filter = only("chart_hourly");
    collector.backfill("first", &ask).await.unwrap();
    // A hundred days are two requests; three hours are one of them.
    let queue = "INSERT INTO reread_queue
                 SELECT series_id, during::tstzrange, '2026-05-18' FROM series,
                     (VALUES ('[2026-01-05 00:00Z,2026-04-15 00:00Z)'),
                             ('[2026-04-20 03:00Z,2026-04-20 06:00Z)')) AS q(during)
                 WHERE asset = 'bitcoin' AND metric = 'PRICE' AND step = '1h'";
    world.client.batch_execute(queue).await.unwrap();
    let queued = async || world.text("SELECT count(*)::text FROM reread_queue").await;
    let of_the_queue = |pulls: Vec<String>| -> usize {
        let is_queue = |line: &&String| line.starts_with("reread-queue chart_hourly");
        pulls.iter().filter(is_queue).count()
    };

    world.set_now("2026-05-19T02:10:00Z");
    let rules = vec![Rule::always("/market_chart", Fault::Html403)];
    world.vendor.set_faults(Faults {
        rules,
        revisions: vec![],
    });
    collector.reread().await.unwrap();
    assert_eq!(of_the_queue(rereads(&world).await), 1);
    assert_eq!(queued().await, "2");

    revise(
        &world.vendor,
        &[("2026-02-01T05:30:00Z", "2026-02-01T08:30:00Z")],
    );
    let summary = collector.reread().await.unwrap();
    assert_eq!(of_the_queue(rereads(&world).await), 2);
    assert_eq!(queued().await, "0");
    assert_eq!(summary.total(|pull| pull.updated), 3);
    let mut truth = world.truth(&["bitcoin"], "2026-01-01", "2026-05-01");
    truth.retain(|series, _| series.ends_with("1h"));
    let mut rows = world.rows().await;
    rows.retain(|series, _| series.ends_with("1h"));
    for points in rows.values_mut() {
        points.retain(|(ts, _)| *ts < at("2026-05-01").millis());
    }
    assert_eq!(rows, truth);

    // A queue that is empty asks nothing.
    world.set_now("2026-05-20T02:10:00Z");
    collector.reread().await.unwrap();
    assert_eq!(of_the_queue(rereads(&world).await), 2);
}
