//! What is still open, and why parts are missing.

use std::collections::BTreeMap;

use model::{Spans, TimeRange, Ts};

use crate::{
    Error, Store,
    ranges::{PgRange, PgSpans, PgTs},
    series::SeriesId,
};

/// Why a range of a series has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRow {
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
    /// Which buckets.
    pub range: TimeRange,
    /// Why, as in `slots_missing.reason`.
    pub reason: String,
    /// When it is asked again; none where the verdict is final.
    pub recheck_at: Option<Ts>,
    /// How often it was asked.
    pub tries: i16,
}

/// A range for which the vendor had nothing, and which is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingRow {
    /// The series.
    pub series: SeriesId,
    /// Which buckets.
    pub range: TimeRange,
    /// When it is asked again.
    pub recheck_at: Ts,
}

/// Whether what failed a moment ago waits for its next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits: nobody is watching. So do the buckets behind a silence at the end of a series.
    Wait,
    /// It does not: an operator asks. What the vendor answered with nothing waits all the same, but
    /// nothing behind it does.
    RetryFailed,
}

/// `$1` ids, `$2` wanted, `$3` now, `$4` whether to be patient.
///
/// A series that went silent gets a new bucket every hour, and asking for that one alone would ask
/// every hour for ever. So a silence at the end of what is known of a series holds until it is asked
/// again; inside it stands for itself. One that ended long ago was an answer about the past.
///
/// Joins, not `= ANY`: of 100,000 ids the planner would weigh each.
const OPEN: &str = "
SELECT series_id, open
FROM unnest($1::int4[], $2::tstzmultirange[]) AS w(series_id, spans)
LEFT JOIN coverage c USING (series_id)
LEFT JOIN (
    SELECT series_id, range_agg(during)
           + CASE WHEN max(recheck_at) FILTER (WHERE ends) > max(upper(during)) FILTER (WHERE ends)
                  THEN tstzmultirange(tstzrange(max(upper(during)) FILTER (WHERE ends),
                                                max(recheck_at) FILTER (WHERE ends)))
                  ELSE '{}' END AS spans
    FROM (SELECT m.series_id, m.during, m.recheck_at,
                 $4 AND upper(m.during) > $3::timestamptz - interval '32 days'
                 AND coalesce(upper(m.during) >= upper(k.settled), true) AS ends
          FROM slots_missing m
          JOIN unnest($1) AS i(series_id) USING (series_id)
          LEFT JOIN coverage k USING (series_id)
          WHERE m.recheck_at > $3 AND (m.reason <> 'failed' OR $4)) AS slots
    GROUP BY series_id) AS waiting USING (series_id)
CROSS JOIN LATERAL (SELECT w.spans - coalesce(c.settled, '{}')
                           - coalesce(waiting.spans, '{}') AS open) AS o
WHERE NOT isempty(open)
ORDER BY series_id";

/// As above; what failed is no word of the vendor.
const WAITING: &str = "
SELECT m.series_id, part, m.recheck_at
FROM unnest($1::int4[], $2::tstzmultirange[]) AS w(series_id, spans)
JOIN slots_missing m USING (series_id)
CROSS JOIN LATERAL unnest(w.spans * tstzmultirange(m.during)) AS part
WHERE m.recheck_at > $3 AND m.reason <> 'failed'
ORDER BY m.series_id, part";

impl Store {
    /// Returns what of `wanted` is neither settled nor waiting for its next try, for each series
    /// with something open, by series id. One statement, whatever the number of series.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_gaps(
        &self,
        wanted: &[(SeriesId, TimeRange)],
        now: Ts,
        patience: Patience,
    ) -> Result<Vec<(SeriesId, Spans)>, Error> {
        let (ids, spans) = by_series(wanted);
        let client = self.client().await?;
        let rows = client
            .query(
                OPEN,
                &[&ids, &spans, &PgTs(now), &(patience == Patience::Wait)],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| (SeriesId(row.get(0)), row.get::<_, PgSpans>(1).0))
            .collect())
    }

    /// Returns what of `wanted` the vendor had nothing for and is not due yet, by series, then time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn waiting(
        &self,
        wanted: &[(SeriesId, TimeRange)],
        now: Ts,
    ) -> Result<Vec<WaitingRow>, Error> {
        let (ids, spans) = by_series(wanted);
        let client = self.client().await?;
        let rows = client.query(WAITING, &[&ids, &spans, &PgTs(now)]).await?;
        Ok((rows.iter())
            .map(|row| WaitingRow {
                series: SeriesId(row.get(0)),
                range: row.get::<_, PgRange>(1).0,
                recheck_at: row.get::<_, PgTs>(2).0,
            })
            .collect())
    }

    /// Returns why parts of a source's series have no value, newest first, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn missing(&self, source: &str, limit: i64) -> Result<Vec<MissingRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT m.series_id, s.source, s.asset, s.instrument, s.venue, s.quote, s.metric,
                        s.step, m.during, m.reason, m.recheck_at, m.tries
                 FROM slots_missing m JOIN series s USING (series_id)
                 WHERE s.source = $1
                 ORDER BY upper(m.during) DESC, m.series_id
                 LIMIT $2",
                &[&source, &limit],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| MissingRow {
                series: SeriesId(row.get(0)),
                source: row.get(1),
                asset: row.get(2),
                instrument: row.get(3),
                venue: row.get(4),
                quote: row.get(5),
                metric: row.get(6),
                step: row.get(7),
                range: row.get::<_, PgRange>(8).0,
                reason: row.get(9),
                recheck_at: row.get::<_, Option<PgTs>>(10).map(|at| at.0),
                tries: row.get(11),
            })
            .collect())
    }
}

/// One set of time a series, as two arrays.
pub(super) fn by_series(wanted: &[(SeriesId, TimeRange)]) -> (Vec<i32>, Vec<PgSpans>) {
    let mut spans: BTreeMap<SeriesId, Spans> = BTreeMap::new();
    for (series, range) in wanted {
        spans.entry(*series).or_default().insert(*range);
    }
    (spans.into_iter())
        .map(|(series, spans)| (series.0, PgSpans(spans)))
        .unzip()
}
