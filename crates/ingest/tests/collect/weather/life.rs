//! One process that lives through the weather.

use std::{sync::Arc, time::Duration};

use ingest::{Collector, Stopper, keep_leading};
use model::Ts;
use ratelimit::{Clock, SharedClock};
use simclock::{Follower, Server, Worker};
use source_coingecko::Plan;
use store::{series::Authority, session::Session};

use super::{COINS, SINCE};
use crate::world::{Tasks, World, all_ended, csv_of, set_to_work};

/// A wait this long, in real time, has failed.
const TOO_LONG: Duration = Duration::from_secs(60);

/// One process that runs the schedule, and the time it lives in. That stands still but while
/// [`Life::pass`] lets it go on.
pub(super) struct Life {
    server: Server,
    _vendor: Follower,
    hand: Worker,
    clock: Arc<dyn Clock>,
    session: Arc<Session>,
    instance: String,
    epoch: i64,
    pub(super) has_all: bool,
    stopper: Stopper,
    tasks: Tasks,
    folder: tempfile::TempDir,
}

impl Life {
    pub(super) async fn begin(world: &World, now: Ts, has_all: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("clock");
        let server = Server::bind(&socket, now.millis()).unwrap();
        let hand = Worker::join(&socket).await.unwrap();
        let vendor = world.vendor.follow(&socket).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SharedClock::join(&socket).await.unwrap());
        let setup = world
            .setup(world.coingecko(Plan::Demo, 600), &csv_of(&COINS, SINCE))
            .await;
        let epoch = lead(&setup.session, now).await;
        let mut life = Self {
            server,
            _vendor: vendor,
            hand,
            clock,
            session: setup.session,
            instance: setup.instance,
            epoch,
            has_all,
            stopper: Stopper::new().0,
            tasks: Tasks::new(),
            folder,
        };
        life.work(world).await;
        life
    }

    /// Opens the source and sets it to work.
    async fn work(&mut self, world: &World) {
        let (stopper, stop) = Stopper::new();
        let coins = match self.has_all {
            true => &COINS[..],
            false => &COINS[..2],
        };
        let source = world.coingecko(Plan::Demo, 600);
        let mut setup = world.setup(source, &csv_of(coins, SINCE)).await;
        setup.clock = Arc::clone(&self.clock);
        setup.stop = stop.clone();
        setup.session = Arc::clone(&self.session);
        setup.instance.clone_from(&self.instance);
        setup.authority = Authority::Leading(self.epoch);
        let collector = Collector::open(setup).await.unwrap();
        let (session, told) = (Arc::clone(&self.session), stop.clone());
        self.tasks.spawn(async move {
            let lost = async { Err(keep_leading(&session).await.into()) };
            told.or(lost).await.unwrap_or(Ok(()))
        });
        set_to_work(&mut self.tasks, collector, &self.clock, &stop);
        self.stopper = stopper;
    }

    /// Ends the source in order and opens it with other rows.
    pub(super) async fn reload(&mut self, world: &World) {
        self.end().await;
        self.clock.begin();
        self.has_all = !self.has_all;
        self.work(world).await;
    }

    pub(super) fn now(&self) -> Ts {
        Ts::from_millis(self.server.now_ms())
    }

    pub(super) async fn pass(&self, secs: u64) {
        let passed = self.hand.sleep(Duration::from_secs(secs));
        let passed = tokio::time::timeout(TOO_LONG, passed).await;
        assert!(passed.is_ok(), "time stands still at {}", self.now());
    }

    /// Waits until the clock is believed to be so late.
    pub(super) async fn set(&self, now: Ts) {
        self.server.set(now.millis()).await;
        let believed = async {
            while self.hand.now_ms() != now.millis() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(TOO_LONG, believed).await.unwrap();
    }

    /// Ends in order; returns when.
    pub(super) async fn stop(mut self) -> Ts {
        self.end().await;
        drop(self.folder);
        Ts::from_millis(self.server.now_ms())
    }

    async fn end(&mut self) {
        self.stopper.stop();
        let ended = all_ended(&mut self.tasks);
        // What is under way may sleep by the clock.
        let time_goes_on = async {
            loop {
                self.hand.sleep(Duration::from_secs(1)).await;
            }
        };
        let ended = tokio::time::timeout(TOO_LONG, ended);
        tokio::select! {
            ended = ended => assert!(ended.is_ok(), "it does not end"),
            () = time_goes_on => {}
        }
    }

    /// Ends as a process does that is killed; returns when.
    pub(super) async fn kill(mut self) -> Ts {
        let now = self.now();
        self.tasks.shutdown().await;
        now
    }
}

/// Takes the leadership as soon as the server knows that the last life is over.
async fn lead(session: &Session, now: Ts) -> i64 {
    let taken = async {
        loop {
            if let Some(epoch) = session.try_lead(now).await.unwrap() {
                return epoch;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(TOO_LONG, taken).await.unwrap()
}
