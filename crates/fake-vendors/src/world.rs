//! The world: one table of entities that every simulated vendor shows from its own side.
//!
//! Holds the entities and the changes made to them. The values at an instant are `truth`'s, how a vendor dresses them
//! up is the vendor's.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::entity::{Entity, Row};
use crate::truth::Revision;

/// Why a world could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The table inside the crate does not parse: a mistake of ours.
    #[error("the world table is broken")]
    Table(#[from] csv::Error),
    /// A day in the table is no day.
    #[error("{entity}: `{value}` is not a date of the form YYYY-MM-DD")]
    Day {
        /// Whose row.
        entity: String,
        /// What stands there.
        value: String,
    },
}

/// The world at one moment of the test: entities, seed and the changes made to the past.
#[derive(Debug, Clone)]
pub(crate) struct WorldState {
    pub(crate) entities: Vec<Arc<Entity>>,
    by_coin: HashMap<String, usize>,
    pub(crate) seed: u64,
    pub(crate) revisions: Vec<Revision>,
}

impl WorldState {
    /// Returns the entity behind a CoinGecko coin id.
    pub(crate) fn coin(&self, coin_id: &str) -> Option<&Arc<Entity>> {
        self.by_coin
            .get(coin_id)
            .and_then(|index| self.entities.get(*index))
    }

    /// Returns all entities that CoinGecko lists, delisted and future ones included.
    pub(crate) fn coins(&self) -> impl Iterator<Item = &Arc<Entity>> {
        self.entities
            .iter()
            .filter(|entity| entity.coingecko_id.is_some())
    }

    /// Returns the entity that a vendor calls so, coins of CoinGecko first.
    pub(crate) fn called(&self, id: &str) -> Option<&Arc<Entity>> {
        let by_other = || self.entities.iter().find(|entity| entity.is_called(id));
        self.coin(id).or_else(by_other)
    }

    /// Adds an entity, or replaces the one of the same coin id, else of the same kind and name.
    pub(crate) fn put(&mut self, entity: Entity) {
        let known = match &entity.coingecko_id {
            Some(id) => self.by_coin.get(id).copied(),
            None => self.entities.iter().position(|one| {
                one.coingecko_id.is_none() && one.kind == entity.kind && one.name == entity.name
            }),
        };
        if let Some(slot) = known.and_then(|index| self.entities.get_mut(index)) {
            *slot = Arc::new(entity);
            return;
        }
        if let Some(id) = &entity.coingecko_id {
            self.by_coin.insert(id.clone(), self.entities.len());
        }
        self.entities.push(Arc::new(entity));
    }
}

/// The world, changeable from the control routes. Readers take a snapshot and keep it for one answer.
#[derive(Debug)]
pub(crate) struct World {
    state: RwLock<Arc<WorldState>>,
}

impl World {
    /// Reads the table.
    pub(crate) fn new(seed: u64) -> Result<Self, WorldError> {
        let mut state = WorldState {
            entities: Vec::new(),
            by_coin: HashMap::new(),
            seed,
            revisions: Vec::new(),
        };
        let mut table = csv::Reader::from_reader(include_str!("world.csv").as_bytes());
        for row in table.deserialize::<Row>() {
            state.put(Entity::from_row(row?)?);
        }
        Ok(Self {
            state: RwLock::new(Arc::new(state)),
        })
    }

    /// Returns the world as it is now.
    pub(crate) fn snapshot(&self) -> Arc<WorldState> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces all revisions of the past.
    pub(crate) fn set_revisions(&self, revisions: Vec<Revision>) {
        self.alter(|state| state.revisions = revisions);
    }

