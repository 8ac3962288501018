//! What can go wrong, by what the caller does next.

use std::time::Duration;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::error::{DbError, SqlState};

use crate::{World, series::SeriesId, tls};

/// What can go wrong in the store. The text of an error holds what the driver said, so the driver's own
/// error is no [`std::error::Error::source`]: a chain would say it twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// PostgreSQL is away, starting, stopping or full of connections: wait, then do the whole call again.
    #[error("PostgreSQL is not available: {text}")]
    Unavailable {
        /// What it said.
        text: String,
        /// The driver's error, where there is one.
        driver: Option<tokio_postgres::Error>,
    },
    /// Two transactions met: do the whole call again at once.
    #[error("a concurrent transaction came between: {text}")]
    Conflict {
        /// What the server said.
        text: String,
        /// The driver's error, where there is one.
        driver: Option<tokio_postgres::Error>,
    },
    /// Somebody holds a lock for too long: do the whole call again, and say who it is.
    #[error("{lock} stays locked{}", by(.holder.as_ref()))]
    Locked {
        /// What is locked.
        lock: String,
        /// Who holds it, where that could be seen.
        holder: Option<Holder>,
    },
    /// No space left: an operator frees some; until then wait and say so.
    #[error("PostgreSQL has no space left: {text}")]
    DiskFull {
        /// What the server said.
        text: String,
        /// The driver's error.
        driver: tokio_postgres::Error,
    },
    /// Wrong user, password or rights: an operator mends it; trying again does not.
    #[error("PostgreSQL refuses this user: {text}")]
    Denied {
        /// What the server said.
        text: String,
        /// The driver's error.
        driver: tokio_postgres::Error,
    },
    /// The server does not prove who it is: an operator names the root certificate, or another
    /// address.
    #[error(
        "PostgreSQL shows a certificate that this machine does not trust ({text}): name a PEM file \
         with the certificate that signed it in SSL_CERT_FILE, and reach the server by a name that \
         its certificate has"
    )]
    Untrusted {
        /// What is wrong with it.
        text: String,
        /// The driver's error.
        driver: tokio_postgres::Error,
    },
    /// The server cannot carry this program: an operator chooses another.
    #[error("{0}")]
    UnfitServer(String),
    /// The schema is not the one this program was built with.
    #[error("{}", schema_text(*.have, *.want))]
    Schema {
        /// Version found; 0 where there is none.
        have: i32,
        /// Version of this program.
        want: i32,
    },
    /// A migration that was applied differs from the one in this program.
    #[error(
        "migration V{version} ({name}) was applied with other content than this program has: the database belongs to another build"
    )]
    SchemaDiverged {
        /// Its number.
        version: i32,
        /// Its name.
        name: String,
    },
    /// A migration failed; the ones before it stay.
    #[error("a migration failed")]
    Migration(#[source] Box<refinery::Error>),
    /// This database holds data of the other world.
    #[error(
        "this database holds {have} data and this program would write {want} data: use another database, or set CROSSFEED_WORLD if you are sure"
    )]
    WorldMixed {
        /// What the database holds.
        have: World,
        /// What was about to be written.
        want: World,
    },
    /// Another process leads: stop what the schedule started.
    #[error("leadership lost: this process took epoch {held}, the database says {}", epoch_text(*.now))]
    LeadershipLost {
        /// The epoch the caller took.
        held: i64,
        /// The epoch of today's leader.
        now: Option<i64>,
    },
    /// A point or settlement names a series that this source does not have: a bug of the caller.
    #[error("series {0} does not belong to this source")]
    UnknownSeries(SeriesId),
    /// A catalogue so much smaller than the last that it is not believed; nothing was changed.
    #[error(
        "the catalogue of {source_name} lists {listed} where {known} were listed before: not believed"
    )]
    Catalogue {
        /// The vendor.
        source_name: String,
        /// Listings in the answer.
        listed: usize,
        /// Listings that are active now.
        known: usize,
    },
    /// Anything else that the database answers: a bug here.
    #[error("the database refused a statement: {text}")]
    Database {
        /// What the server said.
        text: String,
        /// The driver's error.
        driver: tokio_postgres::Error,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody mending anything.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Conflict { .. }
                | Self::Locked { .. }
                | Self::DiskFull { .. }
        )
    }
}

/// A connection that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its server process.
    pub pid: i32,
    /// What it calls itself.
    pub application_name: String,
    /// `active`, `idle in transaction`, ….
    pub state: String,
    /// What it waits for; empty where it works.
    pub waits_for: String,
    /// For how long its state has lasted.
    pub since: Duration,
}

fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| {
        format!(
            " by process {} ({}, {}{}{} for {} s)",
            holder.pid,
            holder.application_name,
            holder.state,
            if holder.waits_for.is_empty() {
                ""
            } else {
                ", waits for "
            },
            holder.waits_for,
            holder.since.as_secs()
        )
    })
}

fn epoch_text(epoch: Option<i64>) -> String {
    epoch.map_or_else(|| "nobody leads".to_owned(), |epoch| epoch.to_string())
}

fn schema_text(have: i32, want: i32) -> String {
    if have > want {
        format!(
            "the database has schema version {have}, newer than version {want} of this program: use the newer program"
        )
    } else {
        format!(
            "the database has schema version {have}, this program needs {want}: run `crossfeed setup` (or `cargo xtask migrate`)"
        )
    }
}

