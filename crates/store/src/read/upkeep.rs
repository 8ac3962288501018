//! What a desk looks at: how fresh what is stored is, what waits to be read again, what was spent
//! lately by whom. From small tables and `series_stats`, never from the points.

use model::{SourceId, Step, Ts};

use crate::{Error, Store, ranges::PgTs, series::PgStep};

/// How fresh the series of one step of a source are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshnessRow {
    /// The vendor.
    pub source: String,
    /// The width of a bucket.
    pub step: Step,
    /// Series with points.
    pub series: i64,
    /// Start of the newest bucket of any of them.
    pub newest_ts: Ts,
}

impl FreshnessRow {
    /// Returns how long ago the newest bucket closed, in seconds; zero where it is still open.
    pub fn stale_secs(&self, now: Ts) -> i64 {
        let closed = self.step.next(self.newest_ts);
        (now.secs() - closed.secs()).max(0)
    }
}

/// What of a source waits to be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RereadsRow {
    /// The vendor.
    pub source: String,
    /// Ranges of series.
    pub ranges: i64,
    /// Since when the oldest of them waits.
    pub oldest: Ts,
}

/// What pulls of one kind of run cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentRow {
    /// What their run ids begin with: `tick`, `gaps`, `reread`, `pull`, `backfill`, …
    pub run: String,
    /// Units of the vendor's quota, retries included.
    pub credits: i64,
}

/// Returns how fresh the series of each source and step are.
///
/// # Errors
/// Those of the database.
pub async fn freshness(store: &Store) -> Result<Vec<FreshnessRow>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "SELECT source, step, count(*), max(last_ts) FROM series_stats
             GROUP BY source, step ORDER BY source, step",
            &[],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| FreshnessRow {
            source: row.get(0),
            step: row.get::<_, PgStep>(1).0,
            series: row.get(2),
            newest_ts: row.get::<_, PgTs>(3).0,
        })
        .collect())
}

/// Returns what waits to be read again, by source; a source of which nothing does is not among them.
///
/// # Errors
/// Those of the database.
pub async fn rereads_waiting(store: &Store) -> Result<Vec<RereadsRow>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "SELECT s.source, count(*), min(q.queued_at)
             FROM reread_queue q JOIN series s USING (series_id)
             GROUP BY s.source ORDER BY s.source",
            &[],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| RereadsRow {
            source: row.get(0),
            ranges: row.get(1),
            oldest: row.get::<_, PgTs>(2).0,
        })
        .collect())
}

/// Returns what the pulls of a source that began after `since` cost, by what their run ids begin with.
///
/// # Errors
/// Those of the database.
pub async fn spent_since(
    store: &Store,
    source: SourceId,
    since: Ts,
) -> Result<Vec<SpentRow>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "SELECT split_part(run_id, '-', 1), sum(credits)::int8
             FROM pulls WHERE source = $1 AND started_at > $2
             GROUP BY 1 ORDER BY 1",
            &[&source.as_str(), &PgTs(since)],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| SpentRow {
            run: row.get(0),
            credits: row.get(1),
        })
        .collect())
}

/// Returns when the first pull of a source began.
///
/// # Errors
/// Those of the database.
pub async fn first_pull_at(store: &Store, source: SourceId) -> Result<Option<Ts>, Error> {
    let client = store.client().await?;
    let row = client
        .query_one(
            "SELECT min(started_at) FROM pulls WHERE source = $1",
            &[&source.as_str()],
        )
        .await?;
    Ok(row.get::<_, Option<PgTs>>(0).map(|at| at.0))
}
