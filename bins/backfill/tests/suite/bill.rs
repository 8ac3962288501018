//! What the bill says before the meal, and that what was left out of the question is not asked.

use fake_vendors::{FakeVendor, Options, VeloPlan, Vendor};
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

#[tokio::test]
async fn a_quota_makes_it_last_longer_than_the_pace_does() {
    let stage = Stage::new(PROGRAM).await;
    let header = EQUITIES[0].to_owned();
    let row = |n: u8| {
        let ticker = format!("A{}", char::from(b'A' + n));
        format!("equity,TIME_SERIES_DAILY,{ticker},,1d,outputsize=compact,CLOSE,free,,true,")
    };
    let rows: Vec<String> = [header].into_iter().chain((0..20).map(row)).collect();
    let csv: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (from, to) = ("2026-09-01", "2026-09-10");
    let args = ["--from", from, "--to", to, "--dry-run"];
    let run = run_of(&stage, "alphavantage", NOWHERE, &csv, &args).await;
    run.must(
        0,
        &[
            " 20 requests, 2",
            " hours or more: 25 requests of any 24 hours, 19 of them for a backfill (",
            "0 of 25 requests of any 24 hours used",
        ],
    );
    // One less fits into what is left of the quota: the pace alone counts.
    let run = run_of(&stage, "alphavantage", NOWHERE, &csv[..20], &args).await;
    run.must(
        0,
        &["19 requests, ", " seconds or more at the vendor's pace"],
    );
}

const PRODUCTS: [&str; 4] = [
    "market,exchange,coin,product,metrics,resolution_min,since,enabled,note",
    "futures,binance-futures,BTC,BTCUSDT,CLOSE_PRICE|DOLLAR_VOLUME,60,,true,",
    "futures,bybit,ETH,,CLOSE_PRICE|DOLLAR_VOLUME,60,,true,",
    "futures,bybit,NOSUCHCOIN,,CLOSE_PRICE|DOLLAR_VOLUME,60,,true,",
];

async fn velo() -> FakeVendor {
    let options = Options {
        vendor: Vendor::Velo(VeloPlan::annual()),
        key: KEY.to_owned(),
        ..Options::default()
    };
    FakeVendor::start(options).await.unwrap()
}

#[tokio::test]
async fn a_total_that_lacks_what_only_a_catalogue_can_name_says_so_itself() {
    let (stage, vendor) = (Stage::new(PROGRAM).await, velo().await);
    let address = vendor.base_url();
    let dry = ["--days", "2", "--dry-run"];
    let run = run_of(&stage, "velo", &address, &PRODUCTS, &dry).await;
    let total = "in all 2 requests";
    let without = " and those of 2 rows whose products the catalogue must name first: \
                   `crossfeed pull velo --catalogue`";
    run.must(0, &[total, without]);
    assert!(!run.stdout.contains("in all at most"), "{run}");
    // Rows that nobody asks about are not missed, and the coin of a row is known without products.
    for (coin, told) in [
        ("BTC", "in all at most 2 requests"),
        ("ETH", " and those of 1 row "),
    ] {
        let args = [&dry[..], &["--assets", coin]].concat();
        let run = run_of(&stage, "velo", &address, &PRODUCTS, &args).await;
        run.must(0, &[told]);
    }
    assert_eq!(vendor.counts().total, 0);
}

#[tokio::test]
async fn the_bill_of_a_real_run_is_that_of_the_catalogue_just_read() {
    let (stage, vendor) = (Stage::new(PROGRAM).await, velo().await);
    let address = vendor.base_url();
    let run = run_of(&stage, "velo", &address, &PRODUCTS, &["--days", "2"]).await;
    let lists_none = "none for 1 row: the catalogue as last read lists no product of it";
    run.must(0, &["in all ", lists_none]);
    // The catalogues come before the bill, which is for what comes after them.
    let asked = vendor.requests();
    let of_rows = asked.iter().filter(|one| one.path.contains("/rows"));
    let (of_rows, total) = (of_rows.count(), vendor.counts().total);
    assert_eq!(u64::try_from(of_rows).unwrap() + 5, total);
    run.must(
        0,
        &[
            &format!("{of_rows} requests"),
            &format!("complete: {total} requests"),
        ],
    );
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("in all "))
        .unwrap();
    assert!(line.contains(&format!(" {of_rows} requests")), "{run}");

    // Known by now: a dry run says the same, and asks nobody.
    let dry = ["--days", "2", "--dry-run", "--force"];
    let run = run_of(&stage, "velo", &address, &PRODUCTS, &dry).await;
    run.must(0, &[lists_none]);
    assert!(!run.stdout.contains("must name first"), "{run}");
    assert_eq!(vendor.counts().total, total);
}

#[tokio::test]
async fn an_asset_that_only_a_catalogue_can_name_may_be_asked_for_before_it_is_read() {
    let (stage, vendor) = (Stage::new(PROGRAM).await, velo().await);
    let slip = ["--days", "2", "--assets", "ETHH"];
    let run = run_of(&stage, "velo", &vendor.base_url(), &PRODUCTS, &slip).await;
    run.must(2, &["no active series of velo has the asset \"ETHH\""]);
    assert_eq!(vendor.counts().total, 0);
    let args = ["--days", "2", "--assets", "ETH"];
    let run = run_of(&stage, "velo", &vendor.base_url(), &PRODUCTS, &args).await;
    run.must(0, &["rows complete: "]);
    let stored =
        "SELECT string_agg(DISTINCT asset, ',') FROM metrics JOIN series USING (series_id)";
    assert_eq!(stage.ask(stored).await, "ETH");
}
