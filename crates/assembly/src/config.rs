//! The folder `sources-config`: read whole, all problems at once, before anything is asked of anybody.

use std::sync::Arc;

use entity_master::Master;
use model::{SeriesSpec, SourceId};
use normalize::Dictionary;
use runtime::{Env, VENDORS, known_variables, read_sources_config};
use source::{Source, config::nearest};
use store::dictionary::{
    CanonicalMetricRow, Dictionary as DictionaryRows, EntityIdRow, EntityRow, MetricNameRow,
};

use crate::{
    schedule::{SCHEDULE, Schedule},
    vendors::{SOURCES, build, likeness, why_not_set_up},
};

const ENTITIES: &str = "entities.csv";
const ENTITY_SOURCE_IDS: &str = "entity_source_ids.csv";
const METRICS: &str = "metrics.csv";
const CANONICAL_METRICS: &str = "canonical_metrics.csv";

/// Every vendor that rows may name, whether or not it can be collected from yet.
const NAMED_SOURCES: [SourceId; VENDORS.len()] = {
    let mut named = [SourceId::new(""); VENDORS.len()];
    let mut at = 0;
    while at < VENDORS.len() {
        named[at] = SourceId::new(VENDORS[at]);
        at += 1;
    }
    named
};

/// What a check of the configuration found.
#[derive(Clone, Debug, Default)]
pub struct ConfigCheck {
    /// What was read, a line a file.
    pub read: Vec<String>,
    /// What is wrong; each names file, line and column, or the variable.
    pub problems: Vec<String>,
}

impl ConfigCheck {
    fn take<T>(&mut self, read: anyhow::Result<T>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(format!("{error:#}"));
                None
            }
        }
    }

    /// Each is told once: a folder that cannot be read is the problem of every file.
    fn note(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Puts first what is wrong with the environment, of which the rest was read as far as it could be.
    #[must_use]
    pub fn after(self, environment: &[runtime::Problem]) -> Self {
        let mut all = Self {
            problems: Vec::new(),
            ..self
        };
        let environment = environment.iter().map(ToString::to_string);
        environment
            .chain(self.problems)
            .for_each(|one| all.note(one));
        all
    }
}

/// Reads everything and tells all that is wrong.
pub fn check_config(env: &Env) -> ConfigCheck {
    check_config_of(env, &SOURCES)
}

/// Reads what a job about these sources needs and tells all that is wrong.
pub fn check_config_of(env: &Env, sources: &[SourceId]) -> ConfigCheck {
    let mut check = ConfigCheck::default();
    for name in &env.strangers {
        let meant = nearest(name, known_variables());
        let meant = meant.map_or_else(String::new, |meant| format!(": did you mean {meant}?"));
        tracing::warn!("{name}: nobody reads a variable of that name{meant}");
    }
    for source in sources.iter().copied() {
        let vendor = env.vendor(source.as_str());
        if let Some(missing) = why_not_set_up(source, env) {
            check
                .read
                .push(format!("{source}: {missing}, it is not collected"));
            continue;
        }
        let built = check.take(build(source, &vendor).map_err(anyhow::Error::from));
        let Some(built) = built else {
            // So that its file need not wait for another attempt; a few of its rows hang on the plan.
            let likely = likeness(source, &vendor).map(|likely| series(env, &likely));
            if let Some(Err(error)) = likely {
                check.note(format!("{error:#}"));
                check.note(format!(
                    "{source}.csv was read as for the vendor's usual plan: the one that is set is unknown"
                ));
            }
            continue;
        };
        if let Some(series) = check.take(series(env, &built)) {
            for warning in built.config_warnings() {
                tracing::warn!(%source, "{warning}");
            }
            let on = series.iter().filter(|one| one.enabled).count();
            check.read.push(format!(
                "{source}.csv: {} series, {on} enabled",
                series.len()
            ));
        }
    }
    if let Some(schedule) = check.take(Schedule::read(env)) {
        check.read.push(match schedule.rows {
            Some(rows) => format!("{SCHEDULE}: {rows} sources"),
            None => format!("{SCHEDULE}: not there, every source by its vendor's own times"),
        });
    }
    if let Some(rows) = check.take(dictionary(env)) {
        check.read.push(format!(
            "{ENTITIES}: {} entities, {ENTITY_SOURCE_IDS}: {} ids, {METRICS}: {} names, {CANONICAL_METRICS}: {} metrics",
            rows.entities.len(), rows.ids.len(), rows.metric_names.len(), rows.canonical_metrics.len()
        ));
    }
    check
}

