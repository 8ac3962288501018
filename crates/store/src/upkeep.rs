//! Upkeep of the points: makes reading them cheap again after much was written. Changes no row, and
//! readers and writers go on meanwhile.

use crate::{Error, Store, connect::OwnConnection};

/// What is left of a rebuilding that was broken off: an index beside the one that counts.
const LEFTOVERS: &str = "SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indrelid = 'metrics'::regclass AND NOT i.indisvalid AND c.relname LIKE 'metrics\\_pkey\\_cc%'";

/// What the index of the points took before and after it was rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Before.
    pub before_bytes: i64,
    /// After.
    pub after_bytes: i64,
}

impl Store {
    /// Notes which pages everybody may see, so that points are read from the index alone. Autovacuum
    /// comes to it too, a minute or two later. A user who does not own the table changes nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn vacuum_points(&self) -> Result<(), Error> {
        let connection = self.own_connection().await?;
        let done = connection.batch_execute("VACUUM metrics").await;
        connection.close().await;
        Ok(done?)
    }

    /// Builds the index of the points anew beside the old one, which it then replaces. Answers that
    /// come newest first split its pages in their middle: it takes half as much again as it must
    /// (docs/adr/0002-tables-of-points.md). Needs room for a second index, and waits for transactions
    /// that are open.
    ///
    /// # Errors
    /// Those of the database. What is left of a broken attempt is removed by the next.
    pub async fn rebuild_points_index(&self) -> Result<Rebuilt, Error> {
        let connection = self.own_connection().await?;
        let done = rebuild(&connection).await;
        connection.close().await;
        done
    }
}

async fn rebuild(connection: &OwnConnection) -> Result<Rebuilt, Error> {
    // An operator waits here, and whoever set a limit did not think of this.
    connection
        .batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")
        .await?;
    for row in connection.query(LEFTOVERS, &[]).await? {
        let index: &str = row.try_get(0)?;
        let drop = format!("DROP INDEX CONCURRENTLY {index}");
        connection.batch_execute(&drop).await?;
    }
    let before_bytes = size(connection).await?;
    connection
        .batch_execute("REINDEX INDEX CONCURRENTLY metrics_pkey")
        .await?;
    Ok(Rebuilt {
        before_bytes,
        after_bytes: size(connection).await?,
    })
}

async fn size(connection: &OwnConnection) -> Result<i64, Error> {
    let size = "SELECT pg_relation_size('metrics_pkey')";
    Ok(connection.query_one(size, &[]).await?.try_get(0)?)
}
