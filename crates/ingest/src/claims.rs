//! Keeps two processes from asking for the same at one time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ratelimit::Clock;
use store::session::Session;
use tokio::sync::Mutex;

use crate::{outage::Outage, stop::Stop};

const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The claims of this process. Parts of one plan share a claim; between processes it is exclusive.
#[derive(Debug)]
pub(crate) struct Claims {
    session: Arc<Session>,
    outage: Arc<Outage>,
    held: Mutex<HashMap<i64, u32>>,
}

impl Claims {
    /// Makes one over the process's session.
    pub(crate) fn new(session: Arc<Session>, outage: Arc<Outage>) -> Self {
        Self {
            session,
            outage,
            held: Mutex::new(HashMap::new()),
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
    ) -> Result<Option<()>, store::Error> {
        loop {
            if self.outage.through(|| self.try_take(key)).await? {
                return Ok(Some(()));
            }
            if stop.or(clock.sleep(LOOK_AGAIN)).await.is_none() {
                return Ok(None);
            }
        }
    }

    async fn try_take(&self, key: i64) -> Result<bool, store::Error> {
        let mut held = self.held.lock().await;
        // One that went with its connection is claimed anew; its parts go on meanwhile.
        let shared = held.contains_key(&key) && self.session.holds(key);
        let taken = shared || self.session.try_claim(key).await?;
        if taken {
            *held.entry(key).or_default() += 1;
        }
        Ok(taken)
    }

    /// Gives a claim back. One that cannot be let go of is gone with the connection that held it.
    pub(crate) async fn give_back(&self, key: i64) {
        let mut held = self.held.lock().await;
        match held.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                held.remove(&key);
                if let Err(error) = self.session.release(key).await {
                    tracing::warn!(%error, "a claim is left to the end of its connection");
                }
            }
            None => {}
        }
    }
}
