//! What the words of a question mean: entities, metrics and sources as the tables have them.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use entity_master::{Entity, Resolution, Resolver};
use model::{MetricName, SourceId};
use normalize::{CanonicalMetric, Dictionary, MetricResolution, Unit};
use store::read::StatRow;

use crate::Problem;
use crate::answer::EntityRef;
use crate::candidate::{Candidate, Meaning};
use crate::choose::same;
use crate::problem::Suggestion;

/// Entities, metrics and sources.
#[derive(Debug)]
pub(crate) struct Names {
    resolver: Resolver,
    dictionary: Dictionary,
    sources: BTreeSet<SourceId>,
}

/// What the asset of a question is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// As it was asked for.
    pub(crate) text: String,
    /// The entity; none for a vendor's id that nobody has mapped.
    pub(crate) entity: Option<EntityRef>,
    /// What vendors call it; a source of none is any.
    pub(crate) ids: Vec<(Option<SourceId>, String)>,
    /// The venue that was part of the text.
    pub(crate) venue: Option<String>,
}

impl Asset {
    /// Takes a text that names no entity for a vendor's own id.
    pub(crate) fn unmapped(text: &str) -> Self {
        let mut ids = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()];
        ids.dedup();
        Self {
            text: text.to_owned(),
            entity: None,
            ids: ids.into_iter().map(|id| (None, id)).collect(),
            venue: None,
        }
    }

    /// Returns the name under which answers speak of it.
    pub(crate) fn name(&self) -> &str {
        self.entity
            .as_ref()
            .map_or(&self.text, |entity| &entity.canonical_id)
    }

    pub(crate) fn is(&self, source: SourceId, asset: &str) -> bool {
        self.ids
            .iter()
            .any(|(of, id)| of.is_none_or(|of| of == source) && id == asset)
    }

    /// Whether one of its ids is there.
    pub(crate) fn is_among(&self, there: &HashSet<String>) -> bool {
        self.ids.iter().any(|(_, id)| there.contains(id))
    }

    pub(crate) fn id_list(&self) -> impl Iterator<Item = String> + '_ {
        self.ids.iter().map(|(_, id)| id.clone())
    }
}

impl Names {
    pub(crate) fn new(
        resolver: Resolver,
        dictionary: Dictionary,
        with_points: impl IntoIterator<Item = SourceId>,
    ) -> Self {
        let mappings = dictionary.mappings();
        let sources = mappings
            .iter()
            .map(|mapping| mapping.source)
            .chain(resolver.mappings().iter().map(|mapping| mapping.source))
            .chain(with_points)
            .collect();
        Self {
            resolver,
            dictionary,
            sources,
        }
    }

    pub(crate) fn source(&self, text: &str) -> Result<SourceId, Problem> {
        let plain = |text: &str| -> String {
            text.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect()
        };
        let asked = plain(text);
        self.sources
            .iter()
            .copied()
            .find(|source| plain(source.as_str()) == asked)
            .ok_or_else(|| Problem::Unknown {
                parameter: "source",
                asked: text.to_owned(),
                suggestions: self.sources_near(&asked),
            })
    }

    /// There are few sources: all of them, the nearest first.
    fn sources_near(&self, asked: &str) -> Vec<Suggestion> {
        let mut sources: Vec<SourceId> = self.sources.iter().copied().collect();
        sources.sort_by(|a, b| {
            let near = |source: &SourceId| strsim::jaro_winkler(source.as_str(), asked);
            near(b).total_cmp(&near(a))
        });
        sources
            .into_iter()
            .map(|source| Suggestion::new("source", source.as_str(), ""))
            .collect()
    }

    pub(crate) fn asset(&self, text: &str, source: Option<SourceId>) -> Result<Asset, Problem> {
        let resolution = match source {
            Some(source) => self.resolver.resolve_in(source, text),
            None => self.resolver.resolve(text),
        };
        match resolution {
            Resolution::Found(found) => Ok(self.known(text, found.entity, found.venue)),
            Resolution::Ambiguous(entities) => Err(Problem::Ambiguous {
                parameter: "asset",
                asked: text.to_owned(),
                candidates: entities.into_iter().map(suggest_entity).collect(),
            }),
            Resolution::Unknown { suggestions } => Err(Problem::Unknown {
                parameter: "asset",
                asked: text.to_owned(),
                suggestions: suggestions.into_iter().map(suggest_entity).collect(),
            }),
        }
    }

    fn known(&self, text: &str, entity: &Entity, venue: Option<String>) -> Asset {
        let ids = self.resolver.source_ids(&entity.id);
        Asset {
            text: text.to_owned(),
            ids: ids
                .map(|id| (Some(id.source), id.source_id.clone()))
                .collect(),
            entity: Some(entity_ref(entity)),
            venue,
        }
    }

    pub(crate) fn canonical(&self, name: &MetricName) -> Option<&CanonicalMetric> {
        self.dictionary.metric(name)
    }

    pub(crate) fn preferred(&self, metric: &MetricName) -> &[SourceId] {
        self.canonical(metric)
            .map_or(&[], |metric| &metric.preferred_sources)
    }

    /// Returns every stored name that the text may mean, for a first look into the database.
    pub(crate) fn stored_names(&self, text: &str, source: Option<SourceId>) -> Vec<String> {
        let meant: Vec<&CanonicalMetric> = match self.resolve(text, source) {
            MetricResolution::Found(found) => vec![found.metric],
            MetricResolution::Ambiguous(metrics) => metrics,
            MetricResolution::Unknown { .. } => Vec::new(),
        };
        let stored = self.dictionary.mappings().iter().filter(|mapping| {
            same(mapping.stored.as_str(), text)
                || meant.iter().any(|metric| metric.name == mapping.canonical)
        });
        let mut names: Vec<String> = stored
            .map(|mapping| mapping.stored.as_str().to_owned())
            .collect();
        names.push(text.trim().to_uppercase());
        names.sort();
        names.dedup();
        names
    }

