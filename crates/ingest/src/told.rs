//! Every attempt that leaves is counted and told once: with what came of it, or with why nobody knows.
//!
//! What the transport sees and repeats is told when the next attempt leaves; the last answer when it has
//! been read; what nobody waited for when it is dropped.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use model::{DatasetId, PullKind, SourceId};
use source::{Block, RequestSpec};
use store::pulls::PullId;
use tokio::time::Instant;

use crate::{
    redact::Redactor,
    telemetry::{self, ABANDONED, REDIRECTED, TRANSIENT},
};

/// What all attempts of a request have in common.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) source: SourceId,
    pub(crate) dataset: DatasetId,
    pub(crate) kind: PullKind,
    pub(crate) pull: PullId,
    pub(crate) host: &'static str,
    pub(crate) cost: u32,
    /// In words; empty where nobody listens.
    block: String,
    request: String,
}

/// What the last answer held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// [`telemetry::OK`], or the class of what is wrong with it.
    pub(crate) outcome: &'static str,
    pub(crate) bytes: usize,
    pub(crate) points: usize,
    pub(crate) unasked: u64,
}

impl Read {
    /// An answer that did not come as a whole.
    pub(crate) const fn nothing(outcome: &'static str) -> Self {
        Self {
            outcome,
            bytes: 0,
            points: 0,
            unasked: 0,
        }
    }
}

/// The attempts of one request.
#[derive(Debug)]
pub(crate) struct Told {
    asked: Asked,
    /// The one that is not told yet, and how many there were.
    state: Mutex<(Option<Sent>, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    begun: Instant,
    waited: Duration,
    came: Option<Came>,
}

/// What the transport saw of an attempt.
#[derive(Clone, Copy, Debug)]
struct Came {
    /// None where the connection failed.
    status: Option<StatusCode>,
    took: Duration,
}

impl Asked {
    pub(crate) fn new(
        request: &RequestSpec,
        (dataset, kind, pull): (DatasetId, PullKind, PullId),
        redactor: &Redactor,
    ) -> Self {
        let (mut block, mut path) = (String::new(), String::new());
        if tracing::enabled!(tracing::Level::DEBUG) {
            block = in_words(&request.block);
            path = redactor.clean(&request.path_and_query());
        }
        Self {
            source: request.source,
            dataset,
            kind,
            pull,
            host: request.host,
            cost: request.cost.credits,
            block,
            request: path,
        }
    }
}

impl Told {
    pub(crate) const fn new(asked: Asked) -> Self {
        Self {
            asked,
            state: Mutex::new((None, 0)),
        }
    }

    /// Notes that an attempt leaves now, after a wait for its slot.
    pub(crate) fn leaves(&self, waited: Duration) {
        if self.tell_superseded() == Some(TRANSIENT) {
            telemetry::repeated(self.asked.source);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 += 1;
        state.0 = Some(Sent {
            begun: Instant::now(),
            waited,
            came: None,
        });
    }

    /// Notes what the transport saw of it: a status, or that the connection failed.
    pub(crate) fn came(&self, status: Option<StatusCode>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = &mut state.0 {
            let took = sent.begun.elapsed();
            sent.came = Some(Came { status, took });
        }
    }

    /// Tells what the last attempt brought, where one left that is not told yet.
    pub(crate) fn read(&self, took: Duration, read: Read) {
        if let Some((sent, attempt)) = self.take() {
            self.tell(attempt, sent, took, read);
        }
    }

    /// Returns how long the last attempt has taken so far.
    pub(crate) fn so_far(&self) -> Duration {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.map_or(Duration::ZERO, |sent| sent.begun.elapsed())
    }

    fn take(&self) -> Option<(Sent, u32)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let attempt = state.1;
        state.0.take().map(|sent| (sent, attempt))
    }

    /// Tells the attempt that nobody has told or will, if there is one, and returns what became of it.
    fn tell_superseded(&self) -> Option<&'static str> {
        let (sent, attempt) = self.take()?;
        let (outcome, took) = match sent.came {
            None => (ABANDONED, sent.begun.elapsed()),
            Some(Came { status, took }) => match status {
                Some(status) if status.is_redirection() => (REDIRECTED, took),
                _ => (TRANSIENT, took),
            },
        };
        self.tell(attempt, sent, took, Read::nothing(outcome));
        Some(outcome)
    }

    fn tell(&self, attempt: u32, sent: Sent, took: Duration, read: Read) {
        let asked = &self.asked;
        telemetry::asked(asked.source, asked.dataset, read.outcome, took);
        let status = sent.came.and_then(|came| came.status);
        let failed = (read.outcome != telemetry::OK).then_some(read.outcome);
        tracing::debug!(
            source = %asked.source, dataset = %asked.dataset, kind = asked.kind.as_str(),
            pull_id = asked.pull.0, host = asked.host, block = asked.block,
            request = asked.request, attempt, status = status.map(|status| status.as_u16()),
            error_class = failed, bytes = read.bytes, points = read.points,
            unasked = read.unasked, cost = asked.cost, waited_ms = sent.waited.as_millis(),
            took_ms = took.as_millis(), "asked"
        );
    }
}

/// Says of how much a block is, not of what: of hundreds of keys the request tells.
fn in_words(block: &Block) -> String {
    let (keys, metrics) = (block.keys.len(), block.metrics.len());
    format!(
        "{keys} keys, {metrics} metrics, {}, {}",
        block.step, block.labels
    )
}

impl Drop for Told {
    fn drop(&mut self) {
        self.tell_superseded();
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;
    use crate::lines::Lines;

    /// Returns attempt, status and class of each line that the attempts of a request leave behind.
    fn told(attempts: impl FnOnce(&Told)) -> Vec<String> {
        let asked = Asked {
            source: SourceId::new("acme"),
            dataset: DatasetId::new("d"),
            kind: PullKind::Live,
            pull: PullId(1),
            host: "api",
            cost: 1,
            block: String::new(),
            request: String::new(),
        };
        let (lines, _listens) = Lines::listen(Level::DEBUG);
        attempts(&Told::new(asked));
        let text = lines.text();
        let fields = ["attempt=", "status=", "error_class="];
        text.lines()
            .map(|line| {
                let words = line.split(' ');
                let wanted = words.filter_map(|word| {
                    let of = fields.iter().find(|field| word.starts_with(**field))?;
                    word.strip_prefix(of)
                });
                wanted.collect::<Vec<_>>().join(" ").replace('"', "")
            })
            .collect()
    }

    #[tokio::test]
    async fn each_attempt_that_left_is_told_once_with_what_came_of_it() {
        let status = |status| Some(StatusCode::from_u16(status).unwrap());
        let leaves = |told: &Told| told.leaves(Duration::ZERO);
        assert!(told(|_| {}).is_empty());
        let lines = told(|told| {
            leaves(told);
            told.came(status(302));
            leaves(told);
            told.came(None);
            leaves(told);
            told.came(status(200));
            told.read(told.so_far(), Read::nothing(telemetry::OK));
            // Told already.
            told.read(told.so_far(), Read::nothing(telemetry::OK));
        });
        assert_eq!(lines, ["1 302 redirected", "2 transient", "3 200"]);
        // The next try never left; nobody waits for an answer.
        let lines = told(|told| {
            leaves(told);
            told.came(status(500));
        });
        assert_eq!(lines, ["1 500 transient"]);
        assert_eq!(told(leaves), ["1 abandoned"]);
    }
}
