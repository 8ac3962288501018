//! Whatever the weather: clocks that jump, processes that die, vendors and databases that are away, in
//! any order. In the end every wanted bucket has been asked for and stored, or is known to be lost.
//! `WEATHER_CASES`, at compile time, says how many orders are tried.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use fake_vendors::{Fault, Faults, Options, Rule};
use ingest::{Collector, Stopper, keep_leading, schedule};
use model::Ts;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use ratelimit::{Clock, SharedClock};
use simclock::{Follower, Server, Worker};
use source_coingecko::Plan;
use store::{series::Authority, session::Session};
use tokio::task::JoinSet;

use crate::world::{World, at, csv_of, demo};

/// The last one comes and goes.
const COINS: [&str; 3] = ["bitcoin", "ethereum", "solana"];
const SINCE: &str = "2026-05-17";
const START: &str = "2026-05-18T12:50:00Z";
const HOUR_SECS: u64 = 3_600;
/// A life like this mends what the weather did: the vendor's daily values come a day late.
const CALM_SECS: u64 = 50 * HOUR_SECS;
/// What is younger at the end need not be published yet.
const YOUNG_SECS: i64 = 26 * 3_600;
/// A wait this long, in real time, has failed.
const TOO_LONG: Duration = Duration::from_secs(60);

/// What happens to a life of the schedule.
#[derive(Clone, Debug)]
enum Weather {
    /// It is left alone for so many seconds.
    Calm(u64),
    /// It is told to end, and started again so many hours later.
    Stopped(u64),
    /// It dies in the middle of whatever it does, and is started again so many hours later.
    Killed(u64),
    /// The machine sleeps for so many hours.
    Asleep(u64),
    /// The clock is set back by so many minutes.
    SetBack(u64),
    /// The vendor answers nonsense, or that the month's quota is spent, for so many hours.
    VendorAway(Fault, u64),
    /// The vendor breaks at the next few requests: what the transport repeats, pausing in real time.
    VendorBreaks(Fault, u64),
    /// The source ends and is opened again with one coin more, or without it, by the process that leads.
    Reloaded,
    /// The database breaks every connection and takes no point for so many hours.
    DatabaseAway(u64),
}

fn weather() -> impl Strategy<Value = Weather> {
    // Any moment, or one at which a tick or the gap filler is at work.
    let busy = (0..9_u64, 0..15_u64).prop_map(|(hours, secs)| hours * HOUR_SECS + 780 + secs);
    let calm = prop_oneof![1 => 1..9 * HOUR_SECS, 2 => busy];
    let fault = prop_oneof![
        Just(Fault::Html403),
        Just(Fault::CutJson),
        Just(Fault::ThrottledText),
        Just(Fault::NoBody),
        Just(Fault::MonthSpent),
    ];
    let broken = prop_oneof![
        Just(Fault::Status500),
        Just(Fault::Status503),
        Just(Fault::Status408),
        Just(Fault::CutConnection),
    ];
    prop_oneof![
        4 => calm.prop_map(Weather::Calm),
        1 => (0..60_u64).prop_map(Weather::Stopped),
        2 => (0..60_u64).prop_map(Weather::Killed),
        1 => (1..60_u64).prop_map(Weather::Asleep),
        1 => (1..180_u64).prop_map(Weather::SetBack),
        1 => (fault, 1..8_u64).prop_map(|(fault, hours)| Weather::VendorAway(fault, hours)),
        1 => (broken, 1..4_u64).prop_map(|(fault, times)| Weather::VendorBreaks(fault, times)),
        2 => Just(Weather::Reloaded),
        1 => (0..4_u64).prop_map(Weather::DatabaseAway),
    ]
}

/// One process that runs the schedule, and the time it lives in. That stands still but while
/// [`Life::pass`] lets it go on.
struct Life {
    server: Server,
    _vendor: Follower,
    hand: Worker,
    clock: Arc<dyn Clock>,
    session: Arc<Session>,
    instance: String,
    epoch: i64,
    has_all: bool,
    stopper: Stopper,
    tasks: JoinSet<Result<(), ingest::Error>>,
    folder: tempfile::TempDir,
}

