//! The simulated clock: real time plus an offset, or frozen.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that can be set, frozen, released and pushed forward.
#[derive(Debug)]
pub(crate) struct SimClock {
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    shown_ms: i64,
    since: Instant,
    frozen: bool,
}

impl State {
    fn now_ms(&self) -> i64 {
        if self.frozen {
            self.shown_ms
        } else {
            self.shown_ms + duration_ms(self.since.elapsed())
        }
    }
}

impl SimClock {
    /// Starts a clock that shows `now_ms` and runs on; without it, real time.
    pub(crate) fn starting_at(now_ms: Option<i64>) -> Self {
        let shown_ms = now_ms.unwrap_or_else(real_now_ms);
        Self {
            state: Mutex::new(State {
                shown_ms,
                since: Instant::now(),
                frozen: false,
            }),
        }
    }

    /// Returns the simulated instant.
    pub(crate) fn now_ms(&self) -> i64 {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .now_ms()
    }

    /// Tells whether the clock stands still.
    pub(crate) fn is_frozen(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .frozen
    }

    /// Changes the clock: first `now_ms` is shown, then `advance_ms` added, then frozen or released.
    pub(crate) fn change(&self, now_ms: Option<i64>, advance_ms: i64, frozen: Option<bool>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let shown_ms = now_ms
            .unwrap_or_else(|| state.now_ms())
            .saturating_add(advance_ms);
        let frozen = frozen.unwrap_or(state.frozen);
        *state = State {
            shown_ms,
            since: Instant::now(),
            frozen,
        };
    }
}

fn duration_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulated vendor has a clock of its own"
)]
fn real_now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, duration_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_on_from_where_it_was_set() {
        let clock = SimClock::starting_at(Some(1_000_000));
        std::thread::sleep(Duration::from_millis(20));
        let now = clock.now_ms();
        assert!((1_000_020..1_060_000).contains(&now), "{now}");
    }

    #[test]
    fn frozen_it_moves_only_by_hand() {
        let clock = SimClock::starting_at(Some(5));
        clock.change(Some(100), 0, Some(true));
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.now_ms(), 100);
        clock.change(None, 7, None);
        assert_eq!(clock.now_ms(), 107);
        assert!(clock.is_frozen());
        clock.change(None, 0, Some(false));
        std::thread::sleep(Duration::from_millis(5));
        assert!(clock.now_ms() > 107);
    }
}
