//! From what somebody wrote to the entity that is meant.

use std::collections::HashMap;

use model::SourceId;
use tables::suggestions;

use crate::{
    Master,
    entity::{Entity, EntityId, SourceMapping},
    fold::fold,
};

/// What a text means.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution<'a> {
    /// One entity.
    Found(Match<'a>),
    /// Several entities, in the order of the file; the answer lists them, nothing is chosen.
    Ambiguous(Vec<&'a Entity>),
    /// No entity.
    Unknown {
        /// The nearest, best first, at most five.
        suggestions: Vec<&'a Entity>,
    },
}

/// An entity and how it was recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct Match<'a> {
    /// The entity.
    pub entity: &'a Entity,
    /// What the text was.
    pub by: MatchedBy,
    /// The venue of a text such as `BTC_binance-futures`, lower case. Whether any series has that
    /// venue is for the caller to find out.
    pub venue: Option<String>,
}

/// What the text was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// The canonical id.
    CanonicalId,
    /// A vendor's id.
    SourceId,
    /// A ticker that one entity alone has.
    Symbol,
    /// The name.
    Name,
}

/// Finds entities by anything that names them. Built once, asked often.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    master: Master,
    by_id: HashMap<EntityId, usize>,
    /// Exact vendor ids to entity and factor.
    by_source: HashMap<SourceId, HashMap<String, (usize, f64)>>,
    ids: Index,
    source_ids: Index,
    source_ids_of: HashMap<SourceId, Index>,
    symbols: Index,
    names: Index,
    /// Vendor ids without their namespace (`chain:OP Mainnet`), the last resort.
    bare_source_ids: Index,
}

/// Folded text to the entities it may mean, by position.
#[derive(Clone, Debug, Default)]
struct Index(HashMap<String, Vec<usize>>);

impl Index {
    fn add(&mut self, text: &str, entity: usize) {
        let entities = self.0.entry(fold(text)).or_default();
        if !entities.contains(&entity) {
            entities.push(entity);
        }
    }

    fn get(&self, folded: &str) -> &[usize] {
        self.0.get(folded).map_or(&[], Vec::as_slice)
    }
}

impl Resolver {
    /// Indexes the master.
    pub fn new(master: Master) -> Self {
        let mut resolver = Self::default();
        for (at, entity) in master.entities().iter().enumerate() {
            resolver.by_id.insert(entity.id.clone(), at);
            resolver.ids.add(entity.id.as_str(), at);
            resolver.names.add(&entity.name, at);
            if let Some(symbol) = &entity.symbol {
                resolver.symbols.add(symbol, at);
            }
        }
        for mapping in master.source_ids() {
            resolver.index_source_id(mapping);
        }
        resolver.master = master;
        resolver
    }

    fn index_source_id(&mut self, mapping: &SourceMapping) {
        let Some(&at) = self.by_id.get(&mapping.entity) else {
            return;
        };
        let text = mapping.source_id.as_str();
        self.by_source
            .entry(mapping.source)
            .or_default()
            .insert(text.to_owned(), (at, mapping.factor));
        self.source_ids.add(text, at);
        self.source_ids_of
            .entry(mapping.source)
            .or_default()
            .add(text, at);
        // Numbers (`stablecoin:1`) name nothing without their namespace.
        if let Some((_, bare)) = text.split_once(':')
            && bare.starts_with(char::is_alphabetic)
        {
            self.bare_source_ids.add(bare, at);
        }
    }

