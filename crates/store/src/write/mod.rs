//! The write path: points, revisions, statistics, counters and coverage, in one transaction a
//! commit. Running anything twice changes nothing.
//!
//! Decided in docs/adr/0002-tables-of-points.md. Knows nothing of vendors and labels, and is the
//! only code that writes `metrics`, `metric_revisions`, `series_stats` and `writes`.

mod commit;
mod copy;
mod diff;
mod encode;
mod lock;
mod overlap;
mod prepare;
mod statements;
mod stats;

use std::{collections::HashMap, time::Instant};

use model::{Key, SourceId, Ts, WriteMode};

pub use lock::Patience;
pub use stats::Repair;

use crate::{
    Error, Store,
    coverage::Settlement,
    pulls::PullId,
    series::{PgStep, SeriesId},
    telemetry,
};
use commit::{Failure, Job, Tail, Trust};
use prepare::{count, prepare};
use stats::Traits;

/// One value of one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Of which series.
    pub series: SeriesId,
    /// Start of the bucket.
    pub ts: Ts,
    /// The value as sent.
    pub value: f64,
}

/// What is written together: the points of an answer and what the answer settles.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The pull that counts it.
    pub pull: PullId,
    /// What happens to points that are stored with another value.
    pub mode: WriteMode,
    /// In any order; of several for one bucket the last counts.
    pub points: Vec<Point>,
    /// Committed with the last of the points.
    pub settlements: Vec<Settlement>,
    /// Values that the parser refused; counted.
    pub rejected: u64,
    /// The epoch of a leader: the batch is refused once another process leads.
    pub epoch: Option<i64>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteReport {
    /// Points that came.
    pub received: u64,
    /// Points refused here: not finite, before 1900, or after now. Parsers should have.
    pub refused: u64,
    /// Points that were new.
    pub inserted: u64,
    /// Points that replaced another value.
    pub updated: u64,
    /// Points that differ from the stored value, which was kept.
    pub differing: u64,
    /// Points that were stored already.
    pub unchanged: u64,
    /// The numbers of the commits that wrote points, ascending.
    pub write_ids: Vec<i32>,
}

/// Writes the points of one source. One a process and source: it holds the source's lock while it
/// commits, and others wait.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    source: SourceId,
    patience: Patience,
    traits: HashMap<SeriesId, Traits>,
}

impl Store {
    /// Returns a writer for a source.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn writer(&self, source: SourceId) -> Result<Writer, Error> {
        let mut writer = Writer {
            store: self.clone(),
            source,
            patience: Patience::default(),
            traits: HashMap::new(),
        };
        writer.learn(None).await?;
        Ok(writer)
    }
}

impl Writer {
    /// Changes how long it waits for the lock.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Writes a batch in as many commits as it needs; what it settles commits with the last.
    ///
    /// # Errors
    /// [`Error::LeadershipLost`] where the epoch is not today's; [`Error::Locked`] where another
    /// writer does not let go; [`Error::UnknownSeries`]; those of the database. Commits before the
    /// error stay, and the same batch may be written again as a whole.
    pub async fn write(&mut self, batch: Batch, now: Ts) -> Result<WriteReport, Error> {
        let begun = Instant::now();
        let prepared = prepare(batch.points, now);
        self.learn_series_of(&prepared.points, &batch.settlements)
            .await?;
        let compared = count(prepared.points.len());
        let mut report = WriteReport {
            received: prepared.received,
            refused: prepared.refused,
            ..WriteReport::default()
        };
        if report.refused > 0 {
            tracing::warn!(
                source = self.source.as_str(),
                rejected = report.refused,
                "refused points that a parser let through: not finite, before 1900 or after now"
            );
        }
        let job = Job {
            source: self.source,
            traits: &self.traits,
            pull: batch.pull,
            mode: batch.mode,
            epoch: batch.epoch,
            now,
            simulated_now: self.store.time_is_simulated().then_some(now),
            patience: self.patience,
            tail: Tail {
                settlements: &batch.settlements,
                received: report.received - compared,
                rejected: batch.rejected + report.refused,
            },
        };
        self.commit_all(&job, &prepared.points, &mut report).await?;
        telemetry::written(self.source, prepared.points.len(), begun.elapsed());
        Ok(report)
    }

    async fn commit_all(
        &self,
        job: &Job<'_>,
        points: &[Point],
        report: &mut WriteReport,
    ) -> Result<(), Error> {
        let mut client = self.store.client().await?;
        let (mut rest, mut trust) = (points, Trust::Stats);
        loop {
            let done = match job.commit(&mut client, rest, trust).await {
                Ok(done) => done,
                Err(Failure::Duplicate) if trust == Trust::Stats => {
                    tracing::error!(
                        source = self.source.as_str(),
                        pull_id = job.pull.0,
                        "somebody wrote points of {} without its lock: series_stats was wrong, \
                         comparing the whole batch with what is stored",
                        self.source,
                    );
                    trust = Trust::Nothing;
                    continue;
                }
                Err(Failure::Duplicate) => {
                    return Err(Error::Conflict {
                        text: "points of this source are being written without its lock".to_owned(),
                        driver: None,
                    });
                }
                Err(Failure::Other(error)) => return Err(error),
            };
            report.inserted += done.inserted;
            report.updated += done.updated;
            report.differing += done.differing;
            report.unchanged += done.unchanged;
            report.write_ids.extend(done.write_id);
            rest = rest.get(done.taken..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
            trust = Trust::Stats;
        }
    }

    /// Looks up series that were made after the last look, and refuses those of other sources.
    async fn learn_series_of(
        &mut self,
        points: &[Point],
        settlements: &[Settlement],
    ) -> Result<(), Error> {
        let named = || {
            let runs = points.chunk_by(|a, b| a.series == b.series);
            let of_points = runs.filter_map(|run| run.first()).map(|point| point.series);
            of_points.chain(settlements.iter().map(|told| told.series))
        };
        let mut unknown: Vec<i32> = named()
            .filter(|series| !self.traits.contains_key(series))
            .map(|series| series.0)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        self.learn(Some(&unknown)).await?;
        match named().find(|series| !self.traits.contains_key(series)) {
            Some(series) => Err(Error::UnknownSeries(series)),
            None => Ok(()),
        }
    }

    async fn learn(&mut self, only: Option<&[i32]>) -> Result<(), Error> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT series_id, step, metric, asset, instrument, venue, quote, label_shift \
                 FROM series \
                 WHERE source = $1 AND ($2::int4[] IS NULL OR series_id = ANY ($2))",
                &[&self.source.as_str(), &only],
            )
            .await?;
        for row in rows {
            let name = |column| row.try_get::<_, &str>(column);
            let traits = Traits {
                step: row.try_get::<_, PgStep>(1)?.0,
                metric: name(2)?.into(),
                key: Key {
                    asset: name(3)?.into(),
                    instrument: name(4)?.into(),
                    venue: name(5)?.into(),
                    quote: name(6)?.into(),
                },
                label_shift: row.try_get(7)?,
            };
            self.traits.insert(SeriesId(row.try_get(0)?), traits);
        }
        Ok(())
    }
}
