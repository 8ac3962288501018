//! What is measured.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use model::{
    Key, PullKind, SeriesKey, SeriesSpec, Since, SourceId, Stamp, Step, TimeRange, Ts, WriteMode,
};
use store::{
    Options, Store,
    coverage::{Settlement, Verdict},
    migrations,
    pulls::NewPull,
    series::{Authority, SeriesId},
    write::{Batch, Point, Writer},
};
use tokio_postgres::{Client, Config, NoTls};

use super::{
    Write,
    baseline::{self, Conflict},
    copy,
    report::{Case, Measured, Sample},
};

const SOURCE: SourceId = SourceId::new("bench");
const BARE: &str = "bench_bare";
const INDEXED: &str = "bench_indexed";
/// The baseline is slow, and its rate does not change with the number of rows.
const BASELINE_ROWS: usize = 200_000;
/// A session tells the server what it did within so long.
const STATISTICS_LATE: Duration = Duration::from_secs(20);
const HOUR_SECS: i64 = 3_600;

/// Measures every case in every repeat; each repeat adds series of its own to the same tables.
pub(crate) async fn run(config: &Config, write: Write) -> anyhow::Result<Measured> {
    let mut bench = Setup::new(config, write).await?;
    let mut measured = Measured::default();
    for repeat in 0..write.repeats {
        bench.repeat(repeat, &mut measured).await?;
        println!("repeat {} of {} is done", repeat + 1, write.repeats);
    }
    bench.sizes(&mut measured).await?;
    Ok(measured)
}

struct Setup {
    write: Write,
    sql: Client,
    store: Store,
    writer: Writer,
    /// Ascending.
    series: Vec<SeriesId>,
    start: Ts,
    now: Ts,
}

impl Setup {
    async fn new(config: &Config, write: Write) -> anyhow::Result<Self> {
        migrations::run(config).await?;
        let options = Options {
            application_name: "bench".to_owned(),
            pool_size: 2,
        };
        let store = Store::connect(config, options).await?;
        let (sql, connection) = config.connect(NoTls).await?;
        // Ends with the client.
        tokio::spawn(connection);
        sql.batch_execute(&format!(
            "CREATE TABLE {BARE} (LIKE metrics); \
             CREATE TABLE {INDEXED} (LIKE metrics INCLUDING INDEXES); \
             {}; \
             ALTER TABLE {INDEXED} SET (autovacuum_vacuum_insert_scale_factor = 0.02)",
            baseline::TABLE
        ))
        .await?;
        let start = Ts::parse("2020-01-01")?;
        let hours = i64::try_from(write.rows / write.series)?;
        let now = start.plus_secs((hours + 48) * HOUR_SECS);
        let specs: Vec<SeriesSpec> = (0..write.series * write.repeats).map(spec).collect();
        let rows = store
            .sync_series(SOURCE, &specs, Authority::Whole, now)
            .await?;
        let mut series: Vec<SeriesId> = rows.iter().map(|row| row.id).collect();
        series.sort();
        Ok(Self {
            write,
            sql,
            writer: store.writer(SOURCE).await?,
            store,
            series,
            start,
            now,
        })
    }

    async fn repeat(&mut self, repeat: usize, measured: &mut Measured) -> anyhow::Result<()> {
        let first = repeat * self.write.series;
        let ours: Vec<SeriesId> = self
            .series
            .get(first..first + self.write.series)
            .context("series are missing")?
            .to_vec();
        let history = self.history(&ours)?;
        let hour = self.hour(&ours)?;

        measured.add(Case::Bare, self.copies(BARE, &history).await?);
        measured.add(Case::Indexed, self.copies(INDEXED, &history).await?);
        let new = self.writes(WriteMode::Keep, &history).await?;
        measured.add(Case::New, new);
        let again = self.writes(WriteMode::Keep, &history).await?;
        measured.add(Case::Identical, again);
        let different = one_percent(&history);
        let changed = self.writes(WriteMode::Replace, &different).await?;
        measured.add(Case::Changed, changed);
        measured.changed += one_percent_of(&history);
        self.baseline(&history, measured).await?;
        measured.add(Case::HourIndexed, self.copies(INDEXED, &hour).await?);
        measured.add(Case::Hour, self.writes(WriteMode::Replace, &hour).await?);
        Ok(())
    }

    /// Batches in the shape of a backfill: the whole history of one series after the other.
    fn history(&self, series: &[SeriesId]) -> anyhow::Result<Vec<Vec<Point>>> {
        let hours = i64::try_from(self.write.rows / self.write.series)?;
        let points: Vec<Point> = series
            .iter()
            .flat_map(|series| (0..hours).map(|hour| self.point(*series, hour)))
            .collect();
        Ok(self.cut(&points))
    }

    /// Batches in the shape of a live tick: one more hour of every series.
    fn hour(&self, series: &[SeriesId]) -> anyhow::Result<Vec<Vec<Point>>> {
        let next = i64::try_from(self.write.rows / self.write.series)?;
        let points: Vec<Point> = series
            .iter()
            .map(|series| self.point(*series, next))
            .collect();
        Ok(self.cut(&points))
    }

    fn cut(&self, points: &[Point]) -> Vec<Vec<Point>> {
        points.chunks(self.write.batch).map(<[_]>::to_vec).collect()
    }

