//! One writer of a source at a time.

use std::time::Duration;

use deadpool_postgres::Transaction;
use futures_util::future::try_join3;
use model::{SourceId, Ts};
use tokio_postgres::types::ToSql;

use super::statements::Statements;
use crate::locks;

/// How long the lock of a source is waited for.
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
