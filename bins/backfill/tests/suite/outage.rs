//! The database goes away in the middle of it and comes back.

use std::time::Duration;

use testkit::{
    own_server::OwnServer,
    stage::{Running, Stage},
};

use crate::{PROGRAM, RANGE};

/// Slow enough that each outage meets requests under way.
const LATENCY: Duration = Duration::from_millis(250);
const OUTAGE: Duration = Duration::from_secs(20);
const SAID: &str = "waiting for the database";

async fn stage(server: &OwnServer) -> Stage {
    Stage::with_latency(PROGRAM, LATENCY).await.on(server).await
}

#[tokio::test]
async fn a_database_away_for_twenty_seconds_costs_no_request_and_no_row() {
    let server = OwnServer::start().await;
    let stage = stage(&server).await;
    let undisturbed = stage.another().await;
    undisturbed.run(&RANGE).await.must(0, &["complete: "]);
    let needed = stage.seen();
    stage.vendor.reset();

    let program = Running::start(stage.command(&RANGE));
    // Among the daily charts it crashes, among the hourly ones it is stopped.
    stage.until_seen(2).await;
    server.crash().await;
    tokio::time::sleep(OUTAGE).await;
    let away = stage.seen();
    server.start_again().await;
    stage.until_seen(away + 2).await;
    server.stop().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.start_again().await;
    let ended = program.end().await;
    ended.must(0, &["complete: ", SAID]);

    assert_eq!(stage.checksum().await, undisturbed.checksum().await);
    assert!(!stage.checksum().await.starts_with("0 "));
    assert_eq!(stage.pulls().await, "2 complete");
    assert_eq!(stage.seen(), needed);
    // Both outages together last less than the half minute after which it is said again.
    assert_eq!(ended.stdout.matches(SAID).count(), 1, "{ended}");
    let again = stage.run(&RANGE).await;
    again.must(0, &["nothing to ask", "complete: 0 requests, 0 points new"]);
}

#[tokio::test]
async fn stopped_while_the_database_is_away_it_ends_in_time_and_carries_on_later() {
    let server = OwnServer::start().await;
    let stage = stage(&server).await;
    let program = Running::start(stage.command(&RANGE));
    stage.until_seen(2).await;
    server.stop().await;
    program.until_said(SAID).await;
    program.stop().await.must(130, &["interrupted: "]);

    server.start_again().await;
    let last = stage.run(&RANGE).await;
    last.must(0, &["complete: ", "marked interrupted"]);
    let missing = "SELECT count(*) FROM slots_missing WHERE reason = 'failed'";
    assert_eq!(stage.ask(missing).await, "0");
}

#[tokio::test]
async fn a_disk_that_is_full_for_points_costs_no_request_and_no_row() {
    let stage = Stage::with_latency(PROGRAM, LATENCY).await;
    let undisturbed = stage.another().await;
    undisturbed.run(&RANGE).await.must(0, &["complete: "]);
    let needed = stage.seen();
    stage.vendor.reset();

    let client = stage.client().await;
    let full = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE 'refused by a test' USING ERRCODE = 'disk_full'; END $$;
                CREATE TRIGGER refuses BEFORE INSERT ON metrics
                    FOR EACH ROW EXECUTE FUNCTION refuse();";
    let program = Running::start(stage.command(&RANGE));
    // Its tables are there, and nothing is in them.
    stage.until_seen(1).await;
    client.batch_execute(full).await.unwrap();
    program.until_said(SAID).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    client
        .batch_execute("DROP FUNCTION refuse() CASCADE")
        .await
        .unwrap();
    program.end().await.must(0, &["complete: "]);

    assert_eq!(stage.checksum().await, undisturbed.checksum().await);
    assert!(!stage.checksum().await.starts_with("0 "));
    assert_eq!(stage.pulls().await, "2 complete");
    assert_eq!(stage.seen(), needed);
}
