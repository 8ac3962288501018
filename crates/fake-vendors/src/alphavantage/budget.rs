//! What a key has used: its last minute and its day. Windows roll, because a collector that holds a rolling window holds
//! any other; only calls that were let through fill them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::instant::{MINUTE_MS, SECOND_MS};

/// The limits of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) per_second: Option<u32>,
    pub(super) per_minute: Option<u32>,
    pub(super) per_day: Option<u64>,
    /// Whether a refused call counts against the day.
    pub(super) refusals_count: bool,
}

/// Which limit a call breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    Second,
    Minute,
    Day,
}

#[derive(Debug, Default)]
struct Used {
    /// Instants of the calls let through within a minute.
    recent: VecDeque<i64>,
    day: i64,
    today: u64,
}

/// The use of every key.
#[derive(Debug, Default)]
pub(super) struct Budget {
    keys: Mutex<HashMap<String, Used>>,
}

impl Budget {
    /// Counts a call of a key in its quota's day `day`.
    pub(super) fn count(
        &self,
        key: &str,
        limit: Limit,
        day: i64,
        now_ms: i64,
    ) -> Result<(), Broken> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.contains_key(key) {
            keys.insert(key.to_owned(), Used::default());
        }
        let Some(used) = keys.get_mut(key) else {
            return Ok(());
        };
        if used.day != day {
            (used.day, used.today) = (day, 0);
        }
        // A clock that was set back leaves calls of the future behind: they are no longer true.
        used.recent
            .retain(|at| (now_ms - MINUTE_MS < *at) && *at <= now_ms);
        let verdict = used.judge(limit, now_ms);
        if verdict.is_ok() {
            used.recent.push_back(now_ms);
        }
        if verdict.is_ok() || limit.refusals_count {
            used.today += 1;
        }
        verdict
    }

    /// Forgets everything.
    pub(super) fn reset(&self) {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Used {
    fn judge(&self, limit: Limit, now_ms: i64) -> Result<(), Broken> {
        let full = |limit: Option<u32>, span_ms: i64| {
            let within = self
                .recent
                .iter()
                .rev()
                .take_while(|at| now_ms - span_ms < **at);
            limit.is_some_and(|limit| within.count() >= usize::try_from(limit).unwrap_or(0))
        };
        if full(limit.per_second, SECOND_MS) {
            Err(Broken::Second)
        } else if full(limit.per_minute, MINUTE_MS) {
            Err(Broken::Minute)
        } else if limit.per_day.is_some_and(|limit| self.today >= limit) {
            Err(Broken::Day)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        per_second: Some(1),
        per_minute: Some(3),
        per_day: Some(5),
        refusals_count: true,
    };

    #[test]
    fn second_minute_and_day_each_have_their_say() {
        let budget = Budget::default();
        let at = |now_ms: i64| budget.count("key", LIMIT, 0, now_ms);
        assert_eq!(at(0), Ok(()));
        assert_eq!(at(999), Err(Broken::Second));
        assert_eq!(at(1_000), Ok(()));
        assert_eq!(at(2_000), Ok(()));
        assert_eq!(at(59_999), Err(Broken::Minute));
        assert_eq!(at(60_000), Err(Broken::Day), "the refused ones counted");
        assert_eq!(budget.count("key", LIMIT, 1, 60_000), Ok(()));
        assert_eq!(budget.count("other", LIMIT, 0, 0), Ok(()));
    }

    #[test]
    fn refusals_may_be_free() {
        let lenient = Limit {
            refusals_count: false,
            per_day: Some(2),
            ..LIMIT
        };
        let budget = Budget::default();
        let at = |now_ms: i64| budget.count("key", lenient, 0, now_ms);
        assert_eq!((at(0), at(1)), (Ok(()), Err(Broken::Second)));
        assert_eq!((at(1_000), at(2_000)), (Ok(()), Err(Broken::Day)));
    }
}
