//! Exit codes, and what is said with them.

use std::{fs::File, io::Write as _, time::Duration};

use fake_vendors::Fault;
use nix::{pty::openpty, sys::signal::Signal};
use testkit::stage::{Running, Stage, ended, unread};

use crate::{PROGRAM, RANGE};

const STILL_RUNNING: &str = "SELECT count(*) FROM pulls WHERE status = 'running'";

#[tokio::test]
async fn a_wrong_command_line_is_2_and_says_what_would_be_right() {
    let stage = Stage::new(PROGRAM).await;
    let mut known = stage.variables();
    // Nobody listens there: these are told before the database is looked for.
    known[0].1 = "postgres://nobody@127.0.0.1:1/none".to_owned();
    for (args, part) in [
        (&[][..], "--source is missing; there is "),
        (
            &["--source", "coingeko"],
            "there is no source \"coingeko\"; there is ",
        ),
        (&["--source", "coingecko", "--form", "2024-01-01"], "--form"),
        (
            &["--source", "coingecko", "--from", "1.1.2024"],
            "write 2024-01-31",
        ),
        (
            &[
                "--source",
                "coingecko",
                "--from",
                "2024-02-01",
                "--to",
                "2024-01-01",
            ],
            "not before",
        ),
    ] {
        let mut command = stage.bare(args);
        command.envs(known.clone());
        ended(command).await.must(2, &[part, "--help"]);
    }
    for (args, part) in [
        (["--datasets", "daily"], "it has chart_daily, chart_hourly"),
        (
            ["--assets", "bitcon"],
            "no active series of coingecko has the asset \"bitcon\"",
        ),
        (["--metrics", "PRCE"], "the metric \"PRCE\""),
    ] {
        let args = [&RANGE[..], &args].concat();
        stage.run(&args).await.must(2, &[part, "--help"]);
    }
    assert_eq!(stage.seen(), 0);
    ended(stage.bare(&["--help"]))
        .await
        .must(0, &["Error codes:", "130 ended by a signal", "--dry-run"]);
}

#[tokio::test]
async fn holes_are_3_and_listed_and_the_next_run_asks_for_them_alone() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/solana/", Fault::Status500);
    let args = [&RANGE[..], &["--datasets", "chart_daily"]].concat();
    let run = stage.run(&args).await;
    run.must(
        3,
        &[
            "chart_daily partial: ",
            "Internal server error",
            "still open:",
            "solana/usd 1d [2024-01-01T00:00:00Z, 2024-06-01T00:00:00Z): MARKET_CAP, PRICE, VOLUME_24H",
            "partial: ",
        ],
    );
    // A hole in the vendor's own chart is told apart from what is open.
    let open = run.stdout.split("the vendor has nothing there").next();
    assert!(!open.unwrap().contains("bitcoin/usd"), "{run}");
    let points = "SELECT count(*) > 0 FROM metrics JOIN series USING (series_id) WHERE asset = ";
    assert_eq!(stage.ask(&format!("{points} 'bitcoin'")).await, "true");
    assert_eq!(stage.ask(&format!("{points} 'solana'")).await, "false");
    stage.break_answers(Vec::new());
    stage.vendor.reset();
    stage.run(&args).await.must(0, &["complete: 1 request, "]);
    assert_eq!(stage.seen(), 1);
}

#[tokio::test]
async fn silence_is_3_and_told_and_waiting_for_it_is_0() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/", Fault::Empty);
    let only = ["--datasets", "chart_daily", "--assets", "bitcoin"];
    let args = [&RANGE[..], &only].concat();
    let told = [
        "the vendor has nothing there, for now:",
        "bitcoin/usd 1d [2024-01-01T00:00:00Z, 2024-06-01T00:00:00Z): \
         MARKET_CAP, PRICE, VOLUME_24H, asked again from ",
    ];
    let run = stage.run(&args).await;
    run.must(
        3,
        &[
            &told[..],
            &["chart_daily no_data: 1 request, ", "partial: "],
        ]
        .concat(),
    );
    assert!(!run.stdout.contains("still open:"), "{run}");
    stage.run(&args).await.must(0, &told);
    assert_eq!(stage.seen(), 1);
}

