//! What of each stablecoin circulates, per day and chain.

use super::numbers::rounded;
use super::roster::{BEGINS_MS, Roster, Stable};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS, ceil_to, floor_to};
use crate::truth::Metric;

/// An amount in its own unit and in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    pub(super) native: f64,
    pub(super) usd: f64,
}

impl Amount {
    fn part(self, part: f64) -> Self {
        Self {
            native: rounded(self.native * part, 1e2),
            usd: rounded(self.usd * part, 1e2),
        }
    }
}

impl Stable {
    /// Returns the first day with an amount.
    pub(super) fn begins_ms(&self) -> i64 {
        ceil_to(self.entity.listed_ms, DAY_MS).max(BEGINS_MS)
    }
}

impl Roster {
    /// Returns what circulates at an instant.
    pub(super) fn amount(&self, stable: &Stable, at_ms: i64) -> Option<Amount> {
        let native = self
            .world
            .value(&stable.entity, Metric::CirculatingSupply, at_ms)?;
        let price = self.world.value(&stable.entity, Metric::Price, at_ms)?;
        Some(Amount {
            native: rounded(native, 1e2),
            usd: rounded(native * price, 1e2),
        })
    }

    /// Returns a day's amount as seen at `now_ms`: the last hourly snapshot of the day, so today's moves on. One day in
    /// 400 has no fresh data and keeps the day before.
    pub(super) fn amount_on(&self, stable: &Stable, day_ms: i64, now_ms: i64) -> Option<Amount> {
        let mut day_ms = day_ms;
        while day_ms > stable.begins_ms()
            && chance::below(
                chance::at(chance::pair(stable.entity.hash, 91), day_ms),
                400,
            ) == 0
        {
            day_ms -= DAY_MS;
        }
        let last_ms = (day_ms + DAY_MS - HOUR_MS).min(floor_to(now_ms, HOUR_MS));
        (last_ms >= day_ms).then(|| self.amount(stable, last_ms))?
    }

    /// Returns a day's amount, or its part on a chain.
    pub(super) fn amount_at(
        &self,
        stable: &Stable,
        chain: Option<usize>,
        day_ms: i64,
        now_ms: i64,
    ) -> Option<Amount> {
        let amount = self.amount_on(stable, day_ms, now_ms)?;
        let Some(chain) = chain else {
            return Some(amount);
        };
        let mut parts = self.spread_at(&stable.chains, day_ms).into_iter();
        let (_, part) = parts.find(|(index, _)| *index == chain)?;
        Some(amount.part(part))
    }

    /// Returns the stablecoin of a number, if it is listed by `now_ms`.
    pub(super) fn stable(&self, id: &str, now_ms: i64) -> Option<&Stable> {
        let found = self.stables.iter().find(|stable| stable.id == id);
        found.filter(|stable| stable.entity.known_at(now_ms))
    }
}
