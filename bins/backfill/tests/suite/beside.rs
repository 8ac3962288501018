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
const MARKETS: &str = "/coins/markets";

#[tokio::test]
async fn a_large_backfill_stays_small_and_lets_live_ticks_pass() {
    let coins: Vec<String> = (0..200).map(|n| format!("beside-{n}")).collect();
    let options = Options {
        extra_ids: coins.clone(),
        latency: Duration::from_millis(400),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Analyst, options).await;
    let today = stage.vendor.now().date();
    let (since, hourly_since) = (
        today - time::Duration::days(3 * 365),
        today - time::Duration::days(89),
    );
    let row = |coin: &String| {
        format!("{coin},,usd,PRICE|MARKET_CAP|VOLUME_24H|FDV,{since},{hourly_since},false,true,")
    };
    stage.configure(&coins.iter().map(row).collect::<Vec<_>>());

    let args = ["--source", "coingecko", "--to", &today.to_string(), "--yes"];
    let mut program = Running::start(stage.command(&args));
    let watched = watch(program.id());
    let mut ticks = 0;
    stage.until_seen(1).await;
    while !program.has_ended() {
        let tick = ended(stage.command_of("crossfeed", &["pull", "coingecko"])).await;
        tick.must(0, &["markets complete: 1 request, "]);
        ticks += 1;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    program.end().await.must(0, &["complete: "]);
    assert!(ticks > 1);

    let peak = watched.await.unwrap();
    assert!((1..=AT_MOST).contains(&peak), "{peak} KiB");
    let counts = stage.vendor.counts();
    assert_eq!(counts.per_status.keys().collect::<Vec<_>>(), [&200]);
    let charts = counts.of("/coins/{id}/market_chart/range");
    assert_eq!(counts.of(MARKETS), ticks);
    assert!(charts >= 400, "{charts}");
    // One more for the tick, which is a process of its own.
    assert!(
        (2..=CONCURRENCY + 1).contains(&counts.in_flight_peak),
        "{counts:?}"
    );
    let requests = stage.vendor.requests();
    let arrivals: Vec<OffsetDateTime> = requests.iter().map(arrival).collect();
    for (secs, most) in [(60, LIMIT), (12, LIMIT / 5)] {
        let seen = most_within(&arrivals, Duration::from_secs(secs));
        assert!(seen <= most, "{seen} in {secs} s");
    }
    ticks_were_prompt(&stage, &requests).await;
}

#[tokio::test]
async fn it_opens_no_more_connections_than_it_has_requests_under_way() {
    // Without a pace to speak of, so that each place is taken the moment it is free.
    let stage = Stage::with_latency(PROGRAM, Duration::from_millis(5)).await;
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
    assert!(
        (2..=CONCURRENCY).contains(&counts.in_flight_peak),
        "{counts:?}"
    );
    assert!(counts.connections_peak <= CONCURRENCY, "{counts:?}");
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

/// Each tick's request came within a second of the tick.
async fn ticks_were_prompt(stage: &Stage, requests: &[RequestRecord]) {
    let sql = "SELECT (extract(epoch FROM started_at) * 1000)::int8 FROM pulls
               WHERE dataset = 'markets' ORDER BY pull_id";
    let started = stage.client().await.query(sql, &[]).await.unwrap();
    let came = requests
        .iter()
        .filter(|one| one.path == MARKETS)
        .map(arrival);
    let came: Vec<i64> = came
        .map(|at| i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap())
        .collect();
    let started: Vec<i64> = started.iter().map(|row| row.get(0)).collect();
    assert_eq!(started.len(), came.len());
    for (started, came) in started.iter().zip(&came) {
        let waited_ms = came - started;
        assert!((0..1_000).contains(&waited_ms), "{waited_ms} ms");
    }
}
