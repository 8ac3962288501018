//! What is true in the simulated world: a value for every entity, metric and instant, the same whenever asked.
//!
//! Values are smooth in time, so a sample a few seconds off the hour is close to the one on the hour, and positive.
//! They are in USD or units; a vendor converts, rounds, delays and garbles them.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::world::WorldState;

/// What can be asked of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Price of one unit.
    Price,
    /// Price times circulating supply.
    MarketCap,
    /// Turnover of the 24 hours that end at the instant.
    Volume24h,
    /// Price times the supply there will ever be.
    Fdv,
    /// Units in circulation.
    CirculatingSupply,
    /// Units that exist.
    TotalSupply,
    /// Total value locked.
    Tvl,
    /// Fees per day.
    FeesDay,
}

/// A change of the past: from now on, values of a range are `factor` times what they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Only this entity, by any vendor's id; all where absent.
    #[serde(default, alias = "coin")]
    pub entity: Option<String>,
    /// Only this metric; all where absent.
    #[serde(default)]
    pub metric: Option<Metric>,
    /// First instant changed, UNIX milliseconds.
    pub from_ms: i64,
    /// First instant after the change, UNIX milliseconds.
    pub to_ms: i64,
    /// What the values are multiplied with.
    pub factor: f64,
}

impl Revision {
    /// Tells whether it changes any value of an entity at an instant.
    fn concerns(&self, entity: &Entity, at_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&at_ms)
            && (self.entity.as_ref()).is_none_or(|id| entity.is_called(id))
    }
}

/// Periods of the waves a value is made of, and how much each adds; the weights sum to 1.
const WAVES: [(i64, f64); 6] = [
    (1_461 * DAY_MS, 0.57),
    (97 * DAY_MS, 0.25),
    (11 * DAY_MS, 0.12),
    (25 * HOUR_MS, 0.04),
    (7 * HOUR_MS, 0.013),
    (95 * MINUTE_MS, 0.003),
];
/// Spacing and weight of the noise between the waves.
const NOISE: (i64, f64) = (40 * MINUTE_MS, 0.004);
/// Days after which a supply has made 63 % of its growth.
const SUPPLY_DAYS: f64 = 1_100.0;

impl WorldState {
    /// Returns a value in USD or units, or `None` where the world has none.
    pub(crate) fn value(&self, entity: &Entity, metric: Metric, at_ms: i64) -> Option<f64> {
        if !entity.alive_at(at_ms) {
            return None;
        }
        let raw = self.unrevised(entity, metric, at_ms)?;
        Some(raw * self.revision_factor(entity, metric, at_ms))
    }

    /// Returns a number that moves around 1 by at most `exp(size)` for as long as the entity lives: what a vendor makes
    /// values of that are no metric of the world. Revisions of all metrics change it.
    pub(crate) fn drift(&self, entity: &Entity, salt: u64, size: f64, at_ms: i64) -> Option<f64> {
        let moved = || {
            let concerns = |revision: &&Revision| {
                revision.metric.is_none() && revision.concerns(entity, at_ms)
            };
            let revised: f64 = self
                .revisions
                .iter()
                .filter(concerns)
                .map(|one| one.factor)
                .product();
            self.swing(entity, salt, size, at_ms) * revised
        };
        entity.alive_at(at_ms).then(moved)
    }

    /// Returns the price whether the entity is listed or not: what a rate between currencies needs.
    pub(crate) fn price_ever(&self, entity: &Entity, at_ms: i64) -> f64 {
        self.price(entity, at_ms) * self.revision_factor(entity, Metric::Price, at_ms)
    }

    /// Returns the highest and lowest price there can ever be.
    pub(crate) fn price_bounds(entity: &Entity) -> (f64, f64) {
        let swing = entity.volatility.exp();
        (entity.price_usd * swing, entity.price_usd / swing)
    }

