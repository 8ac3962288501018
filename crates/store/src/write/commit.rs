//! One commit: the client diff of docs/adr/0002-tables-of-points.md.
//!
//! Lock, read what may overlap, compare in memory, encode everything, send everything, commit.
//! Nothing is awaited between the last statements but the statements themselves.

use std::{collections::HashMap, time::Instant};

use deadpool_postgres::{Client, Transaction};
use futures_util::future::{try_join, try_join5};
use model::{SourceId, Ts, WriteMode};
use tokio_postgres::{
    IsolationLevel,
    error::{DbError, SqlState},
    types::ToSql,
};

use super::{
    Point, copy,
    diff::{Change, Diff, diff, is_revision, rereads},
    encode::{Encoded, step},
    lock::{self, Patience, State},
    overlap::{Ends, stored, stretches},
    prepare::count,
    statements::Statements,
    stats::{self, Traits},
};
use crate::{
    Error,
    coverage::{self, Settlement},
    locks::{Lock, after_timeout},
    pulls::PullId,
    ranges::{PgRange, PgTs},
    series::SeriesId,
    session, telemetry,
};

/// Points of a commit at most. Measured: larger ones gain nothing.
const POINTS: usize = 50_000;
/// The same while another process waits for the source's lock.
const POINTS_CONTENDED: usize = 10_000;

/// What is the same for every commit of a batch.
pub(super) struct Job<'a> {
    pub(super) source: SourceId,
    pub(super) traits: &'a HashMap<SeriesId, Traits>,
    pub(super) pull: PullId,
    pub(super) mode: WriteMode,
    pub(super) epoch: Option<i64>,
    pub(super) now: Ts,
    pub(super) simulated_now: Option<Ts>,
    pub(super) patience: Patience,
    /// What the last commit adds to its points.
    pub(super) tail: Tail<'a>,
}

/// What belongs to the batch and not to a point.
pub(super) struct Tail<'a> {
    pub(super) settlements: &'a [Settlement],
    /// Points that came and were not even compared: refused, or not the last of several.
    pub(super) received: u64,
    pub(super) rejected: u64,
}

/// Whether `series_stats` is believed about where points can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Stats,
    /// After a duplicate: everything is read, and the counts are made anew.
    Nothing,
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// How many points of the rest it took.
    pub(super) taken: usize,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) differing: u64,
    pub(super) unchanged: u64,
    pub(super) write_id: Option<i32>,
}

