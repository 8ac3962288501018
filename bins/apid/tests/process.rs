//! `apid` as a process: what it says where it cannot start, and to the service manager.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use support::program::command;
use testkit::{
    manager::Manager,
    scrape,
    stage::{Running, Stage, TOO_LONG, ended},
};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_database_that_is_away_is_named_and_its_error_said_once() {
    // A port that was free a moment ago: nobody answers there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/prices");
    let ended = ended(command(&url)).await;
    assert!(ended.code.is_some_and(|code| code != 0), "{ended}");
    let said = ended.stderr.lines().last().unwrap();
    let place = format!("PostgreSQL at 127.0.0.1:{port}, database prices, user me");
    assert!(said.contains(&place), "{said}");
    assert_eq!(said.matches("refused").count(), 1, "{said}");
    assert_eq!(said.matches("error connecting").count(), 1, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn told_to_end_while_its_database_does_not_answer_it_ends() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/prices");
    let program = Running::start(command(&url));
    // It has come as far as the database.
    let came = tokio::time::timeout(TOO_LONG, mute.accept()).await;
    let _connection = came.unwrap().unwrap();
    let asked = Instant::now();
    program.stop().await.must(0, &[]);
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_service_manager_hears_ready_reloading_ready_and_stopping() {
    let stage = Stage::new(env!("CARGO_BIN_EXE_apid")).await;
    let manager = Manager::of(stage.folder.path());
    let dotenv = stage.folder.path().join(".env");
    std::fs::write(&dotenv, "DATA_API_KEY=zero\n").unwrap();
    let apid = manager.start(stage.command(&["--port", "0"]));
    let heard = manager.until("READY=1").await;
    assert!(
        heard[1].starts_with("STATUS=listening on http://127.0.0.1:"),
        "{heard:?}"
    );
    let address = heard[1].rsplit('/').next().unwrap().to_owned();
    let status_of = async |key: &str| {
        let key = format!("x-api-key: {key}");
        scrape::get_with(&address, "/sources", &key).await.status
    };
    assert_eq!(status_of("one").await, 401);
    std::fs::write(&dotenv, "DATA_API_KEY=two\n").unwrap();
    apid.signal(Signal::SIGHUP);
    let heard = manager.until("READY=1").await;
    assert_eq!(heard[0], "RELOADING=1");
    assert_eq!(status_of("one").await, 401);
    assert_eq!(status_of("two").await, 200);
    std::fs::write(&dotenv, "DATA_API_KEY=three\nCROSSFEED_WORLD=live\n").unwrap();
    apid.signal(Signal::SIGHUP);
    manager.until("READY=1").await;
    assert_eq!(status_of("two").await, 200);
    manager.until_alive(1).await;
    apid.signal(Signal::SIGTERM);
    manager.until("STOPPING=1").await;
    let refused = "reload refused: the old key stays in force";
    apid.end()
        .await
        .must(0, &["CROSSFEED_WORLD: has changed", refused]);
}
