//! A database that is full, away or broken in the middle: waited for where that helps, and never held
//! against the vendor.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fake_vendors::{Fault, Faults, Rule};
use ingest::{Collector, Error, keep_leading};
use ratelimit::Clock as _;
use secrecy::SecretString;
use source_coingecko::Plan;
use store::{pulls::PullStatus, series::Authority};

use crate::{
    nights::revise,
    processes::until,
    world::{RPM, World, csv_of, demo, only, past},
};

const COINS: [&str; 3] = ["bitcoin", "ethereum", "solana"];
const FROM_TO: (&str, &str) = ("2026-04-01", "2026-04-20");
/// One daily and one hourly chart a coin.
const BILL: u64 = 6;
/// How long an outage lasts, in real time.
const OUTAGE: Duration = Duration::from_secs(2);

const DISK_FULL: &str = "53100";
const DATA_CORRUPTED: &str = "XX001";

/// Lets a table refuse new and changed rows.
async fn refuse(world: &World, table: &str, code: &str) {
    let sql = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE 'refused by a test' USING ERRCODE = '{code}'; END $$;
         CREATE TRIGGER refuses BEFORE INSERT OR UPDATE ON {table}
             FOR EACH ROW EXECUTE FUNCTION refuse();"
    );
    world.client.batch_execute(&sql).await.unwrap();
}

async fn take_again(world: &World) {
    let sql = "DROP FUNCTION refuse() CASCADE";
    world.client.batch_execute(sql).await.unwrap();
}

async fn ends_whole(world: &World, collector: Collector) {
    let (from, to) = FROM_TO;
    let summary = collector.backfill("run", &past(from, to)).await.unwrap();
    collector.close().await;
    assert_eq!(
        (summary.status(), summary.holes.len()),
        (PullStatus::Complete, 0)
    );
    assert!(summary.pulls.iter().all(|pull| pull.failed_blocks == 0));
    assert_eq!(world.rows().await, world.truth(&COINS, from, to));
    assert_eq!(world.vendor.counts().total, BILL);
}

/// The disk is full for what `work` writes to this table, until it is not.
async fn full_for(world: &World, table: &str, work: impl Future<Output = ()>) {
    refuse(world, table, DISK_FULL).await;
    let (began, began_at) = (Instant::now(), world.clock.now());
    let timed = async {
        work.await;
        began.elapsed()
    };
    let free = async {
        tokio::time::sleep(OUTAGE).await;
        take_again(world).await;
    };
    let (took, ()) = tokio::join!(timed, free);
    assert!(took >= OUTAGE, "{table} was not needed: {took:?}");
    // Time stood still meanwhile: what was paced is all that it moved by.
    let passed = world.clock.now().millis() - began_at.millis();
    assert!(passed < 30_000, "{table}: {passed} ms");
}

#[tokio::test]
async fn a_full_disk_is_waited_for_wherever_it_is_met() {
    for table in [
        "writes",
        "metrics",
        "series_stats",
        "quota_ledger",
        "pace",
        "pulls",
        "coverage",
    ] {
        let world = World::new(demo()).await;
        let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
        full_for(&world, table, Box::pin(ends_whole(&world, collector))).await;
    }
}

#[tokio::test]
async fn so_it_is_where_a_new_value_takes_an_old_ones_place() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-05-10")).await;
    collector.fill_gaps("gaps").await.unwrap();
    revise(
        &world.vendor,
        &[("2026-05-17T02:30:00Z", "2026-05-18T11:30:00Z")],
    );
    world.set_now("2026-05-19T02:10:00Z");
    let work = async {
        let summary = collector.reread().await.unwrap();
        assert_eq!(summary.status(), PullStatus::Complete);
    };
    full_for(&world, "metric_revisions", Box::pin(work)).await;
    // An hour that the vendor skips has no value to be replaced.
    let changed = world.truth(&COINS, "2026-05-17T02:00:00Z", "2026-05-18T11:00:00Z");
    let changed = changed["bitcoin usd PRICE 1h"].len();
    let kept = world
        .text("SELECT count(*)::text FROM metric_revisions")
        .await;
    assert!(
        changed > 30 && kept == changed.to_string(),
        "{kept} of {changed}"
    );
    let rows = world.rows().await;
    for (series, points) in world.truth(&COINS, "2026-05-10", "2026-05-18T12:00:00Z") {
        let hourly = series.ends_with("1h");
        assert!(!hourly || rows[&series].starts_with(&points), "{series}");
    }
}