/// Why a commit did not happen.
pub(super) enum Failure {
    /// COPY met a point that nobody should have written.
    Duplicate,
    Other(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl Job<'_> {
    /// Commits the first points of `rest`, as many as are fit for one commit.
    pub(super) async fn commit(
        &self,
        client: &mut Client,
        rest: &[Point],
        trust: Trust,
    ) -> Result<Done, Failure> {
        let statements = Statements::prepare(client).await?;
        let mut attempt = 0;
        let begun = Instant::now();
        let (tx, state) = loop {
            attempt += 1;
            let tx = client
                .build_transaction()
                .isolation_level(IsolationLevel::ReadCommitted)
                .start()
                .await?;
            let taken = lock::take(
                &tx,
                &statements,
                self.source,
                self.patience,
                self.simulated_now,
            );
            match taken.await {
                Ok(state) => break (tx, state),
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                    tx.rollback().await?;
                    let lock = Lock::Source(self.source.as_str());
                    after_timeout(client, lock, self.patience, attempt).await?;
                }
                Err(error) => return Err(error.into()),
            }
        };
        telemetry::locked(self.source, begun.elapsed());
        self.check_epoch(state)?;
        let limit = if state.somebody_waits {
            POINTS_CONTENDED
        } else {
            POINTS
        };
        let batch = rest.get(..limit).unwrap_or(rest);
        let is_last = batch.len() == rest.len();
        let done = self.write(&tx, &statements, batch, is_last, trust).await?;
        if is_last {
            coverage::settle(&tx, self.tail.settlements, self.now).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    fn check_epoch(&self, state: State) -> Result<(), Error> {
        self.epoch
            .map_or(Ok(()), |held| session::is_still(held, state.epoch))
    }

    async fn write(
        &self,
        tx: &Transaction<'_>,
        statements: &Statements,
        batch: &[Point],
        is_last: bool,
        trust: Trust,
    ) -> Result<Done, Failure> {
        let (ends, diff) = self.compare(tx, statements, batch, trust).await?;
        let mut done = Done {
            taken: batch.len(),
            inserted: count(diff.new.len()),
            updated: count(diff.changed.len()),
            differing: count(diff.kept.len()),
            unchanged: count(diff.unchanged),
            write_id: None,
        };
        if diff.writes() {
            let (write_id, seen) = self.draw(tx, statements, &diff).await?;
            done.write_id = Some(write_id);
            let encoded = Encoded::of(&diff, &ends, &seen, write_id, self.traits);
            self.send(tx, statements, &encoded, &done, is_last, write_id)
                .await?;
        } else {
            self.count(tx, statements, &done, is_last).await?;
        }
        if trust == Trust::Nothing {
            stats::recount(tx, &series_of(batch)).await?;
        }
        self.queue(tx, statements, &diff).await?;
        Ok(done)
    }

    /// Reads what the batch may meet and compares.
    async fn compare(
        &self,
        tx: &Transaction<'_>,
        statements: &Statements,
        batch: &[Point],
        trust: Trust,
    ) -> Result<(Ends, Diff), Error> {
        if batch.is_empty() {
            return Ok((Ends::new(), Diff::default()));
        }
        let ends = stats::ends(tx, &statements.ends, &series_of(batch)).await?;
        let believed = (trust == Trust::Stats).then_some(&ends);
        let stretches = stretches(batch, believed, |series| step(self.traits, series));
        let stored = stored(tx, &statements.overlap, &stretches).await?;
        let mut diff = diff(batch, &stored, self.mode);
        if self.mode == WriteMode::Keep && !diff.kept.is_empty() {
            let seen = seen(tx, statements, &diff.kept).await?;
            diff.give_way(|change| {
                let step = step(self.traits, change.new.series);
                !is_revision(change.new.ts, step, seen.get(&change.old.write_id).copied())
            });
        }
        Ok((ends, diff))
    }

    /// Draws the number of this commit, and reads when the values that it replaces were seen.
    async fn draw(
        &self,
        tx: &Transaction<'_>,
        statements: &Statements,
        diff: &Diff,
    ) -> Result<(i32, HashMap<i32, Ts>), Error> {
        let source = self.source.as_str();
        let whose: [&(dyn ToSql + Sync); 2] = [&self.pull.0, &source];
        let drawn = async { Ok(tx.query_one(&statements.draw, &whose).await?.try_get(0)?) };
        try_join(drawn, seen(tx, statements, &diff.changed)).await
    }

    /// Sends it all at once; the server works through it in this order, which is the order of locks.
    async fn send(
        &self,
        tx: &Transaction<'_>,
        statements: &Statements,
        encoded: &Encoded<'_>,
        done: &Done,
        is_last: bool,
        write_id: i32,
    ) -> Result<(), Failure> {
        let count = async { Ok(self.count(tx, statements, done, is_last).await?) };
        let copy = async {
            match &encoded.copy {
                Some(bytes) => copy::send(tx, &statements.copy, bytes.clone())
                    .await
                    .map_err(copy_failure),
                None => Ok(()),
            }
        };
        let replace = async {
            let of = &encoded.replaced;
            if !of.ids.is_empty() {
                tx.execute(
                    &statements.replace,
                    &[&write_id, &of.ids, &of.ts, &of.values],
                )
                .await?;
            }
            Ok(())
        };
        let revise = async {
            let of = &encoded.revised;
            if !of.ids.is_empty() {
                let (ids, writes) = (&of.ids, &of.old_writes);
                tx.execute(
                    &statements.revise,
                    &[&write_id, ids, writes, &of.ts, &of.old_values],
                )
                .await?;
            }
            Ok(())
        };
        let stats = async {
            let (stats, statement) = (&encoded.stats, &statements.stats);
            Ok(stats.write(tx, statement, self.source, write_id).await?)
        };
        try_join5(count, copy, replace, revise, stats).await?;
        Ok(())
    }

    async fn count(
        &self,
        tx: &Transaction<'_>,
        statements: &Statements,
        done: &Done,
        is_last: bool,
    ) -> Result<(), Error> {
        let (received, rejected) = if is_last {
            (self.tail.received, self.tail.rejected)
        } else {
            (0, 0)
        };
        let numbers = [
            count(done.taken) + received,
            done.inserted,
            done.updated,
            done.differing,
            done.unchanged,
            rejected,
        ]
        .map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let [received, inserted, updated, differing, unchanged, rejected] = numbers;
        tx.execute(
            &statements.count,
            &[
                &self.pull.0,
                &received,
                &inserted,
                &updated,
                &differing,
                &unchanged,
                &rejected,
            ],
        )
        .await?;
        Ok(())
    }

    /// Queues to be read again what differs and was kept.
    async fn queue(
        &self,
        tx: &Transaction<'_>,
        statements: &Statements,
        diff: &Diff,
    ) -> Result<(), Error> {
        if self.mode != WriteMode::Keep || diff.kept.is_empty() {
            return Ok(());
        }
        let (ids, ranges): (Vec<i32>, Vec<PgRange>) =
            rereads(&diff.kept, |series| step(self.traits, series))
                .into_iter()
                .map(|(series, range)| (series.0, PgRange(range)))
                .unzip();
        tx.execute(&statements.queue, &[&ids, &ranges, &PgTs(self.now)])
            .await?;
        Ok(())
    }
}

/// Reads when the old values of some changes were seen, by the commit that wrote them.
async fn seen(
    tx: &Transaction<'_>,
    statements: &Statements,
    changes: &[Change],
) -> Result<HashMap<i32, Ts>, Error> {
    let mut old: Vec<i32> = changes.iter().map(|change| change.old.write_id).collect();
    if old.is_empty() {
        return Ok(HashMap::new());
    }
    old.sort_unstable();
    old.dedup();
    let seen = tx.query(&statements.seen, &[&old]).await?;
    let seen = seen.iter();
    Ok(seen
        .map(|row| (row.get(0), row.get::<_, PgTs>(1).0))
        .collect())
}

fn series_of(batch: &[Point]) -> Vec<i32> {
    batch
        .chunk_by(|a, b| a.series == b.series)
        .filter_map(|run| run.first())
        .map(|point| point.series.0)
        .collect()
}

fn copy_failure(error: tokio_postgres::Error) -> Failure {
    let is_duplicate = error.code() == Some(&SqlState::UNIQUE_VIOLATION)
        && error.as_db_error().and_then(DbError::table) == Some("metrics");
    if is_duplicate {
        Failure::Duplicate
    } else {
        Failure::Other(error.into())
    }
}
