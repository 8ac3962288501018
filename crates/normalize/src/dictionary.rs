//! What every stored metric means.

use std::collections::HashMap;

use model::{MetricName, SourceId, Step};
use tables::{CsvText, Problems};

use crate::{
    reading,
    words::{Kind, Scales, Unit},
};

/// One meaning, under the name that all vendors share.
#[derive(Clone, Debug, PartialEq)]
pub struct CanonicalMetric {
    /// The canonical name.
    pub name: MetricName,
    /// The unit of a normalised value.
    pub unit: Unit,
    /// How it behaves in time.
    pub kind: Kind,
    /// The sources that have it, the one to ask first in front.
    pub preferred_sources: Vec<SourceId>,
    /// What it is, in a sentence.
    pub description: String,
}

/// What one vendor's stored metric means.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The vendor.
    pub source: SourceId,
    /// The name in `series`.
    pub stored: MetricName,
    /// The step it holds for; `None` for every step.
    pub step: Option<Step>,
    /// The canonical metric.
    pub canonical: MetricName,
    /// The unit of the stored value.
    pub unit: Unit,
    /// Turns a stored value into the canonical unit.
    pub multiplier: f64,
    /// How it behaves in time, as the canonical metric does.
    pub kind: Kind,
    /// How an entity's factor touches it.
    pub scales: Scales,
}

impl Mapping {
    /// Returns a stored value in the canonical unit and in units of the entity; `factor` is how
    /// many of these the vendor's unit is.
    pub fn normalize(&self, value: f64, factor: f64) -> f64 {
        let value = value * self.multiplier;
        match self.scales {
            Scales::Price => value / factor,
            Scales::Quantity => value * factor,
            Scales::None => value,
        }
    }
}

/// Every metric, by stored and by canonical name.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    metrics: Vec<CanonicalMetric>,
    mappings: Vec<Mapping>,
    by_name: HashMap<MetricName, usize>,
    by_stored: HashMap<(SourceId, MetricName, Option<Step>), usize>,
}

impl Dictionary {
    /// Reads `metrics.csv` and `canonical_metrics.csv`; `sources` are the vendors that may occur.
    ///
    /// # Errors
    /// Returns every problem of both files at once: unknown columns, broken lines, bad words,
    /// duplicate keys, names that the other file lacks, units that do not convert, preferred
    /// sources that do not have the metric and sources that are not preferred anywhere.
    pub fn parse(
        metrics: CsvText<'_>,
        canonical: CsvText<'_>,
        sources: &[SourceId],
    ) -> Result<Self, Problems> {
        let (metrics, mappings) = reading::read(&metrics, &canonical, sources)?;
        Ok(Self::from_rows(metrics, mappings))
    }

    /// Takes rows that were checked before: readers have them from the tables that a checked
    /// dictionary was written to.
    pub fn from_rows(metrics: Vec<CanonicalMetric>, mappings: Vec<Mapping>) -> Self {
        let by_name = metrics
            .iter()
            .enumerate()
            .map(|(at, metric)| (metric.name.clone(), at))
            .collect();
        let by_stored = mappings
            .iter()
            .enumerate()
            .map(|(at, mapping)| ((mapping.source, mapping.stored.clone(), mapping.step), at))
            .collect();
        Self {
            metrics,
            mappings,
            by_name,
            by_stored,
        }
    }

    /// Returns what a stored metric means at a step: the row for that step, else the row for all.
    pub fn canonical(&self, source: SourceId, stored: &MetricName, step: Step) -> Option<&Mapping> {
        let at = [Some(step), None]
            .into_iter()
            .find_map(|step| self.by_stored.get(&(source, stored.clone(), step)))?;
        self.mappings.get(*at)
    }

    /// Returns the stored metrics of a source that mean a canonical one, in the order of the file:
    /// a vendor may have had several names for it.
    pub fn stored_names<'a>(
        &'a self,
        canonical: &'a MetricName,
        source: SourceId,
    ) -> impl Iterator<Item = &'a Mapping> + 'a {
        self.mappings
            .iter()
            .filter(move |mapping| mapping.source == source && mapping.canonical == *canonical)
    }

    /// Returns the canonical metric of exactly this name.
    pub fn metric(&self, name: &MetricName) -> Option<&CanonicalMetric> {
        self.metrics.get(*self.by_name.get(name)?)
    }

    /// Returns every canonical metric in the order of the file.
    pub fn metrics(&self) -> &[CanonicalMetric] {
        &self.metrics
    }

    /// Returns every mapping in the order of the file.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetricResolution;

    const VELO: SourceId = SourceId::new("velo");

    fn mapping(stored: &str, step: Option<Step>, canonical: &str) -> Mapping {
        Mapping {
            source: VELO,
            stored: stored.into(),
            step,
            canonical: canonical.into(),
            unit: Unit::Usd,
            multiplier: 1.0,
            kind: Kind::Flow,
            scales: Scales::None,
        }
    }

    #[test]
    fn rows_are_found_by_name_source_and_step() {
        let volume = CanonicalMetric {
            name: "VOLUME".into(),
            unit: Unit::Quote,
            kind: Kind::Flow,
            preferred_sources: vec![VELO],
            description: "traded".to_owned(),
        };
        let mappings = vec![
            mapping("DOLLAR_VOLUME", None, "VOLUME"),
            mapping("DOLLAR_VOLUME", Some(Step::Day), "VOLUME_DAY"),
        ];
        let dictionary = Dictionary::from_rows(vec![volume.clone()], mappings.clone());
        assert_eq!(dictionary.mappings(), mappings);
        assert_eq!(dictionary.metrics(), std::slice::from_ref(&volume));
        assert_eq!(dictionary.metric(&"VOLUME".into()), Some(&volume));

        let meaning = |source, step| dictionary.canonical(source, &"DOLLAR_VOLUME".into(), step);
        assert_eq!(meaning(VELO, Step::Hour), mappings.first());
        assert_eq!(meaning(VELO, Step::Day), mappings.last());
        assert_eq!(meaning(SourceId::new("artemis"), Step::Hour), None);
    }

    #[test]
    fn a_row_without_its_metric_is_no_answer() {
        let dictionary = Dictionary::from_rows(Vec::new(), vec![mapping("CLOSE", None, "PRICE")]);
        assert_eq!(dictionary.metric(&"PRICE".into()), None);
        let nothing = MetricResolution::Unknown {
            suggestions: Vec::new(),
        };
        assert_eq!(dictionary.resolve("close"), nothing);
    }
}
