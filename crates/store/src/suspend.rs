//! What does not run until an operator resumes it. Nothing in here ends a suspension by itself.

use model::{SourceId, Ts};

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
        Ok((rows.iter())
            .map(|row| SuspensionRow {
                source: row.get(0),
                dataset: row.get(1),
                parameter: row.get(2),
                class: row.get(3),
                reason: row.get(4),
                since: row.get::<_, PgTs>(5).0,
            })
            .collect())
    }

    /// Ends every suspension of a source and returns how many there were. Only for a command that
    /// an operator typed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn resume(&self, source: &str) -> Result<u64, Error> {
        let client = self.client().await?;
        Ok(client
            .execute("DELETE FROM suspensions WHERE source = $1", &[&source])
            .await?)
    }
}
