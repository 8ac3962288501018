//! `crossfeed` as a process: the verbs an operator types.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use fake_vendors::{Fault, Rule};
use testkit::stage::{Ended, Stage, ended};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_crossfeed");

#[tokio::test]
async fn setup_can_be_repeated() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["setup"]).await.must(
        0,
        &[
            "coingecko.csv: ",
            "entities.csv: ",
            "schema: up to date",
            "ready: ",
        ],
    );
    let loaded =
        "SELECT (SELECT count(*) FROM entities) || ' ' || (SELECT count(*) FROM metric_names)";
    let first = stage.ask(loaded).await;
    stage.run(&["setup"]).await.must(0, &["ready: "]);
    assert_eq!(stage.ask(loaded).await, first);
    assert!(!first.starts_with("0 "), "{first}");
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn setup_tells_what_is_wrong_with_environment_and_files_at_once() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["bitcoin,BTC,usd,PRICEE,,,false,true,"]);
    let mut command = stage.command(&["setup"]);
    command.env("ARTEMIS_RPM", "abc");
    let told = [
        "ARTEMIS_RPM: \"abc\" is not a whole number above 0\n",
        "coingecko.csv:2: column metrics: ",
    ];
    ended(command).await.must(1, &told);
    // Who reads no files tells of the environment alone.
    let mut command = stage.command(&["sources"]);
    command.env("ARTEMIS_RPM", "abc");
    let run = ended(command).await;
    run.must(1, &["the environment is wrong\n  ARTEMIS_RPM: "]);
    assert!(!run.stderr.contains(".csv"), "{run}");
}

#[tokio::test]
async fn a_pull_is_seen_in_sources_and_pulls() {
    let stage = Stage::new(PROGRAM).await;
    let before = stage.run(&["sources"]).await;
    before.must(0, &["nothing has been collected into this database yet"]);
    stage.run(&["pull", "CoinGecko", "--catalogue"]).await.must(
        0,
        &[
            "markets complete: 1 request, ",
            "coins_list complete: 1 request",
        ],
    );
    stage
        .run(&["sources"])
        .await
        .must(0, &["coingecko ", "this database holds simulated data"]);
    let pulls = stage
        .run(&["pulls", "--source", "coingecko", "--limit", "1"])
        .await;
    pulls.must(0, &["coins_list"]);
    assert_eq!(pulls.stdout.lines().count(), 2, "{pulls}");
    assert!(!pulls.stdout.contains("markets"), "{pulls}");
}

#[tokio::test]
async fn who_has_seen_enough_of_the_output_is_no_failure() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    for args in [
        &["pulls"][..],
        &["sources"],
        &["setup"],
        &["resume", "coingecko"],
        &["pull", "coingecko"],
        &["db", "status"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = stage.command(args);
        let program = command.stdout(writer).spawn().unwrap();
        let ended = program.wait_with_output().await.unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(0), "{args:?}: {said}");
        assert!(!said.contains("roken pipe"), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
}

#[tokio::test]
async fn db_repair_mends_what_somebody_broke_by_hand() {
    let stage = Stage::new(PROGRAM).await;
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(0, &["markets complete"]);
    let stats = "SELECT md5(string_agg(t::text, ',' ORDER BY series_id)) FROM series_stats t";
    let before = stage.ask(stats).await;
    let all = stage.ask("SELECT count(*)::text FROM series").await;
    let fine = format!("{all} series looked at, none was wrong");
    stage
        .run(&["db", "repair"])
        .await
        .must(0, &["database: ", &fine]);
    // A count, a newest value, and a row that is gone.
    for broken in [
        "UPDATE series_stats SET points = points + 7 WHERE series_id = (SELECT min(series_id) FROM series_stats)",
        "UPDATE series_stats SET last_value = -1 WHERE series_id = (SELECT max(series_id) FROM series_stats)",
        "DELETE FROM series_stats WHERE series_id = (SELECT series_id FROM series_stats ORDER BY 1 OFFSET 1 LIMIT 1)",
    ] {
        stage.client().await.batch_execute(broken).await.unwrap();
    }
    assert_ne!(stage.ask(stats).await, before);
    stage
        .run(&["db", "repair", "--source", "coingeko"])
        .await
        .must(2, &["there is ", "coingecko"]);
    let mended = format!("{all} series looked at, 3 were wrong and are mended");
    let repair = ["db", "repair", "--source", "coingecko"];
    stage.run(&repair).await.must(0, &[&mended]);
    assert_eq!(stage.ask(stats).await, before);
    stage.run(&repair).await.must(0, &[&fine]);
    stage.run(&["db", "--help"]).await.must(0, &["repair"]);
}

#[tokio::test]
async fn repair_changes_no_point_and_builds_the_index_anew_on_request() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    let points = stage.checksum().await;
    let spoil = "UPDATE series_stats SET points = 7 WHERE asset = 'bitcoin'";
    stage.client().await.batch_execute(spoil).await.unwrap();
    let told = ["mended", "index: 0 MiB, was 0 MiB", "vacuumed"];
    stage
        .run(&["db", "repair", "--reindex"])
        .await
        .must(0, &told);
    let wrong = "SELECT count(*) FROM series_stats WHERE points = 7";
    assert_eq!(stage.ask(wrong).await, "0");
    assert_eq!(stage.checksum().await, points);
    let again = stage.run(&["db", "repair"]).await;
    again.must(0, &["none was wrong"]);
    assert!(!again.stdout.contains("index"), "{again}");
}

