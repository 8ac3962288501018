//! A vendor that said "your quota is spent" is left alone by everybody until the time it named.
//!
//! Unlike a suspension this ends by itself; an operator may end it earlier.

use model::{SourceId, Ts};

use crate::{Error, Store, ranges::PgTs};

/// A host of a vendor that nobody asks for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedRow {
    /// The vendor.
    pub source: String,
    /// Its host.
    pub host: String,
    /// Until when.
    pub until: Ts,
    /// What the vendor said, redacted.
    pub why: String,
}

impl Store {
    /// Lets nobody ask a host before `until`. Of two words the later time holds.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn park(
        &self,
        source: SourceId,
        host: &str,
        until: Ts,
        why: &str,
        now: Ts,
    ) -> Result<(), Error> {
        let client = self.client().await?;
        client
            .execute(
                "INSERT INTO pace AS p (source, host, next_at, parked_until, parked_why)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (source, host) DO UPDATE
                 SET parked_until = excluded.parked_until, parked_why = excluded.parked_why
                 WHERE (p.parked_until >= excluded.parked_until) IS NOT TRUE",
                &[&source.as_str(), &host, &PgTs(now), &PgTs(until), &why],
            )
            .await?;
        Ok(())
    }

    /// Returns what is parked at `now`, by source and host.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn parked(&self, now: Ts) -> Result<Vec<ParkedRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT source, host, parked_until, coalesce(parked_why, '') FROM pace
                 WHERE parked_until > $1 ORDER BY source, host",
                &[&PgTs(now)],
            )
            .await?;
        Ok((rows.iter())
            .map(|row| ParkedRow {
                source: row.get(0),
                host: row.get(1),
                until: row.get::<_, PgTs>(2).0,
                why: row.get(3),
            })
            .collect())
    }

    /// Ends the parking of a source and returns how many of its hosts were parked at `now`. Only
    /// for a command that an operator typed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unpark(&self, source: &str, now: Ts) -> Result<usize, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "WITH was AS (SELECT host, parked_until FROM pace
                              WHERE source = $1 AND parked_until IS NOT NULL FOR UPDATE)
                 UPDATE pace p SET parked_until = NULL, parked_why = NULL
                 FROM was WHERE p.source = $1 AND p.host = was.host
                 RETURNING was.parked_until > $2",
                &[&source, &PgTs(now)],
            )
            .await?;
        Ok(rows.iter().filter(|row| row.get(0)).count())
    }
}
