//! A stored series with what its numbers mean.

use entity_master::EntityId;
use model::{MetricName, SourceId, Step, TimeRange, Ts};
use normalize::{Kind, Mapping, Part, Unit};
use store::series::SeriesId;

/// A stored series, its place in the dictionary and in the entity master.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) id: SeriesId,
    pub(crate) source: SourceId,
    pub(crate) asset: String,
    pub(crate) instrument: String,
    pub(crate) venue: String,
    pub(crate) quote: String,
    /// The stored metric name.
    pub(crate) stored: MetricName,
    pub(crate) step: Step,
    pub(crate) label_shift_secs: i64,
    pub(crate) points: i64,
    /// Oldest and newest bucket; none where nothing is stored yet.
    pub(crate) ends: Option<(Ts, Ts)>,
    pub(crate) last_value: f64,
    /// The entity; none where nobody has mapped the asset.
    pub(crate) entity: Option<EntityId>,
    /// Units of the entity in one of the vendor's.
    pub(crate) factor: f64,
    /// The canonical metric, or the stored name where the dictionary does not know it.
    pub(crate) metric: MetricName,
    /// What the dictionary says.
    pub(crate) meaning: Option<Meaning>,
}

/// What the dictionary says about a stored metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meaning {
    pub(crate) mapping: Mapping,
    /// The unit of a normalised value.
    pub(crate) unit: Unit,
}

impl Candidate {
    /// Returns a stored value in the unit of the answer.
    pub(crate) fn value(&self, stored: f64) -> f64 {
        match &self.meaning {
            Some(meaning) => {
                let value = meaning.mapping.normalize(stored, self.factor);
                self.part().map_or(value, |part| value / part.parts)
            }
            None => stored,
        }
    }

    /// Returns the part of a currency that the vendor writes this money in.
    fn part(&self) -> Option<Part> {
        let meaning = self.meaning.as_ref()?;
        let is_quoted = (meaning.unit, meaning.mapping.unit) == (Unit::Quote, Unit::Quote);
        Part::of(&self.quote).filter(|_| is_quoted)
    }

    /// Returns how the metric behaves in time, where that is known.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.meaning.as_ref().map(|meaning| meaning.mapping.kind)
    }

    /// Returns the currency of money; `None` where it is no money, or in no known currency. What
    /// the dictionary does not know may be money, so the quote of its series counts.
    pub(crate) fn currency(&self) -> Option<&str> {
        let quote = Some(self.quote.as_str()).filter(|quote| !quote.is_empty());
        let Some(meaning) = &self.meaning else {
            return quote;
        };
        match (meaning.unit, meaning.mapping.unit) {
            (Unit::Usd, _) | (Unit::Quote, Unit::Usd | Unit::BillionUsd) => Some("usd"),
            (Unit::Quote, _) => self.part().map(|part| part.whole).or(quote),
            _ => None,
        }
    }

    /// Returns the unit of the answer: a currency for money; `None` where nobody knows it.
    pub(crate) fn unit(&self) -> Option<&str> {
        self.currency()
            .or_else(|| Some(self.meaning.as_ref()?.unit.as_str()))
    }

    /// Returns the time from its first bucket to the end of its last.
    pub(crate) fn life(&self) -> Option<TimeRange> {
        let (first, last) = self.ends?;
        Some(TimeRange::new(first, self.step.next(last)))
    }

    /// Returns the instant that a bucket's value was observed at, where it is an instant's value
    /// and not a bar's.
    pub(crate) fn observed_at(&self, bucket: Ts) -> Option<Ts> {
        (self.label_shift_secs != 0).then(|| bucket.plus_secs(-self.label_shift_secs))
    }
}

/// Whether the value of a bucket may still change by itself: the bucket was not closed at `now`.
pub(crate) fn is_provisional(step: Step, bucket: Ts, now: Ts) -> bool {
    step.next(bucket) > now
}
