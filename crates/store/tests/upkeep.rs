//! The index of the points, after answers that came newest first.

#![allow(clippy::unwrap_used, reason = "test code")]

use store::{Options, Store};
use tokio_postgres::{Client, NoTls};

/// Six blocks of 720 hours of 60 series, the newest block first.
const NEWEST_FIRST: &str = "DO $$
    BEGIN
        FOR block IN REVERSE 5..0 LOOP
            INSERT INTO metrics
            SELECT series, 1, timestamptz '2026-01-01' + (block * 720 + hour) * interval '1 hour', hour
            FROM generate_series(1, 60) AS series, generate_series(0, 719) AS hour
            ORDER BY series, hour;
        END LOOP;
    END $$";

async fn text(client: &Client, sql: &str) -> String {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_index_is_rebuilt_beside_a_reader_and_leftovers_go() {
    let database = testkit::database().await;
    let (client, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let options = Options {
        application_name: "upkeep test".to_owned(),
        pool_size: 2,
    };
    let store = Store::connect(&database.config(), options).await.unwrap();
    client.batch_execute(NEWEST_FIRST).await.unwrap();
    // As a rebuilding leaves it that was killed.
    client
        .batch_execute(
            "CREATE UNIQUE INDEX metrics_pkey_ccnew ON metrics (series_id, ts);
             UPDATE pg_index SET indisvalid = false
             WHERE indexrelid = 'metrics_pkey_ccnew'::regclass",
        )
        .await
        .unwrap();
    let sum = "SELECT count(*) || ' ' || sum(value) FROM metrics";
    let before = text(&client, sum).await;

    let rebuilt = store.rebuild_points_index().await.unwrap();
    // Pages that were split in their middle, against pages that are nine tenths full.
    assert!(
        rebuilt.after_bytes * 5 < rebuilt.before_bytes * 4,
        "{rebuilt:?}"
    );
    assert_eq!(text(&client, sum).await, before);
    let indexes =
        "SELECT string_agg(indexrelid::regclass || ' ' || indisprimary || ' ' || indisvalid, ', ')
                   FROM pg_index WHERE indrelid = 'metrics'::regclass";
    assert_eq!(text(&client, indexes).await, "metrics_pkey true true");

    store.vacuum_points().await.unwrap();
    let vacuumed = "SELECT vacuum_count::text FROM pg_stat_user_tables WHERE relname = 'metrics'";
    assert_eq!(text(&client, vacuumed).await, "1");
}
