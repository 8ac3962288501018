//! A database with a few series, and short words for what the tests do with it.

use model::{
    Key, MissingReason, PullKind, SeriesKey, SeriesSpec, Since, SourceId, Stamp, Step, TimeRange,
    Ts, WriteMode,
};
use store::{
    Options, Store,
    coverage::{Settlement, Verdict},
    pulls::{NewPull, PullId},
    series::{Authority, SeriesId},
    write::{Batch, Patience, Point, WriteReport, Writer},
};
use testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

pub(crate) const SOURCE: SourceId = SourceId::new("vendor");
pub(crate) const SERIES: usize = 6;

pub(crate) struct Fixture {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) sql: Client,
    pub(crate) writer: Writer,
    pub(crate) pull: PullId,
    /// Ascending; the first ones hourly, the last daily.
    pub(crate) series: Vec<SeriesId>,
}

/// Later than every bucket that the tests write.
pub(crate) fn now() -> Ts {
    Ts::parse("2026-06-01T00:00:00Z").unwrap()
}

/// The start of hour number `n`.
pub(crate) fn hour(n: i64) -> Ts {
    Ts::parse("2026-01-01").unwrap().plus_secs(n * 3_600)
}

pub(crate) fn hours(from: i64, to: i64) -> TimeRange {
    TimeRange::new(hour(from), hour(to))
}

pub(crate) async fn connect(database: &TestDatabase, name: &str) -> Store {
    let options = Options {
        application_name: name.to_owned(),
        pool_size: 4,
    };
    Store::connect(&database.config(), options).await.unwrap()
}

pub(crate) async fn client(database: &TestDatabase) -> Client {
    let (client, connection) = database.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn spec(n: usize) -> SeriesSpec {
    let (step, stamp) = if n + 1 == SERIES {
        (Step::Day, Stamp::Bar)
    } else {
        (Step::Hour, Stamp::Instant)
    };
    SeriesSpec {
        series: SeriesKey {
            source: SOURCE,
            key: Key::of_asset(format!("asset-{n}").as_str(), "usd"),
            metric: "PRICE".into(),
            step,
        },
        stamp,
        since: Since::ThreeYearsBack,
        enabled: true,
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let database = testkit::database().await;
        let store = connect(&database, "test").await;
        let specs: Vec<SeriesSpec> = (0..SERIES).map(spec).collect();
        let mut series: Vec<SeriesId> = store
            .sync_series(SOURCE, &specs, Authority::Whole, now())
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.id)
            .collect();
        series.sort();
        let pull = open_pull(&store, SOURCE).await;
        Self {
            sql: client(&database).await,
            writer: store.writer(SOURCE).await.unwrap(),
            database,
            store,
            pull,
            series,
        }
    }

    pub(crate) fn point(&self, n: usize, at: i64, value: f64) -> Point {
        Point {
            series: *self.series.get(n).unwrap(),
            ts: hour(at),
            value,
        }
    }

    /// Hourly points of the series `n`, each worth its hour.
    pub(crate) fn points(&self, n: usize, hours: std::ops::Range<i64>) -> Vec<Point> {
        hours
            .map(|at| self.point(n, at, f64::from(i32::try_from(at).unwrap())))
            .collect()
    }

    pub(crate) fn batch(&self, mode: WriteMode, points: Vec<Point>) -> Batch {
        Batch {
            pull: self.pull,
            mode,
            points,
            settlements: Vec::new(),
            rejected: 0,
            epoch: None,
        }
    }

    pub(crate) async fn write(&mut self, mode: WriteMode, points: Vec<Point>) -> WriteReport {
        let batch = self.batch(mode, points);
        self.writer.write(batch, now()).await.unwrap()
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.sql.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn value(&self, n: usize, at: i64) -> Option<f64> {
        let point = self.point(n, at, 0.0);
        let millis = point.ts.millis();
        self.sql
            .query_opt(
                "SELECT value FROM metrics WHERE series_id = $1 \
                 AND ts = timestamptz 'epoch' + $2 * interval '1 ms'",
                &[&point.series.0, &f64_of(millis)],
            )
            .await
            .unwrap()
            .map(|row| row.get(0))
    }

    /// Rows of `series_stats` that a count of the points does not give.
    pub(crate) async fn wrong_stats(&self) -> i64 {
        self.number(
            "WITH counted AS ( \
               SELECT m.series_id, max(m.write_id) AS last_write, count(*) AS points, \
                      min(m.ts) AS first_ts, max(m.ts) AS last_ts, \
                      (array_agg(m.value ORDER BY m.ts DESC))[1] AS last_value, \
                      s.label_shift, s.source, s.metric, s.asset, s.instrument, s.venue, \
                      s.quote, s.step \
               FROM metrics m JOIN series s USING (series_id) GROUP BY m.series_id, s.series_id) \
             SELECT count(*) FROM ( \
               (TABLE counted EXCEPT TABLE series_stats) UNION ALL \
               (TABLE series_stats EXCEPT TABLE counted)) AS wrong",
        )
        .await
    }

    /// Everything about the rows of points that changes when one is touched.
    pub(crate) async fn print(&self) -> String {
        self.sql
            .query_one(
                "SELECT coalesce(md5(string_agg(concat_ws(',', t, xmin, xmax, ctid), ';' \
                        ORDER BY t)), 'empty') \
                 FROM (SELECT concat_ws(',', 'm', series_id, ts, value, write_id) AS t, \
                              xmin, xmax, ctid FROM metrics \
                       UNION ALL SELECT concat_ws(',', 's', series_stats), xmin, xmax, ctid \
                       FROM series_stats \
                       UNION ALL SELECT concat_ws(',', 'c', coverage), xmin, xmax, ctid \
                       FROM coverage \
                       UNION ALL SELECT concat_ws(',', 'q', reread_queue), xmin, xmax, ctid \
                       FROM reread_queue \
                       UNION ALL SELECT concat_ws(',', 'r', metric_revisions), xmin, xmax, ctid \
                       FROM metric_revisions) AS rows",
                &[],
            )
            .await
            .unwrap()
            .get(0)
    }
}

pub(crate) async fn open_pull(store: &Store, source: SourceId) -> PullId {
    store
        .open_pull(&NewPull {
            run_id: "run",
            source,
            dataset: None,
            kind: PullKind::Backfill,
            instance: "test",
            window: None,
            started_at: now(),
        })
        .await
        .unwrap()
}

pub(crate) fn settled(series: SeriesId, range: TimeRange) -> Settlement {
    Settlement {
        series,
        range,
        verdict: Verdict::Settled,
    }
}

pub(crate) fn missing(series: SeriesId, range: TimeRange) -> Settlement {
    Settlement {
        series,
        range,
        verdict: Verdict::Missing {
            reason: MissingReason::Closed,
            recheck_after_secs: None,
        },
    }
}

/// Patience for tests that wait for a lock.
pub(crate) fn hasty(stuck_after_ms: u64) -> Patience {
    Patience {
        attempt: std::time::Duration::from_millis(200),
        attempts: 5,
        stuck_after: std::time::Duration::from_millis(stuck_after_ms),
    }
}

fn f64_of(millis: i64) -> f64 {
    // Exact: millisecond counts of this century are far below 2^53.
    millis.to_string().parse().unwrap()
}
