//! From the leadership to the sources at work: what stands in the way is waited for, by nobody else.

use std::{net::TcpListener, time::Duration};

use nix::sys::signal::Signal;
use testkit::{
    manager::Manager,
    stage::{Running, Stage, ended},
};
use tokio::process::Command;

use crate::{
    LIVE, RUNNING, ends_in_time, stage,
    velo::{BARS, with_velo},
};

/// A lock that is held until it is committed, as a machine that vanished does.
const SOURCE: &str =
    "BEGIN; SELECT pg_advisory_xact_lock(x'0CF00002'::int8::int4, hashtext('coingecko'))";
const DICTIONARY: &str = "BEGIN; SELECT pg_advisory_xact_lock(x'0CF00005'::int8::int4, 0)";
/// Ends whoever waits for a lock.
const END_THOSE_WHO_WAIT: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";
const WAITING: &str = "SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A standby that would make another series than the leader has.
async fn standby(stage: &Stage, start: impl FnOnce(Command) -> Running) -> Running {
    stage.configure(&["solana,,usd,,,,false,true,"]);
    let standby = start(stage.command(&["--standby"]));
    standby.until_said("; waiting for its end").await;
    standby
}

#[tokio::test]
async fn a_lock_that_is_held_delays_its_own_source_alone() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let _vendor = with_velo(&stage).await;
    let manager = Manager::of(stage.folder.path());
    let standby = standby(&stage, |command| manager.start(command)).await;
    manager.until("READY=1").await;
    let holder = stage.client().await;
    holder.batch_execute(SOURCE).await.unwrap();
    leader.kill().await;
    stage.until(BARS, "true").await;
    manager.until("STATUS=leading: not all").await;
    // Its connection breaks meanwhile, too.
    stage
        .client()
        .await
        .batch_execute(END_THOSE_WHO_WAIT)
        .await
        .unwrap();
    standby.until_said("waiting for the database").await;
    tokio::select! {
        () = standby.until_said("the writer lock of coingecko stays held by process") => {}
        // It takes no more than a few words that nobody hears.
        _ = manager.until("no such word") => {}
    }
    holder.batch_execute("COMMIT").await.unwrap();
    let solana = "SELECT count(*) > 0 FROM series WHERE asset = 'solana' AND upper_inf(active)";
    stage.until(solana, "true").await;
    manager.until("STATUS=2 sources, ").await;
    let ended = standby.stop().await;
    ended.must(0, &["leading", "ended"]);
    let waits = ended.stdout.matches("waiting for the database").count();
    assert_eq!(waits, 1, "{ended}");
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn the_dictionary_is_waited_for_and_whoever_says_stop_is_heard() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let holder = stage.client().await;
    holder.batch_execute(DICTIONARY).await.unwrap();
    let first = standby(&stage, Running::start).await;
    leader.stop().await.must(0, &["ended"]);
    until_it_waits_again(&stage, &first).await;
    ends_in_time(first).await.must(0, &["leading"]);
    // The server may not have noticed yet: the next one is to be cut off, not the one before.
    let cut = stage.client().await;
    cut.batch_execute(END_THOSE_WHO_WAIT).await.unwrap();
    stage.until(WAITING, "false").await;
    // A start is no other than a takeover from the moment in which it leads.
    let second = Running::start(stage.command(&[]));
    until_it_waits_again(&stage, &second).await;
    holder.batch_execute("COMMIT").await.unwrap();
    second.until_said("tick ended").await;
    second.stop().await.must(0, &["leading", "ended"]);
}

/// Waits until it waits for the dictionary, on another connection than before.
async fn until_it_waits_again(stage: &Stage, program: &Running) {
    stage.until(WAITING, "true").await;
    let cut = stage.client().await;
    cut.batch_execute(END_THOSE_WHO_WAIT).await.unwrap();
    let said = "waiting for the database job=\"dictionary\"";
    program.until_said(said).await;
    stage.until(WAITING, "true").await;
}

#[tokio::test]
async fn who_loses_the_leadership_while_it_waits_ends() {
    let stage = stage().await;
    let holder = stage.client().await;
    holder.batch_execute(DICTIONARY).await.unwrap();
    let program = Running::start(stage.command(&[]));
    stage.until(WAITING, "true").await;
    let rival = "UPDATE leader SET epoch = epoch + 1, instance = 'the-rival', taken_at = now();
        SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid = x'0CF00004'::int8::oid
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    stage.client().await.batch_execute(rival).await.unwrap();
    let told = ["leadership lost", "the-rival since "];
    program.end().await.must(1, &told);
    assert_eq!(stage.seen(), 0);
    holder.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_hangs_is_named_and_does_not_deafen_a_standby() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let standby = standby(&stage, Running::start).await;
    let holder = stage.client().await;
    let hold = "SET application_name = 'stuck'; BEGIN; SELECT epoch FROM leader FOR SHARE";
    holder.batch_execute(hold).await.unwrap();
    leader.kill().await;
    standby
        .until_said("the row of the leader stays locked by process")
        .await;
    for _ in 0..3 {
        let mut status = stage.command_of("crossfeed", &["status", "--json"]);
        status.env("CROSSFEED_CONFIG", stage.config_folder());
        let status = ended(status).await;
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["leader"]["alive"], false, "{status}");
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    stage.configure(&["ripple,,usd,,,,false,true,"]);
    standby.signal(Signal::SIGHUP);
    standby.until_said("it holds once this process leads").await;
    holder.batch_execute("COMMIT").await.unwrap();
    standby.until_said("collecting").await;
    let ended = standby.stop().await;
    ended.must(0, &["leading epoch=2", "(stuck, ", "ended"]);
    let waits = ended.stdout.matches("waiting for a lock").count();
    assert_eq!(waits, 1, "{ended}");
    let wanted = "SELECT string_agg(DISTINCT asset, ',') FROM series WHERE upper_inf(active)";
    assert_eq!(stage.ask(wanted).await, "ripple");
}

#[tokio::test]
async fn a_port_that_a_third_program_has_does_not_keep_it_from_leading() {
    let stage = stage().await;
    let third = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = third.local_addr().unwrap().to_string();
    let with_port = |args: &[&str]| {
        let mut command = stage.command(args);
        command.env("CROSSFEED_INGESTD_METRICS_ADDR", &address);
        command
    };
    // A start asks nothing, and leaves the leadership to whoever can use it.
    let told = ["CROSSFEED_INGESTD_METRICS_ADDR: ", "in use"];
    ended(with_port(&[])).await.must(1, &told);
    assert_eq!(stage.seen(), 0);
    assert_eq!(stage.ask("SELECT count(*) FROM leader").await, "0");

    let manager = Manager::of(stage.folder.path());
    let standby = manager.start(with_port(&["--standby"]));
    manager.until("STATUS=1 sources, ").await;
    let heard = manager.until("STATUS=1 sources, ").await.concat();
    assert!(heard.ends_with(", no port for metrics"), "{heard}");
    standby.until_said("tick ended").await;
    let ended = standby.stop().await;
    ended.must(
        0,
        &[
            "ERROR ingestd::lead: leading without a port for metrics",
            "ended",
        ],
    );
}
