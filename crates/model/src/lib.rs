//! The words that every other crate speaks: ids, times, steps, ranges, series.
//!
//! No IO, no async, no vendor, no clock: "now" always comes in as a value.

mod dataset;
mod ids;
mod series;
mod spans;
mod step;
mod ts;

pub use dataset::{DatasetId, MissingReason, PullKind, SourceId, WriteMode};
pub use ids::{AssetId, Instrument, MetricName, Quote, Venue};
pub use series::{Key, SeriesKey, SeriesSpec, Since, Stamp, Subject};
pub use spans::Spans;
pub use step::{Step, UnknownStep};
pub use ts::{BadTime, TimeRange, Ts};
