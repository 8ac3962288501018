//! A database that is away is waited for: answers have been paid for, and what is asked next depends on
//! what it knows.
//!
//! In real time, as all waits for the transport: simulated time stands still meanwhile.

use std::{
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::SourceId;
use tokio::time::Instant;

use crate::{stop::Stop, telemetry};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// What lasts is said so often.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// Whether to say again what lasts: at once, and then once in a while.
#[derive(Debug, Default)]
pub(crate) struct Spaced(Mutex<Option<Instant>>);

impl Spaced {
    /// Whether it is time to say it; then it counts as said.
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = said.is_none_or(|said| now.duration_since(said) >= SAID_EVERY);
        if is_due {
            *said = Some(now);
        }
        is_due
    }
}

/// How one source of a process waits for its database.
#[derive(Debug)]
pub(crate) struct Outage {
    source: SourceId,
    stop: Stop,
    lasts: AtomicBool,
    said: Spaced,
}

impl Outage {
    /// Makes one. After stop was said, it waits no longer than what is under way may take.
    pub(crate) fn new(source: SourceId, stop: Stop) -> Self {
        Self {
            source,
            stop,
            lasts: AtomicBool::new(false),
            said: Spaced::default(),
        }
    }

    /// Calls until the database has answered. What is called may run twice.
    ///
    /// # Errors
    /// The first that does not pass; after stop was said and a while has gone by, any.
    pub(crate) async fn through<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, store::Error>
    where
        F: Future<Output = Result<T, store::Error>>,
    {
        let mut waits = self.waits();
        loop {
            match call().await {
                Ok(answer) => {
                    waits.end();
                    return Ok(answer);
                }
                Err(error) => waits.after(error).await?,
            }
        }
    }

    /// Returns the waits of one call.
    pub(crate) fn waits(&self) -> Waits<'_> {
        Waits {
            outage: self,
            pause: FIRST_PAUSE,
        }
    }
}

/// The waits of one call, each longer than the last.
#[derive(Debug)]
pub(crate) struct Waits<'a> {
    outage: &'a Outage,
    pause: Duration,
}

impl Waits<'_> {
    /// Waits after an error that passes.
    ///
    /// # Errors
    /// The error itself where it does not, or where nobody waits any more.
    pub(crate) async fn after(&mut self, error: store::Error) -> Result<(), store::Error> {
        let Outage {
            source,
            stop,
            lasts,
            said,
        } = self.outage;
        if !error.is_passing() {
            return Err(error);
        }
        lasts.store(true, Ordering::Relaxed);
        telemetry::database_is_away();
        if said.is_due() {
            tracing::warn!(%source, %error, "waiting for the database");
        }
        tokio::select! {
            biased;
            () = stop.out_of_grace() => Err(error),
            () = tokio::time::sleep(self.pause) => {
                self.pause = LONGEST_PAUSE.min(self.pause * 2);
                Ok(())
            }
        }
    }

    /// Says, once for all that waited, that it is over.
    pub(crate) fn end(self) {
        let Outage { source, lasts, .. } = self.outage;
        if self.has_waited() && lasts.swap(false, Ordering::Relaxed) {
            tracing::info!(%source, "the database is there again");
        }
    }

    fn has_waited(&self) -> bool {
        self.pause != FIRST_PAUSE
    }
}

impl Drop for Waits<'_> {
    /// Also where it was given up: who goes on waiting says so again.
    fn drop(&mut self) {
        if self.has_waited() {
            telemetry::database_answers();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::stop::{GRACE, Stopper};

    fn away() -> store::Error {
        store::Error::Unavailable {
            text: "gone".to_owned(),
            driver: None,
        }
    }

    fn outage() -> (Outage, Stopper) {
        let (stopper, stop) = Stopper::new();
        (Outage::new(SourceId::new("acme"), stop), stopper)
    }

    #[tokio::test(start_paused = true)]
    async fn it_calls_until_there_is_an_answer() {
        let (outage, _stopper) = outage();
        let (begun, calls) = (Instant::now(), Cell::new(0));
        let answer = outage.through(|| async {
            calls.set(calls.get() + 1);
            if begun.elapsed() < Duration::from_secs(3_600) {
                return Err(away());
            }
            Ok(calls.get())
        });
        let calls = answer.await.unwrap();
        // Soon at first, then every two seconds.
        assert!((1_800..1_810).contains(&calls), "{calls}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_told_at_once() {
        let (outage, _stopper) = outage();
        let calls = Cell::new(0);
        let answer = outage.through(|| async {
            calls.set(calls.get() + 1);
            Err::<(), _>(store::Error::UnfitServer("too old".to_owned()))
        });
        assert!(!answer.await.unwrap_err().is_passing());
        assert_eq!(calls.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_word_to_stop_it_tries_for_a_while_more() {
        let (outage, stopper) = outage();
        let begun = Instant::now();
        let stop = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            stopper.stop();
        };
        let call = outage.through(|| async { Err::<(), _>(away()) });
        let (answer, ()) = tokio::join!(call, stop);
        assert!(answer.unwrap_err().is_passing());
        assert_eq!(begun.elapsed(), Duration::from_secs(7) + GRACE);
        // Each call that begins after that has one try.
        let call = outage.through(|| async { Err::<(), _>(away()) });
        assert!(call.await.unwrap_err().is_passing());
        assert_eq!(begun.elapsed(), Duration::from_secs(7) + GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_lasts_is_said_at_once_and_every_half_minute() {
        let said = Spaced::default();
        let mut times = Vec::new();
        for second in 0..100 {
            if said.is_due() {
                times.push(second);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(times, [0, 30, 60, 90]);
    }
}
