//! What the tests of the ledgers and the reads share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "test code; each test program uses its part"
)]

use deadpool_postgres::ClientWrapper;
use model::{SourceId, TimeRange, Ts};
use store::{
    Options, Store,
    coverage::{self, Settlement},
    series::SeriesId,
};
use testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

/// A vendor of the tests.
pub(crate) const ACME: SourceId = SourceId::new("acme");
/// Another one.
pub(crate) const OTHER: SourceId = SourceId::new("other");

/// A store with a pool of its own, as another process would have.
pub(crate) async fn store(database: &TestDatabase) -> Store {
    let options = Options {
        application_name: "ledger test".to_owned(),
        pool_size: 2,
    };
    Store::connect(&database.config(), options).await.unwrap()
}

/// A bare connection.
pub(crate) async fn client(database: &TestDatabase) -> ClientWrapper {
    let (client, connection) = database.config().connect(NoTls).await.unwrap();
    let driver = tokio::spawn(async {
        connection.await.ok();
    });
    ClientWrapper::new(client, driver)
}

/// Makes `count` hourly series of [`ACME`] and returns the first.
pub(crate) async fn make_series(client: &Client, count: i32) -> SeriesId {
    let row = client
        .query_one(
            "WITH made AS (
                 INSERT INTO series (source, asset, quote, metric, step, label_shift, active)
                 SELECT 'acme', 'asset-' || n, 'usd', 'PRICE', '1h', -3600, '{(,)}'
                 FROM generate_series(1, $1) AS n RETURNING series_id)
             SELECT min(series_id) FROM made",
            &[&count],
        )
        .await
        .unwrap();
    SeriesId(row.get(0))
}

/// An hour after 2026-01-01.
pub(crate) fn hour(at: i64) -> Ts {
    Ts::parse("2026-01-01").unwrap().plus_secs(at * 3_600)
}

/// Some hours after 2026-01-01.
pub(crate) fn hours(start: i64, end: i64) -> TimeRange {
    TimeRange::new(hour(start), hour(end))
}

/// Settles in a transaction of its own, as the writer does in its own.
pub(crate) async fn settle(client: &mut ClientWrapper, settlements: &[Settlement], now: Ts) {
    let transaction = client.transaction().await.unwrap();
    coverage::settle(&transaction, settlements, now)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

/// Returns every row of a query as one text.
pub(crate) async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
