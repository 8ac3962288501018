//! One request at a time per vendor and host, over all processes.
//!
//! The generic cell rate algorithm with a burst of one: `pace.next_at` is the next free slot, and
//! whoever takes it moves it on by the interval. The database's clock is the only one, so processes
//! on several machines agree; no leases, so a crash loses one slot.

use std::time::Duration;

use model::{SourceId, Ts};

use crate::{Error, Store, ranges::PgTs};

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotTaken {
    /// The slot is taken: send after `wait`.
    Go {
        /// How long until the slot.
        wait: Duration,
    },
    /// The next free slot lies further ahead than the caller may reserve; nothing was taken.
    Full {
        /// When to try again.
        retry_in: Duration,
    },
    /// The vendor said that its quota is spent ([`Store::park`]); nothing was taken.
    Parked {
        /// Until when nobody asks.
        until: Ts,
    },
}

/// How far ahead of now a slot is believed, one interval aside: whatever is further was written by
/// a clock that went wrong, and would stop the source.
const HORIZON: Duration = Duration::from_secs(3_600);
/// Nobody asks again sooner than this.
const SHORTEST_RETRY: Duration = Duration::from_millis(1);

/// `$6` is the simulated time. The row is locked before `SET` and `WHERE` are computed, so both see
/// the newest slot and a time after the wait for the lock.
const TAKE: &str = "
WITH taken AS (
    INSERT INTO pace AS p (source, host, next_at)
    VALUES ($1, $2, coalesce($6, crossfeed_now()) + $3::int8 * interval '1 us')
    ON CONFLICT (source, host) DO UPDATE
    SET next_at = CASE
            WHEN p.next_at BETWEEN coalesce($6, crossfeed_now())
                 AND coalesce($6, crossfeed_now()) + ($5::int8 + $3) * interval '1 us'
            THEN p.next_at ELSE coalesce($6, crossfeed_now()) END + $3 * interval '1 us'
    WHERE (p.next_at <= coalesce($6, crossfeed_now()) + $4::int8 * interval '1 us'
           OR p.next_at > coalesce($6, crossfeed_now()) + ($5 + $3) * interval '1 us')
      AND (p.parked_until <= coalesce($6, crossfeed_now())) IS NOT FALSE
    RETURNING next_at - $3 * interval '1 us' - coalesce($6, crossfeed_now()) AS wait
)
SELECT true, extract(epoch FROM wait)::float8, NULL::timestamptz FROM taken
UNION ALL
SELECT false, extract(epoch FROM p.next_at - coalesce($6, crossfeed_now()))::float8,
       CASE WHEN p.parked_until > coalesce($6, crossfeed_now()) THEN p.parked_until END
FROM (VALUES (true)) AS one LEFT JOIN pace p ON p.source = $1 AND p.host = $2
WHERE NOT EXISTS (SELECT FROM taken)";

const HOLD: &str = "
INSERT INTO pace AS p (source, host, next_at)
VALUES ($1, $2, coalesce($4, crossfeed_now()) + $3::int8 * interval '1 us')
ON CONFLICT (source, host) DO UPDATE SET next_at = excluded.next_at
WHERE p.next_at < excluded.next_at OR p.next_at > excluded.next_at + interval '1 hour'";

impl Store {
    /// Takes the next slot of a host if it lies at most `ahead` from now: zero for gap and
    /// backfill, a window for live, so that the one never delays the other.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_slot(
        &self,
        source: SourceId,
        host: &str,
        interval: Duration,
        ahead: Duration,
    ) -> Result<SlotTaken, Error> {
        self.slot(source, host, interval, ahead, None).await
    }

    /// As [`Self::take_slot`], for processes whose clock is a simulated one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_slot_at(
        &self,
        source: SourceId,
        host: &str,
        interval: Duration,
        ahead: Duration,
        now: Ts,
    ) -> Result<SlotTaken, Error> {
        self.slot(source, host, interval, ahead, Some(now)).await
    }

    async fn slot(
        &self,
        source: SourceId,
        host: &str,
        interval: Duration,
        ahead: Duration,
        simulated_now: Option<Ts>,
    ) -> Result<SlotTaken, Error> {
        let client = self.client().await?;
        let statement = client.prepare_cached(TAKE).await?;
        let row = client
            .query_one(
                &statement,
                &[
                    &source.as_str(),
                    &host,
                    &micros_up(interval),
                    &micros_up(ahead),
                    &micros_up(HORIZON),
                    &simulated_now.map(PgTs),
                ],
            )
            .await?;
        let (taken, secs): (bool, Option<f64>) = (row.get(0), row.get(1));
        if taken {
            let wait = secs.map_or(Duration::ZERO, duration);
            return Ok(SlotTaken::Go { wait });
        }
        if let Some(until) = row.get::<_, Option<PgTs>>(2) {
            return Ok(SlotTaken::Parked { until: until.0 });
        }
        // No row: the first request of this host left in this very moment.
        let free_in = secs.map_or(interval, duration);
        Ok(SlotTaken::Full {
            retry_in: free_in.saturating_sub(ahead).max(SHORTEST_RETRY),
        })
    }

    /// Lets nobody take a slot before now + `until`, at most an hour: what follows a 429.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hold(&self, source: SourceId, host: &str, until: Duration) -> Result<(), Error> {
        self.hold_from(source, host, until, None).await
    }

    /// As [`Self::hold`], for processes whose clock is a simulated one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hold_at(
        &self,
        source: SourceId,
        host: &str,
        until: Duration,
        now: Ts,
    ) -> Result<(), Error> {
        self.hold_from(source, host, until, Some(now)).await
    }

    async fn hold_from(
        &self,
        source: SourceId,
        host: &str,
        until: Duration,
        simulated_now: Option<Ts>,
    ) -> Result<(), Error> {
        let client = self.client().await?;
        client
            .execute(
                HOLD,
                &[
                    &source.as_str(),
                    &host,
                    &micros_up(until.min(HORIZON)),
                    &simulated_now.map(PgTs),
                ],
            )
            .await?;
        Ok(())
    }
}

/// Rounds up: a limit is never passed by rounding.
fn micros_up(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000)).unwrap_or(i64::MAX)
}

fn duration(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or(HORIZON)
}
