//! How far back a vendor's plan reaches, where that turns out to be less than configured.
//!
//! Found once per dataset and process: by the vendor's own word, else by halving. Forgotten with the
//! process, so that an upgrade opens the rest. What lies before it is nobody's gap.

use std::{
    collections::HashMap,
    sync::{MutexGuard, PoisonError},
};

use model::{DatasetId, Step, TimeRange, Ts};
use ratelimit::Waiting;
use source::{Ask, Block, ReplyError, RequestSpec, Role, Want};

use crate::{
    Error,
    collector::Collector,
    fetch::Failed,
    pull::{Halt, Pull},
};

const HOUR_SECS: i64 = 3_600;
/// How near the edge of the plan is looked for.
const NEAR_ENOUGH_SECS: i64 = 30 * 86_400;
/// How far inside of what the vendor named requests stay: they may leave hours after they were planned.
const MARGIN_SECS: i64 = 6 * HOUR_SECS;

/// The reach of each dataset where it is less than configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach(HashMap<DatasetId, Edge>);

/// The oldest instant that a request may begin at, as of a moment: it moves with time.
#[derive(Clone, Copy, Debug)]
struct Edge {
    oldest: Ts,
    found_at: Ts,
}

impl Reach {
    /// Returns the oldest instant that a request may begin at; whole hours, so that equal asks of one
    /// hour give equal plans.
    pub(crate) fn oldest(&self, dataset: DatasetId, now: Ts) -> Option<Ts> {
        let edge = self.0.get(&dataset)?;
        let moved_ms = now.millis().saturating_sub(edge.found_at.millis());
        let oldest = Ts::from_millis(edge.oldest.millis().saturating_add(moved_ms));
        Some(Step::Hour.ceil(oldest))
    }

    /// Returns the oldest label that is asked for: stamps stray around their labels, never by an hour.
    pub(crate) fn first_label(&self, dataset: DatasetId, now: Ts) -> Option<Ts> {
        Some(self.oldest(dataset, now)?.plus_secs(HOUR_SECS))
    }

    /// Takes in how far a request may reach. It only ever shrinks.
    fn shrink(&mut self, dataset: DatasetId, oldest: Ts, now: Ts) {
        if self.oldest(dataset, now).is_none_or(|known| known < oldest) {
            let found_at = now;
            self.0.insert(dataset, Edge { oldest, found_at });
        }
    }
}

/// Halves the time between a label that is refused and one that is not.
#[derive(Debug)]
struct Search {
    step: Step,
    refused: Ts,
    accepted: Ts,
    any_accepted: bool,
}

impl Search {
    /// Begins with labels that were refused as a whole: their newer part may be had.
    fn of(step: Step, labels: TimeRange) -> Self {
        Self {
            step,
            refused: labels.start,
            accepted: labels.end,
            any_accepted: false,
        }
    }

    /// Returns the label to try next, unless the edge is near enough.
    fn next(&self) -> Option<Ts> {
        let left = TimeRange::new(self.refused, self.accepted);
        let half = self.step.ceil(left.start.plus_secs(left.secs() / 2));
        (left.secs() > NEAR_ENOUGH_SECS && half < left.end).then_some(half)
    }

    fn refused(&mut self, label: Ts) {
        self.refused = label;
    }

    fn accepted(&mut self, label: Ts) {
        self.accepted = label;
        self.any_accepted = true;
    }
}

