//! The price records behind the coins host: one every ten minutes, some seconds off, some missing.

use std::sync::Arc;

use super::enrol::lives_at;
use super::plan::Plan;
use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::truth::{Metric, float};
use crate::world::WorldState;

/// How far apart records are.
const GRID_MS: i64 = 10 * MINUTE_MS;
/// Below this a collector does not believe a price.
pub(super) const LEAST_CONFIDENCE: f64 = 0.9;

/// A record as the vendor keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record {
    pub(super) ms: i64,
    pub(super) price: f64,
    pub(super) confidence: Option<f64>,
}

/// A coin in a price question.
#[derive(Debug, Clone)]
pub(super) struct Coin {
    pub(super) entity: Arc<Entity>,
    /// Decimals of the token; none where it is asked for by its CoinGecko id.
    pub(super) decimals: Option<i64>,
    doubtful: bool,
}

impl Coin {
    /// Finds a coin by its key. CoinGecko ids and addresses outside EVM care for case.
    pub(super) fn named(world: &WorldState, key: &str, plan: Plan) -> Option<Self> {
        let (chain, address) = key.split_once(':')?;
        let by_token = chain.eq_ignore_ascii_case("coingecko");
        let entity = if by_token {
            world.coin(address)?
        } else {
            let mut all = world.entities.iter();
            all.find(|entity| lives_at(entity, chain, address))?
        };
        let hash = chance::pair(entity.hash, 81);
        let decimals = if chance::below(hash, 2) == 0 { 18 } else { 6 };
        Some(Self {
            entity: Arc::clone(entity),
            decimals: (!by_token).then_some(decimals),
            doubtful: plan.doubtful_coins && chance::below(hash, 4) == 3,
        })
    }

    /// Returns the confidence that charts give for the whole coin; some coins have none.
    pub(super) fn confidence(&self) -> Option<f64> {
        let draw = chance::below(chance::pair(self.entity.hash, 82), 20);
        match draw {
            _ if self.doubtful => Some(0.82),
            0..2 => None,
            2 => Some(0.95),
            _ => Some(0.99),
        }
    }

    /// Tells whether the vendor goes on with a price of 0 after the end. What ended otherwise has nothing any more.
    pub(super) fn is_distressed(&self) -> bool {
        chance::below(chance::pair(self.entity.hash, 83), 2) == 0
    }

    /// Returns the record of a slot of the grid as of `now_ms`. One in 300 is missing, and now and then a whole hour.
    /// One in 1,500 is doubtful.
    fn record(&self, world: &WorldState, slot: i64, now_ms: i64) -> Option<Record> {
        let (at_ms, key) = (
            slot * GRID_MS,
            chance::pair(self.entity.hash ^ world.seed, 84),
        );
        let hash = chance::at(key, at_ms);
        let hour = chance::at(chance::pair(key, 85), at_ms.div_euclid(HOUR_MS));
        if chance::below(hash, 300) == 0 || chance::below(hour, 400) == 0 {
            return None;
        }
        let ms = at_ms - 45 * SECOND_MS + SECOND_MS * chance::below(chance::mix(hash), 120);
        let ended = self.entity.delisted_ms.is_some_and(|end| ms >= end);
        if ms > now_ms || (ended && !self.is_distressed()) {
            return None;
        }
        if ended {
            let confidence = Some(1.01);
            return Some(Record {
                ms,
                price: 0.0,
                confidence,
            });
        }
        let price = world.value(&self.entity, Metric::Price, ms)?;
        let low = chance::below(chance::pair(hash, 86), 1_500) == 0;
        let confidence = if low { Some(0.6) } else { self.confidence() };
        Some(Record {
            ms,
            price,
            confidence,
        })
    }

    /// Returns the record nearest to an instant, at most `width_ms` away.
    pub(super) fn nearest(
        &self,
        world: &WorldState,
        at_ms: i64,
        width_ms: i64,
        now_ms: i64,
    ) -> Option<Record> {
        let before = at_ms + width_ms < self.entity.listed_ms;
        let end_ms = self.entity.delisted_ms.filter(|_| !self.is_distressed());
        let after = at_ms - width_ms > now_ms.min(end_ms.unwrap_or(i64::MAX));
        if before || after || self.entity.no_data {
            return None;
        }
        let middle = (at_ms + GRID_MS / 2).div_euclid(GRID_MS);
        let mut best: Option<Record> = None;
        for away in 0..=(width_ms / GRID_MS + 1) {
            for slot in [middle - away, middle + away] {
                let distance = |record: &Record| (record.ms - at_ms).abs();
                let found = self
                    .record(world, slot, now_ms)
                    .filter(|one| distance(one) <= width_ms);
                let nearer = |one: &Record| {
                    best.as_ref()
                        .is_none_or(|best| distance(one) < distance(best))
                };
                best = found.filter(nearer).or(best);
            }
            // The next slots are farther by more than a record is ever off.
            if best.is_some_and(|best| {
                (best.ms - at_ms).abs() < away * GRID_MS + GRID_MS / 2 - 2 * MINUTE_MS
            }) {
                break;
            }
        }
        best
    }

