//! `crossfeed status`.

use fake_vendors::Fault;
use serde_json::Value;
use testkit::stage::{Stage, ended};

use crate::PROGRAM;

/// Everything that a look might have written.
const TRACES: &str = "SELECT concat_ws(' ', (SELECT count(*) FROM series), (SELECT count(*) FROM pulls),
    (SELECT count(*) FROM world), (SELECT count(*) FROM quota_ledger), (SELECT count(*) FROM pace))";

async fn json(stage: &Stage) -> Value {
    let status = stage.run(&["status", "--json"]).await;
    serde_json::from_str(&status.stdout).unwrap_or_else(|error| panic!("{error}: {status}"))
}

fn of<'a>(report: &'a Value, source: &str) -> &'a Value {
    let sources = report["sources"].as_array().unwrap();
    sources.iter().find(|one| one["source"] == source).unwrap()
}

#[tokio::test]
async fn before_anything_ran_it_tells_what_would_and_what_cannot() {
    let stage = Stage::new(PROGRAM).await;
    let status = stage.run(&["status"]).await;
    status.must(
        0,
        &[
            "no data, ",
            "NOBODY LEADS: no ingestd has ever run",
            "not led",
            "none yet",
            "artemis: no key is set",
            "velo: no key is set",
        ],
    );
    let report = json(&stage).await;
    assert_eq!(of(&report, "artemis")["state"], "not set up");
    let coingecko = &of(&report, "coingecko")["details"];
    // Three metrics by hour and day, and one that only the present has.
    assert_eq!(coingecko["series_on"], 4 * 8 - 4);
    assert!(coingecko["open_buckets"].as_u64().unwrap() > 4 * 3 * 1_000);
    assert_eq!(
        (stage.ask(TRACES).await.as_str(), stage.seen()),
        ("0 0 0 0 0", 0)
    );
}

#[tokio::test]
async fn a_leader_that_has_ended_waits_for_a_hand() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["setup"]).await.must(0, &[]);
    let sql = "INSERT INTO leader (epoch, instance, taken_at) VALUES (3, 'desk:1:1', now())
               ON CONFLICT DO NOTHING";
    stage.client().await.batch_execute(sql).await.unwrap();
    let told = "ENDED ingestd (ended): desk:1:1 has ended and nobody collects";
    stage.run(&["status"]).await.must(4, &[told]);
}

#[tokio::test]
async fn a_configuration_that_is_wrong_waits_for_a_hand() {
    let stage = Stage::new(PROGRAM).await;
    stage.configure(&["bitcoin,,usd,PRICE,never,,false,true,"]);
    let told = [
        "WRONG coingecko",
        "coingecko.csv",
        "since",
        "ingestd --check-config",
    ];
    stage.run(&["status"]).await.must(4, &told);
    stage.run(&["gaps"]).await.must(1, &["coingecko.csv"]);
    stage.run(&["quota"]).await.must(1, &["coingecko.csv"]);
}

#[tokio::test]
async fn a_suspension_comes_first_with_the_command_that_ends_it() {
    let stage = Stage::new(PROGRAM).await;
    let mut wrong = stage.command(&["pull", "coingecko"]);
    wrong.env("COINGECKO_API_KEY", "CG-not-the-one");
    ended(wrong).await.must(5, &[]);
    let status = stage.run(&["status"]).await;
    status.must(
        4,
        &["crossfeed resume coingecko", "coingecko: suspended since "],
    );
    let first = status.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("SUSPENDED coingecko (unauthorized, since "),
        "{status}"
    );
    assert!(first.contains("not authorised: status 401"), "{status}");
    let report = json(&stage).await;
    assert_eq!(
        report["waits_for_a_hand"][0]["command"],
        "crossfeed resume coingecko"
    );
    assert_eq!(of(&report, "coingecko")["state"], "suspended");
}

#[tokio::test]
async fn what_passes_by_itself_is_degraded_until_it_has_passed() {
    let stage = Stage::new(PROGRAM).await;
    stage.always("/coins/markets", Fault::Status500);
    stage.run(&["pull", "coingecko"]).await.must(1, &[]);
    stage.run(&["pull", "coingecko"]).await.must(1, &[]);
    let first = "SELECT to_char(min(started_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM pulls";
    let since = format!("coingecko: degraded since {}", stage.ask(first).await);
    stage
        .run(&["status"])
        .await
        .must(0, &[&since, "markets: ", "Internal server error"]);
    stage.break_answers(Vec::new());
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    let status = stage.run(&["status"]).await;
    status.must(0, &["not led"]);
    assert!(!status.stdout.contains("degraded"), "{status}");
}

#[tokio::test]
async fn refused_ticks_are_counted_and_strange_answers_too() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["setup"]).await.must(0, &[]);
    let refused =
        "INSERT INTO refused_ticks VALUES ('coingecko', 'markets', 2, '2026-05-18 10:03Z')";
    stage.client().await.batch_execute(refused).await.unwrap();
    std::fs::create_dir_all(stage.dead_letters()).unwrap();
    for name in ["one.txt", "two.txt"] {
        std::fs::write(stage.dead_letters().join(name), "").unwrap();
    }
    let told = [
        "refused: coingecko markets, 2 of 5 ticks in a row since 2026-05-18T10:03:00Z",
        "2 answers that made no sense are kept in ",
    ];
    stage.run(&["status"]).await.must(0, &told);
    let report = json(&stage).await;
    let refused = &report["refused_ticks"][0];
    assert_eq!((&refused["ticks"], &refused["of"]), (&2.into(), &5.into()));
}

#[tokio::test]
async fn what_the_vendor_does_not_know_is_named_with_its_time() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    let learn = "INSERT INTO facts (source, asset, unsupported_until, known_from)
                 SELECT 'coingecko', asset, now() + interval '7 days', 'chart_daily'
                 FROM unnest(array['bitcoin', 'not-configured']) AS asset";
    stage.client().await.batch_execute(learn).await.unwrap();
    let status = stage.run(&["status"]).await;
    status.must(
        0,
        &[
            "left alone: 1: bitcoin until ",
            "not had by the vendor: 3 series",
        ],
    );
    assert!(!status.stdout.contains("not-configured"), "{status}");
    let gaps = stage
        .run(&["gaps", "--reason", "unsupported", "--asset", "BITCOIN"])
        .await;
    // Left alone is not open.
    gaps.must(0, &["unsupported", "bitcoin/usd PRICE 1d"]);
}
