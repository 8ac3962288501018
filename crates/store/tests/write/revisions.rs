//! When an overwritten value is kept.

use model::WriteMode;
use store::write::Point;

use crate::fixture::{Fixture, SERIES, hour};

/// Writes one value of the daily series' first day at an hour of it or after it.
async fn write_at(fixture: &mut Fixture, at_hour: i64, value: f64) {
    write_as(fixture, WriteMode::Replace, at_hour, value).await;
}

async fn write_as(fixture: &mut Fixture, mode: WriteMode, at_hour: i64, value: f64) {
    let point = Point {
        series: *fixture.series.get(SERIES - 1).unwrap(),
        ts: hour(0),
        value,
    };
    let batch = fixture.batch(mode, vec![point]);
    fixture.writer.write(batch, hour(at_hour)).await.unwrap();
}

async fn revisions(fixture: &Fixture) -> Vec<f64> {
    let rows = fixture
        .sql
        .query(
            "SELECT old_value FROM metric_revisions ORDER BY new_write",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn values_of_an_open_bucket_leave_none_and_closed_ones_do() {
    let mut fixture = Fixture::new().await;
    fixture.store.simulate_time();
    for (at_hour, value) in [(6, 1.0), (12, 2.0), (23, 3.0)] {
        write_at(&mut fixture, at_hour, value).await;
    }
    assert_eq!(revisions(&fixture).await, [0.0; 0]);
    // The last value of the open day gives way to the first of the closed one: it was provisional.
    write_at(&mut fixture, 24, 4.0).await;
    assert_eq!(revisions(&fixture).await, [0.0; 0]);
    write_at(&mut fixture, 25, 5.0).await;
    write_at(&mut fixture, 99, 6.0).await;
    assert_eq!(revisions(&fixture).await, [4.0, 5.0]);
}

#[tokio::test]
async fn a_value_of_an_open_bucket_is_none_to_keep() {
    let mut fixture = Fixture::new().await;
    fixture.store.simulate_time();
    let daily = SERIES - 1;
    write_as(&mut fixture, WriteMode::Keep, 6, 1.0).await;
    // The day is over: what a backfill brings takes the place of what a tick saw of it at six.
    write_as(&mut fixture, WriteMode::Keep, 30, 2.0).await;
    assert_eq!(fixture.value(daily, 0).await, Some(2.0));
    // From then on it is kept, and what differs is queued.
    let queued = "SELECT count(*) FROM reread_queue";
    assert_eq!(fixture.number(queued).await, 0);
    write_as(&mut fixture, WriteMode::Keep, 31, 3.0).await;
    assert_eq!(fixture.value(daily, 0).await, Some(2.0));
    assert_eq!(fixture.number(queued).await, 1);
    assert_eq!(revisions(&fixture).await, [0.0; 0]);
    assert_eq!(fixture.wrong_stats().await, 0);
}

#[tokio::test]
async fn time_seen_never_goes_back() {
    let mut fixture = Fixture::new().await;
    fixture.store.simulate_time();
    for (at_hour, value) in [(50, 1.0), (40, 2.0), (60, 3.0)] {
        write_at(&mut fixture, at_hour, value).await;
    }
    let rows = fixture
        .sql
        .query(
            "SELECT (extract(epoch FROM seen_at) * 1000)::int8 FROM writes ORDER BY write_id",
            &[],
        )
        .await
        .unwrap();
    let seen: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [50, 50, 60].map(|at| hour(at).millis()));
}