    /// Returns the earliest record.
    pub(super) fn first(&self, world: &WorldState, now_ms: i64) -> Option<Record> {
        let begin = self.entity.listed_ms.div_euclid(GRID_MS);
        (begin..begin + 1_000).find_map(|slot| self.record(world, slot, now_ms))
    }
}

/// Reads a span of time: a number and `w`, `d`, `h` or `m` in any case, or seconds.
pub(super) fn span_ms(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let (number, unit_ms) = match unit.to_ascii_lowercase() {
        'w' => (text.strip_suffix(unit)?, 7 * DAY_MS),
        'd' => (text.strip_suffix(unit)?, DAY_MS),
        'h' => (text.strip_suffix(unit)?, HOUR_MS),
        'm' => (text.strip_suffix(unit)?, MINUTE_MS),
        _ => (text, SECOND_MS),
    };
    let number: f64 = number.trim().parse().ok()?;
    let ms = super::numbers::whole((number * float(unit_ms)).round())?;
    (number.is_finite() && ms >= 0).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_day;
    use crate::world::World;

    fn coin(world: &WorldState, key: &str) -> Coin {
        Coin::named(world, key, Plan::free()).unwrap()
    }

    #[test]
    fn spans_have_units_in_any_case_or_are_seconds() {
        assert_eq!(span_ms("2D"), Some(2 * DAY_MS));
        assert_eq!(span_ms("4h"), Some(4 * HOUR_MS));
        assert_eq!(span_ms("1w"), Some(7 * DAY_MS));
        assert_eq!(span_ms("30m"), Some(30 * MINUTE_MS));
        assert_eq!(span_ms("600"), Some(600 * SECOND_MS));
        assert_eq!(span_ms("5min"), None);
        assert_eq!(span_ms(""), None);
    }

    #[test]
    fn keys_care_for_case_only_where_the_chain_does() {
        let world = World::new(1).unwrap().snapshot();
        let named =
            |key: &str| Coin::named(&world, key, Plan::free()).map(|coin| coin.entity.name.clone());
        let usdc = Some("USDC".to_owned());
        assert_eq!(
            named("ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
            usdc
        );
        assert_eq!(
            named("solana:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
            usdc
        );
        assert_eq!(
            named("solana:epjfwdd5aufqssqem2qn1xzybapc8g4weggkzwytdt1v"),
            None
        );
        assert_eq!(named("coingecko:no-such-coin"), None);
        assert_eq!(named("bitcoin"), None);
        assert_eq!(coin(&world, "coingecko:bitcoin").decimals, None);
        assert!(
            coin(&world, "tron:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
                .decimals
                .is_some()
        );
    }

    #[test]
    fn the_nearest_record_is_the_nearest_of_all() {
        let world = World::new(1).unwrap().snapshot();
        let coin = coin(&world, "coingecko:ethereum");
        let (start, now) = (
            parse_day("2026-03-01").unwrap(),
            parse_day("2026-05-01").unwrap(),
        );
        let slots = (start / GRID_MS - 300)..(start / GRID_MS + 9_000);
        let all: Vec<Record> = slots
            .filter_map(|slot| coin.record(&world, slot, now))
            .collect();
        let mut missing = 0;
        for hour in 0..1_200 {
            let at_ms = start + hour * HOUR_MS + chance::below(chance::at(1, hour), HOUR_MS);
            let near = |record: &&Record| (record.ms - at_ms).abs() <= 6 * MINUTE_MS;
            let wanted = all
                .iter()
                .filter(near)
                .min_by_key(|record| (record.ms - at_ms).abs());
            let found = coin.nearest(&world, at_ms, 6 * MINUTE_MS, now);
            assert_eq!(
                found.map(|one| (one.ms - at_ms).abs()),
                wanted.map(|one| (one.ms - at_ms).abs())
            );
            missing += u32::from(found.is_none());
            assert!(coin.nearest(&world, at_ms, 6 * HOUR_MS, now).is_some());
        }
        assert!((1..40).contains(&missing), "{missing}");
    }

    #[test]
    fn nothing_is_recorded_before_the_listing_and_after_now() {
        let world = World::new(1).unwrap().snapshot();
        let coin = coin(&world, "coingecko:hyperliquid");
        let (listed, now) = (
            parse_day("2024-11-29").unwrap(),
            parse_day("2026-05-01").unwrap(),
        );
        let first = coin.first(&world, now).unwrap();
        assert!(first.ms >= listed && first.ms < listed + HOUR_MS);
        assert_eq!(coin.nearest(&world, listed - DAY_MS, HOUR_MS, now), None);
        let last = coin.nearest(&world, now, HOUR_MS, now).unwrap();
        assert!(last.ms <= now);
    }
}
