//! How much there is, by source and metric, and what was pulled last.

use model::Ts;

use crate::{
    Error, Store,
    pulls::{PULL_COLUMNS, PullRow},
    ranges::PgTs,
};

/// What a source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The vendor.
    pub source: String,
    /// Series with points.
    pub series: i64,
    /// Points.
    pub points: i64,
    /// Different assets.
    pub assets: i64,
    /// Different stored metrics.
    pub metrics: i64,
    /// The oldest bucket.
    pub first_ts: Ts,
    /// The newest bucket.
    pub last_ts: Ts,
}

/// What a source has of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricCountRow {
    /// The vendor.
    pub source: String,
    /// The stored metric name.
    pub metric: String,
    /// The width of a bucket.
    pub step: String,
    /// Series with points.
    pub series: i64,
    /// Points.
    pub points: i64,
    /// The oldest bucket.
    pub first_ts: Ts,
    /// The newest bucket.
    pub last_ts: Ts,
}

/// Returns what each source has; a source without any point is not among them.
///
/// # Errors
/// Those of the database.
pub async fn sources(store: &Store) -> Result<Vec<SourceRow>, Error> {
    let client = store.client().await?;
    // Counted twice over, metrics with the sums and assets in the order of their index: a DISTINCT
    // inside of an aggregate sorts all series.
    let rows = client
        .query(
            "WITH by_metric AS (
                 SELECT source, sum(series)::int8 AS series, sum(points)::int8 AS points,
                        count(*) AS metrics, min(first_ts) AS first_ts, max(last_ts) AS last_ts
                 FROM (SELECT source, count(*) AS series, sum(points) AS points,
                              min(first_ts) AS first_ts, max(last_ts) AS last_ts
                       FROM series_stats GROUP BY source, metric) AS m
                 GROUP BY source
             ), by_asset AS (
                 SELECT source, count(*) AS assets
                 FROM (SELECT source FROM series_stats GROUP BY asset, source) AS a
                 GROUP BY source
             )
             SELECT source, series, points, assets, metrics, first_ts, last_ts
             FROM by_metric JOIN by_asset USING (source) ORDER BY source",
            &[],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| SourceRow {
            source: row.get(0),
            series: row.get(1),
            points: row.get(2),
            assets: row.get(3),
            metrics: row.get(4),
            first_ts: row.get::<_, PgTs>(5).0,
            last_ts: row.get::<_, PgTs>(6).0,
        })
        .collect())
}

/// Returns what there is by source, metric and step, of one source or all, of one asset or all.
///
/// # Errors
/// Those of the database.
pub async fn metric_counts(
    store: &Store,
    source: Option<&str>,
    asset: Option<&str>,
) -> Result<Vec<MetricCountRow>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "SELECT source, metric, step, count(*), sum(points)::int8, min(first_ts), max(last_ts)
             FROM series_stats
             WHERE ($1::text IS NULL OR source = $1) AND ($2::text IS NULL OR asset = $2)
             GROUP BY source, metric, step ORDER BY source, metric, step",
            &[&source, &asset],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| MetricCountRow {
            source: row.get(0),
            metric: row.get(1),
            step: row.get(2),
            series: row.get(3),
            points: row.get(4),
            first_ts: row.get::<_, PgTs>(5).0,
            last_ts: row.get::<_, PgTs>(6).0,
        })
        .collect())
}

/// Returns the newest pull of each source, by source.
///
/// # Errors
/// Those of the database.
pub async fn last_pulls(store: &Store) -> Result<Vec<PullRow>, Error> {
    // Steps over the index from source to source: it grows with every tick, sources do not.
    let sql = format!(
        "WITH RECURSIVE names AS (
             (SELECT source FROM pulls ORDER BY source LIMIT 1)
             UNION ALL
             SELECT (SELECT p.source FROM pulls p WHERE p.source > n.source
                     ORDER BY p.source LIMIT 1)
             FROM names n WHERE n.source IS NOT NULL
         )
         SELECT p.* FROM names n
         CROSS JOIN LATERAL (SELECT {PULL_COLUMNS} FROM pulls l WHERE l.source = n.source
                             ORDER BY l.started_at DESC LIMIT 1) AS p
         ORDER BY p.source"
    );
    let client = store.client().await?;
    let rows = client.query(&sql, &[]).await?;
    Ok(rows.iter().map(PullRow::read).collect())
}
