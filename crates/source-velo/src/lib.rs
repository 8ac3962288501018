//! Velo: a planner and a parser, both pure.
//!
//! | dataset | what it holds | plans |
//! |---|---|---|
//! | `futures`, `spot`, `options` | the catalogues of what is traded | all |
//! | `futures_delisted`, `spot_delisted` | the catalogues of what was | all |
//! | `caps` | supplies and market caps of up to 100 coins as of now | all |
//! | `rows`, `rows_daily` | bars of products by hour and by day; the live tick reads the newest | all history by year, three months by month |
//!
//! A series is a product at an exchange (`BTC`, `BTCUSDT`, `binance-futures`), or a coin by itself for
//! caps and the three-month basis. The coin of an option has `option:` before it. All money is dollars.
//!
//! A bar's label starts its bucket; caps are an instant. The vendor has no word for "now": the newest
//! bar is the live value. Nothing here sends a request, holds a key or knows the time.
//!
//! | file | what stands there |
//! |---|---|
//! | `settings.rs` | plan, base address, pace |
//! | `access.rs` | what each plan gives |
//! | `datasets.rs` | the datasets |
//! | `metrics.rs` | the metric table |
//! | `exchanges.rs` | the known exchanges |
//! | `config.rs` | a row of the CSV into series |
//! | `kept.rs` | what the CSV says of an exchange beside its products |
//! | `select.rs` | a row without a product into the products that are listed |
//! | `plan.rs` | an ask into requests |
//! | `recognise.rs` | a path and query into a request |
//! | `wire.rs` | bodies as the vendor writes them |
//! | `error.rs` | which failure an answer is |
//! | `parse.rs` | bodies into points and outcomes |

mod access;
mod config;
mod datasets;
mod error;
mod exchanges;
mod kept;
mod metrics;
mod parse;
mod plan;
mod recognise;
mod select;
mod settings;
mod wire;

use model::{DatasetId, Key, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};
use source::{
    Ask, DatasetSpec, Host, Kept, Limit, Listing, Parsed, PlanError, Reply, ReplyError,
    RequestSpec, Sink, Source,
    config::{Problem, Problems},
};

pub use config::COLUMNS;
pub use datasets::{
    CAPS, FUTURES, FUTURES_DELISTED, OPTIONS, ROWS, ROWS_DAILY, SOURCE, SPOT, SPOT_DELISTED,
};
pub use settings::{Plan, Settings};
pub use source::UnknownPlan;

use kept::Exchanges;
use metrics::Market;

/// The vendor on one plan.
///
/// Keeps what the CSV that [`Source::read_config`] read last without a problem says of exchanges that
/// are not known here: equal asks give equal plans as long as no other is read.
#[derive(Debug)]
pub struct Velo {
    settings: Settings,
    datasets: Vec<DatasetSpec>,
    hosts: Vec<Host>,
    limits: Vec<Limit>,
    exchanges: Kept<Exchanges>,
    warnings: Kept<Vec<Problem>>,
}

impl Velo {
    /// Makes the vendor as the settings describe it.
    pub fn new(settings: Settings) -> Self {
        Self {
            datasets: datasets::datasets(settings.plan),
            hosts: vec![access::host(&settings)],
            limits: access::limits(&settings),
            settings,
            exchanges: Kept::default(),
            warnings: Kept::default(),
        }
    }
}

impl Source for Velo {
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

    fn half_pace_secs(&self) -> u32 {
        access::HALF_PACE_SECS
    }

    fn concurrency(&self) -> usize {
        access::CONCURRENCY
    }

    /// The newest bucket may be missing for a short while after the hour (section 4.4).
    fn tick_offset_secs(&self) -> i64 {
        5 * 60
    }

    fn read_config(&self, file: &str, csv: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
        let read = config::read(file, csv)?;
        self.exchanges.set(read.exchanges);
        self.warnings.set(read.warnings);
        Ok(read.series)
    }

    fn config_warnings(&self) -> Vec<Problem> {
        self.warnings.get().to_vec()
    }

    fn is_selector(&self, series: &SeriesKey) -> bool {
        select::is_selector(series)
    }

    fn select(&self, selector: &SeriesSpec, listed: &[Listing]) -> Vec<SeriesSpec> {
        select::select(selector, listed)
    }

    fn catalogue_of(&self, key: &Key) -> Option<DatasetId> {
        Some(match self.exchanges.get().market_of(key)? {
            Market::Spot => SPOT,
            Market::Options => OPTIONS,
            Market::Futures | Market::Basis => FUTURES,
        })
    }

    fn stamp(&self, series: &SeriesKey) -> Stamp {
        datasets::stamp_of(series)
    }

    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool {
        datasets::serves(dataset, series, self.exchanges.get().market_of(&series.key))
    }

    fn horizon(&self, dataset: DatasetId, now: Ts) -> Option<Ts> {
        plan::horizon(self, dataset, now)
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

    fn parse(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        out: &mut dyn Sink,
    ) -> Result<Parsed, ReplyError> {
        parse::parse(request, reply, out)
    }
}
