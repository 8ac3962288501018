//! Several writers, and one who does not keep to the rules.

use std::time::Duration;

use model::WriteMode;
use store::{Error, write::Point};

use crate::fixture::{Fixture, SOURCE, client, connect, hasty, now};

const TAKE: &str = "SELECT pg_advisory_xact_lock(classid::int4, objid::int4) FROM \
    (SELECT x'0CF00002'::int4 AS classid, hashtext('vendor') AS objid) AS key";

#[tokio::test]
async fn two_writers_of_one_source_take_turns() {
    let fixture = Fixture::new().await;
    let mut tasks = Vec::new();
    for who in 0..2 {
        let store = connect(&fixture.database, &format!("writer {who}")).await;
        // Overlapping thirds, in opposite directions, so that each meets points of the other.
        let batches: Vec<_> = (0..30)
            .map(|n| {
                let start = if who == 0 { n * 50 } else { (29 - n) * 50 };
                let points = (0..3)
                    .flat_map(|series| fixture.points(series, start..start + 100))
                    .collect();
                fixture.batch(WriteMode::Keep, points)
            })
            .collect();
        tasks.push(tokio::spawn(async move {
            let mut writer = store.writer(SOURCE).await.unwrap();
            let mut inserted = 0;
            for batch in batches {
                inserted += writer.write(batch, now()).await.unwrap().inserted;
            }
            inserted
        }));
    }
    let mut inserted = 0;
    for task in tasks {
        inserted += task.await.unwrap();
    }
    assert_eq!(inserted, 3 * 1_550);
    assert_eq!(fixture.number("SELECT count(*) FROM metrics").await, 4_650);
    assert_eq!(fixture.wrong_stats().await, 0);
    let disorder = fixture
        .number(
            "SELECT count(*) FROM (SELECT seen_at < lag(seen_at) OVER (ORDER BY write_id) AS back \
             FROM writes) AS w WHERE back",
        )
        .await;
    assert_eq!(disorder, 0);
}

