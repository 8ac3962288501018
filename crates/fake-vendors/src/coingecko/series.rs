//! Which points a chart holds: the stamps, the holes and the nulls, the live sample, and what a collector should make
//! of them.
//!
//! Stamps and holes hang on (seed, coin, label) alone, so overlapping windows agree.

use std::collections::BTreeMap;

use super::Quote;
use crate::Step;
use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, ceil_to, floor_to};
use crate::truth::Metric;
use crate::world::WorldState;

/// 2018-01-30: hourly charts begin; nothing is served before.
const HOURLY_BEGINS_MS: i64 = 1_517_270_400_000;
/// 2018-02-09: 5-minute charts and candles by range begin.
pub(crate) const FINE_BEGINS_MS: i64 = 1_518_134_400_000;
/// The midnight of a day is published this long after it.
const DAILY_LAG_MS: i64 = 35 * MINUTE_MS;
/// The day on which the vendor has no market caps at all (2017-04-02).
const NULL_DAY_MS: i64 = 1_491_091_200_000;
/// A point further from its hour than this belongs to no hour.
const TOLERANCE_MS: i64 = 15 * MINUTE_MS;

/// The grid behind a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grid {
    FiveMinutes,
    Hour,
    Day,
}

/// A point before it is written: the stamp it bears and the label that its oddities hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) ms: i64,
    label_ms: i64,
}

/// What stands in one array at one stamp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    /// The array lacks the stamp.
    Absent,
    Null,
    Value(f64),
}

impl Cell {
    pub(crate) fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

/// One coin in one currency.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane<'a> {
    pub(crate) world: &'a WorldState,
    pub(crate) entity: &'a Entity,
    pub(crate) quote: &'a Quote,
}

