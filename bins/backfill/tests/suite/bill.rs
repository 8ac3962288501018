//! What the bill says before the meal, and that what was left out of the question is not asked.

use testkit::stage::{Ended, KEY, Stage, ended};

use crate::PROGRAM;

/// Nobody listens there: a dry run asks nobody.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Runs the program for another vendor than the stage's, whose file holds these lines.
async fn run_of(stage: &Stage, name: &str, base_url: &str, csv: &[&str], args: &[&str]) -> Ended {
    let file = format!("sources-config/{name}.csv");
    std::fs::write(stage.folder.path().join(file), csv.join("\n") + "\n").unwrap();
    let mut command = stage.bare(&[&["--source", name], args].concat());
    let variable = |what: &str| format!("{}_{what}", name.to_uppercase());
    command
        .env("DATABASE_URL", stage.database.url())
        .env(variable("API_KEY"), KEY)
        .env(variable("BASE_URL"), base_url);
    ended(command).await
}

#[tokio::test]
async fn the_present_is_asked_for_the_chosen_assets_only() {
    let stage = Stage::new(PROGRAM).await;
    let chosen = [
        "--source",
        "coingecko",
        "--days",
        "2",
        "--assets",
        "bitcoin",
    ];
    stage
        .run(&chosen)
        .await
        .must(0, &["markets complete: 1 request"]);
    let asked = stage.vendor.requests();
    let all: Vec<_> = asked
        .iter()
        .map(|one| format!("{}?{}", one.path, one.query))
        .collect();
    assert!(all.iter().all(|one| one.contains("bitcoin")), "{all:?}");
    assert!(!all.iter().any(|one| one.contains("ethereum")), "{all:?}");
    let stored =
        "SELECT string_agg(DISTINCT asset, ',') FROM metrics JOIN series USING (series_id)";
    assert_eq!(stage.ask(stored).await, "bitcoin");
}

#[tokio::test]
async fn the_present_is_asked_for_the_chosen_metrics_only() {
    let stage = Stage::new(PROGRAM).await;
    let chosen = ["--source", "coingecko", "--days", "2", "--metrics", "price"];
    stage.run(&chosen).await.must(0, &["markets "]);
    let stored =
        "SELECT string_agg(DISTINCT metric, ',') FROM metrics JOIN series USING (series_id)";
    assert_eq!(stage.ask(stored).await, "PRICE");
    // What the present alone has was not asked for, and is not counted as missed.
    let settled =
        "SELECT string_agg(DISTINCT metric, ',') FROM coverage JOIN series USING (series_id)
                   WHERE NOT isempty(settled)";
    assert_eq!(stage.ask(settled).await, "PRICE");
}

const EQUITIES: [&str; 5] = [
    "asset_class,function,symbol,market,interval,params,metrics,tier,since,enabled,note",
    "equity,TIME_SERIES_DAILY,COIN,,1d,outputsize=compact,CLOSE,free,,true,",
    "equity,TIME_SERIES_DAILY,MSTR,,1d,outputsize=compact,CLOSE,free,,true,",
    "equity,OVERVIEW,COIN,,spot,,MARKET_CAP,free,,true,",
    "equity,OVERVIEW,MSTR,,spot,,MARKET_CAP,free,,true,",
];

#[tokio::test]
async fn the_bill_counts_the_present_of_the_chosen_assets_only() {
    let stage = Stage::new(PROGRAM).await;
    let args = ["--days", "20", "--dry-run"];
    let all = run_of(&stage, "alphavantage", NOWHERE, &EQUITIES, &args).await;
    all.must(0, &["of 2 assets", "  the present: 4 requests\n"]);
    let args = ["--days", "20", "--dry-run", "--assets", "equity:COIN"];
    let one = run_of(&stage, "alphavantage", NOWHERE, &EQUITIES, &args).await;
    one.must(0, &["of 1 asset,", "  the present: 2 requests\n"]);
}
