//! The read side once, typed, for every front door: one function a question, on [`Reader`].
//!
//! Forgives what people and language models write (any case, tickers, vendor ids, old metric
//! names, omitted source, venue, step), never mixes sources, venues, steps or units, and says in
//! each answer what it is. What fits nothing becomes a [`Problem`] with suggestions.
//!
//! No SQL here (that is `store::read`), no HTTP, no clock: "now" comes in with the question.

mod answer;
mod ask;
mod candidate;
mod choose;
mod cursor;
mod error;
mod filters;
mod gaps;
mod latest;
mod load;
mod names;
mod overview;
mod problem;
mod reader;
mod reading;
mod series;
mod steps;
mod times;

pub use answer::{
    AlternativeRef, EntityRef, Freshness, Gap, Latest, LatestMeta, LatestRow, MissingAsset,
    Overview, Parked, Point, PullSummary, SeriesMeta, SeriesRef, SourceSummary, Sources, Suspended,
    TimeSeries,
};
pub use ask::{LATEST_LIMIT, LatestQuestion, MAX_LIMIT, Order, SERIES_LIMIT, SeriesQuestion};
pub use error::Error;
pub use problem::{BadParameter, Problem, Suggestion};
pub use reader::Reader;
