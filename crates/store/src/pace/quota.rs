//! Units of a vendor's quota, counted before each request leaves.
//!
//! A calendar window is one row of the ledger. "Any 24 hours" is the sum of the rows of 25 hours, the
//! current one included, and for a few minutes after the full hour of 26: a request is counted before
//! it leaves, and by the clock of its own machine. So a unit may come back an hour late, never early.

use std::fmt;

use model::{SourceId, Step, Ts};

use crate::{Error, Store, ranges::PgTs};

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

/// How much later than its clock says a unit of several rows is taken for gone: `late` in the statement
/// of [`Store::spend`].
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

/// What a vendor itself counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorCount {
    /// Units used.
    pub used: i64,
    /// When the vendor was asked.
    pub seen_at: Ts,
}

impl Store {
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
                   AND window_start <= date_trunc($4, $5, 'UTC') + least($6::int4, 1) * ('1 ' || $4)::interval
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
