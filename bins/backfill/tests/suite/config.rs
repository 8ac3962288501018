//! Configuration and environment: everything that is wrong, before anything is asked.

use testkit::stage::{Stage, ended};

use crate::{PROGRAM, RANGE};

#[tokio::test]
async fn all_problems_of_the_file_come_at_once_and_before_any_request() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&[
        "bitcoin,BTC,usd,PRICEE,,,false,true,",
        "Bit coin,BTC,usd,,yesterday,,false,true,",
        "ethereum,ETH,USD,,,,false,true,",
        "solana,SOL,usd,,,,maybe,true,",
        "ripple,XRP,usd,,,,false,true,",
        "ripple,XRP,usd,,,,false,true,",
    ]);
    let told = [
        "coingecko.csv:2: column metrics: \"PRICEE\" is no metric: did you mean PRICE?",
        "coingecko.csv:3: column coin_id: ",
        "coingecko.csv:3: column since: ",
        "coingecko.csv:4: column vs_currency: ",
        "coingecko.csv:5: column ohlc: \"maybe\" is not true or false\n",
        "coingecko.csv:7: column coin_id: stands already in line 6",
    ];
    for args in [&["--check-config"][..], &RANGE] {
        stage.run(args).await.must(1, &told);
    }
    assert_eq!((stage.seen(), stage.pulls().await), (0, "none".to_owned()));
    let series = "SELECT count(*) FROM series";
    assert_eq!(stage.ask(series).await, "0");
}

#[tokio::test]
async fn a_good_configuration_says_what_it_holds() {
    let stage = Stage::new(PROGRAM).await;
    let run = stage.run(&["--check-config"]).await;
    run.must(
        0,
        &["coingecko.csv: 28 series, 28 enabled", "entities.csv: "],
    );
    assert!(run.stderr.is_empty(), "{run}");
}

#[tokio::test]
async fn what_looks_like_a_slip_of_the_pen_is_told_and_is_no_problem() {
    let stage = Stage::new(PROGRAM).await;
    let csv = "symbol,artemis_id,kind,metrics,granularity,since,enabled,note\n\
               btc,bitcoin,chain,PRICE|24H_VOLUM,,,true,\n";
    std::fs::write(stage.config_folder().join("artemis.csv"), csv).unwrap();
    let mut command = stage.command(&["--check-config"]);
    command.env("ARTEMIS_API_KEY", "a-planted-key");
    let run = ended(command).await;
    run.must(0, &["artemis.csv: 2 series, 2 enabled"]);
    let told = "artemis.csv:2: column metrics: 24H_VOLUM is no metric that we know: \
                did you mean 24H_VOLUME?";
    assert!(run.stderr.contains(told), "{run}");
}

#[tokio::test]
async fn all_problems_of_the_environment_come_at_once_and_hold_no_secret() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["bitcoin,BTC,usd,PRICEE,,,false,true,"]);
    for args in [&["--check-config"][..], &RANGE] {
        let mut command = stage.command(args);
        command
            .env("CROSSFEED_LOG", "xml")
            .env("RUST_LOG", "a=b=c")
            .env("COINGECKO_RPM", "none")
            .env("DATABASE_URL", "postgres://me:hunter2?x@host/db?hunter2=3")
            .env("COINGECKO_BASE_URL", "localhost/hunter2");
        let run = ended(command).await;
        run.must(
            1,
            &[
                "CROSSFEED_LOG: ",
                "RUST_LOG: ",
                "COINGECKO_RPM: ",
                "DATABASE_URL: ",
                "COINGECKO_BASE_URL: ",
                // What is wrong with the files comes with it.
                "coingecko.csv:2: column metrics: ",
            ],
        );
        assert!(!run.to_string().contains("hunter2"), "{run}");
    }
    stage.configure(&["bitcoin,BTC,usd,,,,false,maybe,"]);
    let mut command = stage.command(&RANGE);
    command
        .env("COINGECKO_PLAN", "gold")
        .env("COINGECKO_KEY", "hunter2");
    let run = ended(command).await;
    run.must(
        1,
        &[
            "COINGECKO_KEY: nobody reads a variable of that name",
            "COINGECKO_PLAN: \"gold\" is no plan: one of keyless, demo",
            "coingecko.csv:2: column enabled: \"maybe\" is not true or false",
            "coingecko.csv was read as for the vendor's usual plan",
        ],
    );
    assert!(!run.to_string().contains("hunter2"), "{run}");
    assert_eq!(stage.seen(), 0);
}

#[tokio::test]
async fn the_environment_may_stand_in_a_file() {
    let stage = Stage::new(PROGRAM).await;
    let lines: Vec<String> = stage
        .variables()
        .iter()
        .map(|(name, value)| format!("{name}='{value}'"))
        .collect();
    std::fs::write(stage.folder.path().join(".env"), lines.join("\n")).unwrap();
    ended(stage.bare(&RANGE))
        .await
        .must(0, &["complete: 12 requests"]);
}

#[tokio::test]
async fn another_configuration_ends_nothing() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&RANGE).await.must(0, &[]);
    let active =
        "SELECT count(*) FILTER (WHERE upper_inf(active)) || ' of ' || count(*) FROM series";
    assert_eq!(stage.ask(active).await, "28 of 28");
    stage.configure(&["solana,,usd,PRICE,,,false,true,"]);
    let dry = [&RANGE[..], &["--dry-run"]].concat();
    stage
        .run(&dry)
        .await
        .must(0, &["coingecko: 2 active series"]);
    stage.run(&RANGE).await.must(0, &["complete: 0 requests"]);
    assert_eq!(stage.ask(active).await, "28 of 28");
}

#[tokio::test]
async fn simulated_and_live_data_never_meet() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&RANGE).await.must(0, &[]);
    let seen = stage.seen();
    let mut command = stage.command(&["--source", "coingecko", "--from", "2024-05-01"]);
    command.env("COINGECKO_BASE_URL", "http://vendor.invalid/api/v3");
    let run = ended(command).await;
    run.must(1, &["holds simulated data", "live"]);
    assert_eq!(stage.seen(), seen);
    assert_eq!(stage.pulls().await, "2 complete");
}
