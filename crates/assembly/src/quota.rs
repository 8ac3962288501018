//! What a vendor's plan gives by calendar window, and what is used of it: for reports.

use std::{fmt, sync::Arc};

use model::{SourceId, Step, Ts};
use ratelimit::Clock;
use source::{Limit, Window};
use store::{Store, pace::QuotaRow};

/// One calendar limit of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `requests` or `credits`.
    pub unit: &'static str,
    /// `day` or `month`.
    pub span: &'static str,
    /// What the plan gives.
    pub limit: u64,
    /// What is used, all processes together.
    pub used: u64,
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} {} of this {} used",
            self.used, self.limit, self.unit, self.span
        )
    }
}

/// Reads the quotas of one source from the ledger, again and again.
#[derive(Clone, Debug)]
pub struct QuotaWatch {
    pub(crate) source: SourceId,
    pub(crate) limits: Vec<Limit>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

impl QuotaWatch {
    /// Returns what the vendor's plan gives by day and month, and what is used of it now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read(&self) -> Result<Vec<Quota>, store::Error> {
        let is_quota = |limit: &Limit| !matches!(limit.window, Window::RollingSecs(_));
        if !self.limits.iter().any(is_quota) {
            return Ok(Vec::new());
        }
        let used = self.store.quota_used(self.source).await?;
        Ok(quotas(&self.limits, &used, self.clock.now()))
    }
}

/// Joins limits and ledger. Limits of seconds and minutes are pace, not quota.
fn quotas(limits: &[Limit], used: &[QuotaRow], now: Ts) -> Vec<Quota> {
    let quota = |limit: &Limit| {
        let (span, step) = match limit.window {
            Window::RollingSecs(_) => return None,
            Window::Day => ("day", Step::Day),
            Window::Month => ("month", Step::Month),
        };
        let unit = limit.unit.as_str();
        let row = used.iter().find(|row| {
            row.host == limit.host
                && row.unit == unit
                && row.span == span
                && row.window_start == step.floor(now)
        });
        Some(Quota {
            unit,
            span,
            limit: u64::from(limit.amount),
            used: row.map_or(0, |row| u64::try_from(row.used).unwrap_or(0)),
        })
    };
    limits.iter().filter_map(quota).collect()
}

#[cfg(test)]
mod tests {
    use source::Unit;

    use super::*;

    #[test]
    fn a_window_that_has_turned_counts_from_nothing() {
        let limit = |window| Limit {
            host: "api",
            unit: Unit::Credits,
            amount: 10_000,
            window,
        };
        let row = |start: &str| QuotaRow {
            host: "api".to_owned(),
            unit: "credits".to_owned(),
            span: "month".to_owned(),
            window_start: Ts::parse(start).unwrap(),
            used: 42,
        };
        let limits = [limit(Window::RollingSecs(60)), limit(Window::Month)];
        let now = Ts::parse("2026-11-22T10:00:00Z").unwrap();
        let told = |start| quotas(&limits, &[row(start)], now)[0].to_string();
        assert_eq!(quotas(&limits, &[], now).len(), 1);
        assert_eq!(told("2026-11-01"), "42 of 10000 credits of this month used");
        assert_eq!(told("2026-10-01"), "0 of 10000 credits of this month used");
    }
}
