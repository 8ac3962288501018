//! Ranges that are to be read again: in which an answer differed from what is stored without being
//! taken, and which a pass could not read.
//!
//! The writer queues the former, the collector the latter; whoever has read one again takes it out.

use model::{SourceId, TimeRange, Ts};

use crate::{
    Error, Store,
    pulls::PullId,
    ranges::{PgRange, PgTs},
    series::SeriesId,
};

/// A range that lies in one that is queued already makes that one as young as itself: whoever asked
/// before has not read what it is queued for. The rows are locked before they are judged, so that one
/// which somebody takes out meanwhile counts for nothing.
pub(crate) const QUEUE: &str = "\
    WITH asked AS (\
        SELECT DISTINCT u.series_id, u.during \
        FROM unnest($1::int4[], $2::tstzrange[]) AS u (series_id, during)\
    ), older AS (\
        SELECT q.series_id, q.during FROM reread_queue q \
        WHERE q.queued_at < $3 \
          AND EXISTS (SELECT FROM asked u \
                      WHERE u.series_id = q.series_id AND q.during @> u.during) \
        ORDER BY q.series_id, q.during FOR UPDATE\
    ), renewed AS (\
        UPDATE reread_queue q SET queued_at = $3 FROM older \
        WHERE q.series_id = older.series_id AND q.during = older.during \
        RETURNING q.series_id, q.during\
    ) \
    INSERT INTO reread_queue (series_id, during, queued_at) \
    SELECT u.series_id, u.during, $3 FROM asked u \
    WHERE NOT EXISTS (SELECT FROM renewed q \
                      WHERE q.series_id = u.series_id AND q.during @> u.during) \
      AND NOT EXISTS (SELECT FROM reread_queue q \
                      WHERE q.series_id = u.series_id AND q.during @> u.during \
                        AND q.queued_at >= $3) \
    ON CONFLICT (series_id, during) DO UPDATE \
    SET queued_at = greatest(reread_queue.queued_at, excluded.queued_at)";

/// What is left of a range that was read in part stays, as old as it is.
const DROP: &str = "
WITH done AS (
    SELECT series_id, range_agg(during) AS during
    FROM unnest($1::int4[], $2::tstzrange[]) AS u (series_id, during) GROUP BY series_id
), taken AS (
    DELETE FROM reread_queue q USING done
    WHERE q.series_id = done.series_id AND q.during && done.during AND q.queued_at <= $3
    RETURNING q.series_id, tstzmultirange(q.during) - done.during AS left_over, q.queued_at
)
INSERT INTO reread_queue (series_id, during, queued_at)
SELECT series_id, unnest(left_over), queued_at FROM taken
ON CONFLICT DO NOTHING";

impl Store {
    /// Returns what is queued of `series` since `until` or longer, oldest entry first, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queued_rereads(
        &self,
        series: &[SeriesId],
        until: Ts,
        limit: i64,
    ) -> Result<Vec<(SeriesId, TimeRange)>, Error> {
        let ids: Vec<i32> = series.iter().map(|series| series.0).collect();
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT q.series_id, q.during
                 FROM reread_queue q JOIN unnest($1::int4[]) AS s (series_id) USING (series_id)
                 WHERE q.queued_at <= $2
                 ORDER BY q.queued_at, q.series_id, q.during
                 LIMIT $3",
                &[&ids, &PgTs(until), &limit],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| (SeriesId(row.get(0)), row.get::<_, PgRange>(1).0))
            .collect())
    }

    /// Queues ranges that are to be read again, as if they had been queued `at` this time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queue_rereads(
        &self,
        ranges: &[(SeriesId, TimeRange)],
        at: Ts,
    ) -> Result<(), Error> {
        let (ids, ranges) = columns(ranges);
        let client = self.client().await?;
        client.execute(QUEUE, &[&ids, &ranges, &PgTs(at)]).await?;
        Ok(())
    }

    /// Queues what a re-read did not read, as if it had been queued `at` this time. The pull need not
    /// be repeated then, also where there was nothing that was not queued already.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn queue_unread(
        &self,
        pull: PullId,
        unread: &[(SeriesId, TimeRange)],
        at: Ts,
    ) -> Result<(), Error> {
        let (ids, ranges) = columns(unread);
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        tx.execute(QUEUE, &[&ids, &ranges, &PgTs(at)]).await?;
        let note = "UPDATE pulls SET left_queued = true WHERE pull_id = $1";
        tx.execute(note, &[&pull.0]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes out of the queue what was read again by requests that left after `since`. What was queued
    /// later stays: it may be for an answer that is newer than theirs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_rereads(
        &self,
        done: &[(SeriesId, TimeRange)],
        since: Ts,
    ) -> Result<(), Error> {
        let (ids, ranges) = columns(done);
        let client = self.client().await?;
        client.execute(DROP, &[&ids, &ranges, &PgTs(since)]).await?;
        Ok(())
    }

    /// Takes out of the queue what is queued of series that are active no more: nobody reads them
    /// again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_idle_rereads(&self, source: SourceId, now: Ts) -> Result<(), Error> {
        let client = self.client().await?;
        client
            .execute(
                "DELETE FROM reread_queue q USING series s
                 WHERE s.series_id = q.series_id AND s.source = $1 AND NOT s.active @> $2::timestamptz",
                &[&source.as_str(), &PgTs(now)],
            )
            .await?;
        Ok(())
    }
}

fn columns(ranges: &[(SeriesId, TimeRange)]) -> (Vec<i32>, Vec<PgRange>) {
    (ranges.iter())
        .map(|(series, range)| (series.0, PgRange(*range)))
        .unzip()
}
