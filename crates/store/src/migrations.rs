//! The schema: the files of `migrations/`, built in, applied by refinery while one advisory lock is
//! held.
//!
//! Applies nothing by itself: an operator runs `crossfeed setup` or `cargo xtask migrate`.

use std::fmt;

use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Config, error::SqlState};

use crate::{
    Error,
    connect::{OwnConnection, Route},
    locks,
};

const APPLICATION: &str = "crossfeed migrations";

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "what refinery's macro writes"
)]
mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The migrations that were applied now, in order (`V1__dictionary`).
    pub applied: Vec<String>,
}

impl fmt::Display for Report {
    /// Writes one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.applied.is_empty() {
            f.write_str("up to date")
        } else {
            write!(f, "applied {}", self.applied.join(", "))
        }
    }
}

/// Where one migration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its number.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// What is to be said of it.
    pub state: MigrationState,
}

/// Where a migration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationState {
    /// Applied; RFC 3339 of the moment.
    Applied {
        /// When.
        at: String,
    },
    /// Not applied yet.
    Pending,
    /// Applied with other content than this program has.
    Diverged,
    /// Applied by a newer program; this one does not know it.
    Unknown,
}

impl fmt::Display for MigrationStatus {
    /// Writes one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V{}__{}: ", self.version, self.name)?;
        match &self.state {
            MigrationState::Applied { at } => write!(f, "applied {at}"),
            MigrationState::Pending => f.write_str("not applied yet"),
            MigrationState::Diverged => f.write_str("applied with other content"),
            MigrationState::Unknown => f.write_str("applied by a newer program"),
        }
    }
}

/// One row of refinery's history.
struct Applied {
    version: i32,
    name: String,
    at: String,
    checksum: String,
}

/// Applies what is missing. Several may call it at one moment: one applies, the others wait.
///
/// # Errors
/// [`Error::Schema`] where the database is newer than this program, [`Error::SchemaDiverged`] where
/// an applied file has changed, [`Error::Migration`] where one fails.
pub async fn run(config: &Config) -> Result<Report, Error> {
    let mut connection = OwnConnection::open(&Route::new(config, APPLICATION)?).await?;
    let report = run_locked(&mut connection).await;
    connection.close().await;
    report
}

async fn run_locked(connection: &mut OwnConnection) -> Result<Report, Error> {
    connection
        .query("SELECT pg_advisory_lock($1, 0)", &[&locks::MIGRATIONS])
        .await?;
    match compare(&history(connection).await?) {
        Err(Error::Schema { have, want }) if have > want => {
            return Err(Error::Schema { have, want });
        }
        Err(error @ Error::SchemaDiverged { .. }) => return Err(error),
        Ok(()) => return Ok(Report::default()),
        Err(_) => {}
    }
    // refinery says what it skips with NOTICE; our programs log what was applied instead.
    connection
        .batch_execute("SET client_min_messages = warning")
        .await?;
    let report = embedded::migrations::runner()
        .run_async(&mut **connection)
        .await?;
    Ok(Report {
        applied: report
            .applied_migrations()
            .iter()
            .map(ToString::to_string)
            .collect(),
    })
}

/// Returns every migration that this program or the database knows, in order.
///
/// # Errors
/// Those of the database.
pub async fn status(config: &Config) -> Result<Vec<MigrationStatus>, Error> {
    let connection = OwnConnection::open(&Route::new(config, APPLICATION)?).await?;
    let applied = history(&connection).await;
    connection.close().await;
    Ok(merge(applied?))
}

fn merge(applied: Vec<Applied>) -> Vec<MigrationStatus> {
    let ours = ours();
    let mut all: Vec<MigrationStatus> = ours
        .iter()
        .map(|file| {
            let row = applied.iter().find(|row| row.version == file.version());
            MigrationStatus {
                version: file.version(),
                name: file.name().to_owned(),
                state: match row {
                    None => MigrationState::Pending,
                    Some(row) if same(file, row) => MigrationState::Applied { at: row.at.clone() },
                    Some(_) => MigrationState::Diverged,
                },
            }
        })
        .collect();
    let known: Vec<i32> = ours.iter().map(refinery::Migration::version).collect();
    all.extend(
        applied
            .into_iter()
            .filter(|row| !known.contains(&row.version))
            .map(|row| MigrationStatus {
                version: row.version,
                name: row.name,
                state: MigrationState::Unknown,
            }),
    );
    all.sort_by_key(|status| status.version);
    all
}

/// Returns a short text that changes whenever a migration does: names template databases.
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for file in ours() {
        hash.update(file.version().to_be_bytes());
        hash.update(file.checksum().to_be_bytes());
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Checks that the database has exactly this program's schema.
pub(crate) async fn check(client: &Client) -> Result<(), Error> {
    compare(&history(client).await?)
}

fn compare(applied: &[Applied]) -> Result<(), Error> {
    let ours = ours();
    let want = ours.last().map_or(0, refinery::Migration::version);
    let have = applied.iter().map(|row| row.version).max().unwrap_or(0);
    if have > want {
        return Err(Error::Schema { have, want });
    }
    for file in &ours {
        match applied.iter().find(|row| row.version == file.version()) {
            Some(row) if !same(file, row) => {
                return Err(Error::SchemaDiverged {
                    version: row.version,
                    name: row.name.clone(),
                });
            }
            Some(_) => {}
            None => return Err(Error::Schema { have, want }),
        }
    }
    Ok(())
}

fn ours() -> Vec<refinery::Migration> {
    let mut files = embedded::migrations::runner().get_migrations().clone();
    files.sort();
    files
}

fn same(file: &refinery::Migration, row: &Applied) -> bool {
    file.name() == row.name && file.checksum().to_string() == row.checksum
}

/// Reads refinery's history; nothing where there is none.
async fn history(client: &Client) -> Result<Vec<Applied>, Error> {
    let rows = client
        .query(
            "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
            &[],
        )
        .await;
    match rows {
        Ok(rows) => Ok(rows
            .iter()
            .map(|row| Applied {
                version: row.get(0),
                name: row.get(1),
                at: row.get(2),
                checksum: row.get(3),
            })
            .collect()),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_files_are_the_files_of_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".sql").map(str::to_owned))
            .collect();
        files.sort();
        let mut built_in: Vec<String> = ours().iter().map(ToString::to_string).collect();
        built_in.sort();
        assert_eq!(built_in, files);
    }

    #[test]
    fn a_gap_in_the_history_is_not_the_wanted_schema() {
        let rows: Vec<Applied> = ours()
            .iter()
            .skip(1)
            .map(|file| Applied {
                version: file.version(),
                name: file.name().to_owned(),
                at: String::new(),
                checksum: file.checksum().to_string(),
            })
            .collect();
        assert!(matches!(compare(&rows), Err(Error::Schema { .. })));
    }

    #[test]
    fn the_fingerprint_fits_a_database_name() {
        let text = fingerprint();
        assert_eq!(text.len(), 16);
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
