//! A standby: waits, says for whom, takes over, and goes on with the tick that was cut.

use std::time::{Duration, Instant};

use fake_vendors::{Fault, Rule};
use nix::sys::signal::Signal;
use testkit::{
    own_server::OwnServer,
    stage::{Running, Stage},
};

use crate::{LIVE, RUNNING, stage};

const WITHIN: Duration = Duration::from_secs(30);
const EPOCH: &str = "SELECT epoch FROM leader";
const MARKETS: &str = "/coins/markets";

async fn standby(stage: &Stage) -> Running {
    let standby = Running::start(stage.command(&["--standby"]));
    let leader = stage.ask("SELECT instance FROM leader").await;
    let waits = format!("standby: {leader} since ");
    standby.until_said(&waits).await;
    standby
}

#[tokio::test]
async fn it_takes_over_within_half_a_minute_and_asks_for_no_tick_twice() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    leader.until_said("gaps ended").await;
    let standby = standby(&stage).await;
    let (seen, ticks) = (stage.seen(), stage.vendor.counts().of(MARKETS));
    assert_eq!(stage.ask(EPOCH).await, "1");

    let killed = Instant::now();
    leader.kill().await;
    stage.until(EPOCH, "2").await;
    assert!(killed.elapsed() < WITHIN, "{:?}", killed.elapsed());
    standby.until_said("going on with the last tick").await;
    standby.until_said("collecting").await;
    // The gap filler, too, has had its turn.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(stage.vendor.counts().of(MARKETS), ticks);
    assert_eq!(stage.seen(), seen);
    standby.signal(Signal::SIGTERM);
    let ended = standby.end().await;
    ended.must(0, &["leading", "ended"]);
    assert_eq!(
        ended.stdout.matches("; waiting for its end").count(),
        1,
        "{ended}"
    );
}

#[tokio::test]
async fn a_tick_that_was_cut_is_done_again_and_what_was_whole_is_not() {
    let stage = stage().await;
    stage.configure(&["bitcoin,,usd,,,,false,true,", "_global,,usd,,,,false,true,"]);
    stage.always("/global", Fault::Hang);
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let cut = "SELECT count(*) FROM pulls WHERE dataset = 'global' AND requests = 1";
    stage.until(cut, "1").await;
    let standby = standby(&stage).await;
    let ticks = stage.vendor.counts().of(MARKETS);
    stage.break_answers(Vec::new());
    leader.kill().await;

    let done =
        "SELECT string_agg(status, ' ' ORDER BY pull_id) FROM pulls WHERE dataset = 'global'";
    stage.until(done, "interrupted complete").await;
    assert_eq!(stage.vendor.counts().of(MARKETS), ticks);
    standby.signal(Signal::SIGTERM);
    standby
        .end()
        .await
        .must(0, &["rest=\"global\"", "marked interrupted"]);
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn told_to_end_it_ends_and_told_to_reload_it_looks() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let standby = standby(&stage).await;
    stage.configure(&["bitcoin,,usd,PRICEE,,,false,true,"]);
    standby.signal(Signal::SIGHUP);
    standby
        .until_said("coingecko.csv:2: column metrics: ")
        .await;
    standby.until_said("reload refused").await;
    stage.configure(&["bitcoin,,usd,,,,false,true,"]);
    standby.signal(Signal::SIGHUP);
    standby.until_said("it holds once this process leads").await;
    let asked = Instant::now();
    standby.signal(Signal::SIGTERM);
    standby.end().await.must(0, &["ended"]);
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert_eq!(stage.ask(EPOCH).await, "1");
    leader.signal(Signal::SIGTERM);
    leader.end().await.must(0, &["ended"]);
}

#[tokio::test]
async fn with_nobody_to_wait_for_it_begins_with_a_whole_tick() {
    let stage = stage().await;
    for ticks in 1..=2 {
        let program = Running::start(stage.command(&["--standby"]));
        program.until_said("tick ended").await;
        program.signal(Signal::SIGTERM);
        program.end().await.must(0, &["leading", "ended"]);
        assert_eq!(stage.vendor.counts().of(MARKETS), ticks);
    }
}

#[tokio::test]
async fn it_waits_through_an_outage_too() {
    let server = OwnServer::start().await;
    let stage = stage().await.on(&server).await;
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let standby = standby(&stage).await;
    leader.kill().await;
    server.stop().await;
    standby
        .until_said("standby: waiting for the database")
        .await;
    server.start_again().await;
    stage.until(EPOCH, "2").await;
    standby.until_said("collecting").await;
    standby.signal(Signal::SIGTERM);
    standby.end().await.must(0, &["leading", "ended"]);
}

#[tokio::test]
async fn the_leader_that_comes_back_late_ends() {
    let stage = stage().await;
    stage.break_answers(vec![Rule::always("/market_chart", Fault::Slow { ms: 300 })]);
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let standby = standby(&stage).await;
    // Its host hangs: nothing of it answers, and its connection is ended for it.
    leader.signal(Signal::SIGSTOP);
    let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
               WHERE locktype = 'advisory' AND objsubid = 2 AND classid = x'0CF00004'::int8::oid
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    stage.client().await.batch_execute(cut).await.unwrap();
    stage.until(EPOCH, "2").await;
    leader.signal(Signal::SIGCONT);
    leader.end().await.must(1, &["leadership lost", "ended"]);
    standby.signal(Signal::SIGTERM);
    standby.end().await.must(0, &["leading", "ended"]);
}
