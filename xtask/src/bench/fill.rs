//! Fills a database as live collection would have left it: hour after hour over all series, so that
//! the points of one lie far apart. Binary COPY beside the write path, which is measured elsewhere.

use std::time::Instant;

use anyhow::Context as _;
use model::{Key, PullKind, SeriesKey, SeriesSpec, Since, SourceId, Stamp, Step, Ts};
use store::{
    Options, Store, migrations,
    pulls::{NewPull, PullId},
    series::{Authority, SeriesId},
    write::Point,
};
use tokio_postgres::{Client, Config, NoTls};

use super::copy;

pub(super) const SOURCES: [SourceId; 5] = [
    SourceId::new("bench-a"),
    SourceId::new("bench-b"),
    SourceId::new("bench-c"),
    SourceId::new("bench-d"),
    SourceId::new("bench-e"),
];
/// Each source has metrics of its own.
pub(super) const METRICS: usize = 50;
pub(super) const HOUR_SECS: i64 = 3_600;
/// One series in so many has a history that is long enough for a page of it.
const LONG_EVERY: usize = 100;
pub(super) const LONG_HOURS: usize = 1_000;
const ROWS_A_COPY: usize = 500_000;

/// A filled database.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) store: Store,
    pub(super) sql: Client,
    pub(super) sources: Vec<Source>,
    /// Series with [`LONG_HOURS`] points.
    pub(super) long: Vec<SeriesId>,
    /// The first hour after the last point of every series.
    pub(super) next: Ts,
}

/// A source with its series, ascending.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) id: SourceId,
    pub(super) pull: PullId,
    pub(super) series: Vec<SeriesId>,
}

impl Filled {
    pub(super) async fn new(config: &Config, rows: usize, series: usize) -> anyhow::Result<Self> {
        migrations::run(config).await?;
        let options = Options {
            application_name: "bench".to_owned(),
            pool_size: SOURCES.len(),
        };
        let store = Store::connect(config, options).await?;
        let (sql, connection) = config.connect(NoTls).await?;
        // Ends with the client.
        tokio::spawn(connection);
        let start = Ts::parse("2024-01-01")?;
        let next = start.plus_secs(i64::try_from(hours(rows, series)?)? * HOUR_SECS);
        let mut sources = Vec::new();
        for id in SOURCES {
            sources.push(make(&store, id, series, next).await?);
        }
        let all: Vec<SeriesId> = sources.iter().flat_map(|of| of.series.clone()).collect();
        let mut filled = Self {
            long: all.iter().copied().step_by(LONG_EVERY).collect(),
            store,
            sql,
            sources,
            next,
        };
        filled.points(&all, rows).await?;
        filled.summaries().await?;
        Ok(filled)
    }

    async fn points(&mut self, all: &[SeriesId], rows: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        let short = short_hours(rows, all.len())?;
        let mut points = Vec::new();
        for back in (1..=hours(rows, all.len())?).rev() {
            let of = if back > short { &self.long } else { all };
            let ts = self.next.plus_secs(-i64::try_from(back)? * HOUR_SECS);
            points.extend(of.iter().map(|series| point(*series, ts)));
            if points.len() >= ROWS_A_COPY || back == 1 {
                points.sort_by_key(|point: &Point| (point.ts, point.series));
                copy::copy(&mut self.sql, "metrics", &points).await?;
                points.clear();
            }
        }
        println!("points: {:.0} s", begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Everything that the write path would have kept beside the points.
    async fn summaries(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let repair = self.store.repair_stats(None).await?;
        println!(
            "series_stats of {} series, counted from the points: {:.1} s",
            repair.series,
            begun.elapsed().as_secs_f64()
        );
        self.sql
            .batch_execute(
                "INSERT INTO coverage
                 SELECT series_id, tstzmultirange(tstzrange(first_ts, last_ts + interval '1 hour'))
                 FROM series_stats ORDER BY series_id;
                 INSERT INTO slots_missing
                 SELECT series_id, tstzrange(first_ts - interval '9 hours', first_ts), 'failed',
                        last_ts + interval '1 year'
                 FROM series_stats WHERE series_id % 20 = 0",
            )
            .await?;
        self.settle_down().await
    }

    /// What autovacuum would have done by now.
    pub(super) async fn settle_down(&self) -> anyhow::Result<()> {
        self.sql.batch_execute("VACUUM ANALYZE").await?;
        self.sql.batch_execute("CHECKPOINT").await?;
        Ok(())
    }
}

async fn make(store: &Store, id: SourceId, series: usize, now: Ts) -> anyhow::Result<Source> {
    let specs = configured(id, series);
    let rows = store.sync_series(id, &specs, Authority::Whole, now).await?;
    let mut series: Vec<SeriesId> = rows.iter().map(|row| row.id).collect();
    series.sort();
    Ok(Source {
        id,
        pull: open_pull(store, id, now).await?,
        series,
    })
}

/// What the configuration of a source wants, of so many series over all sources.
pub(super) fn configured(id: SourceId, series: usize) -> Vec<SeriesSpec> {
    let first = SOURCES.iter().position(|of| *of == id).unwrap_or(0);
    let metrics = (0..METRICS).skip(first).step_by(SOURCES.len());
    metrics
        .flat_map(|metric| (0..series / METRICS).map(move |asset| spec(id, metric, asset)))
        .collect()
}

async fn open_pull(store: &Store, source: SourceId, now: Ts) -> anyhow::Result<PullId> {
    let pull = NewPull {
        run_id: "bench",
        source,
        dataset: None,
        kind: PullKind::Live,
        instance: "bench",
        window: None,
        started_at: now,
    };
    Ok(store.open_pull(&pull).await?)
}

fn spec(source: SourceId, metric: usize, asset: usize) -> SeriesSpec {
    SeriesSpec {
        series: SeriesKey {
            source,
            key: Key::of_asset(asset_name(asset).as_str(), "usd"),
            metric: metric_name(metric).as_str().into(),
            step: Step::Hour,
        },
        stamp: Stamp::Instant,
        since: Since::ThreeYearsBack,
        enabled: true,
    }
}

pub(super) fn metric_name(n: usize) -> String {
    format!("METRIC_{n}")
}

pub(super) fn asset_name(n: usize) -> String {
    format!("asset-{n}")
}

pub(super) fn point(series: SeriesId, ts: Ts) -> Point {
    let noise = (i64::from(series.0) * 7_919 + ts.secs() / HOUR_SECS * 104_729) % 1_000_003;
    Point {
        series,
        ts,
        value: f64::from(i32::try_from(noise).unwrap_or_default()) / 97.0,
    }
}

/// Hours that most series have, so that all have `rows` points together.
fn short_hours(rows: usize, series: usize) -> anyhow::Result<usize> {
    let long = series.div_ceil(LONG_EVERY);
    let rest = rows.checked_sub(long * LONG_HOURS);
    let hours = rest.context("there must be at least ten rows a series")? / (series - long);
    Ok(hours.max(1))
}

fn hours(rows: usize, series: usize) -> anyhow::Result<usize> {
    Ok(short_hours(rows, series)?.max(LONG_HOURS))
}
