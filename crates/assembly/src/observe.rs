//! Shows how a leading collector fares: its metrics, and whether it does what it is for.

use std::{
    future::Future,
    sync::{Arc, Weak},
};

use futures_util::future::FutureExt as _;
use ingest::{
    Stop,
    telemetry::{self, Watched},
};
use runtime::{Health, Probe, Telemetry};
use store::{Store, session::Session};

use crate::Workshop;

/// Shows on the port of `shown` what collectors do that are watched from now on, and whether this process
/// leads and its database answers. Returns the work that keeps the figures of the database fresh, until
/// stop is said.
pub fn observe(
    shown: &Telemetry,
    workshop: &Workshop,
    watched: Watched,
    stop: &Stop,
) -> impl Future<Output = Result<(), ingest::Error>> + Send + 'static {
    shown.register(|registry| {
        telemetry::register(registry);
        store::telemetry::watch_pool(registry, &workshop.store);
    });
    shown.ready_by(leading(workshop, watched.clone()));
    telemetry::keep_figures(watched, Arc::clone(&workshop.clock), stop.clone())
}

/// Whoever ends lets go of the session: nothing here may hold it.
fn leading(workshop: &Workshop, watched: Watched) -> Probe {
    let (session, store) = (Arc::downgrade(&workshop.session), workshop.store.clone());
    Arc::new(move || health(Weak::clone(&session), store.clone(), watched.clone()).boxed())
}

async fn health(session: Weak<Session>, store: Store, watched: Watched) -> Health {
    match session.upgrade().map(|session| session.leads()) {
        None => return Health::not_ready("ending"),
        Some(false) => {
            return Health::not_ready("the connection that holds the leadership is gone");
        }
        Some(true) => {}
    }
    match store.suspensions().await {
        Ok(rows) => Health {
            why_not: None,
            suspended: rows.iter().map(ToString::to_string).collect(),
            not_open: (watched.not_open().iter())
                .map(ToString::to_string)
                .collect(),
        },
        Err(_) => Health::not_ready("the database does not answer"),
    }
}