/// Returns the name of a vendor's file.
pub(crate) fn file_of(source: SourceId) -> String {
    format!("{source}.csv")
}

/// Reads what the configuration wants of a vendor.
///
/// # Errors
/// Every problem of the file at once.
pub fn series(env: &Env, source: &Arc<dyn Source>) -> anyhow::Result<Vec<SeriesSpec>> {
    let file = file_of(source.id());
    let csv = read_sources_config(env.sources_config.as_deref(), &file)?;
    Ok(source.read_config(&file, &csv)?)
}

/// Reads the entities and the names of metrics, ready for the tables.
///
/// # Errors
/// Every problem of the files at once.
pub fn dictionary(env: &Env) -> anyhow::Result<DictionaryRows> {
    let read = |file: &str| read_sources_config(env.sources_config.as_deref(), file);
    let (entities, ids) = (read(ENTITIES)?, read(ENTITY_SOURCE_IDS)?);
    let (metrics, canonical) = (read(METRICS)?, read(CANONICAL_METRICS)?);
    let master = Master::parse(
        entity_master::CsvText {
            name: ENTITIES,
            bytes: &entities,
        },
        entity_master::CsvText {
            name: ENTITY_SOURCE_IDS,
            bytes: &ids,
        },
        &NAMED_SOURCES,
    )?;
    let names = Dictionary::parse(
        normalize::CsvText {
            name: METRICS,
            bytes: &metrics,
        },
        normalize::CsvText {
            name: CANONICAL_METRICS,
            bytes: &canonical,
        },
        &NAMED_SOURCES,
    )?;
    Ok(rows(&master, &names))
}

fn rows(master: &Master, names: &Dictionary) -> DictionaryRows {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    DictionaryRows {
        entities: master
            .entities()
            .iter()
            .map(|entity| EntityRow {
                canonical_id: entity.id.as_str().to_owned(),
                name: entity.name.clone(),
                symbol: text(entity.symbol.as_deref()),
                kind: entity.kind.as_str().to_owned(),
                asset_class: entity.asset_class.as_str().to_owned(),
                sector: text(entity.sector.as_deref()),
                parent: text(entity.parent.as_ref().map(|parent| parent.as_str())),
            })
            .collect(),
        ids: master
            .source_ids()
            .iter()
            .map(|id| EntityIdRow {
                source: id.source.as_str().to_owned(),
                source_id: id.source_id.clone(),
                canonical_id: id.entity.as_str().to_owned(),
                factor: id.factor,
                origin: "curated".to_owned(),
            })
            .collect(),
        canonical_metrics: names
            .metrics()
            .iter()
            .map(|metric| CanonicalMetricRow {
                metric: metric.name.as_str().to_owned(),
                unit: metric.unit.to_string(),
                kind: metric.kind.to_string(),
                preferred_sources: metric
                    .preferred_sources
                    .iter()
                    .map(|source| source.as_str().to_owned())
                    .collect(),
                description: metric.description.clone(),
            })
            .collect(),
        metric_names: names
            .mappings()
            .iter()
            .map(|name| MetricNameRow {
                source: name.source.as_str().to_owned(),
                metric: name.stored.as_str().to_owned(),
                step: text(name.step.map(|step| step.as_str())),
                canonical: name.canonical.as_str().to_owned(),
                unit: name.unit.to_string(),
                multiplier: name.multiplier,
                kind: name.kind.to_string(),
                scales: name.scales.to_string(),
            })
            .collect(),
    }
}
