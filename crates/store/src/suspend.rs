//! What does not run until an operator resumes it. Nothing in here ends a suspension by itself.

use std::fmt;

use model::{DatasetId, SourceId, Ts};

use crate::{Error, Store, ranges::PgTs};

/// One thing that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspensionRow {
    /// The vendor.
    pub source: String,
    /// The dataset; empty for the whole source.
    pub dataset: String,
    /// The parameter of a function that the plan refuses; empty for all.
    pub parameter: String,
    /// Class of the answer that led here.
    pub class: String,
    /// What the vendor said, redacted.
    pub reason: String,
    /// Since when.
    pub since: Ts,
}

impl fmt::Display for SuspensionRow {
    /// Names what does not run: `velo`, `velo rows`, `alphavantage daily outputsize`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        for part in [&self.dataset, &self.parameter] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        Ok(())
    }
}

impl SuspensionRow {
    fn read(row: &tokio_postgres::Row) -> Self {
        Self {
            source: row.get(0),
            dataset: row.get(1),
            parameter: row.get(2),
            class: row.get(3),
            reason: row.get(4),
            since: row.get::<_, PgTs>(5).0,
        }
    }
}

/// Live ticks in a row that brought nothing but refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The vendor.
    pub source: String,
    /// The dataset.
    pub dataset: String,
    /// How many so far.
    pub ticks: i32,
    /// When the first of them was.
    pub since: Ts,
}

impl Store {
    /// Suspends a source, a dataset (`dataset` not empty) or a parameter of it. What is suspended
    /// already keeps its `since` and takes the newer reason.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn suspend(
        &self,
        source: SourceId,
        dataset: &str,
        parameter: &str,
        class: &str,
        reason: &str,
        now: Ts,
    ) -> Result<(), Error> {
        let client = self.client().await?;
        client
            .execute(
                "INSERT INTO suspensions AS s (source, dataset, parameter, class, reason, since)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (source, dataset, parameter) DO UPDATE
                 SET class = excluded.class, reason = excluded.reason
                 WHERE (s.class, s.reason) IS DISTINCT FROM (excluded.class, excluded.reason)",
                &[
                    &source.as_str(),
                    &dataset,
                    &parameter,
                    &class,
                    &reason,
                    &PgTs(now),
                ],
            )
            .await?;
        Ok(())
    }

    /// Returns all suspensions, by source, dataset and parameter.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn suspensions(&self) -> Result<Vec<SuspensionRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT source, dataset, parameter, class, reason, since FROM suspensions
                 ORDER BY source, dataset, parameter",
                &[],
            )
            .await?;
        Ok(rows.iter().map(SuspensionRow::read).collect())
    }

    /// Ends the suspensions of a source, all of them or those of one dataset, and returns what they
    /// were; refused ticks count from nothing again. Only for a command that an operator typed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn resume(
        &self,
        source: &str,
        dataset: Option<&str>,
    ) -> Result<Vec<SuspensionRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "WITH refused AS (DELETE FROM refused_ticks
                                  WHERE source = $1 AND ($2::text IS NULL OR dataset = $2)),
                 lifted AS (DELETE FROM suspensions
                            WHERE source = $1 AND ($2 IS NULL OR dataset = $2)
                            RETURNING *)
                 SELECT source, dataset, parameter, class, reason, since FROM lifted
                 ORDER BY source, dataset, parameter",
                &[&source, &dataset],
            )
            .await?;
        Ok(rows.iter().map(SuspensionRow::read).collect())
    }

    /// Returns how many live ticks in a row brought nothing but refusals, dataset by dataset; none of
    /// those whose newest answer was good.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn refused_ticks(&self) -> Result<Vec<RefusedRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT source, dataset, ticks, since FROM refused_ticks ORDER BY source, dataset",
                &[],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| RefusedRow {
                source: row.get(0),
                dataset: row.get(1),
                ticks: row.get(2),
                since: row.get::<_, PgTs>(3).0,
            })
            .collect())
    }

    /// Counts a live tick that brought nothing but refusals, and returns how many there were in a row.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn count_refused(
        &self,
        source: SourceId,
        dataset: DatasetId,
        now: Ts,
    ) -> Result<i32, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "INSERT INTO refused_ticks AS r (source, dataset, ticks, since)
                 VALUES ($1, $2, 1, $3)
                 ON CONFLICT (source, dataset) DO UPDATE SET ticks = r.ticks + 1
                 RETURNING ticks",
                &[&source.as_str(), &dataset.as_str(), &PgTs(now)],
            )
            .await?;
        Ok(row.get(0))
    }

    /// Ends the row of refused ticks: there was a good answer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_refused(&self, source: SourceId, dataset: DatasetId) -> Result<(), Error> {
        let client = self.client().await?;
        let sql = "DELETE FROM refused_ticks WHERE source = $1 AND dataset = $2";
        client
            .execute(sql, &[&source.as_str(), &dataset.as_str()])
            .await?;
        Ok(())
    }
}
