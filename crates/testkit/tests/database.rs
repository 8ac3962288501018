//! Databases of tests are fresh, apart, migrated, and go away.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, NoTls};

async fn client(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn count(client: &Client, statement: &str) -> i64 {
    client.query_one(statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_test_has_a_migrated_database_of_its_own() {
    let (first, second) = tokio::join!(testkit::database(), testkit::database());
    assert_ne!(first.url(), second.url());
    let (one, two) = (
        client(&first.config()).await,
        client(&second.url().parse().unwrap()).await,
    );
    let applied = "SELECT count(*) FROM refinery_schema_history";
    assert!(count(&one, applied).await > 0);
    assert_eq!(count(&one, applied).await, count(&two, applied).await);
    one.batch_execute("CREATE TABLE mine ()").await.unwrap();
    let mine = "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'";
    assert_eq!(count(&one, mine).await, 1);
    assert_eq!(count(&two, mine).await, 0);
}

#[tokio::test]
async fn dropped_databases_go_even_while_somebody_is_connected() {
    let (kept, dropped) = (testkit::database().await, testkit::database().await);
    let name = dropped.config().get_dbname().unwrap().to_owned();
    let _connected = client(&dropped.config()).await;
    let admin = client(&kept.config()).await;
    let there = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(count(&admin, &there).await, 1);
    drop(dropped);
    let begun = Instant::now();
    while count(&admin, &there).await > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{name} is still there"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
