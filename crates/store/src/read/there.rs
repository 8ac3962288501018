//! Which names have points at all: what the words of a question may mean here.

use super::series::{SeriesFilter, Statement};
use crate::{Error, Store};

/// A stored metric that has points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricThere {
    /// The vendor.
    pub source: String,
    /// The stored metric name.
    pub metric: String,
    /// The width of a bucket.
    pub step: String,
}

/// Returns those of `assets` that are some vendor's id of something that has points.
///
/// # Errors
/// Those of the database.
pub async fn assets_there(store: &Store, assets: &[String]) -> Result<Vec<String>, Error> {
    let client = store.client().await?;
    let statement = client
        .prepare_cached(
            "SELECT asset FROM unnest($1::text[]) AS a(asset)
             WHERE EXISTS (SELECT FROM series_stats t WHERE t.asset = a.asset)",
        )
        .await?;
    let rows = client.query(&statement, &[&assets]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns the metrics that the series of `filter` with points have, each once.
///
/// # Errors
/// Those of the database.
pub async fn metrics_there(
    store: &Store,
    filter: &SeriesFilter,
) -> Result<Vec<MetricThere>, Error> {
    let mut asked = Statement::default();
    asked.keep(filter);
    let sql = format!(
        "SELECT DISTINCT source, metric, step FROM series_stats {}",
        asked.conditions()
    );
    let client = store.client().await?;
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &asked.parameters).await?;
    Ok((rows.iter())
        .map(|row| MetricThere {
            source: row.get(0),
            metric: row.get(1),
            step: row.get(2),
        })
        .collect())
}
