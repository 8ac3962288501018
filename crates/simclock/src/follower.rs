//! A client that answers as of now and never makes time wait.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    task::JoinHandle,
};

use crate::{
    Error,
    wire::{FromClient, FromServer},
};

/// Knows the simulated time. Dropped, it leaves.
#[derive(Debug)]
pub struct Follower {
    now_ms: Arc<AtomicI64>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Joins the server at `path`. `heard` is called with each new time before the server goes on.
    ///
    /// # Errors
    /// Where no clock server listens there.
    pub async fn join(path: &Path, heard: impl Fn(i64) + Send + 'static) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        let stream = UnixStream::connect(path).await.map_err(failed)?;
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        writing
            .write_all(FromClient::Follower.line().as_bytes())
            .await
            .map_err(failed)?;
        let first = lines.next_line().await.map_err(failed)?;
        let Some(FromServer::Now(now_ms)) = first.as_deref().and_then(FromServer::read) else {
            return Err(Error::Stranger {
                path: path.to_owned(),
            });
        };
        heard(now_ms);
        let now = Arc::new(AtomicI64::new(now_ms));
        let shared = Arc::clone(&now);
        let task = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(FromServer::Now(now_ms)) = FromServer::read(&line) {
                    shared.store(now_ms, Ordering::SeqCst);
                    heard(now_ms);
                    let seen = FromClient::Seen(now_ms).line();
                    if writing.write_all(seen.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { now_ms: now, task })
    }

    /// Returns the time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}
