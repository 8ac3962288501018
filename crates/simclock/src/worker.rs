//! A client that works and sleeps by the clock.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use crate::{
    Error,
    wire::{FromClient, FromServer},
};

/// A worker that falls idle is believed after so much real time: between the end of one unit and
/// the beginning of the next nothing seems to be at work.
const QUIET: Duration = Duration::from_millis(4);

/// Works and sleeps by the clock. Joins busy: with one unit of work, which its program ends when it
/// has nothing to do but to wait. Dropped, it leaves.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    now_ms: i64,
    heard_wakes: u64,
    units: u64,
    next_sleeper: u64,
    sleepers: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

impl Worker {
    /// Joins the server at `path`.
    ///
    /// # Errors
    /// Where no clock server listens there.
    pub async fn join(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        let stream = UnixStream::connect(path).await.map_err(failed)?;
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        writing
            .write_all(FromClient::Worker.line().as_bytes())
            .await
            .map_err(failed)?;
        let first = lines.next_line().await.map_err(failed)?;
        let Some(FromServer::Now(now_ms)) = first.as_deref().and_then(FromServer::read) else {
            return Err(Error::Stranger {
                path: path.to_owned(),
            });
        };
        let state = State {
            now_ms,
            heard_wakes: 0,
            units: 1,
            next_sleeper: 0,
            sleepers: BTreeMap::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Notify::new(),
        });
        let hearing = tokio::spawn(hear(Arc::clone(&shared), lines));
        let telling = tokio::spawn(tell(Arc::clone(&shared), writing));
        Ok(Self {
            shared,
            tasks: [hearing, telling],
        })
    }

    /// Returns the time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.shared.lock().now_ms
    }

    /// Begins a unit of work: time stands still until it ends or sleeps.
    pub fn begin(&self) {
        self.shared.lock().units += 1;
        self.shared.changed.notify_one();
    }

    /// Ends a unit of work.
    pub fn end(&self) {
        let mut state = self.shared.lock();
        state.units = state.units.saturating_sub(1);
        drop(state);
        self.shared.changed.notify_one();
    }

    /// Sleeps; the caller's unit of work rests for as long.
    pub async fn sleep(&self, duration: Duration) {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let (wake, woken) = oneshot::channel();
        let sleeper = {
            let mut state = self.shared.lock();
            let until_ms = state.now_ms.saturating_add(ms.max(1));
            let sleeper = state.next_sleeper;
            state.next_sleeper += 1;
            state.sleepers.insert((until_ms, sleeper), wake);
            state.units = state.units.saturating_sub(1);
            sleeper
        };
        self.shared.changed.notify_one();
        let resting = Resting {
            shared: &self.shared,
            sleeper: Some(sleeper),
        };
        // The sender goes only with the whole worker; then time stands still for good.
        if woken.await.is_err() {
            std::future::pending::<()>().await;
        }
        resting.woken();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A sleep that is given up takes its unit of work back.
struct Resting<'a> {
    shared: &'a Shared,
    /// Its number: until when it sleeps changes where the clock is set back.
    sleeper: Option<u64>,
}

impl Resting<'_> {
    /// Whoever woke it has given the unit back already.
    fn woken(mut self) {
        self.sleeper = None;
    }
}

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        let Some(sleeper) = self.sleeper else { return };
        let mut state = self.shared.lock();
        let place = state.sleepers.keys().find(|(_, one)| *one == sleeper);
        if let Some(place) = place.copied() {
            state.sleepers.remove(&place);
            state.units += 1;
        }
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn words(&self) -> FromClient {
        if self.units > 0 {
            return FromClient::Busy(self.heard_wakes);
        }
        let until_ms = self
            .sleepers
            .first_key_value()
            .map(|((until_ms, _), _)| *until_ms);
        FromClient::Idle(until_ms, self.heard_wakes)
    }

    /// Wakes whose instant has come; each gets its unit of work back before it runs. Where the clock was
    /// set back they sleep as long as they meant to.
    fn reach(&mut self, now_ms: i64) {
        let back_ms = self.now_ms.saturating_sub(now_ms).max(0);
        self.now_ms = now_ms;
        let sleepers = std::mem::take(&mut self.sleepers).into_iter();
        self.sleepers = sleepers
            .map(|((until_ms, number), wake)| ((until_ms - back_ms, number), wake))
            .collect();
        while let Some(entry) = self.sleepers.first_entry()
            && entry.key().0 <= self.now_ms
        {
            self.units += 1;
            if entry.remove().send(()).is_err() {
                self.units -= 1;
            }
        }
    }
}

async fn hear(shared: Arc<Shared>, mut lines: Lines<BufReader<OwnedReadHalf>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let mut state = shared.lock();
        match FromServer::read(&line) {
            Some(FromServer::Now(now_ms)) => state.reach(now_ms),
            Some(FromServer::Wake(now_ms, wakes)) => {
                state.heard_wakes = wakes;
                state.reach(now_ms);
            }
            None => return,
        }
        drop(state);
        shared.changed.notify_one();
    }
}

/// Tells the server what changed: work at once, idleness after a quiet moment.
async fn tell(shared: Arc<Shared>, mut writing: OwnedWriteHalf) {
    let mut said = FromClient::Busy(0);
    loop {
        let words = shared.lock().words();
        if words == said {
            shared.changed.notified().await;
            continue;
        }
        if matches!(words, FromClient::Idle(..)) {
            tokio::time::sleep(QUIET).await;
            if shared.lock().words() != words {
                continue;
            }
        }
        if writing.write_all(words.line().as_bytes()).await.is_err() {
            return;
        }
        said = words;
    }
}
