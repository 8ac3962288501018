//! Random batches against a map in memory.

use std::{cell::RefCell, collections::BTreeMap};

use model::{Ts, WriteMode};
use proptest::{prelude::*, test_runner::TestRunner};
use store::{
    series::SeriesId,
    write::{Point, WriteReport},
};

use crate::fixture::{Fixture, hour, now};

type Truth = BTreeMap<(SeriesId, Ts), f64>;

/// Series, hour, value: few of each, so that points meet.
type Draw = (usize, i64, i8);

fn batches() -> impl Strategy<Value = Vec<(usize, Vec<Draw>)>> {
    // Stretches of an hourly series and islands far apart.
    let draw = (
        0_usize..5,
        prop_oneof![0_i64..24, Just(500), 1_000_i64..1_004],
        0_i8..4,
    );
    prop::collection::vec((0_usize..3, prop::collection::vec(draw, 0..60)), 1..12)
}

/// What the writer is to do, said again in the simplest way.
fn apply(truth: &mut Truth, mode: WriteMode, points: &[Point]) -> WriteReport {
    let mut report = WriteReport {
        received: u64::try_from(points.len()).unwrap(),
        ..WriteReport::default()
    };
    let last: Truth = points
        .iter()
        .map(|point| ((point.series, point.ts), point.value))
        .collect();
    for (key, value) in last {
        match truth.get(&key) {
            None => {
                truth.insert(key, value);
                report.inserted += 1;
            }
            Some(old) if *old == value => report.unchanged += 1,
            Some(_) if mode == WriteMode::Replace => {
                truth.insert(key, value);
                report.updated += 1;
            }
            Some(_) => report.differing += 1,
        }
    }
    report
}

async fn stored(fixture: &Fixture) -> Truth {
    let rows = fixture
        .sql
        .query(
            "SELECT series_id, (extract(epoch FROM ts) * 1000)::int8, value FROM metrics",
            &[],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let key = (SeriesId(row.get(0)), Ts::from_millis(row.get(1)));
            (key, row.get(2))
        })
        .collect()
}

async fn check(fixture: &mut Fixture, plan: Vec<(usize, Vec<Draw>)>) -> Result<(), TestCaseError> {
    fixture
        .sql
        .batch_execute("TRUNCATE metrics, series_stats, metric_revisions, writes, reread_queue")
        .await
        .unwrap();
    let mut truth = Truth::new();
    let mut revised = 0;
    for (mode, draws) in plan {
        let mode = [WriteMode::Keep, WriteMode::FirstStays, WriteMode::Replace]
            .get(mode)
            .copied()
            .unwrap();
        let points: Vec<Point> = draws
            .into_iter()
            .map(|(n, at, value)| Point {
                series: *fixture.series.get(n).unwrap(),
                ts: hour(at),
                value: value.into(),
            })
            .collect();
        let wanted = apply(&mut truth, mode, &points);
        let batch = fixture.batch(mode, points);
        let mut report = fixture.writer.write(batch, now()).await.unwrap();
        let wrote = report.inserted + report.updated > 0;
        prop_assert_eq!(report.write_ids.len(), usize::from(wrote));
        report.write_ids.clear();
        revised += report.updated;
        prop_assert_eq!(report, wanted);
    }
    prop_assert_eq!(stored(fixture).await, truth);
    prop_assert_eq!(fixture.wrong_stats().await, 0);
    let revisions = fixture
        .number("SELECT count(*) FROM metric_revisions")
        .await;
    prop_assert_eq!(u64::try_from(revisions).unwrap(), revised);
    Ok(())
}

#[test]
fn points_stats_and_reports_are_what_a_map_says() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fixture = RefCell::new(runtime.block_on(Fixture::new()));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&batches(), |plan| {
            runtime.block_on(check(&mut fixture.borrow_mut(), plan))
        })
        .unwrap();
}