#[tokio::test]
async fn when_all_fails_it_is_3_too_because_running_it_again_helps() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/", Fault::Status500);
    let args = [
        &RANGE[..],
        &["--datasets", "chart_daily", "--assets", "bitcoin"],
    ]
    .concat();
    stage.run(&args).await.must(3, &["still open:", "failed: "]);
}

#[tokio::test]
async fn a_wrong_key_is_5_and_stays_5_without_a_request_until_resumed() {
    let stage = Stage::new(PROGRAM).await;
    let wrong = || {
        let mut command = stage.command(&RANGE);
        command.env("COINGECKO_API_KEY", "CG-not-the-one");
        command
    };
    let run = ended(wrong()).await;
    run.must(
        5,
        &[
            "not authorised: status 401",
            "suspended: coingecko, since ",
            "crossfeed resume coingecko",
        ],
    );
    assert_eq!(stage.pulls().await, "1 failed");
    assert_eq!(stage.checksum().await, "0 nothing");

    let seen = stage.seen();
    ended(wrong())
        .await
        .must(5, &["suspended: coingecko, since "]);
    // The right key does not lift it: only an operator does.
    stage
        .run(&RANGE)
        .await
        .must(5, &["suspended: coingecko, since "]);
    assert_eq!(stage.seen(), seen);
    assert_eq!(stage.pulls().await, "1 failed");

    stage
        .client()
        .await
        .batch_execute("DELETE FROM suspensions")
        .await
        .unwrap();
    stage.run(&RANGE).await.must(0, &["complete: "]);
}

#[tokio::test]
async fn a_signal_ends_it_in_order_and_the_next_run_completes() {
    let stage = Stage::with_latency(PROGRAM, Duration::from_millis(150)).await;
    // More than may be under way at once, so that a signal leaves some unasked.
    let coins = [
        "bitcoin",
        "ethereum",
        "solana",
        "ripple",
        "cardano",
        "dogecoin",
        "litecoin",
        "tron",
        "sui",
        "near",
        "chainlink",
        "uniswap",
    ];
    stage.configure(&coins.map(|coin| format!("{coin},,usd,PRICE,,,false,true,")));
    // Once among the daily charts, once among the hourly ones.
    for (signal, answers, interrupted) in [(Signal::SIGTERM, 2, "1 0"), (Signal::SIGINT, 6, "2 0")]
    {
        let seen = stage.seen();
        let program = Running::start(stage.command(&RANGE));
        stage.until_seen(seen + answers).await;
        program.signal(signal);
        program
            .end()
            .await
            .must(130, &["still open:", "interrupted: "]);
        let pulls = "SELECT count(*) FILTER (WHERE status = 'interrupted') || ' ' ||
                            count(*) FILTER (WHERE status = 'running') FROM pulls";
        assert_eq!(stage.ask(pulls).await, interrupted);
    }
    stage.run(&RANGE).await.must(0, &["complete: "]);
}

#[tokio::test]
async fn a_signal_that_comes_between_two_datasets_is_130_too() {
    let stage = Stage::with_latency(PROGRAM, Duration::from_millis(150)).await;
    stage.configure(&["bitcoin,,usd,PRICE,,,false,true,"]);
    let program = Running::start(stage.command(&RANGE));
    stage.until_seen(1).await;
    program.signal(Signal::SIGTERM);
    // The one daily chart is finished and kept; the hourly ones are not begun.
    program.end().await.must(
        130,
        &["chart_daily complete: 1 request", "interrupted: 1 request"],
    );
    assert_eq!(stage.ask(STILL_RUNNING).await, "0");
}