#[tokio::test]
async fn a_waiting_writer_makes_commits_small() {
    let fixture = Fixture::new().await;
    let points: Vec<Point> = (0..2)
        .flat_map(|n| fixture.points(n, -14_000..1_000))
        .collect();
    let mut holder = client(&fixture.database).await;
    let waiter = client(&fixture.database).await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute(TAKE).await.unwrap();
    let batch = fixture.batch(WriteMode::Keep, points);
    let mut writer = fixture.store.writer(SOURCE).await.unwrap();
    let writing = tokio::spawn(async move { writer.write(batch, now()).await.unwrap() });
    // The writer first in the queue, the other behind it.
    wait_for(&fixture, 1).await;
    let waiting = tokio::spawn(async move {
        waiter
            .batch_execute(&format!("BEGIN; {TAKE}; COMMIT"))
            .await
            .unwrap();
    });
    wait_for(&fixture, 2).await;
    held.commit().await.unwrap();
    let report = writing.await.unwrap();
    waiting.await.unwrap();
    assert_eq!(report.inserted, 30_000);
    let sizes: Vec<i64> = fixture
        .sql
        .query(
            "SELECT count(*) FROM metrics GROUP BY write_id ORDER BY write_id",
            &[],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(sizes, [10_000, 20_000]);
    assert_eq!(fixture.wrong_stats().await, 0);
}

async fn wait_for(fixture: &Fixture, waiters: i64) {
    let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while fixture.number(sql).await < waiters {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_duplicate_behind_the_locks_back_is_met_and_mended() {
    let mut fixture = Fixture::new().await;
    fixture
        .write(WriteMode::Replace, fixture.points(0, 0..10))
        .await;
    // Outside of what series_stats knows: one as it will come, one with another value.
    let series = fixture.series.first().unwrap().0;
    for (at, value) in [(20, 20.0), (21, -1.0)] {
        fixture
            .sql
            .execute(
                "INSERT INTO metrics (series_id, write_id, ts, value) \
                 VALUES ($1, 0, timestamptz '2026-01-01 00:00Z' + make_interval(hours => $2), $3)",
                &[&series, &at, &value],
            )
            .await
            .unwrap();
    }
    let report = fixture
        .write(WriteMode::Replace, fixture.points(0, 5..30))
        .await;
    assert_eq!(
        (report.inserted, report.updated, report.unchanged),
        (18, 1, 6)
    );
    assert_eq!(fixture.value(0, 21).await, Some(21.0));
    assert_eq!(fixture.number("SELECT count(*) FROM metrics").await, 30);
    assert_eq!(fixture.wrong_stats().await, 0);
    assert_eq!(
        fixture
            .number("SELECT count(*) FROM metric_revisions")
            .await,
        1
    );
}

#[tokio::test]
async fn a_holder_that_works_is_named_and_left_alone() {
    let mut fixture = Fixture::new().await;
    let holder = client(&fixture.database).await;
    holder
        .batch_execute(&format!("SET application_name = 'slow one'; BEGIN; {TAKE}"))
        .await
        .unwrap();
    fixture.writer = fixture.writer.with_patience(hasty(60_000));
    let batch = fixture.batch(WriteMode::Keep, fixture.points(0, 0..3));
    let error = fixture.writer.write(batch, now()).await.unwrap_err();
    assert!(error.is_passing());
    let text = error.to_string();
    let Error::Locked { holder: who, .. } = error else {
        unreachable!("{text}");
    };
    let who = who.unwrap();
    assert_eq!(who.application_name, "slow one");
    assert_eq!(who.state, "idle in transaction");
    assert!(
        text.contains("slow one") && text.contains("vendor"),
        "{text}"
    );
    holder.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test]
async fn a_holder_whose_client_sends_nothing_is_ended() {
    let mut fixture = Fixture::new().await;
    fixture.writer = fixture.writer.with_patience(hasty(300));
    for hour in 0..2 {
        let holder = client(&fixture.database).await;
        holder
            .batch_execute(&format!("BEGIN; {TAKE}"))
            .await
            .unwrap();
        // Once idle in its transaction, once in the middle of a COPY, which no time-out reaches.
        let copy = if hour == 1 {
            let copy = "COPY metrics FROM STDIN (FORMAT binary)";
            Some(holder.copy_in::<_, bytes::Bytes>(copy).await.unwrap())
        } else {
            None
        };
        let points = fixture.points(0, hour..hour + 1);
        let report = fixture.write(WriteMode::Keep, points).await;
        assert_eq!(report.inserted, 1);
        drop(copy);
        assert!(holder.batch_execute("COMMIT").await.is_err());
    }
}

#[tokio::test]
async fn repair_finds_what_is_wrong_and_nothing_else() {
    let mut fixture = Fixture::new().await;
    for n in 0..4 {
        let points = fixture.points(n, 0..100);
        fixture.write(WriteMode::Keep, points).await;
    }
    let fine = fixture.store.repair_stats(None).await.unwrap();
    assert_eq!((fine.series, fine.wrong), (6, 0));
    let ids: Vec<i32> = fixture.series.iter().map(|series| series.0).collect();
    let [a, b, c, d, ..] = ids.as_slice() else {
        unreachable!("six series");
    };
    fixture
        .sql
        .batch_execute(&format!(
            "UPDATE series_stats SET points = 1 WHERE series_id = {a}; \
             DELETE FROM series_stats WHERE series_id = {b}; \
             DELETE FROM metrics WHERE series_id = {c}; \
             UPDATE series_stats SET quote = 'x', label_shift = 7 WHERE series_id = {d}"
        ))
        .await
        .unwrap();
    let mended = fixture.store.repair_stats(Some(SOURCE)).await.unwrap();
    assert_eq!(mended.wrong, 4);
    assert_eq!(fixture.wrong_stats().await, 0);
}
