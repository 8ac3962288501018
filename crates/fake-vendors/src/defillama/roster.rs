//! Who there is: protocols, parents, chains, stablecoins and pools, made of the world's entities once per state of the
//! world. The values are `tvl`'s, `flows`', `supply`'s and `yields`'.

use std::collections::HashMap;
use std::sync::Arc;

use super::flows::Ledger;
use super::names::new_chain;
use super::plan::Plan;
use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, MINUTE_MS, SECOND_MS, ceil_to};
use crate::world::WorldState;

/// 2018-01-01: no history is older.
pub(super) const BEGINS_MS: i64 = 1_514_764_800_000;

/// A chain under its new name.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) name: String,
    pub(super) entity: Arc<Entity>,
}

/// What has values of its own: a protocol, a child of a parent, or a chain as the earner of gas fees.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) category: &'static str,
    pub(super) is_chain: bool,
    /// Whose values these are, and which part of them.
    pub(super) entity: Arc<Entity>,
    pub(super) share: f64,
    /// Where it is, the first being home, and which part of it is on each of the others.
    pub(super) chains: Vec<(usize, f64)>,
    pub(super) parent: Option<usize>,
    pub(super) hash: u64,
    /// How long after midnight the day's flows are there; `None` for those that are read hourly.
    pub(super) daily_lag_ms: Option<i64>,
}

/// A parent, which is nothing but its children.
#[derive(Debug)]
pub(super) struct Parent {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) entity: Arc<Entity>,
    pub(super) children: Vec<usize>,
}

/// Whom a slug means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Leaf(usize),
    Parent(usize),
}

/// A stablecoin with its parts per chain.
#[derive(Debug)]
pub(super) struct Stable {
    pub(super) id: String,
    pub(super) peg: &'static str,
    pub(super) entity: Arc<Entity>,
    pub(super) chains: Vec<(usize, f64)>,
}

/// A pool of a protocol.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) uuid: String,
    pub(super) entity: Arc<Entity>,
    pub(super) leaf: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Roster {
    pub(super) world: Arc<WorldState>,
    pub(super) plan: Plan,
    pub(super) chains: Vec<Chain>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) parents: Vec<Parent>,
    pub(super) stables: Vec<Stable>,
    pub(super) pools: Vec<Pool>,
    pub(super) ledger: Ledger,
    /// By slug, in lower case; where a chain and a protocol share one, the protocol has it.
    pub(super) slugs: HashMap<String, Who>,
}

impl Roster {
    /// Makes the roster of a state of the world.
    pub(super) fn new(world: Arc<WorldState>, plan: Plan) -> Self {
        let mut roster = Self {
            world: Arc::clone(&world),
            plan,
            chains: Vec::new(),
            leaves: Vec::new(),
            parents: Vec::new(),
            stables: Vec::new(),
            pools: Vec::new(),
            ledger: Ledger::default(),
            slugs: HashMap::new(),
        };
        for entity in &world.entities {
            if let Some(name) = &entity.llama_chain {
                let name = name.clone();
                let entity = Arc::clone(entity);
                roster.chains.push(Chain { name, entity });
            }
        }
        roster.add_protocols();
        roster.add_chains_as_earners();
        roster.cover_chains();
        roster.add_stables();
        roster.add_pools();
        roster
    }

    /// Returns whom a slug means among those that are listed by `now_ms`. Case does not matter.
    pub(super) fn who(&self, slug: &str, now_ms: i64) -> Option<Who> {
        let who = *self.slugs.get(&slug.to_lowercase())?;
        let known = match who {
            Who::Leaf(leaf) => self.leaves.get(leaf)?.entity.known_at(now_ms),
            Who::Parent(parent) => self.parents.get(parent)?.entity.known_at(now_ms),
        };
        known.then_some(who)
    }

    /// Returns the leaves that make up whom a slug means.
    pub(super) fn leaves_of(&self, who: Who) -> Vec<&Leaf> {
        match who {
            Who::Leaf(leaf) => self.leaves.get(leaf).into_iter().collect(),
            Who::Parent(parent) => {
                let children = self
                    .parents
                    .get(parent)
                    .into_iter()
                    .flat_map(|parent| &parent.children);
                children.filter_map(|leaf| self.leaves.get(*leaf)).collect()
            }
        }
    }

