//! The vendor with other datasets, hosts or limits, or another way to sort answers.

use model::{DatasetId, SeriesKey, SeriesSpec, SourceId, Stamp, Ts};
use source::{
    Ask, DatasetSpec, Host, Limit, Parsed, Plan, PlanError, Reply, ReplyError, RequestSpec, Sink,
    Source,
};
use source_coingecko::CoinGecko;

/// Sorts an answer, with the vendor's own opinion at hand.
pub(crate) type Check = fn(&CoinGecko, &RequestSpec, &Reply) -> Result<(), ReplyError>;

#[derive(Debug)]
pub(crate) struct Wrapped {
    inner: CoinGecko,
    pub(crate) datasets: Vec<DatasetSpec>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) check: Check,
    pub(crate) halves_overload: bool,
}

impl Wrapped {
    /// Makes one that changes nothing yet.
    pub(crate) fn new(inner: CoinGecko) -> Self {
        Self {
            datasets: inner.datasets().to_vec(),
            hosts: inner.hosts().to_vec(),
            limits: inner.limits().to_vec(),
            check: |inner, request, reply| inner.check(request, reply),
            halves_overload: inner.halves_overload(),
            inner,
        }
    }
}

impl Source for Wrapped {
    fn id(&self) -> SourceId {
        self.inner.id()
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
        self.inner.concurrency()
    }
    fn read_config(
        &self,
        file: &str,
        csv: &[u8],
    ) -> Result<Vec<SeriesSpec>, source::config::Problems> {
        self.inner.read_config(file, csv)
    }
    fn stamp(&self, series: &SeriesKey) -> Stamp {
        self.inner.stamp(series)
    }
    fn serves(&self, dataset: DatasetId, series: &SeriesKey) -> bool {
        self.inner.serves(dataset, series)
    }
    fn horizon(&self, dataset: DatasetId, now: Ts) -> Option<Ts> {
        self.inner.horizon(dataset, now)
    }
    fn plan<'a>(&'a self, ask: &'a Ask) -> Result<Plan<'a>, PlanError> {
        self.inner.plan(ask)
    }
    fn recognise(
        &self,
        dataset: Option<DatasetId>,
        path_and_query: &str,
        keys: &[String],
    ) -> Result<RequestSpec, PlanError> {
        self.inner.recognise(dataset, path_and_query, keys)
    }
    fn check(&self, request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
        (self.check)(&self.inner, request, reply)
    }
    fn halves(&self, request: &RequestSpec) -> Option<[RequestSpec; 2]> {
        self.inner.halves(request)
    }
    fn halves_overload(&self) -> bool {
        self.halves_overload
    }
    fn parse(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        out: &mut dyn Sink,
    ) -> Result<Parsed, ReplyError> {
        self.inner.parse(request, reply, out)
    }
}
