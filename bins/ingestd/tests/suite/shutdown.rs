//! SIGTERM at every moment: within ten seconds, and nothing is left that says it runs.

use fake_vendors::{Fault, Rule};
use nix::sys::signal::Signal;
use testkit::{
    line::Line,
    manager::Manager,
    own_server::OwnServer,
    stage::{Running, TOO_LONG},
};
use tokio::net::TcpListener;

use crate::{LIVE, RUNNING, ends_in_time, stage, want_days};

#[tokio::test]
async fn in_the_middle_of_a_slow_answer_what_is_whole_is_committed() {
    let stage = stage().await;
    want_days(&stage, 200);
    // One chart is answered, the others are not.
    stage.break_answers(vec![Rule::always(
        "ethereum/market_chart",
        Fault::Slow { ms: 60_000 },
    )]);
    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let points = "SELECT coalesce(sum(points), 0) > 100 FROM series_stats WHERE asset = 'bitcoin'";
    stage.until(points, "true").await;
    let hanging = "SELECT count(*) > 0 FROM pulls WHERE kind = 'gap' AND status = 'running'";
    stage.until(hanging, "true").await;
    ends_in_time(program).await;
    assert_eq!(stage.ask(RUNNING).await, "0");
    let cut = "SELECT count(*) FROM pulls WHERE kind = 'gap' AND status = 'interrupted'";
    assert_eq!(stage.ask(cut).await, "1");
    let settled = "SELECT count(*) > 0 FROM coverage JOIN series USING (series_id)
                   WHERE asset = 'bitcoin' AND step = '1d' AND NOT isempty(settled)";
    assert_eq!(stage.ask(settled).await, "true");
}

#[tokio::test]
async fn before_the_database_has_answered_at_all() {
    let stage = stage().await;
    // Takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut command = stage.command(&[]);
    command.env("DATABASE_URL", format!("postgres://me@127.0.0.1:{port}/db"));
    let program = Running::start(command);
    let came = tokio::time::timeout(TOO_LONG, silent.accept()).await;
    let _connection = came.unwrap().unwrap();
    ends_in_time(program).await;
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn with_the_database_away_in_the_middle_of_a_tick() {
    let server = OwnServer::start().await;
    let stage = stage().await.on(&server).await;
    stage.always("/coins/markets", Fault::Slow { ms: 1_000 });
    let program = Running::start(stage.command(&[]));
    let asked = "SELECT count(*) FROM pulls WHERE dataset = 'markets' AND requests = 1";
    stage.until(asked, "1").await;
    server.stop().await;
    program.until_said("waiting for the database").await;
    ends_in_time(program).await;
    server.start_again().await;
    let next = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    ends_in_time(next).await;
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn during_a_reload_that_waits_for_an_answer() {
    let stage = stage().await;
    stage.always("/coins/markets", Fault::Hang);
    let program = Running::start(stage.command(&[]));
    let asked = "SELECT count(*) FROM pulls WHERE dataset = 'markets' AND requests = 1";
    stage.until(asked, "1").await;
    stage.configure(&["bitcoin,,usd,,,,false,true,"]);
    program.signal(Signal::SIGHUP);
    program.until_said("reading the configuration again").await;
    let ended = ends_in_time(program).await;
    assert!(!ended.stdout.contains("reloaded"), "{ended}");
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn with_a_database_that_falls_silent_while_the_status_is_made() {
    let stage = stage().await;
    // What is under way cannot be told to the database.
    stage.always("/market_chart", Fault::Hang);
    let line = Line::to(&stage.database).await;
    let manager = Manager::of(stage.folder.path());
    let mut command = stage.command(&[]);
    command.env("DATABASE_URL", line.url());
    let program = manager.start(command);
    manager
        .until("STATUS=1 sources, 0 suspended, 0 parked, last tick")
        .await;
    let hanging = "SELECT count(*) > 0 FROM pulls WHERE kind = 'gap' AND requests > 0";
    stage.until(hanging, "true").await;
    line.fall_silent();
    // Every ten seconds it asks, for two: it asks again.
    manager
        .until("STATUS=1 sources, the database is away")
        .await;
    manager.until_alive(52).await;
    tokio::select! {
        _ = ends_in_time(program) => {}
        // Whoever is not heard waits.
        _ = manager.until("no such word") => {}
    }
}
