//! Values locked: of protocols, of their parts per chain and section, of chains.

use super::numbers::rounded;
use super::roster::{BEGINS_MS, Chain, Leaf, Roster, Who};
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, ceil_to, floor_to};
use crate::truth::Metric;

/// So long after its listing a protocol has a point an hour and not a day.
const YOUNG_MS: i64 = 14 * DAY_MS;
/// How long after the full hour chains are read.
const CHAIN_PHASE_MS: i64 = 7 * MINUTE_MS;

/// The sections there are.
pub(super) const SECTIONS: [&str; 6] = [
    "borrowed",
    "doublecounted",
    "liquidstaking",
    "pool2",
    "staking",
    "vesting",
];

/// Returns the instant of the latest hourly snapshot.
pub(super) fn live_ms(now_ms: i64, phase_ms: i64) -> i64 {
    floor_to(now_ms - phase_ms, HOUR_MS) + phase_ms
}

/// Returns what a section adds beside the base value, as a part of it. A section is not counted in `tvl`.
pub(super) fn sections(leaf: &Leaf) -> Vec<(&'static str, f64)> {
    let mut sections = match leaf.category {
        "Lending" => vec![("borrowed", 0.6)],
        "Liquid Staking" => vec![("liquidstaking", 0.9)],
        "Yield" => vec![("doublecounted", 0.4), ("pool2", 0.01)],
        "CEX" | "Chain" => Vec::new(),
        _ => vec![("pool2", 0.02)],
    };
    if leaf.category != "CEX" && leaf.hash.is_multiple_of(3) {
        sections.push(("staking", 0.15));
    }
    if leaf.hash.is_multiple_of(7) {
        sections.push(("vesting", 0.05));
    }
    sections
}

/// When a protocol's points are: midnights, then the live one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clockwork {
    /// First midnight with a value.
    pub(super) begins_ms: i64,
    pub(super) listed_ms: i64,
    pub(super) ends_ms: Option<i64>,
    pub(super) phase_ms: i64,
}

impl Clockwork {
    /// Returns the instants of the history as seen at `now_ms`, ascending.
    ///
    /// A midnight is there once the first snapshot of its day is taken. The last point is that snapshot itself, at its
    /// own odd time; one that falls on nothing new is left out.
    pub(super) fn stamps(&self, now_ms: i64) -> Vec<i64> {
        let live_ms = live_ms(now_ms, self.phase_ms);
        let alive = |ms: i64| ms >= self.listed_ms && self.ends_ms.is_none_or(|end| ms < end);
        let step_ms = if now_ms - self.listed_ms < YOUNG_MS {
            HOUR_MS
        } else {
            DAY_MS
        };
        let mut stamps = Vec::new();
        let mut ms = if step_ms == HOUR_MS {
            ceil_to(self.listed_ms, HOUR_MS)
        } else {
            self.begins_ms
        };
        while ms <= live_ms && alive(ms) {
            stamps.push(ms);
            ms += step_ms;
        }
        if alive(live_ms) {
            stamps.push(live_ms);
        }
        stamps
    }
}

impl Roster {
    /// Returns a leaf's value locked, in full precision.
    pub(super) fn tvl(&self, leaf: &Leaf, at_ms: i64) -> Option<f64> {
        if leaf.is_chain {
            return None;
        }
        Some(self.world.value(&leaf.entity, Metric::Tvl, at_ms)? * leaf.share)
    }

    /// Returns the value locked of whom a slug means; a parent's is the sum over its children.
    pub(super) fn tvl_of(&self, who: Who, at_ms: i64) -> Option<f64> {
        let values = self
            .leaves_of(who)
            .into_iter()
            .filter_map(|leaf| self.tvl(leaf, at_ms));
        values.fold(None, |sum: Option<f64>, value| {
            Some(sum.unwrap_or(0.0) + value)
        })
    }

    /// Returns which part of something is on each of its chains at an instant. Home has what the others have not, and a
    /// chain has nothing before it is listed.
    pub(super) fn spread_at(&self, chains: &[(usize, f64)], at_ms: i64) -> Vec<(usize, f64)> {
        let alive = |index: usize| {
            let chain = self.chains.get(index);
            chain.is_some_and(|chain| chain.entity.alive_at(at_ms))
        };
        let Some(((home, _), others)) = chains.split_first() else {
            return Vec::new();
        };
        let away = others.iter().filter(|(index, _)| alive(*index));
        let rest = 1.0 - away.clone().map(|(_, part)| part).sum::<f64>();
        std::iter::once((*home, rest))
            .chain(away.copied())
            .collect()
    }