    /// Returns source and stored name of every metric whose values are in the same unit whatever
    /// the quote of the series.
    pub(crate) fn free_of_quote(&self) -> Vec<(String, String)> {
        let mappings = self.dictionary.mappings().iter();
        let free = mappings.filter(|mapping| {
            self.canonical(&mapping.canonical)
                .is_some_and(|metric| (metric.unit, mapping.unit) != (Unit::Quote, Unit::Quote))
        });
        free.map(|mapping| {
            (
                mapping.source.to_string(),
                mapping.stored.as_str().to_owned(),
            )
        })
        .collect()
    }

    fn resolve(&self, text: &str, source: Option<SourceId>) -> MetricResolution<'_> {
        match source {
            Some(source) => self.dictionary.resolve_in(source, text),
            None => self.dictionary.resolve(text),
        }
    }

    /// Returns the metric that the text means where there is what `there` says, stored names with
    /// their metrics: a stored name may mean one thing at one vendor and another at the next, and
    /// what is there decides.
    pub(crate) fn metric(
        &self,
        text: &str,
        source: Option<SourceId>,
        there: &[(&MetricName, &MetricName)],
    ) -> Result<MetricName, Problem> {
        let is_there = |name: &MetricName| there.iter().any(|(_, metric)| *metric == name);
        let stored: BTreeSet<&MetricName> = there
            .iter()
            .filter(|(stored, _)| same(stored.as_str(), text))
            .map(|(_, metric)| *metric)
            .collect();
        let only_stored = if stored.len() == 1 {
            stored.first().copied().cloned()
        } else {
            None
        };
        match self.resolve(text, source) {
            MetricResolution::Found(found) if is_there(&found.metric.name) => {
                Ok(found.metric.name.clone())
            }
            MetricResolution::Found(found) => {
                Ok(only_stored.unwrap_or_else(|| found.metric.name.clone()))
            }
            MetricResolution::Ambiguous(metrics) => only_stored.ok_or_else(|| Problem::Ambiguous {
                parameter: "metric",
                asked: text.to_owned(),
                candidates: metrics.into_iter().map(suggest_metric).collect(),
            }),
            MetricResolution::Unknown { suggestions } => {
                only_stored.ok_or_else(|| Problem::Unknown {
                    parameter: "metric",
                    asked: text.to_owned(),
                    suggestions: suggestions.into_iter().map(suggest_metric).collect(),
                })
            }
        }
    }

    /// Returns the canonical metric of a stored one, or the stored name where there is none.
    pub(crate) fn canonical_of(&self, source: &str, stored: &str, step: &str) -> MetricName {
        let stored = MetricName::new(stored);
        let mapping = step
            .parse()
            .ok()
            .and_then(|step| self.dictionary.canonical(intern(source), &stored, step));
        mapping.map_or(stored.clone(), |mapping| mapping.canonical.clone())
    }

    /// Returns a stored series with its meaning; nothing for a step of a newer program.
    pub(crate) fn candidate(&self, row: StatRow) -> Option<Candidate> {
        let source = intern(&row.source);
        let step = row.step.parse().ok()?;
        let stored = MetricName::new(row.metric);
        let mapping = self.dictionary.canonical(source, &stored, step);
        let meaning = mapping.and_then(|mapping| {
            Some(Meaning {
                mapping: mapping.clone(),
                unit: self.dictionary.metric(&mapping.canonical)?.unit,
            })
        });
        let entity = self.resolver.entity_of(source, &row.asset);
        Some(Candidate {
            id: row.series,
            source,
            entity: entity.map(|(entity, _)| entity.id.clone()),
            factor: entity.map_or(1.0, |(_, factor)| factor),
            asset: row.asset,
            instrument: row.instrument,
            venue: row.venue,
            quote: row.quote,
            metric: meaning
                .as_ref()
                .map_or(&stored, |it| &it.mapping.canonical)
                .clone(),
            stored,
            step,
            label_shift_secs: row.label_shift_secs,
            points: row.points,
            ends: row.first_ts.zip(row.last_ts),
            last_value: row.last_value.unwrap_or_default(),
            meaning,
        })
    }
}

fn entity_ref(entity: &Entity) -> EntityRef {
    EntityRef {
        canonical_id: entity.id.as_str().to_owned(),
        name: entity.name.clone(),
        symbol: entity.symbol.clone(),
        kind: entity.kind.as_str(),
    }
}

fn suggest_entity(entity: &Entity) -> Suggestion {
    let symbol = entity.symbol.as_deref().unwrap_or("no ticker");
    let note = format!("{} ({symbol}), {}", entity.name, entity.kind);
    Suggestion::new("asset", entity.id.as_str(), note)
}

pub(crate) fn suggest_metric(metric: &CanonicalMetric) -> Suggestion {
    Suggestion::new("metric", metric.name.as_str(), metric.description.clone())
}

/// Ids of sources are constants elsewhere; here they come out of tables. There are a handful, and
/// each is kept once for the life of the process.
pub(crate) fn intern(name: &str) -> SourceId {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(name) = known.get(name) {
        return SourceId::new(name);
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    known.insert(name);
    SourceId::new(name)
}
