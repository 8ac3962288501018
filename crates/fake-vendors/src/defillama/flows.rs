//! Fees, volumes, open interest and users per day: what each protocol has, what is seen of it by a given moment, and
//! the totals made of it.
//!
//! A day's value hangs on (seed, protocol, type, day) alone. What is seen of it changes while the day is open, until the
//! slower protocols have reported, and for one day after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::dims::{Dim, DimId};
use super::numbers::rounded;
use super::roster::{Leaf, Roster};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS, floor_to};
use crate::truth::{Metric, float};

/// The days' final values by protocol and kind, from the protocol's first day on; `NaN` where a day is missing.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    base: Mutex<HashMap<u64, Days>>,
    days: Mutex<HashMap<(u64, usize), Days>>,
}

/// A value per day.
type Days = Arc<Vec<f64>>;

/// A protocol's values of one kind, as seen at one moment.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) leaf: &'a Leaf,
    dim: &'static Dim,
    days: Days,
    now_ms: i64,
}

impl Roster {
    /// Returns whether a leaf has numbers of a kind.
    pub(super) fn takes_part(&self, leaf: &Leaf, id: DimId) -> bool {
        let dim = id.dim();
        let chains_too = matches!(dim.kind, "fees" | "active-users");
        leaf.entity.fees_usd_day.is_some()
            && (dim.category.is_empty() || dim.category == leaf.category)
            && (!leaf.is_chain || chains_too)
    }

