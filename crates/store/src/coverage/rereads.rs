//! Ranges in which an answer differed from what is stored without being taken.
//!
//! The writer queues them; whoever has read one again takes it out.

use model::{SourceId, TimeRange};

use crate::{Error, Store, ranges::PgRange, series::SeriesId};

impl Store {
    /// Returns what a source has queued, oldest entry first, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queued_rereads(
        &self,
        source: SourceId,
        limit: i64,
    ) -> Result<Vec<(SeriesId, TimeRange)>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT q.series_id, q.during
                 FROM reread_queue q JOIN series s USING (series_id)
                 WHERE s.source = $1
                 ORDER BY q.queued_at, q.series_id, q.during
                 LIMIT $2",
                &[&source.as_str(), &limit],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| (SeriesId(row.get(0)), row.get::<_, PgRange>(1).0))
            .collect())
    }

    /// Takes out of the queue what lies inside the ranges that were read again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_rereads(&self, done: &[(SeriesId, TimeRange)]) -> Result<(), Error> {
        let (ids, ranges): (Vec<i32>, Vec<PgRange>) = (done.iter())
            .map(|(series, range)| (series.0, PgRange(*range)))
            .unzip();
        let client = self.client().await?;
        client
            .execute(
                "DELETE FROM reread_queue q
                 USING unnest($1::int4[], $2::tstzrange[]) AS done(series_id, during)
                 WHERE q.series_id = done.series_id AND q.during <@ done.during",
                &[&ids, &ranges],
            )
            .await?;
        Ok(())
    }
}
