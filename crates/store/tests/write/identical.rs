//! Running anything twice changes nothing.

use model::WriteMode;
use store::write::WriteReport;

use crate::fixture::{Fixture, hours, missing, now, settled};

const MODES: [WriteMode; 3] = [WriteMode::Keep, WriteMode::FirstStays, WriteMode::Replace];

#[tokio::test]
async fn the_same_points_again_touch_no_row_and_cost_no_log() {
    let mut fixture = Fixture::new().await;
    let points: Vec<_> = (0..5).flat_map(|n| fixture.points(n, 0..2_000)).collect();
    let first = fixture.write(WriteMode::Keep, points.clone()).await;
    assert_eq!(first.inserted, 10_000);
    assert_eq!(first.write_ids.len(), 1);

    let before = fixture.print().await;
    // The log is the whole server's, and other tests write to it: the least of several counts.
    let mut least_bytes = i64::MAX;
    for mode in MODES.into_iter().cycle().take(60) {
        let from = log_position(&fixture).await;
        let again = fixture.write(mode, points.clone()).await;
        least_bytes = least_bytes.min(log_position(&fixture).await - from);
        assert_eq!(
            again,
            WriteReport {
                received: 10_000,
                unchanged: 10_000,
                ..WriteReport::default()
            }
        );
    }
    // The counters of the pull are one row, with a page image at most; points would cost 560,000.
    assert!(least_bytes < 20_000, "{least_bytes} bytes of log");
    assert_eq!(fixture.print().await, before);
    assert_eq!(fixture.number("SELECT count(*) FROM writes").await, 1);
    assert_eq!(fixture.wrong_stats().await, 0);
}

async fn log_position(fixture: &Fixture) -> i64 {
    fixture
        .number("SELECT (pg_current_wal_insert_lsn() - '0/0')::int8")
        .await
}

#[tokio::test]
async fn what_is_settled_commits_with_points_and_without_any() {
    let mut fixture = Fixture::new().await;
    let series = *fixture.series.first().unwrap();
    let mut batch = fixture.batch(WriteMode::Keep, fixture.points(0, 0..10));
    batch.settlements = vec![
        settled(series, hours(0, 12)),
        missing(series, hours(12, 14)),
    ];
    batch.rejected = 3;
    for _ in 0..2 {
        fixture.writer.write(batch.clone(), now()).await.unwrap();
    }
    batch.points.clear();
    let before = fixture.print().await;
    let report = fixture.writer.write(batch, now()).await.unwrap();
    assert_eq!(report, WriteReport::default());
    assert_eq!(fixture.print().await, before);

    let settled: String = fixture
        .sql
        .query_one("SELECT settled::text FROM coverage", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(settled.matches(',').count(), 1, "{settled}");
    let pull = fixture
        .store
        .recent_pulls(Some("vendor"), 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (
            pull.received,
            pull.inserted,
            pull.unchanged,
            pull.rejected,
            pull.updated,
            pull.differing
        ),
        (20, 10, 10, 9, 0, 0)
    );
}

#[tokio::test]
async fn a_large_batch_is_several_commits_and_settles_with_the_last() {
    let mut fixture = Fixture::new().await;
    let points: Vec<_> = (0..4)
        .flat_map(|n| fixture.points(n, -27_000..3_000))
        .rev()
        .collect();
    let mut batch = fixture.batch(WriteMode::Keep, points);
    batch.settlements = vec![settled(*fixture.series.first().unwrap(), hours(0, 3_000))];
    let report = fixture.writer.write(batch, now()).await.unwrap();
    assert_eq!(report.inserted, 120_000);
    assert_eq!(report.write_ids.len(), 3);
    assert!(report.write_ids.is_sorted());
    assert_eq!(fixture.wrong_stats().await, 0);
    let together = fixture
        .number(
            "SELECT count(*) FROM coverage c WHERE c.xmin = \
               (SELECT w.xmin FROM writes w ORDER BY write_id DESC LIMIT 1)",
        )
        .await;
    assert_eq!(together, 1);
}