    /// Returns a leaf's values of a kind as seen at `now_ms`; nothing where it has none of the kind or is not listed.
    pub(super) fn seen<'a>(&self, leaf: &'a Leaf, id: DimId, now_ms: i64) -> Option<Seen<'a>> {
        let fits = self.takes_part(leaf, id) && leaf.entity.known_at(now_ms);
        fits.then(|| Seen {
            leaf,
            dim: id.dim(),
            days: self.days(leaf, id, now_ms),
            now_ms,
        })
    }

    /// Returns all that have numbers of a kind.
    pub(super) fn all_seen(&self, id: DimId, now_ms: i64) -> Vec<Seen<'_>> {
        self.leaves
            .iter()
            .filter_map(|leaf| self.seen(leaf, id, now_ms))
            .collect()
    }

    /// Returns the final values of the days up to `now_ms`, from memory where they are known.
    fn days(&self, leaf: &Leaf, id: DimId, now_ms: i64) -> Days {
        let count = leaf.days_until(now_ms);
        let key = (leaf.hash, id.0);
        let known = lock(&self.ledger.days)
            .get(&key)
            .cloned()
            .unwrap_or_default();
        if known.len() >= count {
            return known;
        }
        let base = self.base(leaf, count);
        let mut days = known.to_vec();
        for (place, base) in base.iter().enumerate().take(count).skip(known.len()) {
            days.push(self.day(leaf, id.dim(), leaf.day_ms(place), *base));
        }
        let days = Arc::new(days);
        lock(&self.ledger.days).insert(key, Arc::clone(&days));
        days
    }

    /// Returns the fees of the days before anything is made of them.
    fn base(&self, leaf: &Leaf, count: usize) -> Days {
        let known = lock(&self.ledger.base)
            .get(&leaf.hash)
            .cloned()
            .unwrap_or_default();
        if known.len() >= count {
            return known;
        }
        let mut base = known.to_vec();
        for place in known.len()..count {
            let fees = self
                .world
                .value(&leaf.entity, Metric::FeesDay, leaf.day_ms(place));
            base.push(fees.map_or(f64::NAN, |fees| fees * leaf.share));
        }
        let base = Arc::new(base);
        lock(&self.ledger.base).insert(leaf.hash, Arc::clone(&base));
        base
    }

    /// Some days are missing, some are 0, a few negative. The parts of fees are rounded one by one, so that they add up.
    fn day(&self, leaf: &Leaf, dim: &Dim, day_ms: i64, base: f64) -> f64 {
        let key = chance::pair(leaf.hash ^ self.world.seed, chance::text(dim.kind));
        let hash = chance::at(key, day_ms);
        let noise = 0.94 + 0.12 * chance::unit(chance::mix(hash));
        let factor = match chance::below(hash, 2_000) {
            0..5 => return f64::NAN,
            5..8 => 0.0,
            8..10 => -0.02,
            _ => noise,
        };
        dim.per_fee
            .iter()
            .map(|part| (base * factor * part).round())
            .sum()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Leaf {
    fn day_ms(&self, place: usize) -> i64 {
        self.begins_ms() + i64::try_from(place).unwrap_or(0) * DAY_MS
    }

    fn days_until(&self, now_ms: i64) -> usize {
        let days = (floor_to(now_ms, DAY_MS) - self.begins_ms()) / DAY_MS + 1;
        usize::try_from(days).unwrap_or(0)
    }
}

impl Seen<'_> {
    /// Returns today's midnight.
    pub(super) fn today_ms(&self) -> i64 {
        floor_to(self.now_ms, DAY_MS)
    }

    /// Returns the first day.
    pub(super) fn begins_ms(&self) -> i64 {
        self.leaf.begins_ms()
    }

    fn last(&self, day_ms: i64) -> Option<f64> {
        let place = usize::try_from((day_ms - self.begins_ms()) / DAY_MS).ok()?;
        let value = self.days.get(place).copied()?;
        (day_ms >= self.begins_ms() && !value.is_nan()).then_some(value)
    }

    /// Returns how much of today's hours are read.
    fn elapsed(&self) -> f64 {
        let hours = floor_to(self.now_ms, HOUR_MS) - self.today_ms();
        float(hours) / float(DAY_MS)
    }

    /// Returns a day's value as it is seen now.
    ///
    /// Hourly readers have a part of today from its second hour on; the others have a day once they have reported it,
    /// up to three hours after its end. One day in three is still a little low until it is two days old.
    pub(super) fn on(&self, day_ms: i64) -> Option<f64> {
        let value = self.last(day_ms)?;
        let closed = day_ms < self.today_ms();
        if let Some(lag_ms) = self.leaf.daily_lag_ms
            && self.now_ms < day_ms + DAY_MS + lag_ms
        {
            return None;
        }
        if !closed {
            let part = if self.dim.level { 1.0 } else { self.elapsed() };
            return (self.elapsed() > 0.0).then(|| (value * part).round());
        }
        let fresh = self.now_ms < day_ms + 2 * DAY_MS;
        let amended = chance::at(self.leaf.hash, day_ms).is_multiple_of(3);
        Some(if fresh && amended {
            (value * 0.985).round()
        } else {
            value
        })
    }

    /// Returns today's value or, where there is none yet, the last of the two days before: what totals are padded with.
    pub(super) fn padded_today(&self) -> Option<f64> {
        let alive = self.leaf.entity.active_at(self.now_ms);
        let days = (0..3).map(|ago| self.today_ms() - ago * DAY_MS);
        alive.then(|| days.into_iter().find_map(|day_ms| self.on(day_ms)))?
    }

    /// Returns the 24 hours that end `ago_days` before now: rolling for hourly readers, the last reported day for the
    /// others, and the level as it is. A protocol without anything locked has no such number.
    pub(super) fn rolling(&self, ago_days: i64) -> Option<f64> {
        if self.leaf.entity.tvl_usd.is_none() && !self.leaf.is_chain {
            return None;
        }
        let day_ms = self.today_ms() - ago_days * DAY_MS;
        if self.leaf.daily_lag_ms.is_some() {
            let reported = (1..3).map(|ago| day_ms - ago * DAY_MS);
            return reported.into_iter().find_map(|day_ms| self.on(day_ms));
        }
        let (today, before) = (self.last(day_ms), self.last(day_ms - DAY_MS)?);
        if self.dim.level {
            return Some(today.unwrap_or(before));
        }
        let part = self.elapsed();
        Some((today.unwrap_or(0.0) * part + before * (1.0 - part)).round())
    }

    /// Returns the sum over the `days` closed days that end `ago_days` before today.
    pub(super) fn sum(&self, ago_days: i64, days: i64) -> Option<f64> {
        let end_ms = self.today_ms() - ago_days * DAY_MS;
        if end_ms - days * DAY_MS < self.begins_ms() {
            return None;
        }
        let all = (1..=days).filter_map(|day| self.on(end_ms - day * DAY_MS));
        Some(all.sum())
    }

    /// Returns the sum over all closed days.
    pub(super) fn all_time(&self) -> f64 {
        let known = self.days.iter().filter(|value| !value.is_nan());
        let open = self.last(self.today_ms()).unwrap_or(0.0);
        rounded(known.sum::<f64>() - open, 1.0)
    }

    /// Returns the days on which something is seen, with what.
    pub(super) fn chart(&self) -> Vec<(i64, f64)> {
        let days = (0..self.days.len()).map(|place| self.leaf.day_ms(place));
        days.filter_map(|day_ms| Some((day_ms, self.on(day_ms)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defillama::plan::Plan;
    use crate::instant::{MINUTE_MS, parse_day};
    use crate::world::World;

    fn roster() -> Roster {
        Roster::new(World::new(1).unwrap().snapshot(), Plan::free())
    }

    fn id(kind: &str, data: &str) -> DimId {
        DimId::find(kind, Some(data), false).unwrap()
    }

    #[test]
    fn revenue_is_what_protocol_and_holders_get() {
        let roster = roster();
        let now = parse_day("2026-05-18").unwrap();
        let leaf = roster
            .leaves
            .iter()
            .find(|leaf| leaf.slug == "uniswap-v3")
            .unwrap();
        let chart = |data: &str| roster.seen(leaf, id("fees", data), now).unwrap().chart();
        let (all, holders, own) = (
            chart("dailyRevenue"),
            chart("dailyHoldersRevenue"),
            chart("dailyProtocolRevenue"),
        );
        assert!(all.len() > 2_000);
        let older = all.len() - 3;
        for ((a, b), c) in all.iter().zip(&holders).zip(&own).take(older) {
            assert!((a.1 - b.1 - c.1).abs() < 0.5 && a.0 == b.0 && b.0 == c.0);
        }
    }

    #[test]
    fn days_are_missing_zero_and_negative_now_and_then() {
        let roster = roster();
        let now = parse_day("2026-05-18").unwrap();
        let all = roster.all_seen(id("fees", "dailyFees"), now);
        let charts: Vec<_> = all.iter().map(|seen| (seen, seen.chart())).collect();
        let values = || charts.iter().flat_map(|(_, chart)| chart);
        assert!(values().any(|(_, value)| *value < 0.0));
        assert!(values().any(|(_, value)| *value == 0.0));
        let holes = charts
            .iter()
            .filter(|(seen, chart)| chart.len() + 5 < seen.days.len());
        assert!(holes.count() > 0);
    }

    #[test]
    fn a_day_grows_closes_is_amended_and_then_stays() {
        let roster = roster();
        let day = parse_day("2026-05-18").unwrap();
        let seen = |leaf, now| roster.seen(leaf, id("fees", "dailyFees"), now).unwrap();
        let mut amended = 0;
        for leaf in roster
            .leaves
            .iter()
            .filter(|leaf| leaf.entity.fees_usd_day.is_some())
        {
            let on = |now| seen(leaf, now).on(day);
            let Some(last) = on(day + 5 * DAY_MS) else {
                continue;
            };
            let next = on(day + DAY_MS + 4 * HOUR_MS).unwrap();
            amended += u32::from((next - last).abs() > 0.5);
            assert_eq!(on(day + 2 * DAY_MS + 4 * HOUR_MS), Some(last));
            if leaf.daily_lag_ms.is_some() {
                assert_eq!(on(day + DAY_MS + 4 * MINUTE_MS), None);
                assert_eq!(on(day + 20 * HOUR_MS), None);
                let padded = seen(leaf, day + 20 * HOUR_MS).padded_today().unwrap();
                let before = seen(leaf, day + 20 * HOUR_MS).on(day - DAY_MS).unwrap();
                assert!((padded - before).abs() < 0.5);
            } else {
                assert_eq!(on(day + 59 * MINUTE_MS), None);
                let noon = on(day + 12 * HOUR_MS).unwrap();
                assert!((noon - last / 2.0).abs() < 1.0, "{}", leaf.slug);
            }
        }
        assert!(amended > 5);
    }
}
