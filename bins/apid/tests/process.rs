//! `apid` as a process: what it says where it cannot start.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn run(database_url: &str) -> Output {
    command(database_url).output().unwrap()
}

fn command(database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apid"));
    command
        .args(["--port", "0"])
        .env_clear()
        .env("DATABASE_URL", database_url)
        .env("CROSSFEED_APID_METRICS_ADDR", "off")
        .current_dir(std::env::temp_dir());
    command
}

#[test]
fn a_database_that_is_away_is_named_and_its_error_said_once() {
    // A port that was free a moment ago: nobody answers there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let ended = run(&format!("postgres://me:hunter2@127.0.0.1:{port}/prices"));
    assert!(!ended.status.success());
    let said = String::from_utf8(ended.stderr).unwrap();
    let said = said.lines().last().unwrap();
    let place = format!("PostgreSQL at 127.0.0.1:{port}, database prices, user me");
    assert!(said.contains(&place), "{said}");
    assert_eq!(said.matches("refused").count(), 1, "{said}");
    assert_eq!(said.matches("error connecting").count(), 1, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn told_to_end_while_its_database_does_not_answer_it_ends() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    let mut program = command(&format!("postgres://me:hunter2@127.0.0.1:{port}/prices"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It has come as far as the database.
    let _connection = mute.accept().unwrap();
    let id = i32::try_from(program.id()).unwrap();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(id),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    let asked = Instant::now();
    assert!(program.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(5));
}
