//! A standby: waits, says for whom, takes over, and goes on with the tick that was cut.

use std::time::{Duration, Instant};

use fake_vendors::{Fault, Rule};
use nix::sys::signal::Signal;
use testkit::{
    own_server::OwnServer,
    scrape,
    stage::{Running, Stage, ended},
};

use tokio::process::Command;

use crate::{LIVE, RUNNING, stage};

const WITHIN: Duration = Duration::from_secs(30);
const EPOCH: &str = "SELECT epoch FROM leader";
const MARKETS: &str = "/coins/markets";

const AT: &str = "CROSSFEED_INGESTD_METRICS_ADDR";
const WANTED: &str = "SELECT coalesce(string_agg(DISTINCT asset, ',' ORDER BY asset), '')
                      FROM series WHERE upper_inf(active)";
const REFUSED: &str = "reload refused: the old configuration stays in force";

async fn standby(stage: &Stage) -> Running {
    standby_of(stage, stage.command(&["--standby"])).await
}

async fn standby_of(stage: &Stage, command: Command) -> Running {
    let standby = Running::start(command);
    let leader = stage.ask("SELECT instance FROM leader").await;
    let waits = format!("standby: {leader} since ");
    standby.until_said(&waits).await;
    standby
}

/// Starts one that shows its metrics, and returns where.
async fn leader_with_port(stage: &Stage) -> (Running, String) {
    let mut command = stage.command(&[]);
    command.env(AT, "127.0.0.1:0");
    let leader = Running::start(command);
    let address = scrape::address(&leader).await;
    stage.until(LIVE, "true").await;
    (leader, address)
}

#[tokio::test]
async fn it_takes_over_within_half_a_minute_and_asks_for_no_tick_twice() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    leader.until_said("gaps ended").await;
    let standby = standby(&stage).await;
    let (seen, ticks) = (stage.seen(), stage.vendor.counts().of(MARKETS));
    assert_eq!(stage.ask(EPOCH).await, "1");
    // Hours of one series that the next leader has to fill.
    let hole = "UPDATE coverage SET settled = settled - tstzmultirange(tstzrange(
                    date_trunc('day', now(), 'UTC') - interval '3 days',
                    date_trunc('day', now(), 'UTC') - interval '2 days'))
                FROM series WHERE series.series_id = coverage.series_id
                    AND asset = 'bitcoin' AND metric = 'PRICE' AND step = '1h'";
    let changed = stage.client().await.execute(hole, &[]).await.unwrap();
    assert_eq!(changed, 1);

    let killed = Instant::now();
    leader.kill().await;
    stage.until(EPOCH, "2").await;
    assert!(killed.elapsed() < WITHIN, "{:?}", killed.elapsed());
    standby.until_said("going on with the last tick").await;
    standby.until_said("collecting").await;
    // The gap filler, too, has had its turn, and asked for the hole alone.
    standby.until_said("gaps ended").await;
    assert_eq!(stage.vendor.counts().of(MARKETS), ticks);
    assert_eq!(stage.seen(), seen + 1);
    let ended = standby.stop().await;
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
    standby
        .stop()
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
    standby.stop().await.must(0, &["ended"]);
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert_eq!(stage.ask(EPOCH).await, "1");
    leader.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn with_nobody_to_wait_for_it_begins_with_a_whole_tick() {
    let stage = stage().await;
    for ticks in 1..=2 {
        let program = Running::start(stage.command(&["--standby"]));
        program.until_said("tick ended").await;
        program.stop().await.must(0, &["leading", "ended"]);
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
    standby.stop().await.must(0, &["leading", "ended"]);
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
    standby.stop().await.must(0, &["leading", "ended"]);
}

#[tokio::test]
async fn a_second_one_with_the_same_port_names_the_leader_not_the_port() {
    let stage = stage().await;
    let (leader, address) = leader_with_port(&stage).await;
    let instance = stage.ask("SELECT instance FROM leader").await;
    let mut command = stage.command(&[]);
    command.env(AT, &address);
    let second = ended(command).await;
    second.must(1, &[&instance, "one ingestd per database"]);
    assert!(!second.to_string().contains("in use"), "{second}");
    assert_eq!(stage.ask(EPOCH).await, "1");
    leader.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn a_standby_takes_over_the_port_with_the_rest() {
    let stage = stage().await;
    let (leader, address) = leader_with_port(&stage).await;
    let mut command = stage.command(&["--standby"]);
    command.env(AT, &address);
    let standby = standby_of(&stage, command).await;
    standby.until_said("shows no metrics until it leads").await;
    leader.kill().await;
    standby.until_said("collecting").await;
    assert_eq!(scrape::address(&standby).await, address);
    assert_eq!(scrape::get(&address, "/healthz").await.status, 200);
    let ended = standby.stop().await;
    ended.must(0, &["leading", "ended"]);
    assert_eq!(ended.stdout.matches("in use").count(), 1, "{ended}");
}

#[tokio::test]
async fn it_leads_with_what_it_read_last_when_told_to() {
    let stage = stage().await;
    let row = |coin: &str| format!("{coin},,usd,,,,false,true,");
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let standby = standby(&stage).await;
    stage.configure(&[row("solana")]);
    standby.signal(Signal::SIGHUP);
    standby.until_said("it holds once this process leads").await;
    // Refused, and then edited once more without a word: neither holds.
    stage.configure(&["dai,,usd,PRICEE,,,false,true,"]);
    standby.signal(Signal::SIGHUP);
    standby.until_said(REFUSED).await;
    stage.configure(&[row("ripple")]);
    leader.kill().await;
    standby.until_said("collecting").await;
    assert_eq!(stage.ask(WANTED).await, "solana");
    standby.stop().await.must(0, &["leading", "ended"]);
}

#[tokio::test]
async fn what_it_could_not_lead_with_it_does_not_wait_with() {
    let stage = stage().await;
    let leader = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let mut live = stage.command(&["--standby"]);
    live.env("CROSSFEED_WORLD", "live");
    let told = ["would make the data live", "holds simulated data"];
    ended(live).await.must(1, &told);
    // Nor by a reload.
    let standby = standby(&stage).await;
    let other = "VELO_API_KEY=k\nVELO_BASE_URL=https://api.velo.xyz\n";
    std::fs::write(stage.folder.path().join(".env"), other).unwrap();
    let velo = stage.config_folder().join("velo.csv");
    let header = "market,exchange,coin,product,metrics,resolution_min,since,enabled,note\n";
    std::fs::write(velo, header).unwrap();
    standby.signal(Signal::SIGHUP);
    standby.until_said(REFUSED).await;
    standby.until_said("velo is live").await;
    leader.kill().await;
    standby.until_said("collecting").await;
    standby.stop().await.must(0, &["leading", "ended"]);
}

#[tokio::test]
async fn a_tick_of_the_present_that_failed_is_done_again() {
    let stage = stage().await;
    stage.always(MARKETS, Fault::Html403);
    let leader = Running::start(stage.command(&[]));
    let ticks = "SELECT string_agg(status, ' ' ORDER BY pull_id) FROM pulls
                 WHERE dataset = 'markets' AND kind = 'live'";
    stage.until(ticks, "failed").await;
    let standby = standby(&stage).await;
    stage.break_answers(Vec::new());
    leader.kill().await;
    stage.until(ticks, "failed complete").await;
    standby.stop().await.must(0, &["rest=\"markets", "ended"]);
}
