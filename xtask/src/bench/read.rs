//! What is measured of reading and planning, and what it may take.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use model::{TimeRange, WriteMode};
use runtime::Exit;
use store::{
    coverage::{Patience, Settlement, Verdict},
    pulls::PullId,
    read::{self, Order, SeriesFilter},
    series::SeriesId,
    write::{Batch, Point, Writer},
};
use tokio_postgres::Config;

use super::{
    Read,
    fill::{Filled, HOUR_SECS, LONG_HOURS, METRICS, asset_name, metric_name, point},
    look,
};

/// A page of a chart: a month of hours.
const PAGE: i64 = 720;
/// Runs of what goes over all series and takes a second rather than a millisecond.
const SLOW_RUNS: usize = 5;

/// What took how long.
#[derive(Debug, Default)]
pub(super) struct Report {
    cases: Vec<Case>,
}

#[derive(Debug)]
struct Case {
    name: &'static str,
    at_most_ms: f64,
    rows: usize,
    /// Ascending.
    took: Vec<Duration>,
}

impl Report {
    pub(super) fn add(
        &mut self,
        name: &'static str,
        at_most_ms: f64,
        rows: usize,
        mut took: Vec<Duration>,
    ) {
        took.sort();
        self.cases.push(Case {
            name,
            at_most_ms,
            rows,
            took,
        });
    }

    fn add_case(&mut self, (name, at_most_ms, rows, took): look::Measured) {
        self.add(name, at_most_ms, rows, took);
    }

    /// Fails where a p50 is not within what it may take.
    pub(super) fn exit(&self) -> Exit {
        match self.cases.iter().all(Case::holds) {
            true => Exit::Complete,
            false => Exit::FailedCheck,
        }
    }
}

impl Case {
    /// The duration that so many of a hundred runs stay within.
    fn percentile_ms(&self, percent: usize) -> f64 {
        let last = self.took.len().saturating_sub(1);
        let at = (self.took.len() * percent / 100).min(last);
        (self.took.get(at)).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }

    fn holds(&self) -> bool {
        self.percentile_ms(50) <= self.at_most_ms
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<42} {:>7} {:>5} {:>10} {:>10} {:>10}",
            "case", "rows", "runs", "p50 ms", "p99 ms", "at most"
        )?;
        for case in &self.cases {
            writeln!(
                f,
                "{:<42} {:>7} {:>5} {:>10.2} {:>10.2} {:>10.1}{}",
                case.name,
                case.rows,
                case.took.len(),
                case.percentile_ms(50),
                case.percentile_ms(99),
                case.at_most_ms,
                if case.holds() { "" } else { "  MISSED" },
            )?;
        }
        Ok(())
    }
}

/// Fills a database, then measures: what reads first, what writes last.
pub(super) async fn run(config: &Config, read: Read) -> anyhow::Result<Report> {
    let filled = Filled::new(config, read.rows, read.series).await?;
    let mut report = Report::default();
    latest(&filled, read, &mut report).await?;
    counts(&filled, read, &mut report).await?;
    page(&filled, read, &mut report).await?;
    gaps(&filled, &mut report).await?;
    report.add_case(look::gaps_of_all(&filled, read.series, SLOW_RUNS).await?);
    hours(&filled, &mut report).await?;
    Ok(report)
}

async fn latest(filled: &Filled, read: Read, report: &mut Report) -> anyhow::Result<()> {
    let all = i64::try_from(read.series)?;
    let (mut rows, mut took) = (0, Vec::new());
    for run in 0..read.runs {
        let filter = SeriesFilter {
            metrics: vec![metric_name(run % METRICS)],
            ..SeriesFilter::default()
        };
        let begun = Instant::now();
        rows = read::latest(&filled.store, &filter, all).await?.len();
        took.push(begun.elapsed());
    }
    report.add("latest of one metric, all assets", 5.0, rows, took);

    let (mut rows, mut took) = (0, Vec::new());
    for run in 0..read.runs {
        let filter = SeriesFilter {
            assets: vec![asset_name(run * 37 % (read.series / METRICS))],
            ..SeriesFilter::default()
        };
        let begun = Instant::now();
        rows = read::latest(&filled.store, &filter, all).await?.len();
        took.push(begun.elapsed());
    }
    report.add("latest of one entity", 2.0, rows, took);
    Ok(())
}

