//! A large backfill beside live ticks: its memory, its pace, its connections.

use std::time::Duration;

use fake_vendors::{Options, Plan, RequestRecord};
use testkit::stage::{Running, Stage, ended};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{PROGRAM, RANGE};

const MEBIBYTE: u64 = 1_024;
/// Of memory, in KiB.
const AT_MOST: u64 = 128 * MEBIBYTE;
/// The analyst plan's, a minute.
const LIMIT: usize = 500;
/// Requests that one process may have under way on a paid plan.
const CONCURRENCY: usize = 8;
/// A pool opens one while another one becomes free, and then keeps both.
const OPENED_AT_MOST: usize = 2 * CONCURRENCY;
const MARKETS: &str = "/coins/markets";
const CHARTS: &str = "/coins/{id}/market_chart/range";
const COINS: u64 = 200;
/// All days in one request, and the hours of 90 days in two: one may hold 89.
const CHARTS_A_COIN: u64 = 1 + 2;
/// How much later than where nothing else collects a tick's request may come.
const DELAY: time::Duration = time::Duration::SECOND;

#[tokio::test]
async fn a_large_backfill_stays_small_and_lets_live_ticks_pass() {
    let stage = stage_of_many().await;
    // Ticks on a stage of their own, taken in turn with the others: what a process needs to open, on a
    // machine that is as busy.
    let alone = stage_of_many().await;
    let (mut ticks, mut lone) = (Ticks::of(&stage), Ticks::of(&alone));
    // The first ones make the series.
    for ticks in [&mut ticks, &mut lone] {
        ticks.one_more().await;
    }
    let today = stage.vendor.now().date().to_string();
    let args = ["--source", "coingecko", "--to", &today, "--yes"];
    let mut program = Running::start(stage.command(&args));
    let watched = watch(program.id());
    stage.until_seen(2).await;
    while !program.has_ended() {
        lone.one_more().await;
        ticks.one_more().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    program.end().await.must(0, &["complete: "]);
    assert!(ticks.started.len() > 2);
    let (took, lone) = (ticks.slowest(), lone.slowest());
    assert!(took <= lone + DELAY, "{took} beside it, {lone} alone");
    ticks.asked_promptly().await;

    let peak = watched.await.unwrap();
    assert!((1..=AT_MOST).contains(&peak), "{peak} KiB");
    let counts = stage.vendor.counts();
    assert_eq!(counts.per_status.keys().collect::<Vec<_>>(), [&200]);
    assert_eq!(counts.of(MARKETS), ticks.seen());
    assert_eq!(counts.of(CHARTS), COINS * CHARTS_A_COIN);
    assert_eq!(counts.total, ticks.seen() + COINS * CHARTS_A_COIN);
    // One more for the tick, which is a process of its own.
    assert!(
        (2..=CONCURRENCY + 1).contains(&counts.in_flight_peak),
        "{counts:?}"
    );
    let most = OPENED_AT_MOST + ticks.started.len();
    assert!(counts.connections_opened <= most, "{counts:?}");
    let arrivals: Vec<OffsetDateTime> = stage.vendor.requests().iter().map(arrival).collect();
    for (secs, most) in [(60, LIMIT), (12, LIMIT / 5)] {
        let seen = most_within(&arrivals, Duration::from_secs(secs));
        assert!(seen <= most, "{seen} in {secs} s");
    }
}

#[tokio::test]
async fn it_opens_no_more_connections_than_it_has_requests_under_way() {
    // Without a pace to speak of, so that each place is taken the moment it is free, and with answers
    // that take longer than asking in all places does.
    let stage = Stage::with_latency(PROGRAM, Duration::from_millis(250)).await;
    let coins: Vec<String> = (stage.vendor.truth().entities().iter())
        .filter_map(|entity| entity.coingecko_id.clone())
        .collect();
    stage.configure(
        &coins
            .iter()
            .map(|coin| format!("{coin},,usd,PRICE,,,false,true,"))
            .collect::<Vec<_>>(),
    );
    stage.run(&RANGE).await.must(0, &["complete: "]);
    let counts = stage.vendor.counts();
    assert!(counts.total > 100, "{counts:?}");
    // As many as it may: with one place more it would be one more.
    assert_eq!(counts.in_flight_peak, CONCURRENCY, "{counts:?}");
    // Of all that it asked for, so none was thrown away and opened anew.
    assert!(counts.connections_opened <= OPENED_AT_MOST, "{counts:?}");
    assert!(counts.connections_peak <= CONCURRENCY, "{counts:?}");
}

/// Sets the stage for 200 coins: three years by day, 90 days by hour.
async fn stage_of_many() -> Stage {
    let coins: Vec<String> = (0..COINS).map(|n| format!("beside-{n}")).collect();
    let options = Options {
        extra_ids: coins.clone(),
        latency: Duration::from_millis(400),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Analyst, options).await;
    let today = stage.vendor.now().date();
    let (since, hourly_since) = (
        today - time::Duration::days(3 * 365),
        today - time::Duration::days(90),
    );
    let row = |coin: &String| {
        format!("{coin},,usd,PRICE|MARKET_CAP|VOLUME_24H|FDV,{since},{hourly_since},false,true,")
    };
    stage.configure(&coins.iter().map(row).collect::<Vec<_>>());
    stage
}

/// Live ticks, each a process that takes up the program, the database and the vendor anew.
struct Ticks<'a> {
    stage: &'a Stage,
    /// When each was about to be started, by the vendor's clock.
    started: Vec<OffsetDateTime>,
}

