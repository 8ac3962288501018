//! What is not written.

use model::{Ts, WriteMode};
use store::{Error, series::SeriesId, write::Point};

use crate::fixture::{Fixture, hour, hours, now, settled};

#[tokio::test]
async fn bad_points_are_refused_and_do_not_cost_their_batch() {
    let mut fixture = Fixture::new().await;
    let series = *fixture.series.first().unwrap();
    let at = |ts, value| Point { series, ts, value };
    let points = vec![
        at(now().plus_millis(1), 1.0),
        at(now(), 2.0),
        at(Ts::OLDEST, 3.0),
        at(Ts::OLDEST.plus_millis(-1), 4.0),
        at(hour(1), f64::NAN),
        at(hour(2), f64::NEG_INFINITY),
    ];
    let report = fixture.write(WriteMode::Replace, points).await;
    assert_eq!(
        (report.received, report.refused, report.inserted),
        (6, 4, 2)
    );
    assert_eq!(fixture.number("SELECT rejected FROM pulls").await, 4);
    assert_eq!(fixture.number("SELECT received FROM pulls").await, 6);
}

#[tokio::test]
async fn series_of_nobody_are_an_error_and_nothing_is_written() {
    let mut fixture = Fixture::new().await;
    let mut points = fixture.points(0, 0..3);
    points.push(Point {
        series: SeriesId(999),
        ts: hour(0),
        value: 1.0,
    });
    let batch = fixture.batch(WriteMode::Keep, points);
    let error = fixture.writer.write(batch, now()).await.unwrap_err();
    assert!(matches!(error, Error::UnknownSeries(SeriesId(999))));

    let mut batch = fixture.batch(WriteMode::Keep, fixture.points(0, 0..3));
    batch.settlements = vec![settled(SeriesId(998), hours(0, 3))];
    let error = fixture.writer.write(batch, now()).await.unwrap_err();
    assert!(matches!(error, Error::UnknownSeries(SeriesId(998))));
    assert_eq!(fixture.number("SELECT count(*) FROM metrics").await, 0);
}

#[tokio::test]
async fn a_leader_of_yesterday_writes_nothing() {
    let mut fixture = Fixture::new().await;
    let mut batch = fixture.batch(WriteMode::Replace, fixture.points(0, 0..3));
    batch.epoch = Some(1);
    let error = fixture
        .writer
        .write(batch.clone(), now())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        Error::LeadershipLost { held: 1, now: None }
    ));

    fixture
        .sql
        .execute(
            "INSERT INTO leader (epoch, instance, taken_at) VALUES (1, 'a', now())",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        fixture
            .writer
            .write(batch.clone(), now())
            .await
            .unwrap()
            .inserted,
        3
    );
    fixture
        .sql
        .execute("UPDATE leader SET epoch = 2", &[])
        .await
        .unwrap();
    batch.points = fixture.points(1, 0..3);
    let error = fixture.writer.write(batch, now()).await.unwrap_err();
    assert!(matches!(
        error,
        Error::LeadershipLost {
            held: 1,
            now: Some(2)
        }
    ));
    assert_eq!(fixture.number("SELECT count(*) FROM metrics").await, 3);
}
