//! The only place that looks at the time.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use model::Ts;

/// What time it is, and waiting. Everything that says "now" or waits on our behalf goes through
/// one of these; time-outs of the transport and waits for locks do not.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the time.
    fn now(&self) -> Ts;

    /// Waits. Whoever calls this counts as at work ([`Busy`]) before and after, not meanwhile.
    async fn sleep(&self, duration: Duration);

    /// Returns how long one may sleep before one looks at the time again, where what counts is a time of
    /// day: a machine's clock may be set, and stands still for a sleeper while the machine is suspended.
    fn longest_sleep(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Whether this is not the machine's time.
    fn is_simulated(&self) -> bool {
        false
    }

    /// Begins a unit of work; see [`Busy`].
    fn begin(&self) {}

    /// Ends a unit of work; see [`Busy`].
    fn end(&self) {}
}

/// A unit of work: simulated time stands still while one is held by somebody who does not sleep.
/// Held by tasks that ask, write or plan; not by those that only wait for other tasks.
#[derive(Debug)]
pub struct Busy(Arc<dyn Clock>);

impl Busy {
    /// Begins a unit.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        clock.begin();
        Self(Arc::clone(clock))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The other way round: somebody who holds a unit of work waits for tasks that hold their own.
#[derive(Debug)]
pub struct Waiting(Arc<dyn Clock>);

impl Waiting {
    /// Rests the caller's unit.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        clock.end();
        Self(Arc::clone(clock))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.begin();
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the time comes from"
    )]
    fn now(&self) -> Ts {
        time::OffsetDateTime::now_utc().into()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The time of a clock server, shared with other processes (`CROSSFEED_CLOCK`).
#[derive(Debug)]
pub struct SharedClock(simclock::Worker);

impl SharedClock {
    /// Joins the clock server at `socket`. The process counts as at work until [`Clock::end`] is
    /// called once.
    ///
    /// # Errors
    /// Where no clock server listens there.
    pub async fn join(socket: &Path) -> Result<Self, simclock::Error> {
        Ok(Self(simclock::Worker::join(socket).await?))
    }
}

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Ts {
        Ts::from_millis(self.0.now_ms())
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }

    /// Nothing is suspended here, and each look is a jump that everybody waits for.
    fn longest_sleep(&self) -> Duration {
        Duration::from_secs(1_800)
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn begin(&self) {
        self.0.begin();
    }

    fn end(&self) {
        self.0.end();
    }
}
