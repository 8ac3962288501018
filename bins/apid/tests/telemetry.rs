//! What `apid` shows of itself: metrics against what was asked, readiness, log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use serde_json::Value;
use support::program::{METRICS_ADDR, command};
use support::{Fixture, filled};
use testkit::own_server::OwnServer;
use testkit::scrape::{self, Scrape};
use testkit::stage::{Running, ended};
use tokio::process::Command;

/// The program with a port of its own for its metrics.
fn watched(database_url: &str) -> Command {
    let mut command = command(database_url);
    command
        .env(METRICS_ADDR, "127.0.0.1:0")
        .env("RUST_LOG", "info,apid=debug")
        .env("CROSSFEED_LOG", "json");
    command
}

/// Starts it; returns where it shows its metrics, and where it answers.
async fn start(database_url: &str) -> (Running, String, String) {
    const SAID: &str = "listening on http://";
    let program = Running::start(watched(database_url));
    let metrics = scrape::address(&program).await;
    program.until_said(SAID).await;
    let log = program.log();
    let (_, rest) = log.split_once(SAID).unwrap();
    let api = rest.split('"').next().unwrap().to_owned();
    (program, metrics, api)
}

async fn status(address: &str, path: &str) -> u16 {
    scrape::get(address, path).await.status
}

#[tokio::test]
async fn every_answer_is_counted_and_told_once() {
    let Fixture { database, .. } = &filled().await;
    let (program, metrics, api) = start(&database.url()).await;
    let latest = scrape::get(&api, "/latest?metric=PRICE").await;
    let body: Value = serde_json::from_str(&latest.body).unwrap();
    let rows = body["count"].as_f64().unwrap();
    assert!(rows > 1., "{latest:?}");
    for (path, expected) in [
        ("/latest?metric=PRICE&limit=1", 200),
        ("/latest?nonsense=1", 400),
        ("/no/such/path", 404),
        ("/readyz", 200),
    ] {
        assert_eq!(status(&api, path).await, expected, "{path}");
    }
    assert_eq!(scrape::ask(&api, "BREW", "/latest").await.status, 405);

    let scrape = Scrape::of(&metrics).await;
    let counted = |labels: &[&str]| scrape.with("crossfeed_http_requests_total", labels);
    let is = |one: f64, other: f64| assert!((one - other).abs() < 0.5, "{one} {other}: {scrape:?}");
    let of_latest = "route=\"/latest\"";
    is(counted(&[of_latest, "GET", "status=\"200\""]), 2.);
    is(counted(&[of_latest, "GET", "status=\"400\""]), 1.);
    is(counted(&[of_latest, "other", "status=\"405\""]), 1.);
    is(counted(&["unknown", "status=\"404\""]), 1.);
    is(counted(&["/readyz", "status=\"200\""]), 1.);
    is(counted(&[]), 6.);
    is(
        scrape.with("crossfeed_http_request_duration_seconds_count", &[]),
        6.,
    );
    is(
        scrape.with("crossfeed_http_answered_rows_total", &[of_latest]),
        rows + 1.,
    );
    is(
        scrape.with("crossfeed_http_answered_rows_total", &[]),
        rows + 1.,
    );
    is(scrape.one("crossfeed_http_requests_in_flight"), 0.);
    assert!(scrape.one("crossfeed_database_pool_connections") >= 1.);

    let ended = program.stop().await;
    ended.must(0, &[]);
    let told = ended.stdout.matches("\"request answered\"").count();
    assert_eq!(told, 6, "{ended}");
    let at_debug = |line: &&str| line.contains("request answered") && line.contains("DEBUG");
    assert_eq!(ended.stdout.lines().filter(at_debug).count(), 6);
}

#[tokio::test]
async fn without_its_database_it_lives_and_is_not_ready() {
    let server = OwnServer::start().await;
    let database = server.database().await;
    let (program, metrics, _) = start(&database.url()).await;
    let ready = scrape::get(&metrics, "/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    server.stop().await;
    scrape::until_ready(&metrics, 503).await;
    assert_eq!(status(&metrics, "/healthz").await, 200);
    let why = scrape::get(&metrics, "/readyz").await.body;
    assert!(why.contains("the database does not answer"), "{why}");
    server.start_again().await;
    scrape::until_ready(&metrics, 200).await;
    program.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn a_suspended_source_is_named_and_a_taken_port_told() {
    let Fixture { database, .. } = &filled().await;
    let suspend = "INSERT INTO suspensions (source, dataset, class, reason, since)
                   VALUES ('velo', 'rows', 'not_entitled', 'no', now())";
    let (client, connection) = (database.config().connect(tokio_postgres::NoTls).await).unwrap();
    tokio::spawn(connection);
    client.batch_execute(suspend).await.unwrap();
    let (program, metrics, _) = start(&database.url()).await;
    let ready = scrape::get(&metrics, "/readyz").await;
    assert_eq!(
        (ready.status, &*ready.body),
        (200, r#"{"status":"ready","suspended":["velo rows"]}"#)
    );
    let mut second = watched(&database.url());
    second.env(METRICS_ADDR, &metrics);
    ended(second)
        .await
        .must(1, &[METRICS_ADDR, &metrics, "in use"]);
    program.stop().await.must(0, &[]);
}
