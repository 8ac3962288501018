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
mod ticks;
mod upkeep;
mod wanted;

pub use counts::{MetricCountRow, SourceRow, last_pulls, metric_counts, sources};
pub use dictionary::dictionary;
pub use named::{NamedFilter, NamedRow, latest_by_name};
pub use points::{GapRow, Order, PointRow, gaps_inside, points};
pub use series::{SeriesFilter, StatRow, find_series, latest};
pub use there::{MetricThere, assets_there, metrics_there};
pub use ticks::{FailingRow, TickRow, failing, last_failures, last_tick};
pub use upkeep::{
    FreshnessRow, RereadsRow, SpentRow, first_pull_at, freshness, rereads_waiting, spent_since,
};
pub use wanted::{WantedRow, wanted};