    /// Returns a value of an entity whatever its life, before any revision.
    pub(crate) fn unrevised(&self, entity: &Entity, metric: Metric, at_ms: i64) -> Option<f64> {
        let price = || self.price(entity, at_ms);
        match metric {
            Metric::Price => Some(price()),
            Metric::MarketCap => Some(price() * circulating(entity, at_ms)?),
            Metric::Volume24h => Some(entity.volume_24h_usd? * self.swing(entity, 2, 0.7, at_ms)),
            Metric::Fdv => Some(price() * entity.max_supply.or_else(|| total(entity, at_ms))?),
            Metric::CirculatingSupply => circulating(entity, at_ms),
            Metric::TotalSupply => total(entity, at_ms),
            Metric::Tvl => Some(entity.tvl_usd? * self.swing(entity, 3, 0.5, at_ms)),
            Metric::FeesDay => Some(entity.fees_usd_day? * self.swing(entity, 4, 0.8, at_ms)),
        }
    }

    fn price(&self, entity: &Entity, at_ms: i64) -> f64 {
        entity.price_usd * self.swing(entity, 1, entity.volatility, at_ms)
    }

    /// Returns a factor that swings around 1 on its own: for what is derived from a value.
    pub(crate) fn swing(&self, entity: &Entity, salt: u64, size: f64, at_ms: i64) -> f64 {
        (size * wave(chance::pair(entity.hash ^ self.seed, salt), at_ms)).exp()
    }

    /// Returns what the revisions in force multiply a value with.
    pub(crate) fn revision_factor(&self, entity: &Entity, metric: Metric, at_ms: i64) -> f64 {
        let concerns = |revision: &&Revision| {
            revision.metric.is_none_or(|only| only == metric) && revision.concerns(entity, at_ms)
        };
        self.revisions
            .iter()
            .filter(concerns)
            .map(|revision| revision.factor)
            .product()
    }
}

/// Supply grows from 85 % of its level towards it.
fn circulating(entity: &Entity, at_ms: i64) -> Option<f64> {
    let age_days = float(at_ms - entity.listed_ms) / float(DAY_MS);
    Some(entity.supply? * (1.0 - 0.15 * (-age_days.max(0.0) / SUPPLY_DAYS).exp()))
}

/// A little more exists than circulates, never more than the cap.
fn total(entity: &Entity, at_ms: i64) -> Option<f64> {
    let exists = circulating(entity, at_ms)? * 1.02;
    Some(entity.max_supply.map_or(exists, |cap| exists.min(cap)))
}

/// Returns a smooth number in `[-1, 1]`.
pub(crate) fn wave(key: u64, at_ms: i64) -> f64 {
    let mut sum = NOISE.1 * noise(key, at_ms);
    for (salt, (period_ms, weight)) in (0u64..).zip(WAVES) {
        let phase = chance::unit(chance::pair(key, salt));
        let turn = float(at_ms.rem_euclid(period_ms)) / float(period_ms);
        sum += weight * (TAU * (turn + phase)).sin();
    }
    sum
}

/// Returns hashes at fixed nodes in `[-1, 1]`, joined smoothly.
fn noise(key: u64, at_ms: i64) -> f64 {
    let node = at_ms.div_euclid(NOISE.0);
    let along = float(at_ms.rem_euclid(NOISE.0)) / float(NOISE.0);
    let eased = along * along * (3.0 - 2.0 * along);
    let height = |node: i64| 2.0 * chance::unit(chance::at(key, node)) - 1.0;
    height(node) * (1.0 - eased) + height(node + 1) * eased
}

