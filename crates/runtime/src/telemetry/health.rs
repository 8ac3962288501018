//! Whether a daemon can do what it is for.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};

/// Shorter than a scraper waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds out how a daemon is, now.
pub type Probe = Arc<dyn Fn() -> BoxFuture<'static, Health> + Send + Sync>;

/// How a daemon is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why it cannot do what it is for; none where it can.
    pub why_not: Option<String>,
    /// What of it waits for an operator, by name. That alone makes nothing unready.
    pub suspended: Vec<String>,
    /// What of it is configured and not at work, by name. That alone makes nothing unready.
    pub not_open: Vec<String>,
}

impl Health {
    /// Returns that of a daemon that cannot do what it is for.
    pub fn not_ready(why: impl Into<String>) -> Self {
        Self {
            why_not: Some(why.into()),
            ..Self::default()
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.why_not.is_none()
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = match &self.why_not {
            None => json!({"status": "ready", "suspended": self.suspended}),
            Some(why) => json!({"status": "not ready", "why": why, "suspended": self.suspended}),
        };
        if !self.not_open.is_empty() {
            body["not_open"] = json!(self.not_open);
        }
        body
    }
}

pub(crate) fn always(health: Health) -> Probe {
    Arc::new(move || std::future::ready(health.clone()).boxed())
}

/// Asks a probe, and waits no longer than whoever asks would.
pub(crate) async fn found(probe: &Probe) -> Health {
    let found = tokio::time::timeout(PATIENCE, probe()).await;
    found.unwrap_or_else(|_| Health::not_ready("no answer in time"))
}
