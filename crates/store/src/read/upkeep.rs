//! What a desk looks at: how fresh what is stored is, what waits to be read again. From small tables
//! and `series_stats`, never from the points.

use model::{Step, Ts};

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
    /// Returns the end of the newest bucket that has closed: where the newest one is open, the start of
    /// that.
    pub fn closed_until(&self, now: Ts) -> Ts {
        let end = self.step.next(self.newest_ts);
        if end > now { self.newest_ts } else { end }
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
