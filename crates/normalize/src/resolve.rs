//! From what somebody wrote to the metric that is meant.

use model::SourceId;
use tables::suggestions;

use crate::{
    dictionary::{CanonicalMetric, Dictionary},
    predecessor,
};

/// What a text means.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricResolution<'a> {
    /// One canonical metric.
    Found(MetricMatch<'a>),
    /// A stored name that means different things at different vendors.
    Ambiguous(Vec<&'a CanonicalMetric>),
    /// No metric.
    Unknown {
        /// The nearest, best first, at most five.
        suggestions: Vec<&'a CanonicalMetric>,
    },
}

/// A metric and how it was recognised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricMatch<'a> {
    /// The metric.
    pub metric: &'a CanonicalMetric,
    /// What the text was.
    pub by: NamedBy,
}

/// What the text was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The canonical name.
    Canonical,
    /// The name under which a vendor's values are stored.
    Stored,
    /// A name of the predecessor, or one that everybody uses.
    Predecessor,
}

impl Dictionary {
    /// Returns what `text` means, case and separators aside. The first that fits decides:
    /// canonical name, stored name of any source, predecessor's name, canonical name written
    /// without separators (`marketcap`).
    pub fn resolve(&self, text: &str) -> MetricResolution<'_> {
        let asked = fold(text);
        self.by_canonical_name(&asked)
            .or_else(|| self.by_stored_name(&asked, None))
            .unwrap_or_else(|| self.last_resort(&asked))
    }

    /// Like [`Self::resolve`] where the source is known: its own stored names go before everything
    /// else, so that Alpha Vantage's `CLOSE` is the price and not a CoinGecko candle.
    pub fn resolve_in(&self, source: SourceId, text: &str) -> MetricResolution<'_> {
        let asked = fold(text);
        self.by_stored_name(&asked, Some(source))
            .or_else(|| self.by_canonical_name(&asked))
            .or_else(|| self.by_stored_name(&asked, None))
            .unwrap_or_else(|| self.last_resort(&asked))
    }

    fn by_canonical_name(&self, asked: &str) -> Option<MetricResolution<'_>> {
        let metric = self.metric(&asked.into())?;
        let by = NamedBy::Canonical;
        Some(MetricResolution::Found(MetricMatch { metric, by }))
    }

    fn by_stored_name(
        &self,
        asked: &str,
        source: Option<SourceId>,
    ) -> Option<MetricResolution<'_>> {
        let mut metrics: Vec<&CanonicalMetric> = Vec::new();
        for mapping in self.mappings() {
            if mapping.stored.as_str() == asked
                && source.is_none_or(|source| mapping.source == source)
                && let Some(metric) = self.metric(&mapping.canonical)
                && !metrics.contains(&metric)
            {
                metrics.push(metric);
            }
        }
        let by = NamedBy::Stored;
        match metrics.as_slice() {
            [] => None,
            [metric] => Some(MetricResolution::Found(MetricMatch { metric, by })),
            _ => Some(MetricResolution::Ambiguous(metrics)),
        }
    }

    fn last_resort(&self, asked: &str) -> MetricResolution<'_> {
        let old_name = predecessor::NAMES
            .iter()
            .find(|(name, _)| *name == asked)
            .and_then(|(_, canonical)| self.metric(&(*canonical).into()));
        if let Some(metric) = old_name {
            let by = NamedBy::Predecessor;
            return MetricResolution::Found(MetricMatch { metric, by });
        }
        let unseparated = self
            .metrics()
            .iter()
            .find(|metric| !asked.is_empty() && metric.name.as_str().replace('_', "") == asked);
        if let Some(metric) = unseparated {
            let by = NamedBy::Canonical;
            return MetricResolution::Found(MetricMatch { metric, by });
        }
        MetricResolution::Unknown {
            suggestions: self.suggest(asked),
        }
    }

    fn suggest(&self, asked: &str) -> Vec<&CanonicalMetric> {
        suggestions(
            asked,
            self.metrics().iter().map(|metric| {
                let stored = self
                    .mappings()
                    .iter()
                    .filter(|mapping| mapping.canonical == metric.name)
                    .map(|mapping| mapping.stored.as_str());
                (metric, stored.chain([metric.name.as_str()]))
            }),
        )
    }
}

/// Upper case, with every run of blanks, `-` and `_` as one `_`.
fn fold(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '-' || c == '_')
        .filter(|part| !part.is_empty())
        .map(str::to_uppercase)
        .collect::<Vec<_>>()
        .join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_separators_do_not_matter() {
        for text in ["market cap", "Market-Cap", " MARKET__CAP_", "market_cap"] {
            assert_eq!(fold(text), "MARKET_CAP");
        }
        assert_eq!(fold("24h volume"), "24H_VOLUME");
    }
}