impl Lane<'_> {
    /// Returns a value in the lane's currency.
    pub(crate) fn value(&self, metric: Metric, at_ms: i64) -> Option<f64> {
        let value = self.world.value(self.entity, metric, at_ms)?;
        Some(match metric {
            Metric::CirculatingSupply | Metric::TotalSupply => value,
            _ => value * self.quote.per_usd(self.world, at_ms),
        })
    }

    /// Returns the market cap as the vendor has it: 0 or nothing where the supply is unknown.
    pub(crate) fn market_cap(&self, at_ms: i64) -> Option<f64> {
        let known = self.value(Metric::MarketCap, at_ms);
        let zero = self.entity.zero_for_unknown_mcap && self.entity.alive_at(at_ms);
        known.or(zero.then_some(0.0))
    }

    /// Returns the stamps with `from <= stamp <= to` that are published by `now`, ascending.
    pub(crate) fn stamps(&self, grid: Grid, from_ms: i64, to_ms: i64, now_ms: i64) -> Vec<Stamp> {
        let from_ms = from_ms.max(self.entity.listed_ms);
        let to_ms = to_ms
            .min(now_ms)
            .min(self.entity.delisted_ms.unwrap_or(i64::MAX));
        let (step, slack) = match grid {
            Grid::FiveMinutes => (5 * MINUTE_MS, MINUTE_MS),
            Grid::Hour => (HOUR_MS, HOUR_MS),
            Grid::Day => (DAY_MS, 0),
        };
        let mut stamps = Vec::new();
        let mut label_ms = ceil_to(from_ms - slack, step);
        while label_ms <= to_ms + slack {
            let stamp = self.stamp(grid, label_ms, now_ms).filter(|stamp| {
                (from_ms..=to_ms).contains(&stamp.ms) && self.entity.alive_at(stamp.ms)
            });
            stamps.extend(stamp);
            label_ms += step;
        }
        stamps
    }

    fn stamp(&self, grid: Grid, label_ms: i64, now_ms: i64) -> Option<Stamp> {
        let salt = match grid {
            Grid::Day => {
                let published = label_ms + DAILY_LAG_MS <= now_ms;
                return published.then_some(Stamp {
                    ms: label_ms,
                    label_ms,
                });
            }
            Grid::Hour if label_ms < HOURLY_BEGINS_MS => return None,
            Grid::FiveMinutes if label_ms < FINE_BEGINS_MS => return None,
            Grid::Hour => 11,
            Grid::FiveMinutes => 12,
        };
        let hash = chance::at(
            chance::pair(self.entity.hash ^ self.world.seed, salt),
            label_ms,
        );
        let offset_ms = match grid {
            Grid::Hour => hourly_offset_ms(hash)?,
            _ => fine_offset_ms(hash)?,
        };
        Some(Stamp {
            ms: label_ms + offset_ms,
            label_ms,
        })
    }

    /// Returns what an array holds at a stamp.
    pub(crate) fn cell(&self, metric: Metric, stamp: Stamp) -> Cell {
        let salt = if metric == Metric::MarketCap { 21 } else { 22 };
        let key = chance::pair(self.entity.hash ^ self.world.seed, salt);
        let odd = chance::below(chance::at(key, stamp.label_ms), 700);
        let value = match metric {
            Metric::MarketCap if floor_to(stamp.ms, DAY_MS) == NULL_DAY_MS => None,
            Metric::MarketCap if odd == 0 => return Cell::Absent,
            Metric::MarketCap if odd == 1 => None,
            Metric::MarketCap => self.market_cap(stamp.ms),
            Metric::Volume24h if odd == 0 => return Cell::Absent,
            _ => self.value(metric, stamp.ms),
        };
        value.map_or(Cell::Null, Cell::Value)
    }

    /// Returns the stamp of the live sample, which is also `last_updated`: 5 to 65 seconds old.
    pub(crate) fn live_ms(&self, now_ms: i64) -> Option<i64> {
        let phase_ms = chance::below(self.entity.hash, MINUTE_MS);
        let ms = floor_to(now_ms - 5 * SECOND_MS - phase_ms, MINUTE_MS) + phase_ms;
        self.entity.alive_at(ms).then_some(ms)
    }

    /// Returns what a correct collector holds once it has read the charts: per label in `[from, to)` the value of the
    /// nearest point, if that is within 15 minutes. Live samples are not part of it.
    pub(crate) fn collected(
        &self,
        metric: Metric,
        step: Step,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Vec<(i64, f64)> {
        let (grid, step_ms) = match step {
            Step::Hour => (Grid::Hour, HOUR_MS),
            Step::Day => (Grid::Day, DAY_MS),
        };
        let mut nearest: BTreeMap<i64, (i64, f64)> = BTreeMap::new();
        for stamp in self.stamps(grid, from_ms - TOLERANCE_MS, to_ms + TOLERANCE_MS, now_ms) {
            let label_ms = floor_to(stamp.ms + step_ms / 2, step_ms);
            let offset_ms = (stamp.ms - label_ms).abs();
            let value = self.cell(metric, stamp).value();
            let Some(value) = value.filter(|v| metric == Metric::Volume24h || *v > 0.0) else {
                continue;
            };
            let wanted = (from_ms..to_ms).contains(&label_ms) && label_ms <= now_ms;
            if !wanted || offset_ms > TOLERANCE_MS {
                continue;
            }
            let best = nearest.entry(label_ms).or_insert((offset_ms, value));
            if offset_ms < best.0 {
                *best = (offset_ms, value);
            }
        }
        nearest
            .into_iter()
            .map(|(label_ms, (_, value))| (label_ms, value))
            .collect()
    }
}

/// Mostly some seconds late, sometimes minutes or a little early, rarely so late that the hour has no point, rarely
/// missing.
fn hourly_offset_ms(hash: u64) -> Option<i64> {
    let draw = chance::below(hash, 1_000);
    let size = chance::mix(hash);
    match draw {
        0..3 => None,
        3..6 => Some(16 * MINUTE_MS + chance::below(size, 9 * MINUTE_MS)),
        6..70 => Some(-300 - chance::below(size, 6 * SECOND_MS)),
        70..130 => Some(MINUTE_MS + chance::below(size, 3 * MINUTE_MS)),
        _ => Some(200 + chance::below(size, 13 * SECOND_MS)),
    }
}

