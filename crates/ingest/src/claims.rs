//! Keeps two processes from asking for the same at one time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use ratelimit::Clock;
use store::session::Session;
use tokio::sync::Mutex;

use crate::{outage::Outage, stop::Stop};

const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The claims of one source in this process. Parts of one plan share a claim; between processes it is
/// exclusive.
#[derive(Debug)]
pub(crate) struct Claims {
    session: Arc<Session>,
    outage: Arc<Outage>,
    held: Mutex<HashMap<i64, u32>>,
    /// Those whose work was given up before it gave them back.
    dropped: SyncMutex<Vec<i64>>,
}

/// One that is held, or was tried to be. Dropped without [`Claims::give_back`] it is given back with the
/// next that is taken, or by [`Claims::sweep`].
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    claims: &'a Claims,
    key: Option<i64>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let dropped = self.claims.dropped.lock();
            dropped.unwrap_or_else(PoisonError::into_inner).push(key);
        }
    }
}

impl Claims {
    /// Makes one over the process's session.
    pub(crate) fn new(session: Arc<Session>, outage: Arc<Outage>) -> Self {
        Self {
            session,
            outage,
            held: Mutex::default(),
            dropped: SyncMutex::default(),
        }
    }

    /// Waits until the claim is ours; `None` where stop was said first.
    ///
    /// # Errors
    /// Those of the database, unless they pass.
    pub(crate) async fn take(
        &self,
        key: i64,
        clock: &dyn Clock,
        stop: &Stop,
    ) -> Result<Option<Claim<'_>>, store::Error> {
        loop {
            if let Some(claim) = self.outage.through(|| self.try_take(key)).await? {
                return Ok(Some(claim));
            }
            if stop.or(clock.sleep(LOOK_AGAIN)).await.is_none() {
                return Ok(None);
            }
        }
    }

    async fn try_take(&self, key: i64) -> Result<Option<Claim<'_>>, store::Error> {
        let mut held = self.held.lock().await;
        self.sweep_from(&mut held).await;
        // One that went with its connection is claimed anew; its parts go on meanwhile.
        let shared = held.contains_key(&key) && self.session.holds(key);
        *held.entry(key).or_default() += 1;
        // From here on the session may have it, whether or not anybody waits for the outcome.
        let mut claim = Claim {
            claims: self,
            key: Some(key),
        };
        let taken = match shared {
            true => Ok(true),
            false => self.session.try_claim(key).await,
        };
        if matches!(taken, Ok(true)) {
            return Ok(Some(claim));
        }
        claim.key = None;
        if !count_down(&mut held, key) {
            held.remove(&key);
        }
        taken.map(|_| None)
    }

    /// Gives a claim back. One that cannot be let go of is gone with the connection that held it.
    pub(crate) async fn give_back(&self, mut claim: Claim<'_>) {
        if let Some(key) = claim.key {
            let mut held = self.held.lock().await;
            self.release_from(&mut held, key).await;
        }
        claim.key = None;
    }

    /// Gives back what was dropped.
    pub(crate) async fn sweep(&self) {
        let mut held = self.held.lock().await;
        self.sweep_from(&mut held).await;
    }

    async fn sweep_from(&self, held: &mut HashMap<i64, u32>) {
        // Each stays in the list until it is let go of: this, too, may be given up.
        while let Some(key) = self.last_dropped() {
            self.release_from(held, key).await;
            let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = dropped.iter().position(|one| *one == key) {
                dropped.swap_remove(at);
            }
        }
    }

    fn last_dropped(&self) -> Option<i64> {
        let dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        dropped.last().copied()
    }

    async fn release_from(&self, held: &mut HashMap<i64, u32>, key: i64) {
        if count_down(held, key) {
            return;
        }
        if let Err(error) = self.session.release(key).await {
            tracing::warn!(%error, "a claim is left to the end of its connection");
        }
        held.remove(&key);
    }
}

/// Takes one part off; false where it is the last, which stays until the claim is let go of.
fn count_down(held: &mut HashMap<i64, u32>, key: i64) -> bool {
    match held.get_mut(&key) {
        Some(count) if *count > 1 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}