    /// Digits like those of a price.
    fn point(&self, series: SeriesId, hour: i64) -> Point {
        let noise = (i64::from(series.0) * 7_919 + hour * 104_729) % 1_000_003;
        let whole = i32::try_from(noise).unwrap_or_default();
        Point {
            series,
            ts: self.start.plus_secs(hour * HOUR_SECS),
            value: f64::from(whole) / 97.0,
        }
    }

    async fn copies(&mut self, table: &str, batches: &[Vec<Point>]) -> anyhow::Result<Sample> {
        let before = self.quiet().await?;
        let begun = Instant::now();
        for batch in batches {
            copy::copy(&mut self.sql, table, batch).await?;
        }
        self.sample(batches, begun.elapsed(), before).await
    }

    /// The same as the write path's three cases, on fewer rows.
    async fn baseline(
        &mut self,
        history: &[Vec<Point>],
        measured: &mut Measured,
    ) -> anyhow::Result<()> {
        let part = &history[..BASELINE_ROWS.div_ceil(self.write.batch).min(history.len())];
        for (case, batches, conflict) in [
            (Case::BaselineNew, part, Conflict::Nothing),
            (Case::BaselineIdentical, part, Conflict::Nothing),
            (Case::BaselineChanged, &one_percent(part), Conflict::Update),
        ] {
            let before = self.quiet().await?;
            let begun = Instant::now();
            for batch in batches {
                baseline::insert(&mut self.sql, batch, conflict).await?;
            }
            measured.add(case, self.sample(batches, begun.elapsed(), before).await?);
        }
        Ok(())
    }

    async fn writes(&mut self, mode: WriteMode, batches: &[Vec<Point>]) -> anyhow::Result<Sample> {
        let pull = self
            .store
            .open_pull(&NewPull {
                run_id: "bench",
                source: SOURCE,
                dataset: None,
                kind: PullKind::Backfill,
                instance: "bench",
                window: None,
                started_at: self.now,
            })
            .await?;
        let ready: Vec<Batch> = batches
            .iter()
            .map(|points| Batch {
                pull,
                mode,
                points: points.clone(),
                settlements: settlements(points),
                rejected: 0,
                epoch: None,
            })
            .collect();
        let before = self.quiet().await?;
        let begun = Instant::now();
        for batch in ready {
            self.writer.write(batch, self.now).await?;
        }
        self.sample(batches, begun.elapsed(), before).await
    }

    /// Starts every case behind a checkpoint, and tells where the log stands.
    async fn quiet(&self) -> anyhow::Result<i64> {
        self.sql.batch_execute("CHECKPOINT").await?;
        self.number("SELECT (pg_current_wal_insert_lsn() - '0/0')::int8")
            .await
    }

    async fn sample(
        &self,
        batches: &[Vec<Point>],
        took: Duration,
        before: i64,
    ) -> anyhow::Result<Sample> {
        let after = self
            .number("SELECT (pg_current_wal_insert_lsn() - '0/0')::int8")
            .await?;
        Ok(Sample {
            rows: batches.iter().map(Vec::len).sum(),
            took,
            wal_bytes: after - before,
        })
    }

    async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        Ok(self.sql.query_one(sql, &[]).await?.try_get(0)?)
    }

    async fn sizes(&self, measured: &mut Measured) -> anyhow::Result<()> {
        measured.rows = self.number("SELECT count(*) FROM metrics").await?;
        measured.dead = self.dead(measured).await?;
        measured.heap_bytes = self.number("SELECT pg_table_size('metrics')").await?;
        measured.index_bytes = self.number("SELECT pg_indexes_size('metrics')").await?;
        measured.stats_points = self
            .number("SELECT sum(points)::int8 FROM series_stats")
            .await?;
        measured.revisions = self.number("SELECT count(*) FROM metric_revisions").await?;
        Ok(())
    }

    /// Returns how many versions of rows were written in vain: neither a row that is there nor one that
    /// took the place of another value.
    async fn dead(&self, measured: &Measured) -> anyhow::Result<i64> {
        let counted = format!(
            "SELECT (n_tup_ins - {} + n_tup_upd - {} + n_tup_del)::int8 \
             FROM pg_stat_user_tables WHERE relname = 'metrics'",
            measured.rows, measured.changed
        );
        let begun = Instant::now();
        loop {
            let dead = self.number(&counted).await?;
            if dead == 0 || begun.elapsed() > STATISTICS_LATE {
                return Ok(dead);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn spec(n: usize) -> SeriesSpec {
    SeriesSpec {
        series: SeriesKey {
            source: SOURCE,
            key: Key::of_asset(format!("asset-{n}").as_str(), "usd"),
            metric: "PRICE".into(),
            step: Step::Hour,
        },
        stamp: Stamp::Instant,
        since: Since::ThreeYearsBack,
        enabled: true,
    }
}

fn settlements(points: &[Point]) -> Vec<Settlement> {
    points
        .chunk_by(|a, b| a.series == b.series)
        .filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            Some(Settlement {
                series: first.series,
                range: TimeRange::new(first.ts, last.ts.plus_secs(HOUR_SECS)),
                verdict: Verdict::Settled,
            })
        })
        .collect()
}

/// How many points [`one_percent`] changes.
fn one_percent_of(batches: &[Vec<Point>]) -> usize {
    batches.iter().map(|batch| batch.len().div_ceil(100)).sum()
}

fn one_percent(batches: &[Vec<Point>]) -> Vec<Vec<Point>> {
    let mut changed = batches.to_vec();
    for batch in &mut changed {
        for point in batch.iter_mut().step_by(100) {
            point.value += 1.0;
        }
    }
    changed
}
