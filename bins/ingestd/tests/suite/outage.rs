//! The database goes away and comes back, with and without another leader in between.

use std::time::Duration;

use fake_vendors::Fault;
use testkit::{
    own_server::OwnServer,
    stage::{Running, Stage, TOO_LONG},
};

use crate::{LIVE, PROGRAM, RUNNING, ends_in_time, stage, want_days};

const LATENCY: Duration = Duration::from_millis(250);
const OUTAGE: Duration = Duration::from_secs(20);
const GONE: &str = "the connection that holds the leadership is gone";
const FILLED: &str = "gaps ended";
/// Ends the connection of the leader.
const BREAK_OFF: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid = x'0CF00004'::int8::oid
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// What lies in the past of both runs, as one text.
async fn settled_rows(stage: &Stage) -> String {
    stage
        .ask(
            "SELECT count(*) || ' ' || md5(string_agg(concat_ws('|', asset, metric, step,
                 extract(epoch FROM ts), value), E'\\n' ORDER BY asset, metric, step, ts))
             FROM metrics JOIN series USING (series_id)
             WHERE ts < date_trunc('day', now()) - interval '1 day'",
        )
        .await
}

#[tokio::test]
async fn a_database_away_for_twenty_seconds_is_waited_for() {
    let server = OwnServer::start().await;
    let stage = Stage::with_latency(PROGRAM, LATENCY)
        .await
        .on(&server)
        .await;
    want_days(&stage, 200);
    let undisturbed = stage.another().await;
    want_days(&undisturbed, 200);
    let program = Running::start(undisturbed.command(&[]));
    program.until_said(FILLED).await;
    program.stop().await.must(0, &[]);
    let charts = || stage.vendor.counts().of("/coins/{id}/market_chart/range");
    let needed = charts();
    stage.vendor.reset();

    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    // Among the charts that fill the gaps.
    stage.until_seen(stage.seen() + 2).await;
    server.stop().await;
    program.until_said(GONE).await;
    tokio::time::sleep(OUTAGE).await;
    server.start_again().await;
    program.until_said("leading again").await;
    program.until_said(FILLED).await;
    let ended = program.stop().await;
    ended.must(
        0,
        &["waiting for the database", "the database is there again"],
    );

    assert_eq!(settled_rows(&stage).await, settled_rows(&undisturbed).await);
    assert!(!settled_rows(&stage).await.starts_with("0 "));
    assert_eq!(charts(), needed);
    assert_eq!(stage.ask("SELECT epoch FROM leader").await, "1");
    assert_eq!(stage.ask(RUNNING).await, "0");
    assert_eq!(ended.stdout.matches(GONE).count(), 1, "{ended}");
}

#[tokio::test]
async fn a_database_that_restarts_under_a_tick_gets_that_ticks_answer() {
    let server = OwnServer::start().await;
    let stage = Stage::new(PROGRAM).await.on(&server).await;
    let slow = Fault::Slow { ms: 3_000 };
    stage.always("/coins/markets", slow);
    let program = Running::start(stage.command(&[]));
    let markets = || stage.vendor.counts().of("/coins/markets");
    let asked = async {
        while markets() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TOO_LONG, asked).await.unwrap();
    assert_eq!(stage.ask(LIVE).await, "false");
    let tick = "SELECT pull_id || ' ' || status FROM pulls WHERE dataset = 'markets'";
    let begun = stage.ask(tick).await;
    server.stop().await;
    program.until_said(GONE).await;
    server.start_again().await;
    program.until_said("leading again").await;
    stage
        .until(tick, &begun.replace("running", "complete"))
        .await;
    assert_eq!(markets(), 1);
    let stored = "SELECT count(DISTINCT asset) FROM metrics JOIN series USING (series_id)
                  WHERE metric = 'PRICE'";
    stage.until(stored, "4").await;
    program.stop().await.must(0, &["ended"]);
    assert_eq!(stage.ask("SELECT epoch FROM leader").await, "1");
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn the_leaders_connection_alone_is_taken_back() {
    let stage = stage().await;
    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    stage.client().await.batch_execute(BREAK_OFF).await.unwrap();
    program.until_said("leading again").await;
    let second = stage.run(&[]).await;
    second.must(1, &["one ingestd per database"]);
    program.stop().await.must(0, &[GONE, "ended"]);
}

#[tokio::test]
async fn who_led_meanwhile_ends_it_and_is_named() {
    let stage = stage().await;
    let program = Running::start(stage.command(&[]));
    program.until_said(FILLED).await;
    let seen = stage.seen();
    let rival = format!(
        "UPDATE leader SET epoch = epoch + 1, instance = 'the-rival', taken_at = now(); {BREAK_OFF}"
    );
    stage.client().await.batch_execute(&rival).await.unwrap();
    program
        .end()
        .await
        .must(1, &[GONE, "leadership lost", "the-rival since ", "ended"]);
    assert_eq!(stage.seen(), seen);
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn told_to_end_while_the_database_is_away_it_ends_in_time() {
    let server = OwnServer::start().await;
    let stage = Stage::with_latency(PROGRAM, LATENCY)
        .await
        .on(&server)
        .await;
    want_days(&stage, 200);
    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    stage.until_seen(stage.seen() + 2).await;
    server.stop().await;
    program.until_said(GONE).await;
    ends_in_time(program).await;

    server.start_again().await;
    let program = Running::start(stage.command(&[]));
    program.until_said(FILLED).await;
    program.stop().await.must(0, &["ended"]);
    assert_eq!(stage.ask("SELECT epoch FROM leader").await, "2");
    let failed = "SELECT count(*) FROM slots_missing WHERE reason = 'failed'";
    assert_eq!(stage.ask(failed).await, "0");
}
