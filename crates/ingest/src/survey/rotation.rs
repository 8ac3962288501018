//! Who waits for the present, of what a tick asks for as it falls due: a quota that ends leaves the
//! fresh ones for tomorrow, and somebody asks who is not fresh.

use model::{DatasetId, Key, PullKind, Step, TimeRange, Ts};
use source::{DatasetSpec, Live, Role};
use store::coverage;

use super::Survey;
use crate::{
    Filter,
    wants::{Patience, Scope, waiting_since},
};

/// What of a dataset waits for its present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFresh {
    /// The dataset.
    pub dataset: DatasetId,
    /// How many keys are wanted.
    pub wanted: usize,
    /// Who waits, each with the first bucket that it waits for; who waits longest comes first.
    pub waiting: Vec<(Key, Ts)>,
}

impl Survey {
    /// Returns who waits for the present, of the datasets that ticks ask for what is open and due.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn not_fresh(&self) -> Result<Vec<NotFresh>, store::Error> {
        let mut found = Vec::new();
        for dataset in self.source.datasets() {
            let (Role::Series, Live::Open { secs }) = (dataset.role, dataset.live) else {
                continue;
            };
            found.extend(self.not_fresh_of(dataset, secs).await?);
        }
        Ok(found)
    }

    async fn not_fresh_of(
        &self,
        dataset: &DatasetSpec,
        secs: i64,
    ) -> Result<Option<NotFresh>, store::Error> {
        let everything = Filter::default();
        let scope = Scope {
            kind: PullKind::Gap,
            patience: Patience::Wait,
            from: None,
            to: None,
            filter: &everything,
            now: self.last_tick_due(),
        };
        let all = self
            .askable(&self.on)
            .wanted(dataset, &scope, &self.facts, &self.reach);
        let recent = TimeRange::new(dataset.step.floor(scope.now).plus_secs(-secs), scope.now);
        let due: Vec<_> = (all.iter())
            .map(|(id, range)| (*id, range.intersect(recent)))
            .filter(|(_, range)| !range.is_empty())
            .collect();
        let mut keys: Vec<&Key> = (due.iter())
            .filter_map(|(id, _)| Some(&self.on.get(*id)?.series.key))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(None);
        }
        // As a tick asks: what failed a moment ago waits only where a silence would.
        let patience = match dataset.step {
            Step::Hour => coverage::Patience::RetryFailed,
            _ => coverage::Patience::Wait,
        };
        let open = self.store.open_gaps(&due, self.now, patience).await?;
        let mut waiting: Vec<(Key, Ts)> = waiting_since(&self.on, &open).into_iter().collect();
        waiting.sort_by(|(a, since_a), (b, since_b)| (since_a, a).cmp(&(since_b, b)));
        Ok(Some(NotFresh {
            dataset: dataset.id,
            wanted: keys.len(),
            waiting,
        }))
    }
}
