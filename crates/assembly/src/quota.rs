//! What a vendor's plan gives by day, month or any 24 hours, and what is used of it: for reports.

use std::{fmt, sync::Arc};

use model::SourceId;
use ratelimit::Clock;
use source::{Limit, Window};
use store::{Store, pace::QuotaWindow};

/// One limit of a vendor that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `requests` or `credits`.
    pub unit: &'static str,
    /// In which window.
    pub window: Window,
    /// What the plan gives.
    pub limit: u64,
    /// What is used, all processes together.
    pub used: u64,
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, limit, unit) = (self.used, self.limit, self.unit);
        let window = window_in_words(self.window, "this");
        write!(f, "{used} of {limit} {unit} of {window} used")
    }
}

/// Names a window; one of the calendar as `which`: this or a.
pub(crate) fn window_in_words(window: Window, which: &str) -> String {
    match window {
        Window::RollingDay => "any 24 hours".to_owned(),
        Window::Day => format!("{which} day"),
        Window::Month => format!("{which} month"),
        Window::RollingSecs(_) => "any moment".to_owned(),
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
    /// Returns what the vendor's plan gives, and what is used of it now. Limits of seconds and
    /// minutes are pace, not quota.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read(&self) -> Result<Vec<Quota>, store::Error> {
        let now = self.clock.now();
        let mut quotas = Vec::new();
        for limit in &self.limits {
            let Some(span) = limit.window.span() else {
                continue;
            };
            let window = QuotaWindow {
                unit: limit.unit.as_str(),
                span,
                before: limit.window.spans_before(),
                limit: i64::from(limit.amount),
                reserve: 0,
            };
            let used = (self.store)
                .used_of(self.source, limit.host, &window, now)
                .await?;
            quotas.push(Quota {
                unit: window.unit,
                window: limit.window,
                limit: u64::from(limit.amount),
                used: u64::try_from(used).unwrap_or(0),
            });
        }
        Ok(quotas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_told_in_words() {
        let told = |window| {
            let (unit, limit, used) = ("credits", 10_000, 42);
            let quota = Quota {
                unit,
                window,
                limit,
                used,
            };
            quota.to_string()
        };
        assert_eq!(
            told(Window::Month),
            "42 of 10000 credits of this month used"
        );
        assert_eq!(
            told(Window::RollingDay),
            "42 of 10000 credits of any 24 hours used"
        );
    }
}
