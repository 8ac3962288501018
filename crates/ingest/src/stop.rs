//! One word that ends everything: stop.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, time::Instant};

/// How long what is under way may take after the word: it may have been paid for. In real time, as all
/// waits for the transport.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Heard by everyone who holds a [`Stop`].
#[derive(Debug)]
pub struct Stopper(watch::Sender<Option<Instant>>);

/// Tells whether to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<Instant>>);

impl Stopper {
    /// Makes the pair.
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Stop(receiver))
    }

    /// Says it. Nobody can take it back.
    pub fn stop(&self) {
        self.0.send_if_modified(|said| {
            let is_first = said.is_none();
            said.get_or_insert_with(Instant::now);
            is_first
        });
    }
}

impl Stop {
    /// Whether it has been said.
    pub fn is_said(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until it is said; for ever if the stopper is gone without saying it.
    pub async fn said(&self) {
        self.said_at().await;
    }

    /// Waits until it is said and so much time has gone by since, in real time. Who begins to wait later
    /// waits no longer.
    pub async fn said_before(&self, time: Duration) {
        tokio::time::sleep_until(self.said_at().await + time).await;
    }

    /// Waits until it is said and what was under way then has had its time.
    pub(crate) async fn out_of_grace(&self) {
        self.said_before(GRACE).await;
    }

    async fn said_at(&self) -> Instant {
        let mut receiver = self.0.clone();
        let said = receiver.wait_for(Option::is_some).await;
        if let Some(at) = said.ok().and_then(|said| *said) {
            return at;
        }
        std::future::pending().await
    }

    /// Returns what `work` yields, or `None` if stop was said first.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.said() => None,
            done = work => Some(done),
        }
    }
}
