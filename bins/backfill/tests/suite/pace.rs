//! Several processes, one pace: whatever they do, no minute holds more than the vendor allows.

use std::time::Duration;

use fake_vendors::{Options, Plan};
use proptest::{
    prelude::*,
    sample::subsequence,
    test_runner::{Config, TestRunner},
};
use simclock::Server;
use testkit::stage::{Running, Stage};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::PROGRAM;

const START: &str = "2026-05-18T12:50:00Z";
const MINUTE: Duration = Duration::from_secs(60);
const COINS: [&str; 5] = ["bitcoin", "ethereum", "solana", "ripple", "cardano"];

/// One process: the coins it backfills, by force, so that it asks whatever others settled; none where
/// it is a live pull, which may reserve its slots ahead.
type Process = Vec<&'static str>;

fn process() -> impl Strategy<Value = Process> {
    prop_oneof![
        4 => subsequence(&COINS[..], 2..=COINS.len()),
        1 => Just(Vec::new()),
    ]
}

#[test]
fn no_minute_holds_more_than_the_limit_whatever_processes_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    // Each starts processes, and takes seconds: who waits for a slot looks twice a second.
    let config = Config {
        cases: 4,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    };
    // One of them alone has more to ask than a minute holds.
    let others = prop::collection::vec(process(), 1..=3);
    let processes = others.prop_map(|mut processes| {
        processes.push(COINS.to_vec());
        processes
    });
    let outcome = TestRunner::new(config).run(&(6_u32..14, processes), |(limit, processes)| {
        let seen = runtime.block_on(seen(limit, &processes));
        let backfilled: usize = processes.iter().map(Vec::len).sum();
        prop_assert!(seen.len() >= 3 * backfilled, "{}", seen.len());
        for (at, start) in seen.iter().enumerate() {
            let inside = seen[at..].iter().take_while(|one| **one < *start + MINUTE);
            let inside = inside.count();
            prop_assert!(inside <= limit as usize, "{} from {}", inside, start);
        }
        Ok(())
    });
    outcome.unwrap();
}

/// Runs the processes at once on a simulated clock, and returns when the vendor saw their requests.
async fn seen(limit: u32, processes: &[Process]) -> Vec<OffsetDateTime> {
    let start = OffsetDateTime::parse(START, &Rfc3339).unwrap();
    let options = Options {
        now: Some(start),
        rpm: Some(limit),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Demo, options).await;
    stage.configure(&COINS.map(|coin| format!("{coin},,usd,PRICE,,,false,true,")));
    let socket = stage.folder.path().join("clock");
    let start_ms = start.unix_timestamp() * 1_000;
    let server = Server::bind(&socket, start_ms).unwrap();
    let _follows = stage.vendor.follow(&socket).await.unwrap();

    // Time stands still until all of them are there.
    server.hold_at(Some(start_ms)).await;
    let start = |coins: &Process| {
        let assets = coins.join(",");
        let past = [
            "--source",
            "coingecko",
            "--from",
            "2026-01-01",
            "--to",
            "2026-05-01",
            "--force",
            "--yes",
            "--assets",
            &assets,
        ];
        let mut command = match coins.is_empty() {
            true => stage.command_of("crossfeed", &["pull", "coingecko"]),
            false => stage.command(&past),
        };
        command.env("CROSSFEED_CLOCK", &socket);
        Running::start(command)
    };
    let running: Vec<Running> = processes.iter().map(start).collect();
    for (program, coins) in running.iter().zip(processes) {
        if !coins.is_empty() {
            program.until_said("in all ").await;
        }
    }
    server.hold_at(None).await;
    for program in running {
        program.end().await.must(0, &[]);
    }
    let counts = stage.vendor.counts();
    assert_eq!(counts.per_status.keys().collect::<Vec<_>>(), [&200]);
    let requests = stage.vendor.requests();
    let at = requests
        .iter()
        .map(|one| OffsetDateTime::parse(&one.at, &Rfc3339).unwrap());
    at.collect()
}
