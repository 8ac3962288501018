//! The leadership that work by schedule hangs on. What an operator asks for needs none.
//!
//! Decided in docs/adr/0005-a-leader-without-its-database.md.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use store::{Store, session::Session};

use crate::{
    Error,
    outage::{Outage, Spaced},
    stop::Stop,
    telemetry,
};

/// How often the connection is looked at, in real time: it breaks in real time.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The leadership of one source's work.
#[derive(Debug)]
pub(crate) struct Reign {
    session: Arc<Session>,
    store: Store,
    outage: Arc<Outage>,
    /// Zero while no leadership is needed.
    epoch: AtomicI64,
}

impl Reign {
    pub(crate) fn new(session: Arc<Session>, store: Store, outage: Arc<Outage>) -> Self {
        Self {
            session,
            store,
            outage,
            epoch: AtomicI64::new(0),
        }
    }

    /// From now on the work needs the leadership that was taken with this epoch.
    pub(crate) fn begin(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Relaxed);
        telemetry::leads(Some(epoch));
    }

    /// Returns the epoch of the leadership that is needed, if one is.
    pub(crate) fn epoch(&self) -> Option<i64> {
        Some(self.epoch.load(Ordering::Relaxed)).filter(|epoch| *epoch != 0)
    }

    /// Whether a request may leave as far as this process can see.
    pub(crate) fn stands(&self) -> bool {
        self.epoch().is_none() || self.session.leads()
    }

    /// Waits until it stands, `None` where stop was said first.
    pub(crate) async fn standing(&self, stop: &Stop) -> Option<()> {
        while !self.stands() {
            stop.or(tokio::time::sleep(LOOK_AGAIN)).await?;
        }
        Some(())
    }

    /// Asks the database whether anybody else has led since.
    ///
    /// # Errors
    /// [`store::Error::LeadershipLost`] where somebody has.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        if let Some(epoch) = self.epoch() {
            let check = || self.store.check_epoch(epoch);
            self.outage.through(check).await?;
        }
        Ok(())
    }
}

/// Watches the connection that holds the leadership, and takes the leadership back where it was lost;
/// until then no request leaves. Returns why that cannot be.
pub async fn keep_leading(session: &Session) -> store::Error {
    let said = Spaced::default();
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        if session.leads() {
            continue;
        }
        telemetry::leads(None);
        telemetry::database_is_away();
        if said.is_due() {
            tracing::error!(
                instance = session.instance(),
                "the connection that holds the leadership is gone: nothing is asked until it is back"
            );
        }
        match session.regain().await {
            Ok(true) => {
                telemetry::leads(session.epoch());
                telemetry::database_answers();
                tracing::info!(instance = session.instance(), "leading again");
            }
            Ok(false) => {}
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "the leadership cannot be had yet");
            }
            Err(error) => return error,
        }
    }
}
