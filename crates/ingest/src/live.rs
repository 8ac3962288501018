//! The present: what a live tick asks for, and what is left of one that somebody else began. Backfill, gap
//! filler and re-reads ([`crate::past`], [`crate::rereads`]) differ from it only in what they ask for.

use model::{PullKind, Step, TimeRange, Ts};
use source::{Ask, DatasetSpec, History, Live, Role, Want};

use crate::{
    Error,
    barred::Bar,
    collector::{Collector, Ran},
    schedule::TICK,
    summary::Summary,
    wants::{Filter, Patience, Scope},
};

impl Collector {
    /// Reads the newest values: one pass over the snapshots.
    ///
    /// # Errors
    /// Where the database is unusable. What goes wrong with the vendor is in the summary.
    pub async fn live(&self, run_id: &str) -> Result<Summary, Error> {
        self.live_of(run_id, &Filter::default()).await
    }

    /// Reads the newest values of what a filter takes, and asks for nothing else.
    ///
    /// # Errors
    /// Where the database is unusable. What goes wrong with the vendor is in the summary.
    pub async fn live_of(&self, run_id: &str, filter: &Filter) -> Result<Summary, Error> {
        let datasets = self.datasets(|one| is_live(one) && filter.takes_dataset(one));
        self.tick(run_id, datasets, filter).await
    }

