//! The advisory locks of the project, all named in one place.
//!
//! PostgreSQL keeps two spaces of advisory keys apart: one `bigint`, or two `int`. Claims of blocks
//! have the first space to themselves; everything else lies in the second, where the first number
//! is one of the classes below and the second says which. All of them belong to one database.
//!
//! Order, everywhere: source lock, row of `pulls`, rows by series id; several sources in the order
//! of their names.

use deadpool_postgres::Transaction;

use crate::Error;

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

/// Takes the lock of a source for the rest of a transaction that is not a write of points: it waits
/// for a minute at most, and leaves it to writers to end a holder that is stuck.
pub(crate) async fn take_source(tx: &Transaction<'_>, source: &str) -> Result<(), Error> {
    tx.batch_execute("SET LOCAL lock_timeout = '60s'").await?;
    tx.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))",
        &[&SOURCE, &source],
    )
    .await?;
    Ok(())
}
