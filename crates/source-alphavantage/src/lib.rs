//! Alpha Vantage: a planner and a parser, both pure.
//!
//! | dataset | what it holds | a free key |
//! |---|---|---|
//! | `crypto_daily`, `_weekly`, `_monthly` | bars of coins in a market's currency | yes |
//! | `fx_daily`, `_weekly`, `_monthly` | bars of currencies | yes |
//! | `macro_daily`, `_weekly`, `_monthly`, `_quarterly` | yields, rates, prices of commodities, the economy | yes |
//! | `equities_daily` | bars of shares as traded | the last hundred |
//! | `equities_weekly`, `_monthly`, `_weekly_adjusted`, `_monthly_adjusted` | the same by week and month, and what adjusted bars add | yes |
//! | `equities_adjusted` | adjusted closes, dividends, splits by day | no |
//! | `equities_intraday`, `crypto_intraday`, `fx_intraday` | bars by hour | no |
//! | `quote` | the last close of one share | yes |
//! | `bulk_quotes`, `exchange_rate` | prices as of now | no |
//! | `overview`, `overview_weekly` | what a company says of itself, as of now | yes |
//! | `listing` | the catalogue of shares and funds listed in the US | yes |
//!
//! A series is an asset of a class: `equity:IBM`, `crypto:BTC`, `fx:EUR`, `macro:TREASURY_YIELD:10year`,
//! `commodity:WTI`; the quote is the currency (`gbx` for pence). One function is one dataset, so that a
//! function which the key may not use is suspended by itself; no series belongs to two of one step.
//!
//! All labels start their bucket but those of values as of now. A free key has 25 requests in any 24
//! hours: it asks for what is open, the few first, then shares, longest waiting first. Nothing here
//! sends a request, holds a key or knows the time.
//!
//! | file | what stands there |
//! |---|---|
//! | `settings.rs` | plan, base address, pace |
//! | `access.rs` | what each plan gives |
//! | `datasets.rs` | the datasets |
//! | `functions.rs` | the vendor's functions and the datasets that they fill |
//! | `metrics.rs` | the metric table |
//! | `config.rs` | a row of the CSV into series |
//! | `plan.rs` | an ask into requests |
//! | `recognise.rs` | a path and query into a request |
//! | `eastern.rs` | the time of New York |
//! | `wire.rs` | bodies as the vendor writes them |
//! | `error.rs` | which failure an answer is |
//! | `parse.rs` | bodies into points and outcomes |

mod access;
mod config;
mod datasets;
mod eastern;
mod error;
mod functions;
mod metrics;
mod parse;
mod plan;
mod recognise;
mod settings;
mod wire;

use model::{DatasetId, Key, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};
use source::{
    Ask, DatasetSpec, Host, Limit, Parsed, PlanError, Reply, ReplyError, RequestSpec, Sink, Source,
    config::Problems,
};

pub use config::COLUMNS;
pub use datasets::{
    BULK_QUOTES, CRYPTO_DAILY, CRYPTO_INTRADAY, CRYPTO_MONTHLY, CRYPTO_WEEKLY, EQUITIES_ADJUSTED,
    EQUITIES_DAILY, EQUITIES_INTRADAY, EQUITIES_MONTHLY, EQUITIES_MONTHLY_ADJUSTED,
    EQUITIES_WEEKLY, EQUITIES_WEEKLY_ADJUSTED, EXCHANGE_RATE, FX_DAILY, FX_INTRADAY, FX_MONTHLY,
    FX_WEEKLY, LISTING, MACRO_DAILY, MACRO_MONTHLY, MACRO_QUARTERLY, MACRO_WEEKLY, OVERVIEW,
    OVERVIEW_WEEKLY, QUOTE, SOURCE,
};
pub use settings::{Plan, Settings};
pub use source::UnknownPlan;

/// The vendor on one plan.
#[derive(Clone, Debug)]
pub struct AlphaVantage {
    settings: Settings,
    datasets: Vec<DatasetSpec>,
    hosts: Vec<Host>,
    limits: Vec<Limit>,
}

impl AlphaVantage {
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

impl Source for AlphaVantage {
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
        config::read(self.settings.plan, file, csv)
    }

    fn catalogue_of(&self, key: &Key) -> Option<DatasetId> {
        recognise::is_listed(key).then_some(LISTING)
    }

    fn stamp(&self, series: &SeriesKey) -> Stamp {
        datasets::stamp_of(series)
    }

    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool {
        datasets::serves(dataset, series)
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
