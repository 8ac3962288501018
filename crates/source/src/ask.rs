//! What is wanted of one dataset.

use model::{DatasetId, Key, MetricName, PullKind, SourceId, TimeRange, Ts};

use crate::{DatasetSpec, RequestSpec};

/// What one pull wants of one dataset, in label time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The dataset.
    pub dataset: DatasetId,
    /// Why.
    pub kind: PullKind,
    /// The moment for which the plan is made.
    pub now: Ts,
    /// No request begins before this instant, not even to pad: the vendor refused what is older,
    /// although the configured plan should reach it. `None`: the configured plan alone decides.
    pub oldest: Option<Ts>,
    /// The wanted parts, sorted by key, then time. Empty for a catalogue. Where more is asked than is
    /// open ([`DatasetSpec::whole`], [`crate::Live::Open`]) the keys that wait longest come first.
    pub wants: Vec<Want>,
}

/// A part: some metrics of one key over one range of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Asset, instrument, venue and quote.
    pub key: Key,
    /// The wanted metrics, sorted.
    pub metrics: Vec<MetricName>,
    /// The labels, aligned to the dataset's step.
    pub labels: TimeRange,
}

impl Want {
    /// Whether nothing is wanted: no metric, or no time.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty() || self.labels.is_empty()
    }
}

/// The requests of an ask, made one by one.
pub type Plan<'a> = Box<dyn Iterator<Item = RequestSpec> + Send + 'a>;

/// An ask or a path that this source has no answer to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No such dataset.
    #[error("{source_id} has no dataset {dataset:?}; it has {known}")]
    UnknownDataset {
        /// The source.
        source_id: &'static str,
        /// What was asked for.
        dataset: String,
        /// What there is, joined by commas.
        known: String,
    },
    /// No dataset uses such a path.
    #[error("no dataset of {source_id} uses the path {path:?}")]
    UnknownPath {
        /// The source.
        source_id: &'static str,
        /// The path without the query.
        path: String,
    },
    /// A parameter is missing or unreadable.
    #[error("parameter {name}: {why}")]
    Parameter {
        /// Its name in the query.
        name: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl PlanError {
    /// Makes the error that tells which datasets there are.
    pub fn unknown_dataset(source: SourceId, datasets: &[DatasetSpec], asked: DatasetId) -> Self {
        let known: Vec<&str> = datasets.iter().map(|dataset| dataset.id.as_str()).collect();
        Self::UnknownDataset {
            source_id: source.as_str(),
            dataset: asked.as_str().to_owned(),
            known: known.join(", "),
        }
    }

    /// Makes the error that tells what is wrong with a parameter.
    pub fn parameter(name: &'static str, why: impl Into<String>) -> Self {
        Self::Parameter {
            name,
            why: why.into(),
        }
    }
}