fn fine_offset_ms(hash: u64) -> Option<i64> {
    let draw = chance::below(hash, 400);
    (draw > 0).then(|| chance::below(chance::mix(hash), 40 * SECOND_MS) - 2 * SECOND_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_day;
    use crate::world::World;
    use std::sync::Arc;

    fn with_lane<T>(coin: &str, check: impl FnOnce(Lane<'_>) -> T) -> T {
        let world = World::new(7).unwrap().snapshot();
        let entity = Arc::clone(world.coin(coin).unwrap());
        check(Lane {
            world: &world,
            entity: &entity,
            quote: &Quote::usd(),
        })
    }

    fn day(text: &str) -> i64 {
        parse_day(text).unwrap()
    }

    #[test]
    fn hourly_stamps_ascend_and_show_every_oddity() {
        with_lane("ethereum", |lane| {
            let (from, now) = (day("2025-01-01"), day("2026-06-01"));
            let stamps = lane.stamps(Grid::Hour, from, now, now);
            assert!(stamps.is_sorted_by(|a, b| a.ms < b.ms));
            let hours = usize::try_from((now - from) / HOUR_MS).unwrap();
            let missing = hours - stamps.len();
            assert!((10..120).contains(&missing), "{missing} of {hours}");
            let offsets: Vec<i64> = stamps
                .iter()
                .map(|stamp| stamp.ms - stamp.label_ms)
                .collect();
            assert!(offsets.iter().any(|offset| *offset < 0));
            assert!(offsets.iter().any(|offset| *offset > TOLERANCE_MS));
            let near = offsets
                .iter()
                .filter(|offset| offset.abs() < 15 * SECOND_MS)
                .count();
            assert!(near * 10 > offsets.len() * 9);
            let held = lane.collected(Metric::Price, Step::Hour, from, now, now);
            let late = offsets
                .iter()
                .filter(|offset| **offset > TOLERANCE_MS)
                .count();
            assert!(held.len().abs_diff(stamps.len() - late) <= 1);
            let nulls = |cell: Cell| {
                stamps
                    .iter()
                    .filter(|stamp| lane.cell(Metric::MarketCap, **stamp) == cell)
                    .count()
            };
            assert!(nulls(Cell::Null) > 0);
            assert!(nulls(Cell::Absent) > 0);
        });
    }

    #[test]
    fn overlapping_windows_agree() {
        with_lane("solana", |lane| {
            let (from, now) = (day("2026-01-01"), day("2026-06-01"));
            let long = lane.stamps(Grid::Hour, from, from + 80 * DAY_MS, now);
            let short = lane.stamps(Grid::Hour, from + 10 * DAY_MS, from + 12 * DAY_MS, now);
            assert!(short.len() > 40);
            assert!(short.iter().all(|stamp| long.contains(stamp)));
        });
    }

    #[test]
    fn days_are_midnights_published_after_35_minutes() {
        with_lane("bitcoin", |lane| {
            let midnight = day("2026-05-18");
            let count = |now: i64| {
                lane.stamps(Grid::Day, midnight - 2 * DAY_MS, now, now)
                    .len()
            };
            assert_eq!(count(midnight + 34 * MINUTE_MS), 2);
            assert_eq!(count(midnight + 35 * MINUTE_MS), 3);
        });
    }

    #[test]
    fn the_live_sample_is_a_little_old_and_moves_once_a_minute() {
        with_lane("bitcoin", |lane| {
            let start = day("2026-05-18");
            let mut seen = Vec::new();
            for second in 0..600 {
                let now = start + second * SECOND_MS;
                let age = now - lane.live_ms(now).unwrap();
                assert!((5_000..=65_000).contains(&age), "{age}");
                seen.push(lane.live_ms(now).unwrap());
            }
            seen.dedup();
            assert!((10..=11).contains(&seen.len()));
        });
    }

    #[test]
    fn the_day_without_market_caps_has_none() {
        with_lane("bitcoin", |lane| {
            let at = day("2017-04-02");
            let stamps = lane.stamps(Grid::Day, at, at, day("2026-01-01"));
            assert_eq!(stamps.len(), 1);
            assert_eq!(lane.cell(Metric::MarketCap, stamps[0]), Cell::Null);
            assert!(lane.cell(Metric::Price, stamps[0]).value().is_some());
            let held = |metric| lane.collected(metric, Step::Day, at, at + 1, day("2026-01-01"));
            assert!(held(Metric::MarketCap).is_empty());
            assert_eq!(held(Metric::Price).len(), 1);
        });
    }

    #[test]
    fn lives_bound_the_points() {
        with_lane("matic-network", |lane| {
            let (from, now) = (day("2025-03-01"), day("2025-06-01"));
            let last = lane.stamps(Grid::Hour, from, now, now).last().unwrap().ms;
            assert!(last < day("2025-03-20"));
            assert_eq!(lane.live_ms(now), None);
        });
        with_lane("hyperliquid", |lane| {
            let now = day("2026-06-01");
            let first = lane.stamps(Grid::Day, 0, now, now)[0].ms;
            assert_eq!(first, day("2024-11-29"));
            assert!(
                lane.stamps(Grid::Hour, 0, day("2024-11-28"), now)
                    .is_empty()
            );
        });
    }
}