impl<'a> Ticks<'a> {
    fn of(stage: &'a Stage) -> Self {
        let started = Vec::new();
        Self { stage, started }
    }

    async fn one_more(&mut self) {
        let command = (self.stage).command_of("crossfeed", &["pull", "coingecko"]);
        self.started.push(self.stage.vendor.now());
        let tick = ended(command).await;
        tick.must(0, &["markets complete: 1 request, "]);
    }

    fn seen(&self) -> u64 {
        u64::try_from(self.started.len()).unwrap()
    }

    /// Returns when the vendor saw each one's request.
    fn came(&self) -> Vec<OffsetDateTime> {
        let requests = self.stage.vendor.requests();
        let came = requests.iter().filter(|one| one.path == MARKETS);
        let came: Vec<OffsetDateTime> = came.map(arrival).collect();
        assert_eq!(came.len(), self.started.len());
        came
    }

    /// Returns the longest way from before a process to its request, the first one's left out.
    fn slowest(&self) -> time::Duration {
        let came = self.came();
        let took = came.iter().zip(&self.started).skip(1);
        took.map(|(came, started)| *came - *started).max().unwrap()
    }

    /// Each one's request came within a second of the tick itself, whatever opening took.
    async fn asked_promptly(&self) {
        let sql = "SELECT (extract(epoch FROM started_at) * 1000)::int8 FROM pulls
                   WHERE dataset = 'markets' ORDER BY pull_id";
        let pulls = self.stage.client().await.query(sql, &[]).await.unwrap();
        let came = self.came();
        assert_eq!(pulls.len(), came.len());
        for (pull, came) in pulls.iter().zip(&came) {
            let came_ms = i64::try_from(came.unix_timestamp_nanos() / 1_000_000).unwrap();
            let waited_ms = came_ms - pull.get::<_, i64>(0);
            assert!((0..1_000).contains(&waited_ms), "{waited_ms} ms");
        }
    }
}

/// Follows the greatest resident memory of a process until it ends, in KiB.
fn watch(process: u32) -> tokio::task::JoinHandle<u64> {
    let file = format!("/proc/{process}/status");
    tokio::spawn(async move {
        let mut peak = 0;
        while let Some(now) = std::fs::read_to_string(&file)
            .ok()
            .as_deref()
            .and_then(greatest)
        {
            peak = now;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        peak
    })
}

/// Reads the high-water mark; a process that has ended has none.
fn greatest(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn arrival(record: &RequestRecord) -> OffsetDateTime {
    OffsetDateTime::parse(&record.at, &Rfc3339).unwrap()
}

/// Returns how many arrived in the fullest window of this width.
fn most_within(arrivals: &[OffsetDateTime], window: Duration) -> usize {
    let inside = |(at, start): (usize, &OffsetDateTime)| {
        let later = arrivals.iter().skip(at);
        later.take_while(|one| **one < *start + window).count()
    };
    arrivals.iter().enumerate().map(inside).max().unwrap_or(0)
}
