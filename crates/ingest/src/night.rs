//! One night: when it begins, what it may cost, and who has its turn where that is not enough for all.

use model::{Step, TimeRange, Ts};
use source::DatasetSpec;
use store::series::SeriesId;

use crate::{Error, collector::Collector, night_bill::requests, wants::has_past};

/// When the night begins, in seconds of the UTC day: yesterday's daily values are out, and have been
/// asked for.
const NIGHT_BEGINS_SECS: i64 = 2 * 3_600;
/// How the names of all runs begin.
const RUNS: [&str; 2] = ["reread-", "deeper-"];

impl Collector {
    /// Returns the datasets in the order of work. Where a night has a bound, each comes first once in as
    /// many nights as there are datasets: what one leaves may never be enough for the next.
    pub(crate) fn in_turn(&self, now: Ts) -> Vec<&DatasetSpec> {
        let has_past = |one: &&DatasetSpec| has_past(one);
        let mut datasets: Vec<_> = self.source.datasets().iter().filter(has_past).collect();
        if self.timetable.reread_requests.is_some() && !datasets.is_empty() {
            let night = usize::try_from(night_of(now).secs() / 86_400).unwrap_or(0);
            let first = night % datasets.len();
            datasets.rotate_left(first);
        }
        datasets
    }

    /// Returns how many requests re-reads may still cost tonight.
    pub(crate) async fn left_tonight(&self) -> Result<u64, Error> {
        let Some(at_most) = self.timetable.reread_requests else {
            return Ok(u64::MAX);
        };
        let night = night_of(self.clock.now());
        let spent = || (self.store).reread_requests(self.id(), &RUNS, night);
        Ok(at_most.saturating_sub(self.outage.through(spent).await?))
    }

    /// Returns as much of the queue, from its oldest entry on, as so many requests bring: a plan has an
    /// order of its own, and what it puts last would never be read.
    pub(crate) fn oldest_within(
        &self,
        dataset: &DatasetSpec,
        mut queued: Vec<(SeriesId, TimeRange)>,
        at_most: usize,
    ) -> Result<Vec<(SeriesId, TimeRange)>, Error> {
        let now = self.clock.now();
        let (mut fits, mut too_many) = (0, queued.len() + 1);
        let mut tried = queued.len();
        while let Some(entries) = queued.get(..tried)
            && fits + 1 < too_many
        {
            match requests(&self.planner(), &self.reach(), dataset, entries, now)? {
                requests if requests <= at_most => fits = tried,
                _ => too_many = tried,
            }
            tried = usize::midpoint(fits, too_many);
        }
        // One that is too large alone is cut by the plan.
        queued.truncate(fits.max(at_most.min(1)));
        Ok(queued)
    }
}

/// Returns how many nights have begun after one moment, up to another.
pub(crate) fn nights(after: Ts, now: Ts) -> i64 {
    (night_of(now).secs() - night_of(after).secs()) / 86_400
}

/// Returns when the night began.
pub(crate) fn night_of(now: Ts) -> Ts {
    let begun = Step::Day.floor(now.plus_secs(-NIGHT_BEGINS_SECS));
    begun.plus_secs(NIGHT_BEGINS_SECS)
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
