//! The ledger of pulls: one row a job run. The counters of points are the writer's.

use model::{DatasetId, PullKind, SourceId, TimeRange, Ts};

use crate::{
    Error, Store, locks,
    ranges::{PgRange, PgTs},
};

/// The key of a pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PullId(pub i64);

/// A pull about to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPull<'a> {
    /// Groups the pulls of one command or tick.
    pub run_id: &'a str,
    /// The vendor.
    pub source: SourceId,
    /// The dataset; none where the pull goes over several.
    pub dataset: Option<DatasetId>,
    /// Why it runs.
    pub kind: PullKind,
    /// The process that runs it, which holds the lock of this name ([`Store::session`]).
    pub instance: &'a str,
    /// Buckets asked for.
    pub window: Option<TimeRange>,
    /// The start.
    pub started_at: Ts,
}

/// How a pull stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullStatus {
    /// At work.
    Running,
    /// All that was asked is settled.
    Complete,
    /// Ended with holes.
    Partial,
    /// Nothing came of it.
    Failed,
    /// The vendor had nothing.
    NoData,
    /// The quota is spent.
    Parked,
    /// Its process is gone.
    Interrupted,
}

impl PullStatus {
    const ALL: [Self; 7] = [
        Self::Running,
        Self::Complete,
        Self::Partial,
        Self::Failed,
        Self::NoData,
        Self::Parked,
        Self::Interrupted,
    ];

    /// Returns the spelling used in `pulls.status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::NoData => "no_data",
            Self::Parked => "parked",
            Self::Interrupted => "interrupted",
        }
    }

    pub(crate) fn named(text: &str) -> Self {
        (Self::ALL.into_iter())
            .find(|status| status.as_str() == text)
            // The column's CHECK admits nothing else.
            .unwrap_or(Self::Interrupted)
    }
}

/// The end of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullEnd {
    /// How it ended.
    pub status: PullStatus,
    /// Bytes of bodies, decompressed.
    pub bytes: u64,
    /// Class and redacted text of the last failure.
    pub error: Option<(String, String)>,
}

/// A row of `pulls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRow {
    /// The key.
    pub id: PullId,
    /// Groups the pulls of one command or tick.
    pub run_id: String,
    /// The vendor.
    pub source: String,
    /// The dataset; empty where the pull went over several.
    pub dataset: String,
    /// `live`, `backfill`, `gap` or `reread`.
    pub kind: String,
    /// The process that ran it.
    pub instance: String,
    /// Buckets asked for.
    pub window: Option<TimeRange>,
    /// The start.
    pub started_at: Ts,
    /// The end; none while it runs.
    pub finished_at: Option<Ts>,
    /// How it stands.
    pub status: PullStatus,
    /// HTTP requests sent, retries included.
    pub requests: i64,
    /// Units of the vendor's quota.
    pub credits: i64,
    /// Bytes of bodies, decompressed.
    pub bytes: i64,
    /// Points that parsers gave.
    pub received: i64,
    /// Points that were new.
    pub inserted: i64,
    /// Points that replaced a stored value.
    pub updated: i64,
    /// Points that differ from what is stored and were not taken.
    pub differing: i64,
    /// Points that were stored already.
    pub unchanged: i64,
    /// Values that were refused.
    pub rejected: i64,
    /// Class of the last failure.
    pub error_class: Option<String>,
    /// Text of the last failure, redacted.
    pub error: Option<String>,
}

/// The columns of a [`PullRow`], in the order in which it is read.
pub(crate) const PULL_COLUMNS: &str = "pull_id, run_id, source, dataset, kind, instance, during, \
     started_at, finished_at, status, requests, credits, bytes, received, inserted, updated, \
     differing, unchanged, rejected, error_class, error";

impl PullRow {
    pub(crate) fn read(row: &tokio_postgres::Row) -> Self {
        Self {
            id: PullId(row.get(0)),
            run_id: row.get(1),
            source: row.get(2),
            dataset: row.get(3),
            kind: row.get(4),
            instance: row.get(5),
            window: row.get::<_, Option<PgRange>>(6).map(|range| range.0),
            started_at: row.get::<_, PgTs>(7).0,
            finished_at: row.get::<_, Option<PgTs>>(8).map(|at| at.0),
            status: PullStatus::named(row.get(9)),
            requests: row.get(10),
            credits: row.get(11),
            bytes: row.get(12),
            received: row.get(13),
            inserted: row.get(14),
            updated: row.get(15),
            differing: row.get(16),
            unchanged: row.get(17),
            rejected: row.get(18),
            error_class: row.get(19),
            error: row.get(20),
        }
    }
}

