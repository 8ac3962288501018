//! What must not be asked now: suspended until an operator resumes it, or parked until a time.

use source::{DatasetSpec, Role};

use crate::{Error, Filter, Summary, collector::Collector};

/// Whether a dataset may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// It may.
    None,
    /// Not this one.
    Dataset,
    /// Nothing of the source.
    Source,
}

impl Collector {
    /// Says whether a dataset may be asked for what a job is about, and notes in the summary why not.
    pub(crate) async fn bar(
        &self,
        dataset: &DatasetSpec,
        filter: &Filter,
        summary: &mut Summary,
    ) -> Result<Bar, Error> {
        let is_about_series = matches!(dataset.role, Role::Snapshot | Role::Series);
        // A dataset that no series of the job needs is not missed by it.
        if is_about_series && self.planner().rows(dataset, filter).next().is_none() {
            return Ok(Bar::Dataset);
        }
        if self.is_suspended(dataset, summary).await? {
            return Ok(Bar::Dataset);
        }
        let now = self.clock.now();
        let parked = self.outage.through(|| self.store.parked(now)).await?;
        let until = (parked.iter())
            .filter(|row| row.source == self.id().as_str())
            .map(|row| row.until)
            .max();
        let Some(until) = until else {
            return Ok(Bar::None);
        };
        tracing::warn!(
            source = %self.id(), dataset = %dataset.id, %until,
            "parked: the vendor's quota is spent"
        );
        summary.parked_until = Some(until);
        Ok(Bar::Source)
    }

    async fn is_suspended(
        &self,
        dataset: &DatasetSpec,
        summary: &mut Summary,
    ) -> Result<bool, Error> {
        let suspended = self.outage.through(|| self.store.suspensions()).await?;
        let suspended = suspended.into_iter().find(|row| {
            row.source == self.id().as_str()
                && (row.dataset.is_empty() || row.dataset == dataset.id.as_str())
        });
        let Some(row) = suspended else {
            return Ok(false);
        };
        tracing::warn!(
            source = %self.id(), dataset = %dataset.id, since = %row.since, reason = row.reason,
            "suspended: runs again after `crossfeed resume {}`", self.id()
        );
        summary.note_suspended(dataset);
        Ok(true)
    }
}
