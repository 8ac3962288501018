//! What the vendor itself counts of a key's use. Where it is more than our own count, it holds: somebody
//! else may use the key.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{PullKind, Ts};
use source::{DatasetSpec, HostId, QuotaUsed, Role, Unit, Window};

use crate::{
    Error, Filter, Forecast, QuotaStanding, Summary, collector::Collector, quota::standings,
};

/// A quota that will not last is said again after so long.
const SAID_EVERY_SECS: i64 = 86_400;

/// When it was last said of which quota that it will not last.
#[derive(Debug, Default)]
pub(crate) struct Said(Mutex<HashMap<(HostId, Unit, Window), Ts>>);

impl Said {
    /// Whether it is time to say it; then it counts as said.
    fn is_due(&self, quota: &QuotaStanding, now: Ts) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (quota.host, quota.unit, quota.window);
        let is_due = (said.get(&name)).is_none_or(|at| now.secs() - at.secs() >= SAID_EVERY_SECS);
        if is_due {
            said.insert(name, now);
        }
        is_due
    }
}

impl Collector {
    /// Asks the vendor what it counted, where it tells and no tick since `since` has asked; nothing where it
    /// does not.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub(crate) async fn check_account(
        &self,
        run_id: &str,
        since: Option<Ts>,
    ) -> Result<Summary, Error> {
        let mut summary = Summary::new(self.id(), PullKind::Live);
        let is_account = |dataset: &DatasetSpec| dataset.role == Role::Account;
        let accounts = match since {
            None => self.datasets(is_account),
            Some(since) => self.not_ticked(is_account, since).await?,
        };
        let everything = Filter::default();
        (self.present(run_id, &accounts, &everything, &mut summary)).await?;
        Ok(summary)
    }

    /// Warns, once a day, of each quota of a day or a month that will not last until it turns at the
    /// rate of the last day. One of any 24 hours comes back hour by hour: who waits for it takes turns,
    /// and that is no surprise.
    ///
    /// # Errors
    /// Where the database is unusable.
    pub(crate) async fn warn_of_ending_quota(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let quotas = || standings(&*self.source, &self.timetable, &self.store, now);
        for quota in self.outage.through(quotas).await? {
            let Forecast::EndsAt(ends_at) = quota.forecast else {
                continue;
            };
            if quota.window == Window::RollingDay || !self.said_to_end.is_due(&quota, now) {
                continue;
            }
            let unit = quota.unit.as_str();
            tracing::warn!(
                source = %self.id(), host = quota.host, unit, used = quota.used, limit = quota.limit,
                a_day = quota.recent.scheduled_a_day(), %ends_at,
                "at this rate the {} end on {}", quota.window_words(), ends_at.date()
            );
        }
        Ok(())
    }

    /// Raises the ledger to what the vendor counted.
    pub(crate) async fn note_used(&self, used: QuotaUsed) -> Result<(), Error> {
        // A count of any 24 hours says nothing of the single hour: there our own holds.
        if used.window.spans_before() > 0 {
            return Ok(());
        }
        let Some(span) = used.window.span() else {
            return Ok(());
        };
        let (unit, now) = (used.unit.as_str(), self.clock.now());
        let count = i64::try_from(used.used).unwrap_or(i64::MAX);
        tracing::info!(
            source = %self.id(), host = used.host, unit, span, used = used.used, limit = used.limit,
            "the vendor's count"
        );
        let raise = || (self.store).raise_quota(self.id(), used.host, unit, span, count, now);
        Ok(self.outage.through(raise).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quota_is_said_to_end_once_a_day() {
        let quota = |unit| QuotaStanding {
            unit,
            ..QuotaStanding::spent()
        };
        let said = Said::default();
        let due = |unit, secs| said.is_due(&quota(unit), Ts::from_secs(secs));
        assert!(due(Unit::Credits, 0) && !due(Unit::Credits, 86_399));
        assert!(due(Unit::Requests, 100));
        assert!(due(Unit::Credits, 86_400) && !due(Unit::Credits, 86_401));
    }
}
