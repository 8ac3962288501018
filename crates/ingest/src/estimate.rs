//! The bill before the meal: what a job would ask for. The same plan that runs is the plan counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::Duration,
};

use model::{DatasetId, Key, PullKind, Spans, TimeRange, Ts};
use source::{DatasetSpec, HostId, RequestSpec};
use store::series::SeriesRow;

use crate::{
    Error,
    catalogue::{Unnamed, is_catalogue},
    collector::Collector,
    live::is_live,
    past::PastAsk,
    quota::{Load, QuotaTime},
    wants::Filter,
};

/// What a job would ask of one dataset.
#[derive(Clone, Debug)]
pub struct DatasetEstimate {
    /// The dataset.
    pub dataset: DatasetId,
    /// Requests.
    pub requests: u64,
    /// Units of the vendor's quota, at most.
    pub credits: u64,
    /// Points, at most: wanted buckets × columns.
    pub points: u64,
    /// Assets.
    pub assets: u64,
    /// From the oldest wanted label to the newest.
    pub labels: Option<TimeRange>,
    /// Whether the first value of every asset is known; if not, the counts are an upper bound.
    pub exact: bool,
}

/// What of the range asked about is wanted, settled or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Something.
    Something,
    /// Nothing: no start was named, and the configuration wants these series from then on only.
    OnlySince(Ts),
    /// Nothing: the values begin later, have ended, or lie outside the plan.
    Nothing,
}

/// What a job would cost.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// What of the range is wanted at all.
    pub wanted: Wanted,
    /// By dataset, in the order of work. Datasets with nothing to ask are left out.
    pub datasets: Vec<DatasetEstimate>,
    /// Requests of the live pass at the end, if there is one.
    pub live_requests: u64,
    /// Requests of a refresh of the vendor's catalogues: not part of the job.
    pub catalogue_requests: u64,
    /// Rows asked about whose products no catalogue has named yet: what they will ask for is not
    /// counted.
    pub unnamed: Unnamed,
    /// How long the vendor's pace makes it last, at least.
    pub at_least: Duration,
    /// The quota that makes it last longer than that, if there is one.
    pub quota: Option<QuotaTime>,
}

impl Estimate {
    /// Returns the requests of the job, the live pass included.
    pub fn requests(&self) -> u64 {
        self.datasets.iter().map(|one| one.requests).sum::<u64>() + self.live_requests
    }

    /// Whether no number is an upper bound. Where rows wait for a catalogue that was never read it is
    /// no upper bound either.
    pub fn is_exact(&self) -> bool {
        self.datasets.iter().all(|one| one.exact)
    }
}

impl Collector {
    /// Counts what a job would ask for, without asking.
    ///
    /// # Errors
    /// Where the ask names what is not there, or the database is unusable.
    pub async fn estimate(&self, ask: &PastAsk, with_live: bool) -> Result<Estimate, Error> {
        self.check_names(&ask.filter)?;
        let kind = if ask.force {
            PullKind::Reread
        } else {
            PullKind::Backfill
        };
        let scope = self.scope(ask, kind, kind.into());
        let mut datasets = Vec::new();
        let mut at_least = Duration::ZERO;
        let mut loads: BTreeMap<HostId, Load> = BTreeMap::new();
        let mut is_wanted = false;
        for dataset in self.past_datasets(&ask.filter) {
            is_wanted |= !self.wanted(dataset, &scope).is_empty();
            let planned = self.past_ask(dataset, &scope).await?;
            let mut one = DatasetEstimate {
                dataset: dataset.id,
                requests: 0,
                credits: 0,
                points: 0,
                assets: 0,
                labels: planned
                    .wants
                    .iter()
                    .map(|want| want.labels)
                    .collect::<Spans>()
                    .hull(),
                exact: true,
            };
            let mut keys: BTreeSet<&Key> = BTreeSet::new();
            for want in &planned.wants {
                keys.insert(&want.key);
            }
            for request in self.source.plan(&planned)? {
                one.requests += 1;
                one.credits += u64::from(request.cost.credits);
                one.points += request.block.max_points();
                at_least += self.transport.interval(request.host);
                loads.entry(request.host).or_default().past += u64::from(request.cost.credits);
            }
            one.assets = u64::try_from(keys.len()).unwrap_or(u64::MAX);
            one.exact = self.knows_first(&keys);
            if one.requests > 0 {
                datasets.push(one);
            }
        }
        let mut live_requests = 0;
        if with_live {
            for request in self.requests_of_now(is_live, &ask.filter).await? {
                live_requests += 1;
                at_least += self.transport.interval(request.host);
                loads.entry(request.host).or_default().present += u64::from(request.cost.credits);
            }
        }
        let quota = self.quota_time(kind, &loads).await?;
        let everything = Filter::default();
        let catalogue_requests = self.requests_of_now(is_catalogue, &everything).await?.len();
        let wanted = match (is_wanted, self.since(ask)) {
            (true, _) => Wanted::Something,
            (false, Some(since)) => Wanted::OnlySince(since),
            (false, None) => Wanted::Nothing,
        };
        Ok(Estimate {
            wanted,
            datasets,
            live_requests,
            catalogue_requests: u64::try_from(catalogue_requests).unwrap_or(u64::MAX),
            unnamed: self.unnamed(&ask.filter).await?,
            at_least,
            quota: quota.filter(|quota| quota.at_least > at_least),
        })
    }

    /// Returns when the configuration begins to want what an ask is about, where that is what ends
    /// the ask.
    fn since(&self, ask: &PastAsk) -> Option<Ts> {
        let (None, Some(to)) = (ask.from, ask.to) else {
            return None;
        };
        let taken = |row: &&SeriesRow| ask.filter.takes(&row.series);
        let index = self.index();
        let rows = index.rows().iter().filter(taken);
        let since = rows.filter_map(|row| row.wanted_since).min()?;
        (to <= since).then_some(since)
    }

    fn knows_first(&self, keys: &BTreeSet<&Key>) -> bool {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().all(|key| facts.knows_first(key))
    }

    async fn requests_of_now(
        &self,
        takes: fn(&DatasetSpec) -> bool,
        filter: &Filter,
    ) -> Result<Vec<RequestSpec>, Error> {
        let mut requests = Vec::new();
        for dataset in self.datasets(takes) {
            if !filter.takes_dataset(&dataset) {
                continue;
            }
            let ask = self.ask_of_now(&dataset, filter).await?;
            requests.extend(self.source.plan(&ask)?);
        }
        Ok(requests)
    }
}