async fn counts(filled: &Filled, read: Read, report: &mut Report) -> anyhow::Result<()> {
    let (mut rows, mut took) = (0, Vec::new());
    for _ in 0..read.runs {
        let begun = Instant::now();
        rows = read::metric_counts(&filled.store, None, None).await?.len();
        took.push(begun.elapsed());
    }
    report.add("counts by source and metric", 60.0, rows, took);

    let (mut rows, mut took) = (0, Vec::new());
    for _ in 0..read.runs {
        let begun = Instant::now();
        rows = read::sources(&filled.store).await?.len();
        took.push(begun.elapsed());
    }
    report.add("counts by source", 60.0, rows, took);
    Ok(())
}

async fn page(filled: &Filled, read: Read, report: &mut Report) -> anyhow::Result<()> {
    let first = filled
        .next
        .plus_secs(-i64::try_from(LONG_HOURS)? * HOUR_SECS);
    let (mut rows, mut took) = (0, Vec::new());
    for run in 0..read.runs {
        let series = *(filled.long.get(run * 13 % filled.long.len())).context("no long series")?;
        let range = TimeRange::new(first, filled.next);
        let begun = Instant::now();
        let points = read::points(&filled.store, series, range, Order::Descending, PAGE).await?;
        took.push(begun.elapsed());
        rows = points.len();
    }
    report.add("720 points of one series", 1.5, rows, took);
    Ok(())
}

/// Every series lacks its newest hour, as at the start of a tick.
async fn gaps(filled: &Filled, report: &mut Report) -> anyhow::Result<()> {
    let first = filled
        .next
        .plus_secs(-i64::try_from(LONG_HOURS)? * HOUR_SECS);
    let now = filled.next.plus_secs(HOUR_SECS);
    let wanted: Vec<(SeriesId, TimeRange)> = (filled.sources.iter())
        .flat_map(|source| &source.series)
        .map(|series| (*series, TimeRange::new(first, now)))
        .collect();
    let (mut rows, mut took) = (0, Vec::new());
    for _ in 0..SLOW_RUNS {
        let begun = Instant::now();
        let open = filled.store.open_gaps(&wanted, now, Patience::Wait).await?;
        took.push(begun.elapsed());
        rows = open.len();
    }
    report.add("open gaps, all series open", 1_000.0, rows, took);
    Ok(())
}

/// Live hours of all series, sources beside each other as in the daemon: with points, and with what
/// settles alone.
async fn hours(filled: &Filled, report: &mut Report) -> anyhow::Result<()> {
    let mut writers = Vec::new();
    for source in &filled.sources {
        writers.push(filled.store.writer(source.id).await?);
    }
    let (mut rows, mut with_points, mut without) = (0, Vec::new(), Vec::new());
    for run in 0..2 * SLOW_RUNS {
        let hour = filled.next.plus_secs(i64::try_from(run)? * HOUR_SECS);
        let has_points = run % 2 == 0;
        let begun = Instant::now();
        let all = (filled.sources.iter().zip(&mut writers)).map(|(source, writer)| {
            let points = source.series.iter().map(|id| point(*id, hour)).collect();
            write(writer, source.pull, points, has_points)
        });
        rows = try_join_all(all).await?.iter().sum();
        let took = begun.elapsed();
        if has_points {
            with_points.push(took);
        } else {
            without.push(took);
        }
        // As long as an hour is, vacuum and checkpoint are done before the next, so each hour pays
        // for the first touch of its pages.
        filled.settle_down().await?;
    }
    report.add(
        "one live hour, through the writer",
        4_000.0,
        rows,
        with_points,
    );
    report.add("what one live hour settles, alone", 2_000.0, rows, without);
    Ok(())
}

async fn write(
    writer: &mut Writer,
    pull: PullId,
    points: Vec<Point>,
    has_points: bool,
) -> anyhow::Result<usize> {
    let rows = points.len();
    let now = points.iter().map(|point| point.ts).max();
    let now = now.context("a source without series")?.plus_secs(HOUR_SECS);
    let settlements = (points.iter())
        .map(|point| Settlement {
            series: point.series,
            range: TimeRange::new(point.ts, point.ts.plus_secs(HOUR_SECS)),
            verdict: Verdict::Settled,
        })
        .collect();
    let batch = Batch {
        pull,
        mode: WriteMode::Replace,
        points: if has_points { points } else { Vec::new() },
        settlements,
        rejected: 0,
        epoch: None,
    };
    writer.write(batch, now).await?;
    Ok(rows)
}
