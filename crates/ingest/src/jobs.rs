//! The jobs: live tick, backfill, gap filler, re-read. They differ only in what they ask for.

use std::{collections::HashMap, sync::PoisonError};

use model::{PullKind, Spans, Step, TimeRange, Ts};
use source::{Ask, DatasetSpec, History, Live, Role, Want};
use store::series::SeriesId;

use crate::{
    Error,
    barred::Bar,
    collector::{Collector, Ran},
    schedule::TICK,
    summary::{Hole, Summary, Waiting},
    wants::{Filter, Patience, Scope, has_past},
};

/// More rounds than any vendor needs: a round that teaches facts, one that profits, one for what
/// another process left.
const MAX_ROUNDS: u32 = 4;

/// What an operator asks of the past.
#[derive(Clone, Debug, Default)]
pub struct PastAsk {
    /// First bucket; `None`: as far back as each series is wanted.
    pub from: Option<Ts>,
    /// First bucket after; `None`: up to now.
    pub to: Option<Ts>,
    /// Which series.
    pub filter: Filter,
    /// Asks for everything again and takes what differs.
    pub force: bool,
}

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

    /// Fills the holes that coverage knows of.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn fill_gaps(&self, run_id: &str) -> Result<Summary, Error> {
        self.reign.check().await?;
        self.past(run_id, &PastAsk::default(), PullKind::Gap).await
    }

    /// Collects a past range.
    ///
    /// # Errors
    /// Where the ask names what is not there, or the database is unusable.
    pub async fn backfill(&self, run_id: &str, ask: &PastAsk) -> Result<Summary, Error> {
        self.check_names(&ask.filter)?;
        let kind = if ask.force {
            PullKind::Reread
        } else {
            PullKind::Backfill
        };
        self.past(run_id, ask, kind).await
    }

    async fn past(&self, run_id: &str, ask: &PastAsk, kind: PullKind) -> Result<Summary, Error> {
        if self.let_ticks_pass(kind).await.is_none() {
            return Ok(Summary::new(self.id(), kind));
        }
        let mut summary = self.read_unread_catalogues(run_id).await?;
        summary.kind = kind;
        self.refresh_facts().await?;
        let mut patience = Patience::from(kind);
        let rounds = match patience {
            Patience::Again => 1,
            _ => MAX_ROUNDS,
        };
        let mut open = self.open_of(ask, kind).await?;
        for _ in 0..rounds {
            let before = summary.total(|pull| pull.inserted);
            let scope = self.scope(ask, kind, patience);
            let ran = self.past_round(run_id, &scope, &mut summary).await?;
            let left = self.open_of(ask, kind).await?;
            // A round that neither brings nor settles anything would only be repeated.
            let moved = summary.total(|pull| pull.inserted) > before || settles(&open, &left);
            open = left;
            if ran == Ran::Over || !moved || open.is_empty() || self.stop.is_said() {
                break;
            }
            // What an answer spoiled is left to the next run, whoever asks; what no answer came for
            // gets one more chance now that some time has passed.
            patience = Patience::Wait;
        }
        summary.holes = self.holes(&open);
        summary.waiting = self.waiting(ask, kind).await?;
        Ok(summary)
    }

    /// Runs every dataset once. Facts learnt from one bound the next.
    async fn past_round(
        &self,
        run_id: &str,
        scope: &Scope<'_>,
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        for dataset in self.past_datasets(scope.filter) {
            if self.let_ticks_pass(scope.kind).await.is_none() {
                return Ok(Ran::Over);
            }
            match self.bar(dataset, scope.filter, summary).await? {
                Bar::None => {}
                Bar::Dataset => continue,
                Bar::Source => return Ok(Ran::Over),
            }
            // The time moves on: a dataset may take hours.
            let scope = Scope {
                now: self.clock.now(),
                ..scope.clone()
            };
            let ask = self.past_ask(dataset, &scope).await?;
            if self.run_dataset(run_id, dataset, ask, summary).await? == Ran::Over {
                return Ok(Ran::Over);
            }
        }
        Ok(Ran::On)
    }

    pub(crate) fn past_datasets<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> impl Iterator<Item = &'a DatasetSpec> {
        self.source
            .datasets()
            .iter()
            .filter(|one| has_past(one) && filter.takes_dataset(one))
    }

    pub(crate) fn wanted(
        &self,
        dataset: &DatasetSpec,
        scope: &Scope<'_>,
    ) -> Vec<(SeriesId, TimeRange)> {
        let reach = self.reach();
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        self.planner().wanted(dataset, scope, &facts, &reach)
    }

    pub(crate) async fn past_ask(
        &self,
        dataset: &DatasetSpec,
        scope: &Scope<'_>,
    ) -> Result<Ask, Error> {
        let wanted = self.wanted(dataset, scope);
        let mut ask = self.planner().ask(dataset, scope, &wanted).await?;
        ask.oldest = self.reach().oldest(dataset.id, scope.now);
        Ok(ask)
    }

    /// Other processes learn too.
    pub(crate) async fn refresh_facts(&self) -> Result<(), Error> {
        let rows = self.outage.through(|| self.store.facts(self.id())).await?;
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.refresh(rows);
        Ok(())
    }

    /// The question that is asked after a job. After a re-read nothing is open that was settled
    /// before: its question is the backfill's.
    fn scope_after<'a>(&self, ask: &'a PastAsk, kind: PullKind) -> Scope<'a> {
        let patience = match Patience::from(kind) {
            Patience::Again => Patience::RetryFailed,
            patience => patience,
        };
        self.scope(ask, kind, patience)
    }

    /// Returns what is wanted and open, series by series.
    async fn open_of(
        &self,
        ask: &PastAsk,
        kind: PullKind,
    ) -> Result<Vec<(SeriesId, Spans)>, Error> {
        let scope = self.scope_after(ask, kind);
        let mut open = Vec::new();
        for dataset in self.past_datasets(&ask.filter) {
            let wanted = self.wanted(dataset, &scope);
            let planner = self.planner();
            open.extend(planner.open(&wanted, scope.patience, scope.now).await?);
        }
        Ok(open)
    }

    fn holes(&self, open: &[(SeriesId, Spans)]) -> Vec<Hole> {
        let index = self.index();
        let named = |(id, spans): &(SeriesId, Spans)| {
            let series = index.get(*id)?.series.clone();
            let hole = move |range| Hole {
                series: series.clone(),
                range,
            };
            Some(spans.iter().map(hole).collect::<Vec<_>>())
        };
        open.iter().filter_map(named).flatten().collect()
    }

    /// Returns what is wanted and the vendor had nothing for, until it is asked again.
    async fn waiting(&self, ask: &PastAsk, kind: PullKind) -> Result<Vec<Waiting>, Error> {
        let scope = self.scope_after(ask, kind);
        let (mut waiting, index) = (Vec::new(), self.index());
        for dataset in self.past_datasets(&ask.filter) {
            let wanted = self.wanted(dataset, &scope);
            let waiting_rows = || self.store.waiting(&wanted, scope.now);
            let rows = self.outage.through(waiting_rows).await?;
            let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            for row in rows {
                let Some(known) = index.get(row.series) else {
                    continue;
                };
                let series = &known.series;
                let first = facts.first(&series.key).unwrap_or(Ts::OLDEST);
                let first = series.step.floor(first);
                let before = TimeRange::new(row.range.start, row.range.end.min(first));
                let since = TimeRange::new(row.range.start.max(first), row.range.end);
                let parts = [(before, true), (since, false)];
                let parts = parts.into_iter().filter(|(part, _)| !part.is_empty());
                waiting.extend(parts.map(|(range, before_first)| Waiting {
                    dataset: dataset.id,
                    series: series.clone(),
                    range,
                    again_at: row.recheck_at,
                    before_first,
                }));
            }
        }
        Ok(waiting)
    }

    pub(crate) fn scope<'a>(
        &self,
        ask: &'a PastAsk,
        kind: PullKind,
        patience: Patience,
    ) -> Scope<'a> {
        Scope {
            kind,
            patience,
            from: ask.from,
            to: ask.to,
            filter: &ask.filter,
            now: self.clock.now(),
        }
    }

    /// Refuses a filter that names a dataset, asset or metric that is not there, before anything is
    /// asked.
    ///
    /// # Errors
    /// [`Error::UnknownDataset`] and [`Error::NothingMatches`].
    pub fn check_names(&self, filter: &Filter) -> Result<(), Error> {
        for name in &filter.datasets {
            if !self
                .source
                .datasets()
                .iter()
                .any(|one| has_past(one) && one.id.as_str() == name)
            {
                let known: Vec<_> = self
                    .past_datasets(&Filter::default())
                    .map(|one| one.id.as_str())
                    .collect();
                return Err(Error::UnknownDataset {
                    source_id: self.id().as_str(),
                    name: name.clone(),
                    known: known.join(", "),
                });
            }
        }
        for (what, names) in [("asset", &filter.assets), ("metric", &filter.metrics)] {
            for name in names {
                let one = match what {
                    "asset" => Filter {
                        assets: vec![name.clone()],
                        ..Filter::default()
                    },
                    _ => Filter {
                        metrics: vec![name.clone()],
                        ..Filter::default()
                    },
                };
                let index = self.index();
                let is_active = index.rows().iter().any(|row| one.takes(&row.series));
                // What a catalogue has yet to name is no slip of the pen.
                if !is_active && self.selectors(&one).next().is_none() {
                    return Err(Error::NothingMatches(format!(
                        "no active series of {} has the {what} {name:?}: is it in sources-config/{}.csv and enabled?",
                        self.id(),
                        self.id()
                    )));
                }
            }
        }
        Ok(())
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

/// Whether any time that was open is open no more.
fn settles(before: &[(SeriesId, Spans)], after: &[(SeriesId, Spans)]) -> bool {
    let after: HashMap<SeriesId, &Spans> = after.iter().map(|(id, spans)| (*id, spans)).collect();
    before.iter().any(|(id, was)| match after.get(id) {
        Some(is) => !was.minus(is).is_empty(),
        None => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_only_settles_moves_and_one_that_only_grows_does_not() {
        let open = |id, from: i64, to: i64| {
            let range = TimeRange::new(Ts::from_secs(from), Ts::from_secs(to));
            (SeriesId(id), Spans::from_iter([range]))
        };
        let before = [open(1, 0, 10), open(2, 0, 10)];
        assert!(!settles(&before, &before));
        assert!(!settles(
            &before,
            &[open(1, 0, 12), open(2, 0, 10), open(3, 0, 5)]
        ));
        assert!(settles(&before, &[open(1, 0, 10), open(2, 3, 12)]));
        assert!(settles(&before, &[open(2, 0, 10)]));
        assert!(!settles(&[], &before));
    }
}
