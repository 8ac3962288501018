//! Artemis: a planner and a parser, both pure.
//!
//! | dataset | what it holds |
//! |---|---|
//! | `symbols` | the catalogue, weekly |
//! | `metrics_daily` | values by day of many symbols and metrics; the daily tick reads the newest |
//! | `financials_quarterly` | what companies report, by fiscal quarter, weekly |
//!
//! A series is a symbol as the configuration spells it and the vendor's metric, upper-case. All money
//! is dollars, but for the financials, which are in the currency of the report.
//!
//! Prices and caps of a day are those at its 00:00 and close the day before; everything else is of the
//! day itself. The form without dates says nothing of when its values were true: it is never asked for.
//! Nothing here sends a request, holds a key or knows the time.
//!
//! | file | what stands there |
//! |---|---|
//! | `settings.rs` | plan, base address, pace |
//! | `access.rs` | host, key, pace |
//! | `datasets.rs` | the datasets |
//! | `metrics.rs` | the metric table |
//! | `config.rs` | a row of the CSV into series |
//! | `kept.rs` | what the CSV says of a symbol beside its metrics |
//! | `plan.rs` | an ask into requests |
//! | `recognise.rs` | a path and query into a request |
//! | `wire.rs` | bodies as the vendor writes them |
//! | `error.rs` | which failure an answer is |
//! | `parse.rs` | bodies into points and outcomes |

mod access;
mod config;
mod datasets;
mod error;
mod kept;
mod metrics;
mod parse;
mod plan;
mod recognise;
mod settings;
mod wire;

use model::{DatasetId, Key, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};
use source::{
    Ask, DatasetSpec, Host, Kept, Limit, Parsed, PlanError, Reply, ReplyError, RequestSpec, Sink,
    Source,
    config::{Problem, Problems},
};

pub use config::COLUMNS;
pub use datasets::{FINANCIALS_QUARTERLY, METRICS_DAILY, SOURCE, SYMBOLS};
pub use settings::{Plan, Settings};
pub use source::UnknownPlan;

use kept::Ids;

/// The vendor on one plan.
///
/// Keeps the ids of the CSV that [`Source::read_config`] read last without a problem: an answer may name
/// an asset by its id. Before the first it is known by its symbol alone.
#[derive(Debug)]
pub struct Artemis {
    datasets: Vec<DatasetSpec>,
    hosts: Vec<Host>,
    limits: Vec<Limit>,
    ids: Kept<Ids>,
    warnings: Kept<Vec<Problem>>,
}

impl Artemis {
    /// Makes the vendor as the settings describe it.
    pub fn new(settings: Settings) -> Self {
        Self {
            datasets: datasets::datasets(),
            hosts: vec![access::host(&settings)],
            limits: access::limits(&settings),
            ids: Kept::default(),
            warnings: Kept::default(),
        }
    }
}

impl Source for Artemis {
    fn id(&self) -> SourceId {
        SOURCE
    }

    fn datasets(&self) -> &[DatasetSpec] {
        &self.datasets
    }

    fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    fn limits(&self) -> &[Limit] {
        &self.limits
    }

    fn concurrency(&self) -> usize {
        access::CONCURRENCY
    }

    /// A day has one tick: nothing here is newer (section 6).
    fn tick_every_secs(&self) -> i64 {
        86_400
    }

    /// After 06:00 UTC.
    fn tick_offset_secs(&self) -> i64 {
        datasets::TICK_SECS + 5 * 60
    }

    fn read_config(&self, file: &str, csv: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
        let read = config::read(file, csv)?;
        self.ids.set(read.ids);
        self.warnings.set(read.warnings);
        Ok(read.series)
    }

    fn config_warnings(&self) -> Vec<Problem> {
        self.warnings.get().to_vec()
    }

    fn catalogue_of(&self, key: &Key) -> Option<DatasetId> {
        datasets::is_listable(key).then_some(SYMBOLS)
    }

    fn lasting_id(&self, key: &Key) -> Option<String> {
        self.ids.get().of(&key.asset).map(str::to_owned)
    }

    fn stamp(&self, series: &SeriesKey) -> Stamp {
        datasets::stamp_of(
            series.key.asset.as_str(),
            series.metric.as_str(),
            series.step,
        )
    }

    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool {
        datasets::serves(dataset, series)
    }

    /// All history there is.
    fn horizon(&self, _dataset: DatasetId, _now: Ts) -> Option<Ts> {
        None
    }

    fn plan<'a>(&'a self, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
        plan::plan(self, ask)
    }

    fn recognise(
        &self,
        dataset: Option<DatasetId>,
        path_and_query: &str,
        keys: &[String],
    ) -> Result<RequestSpec, PlanError> {
        recognise::recognise(self, dataset, path_and_query, keys)
    }

    fn check(&self, request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
        error::check(request, reply)
    }

    fn halves(&self, request: &RequestSpec) -> Option<[RequestSpec; 2]> {
        plan::halves(request)
    }

    /// An empty answer and a 5xx are what too large a request brings (section 3).
    fn halves_overload(&self) -> bool {
        true
    }

    fn parse(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        out: &mut dyn Sink,
    ) -> Result<Parsed, ReplyError> {
        parse::parse(&self.ids.get(), request, reply, out)
    }
}
