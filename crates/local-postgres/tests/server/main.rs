//! Real servers in homes that are thrown away: started, hurt, found again, stopped, guarded.

#![allow(clippy::unwrap_used, reason = "test code")]

mod processes;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local_postgres::{
    Error, Guard, Options, Profile, Server, Status, Stopped, ensure_started, run_foreground,
    status, stop,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// A home in a folder that only its owner can enter, and that is gone after the test.
fn options(top: &TempDir) -> Options {
    std::fs::set_permissions(top.path(), PermissionsExt::from_mode(0o700)).unwrap();
    guarded(&top.path().join("home"))
}

fn guarded(home: &Path) -> Options {
    Options {
        search_path: std::env::var_os("PATH"),
        pg_bin: std::env::var_os("CROSSFEED_PG_BIN").map(PathBuf::from),
        profile: Profile::Test,
        guard: Guard::Lock,
        download_to: None,
        ..Options::new(home)
    }
}

fn quiet(_: &str) {}

async fn client(server: &Server) -> Client {
    let (client, connection) = server.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn shown(client: &Client, setting: &str) -> String {
    client
        .query_one(&format!("SHOW {setting}"), &[])
        .await
        .unwrap()
        .get(0)
}

async fn wait_until(patience_s: u64, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > Duration::from_secs(patience_s) {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

/// Fields of `/proc/<pid>/stat` after the name: state, parent, group, session, …
fn stat(pid: i32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = text.rsplit(')').next().unwrap_or_default();
    rest.split_whitespace().map(str::to_owned).collect()
}

fn is_gone(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_err() || stat(pid).first().is_some_and(|state| state == "Z")
}

#[tokio::test]
async fn two_starters_get_one_server_that_stops_and_comes_back() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let (first, second) = tokio::join!(
        ensure_started(&options, &quiet),
        ensure_started(&options, &quiet)
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.info(), second.info());
    drop(second);

    let info = first.info().clone();
    let sql = client(&first).await;
    assert_eq!(shown(&sql, "server_encoding").await, "UTF8");
    assert_eq!(shown(&sql, "TimeZone").await, "UTC");
    assert_eq!(shown(&sql, "max_connections").await, "200");
    assert_eq!(shown(&sql, "listen_addresses").await, "");
    assert_eq!(shown(&sql, "dynamic_shared_memory_type").await, "mmap");
    sql.batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
        .await
        .unwrap();

    // Nobody else may enter, and nobody's terminal stops it.
    let socket_dir = std::fs::metadata(&info.socket_dir).unwrap();
    assert_eq!(socket_dir.mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(&info.data_dir).unwrap().mode() & 0o077, 0);
    if Path::new("/proc/self").exists() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert_ne!(
            stat(info.pid).get(3),
            stat(me).get(3),
            "a session of its own"
        );
    }
    if nix::unistd::Uid::effective().is_root() {
        assert_ne!(info.user, "root");
        assert!(info.data_dir.starts_with("/var/lib/crossfeed"), "{info:?}");
    }
    let mut psql = first.psql_command().unwrap();
    let said = psql
        .args(["--tuples-only", "--command", "TABLE kept"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&said.stdout).trim(),
        "42",
        "{said:?}"
    );

    assert!(matches!(status(&options).await.unwrap(), Status::Running(found) if found == info));
    let foreground = run_foreground(&options, &quiet, |_| (), std::future::pending()).await;
    assert!(matches!(foreground, Err(Error::AlreadyRunning { pid, .. }) if pid == info.pid));
    assert_eq!(
        stop(&options, &quiet).await.unwrap(),
        Stopped::Ended { pid: info.pid }
    );
    assert!(is_gone(info.pid));
    assert!(matches!(
        status(&options).await.unwrap(),
        Status::Stopped { .. }
    ));
    assert_eq!(stop(&options, &quiet).await.unwrap(), Stopped::NotRunning);
    let joining = Options {
        may_start: false,
        ..options.clone()
    };
    let refused = ensure_started(&joining, &quiet).await;
    assert!(matches!(refused, Err(Error::NotRunning { .. })));

    // In the foreground: the same data, until the shutdown comes.
    let shutdown = async {
        let joined = loop {
            match ensure_started(&joining, &quiet).await {
                Ok(joined) => break joined,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let row = client(&joined)
            .await
            .query_one("TABLE kept", &[])
            .await
            .unwrap();
        assert_eq!(row.get::<_, i32>(0), 42);
    };
    run_foreground(&options, &quiet, |_| (), Box::pin(shutdown))
        .await
        .unwrap();
    assert!(matches!(
        status(&options).await.unwrap(),
        Status::Stopped { .. }
    ));
}

#[tokio::test]
async fn killed_server_is_replaced_with_its_processes_and_pid_file() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let first = ensure_started(&options, &quiet).await.unwrap();
    let info = first.info().clone();
    let sql = client(&first).await;
    // Test servers confirm before they write.
    sql.batch_execute("SET synchronous_commit = on; CREATE TABLE kept (n int)")
        .await
        .unwrap();
    // A process in the midst of work does not notice that the first one is gone.
    let pid: i32 = sql
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let busy = tokio::spawn(async move {
        sql.batch_execute("SELECT count(*) FROM generate_series(1, 1000000000000)")
            .await
    });
    let other = client(&first).await;
    let at_work = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'";
    while other
        .query_one(at_work, &[&pid])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    kill(Pid::from_raw(info.pid), Signal::SIGKILL).unwrap();
    assert!(wait_until(5, || is_gone(info.pid)).await);
    assert!(!is_gone(pid), "the test needs a survivor");

    // Its number goes to a stranger of the same user, whom PostgreSQL would respect.
    let owner = std::fs::metadata(&info.data_dir).unwrap();
    let mut stranger = Command::new("sleep");
    stranger
        .arg("60")
        .current_dir("/")
        .gid(owner.gid())
        .uid(owner.uid());
    let mut stranger = stranger.spawn().unwrap();
    let pid_file = info.data_dir.join("postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).unwrap();
    std::fs::write(
        &pid_file,
        text.replace(&info.pid.to_string(), &stranger.id().to_string()),
    )
    .unwrap();
    assert!(matches!(
        status(&options).await.unwrap(),
        Status::Stopped { .. }
    ));
    assert_eq!(stop(&options, &quiet).await.unwrap(), Stopped::NotRunning);

    let second = ensure_started(&options, &quiet).await.unwrap();
    assert_ne!(second.info().pid, info.pid);
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "strangers are left alone"
    );
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert!(is_gone(pid));
    assert!(busy.await.unwrap().is_err());
    client(&second)
        .await
        .query("TABLE kept", &[])
        .await
        .unwrap();
}

/// What a process makes of a home whose server it cannot see; a process of its own for the test
/// below.
#[tokio::test]
#[ignore = "not a test: started by a test that needs a process elsewhere"]
async fn elsewhere_process() {
    let Some(home) = std::env::var_os("TEST_HOME") else {
        return;
    };
    let options = guarded(Path::new(&home));
    let joining = Options {
        may_start: false,
        ..options.clone()
    };
    let told = [
        ensure_started(&options, &quiet).await.map(drop),
        ensure_started(&joining, &quiet).await.map(drop),
        stop(&options, &quiet).await.map(drop),
        status(&options).await.map(drop),
        run_foreground(&options, &quiet, |_| (), std::future::pending()).await,
    ];
    let told = told.map(|result| match result {
        Err(error @ Error::ServedElsewhere { .. }) => format!("refused: {error}"),
        other => format!("not refused: {other:?}"),
    });
    std::fs::write(options.home.join("told"), told.join("\n")).unwrap();
}

/// Returns the test program in namespaces of its own, where this system lets us make them.
fn in_own_namespaces() -> Option<Command> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--ipc", "--mount", "--fork", "--mount-proc"]);
        command
    };
    let works = unshare().arg("true").stderr(Stdio::null()).status();
    works.is_ok_and(|status| status.success()).then(unshare)
}

#[tokio::test]
async fn server_of_another_container_is_neither_joined_nor_replaced() {
    let Some(mut elsewhere) = in_own_namespaces() else {
        return;
    };
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let server = ensure_started(&options, &quiet).await.unwrap();
    let pid_file = server.info().data_dir.join("postmaster.pid");
    let before = std::fs::read_to_string(&pid_file).unwrap();
    elsewhere
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "elsewhere_process", "--ignored"])
        .env("TEST_HOME", &options.home)
        .stdout(Stdio::null());
    assert!(elsewhere.status().unwrap().success());
    let told = std::fs::read_to_string(options.home.join("told")).unwrap();
    assert_eq!(told.lines().count(), 5, "{told}");
    for line in told.lines() {
        let named = line.starts_with("refused: ") && line.contains("namespace pid:[");
        assert!(named, "{told}");
    }
    assert_eq!(std::fs::read_to_string(&pid_file).unwrap(), before);
    client(&server).await.query("SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn mark_of_another_host_is_left_alone_and_its_owner_named() {
    let top = tempfile::tempdir().unwrap();
    let options = options(&top);
    let server = ensure_started(&options, &quiet).await.unwrap();
    let info = server.info().clone();
    kill(Pid::from_raw(info.pid), Signal::SIGKILL).unwrap();
    assert!(wait_until(5, || is_gone(info.pid)).await);
    let file = options.home.join("server.json");
    let record = std::fs::read_to_string(&file).unwrap();
    let elsewhere: Vec<String> = record
        .lines()
        .map(|line| match line.trim_start().split(':').next() {
            Some("\"host\"") => "\"host\": \"other-host\",".to_owned(),
            Some("\"boot\"") => "\"boot\": \"another\",".to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    // Processes that noticed late are still at work, and not this host's to end.
    let lock = std::fs::File::open(info.data_dir.with_file_name("server.lock")).unwrap();
    assert!(wait_until(10, || lock.try_lock().is_ok()).await);
    lock.unlock().unwrap();
    std::fs::write(&file, elsewhere.join("\n")).unwrap();

    let refused = ensure_started(&options, &quiet).await.unwrap_err();
    let pid_file = info.data_dir.join("postmaster.pid");
    assert!(
        matches!(&refused, Error::LeftElsewhere { file, .. } if *file == pid_file),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("host other-host"), "{refused}");
    assert!(pid_file.exists());
    std::fs::remove_file(&pid_file).unwrap();
    let second = ensure_started(&options, &quiet).await.unwrap();
    assert_ne!(second.info().pid, info.pid);
}

#[tokio::test]
async fn data_of_another_version_or_none_are_named() {
    let top = tempfile::tempdir().unwrap();
    let options = Options {
        guard: Guard::None,
        ..options(&top)
    };
    let data = options.home.join("postgres/data");
    std::fs::create_dir_all(&data).unwrap();
    // Whoever can enter the home runs the server; this one is open to all.
    std::fs::set_permissions(top.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let damaged = ensure_started(&options, &quiet).await;
    assert!(matches!(damaged, Err(Error::Damaged { .. })), "{damaged:?}");
    std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refused = ensure_started(&options, &quiet).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::OtherVersion {
                data_version: 9,
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("CROSSFEED_PG_BIN"),
        "{refused}"
    );
    remove_socket_dir(&options);
}

#[tokio::test]
async fn full_disk_is_called_by_its_name() {
    let top = tempfile::tempdir().unwrap();
    let bin = top.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for program in ["postgres", "initdb", "pg_ctl"] {
        let text = format!(
            "#!/bin/sh\n[ $1 = --version ] && echo '{program} (PostgreSQL) 16.1' && exit\n\
             echo 'initdb: error: could not write to file: No space left on device' >&2\nexit 1\n"
        );
        std::fs::write(bin.join(program), text).unwrap();
        std::fs::set_permissions(bin.join(program), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut options = Options {
        guard: Guard::None,
        pg_bin: Some(bin),
        ..options(&top)
    };
    std::fs::set_permissions(top.path(), PermissionsExt::from_mode(0o755)).unwrap();
    options.search_path = None;
    let refused = ensure_started(&options, &quiet).await;
    assert!(
        matches!(refused, Err(Error::DiskFull { .. })),
        "{refused:?}"
    );
    assert!(matches!(status(&options).await.unwrap(), Status::Absent));
    remove_socket_dir(&options);
}

/// Homes without a guard leave it behind when no server ever ran.
fn remove_socket_dir(options: &Options) {
    let text = std::fs::read_to_string(options.home.join("server.json")).unwrap();
    let (_, rest) = text.split_once("\"socket_dir\": \"").unwrap();
    std::fs::remove_dir(rest.split('"').next().unwrap()).unwrap();
}
