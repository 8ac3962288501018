//! The nightly re-reads: vendors repair old values, and an answer that differed from what is stored was
//! not taken but queued. A re-read takes the newer value and keeps the old one as a revision.
//!
//! With the gap filler's rights: one place in flight less than there are, nothing of the quota's reserve.
//! What has run is remembered by the ledger of pulls, so a restart does not repeat it.

use model::{PullKind, Step, TimeRange, Ts};
use source::{DatasetSpec, Reread};
use store::series::SeriesId;

use crate::{
    Error, Filter,
    barred::Bar,
    collector::{Collector, Ran},
    schedule::run_id,
    summary::Summary,
    wants::{Patience, Scope},
};

/// When the night begins, in seconds of the UTC day: yesterday's daily values are out, and have been
/// asked for.
const NIGHT_BEGINS_SECS: i64 = 2 * 3_600;
/// How many entries of the queue one night takes, oldest first.
const QUEUE_A_NIGHT: i64 = 100_000;
/// What the runs of the queue are called.
const QUEUE: &str = "reread-queue";

impl Collector {
    /// Reads again what is due tonight: of each dataset its widest due window, and what is queued.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn reread(&self) -> Result<Summary, Error> {
        self.reign.check().await?;
        let mut summary = Summary::new(self.id(), PullKind::Reread);
        let everything = Filter::default();
        for dataset in self.past_datasets(&everything) {
            if self.reread_dataset(dataset, &mut summary).await? == Ran::Over {
                break;
            }
        }
        Ok(summary)
    }

    async fn reread_dataset(
        &self,
        dataset: &DatasetSpec,
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        if let Some(window) = self.due_window(dataset).await? {
            let wanted = self.window(dataset, window).await?;
            let name = name_of(window);
            if self.read_again(&name, dataset, &wanted, summary).await? == Ran::Over {
                return Ok(Ran::Over);
            }
        }
        if self.is_due(dataset, &[QUEUE.to_owned()], 1).await? {
            let queued = self.queued(dataset).await?;
            return self.read_again(QUEUE, dataset, &queued, summary).await;
        }
        Ok(Ran::On)
    }

    /// Returns the widest window that is due. A wider one does the work of the narrower ones.
    async fn due_window(&self, dataset: &DatasetSpec) -> Result<Option<Reread>, Error> {
        let mut windows = dataset.rereads.to_vec();
        windows.sort_by_key(|window| std::cmp::Reverse(window.window_days));
        let mut names = Vec::new();
        for window in windows {
            names.push(name_of(window));
            if self.is_due(dataset, &names, window.every_days).await? {
                return Ok(Some(window));
            }
        }
        Ok(None)
    }

    /// Whether so many nights have begun since a run of one of these names; where none ever ended,
    /// since the dataset was first asked: what was read yesterday is no old value.
    async fn is_due(
        &self,
        dataset: &DatasetSpec,
        names: &[String],
        every_days: i64,
    ) -> Result<bool, Error> {
        let last = || (self.store).last_reread(self.id(), dataset.id, names);
        let last = self.outage.through(last).await?;
        Ok(last.is_some_and(|last| nights(last, self.clock.now()) >= every_days))
    }

    /// Returns what the configuration wants of the last days.
    async fn window(
        &self,
        dataset: &DatasetSpec,
        window: Reread,
    ) -> Result<Vec<(SeriesId, TimeRange)>, Error> {
        self.refresh_facts().await?;
        let now = self.clock.now();
        let since = dataset.step.floor(now.plus_days(-window.window_days));
        let recent = TimeRange::new(since, now);
        let everything = Filter::default();
        // As the gap filler sees it: what is configured and supported, settled or not.
        let scope = Scope {
            kind: PullKind::Gap,
            ..self.reread_scope(&everything)
        };
        let wanted = self.wanted(dataset, &scope).into_iter();
        Ok(wanted
            .map(|(series, range)| (series, range.intersect(recent)))
            .filter(|(_, range)| !range.is_empty())
            .collect())
    }

    /// Returns what of the queue the dataset answers, of series that are active.
    async fn queued(&self, dataset: &DatasetSpec) -> Result<Vec<(SeriesId, TimeRange)>, Error> {
        let queued = || self.store.queued_rereads(self.id(), QUEUE_A_NIGHT);
        let queued = self.outage.through(queued).await?;
        let index = self.index();
        let serves = |series: &SeriesId| {
            index.get(*series).is_some_and(|row| {
                row.series.step == dataset.step && self.source.serves(dataset.id, &row.series)
            })
        };
        Ok(queued
            .into_iter()
            .filter(|(series, _)| serves(series))
            .collect())
    }

    async fn read_again(
        &self,
        name: &str,
        dataset: &DatasetSpec,
        wanted: &[(SeriesId, TimeRange)],
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        if wanted.is_empty() || self.stop.is_said() {
            return Ok(Ran::On);
        }
        match self.bar(dataset, summary).await? {
            Bar::None => {}
            Bar::Dataset => return Ok(Ran::On),
            Bar::Source => return Ok(Ran::Over),
        }
        let everything = Filter::default();
        let scope = self.reread_scope(&everything);
        let mut ask = self.planner().ask(dataset, &scope, wanted).await?;
        ask.oldest = self.reach().oldest(dataset.id, scope.now);
        let run = run_id(name, scope.now);
        self.run_dataset(&run, dataset, ask, summary).await
    }

    fn reread_scope<'a>(&self, everything: &'a Filter) -> Scope<'a> {
        Scope {
            kind: PullKind::Reread,
            patience: Patience::Again,
            from: None,
            to: None,
            filter: everything,
            now: self.clock.now(),
        }
    }
}

/// Names the runs of a window.
fn name_of(window: Reread) -> String {
    format!("reread-{}d", window.window_days)
}

/// Returns how many nights have begun after one moment, up to another.
fn nights(after: Ts, now: Ts) -> i64 {
    let begun = |at: Ts| Step::Day.floor(at.plus_secs(-NIGHT_BEGINS_SECS)).secs();
    (begun(now) - begun(after)) / 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_begins_at_two_whenever_somebody_looks() {
        let at = |text| Ts::parse(text).unwrap();
        let first = at("2026-11-22T12:50:00Z");
        for (now, expected) in [
            ("2026-11-22T23:59:00Z", 0),
            ("2026-11-23T01:59:59Z", 0),
            ("2026-11-23T02:00:00Z", 1),
            ("2026-11-23T20:00:00Z", 1),
            ("2026-11-24T02:03:05Z", 2),
            ("2026-11-29T02:03:05Z", 7),
        ] {
            assert_eq!(nights(first, at(now)), expected, "{now}");
        }
        // What ran in the small hours before two belongs to the night before.
        let early = at("2026-11-23T01:03:05Z");
        assert_eq!(nights(early, at("2026-11-23T02:03:05Z")), 1);
    }
}
