//! `ingestd` as a process: its first hour, its end, its rivals, and what it leaves alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

mod away;
mod five;
mod forecast;
mod given_up;
mod notify;
mod one_clock;
mod outage;
mod reload;
mod schedule;
mod shutdown;
mod standby;
mod takeover;
mod telemetry;
mod velo;

use std::time::{Duration, Instant};

use fake_vendors::Fault;
use nix::sys::signal::Signal;
use testkit::stage::{Ended, Running, Stage, ended};
use time::OffsetDateTime;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_ingestd");

/// Wants a few days of the past, so that there are gaps.
async fn stage() -> Stage {
    let stage = Stage::new(PROGRAM).await;
    want_days(&stage, 5);
    stage
}

#[expect(
    clippy::disallowed_methods,
    reason = "the programs and the vendor go by the real clock"
)]
fn want_days(stage: &Stage, days: i64) {
    let since = (OffsetDateTime::now_utc() - time::Duration::days(days)).date();
    let row = |coin| format!("{coin},,usd,,{since},{since},false,true,");
    stage.configure(&["bitcoin", "ethereum"].map(row));
}

/// A program that was told to end is gone by then.
const IN_TIME: Duration = Duration::from_secs(10);

/// Tells a program to end, and waits for that: ten seconds at most.
async fn ends_in_time(program: Running) -> Ended {
    let asked = Instant::now();
    let ended = program.stop().await;
    assert!(asked.elapsed() < IN_TIME, "{:?}: {ended}", asked.elapsed());
    ended.must(0, &["ended"]);
    ended
}

const LIVE: &str = "SELECT count(*) > 0 FROM pulls
                    WHERE dataset = 'markets' AND kind = 'live' AND status = 'complete'";
const GAPS: &str = "SELECT count(*) FROM pulls WHERE kind = 'gap' AND status = 'complete'";
const RUNNING: &str = "SELECT count(*) FROM pulls WHERE status = 'running'";

#[tokio::test]
async fn it_ticks_at_once_fills_gaps_afterwards_and_ends_in_order() {
    let stage = stage().await;
    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    stage.until(GAPS, "2").await;
    program
        .stop()
        .await
        .must(0, &["tick ended", "gaps ended", "ended"]);

    let order = "SELECT (SELECT min(pull_id) FROM pulls WHERE dataset = 'markets')
                      < (SELECT min(pull_id) FROM pulls WHERE kind = 'gap')";
    assert_eq!(stage.ask(order).await, "true");
    // Five days by day, and by hour; the newest may not be published yet.
    let stored =
        "SELECT bool_and(points >= CASE step WHEN '1d' THEN 4 ELSE 90 END) AND count(*) = 4
                  FROM series_stats WHERE metric = 'PRICE'";
    assert_eq!(stage.ask(stored).await, "true");
    assert_eq!(stage.ask(RUNNING).await, "0");
    let catalogue = "SELECT count(*) > 2 FROM listings";
    assert_eq!(stage.ask(catalogue).await, "true");
}

#[tokio::test]
async fn a_second_one_ends_and_names_the_first() {
    let stage = stage().await;
    let first = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let leader = stage.ask("SELECT instance FROM leader").await;

    let second = stage.run(&[]).await;
    second.must(1, &[&leader, "one ingestd per database"]);
    let workers = "SELECT string_agg(DISTINCT instance, ',') FROM pulls";
    assert_eq!(stage.ask(workers).await, leader);
    assert_eq!(stage.ask("SELECT epoch FROM leader").await, "1");

    first.signal(Signal::SIGINT);
    first.end().await.must(0, &["ended"]);
}

