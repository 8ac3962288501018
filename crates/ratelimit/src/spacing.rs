//! Spaces attempts evenly inside a process.

use std::time::Duration;

use leaky_bucket::RateLimiter;

/// How much of a vendor's limit is left unused, in percent: our clock is not the vendor's, and a
/// request may arrive later than it left.
const HEADROOM_PERCENT: u32 = 8;

/// Returns the time between two attempts that keeps `amount` in any `window`, headroom included.
///
/// Evenly spaced attempts number at most `window / interval + 1` in any stretch of `window`, so one
/// of the amount is given up to the strictness of a rolling window. Of a single one nothing can be
/// given up: there the interval is wider than the window.
pub fn interval(amount: u32, window: Duration) -> Duration {
    if amount <= 1 {
        return window + window * HEADROOM_PERCENT / 100;
    }
    let usable = amount.saturating_sub(amount.saturating_mul(HEADROOM_PERCENT).div_ceil(100));
    window / usable.saturating_sub(1).max(1)
}

/// Lets one attempt pass per interval. Its bucket holds one: a bucket of N would pass 2N after an
/// idle spell.
#[derive(Debug)]
pub struct Spacing(RateLimiter);

impl Spacing {
    /// Makes one; the first attempt passes at once.
    pub fn new(interval: Duration) -> Self {
        // The bucket refuses an interval of nothing; a millisecond is the finest it keeps.
        let interval = interval.max(Duration::from_millis(1));
        Self(
            RateLimiter::builder()
                .initial(1)
                .max(1)
                .refill(1)
                .interval(interval)
                .build(),
        )
    }

    /// Waits for this attempt's turn.
    pub async fn turn(&self) {
        self.0.acquire_one().await;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn evenly_spaced_attempts_never_pass_the_limit(amount in 1_u32..5_000, secs in 1_u64..3_600) {
            let window = Duration::from_secs(secs);
            let interval = interval(amount, window);
            let most = window.as_nanos() / interval.as_nanos().max(1) + 1;
            prop_assert!(most <= u128::from(amount), "{most} of {amount}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_spell_saves_nothing_up() {
        let spacing = Spacing::new(Duration::from_secs(2));
        spacing.turn().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let start = tokio::time::Instant::now();
        for _ in 0..4 {
            spacing.turn().await;
        }
        assert!(
            start.elapsed() >= Duration::from_secs(6),
            "{:?}",
            start.elapsed()
        );
    }
}
