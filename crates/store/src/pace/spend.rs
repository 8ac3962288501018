//! Whether a quota still has the units that a request costs: asked before it waits for its slot, and
//! counted before it leaves.

use deadpool_postgres::GenericClient;
use model::{SourceId, Ts};

use super::QuotaWindow;
use crate::{Error, Store, locks, ranges::PgTs};

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

/// The windows that hold `$6`, by their place in the arrays: what is left under the cap for the row of the
/// current span, and when the window turns: for one of several rows, when enough of the oldest have left
/// it. A row up to one span ahead is that of a faster clock.
const WINDOWS: &str = "
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
)";

/// Rows are locked in one order, so that two processes never wait for each other. Says for each window
/// whether it had room.
const SPEND: &str = "
, counted AS (
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

/// The same and only reads.
const LOOK: &str = "
SELECT w.place, w.turns, $7 + coalesce(q.used, 0) <= w.cap
FROM windows w LEFT JOIN quota_ledger q
  ON q.source = $1 AND q.host = $2 AND q.unit = w.unit AND q.span = w.span
 AND q.window_start = w.start
ORDER BY w.turns";

/// What one statement over the windows of a quota is asked with.
struct Asked<'w> {
    source: SourceId,
    host: &'w str,
    windows: &'w [QuotaWindow],
    cost: i64,
    now: Ts,
}

impl Asked<'_> {
    /// Reads the windows and does with them what the rest of the statement says.
    async fn of(&self, rest: &str, client: &impl GenericClient) -> Result<Spend, Error> {
        let windows = self.windows;
        let Some(first) = windows.first() else {
            return Ok(Spend::Ok);
        };
        let units: Vec<&str> = windows.iter().map(|window| window.unit).collect();
        let spans: Vec<&str> = windows.iter().map(|window| window.span).collect();
        let before: Vec<i32> = windows.iter().map(|window| window.before).collect();
        let caps: Vec<i64> = (windows.iter())
            .map(|window| window.limit.saturating_sub(window.reserve))
            .collect();
        let statement = client.prepare_cached(&format!("{WINDOWS}{rest}")).await?;
        let rows = client
            .query(
                &statement,
                &[
                    &self.source.as_str(),
                    &self.host,
                    &units,
                    &spans,
                    &caps,
                    &PgTs(self.now),
                    &self.cost,
                    &before,
                ],
            )
            .await?;
        let spent = (rows.iter().rev())
            .find(|row| !row.get::<_, bool>(2))
            .map(|row| (row.get::<_, i64>(0), row.get::<_, PgTs>(1).0));
        let Some((place, until)) = spent else {
            return Ok(Spend::Ok);
        };
        let place = usize::try_from(place - 1).ok();
        Ok(Spend::Exhausted {
            window: *place.and_then(|at| windows.get(at)).unwrap_or(first),
            until,
        })
    }
}

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
        let asked = Asked {
            source,
            host,
            windows,
            cost,
            now,
        };
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        // The row of this hour is locked by the statement below, those before it are only read.
        if windows.iter().any(|window| window.before > 0) {
            let lock = "SELECT pg_advisory_xact_lock($1, hashtext($2 || '/' || $3))";
            transaction
                .execute(lock, &[&locks::QUOTA, &source.as_str(), &host])
                .await?;
        }
        let said = asked.of(SPEND, &transaction).await?;
        match said {
            Spend::Ok => transaction.commit().await?,
            Spend::Exhausted { .. } => transaction.rollback().await?,
        }
        Ok(said)
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
        let asked = Asked {
            source,
            host,
            windows,
            cost,
            now,
        };
        let client = self.client().await?;
        asked.of(LOOK, &client).await
    }
}
