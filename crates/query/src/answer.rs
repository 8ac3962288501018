//! What answers look like: the predecessor's keys, with ours added. The same for every front door.

use model::{Step, Ts};
use serde::{Serialize, Serializer};

use crate::problem::Suggestion;

fn iso<S: Serializer>(at: &Ts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn iso_option<S: Serializer>(at: &Option<Ts>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

fn step<S: Serializer>(step: &Step, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(step.as_str())
}

/// Points of a metric of an asset.
#[derive(Clone, Debug, Serialize)]
pub struct TimeSeries {
    /// The entity's canonical id, or the vendor's id where nobody has mapped it.
    pub asset: String,
    /// The canonical metric.
    pub metric: String,
    /// Points in `data`.
    pub count: usize,
    /// The points, in the order asked for.
    pub data: Vec<Point>,
    /// What they are.
    #[serde(rename = "_meta")]
    pub meta: SeriesMeta,
}

/// A point of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Start of the bucket, UTC.
    #[serde(serialize_with = "iso")]
    pub timestamp: Ts,
    /// The value in the unit of the answer.
    pub value: f64,
    /// The vendor.
    pub source: &'static str,
    /// Where it trades, where that is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub venue: String,
    /// When an instant's value was observed: the end of its bucket.
    #[serde(serialize_with = "iso_option", skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Ts>,
    /// The bucket was not closed when this was answered: the value may still change.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
}

/// What the points of an answer are.
#[derive(Clone, Debug, Serialize)]
pub struct SeriesMeta {
    /// The asset as it was asked for.
    pub requested_asset: String,
    /// The vendor's id that answered.
    pub resolved_asset: String,
    /// The entity; none where nobody has mapped the asset.
    pub entity: Option<EntityRef>,
    /// The metric as it was asked for.
    pub requested_metric: String,
    /// The metric's name at the vendor.
    pub stored_metric: String,
    /// What the metric is, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `level`, `flow`, `rolling`, …: what may be added or averaged.
    pub kind: Option<&'static str>,
    /// The vendor.
    pub resolved_source: &'static str,
    /// `asked`, or `preferred`: the metric's first source that has it.
    pub source_chosen: &'static str,
    /// Currency of money, else what a value counts; none where nobody knows.
    pub unit: Option<String>,
    /// Bucket width; `timestamp` is the start of a bucket.
    #[serde(serialize_with = "step")]
    pub step: Step,
    /// `asked`, `finest` (that gives at most 1,000 points) or `only`.
    pub step_chosen: &'static str,
    /// First instant of the range.
    #[serde(serialize_with = "iso")]
    pub from: Ts,
    /// First instant after the range.
    #[serde(serialize_with = "iso")]
    pub to: Ts,
    /// `desc` or `asc`.
    pub order: &'static str,
    /// Points at most.
    pub limit: usize,
    /// Whether the range holds more points than these.
    pub truncated: bool,
    /// Gives the next page, with the same question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Points in this answer whose bucket is still open.
    pub provisional_points: usize,
    /// The series that answered: one, or one a venue.
    pub series: Vec<SeriesRef>,
    /// Parts of the range that have no value, oldest first, and why.
    pub gaps: Vec<Gap>,
    /// How many gaps there are, where `gaps` is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gaps_total: Option<usize>,
    /// Other stored series that fit the question: name them to get them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<AlternativeRef>,
}

/// An entity, shortly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityRef {
    /// The id that joins the vendors.
    pub canonical_id: String,
    /// Its name.
    pub name: String,
    /// Its ticker.
    pub symbol: Option<String>,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A series that answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesRef {
    /// Where it trades; empty where the vendor aggregates.
    pub venue: String,
    /// The product of the venue.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instrument: String,
    /// The currency of the series, as stored.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quote: String,
    /// How fresh it is.
    pub freshness: Freshness,
}

/// How fresh a series is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// Start of the newest bucket; none where nothing is stored yet.
    #[serde(serialize_with = "iso_option")]
    pub latest_timestamp: Option<Ts>,
    /// End of the newest bucket, or now while that is open: until when the values tell.
    #[serde(serialize_with = "iso_option")]
    pub latest_known_until: Option<Ts>,
    /// Seconds since then.
    pub age_seconds: Option<i64>,
}

/// A part of the range without values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Start of its first bucket.
    #[serde(serialize_with = "iso")]
    pub from: Ts,
    /// First instant after it.
    #[serde(serialize_with = "iso")]
    pub to: Ts,
    /// `unrequested` (wanted, and not asked for yet), or why the vendor gave nothing:
    /// `vendor_empty`, `not_yet_published`, `failed`, `unfillable`, `unsupported`, `closed`. Where
    /// the question names a range, also `not_wanted` (outside of what the configuration collects)
    /// and `not_listed` (the vendor had it not yet, or no longer).
    pub reason: String,
    /// When it is asked again.
    #[serde(serialize_with = "iso_option", skip_serializing_if = "Option::is_none")]
    pub recheck_at: Option<Ts>,
    /// Where it trades, where several venues answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub venue: String,
}