impl Life {
    async fn begin(world: &World, now: Ts, has_all: bool) -> Self {
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
            tasks: JoinSet::new(),
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
        let collector = Arc::new(Collector::open(setup).await.unwrap());
        let (one, other) = (Arc::clone(&collector), collector);
        let clock = || Arc::clone(&self.clock);
        self.tasks
            .spawn(schedule::ticks(one, clock(), stop.clone()));
        self.tasks
            .spawn(schedule::gaps(other, clock(), stop.clone()));
        let session = Arc::clone(&self.session);
        self.tasks.spawn(async move {
            let lost = async { Err(keep_leading(&session).await.into()) };
            stop.or(lost).await.unwrap_or(Ok(()))
        });
        self.stopper = stopper;
        // From here on only the tasks are at work.
        self.clock.end();
    }

    /// Ends the source in order and opens it with other rows.
    async fn reload(&mut self, world: &World) {
        self.end().await;
        self.clock.begin();
        self.has_all = !self.has_all;
        self.work(world).await;
    }

    fn now(&self) -> Ts {
        Ts::from_millis(self.server.now_ms())
    }

    async fn pass(&self, secs: u64) {
        let passed = self.hand.sleep(Duration::from_secs(secs));
        let passed = tokio::time::timeout(TOO_LONG, passed).await;
        assert!(passed.is_ok(), "time stands still at {}", self.now());
    }

