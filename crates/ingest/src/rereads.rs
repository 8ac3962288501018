//! The nightly re-reads: vendors repair old values, and an answer that differed from what is stored was
//! not taken but queued. A re-read takes the newer value and keeps the old one as a revision.
//!
//! With the gap filler's rights: one place in flight less than there are, nothing of the quota's reserve.
//! Where the timetable says what a night may cost, the passes share that, and the rest is queued.
//! What has run is remembered by the ledger of pulls, so a restart does not repeat it; what a pass could
//! not read is queued, so that the next one goes on where it was. A window in which the vendor changed
//! values at its oldest end is too narrow: [`crate::deeper`] reads what lies before it as well.

use std::{collections::BTreeMap, sync::PoisonError};

use model::{PullKind, Spans, TimeRange, Ts};
use source::{DatasetSpec, Reread};
use store::{pulls::PullStatus, series::SeriesId};

use crate::{
    Error, Filter,
    barred::Bar,
    collector::{Collector, Pass, Ran},
    deeper::Looked,
    index::Facts,
    night::{night_of, nights},
    pull::{Pull, ranges},
    reach::Reach,
    schedule::run_id,
    summary::Summary,
    wants::{Askable, Patience, Scope},
};

/// How many entries of the queue one night takes, oldest first.
const QUEUE_A_NIGHT: i64 = 100_000;
/// How many requests the queue of a dataset may cost a night: gaps wait meanwhile.
pub(crate) const QUEUE_REQUESTS: usize = 500;
/// What the runs of the queue are called.
const QUEUE: &str = "reread-queue";

/// The bounds of a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Night<'a> {
    /// How the ids of its runs begin.
    pub(crate) name: &'a str,
    /// What it is to read.
    pub(crate) wanted: &'a [(SeriesId, TimeRange)],
    /// Requests of its plan at most.
    pub(crate) at_most: usize,
    /// Whether that stands in the queue already.
    pub(crate) is_queue: bool,
    /// How far it has looked once it has read that; none where nothing lies before it.
    pub(crate) looked: Option<&'a Looked>,
}

impl Collector {
    /// Reads again what is due tonight: of each dataset its widest due window, and what is queued.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub async fn reread(&self) -> Result<Summary, Error> {
        self.reign.check().await?;
        let mut summary = Summary::new(self.id(), PullKind::Reread);
        let now = self.clock.now();
        let idle = || self.store.drop_idle_rereads(self.id(), now);
        self.outage.through(idle).await?;
        for dataset in self.in_turn(now) {
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
        // Where a night has a bound, what waits longest goes first: the window comes every night.
        let queue_first = self.timetable.reread_requests.is_some();
        if queue_first && self.reread_queue(dataset, summary).await? == Ran::Over {
            return Ok(Ran::Over);
        }
        if let Some(window) = self.due_window(dataset).await?
            && self.reread_window(dataset, window, summary).await? == Ran::Over
        {
            return Ok(Ran::Over);
        }
        match queue_first {
            true => Ok(Ran::On),
            false => self.reread_queue(dataset, summary).await,
        }
    }

    async fn reread_queue(
        &self,
        dataset: &DatasetSpec,
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        let left = usize::try_from(self.left_tonight().await?).unwrap_or(usize::MAX);
        // With nothing to spend the queue need not be loaded to learn that nothing of it fits.
        if left == 0 || !self.is_due(dataset, &[QUEUE.to_owned()], 1).await? {
            return Ok(Ran::On);
        }
        let at_most = QUEUE_REQUESTS.min(left);
        let queued = self.queued(dataset).await?;
        let queued = self.oldest_within(dataset, queued, at_most)?;
        let night = Night {
            name: QUEUE,
            wanted: &queued,
            at_most,
            is_queue: true,
            looked: None,
        };
        let pass = self.read_again(dataset, night, summary).await?;
        Ok(pass.ran)
    }

    async fn reread_window(
        &self,
        dataset: &DatasetSpec,
        window: Reread,
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        self.refresh_facts().await?;
        let now = self.clock.now();
        let since = since(dataset, window, now);
        let wanted = self.wanted_within(dataset, TimeRange::new(since, now));
        // Where each answer is compared whole there is nothing before it.
        let looked = (!dataset.whole).then(|| Looked::first(since, window.window_days));
        let night = Night {
            name: &name_of(window),
            wanted: &wanted,
            at_most: usize::MAX,
            is_queue: false,
            looked: looked.as_ref(),
        };
        let pass = self.read_again(dataset, night, summary).await?;
        self.look_deeper(dataset, pass, summary).await
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
        let now = self.clock.now();
        let last = || (self.store).last_reread(self.id(), dataset.id, names, now);
        let last = self.outage.through(last).await?;
        Ok(last.is_some_and(|last| nights(last, now) >= every_days))
    }