impl Store {
    /// Writes down that a pull starts. Said again with the same words while it runs, as after an answer
    /// that was lost on the way, it is the same pull.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_pull(&self, pull: &NewPull<'_>) -> Result<PullId, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "WITH known AS (
                     SELECT pull_id FROM pulls
                     WHERE status = 'running' AND instance = $5 AND started_at = $7
                       AND (run_id, source, dataset, kind) = ($1, $2, $3, $4)),
                 made AS (
                     INSERT INTO pulls (run_id, source, dataset, kind, instance, during, started_at)
                     SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT FROM known)
                     RETURNING pull_id)
                 SELECT pull_id FROM known UNION ALL SELECT pull_id FROM made LIMIT 1",
                &[
                    &pull.run_id,
                    &pull.source.as_str(),
                    &pull.dataset.map_or("", DatasetId::as_str),
                    &pull.kind.as_str(),
                    &pull.instance,
                    &pull.window.map(PgRange),
                    &PgTs(pull.started_at),
                ],
            )
            .await?;
        Ok(PullId(row.get(0)))
    }

    /// Counts a request that is about to leave, so that a crash after this cannot hide it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_request(&self, pull: PullId, credits: u32) -> Result<(), Error> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(
                "UPDATE pulls SET requests = requests + 1, credits = credits + $2
                 WHERE pull_id = $1",
            )
            .await?;
        client
            .execute(&statement, &[&pull.0, &i64::from(credits)])
            .await?;
        Ok(())
    }

    /// Writes down how a pull ended. A pull that was taken for interrupted and comes back to end
    /// takes its true end; one that has ended keeps the end it had.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn close_pull(&self, pull: PullId, end: PullEnd, now: Ts) -> Result<(), Error> {
        let (class, text) = end.error.unzip();
        let client = self.client().await?;
        client
            .execute(
                "UPDATE pulls SET status = $2, bytes = $3, error_class = $4, error = $5,
                                  finished_at = $6
                 WHERE pull_id = $1 AND status IN ('running', 'interrupted')",
                &[
                    &pull.0,
                    &end.status.as_str(),
                    &i64::try_from(end.bytes).unwrap_or(i64::MAX),
                    &class,
                    &text,
                    &PgTs(now),
                ],
            )
            .await?;
        Ok(())
    }

    /// Ends the running pulls of processes that are gone and returns how many there were: a living
    /// process holds the lock of its instance from before its first pull.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn interrupt_orphans(&self, now: Ts) -> Result<u64, Error> {
        let client = self.client().await?;
        Ok(client
            .execute(
                "UPDATE pulls SET status = 'interrupted', finished_at = $1
                 WHERE status = 'running'
                   AND hashtext(instance)::oid NOT IN (
                       SELECT objid FROM pg_locks
                       WHERE locktype = 'advisory' AND granted AND objsubid = 2
                         AND classid = $2::int4::oid
                         AND database = (SELECT oid FROM pg_database
                                         WHERE datname = current_database()))",
                &[&PgTs(now), &locks::INSTANCE],
            )
            .await?)
    }

    /// Ends the running pulls of one source in one process as interrupted, and returns how many there were.
    /// For work that was given up: whoever says so knows that nothing of it runs any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn interrupt_pulls_of(
        &self,
        source: SourceId,
        instance: &str,
        now: Ts,
    ) -> Result<u64, Error> {
        let client = self.client().await?;
        let sql = "UPDATE pulls SET status = 'interrupted', finished_at = $1
                   WHERE status = 'running' AND source = $2 AND instance = $3";
        Ok(client
            .execute(sql, &[&PgTs(now), &source.as_str(), &instance])
            .await?)
    }

    /// Returns the datasets that the ticks since `since` have done with, in whichever process, each with
    /// whether any of its pulls ended otherwise than `failed`: what runs, or was interrupted, is not among
    /// them. Ticks are the runs whose id begins with `named`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn datasets_ticked(
        &self,
        source: SourceId,
        named: &str,
        since: Ts,
    ) -> Result<Vec<(String, bool)>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT dataset, bool_or(status <> 'failed') FROM pulls
                 WHERE source = $1 AND kind = 'live' AND started_at >= $2
                   AND starts_with(run_id, $3) AND status NOT IN ('running', 'interrupted')
                 GROUP BY dataset",
                &[&source.as_str(), &PgTs(since), &named],
            )
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Returns when the newest re-read of a dataset that is not to be repeated was started, among the
    /// runs whose id begins with one of `names`; where there is none, when the dataset's first pull was.
    ///
    /// Not to be repeated is what read all that it was to read, or queued the rest
    /// ([`Self::queue_unread`]).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn last_reread(
        &self,
        source: SourceId,
        dataset: DatasetId,
        names: &[String],
    ) -> Result<Option<Ts>, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT coalesce(
                     max(started_at) FILTER (
                         WHERE kind = 'reread'
                           AND (status IN ('complete', 'no_data') OR left_queued)
                           AND EXISTS (SELECT FROM unnest($3::text[]) AS name
                                       WHERE starts_with(run_id, name || '-'))),
                     min(started_at))
                 FROM pulls WHERE source = $1 AND dataset = $2",
                &[&source.as_str(), &dataset.as_str(), &names],
            )
            .await?;
        Ok(row.get::<_, Option<PgTs>>(0).map(|at| at.0))
    }

    /// Returns how many requests re-reads have cost since `since`, of the runs whose id begins with one of
    /// `names`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reread_requests(
        &self,
        source: SourceId,
        names: &[&str],
        since: Ts,
    ) -> Result<u64, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT coalesce(sum(requests), 0)::int8 FROM pulls
                 WHERE source = $1 AND kind = 'reread' AND started_at >= $3
                   AND EXISTS (SELECT FROM unnest($2::text[]) AS name
                               WHERE starts_with(run_id, name))",
                &[&source.as_str(), &names, &PgTs(since)],
            )
            .await?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }

    /// Returns the newest pulls, of one source or of all, newest first, at most `limit`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn recent_pulls(
        &self,
        source: Option<&str>,
        limit: i64,
    ) -> Result<Vec<PullRow>, Error> {
        let client = self.client().await?;
        let rows = match source {
            Some(source) => {
                let sql = format!(
                    "SELECT {PULL_COLUMNS} FROM pulls WHERE source = $1
                     ORDER BY started_at DESC, pull_id DESC LIMIT $2"
                );
                client.query(&sql, &[&source, &limit]).await?
            }
            None => {
                // By key: in the order in which they were opened, and with an index.
                let sql =
                    format!("SELECT {PULL_COLUMNS} FROM pulls ORDER BY pull_id DESC LIMIT $1");
                client.query(&sql, &[&limit]).await?
            }
        };
        Ok(rows.iter().map(PullRow::read).collect())
    }
}
