//! Units of a vendor's quota, counted before each request leaves.

use model::{SourceId, Ts};

use crate::{Error, Store, ranges::PgTs};

/// A limit that a vendor counts per calendar window, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaWindow {
    /// `requests` or `credits`.
    pub unit: &'static str,
    /// `hour`, `day` or `month`.
    pub span: &'static str,
    /// What the vendor gives.
    pub limit: i64,
    /// What this caller leaves to others.
    pub reserve: i64,
}

/// Whether the units were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// Counted in every window.
    Ok,
    /// Counted in none.
    Exhausted {
        /// The window that is spent; of several the one that turns last.
        span: &'static str,
        /// When it turns.
        until: Ts,
    },
}

/// What was used in the newest window of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRow {
    /// The host of the vendor.
    pub host: String,
    /// `requests` or `credits`.
    pub unit: String,
    /// `hour`, `day` or `month`.
    pub span: String,
    /// Start of the window.
    pub window_start: Ts,
    /// Units used.
    pub used: i64,
}

/// Rows are locked in one order, so that two processes never wait for each other. Says for each
/// window, by its place in the arrays, whether it had room, and when it turns.
const SPEND: &str = "
WITH windows AS (
    SELECT place, unit, span, cap,
           date_trunc(span, $6::timestamptz, 'UTC') AS start,
           (date_trunc(span, $6 AT TIME ZONE 'UTC') + ('1 ' || span)::interval) AT TIME ZONE 'UTC' AS turns
    FROM unnest($3::text[], $4::text[], $5::int8[]) WITH ORDINALITY AS w(unit, span, cap, place)
), counted AS (
    INSERT INTO quota_ledger AS q (source, host, unit, span, window_start, used)
    SELECT $1, $2, unit, span, start, $7 FROM windows WHERE $7 <= cap ORDER BY unit, span
    ON CONFLICT (source, host, unit, span, window_start) DO UPDATE
    SET used = q.used + excluded.used
    WHERE q.used + excluded.used <=
          (SELECT cap FROM windows w WHERE w.unit = excluded.unit AND w.span = excluded.span)
    RETURNING unit, span
)
SELECT w.place, w.turns, c.unit IS NOT NULL
FROM windows w LEFT JOIN counted c USING (unit, span)
ORDER BY w.turns";

impl Store {
    /// Counts `cost` units in all windows that hold `now`, or in none.
    ///
    /// # Errors
    /// Those of the database; then nothing was counted.
    pub async fn spend(
        &self,
        source: SourceId,
        host: &str,
        windows: &[QuotaWindow],
        cost: i64,
        now: Ts,
    ) -> Result<Spend, Error> {
        if windows.is_empty() {
            return Ok(Spend::Ok);
        }
        let units: Vec<&str> = windows.iter().map(|window| window.unit).collect();
        let spans: Vec<&str> = windows.iter().map(|window| window.span).collect();
        let caps: Vec<i64> = (windows.iter())
            .map(|window| window.limit.saturating_sub(window.reserve))
            .collect();
        let mut client = self.client().await?;
        let statement = client.prepare_cached(SPEND).await?;
        let transaction = client.transaction().await?;
        let rows = transaction
            .query(
                &statement,
                &[
                    &source.as_str(),
                    &host,
                    &units,
                    &spans,
                    &caps,
                    &PgTs(now),
                    &cost,
                ],
            )
            .await?;
        let spent = (rows.iter().rev())
            .find(|row| !row.get::<_, bool>(2))
            .map(|row| (row.get::<_, i64>(0), row.get::<_, PgTs>(1).0));
        let Some((place, until)) = spent else {
            transaction.commit().await?;
            return Ok(Spend::Ok);
        };
        transaction.rollback().await?;
        let span = usize::try_from(place - 1)
            .ok()
            .and_then(|at| windows.get(at))
            .map_or("", |window| window.span);
        Ok(Spend::Exhausted { span, until })
    }

    /// Returns what a source has used in the newest window of each host, unit and span. Compare
    /// `window_start` with the time: the window may have turned since.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn quota_used(&self, source: SourceId) -> Result<Vec<QuotaRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT DISTINCT ON (host, unit, span) host, unit, span, window_start, used
                 FROM quota_ledger WHERE source = $1
                 ORDER BY host, unit, span, window_start DESC",
                &[&source.as_str()],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| QuotaRow {
                host: row.get(0),
                unit: row.get(1),
                span: row.get(2),
                window_start: row.get::<_, PgTs>(3).0,
                used: row.get(4),
            })
            .collect())
    }

    /// Takes over a vendor's own count of the window that holds `now`, where it is the greater.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn raise_quota(
        &self,
        source: SourceId,
        host: &str,
        unit: &str,
        span: &str,
        used: i64,
        now: Ts,
    ) -> Result<(), Error> {
        let client = self.client().await?;
        client
            .execute(
                "INSERT INTO quota_ledger AS q (source, host, unit, span, window_start, used)
                 VALUES ($1, $2, $3, $4, date_trunc($4, $5::timestamptz, 'UTC'), $6)
                 ON CONFLICT (source, host, unit, span, window_start) DO UPDATE
                 SET used = excluded.used WHERE q.used < excluded.used",
                &[&source.as_str(), &host, &unit, &span, &PgTs(now), &used],
            )
            .await?;
        Ok(())
    }
}