    /// Returns which part of a leaf is on each of its chains at an instant.
    pub(super) fn parts(&self, leaf: &Leaf, at_ms: i64) -> Vec<(usize, f64)> {
        self.spread_at(&leaf.chains, at_ms)
    }

    /// Returns which part of a leaf is on one chain at an instant.
    pub(super) fn part_on(&self, leaf: &Leaf, chain: usize, at_ms: i64) -> Option<f64> {
        let found = self
            .parts(leaf, at_ms)
            .into_iter()
            .find(|(index, _)| *index == chain);
        found.map(|(_, part)| part)
    }

    /// Returns when the points of whom a slug means are.
    pub(super) fn clockwork(&self, who: Who) -> Clockwork {
        let leaves = self.leaves_of(who);
        let first = leaves
            .iter()
            .map(|leaf| leaf.entity.listed_ms)
            .min()
            .unwrap_or(0);
        let ends: Option<Vec<i64>> = leaves.iter().map(|leaf| leaf.entity.delisted_ms).collect();
        let phase_ms = match who {
            Who::Leaf(leaf) => self.leaves.get(leaf).map_or(0, Leaf::phase_ms),
            Who::Parent(parent) => self
                .parents
                .get(parent)
                .map_or(0, |parent| parent.phase_ms()),
        };
        Clockwork {
            begins_ms: ceil_to(first, DAY_MS).max(BEGINS_MS),
            listed_ms: first.max(BEGINS_MS),
            ends_ms: ends.and_then(|ends| ends.into_iter().max()),
            phase_ms,
        }
    }

    /// Returns the chains as they stand in the last hourly snapshot, with their value locked.
    pub(super) fn chains_now(&self, now_ms: i64) -> Vec<(&Chain, f64)> {
        let at_ms = live_ms(now_ms, CHAIN_PHASE_MS);
        let value = |chain: &Chain| self.world.value(&chain.entity, Metric::Tvl, at_ms);
        let known = self
            .chains
            .iter()
            .filter_map(|chain| Some((chain, value(chain)?)));
        known.collect()
    }

    /// Returns the rows of a chain's history, or of all together where `chain` is `None`: a value per day, each at its
    /// midnight.
    ///
    /// Rows go by the nearest day. The last is the last hourly snapshot: before noon it stands on today and hides the
    /// midnight, after noon it is dated tomorrow.
    pub(super) fn chain_rows(&self, chain: Option<usize>, now_ms: i64) -> Vec<(i64, f64)> {
        let entities: Vec<&Entity> = match chain {
            Some(index) => self
                .chains
                .get(index)
                .into_iter()
                .map(|chain| chain.entity.as_ref())
                .collect(),
            None => self
                .chains
                .iter()
                .map(|chain| chain.entity.as_ref())
                .collect(),
        };
        let with_value = entities
            .into_iter()
            .filter(|entity| entity.tvl_usd.is_some());
        let entities: Vec<&Entity> = with_value.collect();
        let Some(first) = entities.iter().map(|entity| entity.listed_ms).min() else {
            return Vec::new();
        };
        let sum = |at_ms: i64| {
            let values = entities
                .iter()
                .filter_map(|entity| self.world.value(entity, Metric::Tvl, at_ms));
            values.fold(None, |sum: Option<f64>, value| {
                Some(sum.unwrap_or(0.0) + value)
            })
        };
        let live_ms = live_ms(now_ms, CHAIN_PHASE_MS);
        let live_day_ms = floor_to(live_ms + DAY_MS / 2, DAY_MS);
        let mut rows = Vec::new();
        let mut day_ms = ceil_to(first, DAY_MS).max(BEGINS_MS);
        while day_ms <= live_day_ms {
            let at_ms = if day_ms == live_day_ms {
                live_ms
            } else {
                day_ms
            };
            rows.extend(sum(at_ms).map(|usd| (day_ms, rounded(usd, 1e5))));
            day_ms += DAY_MS;
        }
        rows
    }
}