#[tokio::test]
async fn a_vendor_that_never_answers_does_not_hold_up_the_end() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/", Fault::Hang);
    let program = Running::start(stage.command(&RANGE));
    stage.until_seen(2).await;
    program.stop().await.must(130, &["interrupted: "]);
    assert_eq!(stage.ask(STILL_RUNNING).await, "0");
    stage.break_answers(Vec::new());
    stage.run(&RANGE).await.must(0, &["complete: "]);
}

#[tokio::test]
async fn without_a_terminal_it_asks_nothing_and_draws_nothing() {
    let stage = Stage::new(PROGRAM).await;
    let run = stage.run(&RANGE).await;
    run.must(0, &["complete: "]);
    let progress = run
        .stderr
        .lines()
        .filter(|line| line.contains(" requests, "))
        .count();
    assert!(progress >= 1, "{run}");
    assert!(!run.stderr.contains("Go on?"), "{run}");
    let unasked = "no terminal to ask on: going on, as with --yes; --dry-run only counts\n";
    assert_eq!(run.stderr.matches(unasked).count(), 1, "{run}");
    // Nor is that said where there is nothing to ask: it was said, or nothing is open.
    for args in [&[&RANGE[..], &["--force", "--yes"]].concat()[..], &RANGE] {
        let run = stage.run(args).await;
        run.must(0, &[]);
        assert!(!run.stderr.contains("no terminal"), "{run}");
    }
    assert!(
        !run.stderr.contains('\u{1b}') && !run.stderr.contains('\r'),
        "{run}"
    );
    // The report tells of the pulls; the log does not tell it again.
    assert!(!run.stderr.contains("pull ended"), "{run}");
}

#[tokio::test]
async fn an_answer_that_is_no_is_130_and_starts_nothing() {
    let stage = Stage::new(PROGRAM).await;
    for answer in ["n\n", "\n"] {
        let terminal = openpty(None, None).unwrap();
        let mut command = stage.command(&RANGE);
        command.stdin(terminal.slave);
        let program = Running::start(command);
        File::from(terminal.master)
            .write_all(answer.as_bytes())
            .unwrap();
        program.end().await.must(
            130,
            &["12 requests", "Go on?", "not started", "--yes starts"],
        );
    }
    assert_eq!((stage.seen(), stage.pulls().await), (0, "none".to_owned()));
}

#[tokio::test]
async fn a_range_in_which_nothing_is_wanted_is_not_called_settled() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["bitcoin,,usd,PRICE,2024-01-01,2024-01-01,false,true,"]);
    let early = ["--source", "coingecko", "--to", "2020-01-01"];
    let run = stage.run(&early).await;
    run.must(
        0,
        &["nothing is wanted there: series are wanted since 2024-01-01T00:00:00Z; use --from"],
    );
    assert!(!run.stdout.contains("settled"), "{run}");
    // The coin's first value comes later.
    let from = [&early[..], &["--from", "2009-01-01"]].concat();
    stage
        .run(&[&from[..], &["--yes"]].concat())
        .await
        .must(0, &[]);
    let again = stage.run(&from).await;
    assert!(!again.stdout.contains("is wanted there"), "{again}");
}

#[tokio::test]
async fn it_works_on_though_nobody_reads_what_it_says() {
    let stage = Stage::new(PROGRAM).await;
    for args in [&RANGE[..], &["--help"]] {
        unread(stage.command(args)).await;
    }
    assert_eq!(stage.pulls().await, "2 complete");
}

#[tokio::test]
async fn a_dry_run_counts_and_sends_nothing() {
    let stage = Stage::new(PROGRAM).await;
    let run = stage.run(&[&RANGE[..], &["--dry-run"]].concat()).await;
    run.must(
        0,
        &[
            "chart_daily: at most 4 requests",
            "chart_hourly: at most 8 requests",
            "in all at most 12 requests",
        ],
    );
    assert_eq!((stage.seen(), stage.pulls().await), (0, "none".to_owned()));
    stage.run(&RANGE).await.must(0, &[]);
    assert_eq!(stage.seen(), 12);
}
