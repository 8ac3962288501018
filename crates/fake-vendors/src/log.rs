//! The request log: what came in, what went out, how much at once, over how many connections. Keys are gone before they get here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// The log keeps this many requests; the counts keep all.
const KEPT: usize = 200_000;

/// One request as the simulator saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// Simulated instant of arrival, RFC 3339.
    pub at: String,
    /// Path below the vendor's base URL, as sent; a key in it is `***`.
    pub path: String,
    /// Path with ids replaced by `{id}`.
    pub template: String,
    /// Query string; the value of a key parameter is `***`.
    pub query: String,
    /// Who asked: the kind of key that was accepted, or `none`.
    pub caller: &'static str,
    /// The `User-Agent` sent, empty if none.
    pub user_agent: String,
    /// Status answered; 0 where the request is left hanging.
    pub status: u16,
    /// Body bytes before compression.
    pub bytes: u64,
    /// The fault that shaped the answer, if one did.
    pub fault: Option<&'static str>,
    /// Requests under way at arrival, this one included.
    pub in_flight: usize,
}

/// Sums over everything since the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests per path template.
    pub per_path: BTreeMap<String, u64>,
    /// Requests per status.
    pub per_status: BTreeMap<u16, u64>,
    /// All requests.
    pub total: u64,
    /// Most requests under way at once.
    pub in_flight_peak: usize,
    /// TCP connections that are open, whoever opened them.
    pub connections: usize,
    /// Most connections open at once.
    pub connections_peak: usize,
    /// Connections that were opened, whether or not they are open still.
    pub connections_opened: usize,
}

impl Counts {
    /// Returns the requests of one path template.
    #[must_use]
    pub fn of(&self, template: &str) -> u64 {
        self.per_path.get(template).copied().unwrap_or(0)
    }
}

#[derive(Debug, Default)]
struct Inner {
    records: VecDeque<RequestRecord>,
    counts: Counts,
    in_flight: usize,
}

/// The log itself.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    inner: Mutex<Inner>,
}

impl RequestLog {
    /// Notes an arrival; the request counts as under way until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> InFlight {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.in_flight += 1;
        let seen = inner.in_flight;
        inner.counts.in_flight_peak = inner.counts.in_flight_peak.max(seen);
        InFlight {
            log: Arc::clone(self),
            seen,
        }
    }

    /// Notes a connection; it counts as open until the guard is dropped.
    pub(crate) fn connect(self: &Arc<Self>) -> Connected {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = &mut inner.counts;
        counts.connections += 1;
        counts.connections_opened += 1;
        counts.connections_peak = counts.connections_peak.max(counts.connections);
        Connected(Arc::clone(self))
    }

    /// Appends a request.
    pub(crate) fn push(&self, record: RequestRecord) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        *inner
            .counts
            .per_path
            .entry(record.template.clone())
            .or_default() += 1;
        *inner.counts.per_status.entry(record.status).or_default() += 1;
        inner.counts.total += 1;
        if inner.records.len() == KEPT {
            inner.records.pop_front();
        }
        inner.records.push_back(record);
    }

    /// Returns the requests kept, oldest first.
    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.records.iter().cloned().collect()
    }

    /// Returns the sums.
    pub(crate) fn counts(&self) -> Counts {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .counts
            .clone()
    }

    /// Forgets everything but what is under way and who is connected.
    pub(crate) fn reset(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.records.clear();
        let connections = inner.counts.connections;
        inner.counts = Counts {
            connections,
            connections_peak: connections,
            ..Counts::default()
        };
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    log: Arc<RequestLog>,
    /// Requests under way at arrival, this one included.
    pub(crate) seen: usize,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut inner = self
            .log
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        inner.in_flight = inner.in_flight.saturating_sub(1);
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connected(Arc<RequestLog>);

impl Drop for Connected {
    fn drop(&mut self) {
        let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.counts.connections = inner.counts.connections.saturating_sub(1);
    }
}

/// Replaces the value of every key parameter in a query string.
pub(crate) fn redacted(query: &str, key_parameters: &[&str]) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _))
            if key_parameters
                .iter()
                .any(|key| name.eq_ignore_ascii_case(key)) =>
        {
            format!("{name}=***")
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_survive_in_queries() {
        let query = "a=1&x_cg_demo_api_key=CG-secret&b=2";
        assert_eq!(
            redacted(query, &["x_cg_demo_api_key"]),
            "a=1&x_cg_demo_api_key=***&b=2"
        );
    }
}
