//! `crossfeed setup`, `sources` and `pulls`; command lines that make no sense, and readers that go away.

use testkit::stage::{Stage, ended, unread};

use crate::PROGRAM;

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
        unread(stage.command(args)).await;
    }
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