    /// Lists or delists an entity; one the world does not know is made up.
    pub(crate) fn set_listing(&self, listing: &Listing) {
        self.alter(|state| {
            let known = state
                .called(&listing.id)
                .map(|entity| Entity::clone(entity));
            let mut entity = known.unwrap_or_else(|| {
                let by_kind = crate::alphavantage::invented(state, &listing.id);
                by_kind.unwrap_or_else(|| Entity::invented(&listing.id))
            });
            if let Some(listed_ms) = listing.listed_ms {
                entity.listed_ms = listed_ms;
            }
            entity.delisted_ms = listing.delisted_ms;
            state.put(entity);
        });
    }

    pub(crate) fn alter(&self, change: impl FnOnce(&mut WorldState)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut state));
    }
}

/// A change of an entity's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Any vendor's id of it; one that nobody knows is made up as the simulated vendor makes up ids.
    pub id: String,
    /// First instant with data; the entity keeps its own where absent.
    pub listed_ms: Option<i64>,
    /// First instant without data; none where absent.
    pub delisted_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn state(extra: &[&str]) -> Arc<WorldState> {
        let world = World::new(1).unwrap();
        for id in extra {
            world.alter(|state| crate::coingecko::enrol(state, id));
        }
        world.snapshot()
    }

    #[test]
    fn the_table_names_every_vendor_and_every_oddity() {
        let state = state(&[]);
        let all = &state.entities;
        assert!(all.len() >= 45);
        let ids: HashSet<_> = all.iter().filter_map(|e| e.coingecko_id.clone()).collect();
        assert_eq!(ids.len(), state.coins().count(), "coin ids are unique");
        let bitcoin = state.coin("bitcoin").unwrap();
        assert_eq!(bitcoin.artemis_id.as_deref(), Some("bitcoin"));
        assert_eq!(bitcoin.velo_coin.as_deref(), Some("BTC"));
        assert_eq!(bitcoin.alphavantage.as_deref(), Some("BTC/USD"));
        assert_eq!(bitcoin.llama_chain.as_deref(), Some("Bitcoin"));
        assert!(
            all.iter()
                .any(|e| e.kind == "equity" && e.coingecko_id.is_none())
        );
        assert!(all.iter().any(|e| e.no_data));
        assert!(
            all.iter()
                .any(|e| e.supply.is_none() && e.zero_for_unknown_mcap)
        );
        assert!(
            all.iter()
                .any(|e| e.supply.is_none() && !e.zero_for_unknown_mcap)
        );
        assert!(all.iter().any(|e| e.delisted_ms.is_some()));
    }

    #[test]
    fn extra_coins_are_invented_once_and_alike() {
        let one = state(&["some-coin", "bitcoin"]);
        let two = state(&["some-coin"]);
        let (a, b) = (
            one.coin("some-coin").unwrap(),
            two.coin("some-coin").unwrap(),
        );
        assert_eq!(a.price_usd.to_bits(), b.price_usd.to_bits());
        assert_eq!(a.name, "Some Coin");
        assert_eq!(one.coin("bitcoin").unwrap().name, "Bitcoin");
        assert!(one.coin("nobody").is_none());
    }

    #[test]
    fn entities_answer_to_every_vendor_s_name() {
        let state = state(&[]);
        for id in ["bitcoin", "Bitcoin", "BTC/USD", "coingecko:bitcoin"] {
            assert_eq!(state.called(id).unwrap().name, "Bitcoin", "{id}");
        }
        assert!(state.called("nobody").is_none());
    }

    #[test]
    fn a_listing_changes_a_life_and_nothing_else() {
        let world = World::new(1).unwrap();
        let before = world.snapshot();
        let listing = Listing {
            id: "aave".into(),
            listed_ms: None,
            delisted_ms: Some(1_700_000_000_000),
        };
        world.set_listing(&listing);
        let after = world.snapshot();
        assert!(before.coin("aave").unwrap().active_at(1_700_000_000_000));
        assert!(!after.coin("aave").unwrap().active_at(1_700_000_000_000));
        assert!(after.coin("aave").unwrap().active_at(1_699_999_999_999));
        assert_eq!(after.entities.len(), before.entities.len());
    }
}