    /// Returns what `text` means. The first of these that fits decides, case and separators aside:
    /// canonical id, vendor id of any source, ticker, name, coin and venue joined by `_` (the
    /// predecessor's `BTC_binance-futures`), vendor id without its namespace.
    pub fn resolve(&self, text: &str) -> Resolution<'_> {
        self.resolve_among(text, None)
    }

    /// Like [`Self::resolve`], with the vendor ids of one source only.
    pub fn resolve_in(&self, source: SourceId, text: &str) -> Resolution<'_> {
        self.resolve_among(text, Some(source))
    }

    fn resolve_among(&self, text: &str, source: Option<SourceId>) -> Resolution<'_> {
        let text = text.trim();
        let folded = fold(text);
        if folded.is_empty() {
            return Resolution::Unknown {
                suggestions: Vec::new(),
            };
        }
        if let Some(found) = self.by_short_name(text, &folded, source) {
            return found;
        }
        if let Some(found) = self.decide(self.names.get(&folded), MatchedBy::Name) {
            return found;
        }
        if let Some(found) = self.with_venue(text, source) {
            return found;
        }
        self.decide(self.bare_source_ids.get(&folded), MatchedBy::SourceId)
            .unwrap_or_else(|| Resolution::Unknown {
                suggestions: self.suggest(&folded),
            })
    }

    /// Canonical id, vendor id, ticker.
    fn by_short_name(
        &self,
        text: &str,
        folded: &str,
        source: Option<SourceId>,
    ) -> Option<Resolution<'_>> {
        self.decide(self.ids.get(folded), MatchedBy::CanonicalId)
            .or_else(|| {
                let exact = self.exact_source_ids(text, source);
                self.decide(&exact, MatchedBy::SourceId)
            })
            .or_else(|| {
                let index = match source {
                    Some(source) => self.source_ids_of.get(&source)?,
                    None => &self.source_ids,
                };
                self.decide(index.get(folded), MatchedBy::SourceId)
            })
            .or_else(|| self.decide(self.symbols.get(folded), MatchedBy::Symbol))
    }

    /// Vendors tell `M` from `m`: the exact spelling goes before the folded one.
    fn exact_source_ids(&self, text: &str, source: Option<SourceId>) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .by_source
            .iter()
            .filter(|(of, _)| source.is_none_or(|source| **of == source))
            .filter_map(|(_, ids)| ids.get(text).map(|(at, _)| *at))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn with_venue(&self, text: &str, source: Option<SourceId>) -> Option<Resolution<'_>> {
        let (coin, venue) = text.split_once('_')?;
        let (coin, venue) = (coin.trim(), fold(venue));
        if coin.is_empty() || venue.is_empty() {
            return None;
        }
        let mut resolution = self.by_short_name(coin, &fold(coin), source)?;
        if let Resolution::Found(found) = &mut resolution {
            found.venue = Some(venue);
        }
        Some(resolution)
    }

    fn decide(&self, found: &[usize], by: MatchedBy) -> Option<Resolution<'_>> {
        let entities: Vec<&Entity> = found.iter().filter_map(|at| self.at(*at)).collect();
        match entities.as_slice() {
            [] => None,
            [entity] => Some(Resolution::Found(Match {
                entity,
                by,
                venue: None,
            })),
            _ => Some(Resolution::Ambiguous(entities)),
        }
    }

    fn suggest(&self, folded: &str) -> Vec<&Entity> {
        let candidates = self.master.entities().iter().map(|entity| {
            let keys = [
                Some(fold(entity.id.as_str())),
                Some(fold(&entity.name)),
                entity.symbol.as_deref().map(fold),
            ];
            (entity, keys)
        });
        let candidates: Vec<(&Entity, [Option<String>; 3])> = candidates.collect();
        suggestions(
            folded,
            candidates
                .iter()
                .map(|(entity, keys)| (*entity, keys.iter().filter_map(Option::as_deref))),
        )
    }

    fn at(&self, position: usize) -> Option<&Entity> {
        self.master.entities().get(position)
    }

    /// Returns the entity with exactly this canonical id.
    pub fn entity(&self, id: &EntityId) -> Option<&Entity> {
        self.at(*self.by_id.get(id)?)
    }

    /// Returns every entity in the order of the file.
    pub fn entities(&self) -> &[Entity] {
        self.master.entities()
    }

    /// Returns every vendor id in the order of the file.
    pub fn mappings(&self) -> &[SourceMapping] {
        self.master.source_ids()
    }

    /// Returns the vendor ids that mean this entity, several per vendor where it has several.
    pub fn source_ids<'a>(
        &'a self,
        id: &'a EntityId,
    ) -> impl Iterator<Item = &'a SourceMapping> + 'a {
        self.mappings()
            .iter()
            .filter(move |mapping| mapping.entity == *id)
    }

    /// Returns the entity that a vendor's id means, spelled exactly as the vendor does, and the
    /// factor between them.
    pub fn entity_of(&self, source: SourceId, source_id: &str) -> Option<(&Entity, f64)> {
        let (at, factor) = *self.by_source.get(&source)?.get(source_id)?;
        Some((self.at(at)?, factor))
    }

    /// Returns the file's spelling of a sector: `Layer 1`, `layer_1` and `L1` are `layer-1`.
    pub fn sector(&self, text: &str) -> Option<&str> {
        self.master.sectors().find(text)
    }

    /// Returns every sector, sorted.
    pub fn sectors(&self) -> Vec<&str> {
        self.master.sectors().all()
    }
}