/// Turns a count into a float; every count here is far below 2^53.
pub(crate) fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_day;
    use crate::world::World;

    const ALL: [Metric; 8] = [
        Metric::Price,
        Metric::MarketCap,
        Metric::Volume24h,
        Metric::Fdv,
        Metric::CirculatingSupply,
        Metric::TotalSupply,
        Metric::Tvl,
        Metric::FeesDay,
    ];

    fn value(seed: u64, coin: &str, metric: Metric, at_ms: i64) -> Option<f64> {
        let state = World::new(seed).unwrap().snapshot();
        state.value(state.coin(coin).unwrap(), metric, at_ms)
    }

    #[test]
    fn weights_keep_the_wave_within_one() {
        let sum: f64 = WAVES.iter().map(|(_, weight)| weight).sum::<f64>() + NOISE.1;
        assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn equal_questions_get_equal_answers_and_seeds_differ() {
        let at = parse_day("2026-01-15").unwrap();
        let one = value(1, "ethereum", Metric::Price, at).unwrap();
        assert_eq!(
            one.to_bits(),
            value(1, "ethereum", Metric::Price, at).unwrap().to_bits()
        );
        assert_ne!(
            one.to_bits(),
            value(2, "ethereum", Metric::Price, at).unwrap().to_bits()
        );
    }

    #[test]
    fn every_metric_of_every_coin_is_positive_and_smooth() {
        let state = World::new(3).unwrap().snapshot();
        let start = parse_day("2025-02-01").unwrap();
        for entity in state.coins() {
            for metric in ALL {
                for minute in (0..3_000).step_by(7) {
                    let at = start + minute * MINUTE_MS;
                    let Some(here) = state.value(entity, metric, at) else {
                        continue;
                    };
                    if here == 0.0 {
                        continue; // the coin nobody trades
                    }
                    let Some(next) = state.value(entity, metric, at + MINUTE_MS) else {
                        continue;
                    };
                    assert!(here > 0.0 && here.is_finite(), "{} {metric:?}", entity.name);
                    assert!(
                        (next / here - 1.0).abs() < 0.01,
                        "{} {metric:?}",
                        entity.name
                    );
                }
            }
        }
    }

    #[test]
    fn lives_have_a_beginning_and_an_end() {
        let listed = parse_day("2024-11-29").unwrap();
        assert_eq!(value(1, "hyperliquid", Metric::Price, listed - 1), None);
        assert!(value(1, "hyperliquid", Metric::Price, listed).is_some());
        let gone = parse_day("2025-03-20").unwrap();
        assert!(value(1, "matic-network", Metric::Price, gone - 1).is_some());
        assert_eq!(value(1, "matic-network", Metric::Price, gone), None);
        assert_eq!(value(1, "official-trump", Metric::MarketCap, gone), None);
        assert_eq!(value(1, "upside-down-cat", Metric::Price, gone), None);
    }

    #[test]
    fn prices_stay_within_their_bounds_and_supplies_below_their_cap() {
        let state = World::new(9).unwrap().snapshot();
        let start = parse_day("2025-01-01").unwrap();
        for entity in state.coins() {
            let (high, low) = WorldState::price_bounds(entity);
            for day in 0..700 {
                let at = start + day * DAY_MS;
                let price = state.price_ever(entity, at);
                assert!(low <= price && price <= high, "{}", entity.name);
                let exists = state.value(entity, Metric::TotalSupply, at);
                if let (Some(exists), Some(cap)) = (exists, entity.max_supply) {
                    assert!(exists <= cap, "{}", entity.name);
                }
            }
        }
    }

    #[test]
    fn a_revision_changes_its_range_and_nothing_else() {
        let world = World::new(1).unwrap();
        let at = parse_day("2026-01-15").unwrap();
        let before = world.snapshot();
        world.set_revisions(vec![Revision {
            entity: Some("bitcoin".into()),
            metric: None,
            from_ms: at,
            to_ms: at + 1,
            factor: 1.5,
        }]);
        let after = world.snapshot();
        let ratio = |coin: &str, at: i64| {
            let value =
                |state: &WorldState| state.value(state.coin(coin).unwrap(), Metric::Price, at);
            value(&after).unwrap() / value(&before).unwrap()
        };
        assert!((ratio("bitcoin", at) - 1.5).abs() < 1e-12);
        assert!((ratio("bitcoin", at + 1) - 1.0).abs() < 1e-12);
        assert!((ratio("ethereum", at) - 1.0).abs() < 1e-12);
    }
}
