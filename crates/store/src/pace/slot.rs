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

/// How fast a host may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The time between two requests.
    pub interval: Duration,
    /// For how long after a hold that time is twice as long ([`Store::hold`]); zero: never.
    pub halved_after_hold: Duration,
}

impl Pace {
    /// The longest time between two requests.
    const fn slowest(self) -> Duration {
        match self.halved_after_hold.is_zero() {
            true => self.interval,
            false => self.interval.saturating_mul(2),
        }
    }
}

impl From<Duration> for Pace {
    /// The same before a hold and after it.
    fn from(interval: Duration) -> Self {
        Self {
            interval,
            halved_after_hold: Duration::ZERO,
        }
    }
}

/// How far ahead of now anybody may reserve a slot, about a window of a vendor's limits; what lies
/// further ahead, one interval aside, is not believed.
pub const FURTHEST_AHEAD: Duration = Duration::from_secs(60);
/// The longest hold.
const LONGEST_HOLD: Duration = Duration::from_secs(3_600);
/// Nobody asks again sooner than this.
const SHORTEST_RETRY: Duration = Duration::from_millis(1);

/// `$6` is the simulated time, `$5` how far ahead a slot is believed, `$7` for how long after a hold the
/// interval is twice as long. The row is locked before `SET` and `WHERE` are computed, so both see the
/// newest slot and a time after the wait for the lock.
const TAKE: &str = "
WITH taken AS (
    INSERT INTO pace AS p (source, host, next_at)
    VALUES ($1, $2, coalesce($6, crossfeed_now()) + $3::int8 * interval '1 us')
    ON CONFLICT (source, host) DO UPDATE
    SET next_at = free_slot(p.next_at, p.held_until, coalesce($6, crossfeed_now()),
                            $5::int8 * interval '1 us')
                  + CASE WHEN $7::int8 > 0
                          AND p.held_until > coalesce($6, crossfeed_now()) - $7 * interval '1 us'
                          AND p.held_until <= coalesce($6, crossfeed_now()) + interval '1 hour'
                         THEN 2 ELSE 1 END * $3 * interval '1 us'
    WHERE free_slot(p.next_at, p.held_until, coalesce($6, crossfeed_now()),
                    $5 * interval '1 us')
          <= coalesce($6, crossfeed_now()) + $4::int8 * interval '1 us'
      AND (p.parked_until <= coalesce($6, crossfeed_now())) IS NOT FALSE
    RETURNING next_at - coalesce($6, crossfeed_now())
              - CASE WHEN $7 > 0
                      AND p.held_until > coalesce($6, crossfeed_now()) - $7 * interval '1 us'
                      AND p.held_until <= coalesce($6, crossfeed_now()) + interval '1 hour'
                     THEN 2 ELSE 1 END * $3 * interval '1 us' AS wait
)
SELECT true, extract(epoch FROM wait)::float8, NULL::timestamptz FROM taken
UNION ALL
SELECT false,
       extract(epoch FROM free_slot(p.next_at, p.held_until, coalesce($6, crossfeed_now()),
                                    $5 * interval '1 us') - coalesce($6, crossfeed_now()))::float8,
       CASE WHEN p.parked_until > coalesce($6, crossfeed_now()) THEN p.parked_until END
FROM (VALUES (true)) AS one LEFT JOIN pace p ON p.source = $1 AND p.host = $2
WHERE NOT EXISTS (SELECT FROM taken)";

const HOLD: &str = "
INSERT INTO pace AS p (source, host, next_at, held_until)
VALUES ($1, $2, coalesce($4, crossfeed_now()),
        coalesce($4, crossfeed_now()) + $3::int8 * interval '1 us')
ON CONFLICT (source, host) DO UPDATE SET held_until = excluded.held_until
WHERE (p.held_until BETWEEN excluded.held_until AND excluded.next_at + interval '1 hour')
      IS NOT TRUE";

impl Store {
    /// Takes the next slot of a host if it lies at most `ahead` from now, at most
    /// [`FURTHEST_AHEAD`]. Whoever may reserve further gets the slots first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_slot(
        &self,
        source: SourceId,
        host: &str,
        pace: impl Into<Pace>,
        ahead: Duration,
    ) -> Result<SlotTaken, Error> {
        self.slot(source, host, pace.into(), ahead, None).await
    }

    /// As [`Self::take_slot`], for processes whose clock is a simulated one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_slot_at(
        &self,
        source: SourceId,
        host: &str,
        pace: impl Into<Pace>,
        ahead: Duration,
        now: Ts,
    ) -> Result<SlotTaken, Error> {
        self.slot(source, host, pace.into(), ahead, Some(now)).await
    }

    async fn slot(
        &self,
        source: SourceId,
        host: &str,
        pace: Pace,
        ahead: Duration,
        simulated_now: Option<Ts>,
    ) -> Result<SlotTaken, Error> {
        let ahead = ahead.min(FURTHEST_AHEAD);
        let client = self.client().await?;
        let statement = client.prepare_cached(TAKE).await?;
        let row = client
            .query_one(
                &statement,
                &[
                    &source.as_str(),
                    &host,
                    &micros_up(pace.interval),
                    &micros_up(ahead),
                    &micros_up(FURTHEST_AHEAD.saturating_add(pace.slowest())),
                    &simulated_now.map(PgTs),
                    &micros_up(pace.halved_after_hold),
                ],
            )
            .await?;
        let (taken, free_in) = (row.get(0), duration(row.get(1)));
        if taken {
            return Ok(SlotTaken::Go { wait: free_in });
        }
        if let Some(until) = row.get::<_, Option<PgTs>>(2) {
            return Ok(SlotTaken::Parked { until: until.0 });
        }
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
                    &micros_up(until.min(LONGEST_HOLD)),
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
    Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or(LONGEST_HOLD)
}
