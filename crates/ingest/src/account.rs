//! What the vendor itself counts of a key's use. Where it is more than our own count, it holds: somebody
//! else may use the key.

use model::{PullKind, Ts};
use source::{DatasetSpec, QuotaUsed, Role};

use crate::{Error, Filter, Summary, collector::Collector};

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
