//! Several processes at one home: together, killed, and their guard.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use local_postgres::{Options, Status, ensure_started, status};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{client, guarded, is_gone, options, quiet, stat, wait_until};

/// Holds a server until it is killed; a process of its own for the tests below.
#[tokio::test]
#[ignore = "not a test: started by tests that need another process"]
async fn other_process() {
    let Some(home) = std::env::var_os("TEST_HOME") else {
        return;
    };
    let options = guarded(Path::new(&home));
    let server = ensure_started(&options, &quiet).await.unwrap();
    let (held, fresh) = (
        held_by(&options, std::process::id()),
        options.home.join("fresh"),
    );
    let fresh = fresh.with_extension(std::process::id().to_string());
    std::fs::write(&fresh, server.info().pid.to_string()).unwrap();
    std::fs::rename(fresh, held).unwrap();
    std::future::pending().await
}

/// Where the other process writes down the number of its server.
fn held_by(options: &Options, process: u32) -> PathBuf {
    options.home.join(format!("held.{process}"))
}

/// Waits until the other process holds a server, and returns that one's number.
async fn held(options: &Options, process: &Child) -> i32 {
    let file = held_by(options, process.id());
    assert!(wait_until(30, || file.exists()).await);
    std::fs::read_to_string(file).unwrap().parse().unwrap()
}

fn other_process_on(home: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::other_process", "--ignored"])
        .env("TEST_HOME", home)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn guard_removes_all_after_the_last_user_was_killed() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let mut user = other_process_on(&options.home);
    held(&options, &user).await;
    let Status::Running(info) = status(&options).await.unwrap() else {
        panic!("the other process holds a server");
    };
    // Looking at it does not keep it, but a second user does.
    let second = ensure_started(&options, &quiet).await.unwrap();
    user.kill().unwrap();
    user.wait().unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    client(&second).await.query("SELECT 1", &[]).await.unwrap();
    assert_eq!(second.info().pid, info.pid);
    drop(second);
    let begun = Instant::now();
    let is_empty = || std::fs::read_dir(top.path()).unwrap().next().is_none();
    let gone = || {
        let left = [&info.data_dir, &info.socket_dir];
        is_gone(info.pid) && is_empty() && !left.iter().any(|folder| folder.exists())
    };
    assert!(wait_until(15, gone).await, "left behind: {info:?}");
    assert!(
        begun.elapsed() > Duration::from_secs(3),
        "in use a moment ago"
    );
}

#[tokio::test]
async fn starter_killed_while_making_the_data_leaves_nothing_half_made() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let mut starter = other_process_on(&options.home);
    let root = || recorded(&options, "root").map(PathBuf::from);
    let unfinished = || {
        let entries = std::fs::read_dir(root()?).ok()?;
        entries.filter_map(Result::ok).find(|entry| {
            entry.file_name().to_string_lossy().starts_with("data.new-")
                && entry.path().join("PG_VERSION").exists()
        })
    };
    assert!(wait_until(30, || unfinished().is_some()).await);
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(!root().unwrap().join("data").exists());
    let server = ensure_started(&options, &quiet).await.unwrap();
    client(&server).await.query("SELECT 1", &[]).await.unwrap();
    assert!(unfinished().is_none());
}

#[tokio::test]
async fn processes_that_start_at_one_moment_get_one_server() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let mut starters: Vec<Child> = (0..3).map(|_| other_process_on(&options.home)).collect();
    let mut servers = Vec::new();
    for starter in &starters {
        servers.push(held(&options, starter).await);
    }
    servers.dedup();
    let Status::Running(info) = status(&options).await.unwrap() else {
        panic!("they hold a server");
    };
    assert_eq!(servers, [info.pid]);
    assert_eq!(guards(&options.home).len(), 1);
    for starter in &mut starters {
        starter.kill().unwrap();
        starter.wait().unwrap();
    }
}

#[tokio::test]
async fn a_guard_that_was_killed_is_replaced_by_the_next_user() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let first = ensure_started(&options, &quiet).await.unwrap();
    let info = first.info().clone();
    let [killed] = guards(&options.home)[..] else {
        panic!("one guard");
    };
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    assert!(wait_until(10, || is_gone(killed)).await);
    // At once: nothing that the guard had started may pass for it.
    let second = ensure_started(&options, &quiet).await.unwrap();
    assert_eq!(second.info().pid, info.pid);
    let [guard] = guards(&options.home)[..] else {
        panic!("one guard again");
    };
    assert_ne!(guard, killed);
    drop((first, second));
    let gone = || is_gone(info.pid) && is_gone(guard) && !info.data_dir.exists();
    assert!(wait_until(20, gone).await, "left behind: {info:?}");
}

#[tokio::test]
async fn a_server_whose_starter_was_killed_before_it_wrote_it_down_is_joined() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let mut starter = other_process_on(&options.home);
    let launched = || {
        let data = recorded(&options, "data_dir")?;
        let text = std::fs::read_to_string(Path::new(&data).join("postmaster.pid")).ok()?;
        text.lines().next()?.parse::<i32>().ok()
    };
    // Looked for without a pause: the server answers a moment later.
    let begun = Instant::now();
    while launched().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::task::yield_now().await;
    }
    starter.kill().unwrap();
    starter.wait().unwrap();
    let pid = launched().unwrap();
    assert_eq!(recorded(&options, "version"), None, "written down already");
    let server = ensure_started(&options, &quiet).await.unwrap();
    assert_eq!(server.info().pid, pid);
    client(&server).await.query("SELECT 1", &[]).await.unwrap();
    assert!(matches!(status(&options).await.unwrap(), Status::Running(info) if info.pid == pid));
}

/// Returns a text of the home's record.
fn recorded(options: &Options, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(options.home.join("server.json")).ok()?;
    let (_, rest) = text.split_once(&format!("\"{name}\": \""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// Returns the guards of a home.
fn guards(home: &Path) -> Vec<i32> {
    let home = home.canonicalize().unwrap();
    let guards_it = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        // The outer shell, which ends at once, has its name behind a whole script.
        words.get(3) == Some(&&b"crossfeed-guard"[..])
            && words.get(4) == Some(&home.as_os_str().as_encoded_bytes())
    };
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pids = pids.filter(guards_it).filter(|pid| !is_gone(*pid));
    let guards: Vec<i32> = pids.collect();
    // What it forks looks like it for a moment.
    let forked = |pid: &i32| {
        let parent = stat(*pid).get(1).and_then(|parent| parent.parse().ok());
        parent.is_none_or(|parent| guards.contains(&parent))
    };
    guards.iter().copied().filter(|pid| !forked(pid)).collect()
}
