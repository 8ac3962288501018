//! What a living process holds: the lock of its instance, claims of blocks, leadership.
//!
//! All of it hangs on one connection of its own, never one of the pool: the server lets go of it in
//! the moment in which the process or its connection dies. No leases, nothing to clean up.

use std::{
    collections::HashSet,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use model::Ts;

use crate::{Error, Store, connect::OwnConnection, locks, ranges::PgTs};

/// The locks of one process. Dropping it lets go of them all.
pub struct Session {
    connection: OwnConnection,
    instance: String,
    /// The server counts a lock twice that one connection takes twice: who asks first has it.
    claims: Mutex<HashSet<i64>>,
    epoch: Mutex<Option<i64>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("instance", &self.instance)
            .field("alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}

/// Who runs the schedule, or ran it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderRow {
    /// Raised by one each time leadership is taken.
    pub epoch: i64,
    /// The process that took it last.
    pub instance: String,
    /// When.
    pub taken_at: Ts,
    /// Whether a process holds the lock now.
    pub alive: bool,
}

impl Store {
    /// Opens the connection and takes the lock of this instance, which must be a name that no other
    /// process has.
    ///
    /// # Errors
    /// [`Error::Locked`] where a living process has this name.
    pub async fn session(&self, instance: &str) -> Result<Session, Error> {
        let connection = self.own_connection().await?;
        let taken: bool = connection
            .query_one(
                "SELECT pg_try_advisory_lock($1, hashtext($2))",
                &[&locks::INSTANCE, &instance],
            )
            .await?
            .get(0);
        if !taken {
            connection.close().await;
            return Err(Error::Locked {
                lock: format!("the instance name {instance}"),
                holder: None,
            });
        }
        Ok(Session {
            connection,
            instance: instance.to_owned(),
            claims: Mutex::default(),
            epoch: Mutex::default(),
        })
    }

    /// Returns who leads, or led last.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn leader(&self) -> Result<Option<LeaderRow>, Error> {
        let client = self.client().await?;
        let row = client
            .query_opt(
                "SELECT epoch, instance, taken_at, EXISTS (
                     SELECT FROM pg_locks
                     WHERE locktype = 'advisory' AND granted AND objsubid = 2
                       AND classid = $1::int4::oid
                       AND database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database()))
                 FROM leader",
                &[&locks::LEADER],
            )
            .await?;
        Ok(row.map(|row| LeaderRow {
            epoch: row.get(0),
            instance: row.get(1),
            taken_at: row.get::<_, PgTs>(2).0,
            alive: row.get(3),
        }))
    }
}

impl Session {
    /// Returns the name of this process.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Whether the connection stands. Where it does not, every lock is gone.
    pub fn is_alive(&self) -> bool {
        !self.connection.is_closed()
    }

    /// Claims a block; false where somebody has it, in this process or another.
    ///
    /// A claim whose outcome nobody waited for (the future was dropped) counts as had until
    /// [`Self::release`].
    ///
    /// # Errors
    /// Those of the database; then nothing is claimed.
    pub async fn try_claim(&self, key: i64) -> Result<bool, Error> {
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

    /// Lets go of a claim; one that is not held is none of its business.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release(&self, key: i64) -> Result<(), Error> {
        if !lock(&self.claims).contains(&key) {
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

    /// Takes leadership and returns its epoch, higher than every one before; none where another
    /// process leads. Who leads already gets the epoch that was taken.
    ///
    /// # Errors
    /// Those of the database; then nobody has become leader here.
    pub async fn try_lead(&self) -> Result<Option<i64>, Error> {
        let held = *lock(&self.epoch);
        if held.is_some() && self.is_alive() {
            return Ok(held);
        }
        // Both in one statement: who has the lock raises the epoch, nobody else.
        let row = self
            .connection
            .query_opt(
                "INSERT INTO leader AS l (epoch, instance, taken_at)
                 SELECT 1, $2, crossfeed_now() FROM pg_try_advisory_lock($1, 0) AS taken WHERE taken
                 ON CONFLICT (one) DO UPDATE
                 SET epoch = l.epoch + 1, instance = excluded.instance, taken_at = excluded.taken_at
                 RETURNING epoch",
                &[&locks::LEADER, &self.instance],
            )
            .await?;
        let epoch = row.map(|row| row.get(0));
        *lock(&self.epoch) = epoch;
        Ok(epoch)
    }

    /// Lets go of everything and ends the connection. Once this returns, whoever asks can have it.
    /// Where the database is away, the server lets go when it notices that the connection is gone.
    pub async fn close(self) {
        // Not left to the end of the connection, which the server gets to hear of a moment later.
        let let_go = self
            .connection
            .batch_execute("SELECT pg_advisory_unlock_all()")
            .await;
        if let Err(error) = let_go {
            tracing::warn!(instance = self.instance, %error, "locks are left to the end of their connection");
        }
        self.connection.close().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can stop half-way while it holds one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