    /// Returns the chain of a name, old or new, in any case; `-` may stand for a space where `dashes` says so.
    pub(super) fn chain(&self, name: &str, dashes: bool, now_ms: i64) -> Option<usize> {
        let spaced = name.replace('-', " ");
        let found = self.chains.iter().position(|chain| {
            let same = |asked: &str| new_chain(asked).eq_ignore_ascii_case(&chain.name);
            same(name) || (dashes && same(&spaced))
        })?;
        let chain = self.chains.get(found)?;
        chain.entity.known_at(now_ms).then_some(found)
    }
}

impl Leaf {
    /// Returns the first midnight with a value.
    pub(super) fn begins_ms(&self) -> i64 {
        ceil_to(self.entity.listed_ms, DAY_MS).max(BEGINS_MS)
    }

    /// Returns how long after the full hour the vendor reads it.
    pub(super) fn phase_ms(&self) -> i64 {
        phase_ms(self.hash)
    }
}

impl Parent {
    /// Returns how long after the full hour the vendor reads it.
    pub(super) fn phase_ms(&self) -> i64 {
        phase_ms(chance::text(&self.slug))
    }
}

/// Between 1 and 21 minutes, never on a round second of the hour.
fn phase_ms(hash: u64) -> i64 {
    MINUTE_MS + SECOND_MS * (1 + chance::below(chance::pair(hash, 34), 1_200))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::world::World;

    fn roster(ids: &[&str]) -> Roster {
        let world = World::new(1).unwrap();
        for id in ids {
            world.alter(|state| super::super::enrol(state, id));
        }
        Roster::new(world.snapshot(), Plan::free())
    }

    #[test]
    fn slugs_numbers_and_uuids_are_unique() {
        let roster = roster(&["protocol:x-dex", "protocol:big:parent#big", "chain:Base"]);
        let protocols = || roster.leaves.iter().filter(|leaf| !leaf.is_chain);
        let slugs: HashSet<_> = protocols().map(|leaf| &leaf.slug).collect();
        let ids: HashSet<_> = protocols().map(|leaf| &leaf.id).collect();
        assert_eq!(
            (slugs.len(), ids.len()),
            (protocols().count(), protocols().count())
        );
        let pools: HashSet<_> = roster.pools.iter().map(|pool| &pool.uuid).collect();
        assert_eq!(pools.len(), roster.pools.len());
        assert!(pools.iter().all(|uuid| uuid.len() == 36));
    }

    #[test]
    fn parents_have_children_and_children_their_parent() {
        let roster = roster(&["protocol:big:parent#big", "protocol:uniswap-x:777"]);
        let now = 1_779_108_570_000;
        let names = |slug: &str| -> Vec<String> {
            let leaves = roster.leaves_of(roster.who(slug, now).unwrap());
            leaves.iter().map(|leaf| leaf.slug.clone()).collect()
        };
        assert_eq!(names("aave"), ["aave-v3", "aave-v2"]);
        assert_eq!(names("big"), ["big-v1", "big-v2"]);
        assert_eq!(
            names("Uniswap"),
            ["uniswap-x", "uniswap-v3", "uniswap-v2", "uniswap-v4"]
        );
        assert_eq!(names("lido"), ["lido"]);
        assert_eq!(
            roster.who("hyperliquid", 1_600_000_000_000),
            None,
            "not listed yet"
        );
    }

    #[test]
    fn every_chain_has_something_on_it() {
        let ids: Vec<String> = (0..60).map(|n| format!("chain:Chain {n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let roster = roster(&ids);
        assert!(roster.chains.len() > 80);
        for (index, chain) in roster.chains.iter().enumerate() {
            let dexs = roster.leaves.iter().filter(|leaf| leaf.category == "Dexs");
            let here = dexs.filter(|leaf| leaf.chains.iter().any(|(one, _)| *one == index));
            assert!(here.count() > 0, "{}", chain.name);
        }
        for leaf in &roster.leaves {
            let away: f64 = leaf.chains.iter().skip(1).map(|(_, part)| part).sum();
            assert!(away < 0.9, "{}: {away}", leaf.slug);
        }
    }
}
