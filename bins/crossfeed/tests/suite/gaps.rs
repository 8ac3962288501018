//! `crossfeed gaps`.

use fake_vendors::Plan;
use serde_json::Value;
use testkit::stage::Stage;

use crate::{
    PROGRAM,
    on_clock::{OnClock as _, START, at, options},
};

async fn answer(stage: &Stage, args: &[&str]) -> (Option<i32>, Value) {
    let gaps = stage.run(&[&["gaps", "--json"][..], args].concat()).await;
    let answer =
        serde_json::from_str(&gaps.stdout).unwrap_or_else(|error| panic!("{error}: {gaps}"));
    (gaps.code, answer)
}

fn lines(answer: &Value) -> Vec<String> {
    let summary = answer["summary"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    (summary.iter())
        .map(|line| {
            format!(
                "{} {} {} {}",
                text(&line["dataset"]),
                text(&line["reason"]),
                line["series"],
                text(&line["held"])
            )
        })
        .collect()
}

#[tokio::test]
async fn each_hole_has_its_reason() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&[
        "bitcoin,,usd,PRICE|FDV,2026-05-01,2026-05-01,false,true,",
        "ethereum,,usd,PRICE,2026-05-01,2026-05-01,false,true,",
    ]);
    let (code, told) = answer(&stage, &[]).await;
    assert_eq!(code, Some(3));
    assert_eq!(
        lines(&told),
        [
            "chart_daily unrequested 2 -",
            "chart_hourly unrequested 2 -"
        ]
    );
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    // As answers leave it.
    let sql = "
        INSERT INTO coverage SELECT series_id, '{[2026-05-01, 2026-05-11),[2026-05-12, 2026-05-13)}' FROM series
            WHERE asset = 'bitcoin' AND step = '1d'
            ON CONFLICT (series_id) DO UPDATE SET settled = excluded.settled;
        INSERT INTO slots_missing SELECT series_id, r::tstzrange, why, again, n FROM series, (VALUES
            ('[2026-05-11, 2026-05-12)', 'failed', now() + interval '1 hour', 1),
            ('[2026-05-12, 2026-05-13)', 'unfillable', NULL, 4),
            ('[2026-05-13, 2026-05-15)', 'vendor_empty', now() + interval '2 days', 3)) AS m (r, why, again, n)
            WHERE asset = 'bitcoin' AND metric = 'PRICE' AND step = '1d';
        INSERT INTO pulls (run_id, source, dataset, kind, instance, started_at, status, error_class, error)
            VALUES ('gaps-1', 'coingecko', 'chart_daily', 'gap', 'i', now() - interval '2 hours', 'failed', 'malformed', 'cut'),
                   ('gaps-2', 'coingecko', 'chart_daily', 'gap', 'i', now() - interval '1 hour', 'failed', 'transient', '502')";
    stage.client().await.batch_execute(sql).await.unwrap();
    let only = ["--asset", "Bitcoin", "--dataset", "chart_daily"];
    let (code, told) = answer(&stage, &only).await;
    assert_eq!(code, Some(3));
    assert_eq!(
        lines(&told),
        [
            "chart_daily unrequested 1 -",
            "chart_daily failed 1 -",
            "chart_daily vendor_empty 1 -",
            "chart_daily unfillable 1 -"
        ]
    );
    let text = stage.run(&[&["gaps"][..], &only].concat()).await;
    text.must(
        3,
        &[
            "failed: malformed",
            "vendor empty, 3 tries",
            "unfillable, 4 tries",
            "never asked",
            "as soon as there is room",
            "bitcoin/usd PRICE 1d",
        ],
    );
    // Newest first.
    let starts: Vec<_> = (told["gaps"].as_array().unwrap().iter())
        .map(|gap| gap["from"].as_str().unwrap().to_owned())
        .collect();
    assert!(starts.is_sorted_by(|a, b| a >= b), "{starts:?}");

    // What cannot be filled is listed, and is nothing open.
    let (code, told) = answer(&stage, &["--reason", "unfillable"]).await;
    assert_eq!(
        (code, told["total"].as_u64(), told["open_buckets"].as_u64()),
        (Some(0), Some(1), Some(0))
    );
    let csv = [&["gaps", "--csv", "--reason", "failed"][..], &only].concat();
    let csv = stage.run(&csv).await;
    csv.must(3, &["source,dataset,asset,", "coingecko,chart_daily,bitcoin,,,usd,PRICE,1d,2026-05-11T00:00:00Z,2026-05-12T00:00:00Z,1,failed,malformed,"]);
    stage
        .run(&["gaps", "--reason", "empty"])
        .await
        .must(2, &["vendor_empty"]);
    stage
        .run(&["gaps", "--source", "velo"])
        .await
        .must(1, &["velo is not set up: no key is set"]);
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_no_good_news() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["bitcoin,,usd,PRICE|FDV,2026-05-01,2026-05-01,false,true,"]);
    for (args, told) in [
        (
            ["--asset", "bitcoi"],
            "no asset \"bitcoi\": did you mean bitcoin?",
        ),
        (
            ["--metric", "PRISE"],
            "no metric \"PRISE\": did you mean PRICE?",
        ),
        (["--dataset", "chart_dayly"], "did you mean chart_daily?"),
        (
            ["--asset", "zzzzzzzz"],
            "no asset \"zzzzzzzz\" in the configuration",
        ),
    ] {
        let args = ["gaps", args[0], args[1]];
        stage.run(&args).await.must(2, &[told]);
    }
    let both = stage.run(&["gaps", "--csv", "--json"]).await;
    both.must(2, &["--csv or --json"]);
    // For a spreadsheet all of them.
    let listed = async |args: &[&str]| stage.run(args).await.stdout.lines().count();
    let rows = listed(&["gaps", "--csv"]).await;
    assert_eq!(listed(&["gaps", "--csv", "--all"]).await, rows);
    assert_eq!(listed(&["gaps", "--csv", "--limit", "1"]).await, 2);
    assert!(rows > 2);
}

#[tokio::test]
async fn what_is_switched_off_is_nobodys_hole() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["bitcoin,,usd,PRICE,2026-05-01,2026-05-01,false,true,"]);
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    stage.configure(&["bitcoin,,usd,PRICE,2026-05-01,2026-05-01,false,false,"]);
    let (code, told) = answer(&stage, &[]).await;
    assert_eq!((code, told["open_buckets"].as_u64()), (Some(0), Some(0)));
    assert_eq!(
        lines(&told),
        [
            "chart_daily unrequested 1 disabled",
            "chart_hourly unrequested 1 disabled"
        ]
    );
    let series = "SELECT bool_and(upper_inf(active)) FROM series";
    assert_eq!(stage.ask(series).await, "true");
}

#[tokio::test]
async fn what_the_plan_does_not_give_is_told_apart() {
    // A year back at most.
    let stage = Stage::with_vendor(PROGRAM, Plan::Demo, options()).await;
    stage.configure(&["bitcoin,,usd,PRICE,2024-05-01,2026-05-01,false,true,"]);
    let socket = stage.folder.path().join("clock");
    let _server = simclock::Server::bind(&socket, at(START)).unwrap();
    let gaps = stage
        .run_on(&socket, &["gaps", "--dataset", "chart_daily"])
        .await;
    gaps.must(
        3,
        &["outside the plan", "never asked", "2024-05-01T00:00:00Z"],
    );
    let status = stage.run_on(&socket, &["status"]).await;
    status.must(
        0,
        &[
            "outside the plan: chart_daily, 1 series, ",
            " before 2025-05-1",
        ],
    );
}
