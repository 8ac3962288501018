//! The server: knows who works and who sleeps, and jumps when nobody works.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::mpsc,
    task::JoinSet,
};

use crate::{
    Error,
    wire::{FromClient, FromServer},
};

/// Words from clients that may wait; they are few and small.
const WAITING_WORDS: usize = 1_024;

/// A clock server. Dropped, it ends, and time stands still for its clients.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    now_ms: Arc<AtomicI64>,
    joined: mpsc::Sender<(u64, Event)>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
enum Event {
    Joined(OwnedWriteHalf),
    Said(FromClient),
    Left,
    /// From the owner: nobody may jump past this.
    HoldAt(Option<i64>),
    /// From the owner: it is this late now.
    Set(i64),
}

impl Server {
    /// Listens at `path`, which must be free, with the clock standing at `now_ms`.
    ///
    /// # Errors
    /// Where nothing can listen there.
    pub fn bind(path: impl Into<PathBuf>, now_ms: i64) -> Result<Self, Error> {
        let path = path.into();
        let listener = UnixListener::bind(&path).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        let now = Arc::new(AtomicI64::new(now_ms));
        let (joined, events) = mpsc::channel(WAITING_WORDS);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, joined.clone()));
        tasks.spawn(Clients::new(Arc::clone(&now)).run(events));
        Ok(Self {
            path,
            now_ms: now,
            joined,
            tasks,
        })
    }

    /// Returns the time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// Returns where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets time run no further than `until_ms`; with `None` as far as the workers want.
    pub async fn hold_at(&self, until_ms: Option<i64>) {
        self.say(Event::HoldAt(until_ms)).await;
    }

    /// Makes it another time at once, later or earlier, whoever is at work: a machine that was
    /// suspended, a clock that was set. Who sleeps until an instant that has passed wakes; an earlier
    /// time leaves everybody the rest of their sleep.
    pub async fn set(&self, now_ms: i64) {
        self.say(Event::Set(now_ms)).await;
    }

    async fn say(&self, event: Event) {
        if self.joined.send((0, event)).await.is_err() {
            tracing::debug!("the clock server has ended");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.abort_all();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the clock's socket was gone");
        }
    }
}

async fn accept(listener: UnixListener, events: mpsc::Sender<(u64, Event)>) {
    let mut clients = JoinSet::new();
    let mut id = 0;
    while let Ok((stream, _)) = listener.accept().await {
        id += 1;
        clients.spawn(listen(id, stream, events.clone()));
    }
}

