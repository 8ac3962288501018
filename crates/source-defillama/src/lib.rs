//! DefiLlama, the free hosts and the Pro one: a planner and a parser, both pure.
//!
//! | dataset | what it holds | a request brings |
//! |---|---|---|
//! | `protocols`, `chains`, `stablecoins` | the catalogues | all |
//! | `protocols_now`, `chains_now` | TVL of now | all protocols, all chains |
//! | `dimensions_now` | fees, revenue, volumes of the last 24 hours, open interest | one metric of all protocols |
//! | `stablecoins_now`, `pools_now` | supplies, yields of now | all |
//! | `prices_now` | prices of the full hour | 100 coins |
//! | `dimensions_daily`, `active_users_daily` | history by day | one metric of one protocol, chain or the market |
//! | `tvl_daily`, `chain_tvl_daily`, `stablecoins_daily`, `pools_daily` | history by day | one of them, whole |
//! | `prices_daily`, `prices_hourly` | history of prices | 500 points of up to 100 coins |
//! | `usage` | what the vendor counts of the key's use, on Pro | |
//!
//! A series is a protocol, a chain, a stablecoin, a coin, a pool or the whole market, by the vendor's
//! lasting id (`protocol:1599`, `chain:Ethereum`, `stablecoin:1`, `coingecko:bitcoin`, `pool:<uuid>`,
//! `global`). Everything counts in US dollars.
//!
//! Values of now, TVL by day and prices are instants: their label closes the bucket. Everything else by
//! day is a bar: its label, 00:00 UTC, begins the day it covers. Nothing here sends a request, holds a
//! key or knows the time.
//!
//! The vendor asks for a protocol by its slug, which a new name changes; the slug of an id stands in the
//! CSV. [`DefiLlama`] keeps what the file last read says of it, and plans by that.
//!
//! | file | what stands there |
//! |---|---|
//! | `settings.rs` | plan, base addresses, pace |
//! | `access.rs` | what each plan gives |
//! | `kind.rs` | the kinds of things, and how an asset is spelled |
//! | `datasets.rs` | the datasets |
//! | `metrics.rs` | the metric table |
//! | `config.rs` | a row of the CSV into series |
//! | `kept.rs` | what the CSV says of an asset beside its metrics |
//! | `yields.rs` | at which of two paths the yields stand |
//! | `route.rs` | a path into what it asks for |
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
mod kind;
mod metrics;
mod parse;
mod plan;
mod recognise;
mod route;
mod settings;
mod wire;
mod yields;

use std::sync::Arc;

use model::{DatasetId, Key, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};
use source::{
    Ask, DatasetSpec, Host, Kept, Limit, Parsed, PlanError, Reply, ReplyError, RequestSpec, Sink,
    Source, config::Problems,
};

pub use config::COLUMNS;
pub use datasets::{
    ACTIVE_USERS_DAILY, CHAIN_TVL_DAILY, CHAINS, CHAINS_NOW, DIMENSIONS_DAILY, DIMENSIONS_NOW,
    POOLS_DAILY, POOLS_NOW, PRICES_DAILY, PRICES_HOURLY, PRICES_NOW, PROTOCOLS, PROTOCOLS_NOW,
    SOURCE, STABLECOINS, STABLECOINS_DAILY, STABLECOINS_NOW, TVL_DAILY, USAGE,
};
pub use settings::{FreeHosts, Plan, Settings};
pub use source::UnknownPlan;

use kept::Names;
use yields::YieldsPath;

/// The vendor on one plan.
///
/// Keeps the names of the CSV that [`Source::read_config`] read last without a problem: equal asks give
/// equal plans as long as no other is read. Before the first, an id is asked for as it stands, which
/// the vendor refuses loudly for a protocol. Keeps as well at which of two paths the yields were found.
#[derive(Debug)]
pub struct DefiLlama {
    settings: Settings,
    datasets: Vec<DatasetSpec>,
    hosts: Vec<Host>,
    limits: Vec<Limit>,
    names: Kept<Names>,
    yields: YieldsPath,
}

impl DefiLlama {
    /// Makes the vendor as the settings describe it.
    pub fn new(settings: Settings) -> Self {
        Self {
            datasets: datasets::datasets(settings.plan),
            hosts: access::hosts(&settings),
            limits: access::limits(&settings),
            settings,
            names: Kept::default(),
            yields: YieldsPath::default(),
        }
    }

    fn names(&self) -> Arc<Names> {
        self.names.get()
    }
}

impl Source for DefiLlama {
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

    /// After the vendor's hourly jobs (contract section 2).
    fn tick_offset_secs(&self) -> i64 {
        25 * 60
    }

    fn read_config(&self, file: &str, csv: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
        let (series, names) = config::read(self, file, csv)?;
        self.names.set(names);
        Ok(series)
    }

    fn catalogue_of(&self, key: &Key) -> Option<DatasetId> {
        datasets::catalogue_of(key)
    }

    fn stamp(&self, series: &SeriesKey) -> Stamp {
        metrics::stamp(series)
    }

    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool {
        datasets::serves(self.settings.plan, dataset, series)
    }

    /// No plan bounds the past, and the vendor names no first day.
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
        plan::halves(self, request)
    }

    fn elsewhere(&self, request: &RequestSpec) -> Option<RequestSpec> {
        YieldsPath::elsewhere(request)
    }

    fn found_elsewhere(&self, request: &RequestSpec) {
        self.yields.found(request);
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
