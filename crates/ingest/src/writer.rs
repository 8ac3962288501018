//! One writer task a source and process: batches come through a bounded channel, so memory is bounded
//! by what is in flight.

use std::sync::Arc;

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

use crate::{Error, outage::Outage, telemetry};

/// Batches that may wait; each is one answer.
const WAITING_BATCHES: usize = 8;

/// The writing end.
#[derive(Clone, Debug)]
pub(crate) struct WriterHandle {
    source: SourceId,
    clock: Arc<dyn Clock>,
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
struct Job {
    batch: Batch,
    done: oneshot::Sender<Result<WriteReport, store::Error>>,
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
        };
        (handle, tokio::spawn(task.run(waiting)))
    }

    /// Writes a batch and returns when it is committed.
    pub(crate) async fn write(&self, batch: Batch) -> Result<WriteReport, Error> {
        let (done, report) = oneshot::channel();
        let gone = || Error::WriterGone(self.source);
        // The task holds a unit of work while it writes, also while it waits for the database.
        let _waiting = Waiting::new(&self.clock);
        self.jobs
            .send(Job { batch, done })
            .await
            .map_err(|_| gone())?;
        telemetry::queued(self.source);
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
            telemetry::unqueued(self.source);
            let result = self.write(job.batch).await;
            // Whoever asked may have gone: the batch is committed all the same.
            let _gone = job.done.send(result);
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
