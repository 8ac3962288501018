//! A PostgreSQL of one test alone, which can be stopped, crashed and started again. It goes as the
//! shared one does: when nobody has used it for some seconds.

#![allow(clippy::unwrap_used, reason = "a test cannot go on without its server")]

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use local_postgres::{Options, Status};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Shared, TestDatabase, connect, make_on, options, start_with, workspace};

/// Tells servers of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The server.
#[derive(Debug)]
pub struct OwnServer {
    options: Options,
    shared: Shared,
}

impl OwnServer {
    /// Starts one. What is committed in it survives a crash.
    ///
    /// # Panics
    /// Where there is no PostgreSQL.
    pub async fn start() -> Self {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = format!("crossfeed-test-own-{}-{n}", std::process::id());
        let options = options(&workspace().unwrap(), home);
        let shared = Box::pin(start_with(&options)).await.unwrap();
        let admin = connect(&shared.server.config()).await.unwrap();
        let commit = "ALTER SYSTEM SET synchronous_commit = on";
        admin.batch_execute(commit).await.unwrap();
        let reload = "SELECT pg_reload_conf()";
        admin.batch_execute(reload).await.unwrap();
        Self { options, shared }
    }

    /// Returns a fresh database on it, with all migrations applied.
    ///
    /// # Panics
    /// Where it is stopped.
    pub async fn database(&self) -> TestDatabase {
        make_on(&self.shared).await.unwrap()
    }

    /// Stops it as an operator does: connections are ended, what is committed is written out.
    ///
    /// # Panics
    /// Where it does not stop.
    pub async fn stop(&self) {
        let stopped = local_postgres::stop(&self.options, &|_| ()).await;
        stopped.unwrap();
    }

    /// Stops it as if it had crashed: it recovers at the next start.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn crash(&self) {
        let status = || async { local_postgres::status(&self.options).await.unwrap() };
        let Status::Running(info) = status().await else {
            unreachable!("it does not run");
        };
        kill(Pid::from_raw(info.pid), Signal::SIGQUIT).unwrap();
        while !matches!(status().await, Status::Stopped { .. }) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it again, at the same address.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start_again(&self) {
        let started = local_postgres::ensure_started(&self.options, &|_| ()).await;
        assert_eq!(started.unwrap().url(), self.shared.server.url());
    }
}
