//! Builds the roster: who plays which part, where, with whom.

use std::sync::Arc;

use super::enrol::{invented, pool_entity, slug_of};
use super::names::{CHILDREN, EXTRAS, category, chain_of_platform, picked, slug};
use super::roster::{Chain, Leaf, Parent, Pool, Roster, Stable, Who};
use crate::chance;
use crate::entity::{Entity, title};
use crate::instant::MINUTE_MS;

impl Roster {
    /// Adds parents, protocols, the children of parents, and those that every list should have.
    pub(super) fn add_protocols(&mut self) {
        let world = Arc::clone(&self.world);
        let named = |entity: &&Arc<Entity>| entity.llama_protocol.is_some();
        let (parents, plain): (Vec<_>, Vec<_>) =
            world.entities.iter().filter(named).partition(|entity| {
                entity
                    .llama_protocol
                    .as_deref()
                    .is_some_and(|id| id.starts_with("parent#"))
            });
        for entity in parents {
            let slug = slug_of(entity.llama_protocol.as_deref().unwrap_or_default());
            let parent = self.parents.len();
            self.slugs.insert(slug.to_owned(), Who::Parent(parent));
            self.parents.push(Parent {
                slug: slug.to_owned(),
                name: title(slug),
                entity: Arc::clone(entity),
                children: Vec::new(),
            });
        }
        for entity in plain {
            let slug = entity.llama_protocol.clone().unwrap_or_default();
            let known = CHILDREN.iter().find(|child| self::slug(child.name) == slug);
            let name = known.map_or_else(|| title(&slug), |child| child.name.to_owned());
            let parent = self.parents.iter().position(|parent| {
                slug.starts_with(&format!("{}-", parent.slug))
                    || known.is_some_and(|child| child.parent == parent.slug)
            });
            self.add_leaf(name, slug, entity.llama_id.clone(), entity, 1.0, parent);
        }
        for parent in 0..self.parents.len() {
            self.add_children(parent);
        }
        for (name, id, category) in EXTRAS {
            let slug = slug(name);
            if !self.slugs.contains_key(&slug) {
                let mut entity = invented("protocol", &slug);
                let quiet = category == "Dexs";
                entity.tvl_usd = (!quiet).then_some(if category == "CEX" { 1.5e10 } else { 2e8 });
                entity.fees_usd_day = match category {
                    "CEX" => None,
                    _ if quiet => Some(900.0),
                    _ => Some(60_000.0),
                };
                let id = Some(id.to_owned());
                self.add_leaf(name.to_owned(), slug, id, &Arc::new(entity), 1.0, None);
            }
        }
    }

    /// Adds the children that no entity of their own stands for.
    fn add_children(&mut self, parent: usize) {
        let Some(Parent {
            slug, name, entity, ..
        }) = self.parents.get(parent)
        else {
            return;
        };
        let entity = Arc::clone(entity);
        let known: Vec<_> = CHILDREN
            .iter()
            .filter(|child| child.parent == slug)
            .collect();
        let children: Vec<(String, Option<String>, f64)> = if known.is_empty() {
            vec![
                (format!("{name} V1"), None, 0.3),
                (format!("{name} V2"), None, 0.7),
            ]
        } else {
            let own = known.into_iter();
            own.map(|child| {
                (
                    child.name.to_owned(),
                    Some(child.id.to_owned()),
                    child.share,
                )
            })
            .collect()
        };
        for (name, id, share) in children {
            let slug = self::slug(&name);
            if !self.slugs.contains_key(&slug) {
                self.add_leaf(name, slug, id, &entity, share, Some(parent));
            }
        }
    }

    fn add_leaf(
        &mut self,
        name: String,
        slug: String,
        id: Option<String>,
        entity: &Arc<Entity>,
        share: f64,
        parent: Option<usize>,
    ) {
        let hash = chance::text(&slug);
        let index = self.leaves.len();
        // A number beyond those the vendor has given out, so that none is met twice.
        let id = id.unwrap_or_else(|| (100_000 + chance::below(hash, 1_000_000_000)).to_string());
        let home = self.home(entity).or_else(|| {
            let even = hash.is_multiple_of(2);
            even.then(|| {
                self.chains
                    .iter()
                    .position(|chain| chain.name == "Ethereum")
            })?
        });
        let quiet = slug == "quiet-dex";
        let lag_ms = MINUTE_MS * (5 + chance::below(chance::pair(hash, 32), 170));
        let daily = quiet || chance::below(chance::pair(hash, 33), 10) < 3;
        self.leaves.push(Leaf {
            category: category(&slug),
            is_chain: false,
            entity: Arc::clone(entity),
            share,
            chains: self.spread(hash, home, 4),
            parent,
            hash,
            daily_lag_ms: daily.then_some(lag_ms),
            id,
            name,
            slug: slug.clone(),
        });
        self.slugs.entry(slug).or_insert(Who::Leaf(index));
        if let Some(parent) = parent.and_then(|parent| self.parents.get_mut(parent)) {
            parent.children.push(index);
        }
    }

    /// Returns the chain that an entity is at home on, if it says so.
    fn home(&self, entity: &Entity) -> Option<usize> {
        let own = entity.llama_chain.as_deref();
        let platform = entity
            .platforms
            .first()
            .and_then(|(platform, _)| chain_of_platform(platform));
        let name = own.or(platform)?;
        self.chains.iter().position(|chain| chain.name == name)
    }

