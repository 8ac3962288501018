//! What happens to a point that is stored with another value.

use model::WriteMode;
use store::write::WriteReport;

use crate::fixture::{Fixture, hours, now};

#[tokio::test]
async fn keep_counts_what_differs_and_queues_it_once() {
    let mut fixture = Fixture::new().await;
    fixture
        .write(WriteMode::Keep, fixture.points(0, 0..10))
        .await;
    let mut other = fixture.points(0, 0..12);
    for at in [3, 4, 7] {
        other.get_mut(at).unwrap().value = -1.0;
    }
    for _ in 0..2 {
        let report = fixture.write(WriteMode::Keep, other.clone()).await;
        assert_eq!(report.differing, 3);
        assert_eq!(report.updated, 0);
    }
    assert_eq!(fixture.value(0, 3).await, Some(3.0));
    assert_eq!(fixture.value(0, 11).await, Some(11.0));
    let series = *fixture.series.first().unwrap();
    let queued = fixture.store.queued_rereads(&[series], now(), 9).await;
    assert_eq!(
        queued.unwrap(),
        [(series, hours(3, 5)), (series, hours(7, 8))]
    );
    assert_eq!(fixture.wrong_stats().await, 0);
}

#[tokio::test]
async fn first_stays_keeps_and_queues_nothing() {
    let mut fixture = Fixture::new().await;
    fixture
        .write(WriteMode::FirstStays, vec![fixture.point(0, 5, 1.0)])
        .await;
    let report = fixture
        .write(WriteMode::FirstStays, vec![fixture.point(0, 5, 2.0)])
        .await;
    assert_eq!((report.differing, report.updated), (1, 0));
    assert_eq!(fixture.value(0, 5).await, Some(1.0));
    assert_eq!(fixture.number("SELECT count(*) FROM reread_queue").await, 0);
}

#[tokio::test]
async fn replace_takes_the_new_value_and_keeps_the_old_as_a_revision() {
    let mut fixture = Fixture::new().await;
    fixture
        .write(WriteMode::Replace, fixture.points(1, 0..10))
        .await;
    let mut other = fixture.points(1, 0..10);
    other.last_mut().unwrap().value = 90.5;
    other.first_mut().unwrap().value = 0.5;
    let report = fixture.write(WriteMode::Replace, other).await;
    assert_eq!(
        report,
        WriteReport {
            received: 10,
            updated: 2,
            unchanged: 8,
            write_ids: report.write_ids.clone(),
            ..WriteReport::default()
        }
    );
    assert_eq!(fixture.value(1, 9).await, Some(90.5));
    let kept = fixture
        .number(
            "SELECT count(*) FROM metric_revisions r JOIN metrics m USING (series_id, ts) \
             WHERE r.old_value IN (0, 9) AND r.new_write = m.write_id AND r.old_write < r.new_write",
        )
        .await;
    assert_eq!(kept, 2);
    assert_eq!(fixture.wrong_stats().await, 0);
}

#[tokio::test]
async fn of_several_points_of_one_bucket_the_last_counts() {
    let mut fixture = Fixture::new().await;
    let points = vec![
        fixture.point(2, 1, 1.0),
        fixture.point(0, 1, 5.0),
        fixture.point(2, 1, 2.0),
        fixture.point(2, 0, 9.0),
        fixture.point(2, 1, 3.0),
    ];
    let report = fixture.write(WriteMode::Keep, points).await;
    assert_eq!(
        (
            report.received,
            report.refused,
            report.inserted,
            report.unchanged
        ),
        (5, 0, 3, 0)
    );
    assert_eq!(fixture.value(2, 1).await, Some(3.0));
}

#[tokio::test]
async fn values_come_back_bit_for_bit() {
    let mut fixture = Fixture::new().await;
    let values = [
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        5e-324,
        0.1 + 0.2,
        1e-7,
        0.0,
        -0.0,
        123_456_789.123_456_78,
    ];
    let points: Vec<_> = (0_i64..)
        .zip(values)
        .map(|(at, value)| fixture.point(0, at, value))
        .collect();
    fixture.write(WriteMode::Keep, points.clone()).await;
    for (at, value) in (0_i64..).zip(values) {
        // The sign of zero is dropped, nothing else.
        let stored = fixture.value(0, at).await.unwrap();
        assert_eq!(stored.to_bits(), (value + 0.0).to_bits(), "{value:e}");
    }
    let again = fixture.write(WriteMode::Replace, points).await;
    assert_eq!(again.unchanged, 9);
}
