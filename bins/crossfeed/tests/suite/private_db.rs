//! `crossfeed db`: a private server of its own, from nothing to its end.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use nix::sys::signal::Signal;
use testkit::{
    manager::Manager,
    stage::{Ended, Stage, ended},
};

use crate::PROGRAM;

#[tokio::test]
async fn the_private_database_is_made_started_asked_and_stopped() {
    let stage = Stage::new(PROGRAM).await;
    // The server's user must be able to get there: nothing may be left in a place of the machine.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(stage.folder.path(), open).unwrap();
    let _stopped_at_last = StopAtLast(stage.folder.path());
    private(&stage, &["db", "status"])
        .await
        .must(4, &["nothing here yet"]);
    private(&stage, &["db", "stop"])
        .await
        .must(0, &["it did not run"]);
    private(&stage, &["setup"]).await.must(
        0,
        &[
            "private PostgreSQL in ",
            "schema: applied V1__dictionary",
            "ready: ",
        ],
    );
    private(&stage, &["setup"])
        .await
        .must(0, &["schema: up to date"]);
    private(&stage, &["db", "status"])
        .await
        .must(0, &["running: PostgreSQL ", "socket: "]);
    private(&stage, &["db", "start"])
        .await
        .must(0, &["running: postgresql://"]);
    private(
        &stage,
        &[
            "db",
            "psql",
            "--",
            "-At",
            "-c",
            "SELECT 'entities ' || count(*) > '' FROM entities",
        ],
    )
    .await
    .must(0, &["t\n"]);
    private(&stage, &["sources"])
        .await
        .must(0, &["nothing has been collected"]);
    private(&stage, &["db", "stop"])
        .await
        .must(0, &["stopped (process "]);
    private(&stage, &["db", "status"])
        .await
        .must(4, &["stopped; data in "]);
    // A verb that needs it starts it again.
    private(&stage, &["pulls"]).await.must(0, &["pull "]);
    let mut elsewhere = stage.command(&["db", "stop"]);
    elsewhere.envs(search_path());
    ended(elsewhere)
        .await
        .must(0, &["DATABASE_URL is set", "stopped (process "]);
}

#[tokio::test]
async fn the_service_manager_hears_ready_and_stopping_of_the_one_that_runs_it() {
    let stage = Stage::new(PROGRAM).await;
    let manager = Manager::of(stage.folder.path());
    let _stopped_at_last = StopAtLast(stage.folder.path());
    let mut command = stage.command(&["db", "run"]);
    command.envs(search_path());
    let database = manager.start(command);
    let heard = manager.until("READY=1").await;
    assert_eq!(heard[0], "READY=1");
    assert!(heard[1].starts_with("STATUS=PostgreSQL "), "{heard:?}");
    manager.until_alive(1).await;
    database.signal(Signal::SIGTERM);
    let heard = manager.until("STOPPING=1").await;
    assert_eq!(heard, ["STOPPING=1"]);
    database.end().await.must(0, &[]);
}

/// Runs a verb without `DATABASE_URL`.
async fn private(stage: &Stage, args: &[&str]) -> Ended {
    let mut command = stage.bare(args);
    command.envs(search_path());
    ended(command).await
}

/// Where PostgreSQL's programs are looked for.
fn search_path() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    let set = |name: &'static str| std::env::var_os(name).map(|value| (name, value));
    ["PATH", "CROSSFEED_PG_BIN"].into_iter().filter_map(set)
}

/// Leaves no server behind, however the test ends.
struct StopAtLast<'a>(&'a Path);

impl Drop for StopAtLast<'_> {
    fn drop(&mut self) {
        let mut command = Command::new(PROGRAM);
        command
            .args(["db", "stop"])
            .env_clear()
            .env("CROSSFEED_HOME", self.0.join("home"))
            .envs(search_path())
            .current_dir(self.0);
        drop(command.output());
    }
}
