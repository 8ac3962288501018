//! The writer of a collector, and its end: whoever else still holds the collector, nothing is written
//! after it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use model::SourceId;
use store::write::{Batch, WriteReport};
use tokio::task::JoinHandle;

use crate::{
    Error,
    writer::{Unwritten, WriterHandle},
};

/// The writer of one collector.
#[derive(Debug)]
pub(crate) struct Writing {
    source: SourceId,
    /// None after the end.
    writer: Mutex<Option<WriterHandle>>,
    unwritten: Unwritten,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Writing {
    pub(crate) fn new(source: SourceId, writer: WriterHandle, task: JoinHandle<()>) -> Self {
        Self {
            source,
            unwritten: writer.unwritten(),
            writer: Mutex::new(Some(writer)),
            task: tokio::sync::Mutex::new(Some(task)),
        }
    }

    /// Writes a batch and returns when it is committed.
    ///
    /// # Errors
    /// Those of the database; [`Error::WriterGone`] after the end.
    pub(crate) async fn write(&self, batch: Batch) -> Result<WriteReport, Error> {
        let writer = {
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.clone()
        };
        let writer = writer.ok_or(Error::WriterGone(self.source))?;
        writer.write(batch).await
    }

    /// Takes no batch any more and waits until those that came are written. What lasts longer than
    /// `patience` is given up: but for a commit that the server has already, which holds the row of its
    /// pull until it is done. A call that is dropped may be made again.
    pub(crate) async fn end(&self, patience: Duration) {
        drop(
            self.writer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut task = self.task.lock().await;
        let Some(writing) = task.as_mut() else {
            return;
        };
        let source = self.source;
        let ended = match tokio::time::timeout(patience, &mut *writing).await {
            Ok(ended) => ended,
            Err(_) => {
                if self.unwritten.is_any() {
                    tracing::warn!(%source, "what was to be written is given up, coverage knows it");
                }
                writing.abort();
                writing.await
            }
        };
        *task = None;
        match ended {
            Err(error) if !error.is_cancelled() => {
                tracing::error!(%source, %error, "the writer broke down");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
