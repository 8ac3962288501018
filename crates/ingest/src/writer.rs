//! One writer task a source and process: batches come through a bounded channel, so memory is bounded
//! by what is in flight.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use model::{SourceId, WriteMode};
use ratelimit::{Busy, Clock, Waiting};
use store::{
    Store,
    pulls::PullId,
    write::{Batch, WriteReport, Writer},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    Error,
    outage::Outage,
    telemetry::{self, Queued},
};

/// Batches that may wait; each is one answer.
const WAITING_BATCHES: usize = 8;

/// The writing end.
#[derive(Clone, Debug)]
pub(crate) struct WriterHandle {
    source: SourceId,
    clock: Arc<dyn Clock>,
    jobs: mpsc::Sender<Job>,
    unwritten: Unwritten,
}

#[derive(Debug)]
struct Job {
    batch: Batch,
    done: oneshot::Sender<Result<WriteReport, store::Error>>,
    /// Until the writer takes it, or it is given up.
    queued: Queued,
    unwritten: OneUnwritten,
}

/// How many batches came and are neither written nor given up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unwritten(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
struct OneUnwritten(Unwritten);

impl Unwritten {
    /// Returns whether there is one.
    pub(crate) fn is_any(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    fn one(&self) -> OneUnwritten {
        self.0.fetch_add(1, Ordering::SeqCst);
        OneUnwritten(self.clone())
    }
}

impl Drop for OneUnwritten {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl WriterHandle {
    /// Starts the task. It ends when the last handle is gone.
    pub(crate) fn start(
        store: Store,
        source: SourceId,
        clock: Arc<dyn Clock>,
        outage: Arc<Outage>,
    ) -> (Self, JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel(WAITING_BATCHES);
        let task = Task {
            store,
            source,
            clock: Arc::clone(&clock),
            outage,
            writer: None,
        };
        let handle = Self {
            source,
            clock,
            jobs,
            unwritten: Unwritten::default(),
        };
        (handle, tokio::spawn(task.run(waiting)))
    }

    /// Returns the count of what came and is still to be written.
    pub(crate) fn unwritten(&self) -> Unwritten {
        self.unwritten.clone()
    }

    /// Writes a batch and returns when it is committed.
    pub(crate) async fn write(&self, batch: Batch) -> Result<WriteReport, Error> {
        let (done, report) = oneshot::channel();
        let gone = || Error::WriterGone(self.source);
        // The task holds a unit of work while it writes, also while it waits for the database.
        let _waiting = Waiting::new(&self.clock);
        let place = self.jobs.reserve().await.map_err(|_| gone())?;
        place.send(Job {
            batch,
            done,
            queued: telemetry::queued(self.source),
            unwritten: self.unwritten.one(),
        });
        Ok(report.await.map_err(|_| gone())??)
    }
}

struct Task {
    store: Store,
    source: SourceId,
    clock: Arc<dyn Clock>,
    outage: Arc<Outage>,
    writer: Option<Writer>,
}

impl Task {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            let _busy = Busy::new(&self.clock);
            let Job {
                batch,
                done,
                queued,
                unwritten,
            } = job;
            drop(queued);
            let result = self.write(batch).await;
            drop(unwritten);
            // Whoever asked may have gone: the batch is committed all the same.
            let _gone = done.send(result);
        }
    }

    /// Writes with patience: the answer has been paid for.
    async fn write(&mut self, batch: Batch) -> Result<WriteReport, store::Error> {
        let outage = Arc::clone(&self.outage);
        let mut waits = outage.waits();
        loop {
            match self.try_write(&batch).await {
                Ok(report) => {
                    waits.end();
                    return Ok(report);
                }
                Err(error) => {
                    self.writer = None;
                    waits.after(error).await?;
                }
            }
        }
    }

    async fn try_write(&mut self, batch: &Batch) -> Result<WriteReport, store::Error> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(self.store.writer(self.source).await?),
        };
        writer.write(batch.clone(), self.clock.now()).await
    }
}

/// Makes a batch.
pub(crate) fn batch(pull: PullId, mode: WriteMode, epoch: Option<i64>) -> Batch {
    Batch {
        pull,
        mode,
        points: Vec::new(),
        settlements: Vec::new(),
        rejected: 0,
        epoch,
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use prometheus_client::{encoding::prometheus_text, registry::Registry};
    use ratelimit::SystemClock;
    use tracing::Level;

    use super::*;
    use crate::{lines::Lines, writing::Writing};

    /// No other test counts anything of it.
    const SOURCE: SourceId = SourceId::new("writer");
    const TOO_LONG: Duration = Duration::from_secs(20);
    const GIVEN_UP: &str = "what was to be written is given up";

    /// A writer that takes one batch and never has it written, and needs too long to end.
    fn stuck() -> Writing {
        let (jobs, mut waiting) = mpsc::channel(WAITING_BATCHES);
        let handle = WriterHandle {
            source: SOURCE,
            clock: Arc::new(SystemClock),
            jobs,
            unwritten: Unwritten::default(),
        };
        let task = tokio::spawn(async move {
            let taken = waiting.recv().await.map(|job| {
                drop(job.queued);
                (job.batch, job.done, job.unwritten)
            });
            pending::<()>().await;
            drop((taken, waiting));
        });
        Writing::new(SOURCE, handle, task)
    }

    /// Returns how many batches wait, as the metrics show it.
    fn queued(registry: &Registry) -> Option<String> {
        let mut page = String::new();
        prometheus_text::encode(&mut page, registry).unwrap();
        let of = format!("crossfeed_writer_queue_batches{{source=\"{SOURCE}\"}} ");
        let line = page.lines().find_map(|line| line.strip_prefix(&of))?;
        Some(line.to_owned())
    }

    #[tokio::test]
    async fn what_is_given_up_is_said_and_waits_no_more() {
        let (lines, _listens) = Lines::listen(Level::INFO);
        let mut registry = Registry::default();
        telemetry::register(&mut registry);

        let idle = stuck();
        idle.end(Duration::ZERO).await;
        assert_eq!(lines.text(), "");

        let writing = Arc::new(stuck());
        let batches: Vec<_> = (0..3)
            .map(|_| {
                let writing = Arc::clone(&writing);
                let batch = batch(PullId(1), WriteMode::Replace, None);
                tokio::spawn(async move { writing.write(batch).await })
            })
            .collect();
        let one_is_taken = async {
            while queued(&registry).as_deref() != Some("2") {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(TOO_LONG, one_is_taken).await.unwrap();
        writing.end(Duration::ZERO).await;
        assert_eq!(queued(&registry).as_deref(), Some("0"));
        assert_eq!(lines.text().matches(GIVEN_UP).count(), 1);
        for batch in batches {
            let written = batch.await.unwrap();
            assert!(matches!(written, Err(Error::WriterGone(_))), "{written:?}");
        }
    }
}
