//! One connection of a session and all that hangs on it: what it holds goes with it.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use model::Ts;
use tokio_postgres::error::SqlState;

use super::{EPOCH, is_still, lock};
use crate::{
    Error, Store,
    connect::OwnConnection,
    locks::{self, holder_of_rows},
    ranges::PgTs,
};

/// Of all that a session does only taking the leadership can wait, and who waits hears nothing else.
const SETTINGS: &str = "SET lock_timeout = '2s'";

/// Which process of the server a connection is.
#[derive(Debug)]
struct Backend {
    pid: i32,
    /// As text: a number comes again, a number with its start does not.
    started: String,
}

/// A connection with the lock of the instance.
#[derive(Debug)]
pub(super) struct Standing {
    connection: OwnConnection,
    backend: Backend,
    /// The server counts a lock twice that one connection takes twice: who asks first has it.
    claims: Mutex<HashSet<i64>>,
    leads: AtomicBool,
}

impl Standing {
    /// Opens a connection and takes the name. Where the server still believes in the one that was
    /// `lost`, that one is ended.
    pub(super) async fn take(
        store: &Store,
        instance: &str,
        lost: Option<&Self>,
    ) -> Result<Self, Error> {
        let connection = store.own_connection().await?;
        let mut taken = name(&connection, instance).await?;
        if let (false, Some(lost)) = (taken, lost) {
            lost.backend.end(&connection).await?;
            taken = name(&connection, instance).await?;
        }
        if !taken {
            connection.close().await;
            return Err(Error::Locked {
                lock: format!("the instance name {instance}"),
                holder: None,
            });
        }
        let backend = Backend::of(&connection).await?;
        connection.batch_execute(SETTINGS).await?;
        Ok(Self {
            connection,
            backend,
            claims: Mutex::default(),
            leads: AtomicBool::new(false),
        })
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.connection.is_closed()
    }

    pub(super) fn leads(&self) -> bool {
        self.is_alive() && self.leads.load(Ordering::Acquire)
    }

    pub(super) fn holds(&self, key: i64) -> bool {
        self.is_alive() && lock(&self.claims).contains(&key)
    }

    pub(super) async fn try_claim(&self, key: i64) -> Result<bool, Error> {
        if !lock(&self.claims).insert(key) {
            return Ok(false);
        }
        let answer = self
            .connection
            .query_one("SELECT pg_try_advisory_lock($1::int8)", &[&key])
            .await;
        let claimed = answer.as_ref().is_ok_and(|row| row.get(0));
        if !claimed {
            lock(&self.claims).remove(&key);
        }
        answer?;
        Ok(claimed)
    }

    pub(super) async fn release(&self, key: i64) -> Result<(), Error> {
        if !self.holds(key) {
            return Ok(());
        }
        let answer = self
            .connection
            .query_one("SELECT pg_advisory_unlock($1::int8)", &[&key])
            .await;
        lock(&self.claims).remove(&key);
        answer?;
        Ok(())
    }

    pub(super) async fn lead(&self, instance: &str, now: Ts) -> Result<Option<i64>, Error> {
        // Both in one statement: who has the lock raises the epoch, nobody else.
        let row = self
            .connection
            .query_opt(
                "INSERT INTO leader AS l (epoch, instance, taken_at)
                 SELECT 1, $2, $3 FROM pg_try_advisory_lock($1, 0) AS taken WHERE taken
                 ON CONFLICT (one) DO UPDATE
                 SET epoch = l.epoch + 1, instance = excluded.instance, taken_at = excluded.taken_at
                 RETURNING epoch",
                &[&locks::LEADER, &instance, &PgTs(now)],
            )
            .await;
        let row = match row {
            Ok(row) => row,
            Err(error) => return Err(self.not_led(error).await),
        };
        self.leads.store(row.is_some(), Ordering::Release);
        Ok(row.map(|row| row.get(0)))
    }

    /// Gives the lock back that a statement took before it failed, and says why it did.
    async fn not_led(&self, error: tokio_postgres::Error) -> Error {
        let let_go = "SELECT pg_advisory_unlock($1, 0)";
        // Where that fails, too, the connection is gone, and the lock with it.
        if let Err(error) = self.connection.query_one(let_go, &[&locks::LEADER]).await {
            return error.into();
        }
        if error.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return error.into();
        }
        match holder_of_rows(&self.connection, "leader").await {
            Ok(holder) => Error::Locked {
                lock: "the row of the leader".to_owned(),
                holder,
            },
            Err(error) => error,
        }
    }

    pub(super) async fn regain(&self, held: i64) -> Result<bool, Error> {
        let lead = "SELECT pg_try_advisory_lock($1, 0)";
        let taken: bool = self
            .connection
            .query_one(lead, &[&locks::LEADER])
            .await?
            .get(0);
        // A statement of its own: what it sees has to be younger than the lock.
        let now = self.connection.query_opt(EPOCH, &[]).await;
        let ours = now
            .map_err(Error::from)
            .and_then(|row| is_still(held, row.map(|row| row.get(0))));
        if taken && ours.is_err() {
            let let_go = "SELECT pg_advisory_unlock($1, 0)";
            self.connection.query_one(let_go, &[&locks::LEADER]).await?;
        }
        ours?;
        self.leads.store(taken, Ordering::Release);
        Ok(taken)
    }

    pub(super) async fn close(self, instance: &str) {
        // Not left to the end of the connection, which the server gets to hear of a moment later.
        let let_go = self
            .connection
            .batch_execute("SELECT pg_advisory_unlock_all()")
            .await;
        if let Err(error) = let_go {
            tracing::warn!(instance, %error, "locks are left to the end of their connection");
        }
        self.connection.close().await;
    }
}

/// Takes the lock of the instance; false where somebody has it.
async fn name(connection: &OwnConnection, instance: &str) -> Result<bool, Error> {
    let take = "SELECT pg_try_advisory_lock($1, hashtext($2))";
    let row = connection
        .query_one(take, &[&locks::INSTANCE, &instance])
        .await?;
    Ok(row.get(0))
}

impl Backend {
    async fn of(connection: &OwnConnection) -> Result<Self, Error> {
        let row = connection
            .query_one(
                "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                &[],
            )
            .await?;
        Ok(Self {
            pid: row.get(0),
            started: row.get(1),
        })
    }

    /// Ends it where it is still there: a connection that broke on the way is believed in by the
    /// server for as long as its keep-alives take, and so are its locks.
    async fn end(&self, connection: &OwnConnection) -> Result<(), Error> {
        connection
            .execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE pid = $1 AND backend_start::text = $2",
                &[&self.pid, &self.started],
            )
            .await?;
        Ok(())
    }
}
