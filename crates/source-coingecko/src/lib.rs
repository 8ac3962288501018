//! CoinGecko, API v3: a planner and a parser, both pure.
//!
//! | dataset | what it holds | plans |
//! |---|---|---|
//! | `coins_list` | the catalogue | all |
//! | `markets` | the live values of up to 250 coins in one request | all |
//! | `global` | the live values of the whole market | all |
//! | `chart_daily`, `chart_hourly` | the history of one coin | all, as far back as each reaches |
//! | `ohlc_daily`, `ohlc_hourly` | candles of one coin | Basic the last 180 and 90 days, larger ones all |
//! | `supply_daily` | the history of one coin's supplies | Enterprise |
//! | `global_daily` | the history of the whole market | Analyst and larger |
//! | `key` | what the vendor counts of the key's use | paid |
//!
//! A series is a coin, or the whole market (`_global`), in one quote currency; a second currency is a
//! series of its own.
//!
//! Every label closes the bucket that ends there: a value is an instant, the moment it was true at,
//! and a candle is a bar labelled by its end. Nothing here sends a request, holds a key or knows the
//! time.
//!
//! | file | what stands there |
//! |---|---|
//! | `settings.rs` | plan, base address, pace |
//! | `access.rs` | what each plan gives |
//! | `datasets.rs` | the datasets |
//! | `metrics.rs` | the metric table |
//! | `config.rs` | a row of the CSV into series |
//! | `plan.rs` | an ask into requests |
//! | `recognise.rs` | a path and query into a request |
//! | `wire.rs` | bodies as the vendor writes them |
//! | `error.rs` | which failure an answer is |
//! | `parse.rs` | bodies into points and outcomes |

mod access;
mod config;
mod datasets;
mod error;
mod metrics;
mod parse;
mod plan;
mod recognise;
mod settings;
mod wire;

use model::{DatasetId, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};
use source::{
    Ask, DatasetSpec, Host, Limit, Parsed, PlanError, Reply, ReplyError, RequestSpec, Sink, Source,
    config::Problems,
};

pub use config::COLUMNS;
pub use datasets::{
    CHART_DAILY, CHART_HOURLY, COINS_LIST, GLOBAL, GLOBAL_DAILY, KEY, MARKETS, OHLC_DAILY,
    OHLC_HOURLY, SOURCE, SUPPLY_DAILY,
};
pub use settings::{Plan, Settings};
pub use source::UnknownPlan;

/// The vendor on one plan.
#[derive(Clone, Debug)]
pub struct CoinGecko {
    settings: Settings,
    datasets: Vec<DatasetSpec>,
    hosts: Vec<Host>,
    limits: Vec<Limit>,
}

impl CoinGecko {
    /// Makes the vendor as the settings describe it.
    pub fn new(settings: Settings) -> Self {
        Self {
            datasets: datasets::datasets(settings.plan),
            hosts: vec![access::host(&settings)],
            limits: access::limits(&settings),
            settings,
        }
    }
}

impl Source for CoinGecko {
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
        access::concurrency(self.settings.plan)
    }

    fn read_config(&self, file: &str, csv: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
        config::read(self, file, csv)
    }

    fn stamp(&self, _series: &SeriesKey) -> Stamp {
        Stamp::Instant
    }

    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool {
        let has = self.datasets.iter().any(|spec| spec.id == dataset);
        has && datasets::serves(dataset, series)
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
        parse::parse(self, request, reply, out)
    }
}
