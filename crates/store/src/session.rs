//! What a living process holds: the lock of its instance, claims of blocks, leadership.
//!
//! All of it hangs on one connection of its own, never one of the pool: the server lets go of it in
//! the moment in which the process or its connection dies. No leases, nothing to clean up. A
//! connection that was lost is opened again on use, with the name and without anything else: what was
//! claimed has to be claimed again, and leadership comes back only by [`Session::regain`].

mod standing;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use deadpool_postgres::Transaction;
use model::Ts;

use crate::{Error, Store, locks, ranges::PgTs};
use standing::Standing;

/// The locks of one process. Dropping it lets go of them all.
pub struct Session {
    store: Store,
    instance: String,
    /// What stands now, or stood last.
    standing: Mutex<Arc<Standing>>,
    /// Held by the one who opens another connection.
    renewing: tokio::sync::Mutex<()>,
    /// The epoch that this process took.
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
    /// Whether that process holds the lock now.
    pub alive: bool,
}

impl Store {
    /// Opens the connection and takes the lock of this instance, which must be a name that no other
    /// process has.
    ///
    /// # Errors
    /// [`Error::Locked`] where a living process has this name.
    pub async fn session(&self, instance: &str) -> Result<Session, Error> {
        let standing = Standing::take(self, instance, None).await?;
        Ok(Session {
            store: self.clone(),
            instance: instance.to_owned(),
            standing: Mutex::new(Arc::new(standing)),
            renewing: tokio::sync::Mutex::default(),
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
                // The lock alone may be that of another who tries to take it.
                "SELECT epoch, instance, taken_at, EXISTS (
                     SELECT FROM pg_locks l JOIN pg_locks i USING (pid, locktype, database, objsubid)
                     WHERE locktype = 'advisory' AND objsubid = 2 AND l.granted AND i.granted
                       AND l.classid = $1::int4::oid AND i.classid = $2::int4::oid
                       AND i.objid = hashtext(leader.instance)::oid
                       AND database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database()))
                 FROM leader",
                &[&locks::LEADER, &locks::INSTANCE],
            )
            .await?;
        Ok(row.map(|row| LeaderRow {
            epoch: row.get(0),
            instance: row.get(1),
            taken_at: row.get::<_, PgTs>(2).0,
            alive: row.get(3),
        }))
    }

    /// Checks that the epoch that a process took is today's: work by schedule asks before it begins
    /// and before it changes anything beside points, which check it in their own commit.
    ///
    /// # Errors
    /// [`Error::LeadershipLost`] where another process has led since; those of the database.
    pub async fn check_epoch(&self, held: i64) -> Result<(), Error> {
        let client = self.client().await?;
        let row = client.query_opt(EPOCH, &[]).await?;
        is_still(held, row.map(|row| row.get(0)))
    }
}

const EPOCH: &str = "SELECT epoch FROM leader";

/// Checks the epoch for the rest of a transaction: who would lead next waits for its end, so that what it
/// changes is there before the next leader looks. Taken after the lock of what is changed.
pub(crate) async fn hold_epoch(tx: &Transaction<'_>, held: i64) -> Result<(), Error> {
    let row = tx
        .query_opt("SELECT epoch FROM leader FOR SHARE", &[])
        .await?;
    is_still(held, row.map(|row| row.get(0)))
}

/// Compares the epoch that was taken with today's.
pub(crate) fn is_still(held: i64, now: Option<i64>) -> Result<(), Error> {
    match now {
        Some(now) if now == held => Ok(()),
        now => Err(Error::LeadershipLost { held, now }),
    }
}

impl Session {
    /// Returns the name of this process.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Returns the epoch of the leadership that was taken last, if any was.
    pub fn epoch(&self) -> Option<i64> {
        *lock(&self.epoch)
    }

    /// Whether the connection stands. Where it does not, every lock is gone.
    pub fn is_alive(&self) -> bool {
        self.standing().is_alive()
    }