async fn listen(id: u64, stream: UnixStream, events: mpsc::Sender<(u64, Event)>) {
    let (reading, writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    if events.send((id, Event::Joined(writing))).await.is_err() {
        return;
    }
    while let Ok(Some(line)) = lines.next_line().await {
        let Some(said) = FromClient::read(&line) else {
            break;
        };
        if events.send((id, Event::Said(said))).await.is_err() {
            return;
        }
    }
    if events.send((id, Event::Left)).await.is_err() {
        tracing::debug!("the clock server has ended");
    }
}

#[derive(Debug)]
struct Client {
    writing: OwnedWriteHalf,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Has not said what it is: time waits for it.
    Unknown,
    Follower {
        seen_ms: i64,
    },
    Worker {
        wakes: u64,
        state: State,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Busy,
    Asleep(Option<i64>),
}

/// Where the server stands between two states of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Still,
    /// The followers have been told; the workers are woken once all of them confirm.
    Telling,
}

struct Clients {
    now_ms: Arc<AtomicI64>,
    hold_at_ms: Option<i64>,
    clients: BTreeMap<u64, Client>,
    phase: Phase,
    /// What the workers last said of their sleep is of a time that is no more.
    was_set_back: bool,
}

impl Clients {
    fn new(now_ms: Arc<AtomicI64>) -> Self {
        Self {
            now_ms,
            hold_at_ms: None,
            clients: BTreeMap::new(),
            phase: Phase::Still,
            was_set_back: false,
        }
    }

    async fn run(mut self, mut events: mpsc::Receiver<(u64, Event)>) {
        while let Some((id, event)) = events.recv().await {
            self.take(id, event).await;
            self.advance().await;
        }
    }

    async fn take(&mut self, id: u64, event: Event) {
        match event {
            Event::HoldAt(until_ms) => self.hold_at_ms = until_ms,
            Event::Set(now_ms) => self.change(now_ms).await,
            Event::Left => {
                self.clients.remove(&id);
            }
            Event::Joined(writing) => {
                self.clients.insert(
                    id,
                    Client {
                        writing,
                        role: Role::Unknown,
                    },
                );
                self.say(id, FromServer::Now(self.now())).await;
            }
            Event::Said(said) => self.hear(id, said),
        }
    }

    fn hear(&mut self, id: u64, said: FromClient) {
        let now_ms = self.now();
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        match (said, &mut client.role) {
            (FromClient::Worker, role) => {
                *role = Role::Worker {
                    wakes: 0,
                    state: State::Busy,
                }
            }
            (FromClient::Follower, role) => *role = Role::Follower { seen_ms: now_ms },
            (FromClient::Seen(at_ms), Role::Follower { seen_ms }) => *seen_ms = at_ms,
            (FromClient::Busy(heard), Role::Worker { wakes, state }) if heard == *wakes => {
                *state = State::Busy;
            }
            (FromClient::Idle(until_ms, heard), Role::Worker { wakes, state })
                if heard == *wakes =>
            {
                *state = State::Asleep(until_ms);
            }
            // Crossed a wake on the way, or makes no sense for this kind of client.
            _ => {}
        }
    }

    /// Jumps as long as nobody works.
    async fn advance(&mut self) {
        if self.phase == Phase::Still
            && let Some(next_ms) = self.next()
        {
            self.change(next_ms).await;
        }
        if self.phase == Phase::Telling && self.followers_know() {
            self.phase = Phase::Still;
            self.wake().await;
        }
    }

    /// Makes it another time and tells the followers.
    async fn change(&mut self, now_ms: i64) {
        let was_ms = self.now_ms.swap(now_ms, Ordering::SeqCst);
        self.was_set_back |= now_ms < was_ms;
        self.phase = Phase::Telling;
        for id in self.ids(|role| matches!(role, Role::Follower { .. })) {
            self.say(id, FromServer::Now(now_ms)).await;
        }
    }

    /// Returns the instant to jump to: the least that somebody sleeps until, if nobody works.
    fn next(&self) -> Option<i64> {
        let mut least_ms: Option<i64> = None;
        for client in self.clients.values() {
            match client.role {
                Role::Follower { .. } => {}
                Role::Worker {
                    state: State::Asleep(until_ms),
                    ..
                } => {
                    least_ms = [least_ms, until_ms].into_iter().flatten().min();
                }
                Role::Unknown
                | Role::Worker {
                    state: State::Busy, ..
                } => return None,
            }
        }
        let next_ms = least_ms?.max(self.now());
        Some(next_ms).filter(|next_ms| self.hold_at_ms.is_none_or(|hold_ms| *next_ms <= hold_ms))
    }

    fn followers_know(&self) -> bool {
        let now_ms = self.now();
        self.clients.values().all(|client| match client.role {
            Role::Follower { seen_ms } => seen_ms == now_ms,
            _ => true,
        })
    }

    /// Wakes whose instant has come; the others only hear the time. Where that was set back every worker
    /// counts as busy until it says anew for how long it sleeps.
    async fn wake(&mut self) {
        let now_ms = self.now();
        let was_set_back = std::mem::take(&mut self.was_set_back);
        for id in self.ids(|role| matches!(role, Role::Worker { .. })) {
            let mut words = FromServer::Now(now_ms);
            if let Some(Client {
                role: Role::Worker { wakes, state },
                ..
            }) = self.clients.get_mut(&id)
                && (was_set_back
                    || matches!(*state, State::Asleep(Some(until_ms)) if until_ms <= now_ms))
            {
                *wakes += 1;
                *state = State::Busy;
                words = FromServer::Wake(now_ms, *wakes);
            }
            self.say(id, words).await;
        }
    }

    fn ids(&self, of: impl Fn(&Role) -> bool) -> Vec<u64> {
        let those = self.clients.iter().filter(|(_, client)| of(&client.role));
        those.map(|(id, _)| *id).collect()
    }

    fn now(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    async fn say(&mut self, id: u64, words: FromServer) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if client
            .writing
            .write_all(words.line().as_bytes())
            .await
            .is_err()
        {
            self.clients.remove(&id);
        }
    }
}
