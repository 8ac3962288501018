//! What lies before a re-read window in which the vendor changed values at the oldest end: it is read as
//! well, twice as far each time.
//!
//! It stands in the queue before the pass that found the difference is closed: whoever is stopped here,
//! killed, parked or suspended leaves the rest to the queue. What a pass replaced no later one sees as a
//! difference again, so it is looked up among the revisions, those of passes that were cut off included.

use std::collections::BTreeSet;

use model::{Key, Step, TimeRange, Ts};
use source::DatasetSpec;
use store::{pulls::PullStatus, series::SeriesId};

use crate::{
    Error,
    collector::{Collector, Pass, Ran},
    night::night_of,
    pull::Pull,
    rereads::Night,
    summary::{PullEnd, Summary},
};

/// How many times the requests of a pass may be spent on looking deeper, the same night.
pub(crate) const DEEPER_TIMES: u64 = 4;

/// How far a pass and those before it have looked.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    /// The first bucket.
    since: Ts,
    /// How many days in all.
    days: i64,
    /// How many requests it and deeper ones may cost; of the first pass so many times its own.
    requests: Option<u64>,
    /// What it was about, where not everything.
    keys: BTreeSet<Key>,
}

/// What is to be read next, and stands in the queue.
#[derive(Debug)]
pub(crate) struct Next {
    wanted: Vec<(SeriesId, TimeRange)>,
    /// How far will have been looked then.
    looked: Looked,
}

impl Looked {
    /// A window has been looked at.
    pub(crate) const fn first(since: Ts, days: i64) -> Self {
        Self {
            since,
            days,
            requests: None,
            keys: BTreeSet::new(),
        }
    }

    /// Returns where the oldest quarter ends.
    fn quarter(&self) -> Ts {
        self.since.plus_secs(self.days * 86_400 / 4)
    }

    /// Returns how many requests are left once a pass has cost so many.
    fn left_after(&self, requests: u64) -> u64 {
        match self.requests {
            None => requests * DEEPER_TIMES,
            Some(left) => left.saturating_sub(requests),
        }
    }

    /// Returns as much again, before all that; everything where no request is left: there may be no end
    /// to the difference.
    fn before(&self, left: u64, step: Step) -> TimeRange {
        let start = match left {
            0 => Ts::OLDEST,
            _ => step.floor(self.since.plus_days(-self.days)),
        };
        TimeRange::new(start, self.since)
    }
}

impl Collector {
    /// Reads what lies before a window as long as values differ in its oldest quarter: as much again
    /// each time, of the keys that differ. What no request is left for stays queued, down to the oldest
    /// that is wanted.
    pub(crate) async fn look_deeper(
        &self,
        dataset: &DatasetSpec,
        mut pass: Pass,
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        while let Some(Next { wanted, looked }) = pass.next.take() {
            if pass.ran == Ran::Over || self.stop.is_said() {
                break;
            }
            let left = looked.requests.unwrap_or(u64::MAX);
            let night = Night {
                name: &format!("deeper-{}d", looked.days),
                wanted: &wanted,
                at_most: usize::try_from(left).unwrap_or(usize::MAX),
                is_queue: false,
                looked: Some(&looked),
            };
            pass = self.read_again(dataset, night, summary).await?;
        }
        Ok(pass.ran)
    }

    /// Queues what lies before a pass that found values changed in its oldest quarter: for tonight where
    /// requests are left, else for another night. Of a pass that was cut off and had keys it was about it
    /// is known of these.
    pub(crate) async fn queue_deeper(
        &self,
        pull: &Pull<'_>,
        end: &PullEnd,
        night: Night<'_>,
        looked: &Looked,
        cut_off: bool,
    ) -> Result<Option<Next>, Error> {
        let is_first = looked.keys.is_empty();
        let keys = match cut_off && !is_first {
            true => looked.keys.clone(),
            false => self.keys_changed(pull, night, looked).await?,
        };
        if keys.is_empty() {
            return Ok(None);
        }
        let left = looked.left_after(end.requests);
        let left = left.min(self.left_tonight().await?);
        // A window that was not read whole does not say that there is no end to the difference.
        let is_read = !cut_off && matches!(end.status, PullStatus::Complete | PullStatus::Partial);
        let is_open = is_first && !(is_read && end.requests > 0);
        let before = match is_open {
            true => looked.before(1, pull.dataset.step),
            false => looked.before(left, pull.dataset.step),
        };
        let wanted = self.wanted_of(&keys, pull.dataset, before);
        if wanted.is_empty() {
            return Ok(None);
        }
        let now = self.clock.now();
        let at = match left {
            0 => now,
            _ => night_of(now),
        };
        let queue = || self.store.queue_rereads(&wanted, at);
        self.outage.through(queue).await?;
        if is_open {
            return Ok(None);
        }
        let looked = Looked {
            since: before.start,
            days: looked.days * 2,
            requests: Some(left),
            keys,
        };
        Ok(Some(Next { wanted, looked }))
    }

    fn wanted_of(
        &self,
        keys: &BTreeSet<Key>,
        dataset: &DatasetSpec,
        within: TimeRange,
    ) -> Vec<(SeriesId, TimeRange)> {
        let index = self.index();
        let is_one = |id: SeriesId| {
            index
                .get(id)
                .is_some_and(|row| keys.contains(&row.series.key))
        };
        let mut wanted = self.wanted_within(dataset, within);
        wanted.retain(|(id, _)| is_one(*id));
        wanted
    }

    /// Returns the keys of which the vendor changed values in the oldest quarter.
    async fn keys_changed(
        &self,
        pull: &Pull<'_>,
        night: Night<'_>,
        looked: &Looked,
    ) -> Result<BTreeSet<Key>, Error> {
        let series: BTreeSet<SeriesId> = night.wanted.iter().map(|(id, _)| *id).collect();
        let series = Vec::from_iter(series);
        let of = (self.id(), pull.dataset.id, night.name);
        let changed = || (self.store).revised_by(of, pull.id, &series, looked.quarter());
        let changed = self.outage.through(changed).await?;
        let index = self.index();
        let keys = changed
            .iter()
            .filter_map(|id| Some(index.get(*id)?.series.key.clone()));
        Ok(keys.collect())
    }
}
