//! Whether somebody else has just read the same present.

use crate::{Error, Store, pulls::PullId, series::SeriesId};

impl Store {
    /// Whether the newest write of each of the series is younger than the start of a live pull, and by
    /// another live pull of its dataset. An answer that changed nothing leaves no write: then nobody
    /// is known to have read it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_just_read(&self, pull: PullId, series: &[SeriesId]) -> Result<bool, Error> {
        let ids: Vec<i32> = series.iter().map(|series| series.0).collect();
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT count(*) = cardinality($2::int4[]) AND count(*) > 0
                 FROM unnest($2::int4[]) AS asked(series_id)
                 JOIN series_stats s USING (series_id)
                 JOIN writes w ON w.write_id = s.last_write
                 JOIN pulls other ON other.pull_id = w.pull_id
                 JOIN pulls own ON own.pull_id = $1
                 WHERE other.pull_id <> own.pull_id AND w.seen_at > own.started_at
                   AND (other.source, other.dataset, other.kind)
                     = (own.source, own.dataset, own.kind)",
                &[&pull.0, &ids],
            )
            .await?;
        Ok(row.get(0))
    }
}
