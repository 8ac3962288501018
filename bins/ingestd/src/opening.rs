//! From the leadership to the sources at work. Whoever took it and then ended would leave nobody who
//! leads, so what passes is waited for: a database that is away, a lock that another holds.

use std::{future::Future, pin::pin, time::Duration};

use assembly::{Prepared, Purpose, Workshop};
use futures_util::{
    future::{BoxFuture, FutureExt as _},
    stream::{FuturesUnordered, StreamExt as _},
};
use ingest::{Collector, Error, Stop, Stopper, schedule::First};
use model::SourceId;
use runtime::Notify;

use crate::{configuration::Configuration, fleet::Fleet};

/// How often what could not be had is tried again, in real time.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// The service manager waits no longer for the first word: what is done by then is at work.
const READY_AFTER: Duration = Duration::from_secs(5);

/// A source that was opened and does nothing yet.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) prepared: Prepared,
    pub(crate) collector: Collector,
    pub(crate) stopper: Stopper,
    pub(crate) stop: Stop,
}

/// Does all that a leader begins with, and sets its sources to work.
///
/// # Errors
/// What does not pass, and why a source at work broke down meanwhile.
pub(crate) async fn begin(
    workshop: &Workshop,
    fleet: &mut Fleet,
    configuration: Configuration,
    first: First,
    notify: Notify,
) -> anyhow::Result<()> {
    let mut begun = pin!(begin_with(workshop, fleet, configuration, first));
    tokio::select! {
        biased;
        done = &mut begun => return done,
        () = tokio::time::sleep(READY_AFTER) => {
            notify.ready("leading: not all of what it begins with could be had yet");
        }
    }
    begun.await
}

async fn begin_with(
    workshop: &Workshop,
    fleet: &mut Fleet,
    configuration: Configuration,
    first: First,
) -> anyhow::Result<()> {
    let (store, epoch) = (&workshop.store, fleet.epoch);
    let said = |job: &'static str| move |error: &Error| tracing::warn!(job, %error, "waiting for the database");
    let mark = || async { Ok(workshop.mark_orphans().await?) };
    until_had(said("orphans"), mark).await?;
    let dictionary = &configuration.dictionary;
    let load = || async { Ok(store.sync_dictionary(dictionary, Some(epoch)).await?) };
    until_had(said("dictionary"), load).await?;
    let enter = || async { Ok(configuration.enter(store).await?) };
    until_had(said("world"), enter).await?;
    let mut opening = Opening::begin(workshop, fleet, &configuration.sources);
    while let Some((_, done)) = opening.next(fleet, first).await? {
        done?;
    }
    Ok(())
}

/// Sources that are being opened, side by side: one that waits delays no other.
pub(crate) struct Opening<'a> {
    workshop: &'a Workshop,
    under_way: FuturesUnordered<BoxFuture<'a, (SourceId, Result<Opened, Error>)>>,
}

impl<'a> Opening<'a> {
    pub(crate) fn begin(
        workshop: &'a Workshop,
        fleet: &Fleet,
        sources: impl IntoIterator<Item = &'a Prepared>,
    ) -> Self {
        let epoch = fleet.epoch;
        let open = |source: &'a Prepared| {
            fleet.expect(source.id());
            async move { (source.id(), open(workshop, epoch, source).await) }.boxed()
        };
        Self {
            workshop,
            under_way: sources.into_iter().map(open).collect(),
        }
    }

    /// Sets the next source that is open to work, and returns its name, or why it cannot be opened; none
    /// once there is none left. May be given up and called again.
    ///
    /// # Errors
    /// Why a source at work broke down meanwhile.
    pub(crate) async fn next(
        &mut self,
        fleet: &mut Fleet,
        first: First,
    ) -> anyhow::Result<Option<(SourceId, Result<(), Error>)>> {
        let next = tokio::select! {
            biased;
            why = fleet.broke_down() => return Err(anyhow::Error::msg(why)),
            next = self.under_way.next() => next,
        };
        Ok(next.map(|(source, opened)| {
            let set_to_work = |opened| fleet.set_to_work(opened, self.workshop, first);
            (source, opened.map(set_to_work))
        }))
    }
}

async fn open(workshop: &Workshop, epoch: i64, source: &Prepared) -> Result<Opened, Error> {
    let said = |error: &Error| {
        tracing::warn!(source = %source.id(), %error, "waiting for the database");
    };
    let open = || async {
        let (stopper, stop) = Stopper::new();
        let purpose = Purpose::Lead(epoch);
        let collector = workshop.collector(source, purpose, &stop).await?;
        Ok(Opened {
            prepared: source.clone(),
            collector,
            stopper,
            stop,
        })
    };
    until_had(said, open).await
}

/// Calls until there is an answer, or an error that does not pass; the first that does is `said`.
async fn until_had<T, F>(said: impl Fn(&Error), mut call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut is_said = false;
    loop {
        match call().await {
            Err(error) if error.is_passing() => {
                if !std::mem::replace(&mut is_said, true) {
                    said(&error);
                }
                tokio::time::sleep(TRY_AGAIN).await;
            }
            done => return done,
        }
    }
}
