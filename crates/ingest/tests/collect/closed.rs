//! The end of a writer, while somebody else still holds the collector.

use std::{sync::Arc, time::Duration};

use ingest::{Collector, Error};
use tokio::task::JoinHandle;

use crate::world::{World, csv_of, demo, past};

const FROM_TO: (&str, &str) = ("2026-04-01", "2026-04-20");
/// The lock of the source, as the writer takes it.
const HOLD: &str = "SELECT pg_advisory_lock(x'0CF00002'::int, hashtext('coingecko'))";
const LET_GO: &str = "SELECT pg_advisory_unlock_all()";
const WAITING: &str = "SELECT count(*)::text FROM pg_locks
     WHERE locktype = 'advisory' AND NOT granted AND classid = x'0CF00002'::int::oid
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
const WRITES: &str = "SELECT count(*)::text FROM writes";
/// A wait this long has failed.
const TOO_LONG: Duration = Duration::from_secs(30);

/// Holds the lock, has answers wait for it, and gives up whoever asked for them.
async fn nobody_waits_for_what_is_to_be_written(world: &World) -> Arc<Collector> {
    let collector = Arc::new(world.collector(&csv_of(&["bitcoin"], "2026-04-01")).await);
    world.client.batch_execute(HOLD).await.unwrap();
    let asks = Arc::clone(&collector);
    let job: JoinHandle<_> = tokio::spawn(async move {
        let (from, to) = FROM_TO;
        asks.backfill("run", &past(from, to)).await
    });
    until(world, WAITING, "1").await;
    job.abort();
    assert!(job.await.unwrap_err().is_cancelled());
    collector
}

async fn until(world: &World, sql: &str, wanted: &str) {
    let found = async {
        while world.text(sql).await != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(TOO_LONG, found).await.unwrap();
}

#[tokio::test]
async fn what_waits_is_written_before_the_end_and_nothing_after_it() {
    let world = World::new(demo()).await;
    let collector = nobody_waits_for_what_is_to_be_written(&world).await;
    // Whoever gave the wait up may wait again.
    let short = tokio::time::timeout(Duration::from_millis(100), collector.close());
    assert!(short.await.is_err());
    assert_eq!(world.text(WRITES).await, "0");
    world.client.batch_execute(LET_GO).await.unwrap();
    collector.close().await;
    let written = world.text(WRITES).await;
    assert!(written.parse::<u32>().unwrap() > 0, "{written}");
    let (from, to) = FROM_TO;
    let after = collector.backfill("after", &past(from, to)).await;
    assert!(matches!(after, Err(Error::WriterGone(_))), "{after:?}");
    assert_eq!(world.text(WRITES).await, written);
}

#[tokio::test]
async fn what_waits_for_too_long_is_given_up() {
    let world = World::new(demo()).await;
    let collector = nobody_waits_for_what_is_to_be_written(&world).await;
    collector.close_within(Duration::from_millis(100)).await;
    world.client.batch_execute(LET_GO).await.unwrap();
    until(&world, WAITING, "0").await;
    // The lock is to be had, and nobody wants it any more.
    world.client.batch_execute(HOLD).await.unwrap();
    assert_eq!(world.text(WRITES).await, "0");
    collector.close().await;
    assert_eq!(world.text(WRITES).await, "0");
}
