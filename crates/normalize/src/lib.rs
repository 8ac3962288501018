//! From a vendor's column to one metric with one meaning.
//!
//! Two files come in (`metrics.csv`, `canonical_metrics.csv`), a [`Dictionary`] that is consistent
//! in itself comes out, or every problem of both files at once. It says what a stored metric means,
//! in which unit, how it may be resampled, whether an entity's factor touches it, and what somebody
//! meant by `mcap` or `TRADING_VOLUME_24H`.
//!
//! Pure: values are stored as sent and normalised on reading; nothing here reads or writes them.

mod currency;
mod dictionary;
mod predecessor;
mod reading;
mod resolve;
mod words;

pub use currency::{PARTS, Part};
pub use dictionary::{CanonicalMetric, Dictionary, Mapping};
pub use resolve::{MetricMatch, MetricResolution, NamedBy};
pub use tables::{CsvText, Problem, Problems};
pub use words::{Kind, Resample, Scales, Unit, UnknownWord};
