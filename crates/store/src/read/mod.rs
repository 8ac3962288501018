//! What the query layer asks. Each function is one statement over indexes ([`dictionary()`]: four
//! in one snapshot) and returns plain rows; names are the stored ones, values as the vendor sent
//! them. What an answer means is not known here.
//!
//! Latest values, counts and ends come from `series_stats`; `metrics` is read by [`points()`] alone,
//! one series at a time.

mod counts;
mod dictionary;
mod named;
mod points;
mod series;
mod there;
mod upkeep;
mod wanted;

pub use counts::{MetricCountRow, SourceRow, last_pulls, metric_counts, sources};
pub use dictionary::dictionary;
pub use named::{NamedFilter, NamedRow, latest_by_name};
pub use points::{GapRow, Order, PointRow, gaps_inside, points};
pub use series::{SeriesFilter, StatRow, find_series, latest};
pub use there::{MetricThere, assets_there, metrics_there};
pub use upkeep::{FreshnessRow, RereadsRow, freshness, rereads_waiting};
pub use wanted::{WantedRow, wanted};