#[tokio::test]
async fn what_is_no_source_is_a_wrong_command_line() {
    let stage = Stage::new(PROGRAM).await;
    for args in [
        &["pull", "coingeko"][..],
        &["resume", "coingeko"],
        &["pulls", "--source", "coingeko"],
    ] {
        stage.run(args).await.must(2, &["there is ", "coingecko"]);
    }
    stage.run(&[]).await.must(2, &["setup", "resume"]);
    stage.run(&["pul", "coingecko"]).await.must(2, &["pul"]);
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn only_resume_ends_a_suspension() {
    let stage = Stage::new(PROGRAM).await;
    let mut wrong = stage.command(&["pull", "coingecko"]);
    wrong.env("COINGECKO_API_KEY", "CG-not-the-one");
    ended(wrong).await.must(
        5,
        &[
            "not authorised: status 401",
            "suspended: coingecko, since ",
            "crossfeed resume coingecko",
        ],
    );
    let seen = stage.seen();
    let right = ["pull", "coingecko"];
    stage
        .run(&right)
        .await
        .must(5, &["suspended: coingecko, since "]);
    assert_eq!(stage.seen(), seen);
    stage
        .run(&["sources"])
        .await
        .must(0, &["suspended: coingecko, since "]);

    stage
        .run(&["resume", "coingecko"])
        .await
        .must(0, &["coingecko: suspension lifted"]);
    stage
        .run(&["resume", "coingecko"])
        .await
        .must(0, &["coingecko was not suspended"]);
    stage.run(&right).await.must(0, &["markets complete"]);
    assert_eq!(stage.seen(), seen + 1);
}

#[tokio::test]
async fn a_spent_quota_parks_the_source_until_it_is_over_or_resumed() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/markets", Fault::MonthSpent);
    let pull = ["pull", "coingecko"];
    stage.run(&pull).await.must(5, &["markets parked: "]);
    // Other processes leave it alone as well.
    stage.break_answers(Vec::new());
    let seen = stage.seen();
    stage
        .run(&pull)
        .await
        .must(5, &["parked: coingecko said that its quota is spent"]);
    stage.run(&["sources"]).await.must(
        0,
        &[
            "parked: coingecko, until ",
            "quota spent: status 429",
            "crossfeed resume coingecko",
        ],
    );
    assert_eq!(stage.seen(), seen);

    stage
        .run(&["resume", "coingecko"])
        .await
        .must(0, &["coingecko: no longer parked"]);
    stage.run(&pull).await.must(0, &["markets complete"]);
}

#[tokio::test]
async fn a_throttled_pull_waits_and_a_broken_one_says_so() {
    let stage = Stage::new(PROGRAM).await;
    let throttled = Fault::Status429 {
        retry_after: Some(1),
        reset_header: false,
    };
    stage.break_answers(vec![Rule::times("/coins/markets", 1, throttled)]);
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(0, &["markets complete: 2 requests"]);
    stage.always("/coins/markets", Fault::Status500);
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(1, &["markets failed: ", "Internal server error"]);
}

/// A private server of its own, from nothing to its end.
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