impl Collector {
    /// Returns what to ask instead of a request that begins before the plan's reach; nothing where it
    /// does not, or where no reach is known.
    pub(crate) fn within_reach(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<Option<Vec<RequestSpec>>, Error> {
        let (block, now) = (&request.block, self.clock.now());
        // Requests without labels, of catalogues, reach nowhere.
        let first = (self.reach().first_label(pull.dataset.id, now))
            .filter(|first| block.labels.start < *first && !block.labels.is_empty());
        let Some(first) = first else {
            return Ok(None);
        };
        let labels = TimeRange::new(block.step.ceil(first), block.labels.end);
        let oldest = first.plus_secs(-HOUR_SECS);
        self.plan_from(pull, block, labels, oldest, now).map(Some)
    }

    /// The vendor refuses a request as a whole for its oldest part. Returns what to ask instead.
    pub(crate) async fn outside_plan(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
        reach_days: Option<u32>,
    ) -> Result<Vec<RequestSpec>, Error> {
        if pull.dataset.role != Role::Series || request.block.labels.is_empty() {
            return Ok(Vec::new());
        }
        // One block looks for the edge; those that were refused meanwhile profit.
        let looking = {
            let _waiting = Waiting::new(&self.clock);
            pull.stop.or(self.reach_search.lock()).await
        };
        if looking.is_none() {
            pull.halt(Halt::Stopping);
            return Ok(Vec::new());
        }
        let (dataset, now) = (pull.dataset.id, self.clock.now());
        let named = reach_days.map(|days| now.plus_days(-i64::from(days)).plus_secs(MARGIN_SECS));
        // The configured plan's own edge may have moved on since the request was planned.
        let planned = self.source.horizon(dataset, now);
        if let Some(oldest) = named.max(planned.map(|label| label.plus_secs(-HOUR_SECS))) {
            self.reach().shrink(dataset, oldest, now);
        }
        match self.within_reach(pull, request)? {
            Some(instead) => Ok(instead),
            None => self.look_for_edge(pull, request).await,
        }
    }

    /// Asks for newer and older parts of the block until the edge of the plan is known well enough. An
    /// answer on the way is taken in: it costs nothing but what it brings.
    async fn look_for_edge(
        &self,
        pull: &Pull<'_>,
        request: &RequestSpec,
    ) -> Result<Vec<RequestSpec>, Error> {
        let (dataset, block) = (pull.dataset.id, &request.block);
        let mut search = Search::of(block.step, block.labels);
        let mut newer = Vec::new();
        while let Some(label) = search.next() {
            let now = self.clock.now();
            let labels = TimeRange::new(label, search.accepted);
            let mut parts =
                self.plan_from(pull, block, labels, label.plus_secs(-HOUR_SECS), now)?;
            // Newest first: the last one reaches back to the label.
            let Some(oldest) = parts.pop() else { break };
            match self.fetch(pull, &oldest).await {
                Ok(parsed) => {
                    self.take_in(pull, parsed).await?;
                    newer.extend(parts);
                    search.accepted(label);
                }
                Err(Failed::Reply(ReplyError::OutsidePlan { .. }, _)) => {
                    pull.tally.heard();
                    search.refused(label);
                }
                Err(Failed::Halted(halt)) => {
                    pull.halt(halt);
                    return Ok(Vec::new());
                }
                Err(Failed::Broken(error)) => return Err(error),
                // Another failure is dealt with like that of any request; the edge stays unknown.
                Err(_) => {
                    newer.push(oldest);
                    newer.extend(parts);
                    return Ok(newer);
                }
            }
        }
        let now = self.clock.now();
        if !search.any_accepted && search.accepted.plus_secs(NEAR_ENOUGH_SECS) > now {
            // A plan without any past is not believed for the word about one block.
            self.settle_failed(pull, request).await?;
            return Ok(Vec::new());
        }
        let oldest = search.accepted.plus_secs(-HOUR_SECS);
        tracing::warn!(
            source = %pull.source, dataset = %dataset, from = %search.accepted,
            "the plan reaches less far back than configured: what is older is not asked for"
        );
        self.reach().shrink(dataset, oldest, now);
        Ok(newer)
    }

    /// Plans other labels of a block.
    fn plan_from(
        &self,
        pull: &Pull<'_>,
        block: &Block,
        labels: TimeRange,
        oldest: Ts,
        now: Ts,
    ) -> Result<Vec<RequestSpec>, Error> {
        if labels.is_empty() {
            return Ok(Vec::new());
        }
        let want = |key: &model::Key| Want {
            key: key.clone(),
            metrics: block.metrics.clone(),
            labels,
        };
        let ask = Ask {
            dataset: pull.dataset.id,
            kind: pull.kind,
            now,
            oldest: Some(oldest),
            wants: block.keys.iter().map(want).collect(),
        };
        Ok(self.source.plan(&ask)?.collect())
    }

    pub(crate) fn reach(&self) -> MutexGuard<'_, Reach> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Ts {
        Ts::from_secs(day * 86_400)
    }

    /// Looks for the edge of a plan that refuses everything before `edge`.
    fn found(labels: TimeRange, edge: Ts) -> (Ts, u32) {
        let (mut search, mut tries) = (Search::of(Step::Day, labels), 0);
        while let Some(label) = search.next() {
            tries += 1;
            if label < edge {
                search.refused(label);
            } else {
                search.accepted(label);
            }
        }
        (search.accepted, tries)
    }

    #[test]
    fn the_edge_is_found_within_thirty_days_by_a_few_requests() {
        for edge in [1, 40, 900, 1_999, 2_000, 2_969, 2_990] {
            let (accepted, tries) = found(TimeRange::new(day(0), day(3_000)), day(edge));
            let late = accepted.millis() - day(edge).millis();
            assert!((0..=30 * 86_400_000).contains(&late), "{edge}: {accepted}");
            assert!(tries <= 7, "{edge}: {tries}");
        }
        let narrow = TimeRange::new(day(0), day(30));
        assert_eq!(found(narrow, day(10)), (day(30), 0));
    }

    #[test]
    fn the_edge_moves_with_time_and_only_shrinks() {
        let (mut reach, charts) = (Reach::default(), DatasetId::new("charts"));
        assert_eq!(reach.oldest(charts, day(100)), None);
        reach.shrink(charts, day(20), day(100));
        reach.shrink(charts, day(10), day(100));
        assert_eq!(reach.oldest(charts, day(100)), Some(day(20)));
        let hour_later = day(20).plus_secs(HOUR_SECS);
        assert_eq!(reach.first_label(charts, day(100)), Some(hour_later));
        assert_eq!(reach.oldest(charts, day(107)), Some(day(27)));
        reach.shrink(charts, day(26), day(107));
        assert_eq!(reach.oldest(charts, day(107)), Some(day(27)));
        reach.shrink(charts, day(30), day(107));
        assert_eq!(reach.oldest(charts, day(107)), Some(day(30)));
    }
}
