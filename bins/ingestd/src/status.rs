//! The line of status that the service manager shows.

use std::time::Duration;

use assembly::Workshop;
use futures_util::future::try_join_all;
use runtime::Notify;

use crate::fleet::Fleet;

/// How often it is made anew, in real time.
const EVERY: Duration = Duration::from_secs(10);
/// A database that does not answer at once is said to be away.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was told last.
#[derive(Debug)]
pub(crate) struct Told {
    notify: Notify,
    is_dark: bool,
    last: String,
}

impl Told {
    /// Makes one for a program that `is_dark` where it has no port for metrics, although it should.
    pub(crate) const fn new(notify: Notify, is_dark: bool) -> Self {
        Self {
            notify,
            is_dark,
            last: String::new(),
        }
    }

    /// Says that all are collecting.
    pub(crate) async fn ready(&mut self, workshop: &Workshop, fleet: &Fleet) {
        if self.notify.is_heard() {
            self.last = self.line(workshop, fleet).await;
            self.notify.ready(&self.last);
        }
    }

    /// Says how things are, where that is another way than last time.
    pub(crate) async fn tell(&mut self, workshop: &Workshop, fleet: &Fleet) {
        let line = self.line(workshop, fleet).await;
        if line != self.last {
            self.notify.status(&line);
            self.last = line;
        }
    }

    async fn line(&self, workshop: &Workshop, fleet: &Fleet) -> String {
        let line = line(workshop, fleet).await;
        match self.is_dark {
            true => format!("{line}, no port for metrics"),
            false => line,
        }
    }

    /// Waits until it is time to; for ever where nobody listens.
    pub(crate) async fn look_again(&self) {
        match self.notify.is_heard() {
            true => tokio::time::sleep(EVERY).await,
            false => std::future::pending().await,
        }
    }
}

async fn line(workshop: &Workshop, fleet: &Fleet) -> String {
    let sources = fleet.collectors().count();
    let waits = tokio::time::timeout(PATIENCE, waiting(workshop, fleet));
    let waits = match waits.await {
        Ok(Ok((suspended, parked))) => format!("{suspended} suspended, {parked} parked"),
        Ok(Err(_)) | Err(_) => "the database is away".to_owned(),
    };
    let newest = fleet
        .collectors()
        .filter_map(|collector| Some((collector.last_tick()?, collector.id())))
        .max();
    let tick = newest.map_or_else(
        || "no tick yet".to_owned(),
        |(ended, source)| format!("last tick {source} {ended}"),
    );
    let not_opened: String = (fleet.not_opened().into_iter())
        .map(|source| format!("{source} not opened, "))
        .collect();
    format!("{sources} sources, {not_opened}{waits}, {tick}")
}

/// Returns how many suspensions there are, and how many sources are parked, as `crossfeed status` says.
async fn waiting(workshop: &Workshop, fleet: &Fleet) -> Result<(usize, usize), store::Error> {
    let suspended = workshop.store.suspensions().await?.len();
    let parked = try_join_all(fleet.collectors().map(|one| one.parking())).await?;
    Ok((suspended, parked.into_iter().flatten().count()))
}