/// A stored series that fits the question, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlternativeRef {
    /// The vendor.
    pub source: &'static str,
    /// The vendor's id.
    pub asset: String,
    /// Where it trades.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub venue: String,
    /// The metric's name at the vendor.
    pub stored_metric: String,
    /// Bucket width.
    #[serde(serialize_with = "step")]
    pub step: Step,
}

/// Newest values.
#[derive(Clone, Debug, Serialize)]
pub struct Latest {
    /// The canonical metric; none where all were asked for.
    pub metric: Option<String>,
    /// Rows in `data`.
    pub count: usize,
    /// One row an asset, metric and (for flows and open interest) venue.
    pub data: Vec<LatestRow>,
    /// What they are.
    #[serde(rename = "_meta")]
    pub meta: LatestMeta,
}

/// A newest value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatestRow {
    /// The vendor's id.
    pub asset: String,
    /// The entity; none where nobody has mapped the asset.
    pub canonical_id: Option<String>,
    /// The canonical metric.
    pub metric: String,
    /// The value in `unit`.
    pub value: f64,
    /// Currency of money, else what a value counts.
    pub unit: Option<String>,
    /// Start of the bucket, UTC.
    #[serde(serialize_with = "iso")]
    pub timestamp: Ts,
    /// When an instant's value was observed: the end of its bucket.
    #[serde(serialize_with = "iso_option", skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Ts>,
    /// The vendor.
    pub source: &'static str,
    /// Where it trades, where that is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub venue: String,
    /// Bucket width.
    #[serde(serialize_with = "step")]
    pub step: Step,
    /// The bucket was not closed when this was answered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
}

/// What newest values are.
#[derive(Clone, Debug, Serialize)]
pub struct LatestMeta {
    /// The metric as it was asked for.
    pub requested_metric: Option<String>,
    /// The unit of every row; none where several metrics answer, whose rows say theirs.
    pub unit: Option<String>,
    /// `asked`, or `preferred`: for each metric its first source that has the asset.
    pub source_chosen: &'static str,
    /// Rows at most.
    pub limit: usize,
    /// Whether there are more rows than these.
    pub truncated: bool,
    /// Gives the next page, with the same question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Assets that were asked for and are not in the answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingAsset>,
}

/// An asset that was asked for and is not in the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingAsset {
    /// As it was asked for.
    pub asset: String,
    /// `unknown_asset`, `ambiguous_asset` or `no_such_series`.
    pub code: &'static str,
    /// What could be asked instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Suggestion>,
}

/// What is collected, by vendor.
#[derive(Clone, Debug, Serialize)]
pub struct Sources {
    /// One a vendor that has points.
    pub sources: Vec<SourceSummary>,
    /// What is not collected until an operator resumes it, also of vendors without any point yet.
    pub suspended: Vec<Suspended>,
    /// What is not asked for until a time, because its vendor said that its quota is spent. What is spent by
    /// our own count alone is told by `crossfeed status`.
    pub parked: Vec<Parked>,
    /// `simulated` or `live`; none before anything was written.
    pub world: Option<&'static str>,
}

/// What is not collected until an operator resumes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suspended {
    /// The vendor.
    pub source: String,
    /// The dataset; none where it is the whole vendor.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dataset: String,
    /// Class of the answer that led here, or `operator`.
    pub class: String,
    /// Why, without any key.
    pub reason: String,
    /// Since when: what is newer is missing.
    #[serde(serialize_with = "iso")]
    pub since: Ts,
}

/// A vendor that is left alone until a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parked {
    /// The vendor.
    pub source: String,
    /// Until when.
    #[serde(serialize_with = "iso")]
    pub until: Ts,
    /// What the vendor said, without any key.
    pub reason: String,
}

/// What is collected from one vendor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceSummary {
    /// The vendor.
    pub name: String,
    /// Points.
    pub records: i64,
    /// Different assets.
    pub assets: i64,
    /// Different stored metrics.
    pub metrics: i64,
    /// Series with points.
    pub series: i64,
    /// The oldest bucket.
    #[serde(serialize_with = "iso")]
    pub earliest_date: Ts,
    /// The newest bucket.
    #[serde(serialize_with = "iso")]
    pub latest_date: Ts,
    /// The newest pull; none where the points came without one.
    pub last_pull: Option<PullSummary>,
}

/// A pull, shortly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PullSummary {
    /// `live`, `backfill`, `gap` or `reread`.
    pub kind: String,
    /// `running`, `complete`, `partial`, `failed`, `no_data`, `parked` or `interrupted`.
    pub status: &'static str,
    /// The start.
    #[serde(serialize_with = "iso")]
    pub started_at: Ts,
    /// The end; none while it runs.
    #[serde(serialize_with = "iso_option")]
    pub finished_at: Option<Ts>,
}

/// What there is at all, in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// `simulated` or `live`; none before anything was written.
    pub world: Option<&'static str>,
    /// Vendors that have points.
    pub sources: Vec<String>,
    /// Vendors that are not collected, as a whole or in part, until an operator resumes them.
    pub suspended: Vec<String>,
    /// Series with points.
    pub series: i64,
    /// Points.
    pub points: i64,
    /// The newest bucket.
    #[serde(serialize_with = "iso_option")]
    pub latest_timestamp: Option<Ts>,
}
