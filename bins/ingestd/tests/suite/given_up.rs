//! A source that changes and does not end in time is given up: its writer ends, and only then its pulls
//! are marked.

use std::{any::Any, time::Duration};

use fake_vendors::{Fault, Rule};
use nix::sys::signal::Signal;
use testkit::{
    scrape,
    stage::{Ended, Running, Stage},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{LIVE, PROGRAM, RUNNING};

/// As the writer takes it.
const HOLD: &str = "SELECT pg_advisory_lock(x'0CF00002'::int, hashtext('coingecko'))";
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
     AND classid = x'0CF00002'::int::oid AND objid = hashtext('coingecko')::oid
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
/// By then the lock is held, also on a slow machine.
const ANSWER_AFTER_MS: u64 = 10_000;
/// From the signal to the last word.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// From the last word to the end of the process, as a slow machine has it.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Returns how long a program took to end, from the signal to its last word, by its own log.
fn took(ended: &Ended) -> Duration {
    let at = |is_it: &dyn Fn(&str) -> bool| {
        let line = ended.stdout.lines().find(|line| is_it(line));
        let (instant, _) = line.unwrap().split_once(' ').unwrap();
        OffsetDateTime::parse(instant, &Rfc3339).unwrap()
    };
    let heard = at(&|line| line.contains("ending; a second signal ends at once"));
    let last = at(&|line| line.ends_with(": ended"));
    (last - heard).try_into().unwrap()
}

/// A source whose writer waits for its lock, and that was told to stop and given up.
struct GivenUp {
    stage: Stage,
    program: Running,
    /// Who looks at a source holds it as well.
    metrics: String,
    /// Holds the lock of the source for as long as it is there.
    holder: Box<dyn Any>,
    /// Status of the pull under way, and how many commits it has.
    stands: String,
}

impl GivenUp {
    async fn new() -> Self {
        let stage = Stage::new(PROGRAM).await;
        let slow = Fault::Slow {
            ms: ANSWER_AFTER_MS,
        };
        stage.break_answers(vec![Rule::times("/coins/markets", 1, slow)]);
        let mut command = stage.command(&[]);
        command.env("CROSSFEED_INGESTD_METRICS_ADDR", "127.0.0.1:0");
        let program = Running::start(command);
        let metrics = scrape::address(&program).await;
        let asked = "SELECT count(*) FROM pulls WHERE dataset = 'markets' AND requests = 1";
        stage.until(asked, "1").await;
        let holder = stage.client().await;
        holder.batch_execute(HOLD).await.unwrap();
        stage.until(WAITING, "1").await;
        stage.configure(&["bitcoin,,usd,,,,false,true,"]);
        program.signal(Signal::SIGHUP);
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
        Self {
            stage,
            program,
            metrics,
            holder: Box::new(holder),
            stands,
        }
    }
}

#[tokio::test]
async fn the_writer_of_a_source_that_is_given_up_ends_before_its_pulls_are_marked() {
    let at = GivenUp::new().await;
    drop(at.holder);
    // What was paid for is kept.
    at.stage.until(&at.stands, "interrupted 1").await;
    at.program
        .until_said("stopped=\"coingecko\" opened=\"coingecko\" undisturbed=0")
        .await;
    at.stage.until(LIVE, "true").await;
    assert_eq!(at.stage.ask(&at.stands).await, "interrupted 1");
    let page = scrape::get(&at.metrics, "/metrics").await.body;
    let waiting = "crossfeed_writer_queue_batches{source=\"coingecko\"} 0";
    assert!(page.contains(waiting), "{page}");
    at.program.stop().await.must(0, &["ended"]);
    assert_eq!(at.stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn an_end_amid_the_reload_that_gave_it_up_marks_them_as_well() {
    let at = GivenUp::new().await;
    at.program.signal(Signal::SIGTERM);
    at.program.until_said("ending").await;
    drop(at.holder);
    let GivenUp {
        stage,
        program,
        stands,
        ..
    } = at;
    let ended = program.end().await;
    ended.must(0, &["ended"]);
    assert!(!ended.stdout.contains("reloaded"), "{ended}");
    assert_eq!(stage.ask(&stands).await, "interrupted 1");
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn a_lock_that_nobody_lets_go_keeps_no_end_and_leaves_no_pull_running() {
    let at = GivenUp::new().await;
    let GivenUp {
        stage,
        program,
        stands,
        holder,
        ..
    } = at;
    let told = std::time::Instant::now();
    program.signal(Signal::SIGTERM);
    let ended = program.end().await;
    let gone = told.elapsed();
    ended.must(0, &["ended"]);
    let took = took(&ended);
    assert!(took < ENDS_WITHIN, "{took:?}: {ended}");
    assert!(gone < took + GONE_WITHIN, "{gone:?}: {ended}");
    let lost = "what was to be written is given up";
    assert_eq!(ended.stdout.matches(lost).count(), 1, "{ended}");
    assert_eq!(stage.ask(&stands).await, "interrupted 0");
    assert_eq!(stage.ask(RUNNING).await, "0");
    // Nothing of it comes afterwards.
    drop(holder);
    stage.until(WAITING, "0").await;
    assert_eq!(stage.ask(&stands).await, "interrupted 0");
}
