//! Who holds a lock that others wait for, and what to do about one that does not let go.

use std::{fmt, time::Duration};

use deadpool_postgres::GenericClient;
use tokio_postgres::{Client, Row};

use super::{DICTIONARY, SOURCE};
use crate::{Error, Holder, write::Patience};

/// A lock that is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lock<'a> {
    /// The one writer of this source.
    Source(&'a str),
    /// The one who loads the dictionary.
    Dictionary,
}

impl<'a> Lock<'a> {
    /// Returns its class, and the name that the second key is the hash of; empty for 0.
    pub(super) const fn key(self) -> (i32, &'a str) {
        match self {
            Self::Source(name) => (SOURCE, name),
            Self::Dictionary => (DICTIONARY, ""),
        }
    }

    const fn source(self) -> Option<&'a str> {
        match self {
            Self::Source(name) => Some(name),
            Self::Dictionary => None,
        }
    }
}

impl fmt::Display for Lock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(name) => write!(f, "the writer lock of {name}"),
            Self::Dictionary => f.write_str("the lock of the dictionary"),
        }
    }
}

const HOLDER: &str = "\
    SELECT a.pid, a.application_name, coalesce(a.state, ''), coalesce(a.wait_event, ''), \
           greatest(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 \
    FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 \
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
      AND l.classid = $1::int4::oid \
      AND l.objid = (CASE $2::text WHEN '' THEN 0 ELSE hashtext($2) END)::oid";

/// Decides what follows when attempt number `attempt` (from 1) has timed out: another attempt, or
/// the error that names the holder. Ends the holder's connection where it is stuck.
pub(crate) async fn after_timeout(
    client: &impl GenericClient,
    lock: Lock<'_>,
    patience: Patience,
    attempt: u32,
) -> Result<(), Error> {
    let (class, name) = lock.key();
    let row = client.query_opt(HOLDER, &[&class, &name]).await?;
    let holder = row.as_ref().map(holder_of).transpose()?;
    if let Some(holder) = &holder {
        tracing::warn!(
            source = lock.source(),
            pid = holder.pid,
            application_name = holder.application_name,
            state = holder.state,
            waits_for = holder.waits_for,
            since_secs = holder.since.as_secs(),
            "{lock} stays held by process {} ({})",
            holder.pid,
            holder.application_name,
        );
        if is_stuck(holder, patience) {
            end(client, lock, holder).await?;
        }
    }
    if attempt >= patience.attempts {
        return Err(Error::Locked {
            lock: lock.to_string(),
            holder,
        });
    }
    Ok(())
}

/// Of those who have locked or changed rows of a table, the one whose transaction is the oldest.
const HOLDER_OF_ROWS: &str = "\
    SELECT a.pid, a.application_name, coalesce(a.state, ''), coalesce(a.wait_event, ''), \
           greatest(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 \
    FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
    WHERE l.locktype = 'relation' AND l.granted AND l.relation = ($1::text)::regclass \
      AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND l.pid <> pg_backend_pid() \
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    ORDER BY a.xact_start LIMIT 1";

/// Returns who keeps rows of a small table locked, as far as that can be seen.
pub(crate) async fn holder_of_rows(client: &Client, table: &str) -> Result<Option<Holder>, Error> {
    let row = client.query_opt(HOLDER_OF_ROWS, &[&table]).await?;
    row.as_ref().map(holder_of).transpose()
}

fn holder_of(row: &Row) -> Result<Holder, Error> {
    Ok(Holder {
        pid: row.try_get(0)?,
        application_name: row.try_get(1)?,
        state: row.try_get(2)?,
        waits_for: row.try_get(3)?,
        since: Duration::try_from_secs_f64(row.try_get(4)?).unwrap_or_default(),
    })
}

fn is_stuck(holder: &Holder, patience: Patience) -> bool {
    holder.waits_for == "ClientRead" && holder.since >= patience.stuck_after
}

/// Ends the connection of a holder that waits for a client that sends nothing. A stalled COPY
/// answers to nothing less: statement time-outs and cancel requests do not reach it.
async fn end(client: &impl GenericClient, lock: Lock<'_>, holder: &Holder) -> Result<(), Error> {
    tracing::error!(
        source = lock.source(),
        pid = holder.pid,
        application_name = holder.application_name,
        "ended process {} ({}): it held {lock} and its client sent nothing for {} s",
        holder.pid,
        holder.application_name,
        holder.since.as_secs(),
    );
    // Looked at once more: the number may belong to somebody else by now.
    client
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE pid = $1 AND wait_event = 'ClientRead' AND state <> 'idle'",
            &[&holder.pid],
        )
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_holder_that_waits_for_its_client_for_long_is_stuck() {
        let patience = Patience::default();
        let holder = |waits_for: &str, secs| Holder {
            pid: 1,
            application_name: String::new(),
            state: "active".to_owned(),
            waits_for: waits_for.to_owned(),
            since: Duration::from_secs(secs),
        };
        assert!(is_stuck(&holder("ClientRead", 60), patience));
        assert!(!is_stuck(&holder("ClientRead", 59), patience));
        assert!(!is_stuck(&holder("", 600), patience));
        assert!(!is_stuck(&holder("DataFileRead", 600), patience));
    }
}