#[tokio::test]
async fn so_it_is_where_a_difference_is_queued() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let hours = |from, to| ingest::PastAsk {
        filter: only("chart_hourly"),
        ..past(from, to)
    };
    let middle = hours("2026-04-08", "2026-04-12");
    collector.backfill("middle", &middle).await.unwrap();
    revise(
        &world.vendor,
        &[("2026-04-09T02:30:00Z", "2026-04-10T02:30:00Z")],
    );
    // What lies between two holes is compared, and what differs is left for a re-read.
    let work = async {
        let (from, to) = FROM_TO;
        let summary = collector.backfill("run", &hours(from, to)).await.unwrap();
        assert_eq!(summary.status(), PullStatus::Complete);
    };
    full_for(&world, "reread_queue", work).await;
    let queued = "SELECT string_agg(s.asset || ' ' || s.metric || ' ' || q.during::text, ', ')
                  FROM reread_queue q JOIN series s USING (series_id)";
    let day = "[\"2026-04-09 02:00:00+00\",\"2026-04-10 02:00:00+00\")";
    assert_eq!(world.text(queued).await, format!("bitcoin PRICE {day}"));
}

#[tokio::test]
async fn so_it_is_where_the_vendor_has_nothing() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await;
    world.vendor.set_faults(Faults {
        rules: vec![Rule::always("/coins/", Fault::Empty)],
        revisions: vec![],
    });
    let (from, to) = FROM_TO;
    let work = async {
        let summary = collector.backfill("run", &past(from, to)).await.unwrap();
        assert!(summary.pulls.iter().all(|pull| pull.failed_blocks == 0));
    };
    full_for(&world, "slots_missing", work).await;
    let missing = world.missing().await;
    assert_eq!(missing.len(), 6, "{missing:?}");
    assert!(
        missing
            .iter()
            .all(|line| line.contains(" vendor_empty waits "))
    );
    assert_eq!(world.vendor.counts().total, 2);
}

#[tokio::test]
async fn so_it_is_where_the_vendor_refuses_for_good() {
    let world = World::new(demo()).await;
    let csv = csv_of(&["bitcoin"], "2026-04-01");
    let mut setup = world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
    setup.key = Some(SecretString::from("CG-wrong-key-0123456789"));
    let collector = Collector::open(setup).await.unwrap();
    let (from, to) = FROM_TO;
    let work = async {
        let summary = collector.backfill("run", &past(from, to)).await.unwrap();
        assert_eq!(summary.status(), PullStatus::Failed);
    };
    full_for(&world, "suspensions", work).await;
    let suspended = world.store.suspensions().await.unwrap();
    assert_eq!(
        (suspended.len(), suspended[0].class.as_str()),
        (1, "unauthorized")
    );
    assert_eq!(world.vendor.counts().total, 1);
}

#[tokio::test]
async fn so_it_is_where_a_catalogue_is_read() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let work = async {
        let summary = collector.refresh_catalogue("catalogue").await.unwrap();
        assert_eq!(summary.status(), PullStatus::Complete);
    };
    full_for(&world, "listings", work).await;
    let coins = world.vendor.truth().entities().into_iter();
    let coins = coins.filter(|entity| entity.coingecko_id.is_some()).count();
    let listed = world
        .text("SELECT count(*)::text FROM listings WHERE active")
        .await;
    assert!(
        coins > 3 && listed.parse::<usize>().unwrap() + 3 > coins,
        "{listed} of {coins}"
    );
    assert_eq!(world.vendor.counts().total, 1);
}