    /// Returns what the configuration wants of a range.
    pub(crate) fn wanted_within(
        &self,
        dataset: &DatasetSpec,
        within: TimeRange,
    ) -> Vec<(SeriesId, TimeRange)> {
        let reach = self.reach();
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        wanted_within(&self.planner(), dataset, within, now, &facts, &reach)
    }

    /// Returns what of the queue the dataset answers, of series that are active. What was queued since
    /// the night began is another night's.
    pub(crate) async fn queued(
        &self,
        dataset: &DatasetSpec,
    ) -> Result<Vec<(SeriesId, TimeRange)>, Error> {
        let everything = Filter::default();
        let planner = self.planner();
        let series: Vec<SeriesId> = planner
            .rows(dataset, &everything)
            .map(|row| row.id)
            .collect();
        let night = night_of(self.clock.now());
        let queued = || self.store.queued_rereads(&series, night, QUEUE_A_NIGHT);
        Ok(self.outage.through(queued).await?)
    }

    pub(crate) async fn read_again(
        &self,
        dataset: &DatasetSpec,
        night: Night<'_>,
        summary: &mut Summary,
    ) -> Result<Pass, Error> {
        if night.wanted.is_empty() || self.stop.is_said() {
            return Ok(Pass::default());
        }
        let left = usize::try_from(self.left_tonight().await?).unwrap_or(usize::MAX);
        let at_most = night.at_most.min(left);
        let night = Night { at_most, ..night };
        let over = Pass {
            ran: Ran::Over,
            ..Pass::default()
        };
        if self.let_ticks_pass(PullKind::Reread).await.is_none() {
            return Ok(over);
        }
        match self.bar(dataset, &Filter::default(), summary).await? {
            Bar::None => {}
            Bar::Dataset => return Ok(Pass::default()),
            Bar::Source => return Ok(over),
        }
        let everything = Filter::default();
        let scope = reread_scope(&everything, self.clock.now());
        let mut ask = self.planner().ask(dataset, &scope, night.wanted).await?;
        ask.oldest = self.reach().oldest(dataset.id, scope.now);
        let run = run_id(night.name, scope.now);
        self.run_pass(&run, dataset, ask, Some(night), summary)
            .await
    }

    /// Queues what a pass did not read. One that was stopped goes on tonight, what failed is read
    /// another night; a pass that the vendor never answered is repeated as it is.
    pub(crate) async fn queue_unread(
        &self,
        pull: &Pull<'_>,
        status: PullStatus,
        night: Night<'_>,
        cut_off: bool,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let at = match status {
            // Its rows are there, and it is not over.
            PullStatus::Parked | PullStatus::Interrupted if night.is_queue => return Ok(()),
            PullStatus::Parked | PullStatus::Interrupted => night_of(now),
            PullStatus::Failed if !pull.tally.was_refused() => return Ok(()),
            PullStatus::Partial | PullStatus::Failed => now,
            _ if cut_off => now,
            _ => return Ok(()),
        };
        let unread = minus(night.wanted, &pull.answered());
        let queue = || self.store.queue_unread(pull.id, &unread, at);
        Ok(self.outage.through(queue).await?)
    }
}

/// The frame of every re-read.
pub(crate) const fn reread_scope(everything: &Filter, now: Ts) -> Scope<'_> {
    Scope {
        kind: PullKind::Reread,
        patience: Patience::Again,
        from: None,
        to: None,
        filter: everything,
        now,
    }
}

/// Returns the first bucket of a window.
pub(crate) fn since(dataset: &DatasetSpec, window: Reread, now: Ts) -> Ts {
    dataset.step.floor(now.plus_days(-window.window_days))
}

/// Returns what the configuration wants of a range, as the gap filler sees it: what is configured and
/// supported, settled or not.
pub(crate) fn wanted_within(
    askable: &Askable<'_>,
    dataset: &DatasetSpec,
    within: TimeRange,
    now: Ts,
    facts: &Facts,
    reach: &Reach,
) -> Vec<(SeriesId, TimeRange)> {
    let everything = Filter::default();
    let scope = Scope {
        kind: PullKind::Gap,
        ..reread_scope(&everything, now)
    };
    let wanted = askable.wanted(dataset, &scope, facts, reach).into_iter();
    wanted
        .map(|(series, range)| (series, range.intersect(within)))
        .filter(|(_, range)| !range.is_empty())
        .collect()
}

/// Returns what of the ranges is not in the spans.
fn minus(
    wanted: &[(SeriesId, TimeRange)],
    answered: &BTreeMap<SeriesId, Spans>,
) -> Vec<(SeriesId, TimeRange)> {
    let mut left: BTreeMap<SeriesId, Spans> = BTreeMap::new();
    for (series, range) in wanted {
        left.entry(*series).or_default().insert(*range);
    }
    for (series, spans) in &mut left {
        if let Some(answered) = answered.get(series) {
            *spans = spans.minus(answered);
        }
    }
    ranges(&left).collect()
}

/// Names the runs of a window.
fn name_of(window: Reread) -> String {
    format!("reread-{}d", window.window_days)
}
