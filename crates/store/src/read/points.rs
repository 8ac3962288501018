//! The points of one series, and what is missing between them.

use model::{TimeRange, Ts};

use crate::{
    Error, Store,
    ranges::{PgRange, PgTs},
    series::SeriesId,
};

/// In which order points come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointRow {
    /// Start of the bucket.
    pub ts: Ts,
    /// The value as sent.
    pub value: f64,
}

/// A part of a range without values, as far as that is known without looking at points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapRow {
    /// Which buckets.
    pub range: TimeRange,
    /// Why, as in `slots_missing.reason`; none where nobody has asked yet.
    pub reason: Option<String>,
    /// When it is asked again; none where that is not planned.
    pub recheck_at: Option<Ts>,
}

// Only columns of the primary key and its INCLUDE, so that the heap is not touched.
const ASCENDING: &str = "SELECT ts, value FROM metrics
    WHERE series_id = $1 AND ts >= $2 AND ts < $3 ORDER BY series_id, ts LIMIT $4";
const DESCENDING: &str = "SELECT ts, value FROM metrics
    WHERE series_id = $1 AND ts >= $2 AND ts < $3 ORDER BY series_id DESC, ts DESC LIMIT $4";

/// Returns the points of a series inside `range`, at most `limit`. The next page is the same
/// question with the range cut at the last point.
///
/// # Errors
/// Those of the database.
pub async fn points(
    store: &Store,
    series: SeriesId,
    range: TimeRange,
    order: Order,
    limit: i64,
) -> Result<Vec<PointRow>, Error> {
    let sql = match order {
        Order::Ascending => ASCENDING,
        Order::Descending => DESCENDING,
    };
    let client = store.client().await?;
    let statement = client.prepare_cached(sql).await?;
    let rows = client
        .query(
            &statement,
            &[&series.0, &PgTs(range.start), &PgTs(range.end), &limit],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| PointRow {
            ts: row.get::<_, PgTs>(0).0,
            value: row.get(1),
        })
        .collect())
}

/// Returns the parts of `range` that have no value for a stored reason, and those that are not
/// settled, oldest first. Whether the latter are wanted is the caller's business.
///
/// # Errors
/// Those of the database.
pub async fn gaps_inside(
    store: &Store,
    series: SeriesId,
    range: TimeRange,
) -> Result<Vec<GapRow>, Error> {
    let client = store.client().await?;
    let statement = client
        .prepare_cached(
            "WITH known AS (
                 SELECT during * $2::tstzrange AS during, reason, recheck_at FROM slots_missing
                 WHERE series_id = $1 AND during && $2
             )
             SELECT during, reason, recheck_at FROM known
             UNION ALL
             SELECT unnest(tstzmultirange($2)
                           - coalesce((SELECT settled FROM coverage WHERE series_id = $1), '{}')
                           - coalesce((SELECT range_agg(during) FROM known), '{}')), NULL, NULL
             ORDER BY during",
        )
        .await?;
    let rows = client
        .query(&statement, &[&series.0, &PgRange(range)])
        .await?;
    Ok((rows.iter())
        .map(|row| GapRow {
            range: row.get::<_, PgRange>(0).0,
            reason: row.get(1),
            recheck_at: row.get::<_, Option<PgTs>>(2).map(|at| at.0),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    /// Pins the plan: the index alone, in its order, without sorting.
    #[tokio::test]
    async fn points_come_from_the_index_alone() {
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        // VACUUM marks no page that holds a commit which has not reached the disk.
        client
            .batch_execute(
                "SET synchronous_commit = on;
                 INSERT INTO metrics SELECT s, 1, t, 1
                 FROM generate_series(timestamptz '2026-01-01', '2026-01-31', '1 hour') AS t,
                      generate_series(1, 50) AS s",
            )
            .await
            .unwrap();
        client
            .batch_execute("VACUUM ANALYZE metrics")
            .await
            .unwrap();
        let start = Ts::parse("2026-01-05").unwrap();
        for sql in [ASCENDING, DESCENDING] {
            let rows = client
                .query(
                    &format!("EXPLAIN (ANALYZE, TIMING OFF) {sql}"),
                    &[&7, &PgTs(start), &PgTs(start.plus_days(20)), &720_i64],
                )
                .await
                .unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(plan.contains("using metrics_pkey"), "{plan}");
            assert!(plan.contains("Index Only Scan"), "{plan}");
            assert!(plan.contains("Heap Fetches: 0"), "{plan}");
            assert!(!plan.contains("Sort"), "{plan}");
        }
    }
}
