//! What is open and what has no value, each with its reason: for people who ask why.

use model::{MissingReason, TimeRange, Ts};

use super::gaps::by_series;
use crate::{
    Error, Store,
    ranges::{PgRange, PgTs},
    series::SeriesId,
};

/// A part of what is wanted of a series that has no value, or may have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValuelessRow {
    /// The series.
    pub series: SeriesId,
    /// Which buckets.
    pub range: TimeRange,
    /// Why, where anybody has asked for them.
    pub reason: Option<MissingReason>,
    /// When it is asked again; none where nobody has asked, or where the verdict is final (and settled).
    pub recheck_at: Option<Ts>,
    /// How often it was asked in vain.
    pub tries: i16,
}

/// `$1` ids, `$2` wanted, `$3` whether closed time is told as well. What is on record is told as it
/// stands there; what is neither settled nor on record was never asked for.
const VALUELESS: &str = "
WITH w AS MATERIALIZED (
    SELECT * FROM unnest($1::int4[], $2::tstzmultirange[]) AS w(series_id, spans)
), slots AS MATERIALIZED (
    SELECT w.series_id, w.spans, m.during, m.reason, m.recheck_at, m.tries
    FROM w JOIN slots_missing m USING (series_id)
)
SELECT w.series_id, part, NULL::text, NULL::timestamptz, 0::int2
FROM w
LEFT JOIN coverage c USING (series_id)
LEFT JOIN (SELECT series_id, range_agg(during) AS spans FROM slots GROUP BY series_id) AS s
    USING (series_id)
CROSS JOIN LATERAL unnest(w.spans - coalesce(c.settled, '{}') - coalesce(s.spans, '{}')) AS part
UNION ALL
SELECT series_id, part, reason, recheck_at, tries
FROM slots CROSS JOIN LATERAL unnest(spans * tstzmultirange(during)) AS part
WHERE reason <> 'closed' OR $3";

impl Store {
    /// Returns the parts of `wanted` that have no value or were never asked for, in no order. One
    /// statement, whatever the number of series.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn valueless(
        &self,
        wanted: &[(SeriesId, TimeRange)],
        with_closed: bool,
    ) -> Result<Vec<ValuelessRow>, Error> {
        let (ids, spans) = by_series(wanted);
        let client = self.client().await?;
        let rows = client
            .query(VALUELESS, &[&ids, &spans, &with_closed])
            .await?;
        Ok((rows.iter())
            .map(|row| ValuelessRow {
                series: SeriesId(row.get(0)),
                range: row.get::<_, PgRange>(1).0,
                reason: row.get::<_, Option<&str>>(2).and_then(MissingReason::named),
                recheck_at: row.get::<_, Option<PgTs>>(3).map(|at| at.0),
                tries: row.get(4),
            })
            .collect())
    }
}
