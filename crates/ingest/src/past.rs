//! The past: backfill and gap filler, in rounds until nothing moves any more.

use std::{collections::HashMap, sync::PoisonError};

use model::{PullKind, Spans, TimeRange, Ts};
use source::{Ask, DatasetSpec};
use store::series::SeriesId;

use crate::{
    Error,
    barred::Bar,
    collector::{Collector, Ran},
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
