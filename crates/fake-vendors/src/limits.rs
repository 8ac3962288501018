//! The two buckets every vendor has: requests in a fixed window, mostly a calendar minute, and credits in a calendar month.
//!
//! Both follow the simulated clock, so with a frozen clock a full window stays full until the clock is moved.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::instant::{MINUTE_MS, calendar, floor_to};

/// Year and month.
type Month = (i32, u8);

/// Counts per caller. A caller is whom the vendor would charge: a key, or an address without one.
#[derive(Debug)]
pub(crate) struct Limits {
    window_ms: i64,
    windows: Mutex<HashMap<&'static str, (i64, u32)>>,
    months: Mutex<HashMap<&'static str, (Month, u64)>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::per(MINUTE_MS)
    }
}

impl Limits {
    /// Makes counts of requests per window; windows begin at the multiples of their length.
    pub(crate) fn per(window_ms: i64) -> Self {
        Self {
            window_ms,
            windows: Mutex::default(),
            months: Mutex::default(),
        }
    }

    /// Counts one request of `caller` and returns how many this window has seen, this one included.
    pub(crate) fn count_request(&self, caller: &'static str, now_ms: i64) -> u32 {
        let window = floor_to(now_ms, self.window_ms);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = windows.entry(caller).or_insert((window, 0));
        if slot.0 != window {
            *slot = (window, 0);
        }
        slot.1 = slot.1.saturating_add(1);
        slot.1
    }

    /// Returns how many requests of `caller` this window has seen.
    pub(crate) fn requests(&self, caller: &'static str, now_ms: i64) -> u32 {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        match windows.get(caller) {
            Some((window, seen)) if *window == floor_to(now_ms, self.window_ms) => *seen,
            _ => 0,
        }
    }

    /// Returns the instant at which the present window ends.
    pub(crate) fn window_ends_ms(&self, now_ms: i64) -> i64 {
        floor_to(now_ms, self.window_ms) + self.window_ms
    }

    /// Returns the instant at which the present minute ends.
    pub(crate) fn minute_ends_ms(now_ms: i64) -> i64 {
        floor_to(now_ms, MINUTE_MS) + MINUTE_MS
    }

    /// Charges one credit to `caller` unless `limit` is spent; says whether it could. One step, so that calls at the
    /// same moment cannot share the last credit.
    pub(crate) fn charge(&self, caller: &'static str, now_ms: i64, limit: Option<u64>) -> bool {
        let month = month_of(now_ms);
        let mut months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = months.entry(caller).or_insert((month, 0));
        if slot.0 != month {
            *slot = (month, 0);
        }
        let fits = limit.is_none_or(|limit| slot.1 < limit);
        if fits {
            slot.1 += 1;
        }
        fits
    }

    /// Gives a credit back: only an answer with status 200 costs one.
    pub(crate) fn refund(&self, caller: &'static str) {
        let mut months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, spent)) = months.get_mut(caller) {
            *spent = spent.saturating_sub(1);
        }
    }

    /// Returns the credits `caller` has spent this month.
    pub(crate) fn spent(&self, caller: &'static str, now_ms: i64) -> u64 {
        let months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        match months.get(caller) {
            Some((month, spent)) if *month == month_of(now_ms) => *spent,
            _ => 0,
        }
    }

    /// Forgets all counts.
    pub(crate) fn reset(&self) {
        self.windows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.months
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

fn month_of(now_ms: i64) -> Month {
    let now = calendar(now_ms);
    (now.year(), u8::from(now.month()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::{DAY_MS, parse_day};

    #[test]
    fn a_minute_begins_afresh_and_callers_do_not_share_it() {
        let limits = Limits::default();
        assert_eq!(limits.count_request("key", 60_000), 1);
        assert_eq!(limits.count_request("key", 119_999), 2);
        assert_eq!(limits.count_request("none", 119_999), 1);
        assert_eq!(limits.count_request("key", 120_000), 1);
        assert_eq!(Limits::minute_ends_ms(119_999), 120_000);
    }

    #[test]
    fn windows_may_be_shorter_than_a_minute() {
        let limits = Limits::per(30_000);
        assert_eq!(limits.count_request("key", 60_000), 1);
        assert_eq!(limits.count_request("key", 89_999), 2);
        assert_eq!(limits.requests("key", 89_999), 2);
        assert_eq!(limits.requests("key", 90_000), 0);
        assert_eq!(limits.window_ends_ms(89_999), 90_000);
        assert_eq!(limits.count_request("key", 90_000), 1);
    }

    #[test]
    fn a_month_begins_afresh() {
        let limits = Limits::default();
        let last = parse_day("2026-01-31").unwrap();
        assert!(limits.charge("key", last, None));
        assert!(limits.charge("key", last, None));
        assert_eq!(limits.spent("key", last), 2);
        assert_eq!(limits.spent("key", last + DAY_MS), 0);
        assert!(limits.charge("key", last + DAY_MS, None));
        assert_eq!(limits.spent("key", last + DAY_MS), 1);
    }
}