    /// Waits until the clock is believed to be so late.
    async fn set(&self, now: Ts) {
        self.server.set(now.millis()).await;
        let believed = async {
            while self.hand.now_ms() != now.millis() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(TOO_LONG, believed).await.unwrap();
    }

    /// Ends in order; returns when.
    async fn stop(mut self) -> Ts {
        self.end().await;
        drop(self.folder);
        Ts::from_millis(self.server.now_ms())
    }

    async fn end(&mut self) {
        self.stopper.stop();
        let ended = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.unwrap().unwrap();
            }
        };
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
    async fn kill(mut self) -> Ts {
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

async fn live_through(world: &World, mut life: Life, weather: &Weather) -> Life {
    let hours = |hours: u64| i64::try_from(hours * HOUR_SECS).unwrap();
    match weather {
        Weather::Calm(secs) => {
            life.pass(*secs).await;
            life
        }
        Weather::Stopped(away) => {
            let has_all = life.has_all;
            let ended = life.stop().await;
            Life::begin(world, ended.plus_secs(hours(*away)), has_all).await
        }
        Weather::Killed(away) => {
            let has_all = life.has_all;
            let ended = life.kill().await;
            Life::begin(world, ended.plus_secs(hours(*away)), has_all).await
        }
        Weather::Asleep(away) => {
            life.set(life.now().plus_secs(hours(*away))).await;
            life
        }
        Weather::SetBack(minutes) => {
            let by = i64::try_from(minutes * 60).unwrap();
            life.set(life.now().plus_secs(-by)).await;
            life
        }
        Weather::VendorAway(fault, away) => {
            world.vendor.set_faults(Faults {
                rules: vec![Rule::always("", fault.clone())],
                revisions: vec![],
            });
            life.pass(away * HOUR_SECS).await;
            world.vendor.set_faults(Faults::default());
            life
        }
        Weather::VendorBreaks(fault, times) => {
            world.vendor.set_faults(Faults {
                rules: vec![Rule::times("", *times, fault.clone())],
                revisions: vec![],
            });
            life
        }
        Weather::Reloaded => {
            life.reload(world).await;
            life
        }
        Weather::DatabaseAway(away) => {
            break_connections_and_refuse_points(world).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            life.set(life.now().plus_secs(hours(*away))).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            let sql = "DROP FUNCTION refuse() CASCADE";
            world.client.batch_execute(sql).await.unwrap();
            life
        }
    }
}

async fn break_connections_and_refuse_points(world: &World) {
    let sql = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN RAISE 'refused by a test' USING ERRCODE = 'disk_full'; END $$;
               CREATE TRIGGER refuses BEFORE INSERT ON writes
                   FOR EACH ROW EXECUTE FUNCTION refuse();
               SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND application_name = 'ingest test'";
    world.client.batch_execute(sql).await.unwrap();
}

/// What ticks wrote and no night has read again: no chart has exactly that.
async fn live_points(world: &World) -> BTreeSet<(String, i64)> {
    let sql = "SELECT concat_ws(' ', s.asset, s.quote, s.metric, s.step),
                      (extract(epoch FROM m.ts) * 1000)::int8
               FROM metrics m JOIN series s USING (series_id)
               JOIN writes w USING (write_id) JOIN pulls p USING (pull_id) WHERE p.kind = 'live'";
    let rows = world.client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Returns when each series was configured that still is, in milliseconds: nobody asks for the others.
async fn active(world: &World) -> Vec<(String, i64, i64)> {
    let sql = "SELECT concat_ws(' ', asset, quote, metric, step),
                      (extract(epoch FROM greatest(lower(a), '2026-01-01Z')) * 1000)::int8,
                      (extract(epoch FROM least(upper(a), '2027-01-01Z')) * 1000)::int8
               FROM series, unnest(active) AS a WHERE upper_inf(active)";
    let rows = world.client.query(sql, &[]).await.unwrap();
    (rows.iter())
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

/// Whatever is wanted of the past is stored, as it is true or as a tick saw it; each hour of what only the present has is
/// stored or known to be lost. What was not configured then is not wanted.
async fn check(world: &World, end: Ts) -> Result<(), TestCaseError> {
    let old = model::Step::Day
        .floor(end.plus_secs(-YOUNG_SECS))
        .to_string();
    let (stored, live) = (world.rows().await, live_points(world).await);
    let active = active(world).await;
    let is_wanted = |series: &str, ms: i64| {
        let step_ms = match series.ends_with("1d") {
            true => 86_400_000,
            false => 3_600_000,
        };
        (active.iter()).any(|(name, from, to)| name == series && *from <= ms && ms + step_ms <= *to)
    };
    let truth = world.truth(&COINS, SINCE, &old);
    prop_assert_eq!(truth.len(), COINS.len() * 3 * 2);
    for (series, truth) in truth {
        let points = stored.get(&series).cloned().unwrap_or_default();
        let lacking: Vec<_> = (truth.iter())
            .filter(|(ms, _)| is_wanted(&series, *ms))
            .filter(|point| !points.contains(point))
            .filter(|(ms, _)| !live.contains(&(series.clone(), *ms)))
            .map(|(ms, _)| Ts::from_millis(*ms).to_string())
            .collect();
        prop_assert!(lacking.is_empty(), "{}: {:?}", series, lacking);
    }
    let unknown = format!(
        "SELECT coalesce(string_agg(s.asset || ' ' || s.metric || ' ' || h::text, ', '), '')
         FROM series s JOIN series_stats t USING (series_id),
              generate_series(t.first_ts, '{old}'::timestamptz, '1 hour') h
         WHERE s.step = '1h' AND s.metric IN ('FDV', 'CIRCULATING_SUPPLY', 'TOTAL_SUPPLY')
           AND upper_inf(s.active) AND s.active @> tstzrange(h, h + interval '1 hour')
           AND NOT EXISTS (SELECT FROM metrics m WHERE m.series_id = s.series_id AND m.ts = h)
           AND NOT EXISTS (SELECT FROM slots_missing x WHERE x.series_id = s.series_id
                           AND x.reason = 'unfillable' AND x.during @> h)"
    );
    prop_assert_eq!(world.text(&unknown).await, "");
    Ok(())
}

async fn whole_in_the_end(days: &[Weather]) -> Result<(), TestCaseError> {
    let options = Options {
        now: Some(at(START).datetime()),
        ..demo()
    };
    let world = World::new(options).await;
    let mut life = Life::begin(&world, at(START), true).await;
    for weather in days {
        life = live_through(&world, life, weather).await;
    }
    life.pass(CALM_SECS).await;
    let end = life.stop().await;
    check(&world, end).await
}

#[test]
fn every_wanted_bucket_is_asked_for_in_the_end() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let cases = option_env!("WEATHER_CASES");
    let config = Config {
        cases: cases.map_or(8, |cases| cases.parse().unwrap()),
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    };
    let days = prop::collection::vec(weather(), 3..9);
    TestRunner::new(config)
        .run(&days, |days| runtime.block_on(whole_in_the_end(&days)))
        .unwrap();
}
