//! Units of a vendor's quota, counted before each request leaves.
//!
//! A calendar window is one row of the ledger. "Any 24 hours" is the sum of the rows of 25 hours, the
//! current one included, and for a few minutes after the full hour of 26: a request is counted before
//! it leaves, and by the clock of its own machine. So a unit may come back an hour late, never early.

use std::fmt;

use model::{SourceId, Step, Ts};

use crate::{Error, Store, locks, ranges::PgTs};

/// A limit that a vendor counts per window of the calendar (UTC), or over the newest of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaWindow {
    /// `requests` or `credits`.
    pub unit: &'static str,
    /// `hour`, `day` or `month`.
    pub span: &'static str,
    /// How many spans before the current one count as well: 24 hours make any 24 hours.
    pub before: i32,
    /// What the vendor gives.
    pub limit: i64,
    /// What this caller leaves to others.
    pub reserve: i64,
}

/// How much later than its clock says a unit of several rows is taken for gone: `late` in [`SPEND`].
const LATE_SECS: i64 = 5 * 60;

impl QuotaWindow {
    /// Returns when a unit that was counted at `at` is counted no more.
    pub fn frees_at(&self, at: Ts) -> Ts {
        let step = match self.span {
            "hour" => Step::Hour,
            "day" => Step::Day,
            _ => Step::Month,
        };
        let row_ends = step.next(step.floor(at));
        match self.before {
            0 => row_ends,
            before => (0..before)
                .fold(row_ends, |start, _| step.next(start))
                .plus_secs(LATE_SECS),
        }
    }
}

impl fmt::Display for QuotaWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.before {
            0 => f.write_str(self.span),
            before => write!(f, "{before} {}s", self.span),
        }
    }
}

/// Whether the units were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// Counted in every window.
    Ok,
    /// Counted in none.
    Exhausted {
        /// The window that is spent; of several the one that turns last.
        window: QuotaWindow,
        /// When there is room again.
        until: Ts,
    },
}

/// What a vendor itself counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorCount {
    /// Units used.
    pub used: i64,
    /// When the vendor was asked.
    pub seen_at: Ts,
}