    /// Picks up to `most` chains by chance, home first, with parts that fall off.
    fn spread(&self, hash: u64, home: Option<usize>, most: i64) -> Vec<(usize, f64)> {
        let rank = |chain: &Chain| chance::pair(hash, chance::text(&chain.name));
        let mut order: Vec<(u64, usize)> = self
            .chains
            .iter()
            .enumerate()
            .map(|(index, chain)| (rank(chain), index))
            .collect();
        order.sort_unstable();
        order.sort_by_key(|(_, index)| Some(*index) != home);
        let count = usize::try_from(1 + chance::below(chance::pair(hash, 31), most)).unwrap_or(1);
        let mut part = 0.5;
        let parts = order.into_iter().take(count).map(|(_, index)| {
            part *= 0.5;
            (index, part)
        });
        parts.collect()
    }

    /// Adds each chain with fees of its own as one that earns.
    pub(super) fn add_chains_as_earners(&mut self) {
        for (index, chain) in self.chains.iter().enumerate() {
            if chain.entity.fees_usd_day.is_none() {
                continue;
            }
            let slug = slug(&chain.name);
            let leaf = self.leaves.len();
            let number = chance::below(chance::text(&chain.name), 40_000) + 1;
            self.leaves.push(Leaf {
                name: chain.name.clone(),
                id: number.to_string(),
                category: "Chain",
                is_chain: true,
                entity: Arc::clone(&chain.entity),
                share: 1.0,
                chains: vec![(index, 1.0)],
                parent: None,
                hash: chance::pair(chance::text(&slug), 30),
                daily_lag_ms: None,
                slug: slug.clone(),
            });
            self.slugs.entry(slug).or_insert(Who::Leaf(leaf));
        }
    }

    /// Gives each chain a little of a protocol of each kind that its series are asked for.
    pub(super) fn cover_chains(&mut self) {
        for index in 0..self.chains.len() {
            for kind in ["Dexs", "Derivatives", "Lending"] {
                let fits = |leaf: &&mut Leaf| leaf.category == kind;
                let on = |leaf: &Leaf| leaf.chains.iter().any(|(chain, _)| *chain == index);
                if self
                    .leaves
                    .iter()
                    .any(|leaf| leaf.category == kind && on(leaf))
                {
                    continue;
                }
                let name = self
                    .chains
                    .get(index)
                    .map_or(0, |chain| chance::text(&chain.name));
                let all = self.leaves.iter_mut().filter(fits);
                if let Some(leaf) = all.min_by_key(|leaf| chance::pair(leaf.hash, name)) {
                    leaf.chains.push((index, 0.004));
                }
            }
        }
    }

    /// Adds the stablecoins.
    pub(super) fn add_stables(&mut self) {
        let world = Arc::clone(&self.world);
        for entity in &world.entities {
            let Some(id) = entity.llama_stablecoin.clone() else {
                continue;
            };
            let hash = chance::pair(entity.hash, 41);
            self.stables.push(Stable {
                id,
                peg: if entity.price_usd > 1.1 {
                    "peggedEUR"
                } else {
                    "peggedUSD"
                },
                chains: self.spread(hash, self.home(entity), 6),
                entity: Arc::clone(entity),
            });
        }
    }

    /// Adds the pools that are named, and one for each protocol with something locked.
    pub(super) fn add_pools(&mut self) {
        let world = Arc::clone(&self.world);
        let enrolled = world.entities.iter().filter(|entity| entity.kind == "pool");
        for entity in enrolled {
            let slugs: Vec<&str> = self
                .with_tvl()
                .map(|(_, leaf)| leaf.slug.as_str())
                .collect();
            let project = match entity.name.as_str() {
                LIDO_POOL => "lido",
                _ => picked(&slugs, entity.hash),
            };
            if let Some(Who::Leaf(leaf)) = self.slugs.get(project).copied() {
                let uuid = entity.name.clone();
                let entity = Arc::clone(entity);
                self.pools.push(Pool { uuid, entity, leaf });
            }
        }
        let own: Vec<(usize, String)> = self
            .with_tvl()
            .filter(|(_, leaf)| leaf.category != "CEX")
            .map(|(index, leaf)| match leaf.slug.as_str() {
                "lido" => (index, LIDO_POOL.to_owned()),
                slug => (index, uuid(chance::text(slug))),
            })
            .collect();
        for (leaf, uuid) in own {
            if self.pools.iter().all(|pool| pool.uuid != uuid) {
                let entity = Arc::new(pool_entity(&uuid));
                self.pools.push(Pool { uuid, entity, leaf });
            }
        }
    }

    fn with_tvl(&self) -> impl Iterator<Item = (usize, &Leaf)> {
        let all = self.leaves.iter().enumerate();
        all.filter(|(_, leaf)| !leaf.is_chain && leaf.entity.tvl_usd.is_some())
    }
}

/// The pool of the vendor's own example.
const LIDO_POOL: &str = "747c1d2a-c668-4682-b9f9-296708a3dd90";

fn uuid(hash: u64) -> String {
    let (a, b) = (chance::pair(hash, 51), chance::pair(hash, 52));
    let (head, tail) = (format!("{a:016x}"), format!("{b:016x}"));
    let part =
        |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(&head, 0, 8),
        part(&head, 8, 12),
        part(&head, 12, 15),
        part(&tail, 0, 3),
        part(&tail, 3, 15),
    )
}
