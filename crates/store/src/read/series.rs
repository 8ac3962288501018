//! Which series there are, and their newest values.

use model::Ts;
use postgres_types::ToSql;
use tokio_postgres::Row;

use crate::{Error, Store, ranges::PgTs, series::SeriesId};

/// Which series; an empty list is any. Names as stored, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesFilter {
    /// Vendors.
    pub sources: Vec<String>,
    /// Vendors' ids.
    pub assets: Vec<String>,
    /// Stored metric names.
    pub metrics: Vec<String>,
    /// Where it trades; the empty text is a vendor that aggregates.
    pub venues: Vec<String>,
    /// Currencies that money is counted in.
    pub quotes: Vec<String>,
    /// Widths of a bucket.
    pub steps: Vec<String>,
}

/// A series with what is known of its points without reading them.
#[derive(Clone, Debug, PartialEq)]
pub struct StatRow {
    /// The series.
    pub series: SeriesId,
    /// The vendor.
    pub source: String,
    /// The vendor's id.
    pub asset: String,
    /// The product of a venue; empty where there is none.
    pub instrument: String,
    /// Where it trades; empty where the vendor aggregates.
    pub venue: String,
    /// The currency that money is counted in; empty where there is none.
    pub quote: String,
    /// The stored metric name.
    pub metric: String,
    /// The width of a bucket.
    pub step: String,
    /// Seconds that were added to the vendor's label to get `ts`.
    pub label_shift_secs: i64,
    /// Number of points.
    pub points: i64,
    /// The oldest bucket; none where there is no point.
    pub first_ts: Option<Ts>,
    /// The newest bucket; none where there is no point.
    pub last_ts: Option<Ts>,
    /// The value of the newest bucket, as sent; none where there is no point.
    pub last_value: Option<f64>,
    /// The newest batch that touched it; none where there is no point.
    pub last_write: Option<i32>,
}

/// What `series` and `series_stats` both have.
pub(super) const NAMES: &str =
    "series_id, source, asset, instrument, venue, quote, metric, step, label_shift";
pub(super) const ENDS: &str = "first_ts, last_ts, last_value, last_write";

/// Returns the series of `filter`, those without points too, by all their names.
///
/// # Errors
/// Those of the database.
pub async fn find_series(store: &Store, filter: &SeriesFilter) -> Result<Vec<StatRow>, Error> {
    let mut asked = Statement::default();
    asked.keep(filter);
    let sql = format!(
        "SELECT s.*, coalesce(t.points, 0), {ENDS}
         FROM (SELECT {NAMES} FROM series {}) s
         LEFT JOIN (SELECT series_id, points, {ENDS} FROM series_stats) t USING (series_id)
         ORDER BY source, asset, instrument, venue, quote, metric, step",
        asked.conditions()
    );
    let client = store.client().await?;
    // Prepared each time: how the tables are joined depends on how many names there are.
    let rows = client.query(&sql, &asked.parameters).await?;
    Ok(rows.iter().map(read).collect())
}

/// Returns the newest value of each series of `filter` that has one, newest first, at most `limit`.
///
/// # Errors
/// Those of the database.
pub async fn latest(
    store: &Store,
    filter: &SeriesFilter,
    limit: i64,
) -> Result<Vec<StatRow>, Error> {
    let (sql, parameters) = latest_statement(filter, &limit);
    let client = store.client().await?;
    // One statement for each set of columns that is asked about, and one plan whatever is named.
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &parameters).await?;
    Ok(rows.iter().map(read).collect())
}

pub(super) type Parameters<'a> = Vec<&'a (dyn ToSql + Sync)>;

fn latest_statement<'a>(filter: &'a SeriesFilter, limit: &'a i64) -> (String, Parameters<'a>) {
    let mut asked = Statement::default();
    asked.keep(filter);
    asked.parameters.push(limit);
    let sql = format!(
        "SELECT {NAMES}, points, {ENDS} FROM series_stats {}
         ORDER BY last_ts DESC, series_id LIMIT ${}",
        asked.conditions(),
        asked.parameters.len()
    );
    (sql, asked.parameters)
}

/// The conditions of a statement: only what the caller asks stands in it, so that the planner sees
/// what the index is for.
#[derive(Default)]
pub(super) struct Statement<'a> {
    pub(super) parts: Vec<String>,
    pub(super) parameters: Parameters<'a>,
}

impl<'a> Statement<'a> {
    /// Keeps what `filter` takes.
    pub(super) fn keep(&mut self, filter: &'a SeriesFilter) {
        self.among("source", &filter.sources);
        self.among("asset", &filter.assets);
        self.among("metric", &filter.metrics);
        self.among("venue", &filter.venues);
        self.among("quote", &filter.quotes);
        self.among("step", &filter.steps);
    }

    fn among(&mut self, column: &str, names: &'a Vec<String>) {
        if names.is_empty() {
            return;
        }
        self.parameters.push(names);
        let place = self.parameters.len();
        self.parts.push(format!("{column} = ANY (${place})"));
    }

    pub(super) fn conditions(&self) -> String {
        if self.parts.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.parts.join(" AND "))
    }
}

pub(super) fn read(row: &Row) -> StatRow {
    let at = |column: usize| row.get::<_, Option<PgTs>>(column).map(|at| at.0);
    StatRow {
        series: SeriesId(row.get(0)),
        source: row.get(1),
        asset: row.get(2),
        instrument: row.get(3),
        venue: row.get(4),
        quote: row.get(5),
        metric: row.get(6),
        step: row.get(7),
        label_shift_secs: i64::from(row.get::<_, i32>(8)),
        points: row.get(9),
        first_ts: at(10),
        last_ts: at(11),
        last_value: row.get(12),
        last_write: row.get(13),
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    /// Pins the plan: one table by its index, whatever else there is.
    #[tokio::test]
    async fn latest_of_a_metric_reads_that_metric_only() {
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute(
                "INSERT INTO series (source, asset, metric, step, label_shift)
                 SELECT 'acme', 'asset-' || a, 'METRIC_' || m, '1h', 0
                 FROM generate_series(1, 400) AS a, generate_series(1, 50) AS m;
                 INSERT INTO series_stats
                 SELECT series_id, 1, 1, '2026-01-01', '2026-01-01', 1, label_shift, source,
                        metric, asset, instrument, venue, quote, step
                 FROM series;
                 ANALYZE series; ANALYZE series_stats",
            )
            .await
            .unwrap();
        let filter = SeriesFilter {
            metrics: vec!["METRIC_7".to_owned()],
            ..SeriesFilter::default()
        };
        let (sql, parameters) = latest_statement(&filter, &1_000);
        let rows = client
            .query(&format!("EXPLAIN {sql}"), &parameters)
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("series_stats_by_metric"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        assert!(!plan.contains("Join"), "{plan}");
        assert!(!plan.contains("Nested Loop"), "{plan}");
    }
}