    /// Reads the newest values of what no tick since `since` has done with, in whichever process. What one
    /// was cut off in the middle of is read whole.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub(crate) async fn live_rest(&self, run_id: &str, since: Ts) -> Result<Summary, Error> {
        self.reign.check().await?;
        let datasets = self.not_ticked(is_live, since).await?;
        let rest: Vec<&str> = datasets.iter().map(|one| one.id.as_str()).collect();
        let rest = rest.join(",");
        tracing::info!(source = %self.id(), from = %since, rest, "going on with the last tick");
        self.tick(run_id, datasets, &Filter::default()).await
    }

    /// Returns the datasets that no tick since `since` has done with.
    pub(crate) async fn not_ticked(
        &self,
        takes: impl Fn(&DatasetSpec) -> bool,
        since: Ts,
    ) -> Result<Vec<DatasetSpec>, Error> {
        let done = || self.store.datasets_ticked(self.id(), TICK, since);
        let done = self.outage.through(done).await?;
        // What failed and has a history is a gap by now. What exists only at present is lost for good, and
        // it may have been the network of the one before.
        let is_done = |one: &DatasetSpec| {
            let found = done.iter().find(|(name, _)| name == one.id.as_str());
            found.is_some_and(|(_, is_well)| *is_well || one.history != History::None)
        };
        Ok(self.datasets(|one| takes(one) && !is_done(one)))
    }

    async fn tick(
        &self,
        run_id: &str,
        datasets: Vec<DatasetSpec>,
        filter: &Filter,
    ) -> Result<Summary, Error> {
        let _first = self.ticks.begin();
        self.reign.check().await?;
        let mut summary = self.read_unread_catalogues(run_id).await?;
        (self.present(run_id, &datasets, filter, &mut summary)).await?;
        if let Some(pull) = summary.pulls.last() {
            self.note_missed_moments(pull.id, filter).await?;
        }
        Ok(summary)
    }

    pub(crate) fn datasets(&self, takes: impl Fn(&DatasetSpec) -> bool) -> Vec<DatasetSpec> {
        let all = self.source.datasets().iter();
        all.filter(|one| takes(one)).copied().collect()
    }

    /// Asks datasets for the present of what a filter takes.
    pub(crate) async fn present(
        &self,
        run_id: &str,
        datasets: &[DatasetSpec],
        filter: &Filter,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        for dataset in datasets {
            match self.bar(dataset, filter, summary).await? {
                Bar::None => {}
                Bar::Dataset => continue,
                Bar::Source => break,
            }
            let ask = self.ask_of_now(dataset, filter).await?;
            if self.run_dataset(run_id, dataset, ask, summary).await? == Ran::Over {
                break;
            }
        }
        Ok(())
    }

    /// Asks for what is now: of a history its newest buckets, of a snapshot of an hour everything, of a
    /// wider one what its bucket still lacks, because the first value of a bucket stays.
    pub(crate) async fn ask_of_now(
        &self,
        dataset: &DatasetSpec,
        filter: &Filter,
    ) -> Result<Ask, Error> {
        match (dataset.role, dataset.live) {
            (Role::Series, Live::Open { secs }) => self.due_ask(dataset, secs, filter).await,
            (Role::Series, live) => self.newest_ask(dataset, live.secs(), filter).await,
            (Role::Snapshot, _) if dataset.step != Step::Hour => {
                self.untaken_ask(dataset, filter).await
            }
            _ => Ok(self.present_ask(dataset, filter)),
        }
    }

    async fn newest_ask(
        &self,
        dataset: &DatasetSpec,
        secs: i64,
        filter: &Filter,
    ) -> Result<Ask, Error> {
        let scope = self.live_scope(Patience::Again, filter);
        let scope = Scope {
            from: Some(dataset.step.floor(scope.now).plus_secs(-secs)),
            ..scope
        };
        self.past_ask(dataset, &scope).await
    }

    /// Asks for what the gap filler would ask for of the last seconds, with the rights of a tick.
    async fn due_ask(
        &self,
        dataset: &DatasetSpec,
        secs: i64,
        filter: &Filter,
    ) -> Result<Ask, Error> {
        // By the hour a night's silence says nothing of the morning behind it.
        let patience = match dataset.step {
            Step::Hour => Patience::RetryFailed,
            _ => Patience::Wait,
        };
        let scope = self.live_scope(patience, filter);
        let since = dataset.step.floor(scope.now).plus_secs(-secs);
        let recent = TimeRange::new(since, scope.now);
        let as_gap = Scope {
            kind: PullKind::Gap,
            ..scope.clone()
        };
        let wanted = self.wanted(dataset, &as_gap).into_iter();
        let wanted: Vec<_> = wanted
            .map(|(series, range)| (series, range.intersect(recent)))
            .filter(|(_, range)| !range.is_empty())
            .collect();
        let mut ask = self.planner().ask(dataset, &scope, &wanted).await?;
        ask.oldest = self.reach().oldest(dataset.id, scope.now);
        Ok(ask)
    }

    /// Asks for the bucket of this moment where nobody has taken it yet.
    async fn untaken_ask(&self, dataset: &DatasetSpec, filter: &Filter) -> Result<Ask, Error> {
        let scope = self.live_scope(Patience::Wait, filter);
        let labels = labels_of_now(dataset, scope.now);
        let planner = self.planner();
        let wanted: Vec<_> = planner
            .rows(dataset, filter)
            .map(|row| (row.id, labels.shift(row.label_shift_secs)))
            .collect();
        planner.ask(dataset, &scope, &wanted).await
    }

    fn live_scope<'a>(&self, patience: Patience, filter: &'a Filter) -> Scope<'a> {
        Scope {
            kind: PullKind::Live,
            patience,
            from: None,
            to: None,
            filter,
            now: self.clock.now(),
        }
    }

    /// Asks for the present: every active series of a snapshot that a filter takes, everything of a
    /// catalogue.
    fn present_ask(&self, dataset: &DatasetSpec, filter: &Filter) -> Ask {
        let now = self.clock.now();
        let labels = labels_of_now(dataset, now);
        let mut wants: Vec<Want> = Vec::new();
        let planner = self.planner();
        let mut rows: Vec<_> = planner.rows(dataset, filter).collect();
        rows.sort_by(|a, b| a.series.cmp(&b.series));
        for row in rows {
            let metric = row.series.metric.clone();
            match wants.last_mut() {
                Some(want) if want.key == row.series.key => want.metrics.push(metric),
                _ => wants.push(Want {
                    key: row.series.key.clone(),
                    metrics: vec![metric],
                    labels,
                }),
            }
        }
        Ask {
            dataset: dataset.id,
            kind: PullKind::Live,
            now,
            oldest: None,
            wants,
        }
    }
}

/// Whether a live tick asks the dataset.
pub(crate) fn is_live(dataset: &DatasetSpec) -> bool {
    match dataset.role {
        Role::Snapshot => true,
        Role::Series => dataset.live != Live::No,
        Role::Catalogue | Role::Account => false,
    }
}

/// Returns the labels of what a snapshot takes now.
fn labels_of_now(dataset: &DatasetSpec, now: Ts) -> TimeRange {
    let start = dataset.step.floor(now);
    TimeRange::new(start, dataset.step.next(start))
}