#[tokio::test]
async fn leadership_that_is_lost_ends_it() {
    let stage = stage().await;
    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let another = "UPDATE leader SET epoch = epoch + 1";
    stage.client().await.batch_execute(another).await.unwrap();
    // Gaps are filled a moment after the tick, and meet it.
    program.end().await.must(1, &["leadership", "ended"]);
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn what_its_configuration_no_longer_names_ends() {
    let stage = stage().await;
    let active = "SELECT string_agg(DISTINCT asset, ',') FROM series WHERE upper_inf(active)";
    for (coins, wanted) in [
        (&["bitcoin", "ethereum"][..], "bitcoin,ethereum"),
        (&["ethereum"], "ethereum"),
    ] {
        let rows: Vec<String> = coins
            .iter()
            .map(|coin| format!("{coin},,usd,,,,false,true,"))
            .collect();
        stage.configure(&rows);
        let program = Running::start(stage.command(&[]));
        program.until_said("tick ended").await;
        assert_eq!(stage.ask(active).await, wanted);
        program.stop().await.must(0, &[]);
    }
}

#[tokio::test]
async fn killed_it_can_be_started_again_at_once() {
    let stage = stage().await;
    stage.always("/coins/markets", Fault::Hang);
    let first = Running::start(stage.command(&[]));
    let hanging = "SELECT count(*) > 0 FROM pulls WHERE dataset = 'markets' AND requests = 1";
    stage.until(hanging, "true").await;
    first.kill().await;
    assert_eq!(stage.ask(RUNNING).await, "1");

    stage.break_answers(Vec::new());
    let second = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    assert_eq!(stage.ask("SELECT epoch FROM leader").await, "2");
    let interrupted = "SELECT count(*) FROM pulls WHERE status = 'interrupted'";
    assert_eq!(stage.ask(interrupted).await, "1");
    second.stop().await.must(0, &["marked interrupted"]);
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn a_vendor_that_never_answers_does_not_hold_up_the_end() {
    let stage = stage().await;
    stage.always("", Fault::Hang);
    let program = Running::start(stage.command(&[]));
    stage.until_seen(1).await;
    program.stop().await.must(0, &["ended"]);
    assert_eq!(stage.ask(RUNNING).await, "0");
    let first = "SELECT status FROM pulls ORDER BY pull_id LIMIT 1";
    assert_eq!(stage.ask(first).await, "interrupted");
}

#[tokio::test]
async fn a_suspended_source_is_told_and_not_asked() {
    let stage = stage().await;
    let wrong = || {
        let mut command = stage.command(&[]);
        command.env("COINGECKO_API_KEY", "CG-not-the-one");
        command
    };
    let program = Running::start(wrong());
    program.until_said("gaps ended").await;
    program.stop().await.must(
        0,
        &[
            "not authorised",
            "runs again after `crossfeed resume coingecko`",
        ],
    );
    // The catalogue was refused; nothing was asked after that.
    assert_eq!(stage.seen(), 1);
    assert_eq!(
        stage.ask("SELECT source FROM suspensions").await,
        "coingecko"
    );

    // Not by a start, and not with the right key.
    let program = Running::start(stage.command(&[]));
    program.until_said("tick ended").await;
    program
        .stop()
        .await
        .must(0, &["runs again after `crossfeed resume coingecko`"]);
    assert_eq!(stage.seen(), 1);
    assert_eq!(stage.pulls().await, "1 failed");
}

#[tokio::test]
async fn a_wrong_configuration_is_told_before_anything_is_asked() {
    let stage = stage().await;
    stage.configure(&[
        "bitcoin,,usd,PRICEE,,,false,true,",
        "Ether,,usd,,,,false,true,",
    ]);
    let told = [
        "coingecko.csv:2: column metrics: ",
        "coingecko.csv:3: column coin_id: ",
    ];
    for args in [&[][..], &["--check-config"]] {
        stage.run(args).await.must(1, &told);
    }
    assert_eq!(stage.ask("SELECT count(*) FROM leader").await, "0");
    // With the environment, which comes first; each is told once.
    for args in [&[][..], &["--check-config"]] {
        let mut command = stage.command(args);
        command
            .env("COINGECKO_RPM", "none")
            .env("RUST_LOG", "a=b=c");
        let run = ended(command).await;
        run.must(1, &told);
        let lines: Vec<&str> = (run.stderr.lines())
            .filter_map(|line| line.split_once(": ").map(|(name, _)| name))
            .filter(|name| ["COINGECKO_RPM", "RUST_LOG"].contains(name) || name.contains(".csv:"))
            .collect();
        assert_eq!(
            lines,
            [
                "RUST_LOG",
                "COINGECKO_RPM",
                "coingecko.csv:2",
                "coingecko.csv:3"
            ],
            "{run}"
        );
    }
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn a_folder_that_is_none_is_told_once_by_its_variable() {
    let stage = stage().await;
    let nowhere = stage.folder.path().join("nowhere");
    for args in [&[][..], &["--check-config"]] {
        let mut command = stage.command(args);
        command.env("CROSSFEED_CONFIG", &nowhere);
        let run = ended(command).await;
        let told = format!(
            "CROSSFEED_CONFIG: failed to read the folder {}: ",
            nowhere.display()
        );
        run.must(1, &[&told]);
        assert_eq!(run.stderr.matches("nowhere").count(), 1, "{run}");
    }
}

#[tokio::test]
async fn simulated_and_live_data_never_meet() {
    let stage = stage().await;
    let mut live = stage.command(&[]);
    live.env("CROSSFEED_WORLD", "live");
    let program = Running::start(live);
    stage.until(LIVE, "true").await;
    program.stop().await.must(0, &[]);
    let seen = stage.seen();
    stage
        .run(&[])
        .await
        .must(1, &["holds live data", "simulated"]);
    assert_eq!(stage.seen(), seen);
}
