//! A source that changes and does not end in time is given up: its writer ends, and only then its pulls
//! are marked.

use std::time::Duration;

use fake_vendors::{Fault, Rule};
use nix::sys::signal::Signal;
use testkit::{
    scrape,
    stage::{Running, Stage},
};

use crate::{LIVE, PROGRAM, RUNNING};

/// As the writer takes it.
const HOLD: &str = "SELECT pg_advisory_lock(x'0CF00002'::int, hashtext('coingecko'))";
const LET_GO: &str = "SELECT pg_advisory_unlock_all()";
/// Longer than whoever was told to stop may take.
const HELD_FOR: Duration = Duration::from_secs(9);

#[tokio::test]
async fn the_writer_of_a_source_that_is_given_up_ends_before_its_pulls_are_marked() {
    let stage = Stage::new(PROGRAM).await;
    let slow = Fault::Slow { ms: 3_000 };
    stage.break_answers(vec![Rule::times("/coins/markets", 1, slow)]);
    let mut command = stage.command(&[]);
    // Whoever looks at a source holds it as well.
    command.env("CROSSFEED_INGESTD_METRICS_ADDR", "127.0.0.1:0");
    let program = Running::start(command);
    let metrics = scrape::address(&program).await;
    let asked = "SELECT count(*) FROM pulls WHERE dataset = 'markets' AND requests = 1";
    stage.until(asked, "1").await;
    let holder = stage.client().await;
    holder.batch_execute(HOLD).await.unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                 AND classid = x'0CF00002'::int::oid AND objid = hashtext('coingecko')::oid
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    stage.until(waits, "1").await;

    stage.configure(&["bitcoin,,usd,,,,false,true,"]);
    program.signal(Signal::SIGHUP);
    tokio::time::sleep(HELD_FOR).await;
    program
        .until_said("did not end in time: given up, coverage knows it")
        .await;
    let old = "SELECT min(pull_id) FROM pulls WHERE dataset = 'markets' AND kind = 'live'";
    let old = stage.ask(old).await;
    let stands = format!(
        "SELECT concat_ws(' ', status, (SELECT count(*) FROM writes WHERE pull_id = {old}))
         FROM pulls WHERE pull_id = {old}"
    );
    assert_eq!(stage.ask(&stands).await, "running 0");
    holder.batch_execute(LET_GO).await.unwrap();
    // What was paid for is kept.
    stage.until(&stands, "interrupted 1").await;
    program
        .until_said("stopped=\"coingecko\" opened=\"coingecko\" undisturbed=0")
        .await;
    stage.until(LIVE, "true").await;
    assert_eq!(stage.ask(&stands).await, "interrupted 1");
    let page = scrape::get(&metrics, "/metrics").await.body;
    let waiting = "crossfeed_writer_queue_batches{source=\"coingecko\"} 0";
    assert!(page.contains(waiting), "{page}");
    program.signal(Signal::SIGTERM);
    program.end().await.must(0, &["ended"]);
    assert_eq!(stage.ask(RUNNING).await, "0");
}
