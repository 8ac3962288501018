//! Keeps two processes from asking for the same at one time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ratelimit::Clock;
use store::session::Session;
use tokio::sync::Mutex;

use crate::stop::Stop;

const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The claims of this process. Parts of one plan share a claim; between processes it is exclusive.
#[derive(Debug)]
pub(crate) struct Claims {
    session: Arc<Session>,
    held: Mutex<HashMap<i64, u32>>,
}

impl Claims {
    /// Makes one over the process's session.
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            held: Mutex::new(HashMap::new()),
        }
    }

    /// Waits until the claim is ours; `None` where stop was said first.
    ///
    /// # Errors
    /// Where the session is gone.
    pub(crate) async fn take(
        &self,
        key: i64,
        clock: &dyn Clock,
        stop: &Stop,
    ) -> Result<Option<()>, store::Error> {
        loop {
            {
                let mut held = self.held.lock().await;
                if let Some(count) = held.get_mut(&key) {
                    *count += 1;
                    return Ok(Some(()));
                }
                if self.session.try_claim(key).await? {
                    held.insert(key, 1);
                    return Ok(Some(()));
                }
            }
            if stop.or(clock.sleep(LOOK_AGAIN)).await.is_none() {
                return Ok(None);
            }
        }
    }

    /// Gives a claim back.
    ///
    /// # Errors
    /// Where the session is gone; then the claim is gone with it.
    pub(crate) async fn give_back(&self, key: i64) -> Result<(), store::Error> {
        let mut held = self.held.lock().await;
        match held.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                held.remove(&key);
                self.session.release(key).await?;
            }
            None => {}
        }
        Ok(())
    }
}