impl Error {
    /// Returns why there is no connection.
    pub(crate) fn connecting(error: tokio_postgres::Error) -> Self {
        match Self::from(error) {
            // Not said by the server, nor lost on the way: the address asks for what is not there.
            Self::Database { text, driver } if driver.code().is_none() => {
                Self::UnfitServer(format!("no connection to PostgreSQL: {text}"))
            }
            other => other,
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(driver: tokio_postgres::Error) -> Self {
        if let Some(cause) = tls::distrust(&driver) {
            let text = cause.to_string();
            return Self::Untrusted { text, driver };
        }
        let text = text_of(&driver);
        let Some(code) = driver.code() else {
            return if is_transport(&driver) {
                Self::Unavailable {
                    text,
                    driver: Some(driver),
                }
            } else {
                Self::Database { text, driver }
            };
        };
        match code.code().get(..2) {
            // A standby since a moment ago, or made so by an operator or a host short of space.
            _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Self::Unavailable {
                text,
                driver: Some(driver),
            },
            // This process slept in the middle of a transaction.
            _ if *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Unavailable {
                text,
                driver: Some(driver),
            },
            _ if *code == SqlState::DISK_FULL => Self::DiskFull { text, driver },
            _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => Self::Denied { text, driver },
            _ if *code == SqlState::LOCK_NOT_AVAILABLE => Self::Locked {
                lock: row_or_table(&driver),
                holder: None,
            },
            Some("40") => Self::Conflict {
                text,
                driver: Some(driver),
            },
            // 28: not let in; 3D: no such database.
            Some("28" | "3D") => Self::Denied { text, driver },
            // 08 connection, 53 resources, 57P operator intervention, 58 system error.
            Some("08" | "53" | "57" | "58") => Self::Unavailable {
                text,
                driver: Some(driver),
            },
            _ => Self::Database { text, driver },
        }
    }
}

/// Says which one stays locked, as far as the server does: of a row it names the table.
fn row_or_table(error: &tokio_postgres::Error) -> String {
    let place = error.as_db_error().and_then(DbError::where_);
    let text = text_of(error);
    place.map_or_else(
        || format!("a row or table ({text})"),
        |place| format!("a row ({text}, {place})"),
    )
}

/// Whether an error without a SQLSTATE is the way to the server and not something of ours.
fn is_transport(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

fn text_of(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(source) | PoolError::PostCreateHook(HookError::Backend(source)) => {
                source.into()
            }
            other => Self::Unavailable {
                text: other.to_string(),
                driver: None,
            },
        }
    }
}

impl From<refinery::Error> for Error {
    fn from(error: refinery::Error) -> Self {
        Self::Migration(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    #[tokio::test]
    async fn what_passes_by_itself_is_told_from_what_does_not() {
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        for (code, passes) in [
            // The way to the server.
            ("08000", true),
            ("08006", true),
            // Space, memory, connections.
            ("53000", true),
            ("53100", true),
            ("53200", true),
            ("53300", true),
            // Stopping, crashed, starting; cancelled.
            ("57P01", true),
            ("57P02", true),
            ("57P03", true),
            ("57014", true),
            ("58030", true),
            // A standby; one that waited for another; a lock.
            ("25006", true),
            ("25P03", true),
            ("40001", true),
            ("40P01", true),
            ("55P03", true),
            // Nobody mends these by waiting.
            ("28P01", false),
            ("3D000", false),
            ("42501", false),
            ("42P01", false),
            ("23505", false),
            ("22003", false),
            ("XX000", false),
        ] {
            let raise = format!("DO $$ BEGIN RAISE 'told' USING ERRCODE = '{code}'; END $$");
            let error: Error = client.batch_execute(&raise).await.unwrap_err().into();
            assert_eq!(error.is_passing(), passes, "{code}: {error:?}");
            let is_full = matches!(error, Error::DiskFull { .. });
            assert_eq!(is_full, code == "53100", "{code}: {error:?}");
        }
    }

    #[tokio::test]
    async fn what_stays_locked_is_named() {
        let database = testkit::database().await;
        let mut clients = Vec::new();
        for _ in 0..2 {
            let (client, connection) = database.config().connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            clients.push(client);
        }
        for held in [
            "INSERT INTO leader (epoch, instance, taken_at) VALUES (1, 'one', now())",
            "BEGIN; SELECT epoch FROM leader FOR SHARE; LOCK TABLE world",
        ] {
            clients[0].batch_execute(held).await.unwrap();
        }
        let short = "SET lock_timeout = '50ms'";
        clients[1].batch_execute(short).await.unwrap();
        for (waits, named) in [
            (
                "UPDATE leader SET epoch = 2",
                "in relation \"leader\") stays locked",
            ),
            (
                "SELECT FROM world",
                "a row or table (canceling statement due to lock timeout (55P03)) stays locked",
            ),
            (
                "BEGIN; LOCK TABLE world NOWAIT",
                "could not obtain lock on relation \"world\"",
            ),
        ] {
            let error: Error = clients[1].batch_execute(waits).await.unwrap_err().into();
            let text = error.to_string();
            assert!(error.is_passing() && text.contains(named), "{text}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_passes() {
        let nowhere = tempfile::tempdir().unwrap();
        let mut config = tokio_postgres::Config::new();
        config.host_path(nowhere.path()).user("nobody");
        let options = crate::Options {
            application_name: "test".to_owned(),
            pool_size: 1,
        };
        let error = crate::Store::connect(&config, options).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    }
}