    /// Whether this process took the leadership and its connection has stood ever since.
    pub fn leads(&self) -> bool {
        self.standing().leads()
    }

    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&lock(&self.standing))
    }

    /// Returns what stands, on another connection where the last one was lost.
    async fn renewed(&self) -> Result<Arc<Standing>, Error> {
        let _alone = self.renewing.lock().await;
        let lost = self.standing();
        if lost.is_alive() {
            return Ok(lost);
        }
        let standing = Standing::take(&self.store, &self.instance, Some(&lost)).await?;
        let standing = Arc::new(standing);
        *lock(&self.standing) = Arc::clone(&standing);
        tracing::warn!(
            instance = self.instance,
            "the connection that holds the locks was lost: another one stands"
        );
        Ok(standing)
    }

    /// Claims a block; false where somebody has it, in this process or another.
    ///
    /// A claim whose outcome nobody waited for (the future was dropped) counts as had until
    /// [`Self::release`].
    ///
    /// # Errors
    /// Those of the database; then nothing is claimed.
    pub async fn try_claim(&self, key: i64) -> Result<bool, Error> {
        self.renewed().await?.try_claim(key).await
    }

    /// Whether a claim is had still: with the connection it was lost.
    pub fn holds(&self, key: i64) -> bool {
        self.standing().holds(key)
    }

    /// Lets go of a claim; one that is not held, or no longer, is none of its business.
    ///
    /// # Errors
    /// Those of the database; then it is gone with its connection, or as soon as that ends.
    pub async fn release(&self, key: i64) -> Result<(), Error> {
        self.standing().release(key).await
    }

    /// Takes leadership and returns its epoch, higher than every one before; none where another
    /// process leads. Who leads already gets the epoch that was taken.
    ///
    /// # Errors
    /// [`Error::Locked`] where nobody leads, and a transaction of the leader before, or of whoever else,
    /// still keeps the leadership from changing; those of the database. Then nobody has become leader here.
    pub async fn try_lead(&self, now: Ts) -> Result<Option<i64>, Error> {
        let standing = self.renewed().await?;
        if standing.leads() {
            return Ok(*lock(&self.epoch));
        }
        let epoch = standing.lead(&self.instance, now).await?;
        *lock(&self.epoch) = epoch;
        Ok(epoch)
    }

    /// Takes the leadership that was lost with its connection back, under the epoch that was taken;
    /// false where it cannot be had yet.
    ///
    /// # Errors
    /// [`Error::LeadershipLost`] where another process has led since, or leads, or where none was
    /// ever taken here; those of the database.
    pub async fn regain(&self) -> Result<bool, Error> {
        let held = lock(&self.epoch).unwrap_or_default();
        let standing = self.renewed().await?;
        Ok(standing.leads() || standing.regain(held).await?)
    }

    /// Lets go of everything and ends the connection. Once this returns, whoever asks can have it.
    /// Where the database is away, the server lets go when it notices that the connection is gone.
    pub async fn close(self) {
        let standing = self
            .standing
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        // Nobody else has it: whoever borrows it borrows the session.
        if let Some(standing) = Arc::into_inner(standing) {
            standing.close(&self.instance).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can stop half-way while it holds one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::Options;

    #[tokio::test]
    async fn a_process_that_hangs_in_a_transaction_keeps_nobody_from_leading() {
        let database = testkit::database().await;
        let options = || Options {
            application_name: "the one that hangs".to_owned(),
            pool_size: 2,
        };
        let config = database.config();
        let hangs = Store::connect(&config, options()).await.unwrap();
        let other = Store::connect(&config, options()).await.unwrap();
        let session = hangs.session("one").await.unwrap();
        let epoch = session.try_lead(Ts::from_secs(0)).await.unwrap().unwrap();
        let mut client = hangs.client().await.unwrap();
        let tx = client.transaction().await.unwrap();
        hold_epoch(&tx, epoch).await.unwrap();
        session.close().await;

        let (begun, next) = (Instant::now(), other.session("two").await.unwrap());
        let error = next.try_lead(Ts::from_secs(1)).await.unwrap_err();
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        let told = error.to_string();
        let named = told.starts_with("the row of the leader stays locked by process ")
            && told.contains("(the one that hangs, idle in transaction");
        assert!(error.is_passing() && named, "{told}");
        let epoch = loop {
            match next.try_lead(Ts::from_secs(1)).await {
                Err(error) if error.is_passing() => {}
                led => break led.unwrap(),
            }
        };
        assert_eq!(epoch, Some(2));
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
        let error: Error = tx.commit().await.unwrap_err().into();
        assert!(error.is_passing(), "{error}");
    }
}
