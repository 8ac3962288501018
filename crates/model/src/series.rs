//! What a point belongs to.

use std::fmt;

use crate::{AssetId, Instrument, MetricName, Quote, SourceId, Step, Ts, Venue};

/// What a vendor measures, without the metric: several metrics of one key come in one answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The vendor's id.
    pub asset: AssetId,
    /// The product of a venue.
    pub instrument: Instrument,
    /// Where it trades.
    pub venue: Venue,
    /// The currency that money is counted in.
    pub quote: Quote,
}

impl Key {
    /// Makes a key of a vendor that aggregates over venues.
    pub fn of_asset(asset: impl Into<AssetId>, quote: impl Into<Quote>) -> Self {
        Self {
            asset: asset.into(),
            instrument: Instrument::none(),
            venue: Venue::none(),
            quote: quote.into(),
        }
    }

    /// Returns what the key is about, whatever money is counted in.
    pub fn subject(&self) -> Subject {
        Subject {
            asset: self.asset.clone(),
            instrument: self.instrument.clone(),
            venue: self.venue.clone(),
        }
    }
}

impl fmt::Display for Key {
    /// Joins what is there with `/`: `BTC/BTCUSDT/binance-futures/usd`, `bitcoin/usd`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.asset.as_str())?;
        for part in [
            self.instrument.as_str(),
            self.venue.as_str(),
            self.quote.as_str(),
        ] {
            if !part.is_empty() {
                write!(f, "/{part}")?;
            }
        }
        Ok(())
    }
}

/// What a vendor lists, and what begins and ends: an asset, or a product of it at a venue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The vendor's id.
    pub asset: AssetId,
    /// The product of a venue.
    pub instrument: Instrument,
    /// Where it trades.
    pub venue: Venue,
}

impl Subject {
    /// Makes the subject of a vendor that aggregates over venues.
    pub fn of_asset(asset: impl Into<AssetId>) -> Self {
        Self {
            asset: asset.into(),
            instrument: Instrument::none(),
            venue: Venue::none(),
        }
    }
}

/// One series: unique over all of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The vendor.
    pub source: SourceId,
    /// Asset, instrument, venue and quote.
    pub key: Key,
    /// The stored metric name.
    pub metric: MetricName,
    /// The width of a bucket.
    pub step: Step,
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {}",
            self.source, self.key, self.metric, self.step
        )
    }
}

/// What a vendor's label names, which decides how far a point moves to the start of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// The label starts the bucket.
    Bar,
    /// The label is an instant that closes the bucket ending there.
    Instant,
}

impl Stamp {
    /// Returns `label_shift`: seconds to add to a label to get the start of the bucket.
    pub const fn shift_secs(self, step: Step) -> i64 {
        match (self, step) {
            // Months and quarters have no fixed width; their labels always start or name the period.
            (Self::Bar, _) | (_, Step::Month | Step::Quarter) => 0,
            (Self::Instant, _) => -step.max_secs(),
        }
    }
}

/// A series as the configuration wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesSpec {
    /// Which series.
    pub series: SeriesKey,
    /// What its labels name. Fixed when the series is made.
    pub stamp: Stamp,
    /// From when it is wanted. Fixed when the row becomes active.
    pub since: Since,
    /// Whether the row is enabled now.
    pub enabled: bool,
}

/// From when a series is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From this instant.
    At(Ts),
    /// From three years before the row becomes active: the default.
    ThreeYearsBack,
    /// From the moment at which the row becomes active: nothing older can be had or is asked for.
    Activation,
}
