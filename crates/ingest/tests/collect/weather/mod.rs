//! Whatever the weather: clocks that jump, processes that die, vendors and databases that are away, in
//! any order. In the end every wanted bucket has been asked for and stored, or is known to be lost.
//! `WEATHER_CASES`, at compile time, says how many orders are tried, and `WEATHER_SEED` which ones: those
//! of a failure, which says its seed.

mod check;
mod life;

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use fake_vendors::{Fault, Faults, Options, Rule};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};

use self::life::Life;
use crate::world::{World, at, demo};

/// The last one comes and goes.
const COINS: [&str; 3] = ["bitcoin", "ethereum", "solana"];
const SINCE: &str = "2026-05-17";
const START: &str = "2026-05-18T12:50:00Z";
const HOUR_SECS: u64 = 3_600;
/// A life like this mends what the weather did: the vendor's daily values come a day late.
const CALM_SECS: u64 = 50 * HOUR_SECS;

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
        1 => (1..2_000_u64).prop_map(Weather::SetBack),
        1 => (fault, 1..8_u64).prop_map(|(fault, hours)| Weather::VendorAway(fault, hours)),
        1 => (broken, 1..4_u64).prop_map(|(fault, times)| Weather::VendorBreaks(fault, times)),
        2 => Just(Weather::Reloaded),
        1 => (0..4_u64).prop_map(Weather::DatabaseAway),
    ]
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
    check::check(&world, end).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_days_ahead_silences_nothing() {
    let world = World::new(Options {
        now: Some(at(START).datetime()),
        ..demo()
    })
    .await;
    let life = Life::begin(&world, at(START), true).await;
    life.pass(2 * HOUR_SECS).await;
    let right = life.now();
    life.set(right.plus_secs(3 * 86_400)).await;
    life.pass(HOUR_SECS).await;
    // Simulated time is looked at twice an hour.
    life.set(right.plus_secs(85 * 60)).await;
    let begun = life.now();
    life.pass(3 * HOUR_SECS).await;
    let ended = life.stop().await;
    let sql = "SELECT count(DISTINCT run_id) FROM pulls
               WHERE kind = 'live' AND dataset = 'markets' AND started_at BETWEEN $1 AND $2";
    let (begun, ended) = (begun.datetime(), ended.datetime());
    let ticks = world.client.query_one(sql, &[&begun, &ended]).await;
    assert_eq!(ticks.unwrap().get::<_, i64>(0), 3);
}

#[test]
fn every_wanted_bucket_is_asked_for_in_the_end() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let cases = option_env!("WEATHER_CASES");
    let random = || RandomState::new().hash_one(());
    let seed = option_env!("WEATHER_SEED").map_or_else(random, |seed| seed.parse().unwrap());
    // Shown where it fails, and where it hangs and is ended.
    println!("WEATHER_SEED={seed}");
    let config = Config {
        cases: cases.map_or(8, |cases| cases.parse().unwrap()),
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    };
    let days = prop::collection::vec(weather(), 3..9);
    let whole = |days: Vec<Weather>| runtime.block_on(whole_in_the_end(&days));
    if let Err(error) = TestRunner::new(config).run(&days, whole) {
        panic!("{error}\nWEATHER_SEED={seed}");
    }
}
