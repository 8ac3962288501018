//! One writer of a source at a time, and what to do about a holder that does not let go.

use std::time::Duration;

use deadpool_postgres::{Client, Transaction};
use futures_util::future::try_join3;
use model::{SourceId, Ts};
use tokio_postgres::{Row, types::ToSql};

use super::statements::Statements;
use crate::{Error, Holder, locks};

/// How long a writer waits for the lock of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one attempt; afterwards the holder is looked at.
    pub attempt: Duration,
    /// How many attempts.
    pub attempts: u32,
    /// A holder that has waited for its own client for so long is dead to the world: its connection
    /// is ended.
    pub stuck_after: Duration,
}

impl Default for Patience {
    /// Long enough that a holder gets stuck, is ended, and the lock is had.
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            attempts: 8,
            stuck_after: Duration::from_secs(60),
        }
    }
}

impl Patience {
    /// Returns how long all attempts take together.
    pub const fn longest(self) -> Duration {
        self.attempt.saturating_mul(self.attempts)
    }
}

/// What was true when the lock was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) epoch: Option<i64>,
    pub(super) somebody_waits: bool,
}

/// Takes the lock of `source` for the rest of the transaction.
///
/// Everything that this transaction reads or writes of points goes by an index, so the planner is
/// not asked: on a table that has just grown from nothing its guess would be the other one.
pub(super) async fn take(
    tx: &Transaction<'_>,
    statements: &Statements,
    source: SourceId,
    patience: Patience,
    simulated_now: Option<Ts>,
) -> Result<State, tokio_postgres::Error> {
    let clock = simulated_now.map_or_else(String::new, |now| {
        format!("; SET LOCAL crossfeed.now = '{now}'")
    });
    let settings = format!(
        "SET LOCAL lock_timeout = {}; SET LOCAL enable_seqscan = off{clock}",
        patience.attempt.as_millis()
    );
    let name = source.as_str();
    let key: [&(dyn ToSql + Sync); 2] = [&locks::SOURCE, &name];
    // Sent in one go; the server answers them in turn.
    let ((), _, row) = try_join3(
        tx.batch_execute(&settings),
        tx.execute(&statements.lock, &key),
        tx.query_one(&statements.state, &key),
    )
    .await?;
    Ok(State {
        epoch: row.try_get(0)?,
        somebody_waits: row.try_get(1)?,
    })
}

const HOLDER: &str = "\
    SELECT a.pid, a.application_name, coalesce(a.state, ''), coalesce(a.wait_event, ''), \
           greatest(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 \
    FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 \
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
      AND l.classid = $1::int4::oid AND l.objid = hashtext($2)::oid";

/// Decides what follows when attempt number `attempt` (from 1) has timed out: another attempt, or
/// the error that names the holder. Ends the holder's connection where it is stuck.
pub(super) async fn after_timeout(
    client: &Client,
    source: SourceId,
    patience: Patience,
    attempt: u32,
) -> Result<(), Error> {
    let row = client
        .query_opt(HOLDER, &[&locks::SOURCE, &source.as_str()])
        .await?;
    let holder = row.as_ref().map(holder_of).transpose()?;
    if let Some(holder) = &holder {
        tracing::warn!(
            source = source.as_str(),
            pid = holder.pid,
            application_name = holder.application_name,
            state = holder.state,
            waits_for = holder.waits_for,
            since_secs = holder.since.as_secs(),
            "the writer lock of {source} stays held by process {} ({})",
            holder.pid,
            holder.application_name,
        );
        if is_stuck(holder, patience) {
            end(client, source, holder).await?;
        }
    }
    if attempt >= patience.attempts {
        return Err(Error::Locked {
            lock: format!("the writer lock of {source}"),
            holder,
        });
    }
    Ok(())
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
async fn end(client: &Client, source: SourceId, holder: &Holder) -> Result<(), Error> {
    tracing::error!(
        source = source.as_str(),
        pid = holder.pid,
        application_name = holder.application_name,
        "ended process {} ({}): it held the writer lock of {source} and its client sent nothing for {} s",
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