/// Rows are locked in one order, so that two processes never wait for each other. Says for each
/// window, by its place in the arrays, whether it had room, and when it turns: for one of several
/// rows, when enough of the oldest have left it. A row up to one span ahead is that of a faster clock.
const SPEND: &str = "
WITH spans AS (
    SELECT *, ('1 ' || span)::interval AS one, date_trunc(span, $6::timestamptz, 'UTC') AS start,
           CASE WHEN before > 0 THEN interval '5 minutes' ELSE interval '0' END AS late
    FROM unnest($3::text[], $4::text[], $5::int8[], $8::int4[])
         WITH ORDINALITY AS w(unit, span, cap, before, place)
), older AS (
    SELECT place, q.window_start, q.used,
           sum(q.used) OVER (PARTITION BY place ORDER BY q.window_start DESC) - q.used AS later
    FROM spans w JOIN quota_ledger q
      ON q.source = $1 AND q.host = $2 AND q.unit = w.unit AND q.span = w.span
     AND q.window_start >= date_trunc(w.span, $6 - w.before * w.one - w.late, 'UTC')
     AND q.window_start <= w.start + w.one
    WHERE before > 0
), windows AS (
    SELECT place, unit, span, start,
           cap - (SELECT coalesce(sum(used), 0)::int8 FROM older o
                  WHERE o.place = w.place AND window_start <> start) AS cap,
           (coalesce((SELECT min(window_start) FROM older o
                      WHERE o.place = w.place AND later + $7::int8 <= cap), start)
            AT TIME ZONE 'UTC' + (before + 1) * one + late) AT TIME ZONE 'UTC' AS turns
    FROM spans w
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
        self.try_spend((source, host), windows, cost, now, true)
            .await
    }

    /// Says what [`Self::spend`] would, and counts nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn could_spend(
        &self,
        source: SourceId,
        host: &str,
        windows: &[QuotaWindow],
        cost: i64,
        now: Ts,
    ) -> Result<Spend, Error> {
        self.try_spend((source, host), windows, cost, now, false)
            .await
    }

    async fn try_spend(
        &self,
        (source, host): (SourceId, &str),
        windows: &[QuotaWindow],
        cost: i64,
        now: Ts,
        counts: bool,
    ) -> Result<Spend, Error> {
        let Some(first) = windows.first() else {
            return Ok(Spend::Ok);
        };
        let units: Vec<&str> = windows.iter().map(|window| window.unit).collect();
        let spans: Vec<&str> = windows.iter().map(|window| window.span).collect();
        let before: Vec<i32> = windows.iter().map(|window| window.before).collect();
        let caps: Vec<i64> = (windows.iter())
            .map(|window| window.limit.saturating_sub(window.reserve))
            .collect();
        let mut client = self.client().await?;
        let statement = client.prepare_cached(SPEND).await?;
        let transaction = client.transaction().await?;
        // The row of this hour is locked by the statement below, those before it are only read.
        if before.iter().any(|spans| *spans > 0) {
            let lock = "SELECT pg_advisory_xact_lock($1, hashtext($2 || '/' || $3))";
            transaction
                .execute(lock, &[&locks::QUOTA, &source.as_str(), &host])
                .await?;
        }
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
                    &before,
                ],
            )
            .await?;
        let spent = (rows.iter().rev())
            .find(|row| !row.get::<_, bool>(2))
            .map(|row| (row.get::<_, i64>(0), row.get::<_, PgTs>(1).0));
        let Some((place, until)) = spent else {
            match counts {
                true => transaction.commit().await?,
                false => transaction.rollback().await?,
            }
            return Ok(Spend::Ok);
        };
        transaction.rollback().await?;
        let place = usize::try_from(place - 1).ok();
        Ok(Spend::Exhausted {
            window: *place.and_then(|at| windows.get(at)).unwrap_or(first),
            until,
        })
    }

    /// Returns what is used at `now` of a window.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn used_of(
        &self,
        source: SourceId,
        host: &str,
        window: &QuotaWindow,
        now: Ts,
    ) -> Result<i64, Error> {
        let rows = self.used_by_span(source, host, window, now).await?;
        Ok(rows.iter().map(|(_, used)| used).sum())
    }

    /// Returns the rows that count at `now` in a window, as their starts and the units used.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn used_by_span(
        &self,
        source: SourceId,
        host: &str,
        window: &QuotaWindow,
        now: Ts,
    ) -> Result<Vec<(Ts, i64)>, Error> {
        let late = match window.before {
            0 => 0,
            _ => LATE_SECS,
        };
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT window_start, used FROM quota_ledger
                 WHERE source = $1 AND host = $2 AND unit = $3 AND span = $4
                   AND window_start >= date_trunc($4, $5::timestamptz - $6::int4 * ('1 ' || $4)::interval
                                                      - make_interval(secs => $7::int8), 'UTC')
                   AND window_start <= date_trunc($4, $5, 'UTC') + ('1 ' || $4)::interval
                 ORDER BY window_start",
                &[
                    &source.as_str(),
                    &host,
                    &window.unit,
                    &window.span,
                    &PgTs(now),
                    &window.before,
                    &late,
                ],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| (row.get::<_, PgTs>(0).0, row.get(1)))
            .collect())
    }

    /// Returns what the vendor itself counted of the window that holds `now`, where it was asked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn vendor_count(
        &self,
        source: SourceId,
        host: &str,
        unit: &str,
        span: &str,
        now: Ts,
    ) -> Result<Option<VendorCount>, Error> {
        let client = self.client().await?;
        let row = client
            .query_opt(
                "SELECT vendor_used, vendor_seen_at FROM quota_ledger
                 WHERE source = $1 AND host = $2 AND unit = $3 AND span = $4
                   AND window_start = date_trunc($4, $5::timestamptz, 'UTC')
                   AND vendor_used IS NOT NULL AND vendor_seen_at IS NOT NULL",
                &[&source.as_str(), &host, &unit, &span, &PgTs(now)],
            )
            .await?;
        Ok(row.map(|row| VendorCount {
            used: row.get(0),
            seen_at: row.get::<_, PgTs>(1).0,
        }))
    }

    /// Keeps a vendor's own count of the window that holds `now`, and takes it over where it is the
    /// greater.
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
                "INSERT INTO quota_ledger AS q (source, host, unit, span, window_start, used,
                                                vendor_used, vendor_seen_at)
                 VALUES ($1, $2, $3, $4, date_trunc($4, $5::timestamptz, 'UTC'), $6, $6, $5)
                 ON CONFLICT (source, host, unit, span, window_start) DO UPDATE
                 SET used = greatest(q.used, excluded.used), vendor_used = excluded.vendor_used,
                     vendor_seen_at = excluded.vendor_seen_at",
                &[&source.as_str(), &host, &unit, &span, &PgTs(now), &used],
            )
            .await?;
        Ok(())
    }
}
