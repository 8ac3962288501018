//! The advisory locks of the project, all named in one place.
//!
//! PostgreSQL keeps two spaces of advisory keys apart: one `bigint`, or two `int`. Claims of blocks
//! have the first space to themselves; everything else lies in the second, where the first number
//! is one of the classes below and the second says which. All of them belong to one database.
//!
//! Order, everywhere: source lock, row of `pulls`, rows by series id; several sources in the order
//! of their names.

mod holder;

use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;

use crate::{Error, Store, write::Patience};
pub(crate) use holder::{Lock, after_timeout, holder_of_rows};

/// One process applies migrations. Second key 0.
pub(crate) const MIGRATIONS: i32 = 0x0CF0_0001;
/// One writer of a source at a time. Second key `hashtext(source)`: a collision of two sources only
/// makes them take turns.
pub(crate) const SOURCE: i32 = 0x0CF0_0002;
/// A living process. Second key `hashtext(instance)`.
pub(crate) const INSTANCE: i32 = 0x0CF0_0003;
/// The process that runs the schedule. Second key 0.
pub(crate) const LEADER: i32 = 0x0CF0_0004;
/// One process loads the dictionary. Second key 0.
pub(crate) const DICTIONARY: i32 = 0x0CF0_0005;
/// One process writes the catalogue of a source. Second key `hashtext(source)`.
pub(crate) const LISTINGS: i32 = 0x0CF0_0006;
/// One process counts the quota of a host whose window spans several rows. Second key
/// `hashtext(source/host)`. Held alone.
pub(crate) const QUOTA: i32 = 0x0CF0_0007;

/// Takes a lock for the rest of a transaction that is not a write of points. It waits as a writer does: a
/// holder is named in the log each time, and ended where it is stuck. May be given up.
///
/// # Errors
/// [`Error::Locked`], which names the lock and its holder; those of the database.
pub(crate) async fn take(
    store: &Store,
    tx: &mut Transaction<'_>,
    lock: Lock<'_>,
    patience: Patience,
) -> Result<(), Error> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let waiting = store.cancel_on_drop(tx);
        let tried = attempt_to(tx, lock, patience).await;
        waiting.done();
        match tried {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                after_timeout(tx, lock, patience, attempt).await?;
            }
            taken => return Ok(taken?),
        }
    }
}

/// Does so once. The transaction can be used afterwards, whatever came of it.
async fn attempt_to(
    tx: &mut Transaction<'_>,
    lock: Lock<'_>,
    patience: Patience,
) -> Result<(), tokio_postgres::Error> {
    let (class, name) = lock.key();
    let part = tx.savepoint("lock").await?;
    let wait = format!("SET LOCAL lock_timeout = {}", patience.attempt.as_millis());
    part.batch_execute(&wait).await?;
    part.execute(
        "SELECT pg_advisory_xact_lock($1, CASE $2::text WHEN '' THEN 0 ELSE hashtext($2) END)",
        &[&class, &name],
    )
    .await?;
    part.commit().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_postgres::NoTls;

    use super::*;
    use crate::Options;

    #[tokio::test]
    async fn a_lock_that_is_held_is_named_with_its_holder_and_had_once_that_one_ends() {
        let database = testkit::database().await;
        let options = Options {
            application_name: "holder".to_owned(),
            pool_size: 4,
        };
        let store = Store::connect(&database.config(), options).await.unwrap();
        let hasty = Patience {
            attempt: Duration::from_millis(50),
            attempts: 2,
            stuck_after: Duration::from_secs(60),
        };
        for (lock, name) in [
            (Lock::Source("acme"), "the writer lock of acme"),
            (Lock::Dictionary, "the lock of the dictionary"),
        ] {
            let (mut one, mut two) = (store.client().await.unwrap(), store.client().await.unwrap());
            let mut holds = one.transaction().await.unwrap();
            take(&store, &mut holds, lock, hasty).await.unwrap();
            let mut waits = two.transaction().await.unwrap();
            let error = take(&store, &mut waits, lock, hasty).await.unwrap_err();
            assert!(error.is_passing());
            let text = error.to_string();
            let told = format!("{name} stays locked by process ");
            assert!(
                text.starts_with(&told) && text.contains("(holder, "),
                "{text}"
            );
            holds.commit().await.unwrap();
            // In the transaction that has failed to before.
            take(&store, &mut waits, lock, hasty).await.unwrap();
        }
    }

    #[tokio::test]
    async fn who_gives_the_wait_up_leaves_nobody_waiting_behind_it() {
        let database = testkit::database().await;
        let options = Options {
            application_name: "one connection".to_owned(),
            pool_size: 1,
        };
        let store = Store::connect(&database.config(), options).await.unwrap();
        let (holder, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let lock = "SELECT pg_advisory_lock(x'0CF00005'::int8::int4, 0)";
        holder.batch_execute(lock).await.unwrap();
        let patience = Patience::default();
        let mut client = store.client().await.unwrap();
        let mut tx = client.transaction().await.unwrap();
        let wait = take(&store, &mut tx, Lock::Dictionary, patience);
        let short = Duration::from_millis(300);
        assert!(tokio::time::timeout(short, wait).await.is_err());
        drop(tx);
        drop(client);
        let world = tokio::time::timeout(patience.attempt / 2, store.world()).await;
        assert_eq!(world.unwrap().unwrap(), None);
    }

    #[tokio::test]
    async fn a_holder_whose_client_is_gone_is_ended() {
        let database = testkit::database().await;
        let options = Options {
            application_name: "holder".to_owned(),
            pool_size: 4,
        };
        let store = Store::connect(&database.config(), options).await.unwrap();
        let patience = Patience {
            attempt: Duration::from_millis(100),
            attempts: 50,
            stuck_after: Duration::from_millis(300),
        };
        let (mut one, mut two) = (store.client().await.unwrap(), store.client().await.unwrap());
        let mut holds = one.transaction().await.unwrap();
        take(&store, &mut holds, Lock::Dictionary, patience)
            .await
            .unwrap();
        let mut waits = two.transaction().await.unwrap();
        take(&store, &mut waits, Lock::Dictionary, patience)
            .await
            .unwrap();
        assert!(holds.commit().await.is_err());
    }
}