#[tokio::test]
async fn connections_that_break_all_the_time_cost_no_request_twice() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    let breaking = async {
        // Everybody but this test, claims and their session too.
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND application_name = 'ingest test'";
        loop {
            world.client.execute(sql, &[]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    };
    tokio::select! {
        () = ends_whole(&world, collector) => {}
        () = breaking => {}
    }
}

#[tokio::test]
async fn a_ledger_that_is_broken_is_our_failure_and_not_the_vendors() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    refuse(&world, "pace", DATA_CORRUPTED).await;
    let (from, to) = FROM_TO;
    let error = collector
        .backfill("run", &past(from, to))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Store(error) if !error.is_passing()),
        "{error:?}"
    );
    let pulls = world.pulls().await;
    let classes: Vec<_> = pulls
        .iter()
        .map(|pull| pull.error_class.as_deref())
        .collect();
    assert_eq!(classes, [Some("database")]);
    assert_eq!(pulls[0].status, PullStatus::Failed);
    assert_eq!(world.missing().await, Vec::<String>::new());
    assert_eq!(world.vendor.counts().total, 0);
}

#[tokio::test]
async fn stopped_while_the_database_is_away_it_waits_a_while_and_ends() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    refuse(&world, "writes", DISK_FULL).await;
    let stop = async {
        until(|| world.vendor.counts().total >= 3).await;
        world.stopper.stop();
        // Within the grace of what is under way: the answers are kept.
        tokio::time::sleep(OUTAGE).await;
        take_again(&world).await;
    };
    let (from, to) = FROM_TO;
    let ask = past(from, to);
    let (summary, ()) = tokio::join!(collector.backfill("run", &ask), stop);
    assert_eq!(summary.unwrap().status(), PullStatus::Interrupted);
    let writes = world.text("SELECT count(*)::text FROM writes").await;
    assert_eq!(writes, world.vendor.counts().total.to_string());
    let pulls = world.pulls().await;
    assert_eq!(pulls[0].error_class, None, "{pulls:?}");
    assert_eq!(world.missing().await, Vec::<String>::new());
}

#[tokio::test]
async fn stopped_for_longer_it_gives_up_without_a_verdict() {
    let world = World::new(demo()).await;
    let collector = world.collector(&csv_of(&COINS, "2026-04-01")).await;
    refuse(&world, "writes", DISK_FULL).await;
    let stop = async {
        until(|| world.vendor.counts().total >= 3).await;
        world.stopper.stop();
    };
    let (from, to) = FROM_TO;
    let ask = past(from, to);
    let (summary, ()) = tokio::join!(collector.backfill("run", &ask), stop);
    let summary = summary.unwrap();
    assert_eq!(summary.status(), PullStatus::Interrupted);
    assert!(summary.pulls.iter().all(|pull| pull.failed_blocks == 0));
    let pulls = world.pulls().await;
    assert_eq!(pulls[0].status, PullStatus::Interrupted);
    assert_eq!(world.missing().await, Vec::<String>::new());
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn no_request_leaves_while_the_leadership_is_gone() {
    let world = World::new(demo()).await;
    let csv = csv_of(&COINS, "2026-04-01");
    let mut setup = world.setup(world.coingecko(Plan::Demo, RPM), &csv).await;
    let session = Arc::clone(&setup.session);
    let now = world.clock.now();
    let epoch = session.try_lead(now).await.unwrap().unwrap();
    setup.authority = Authority::Leading(epoch);
    let collector = Collector::open(setup).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks
               WHERE locktype = 'advisory' AND objsubid = 2 AND classid = x'0CF00004'::int8::oid
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(world.client.execute(sql, &[]).await.unwrap(), 1);
    until(|| !session.is_alive()).await;

    let (from, to) = FROM_TO;
    let sent = || world.vendor.counts().total;
    let work = async {
        let gaps = collector.fill_gaps("gaps").await.unwrap();
        assert_eq!(gaps.status(), PullStatus::Complete);
    };
    let regain = async {
        // It has begun, with another connection for its claims, and asks nothing.
        until(|| session.is_alive()).await;
        tokio::time::sleep(OUTAGE).await;
        assert!(!session.leads());
        assert_eq!(sent(), 0);
        let kept = tokio::time::timeout(OUTAGE * 2, keep_leading(&session)).await;
        assert!(kept.is_err(), "{kept:?}");
    };
    tokio::join!(work, regain);
    assert!(session.leads() && sent() > 0);
    assert_eq!(world.text("SELECT epoch::text FROM leader").await, "1");
    let truth = world.truth(&COINS, from, to);
    let rows = world.rows().await;
    for (name, points) in truth {
        assert_eq!(rows[&name][..points.len()], points, "{name}");
    }
}
