//! Talks to the server: is it ready, is the database there.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use crate::pidfile::{Phase, PidFile};
use crate::place::Place;
use crate::{Error, Report, cluster};

/// The only role: it owns the cluster, and only who may enter the socket's folder can be it.
pub(crate) const USER: &str = "crossfeed";
/// The database that everything lies in.
pub(crate) const DATABASE: &str = "crossfeed";

const POLL: Duration = Duration::from_millis(50);
/// A server that has been up and says nothing for this long is stuck.
const SILENCE: Duration = Duration::from_secs(30);
/// Reading the log after a crash can take this long, and more: the next call goes on waiting.
const RECOVERY: Duration = Duration::from_secs(1800);

/// Returns how to reach `database` through the socket.
pub(crate) fn config(socket_dir: &Path, database: &str) -> Config {
    let mut config = Config::new();
    config
        .host_path(socket_dir)
        .port(5432)
        .user(USER)
        .dbname(database);
    config
        .connect_timeout(Duration::from_secs(10))
        .application_name("crossfeed");
    config
}

/// Returns the version of the server once it answers, making the database where it is missing.
/// Call it under the start lock, or the database may be made twice.
pub(crate) async fn wait_ready(
    place: &Place,
    report: Report<'_>,
) -> Result<(PidFile, String), Error> {
    let begun = Instant::now();
    let mut told = 0;
    loop {
        let Some(running) = PidFile::running(&place.data()) else {
            let said = cluster::tail(&place.log(), 0);
            return Err(Error::failed(
                "PostgreSQL, which ended while starting,",
                &said,
                place.data(),
            ));
        };
        let refused = match version(&running.socket_dir, DATABASE).await {
            Ok(version) => return Ok((running, version)),
            Err(error) => error,
        };
        match refused.code() {
            Some(code) if *code == SqlState::UNDEFINED_DATABASE => {
                create(&running.socket_dir).await?;
                continue;
            }
            Some(code) if *code == SqlState::CANNOT_CONNECT_NOW => {}
            Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => {}
            Some(_) => {
                return Err(Error::Postgres {
                    what: "connect",
                    source: refused,
                });
            }
            None => {}
        }
        let patience = if running.phase == Phase::Ready {
            SILENCE
        } else {
            RECOVERY
        };
        if begun.elapsed() > patience {
            return Err(Error::Unresponsive {
                pid: running.pid,
                socket_dir: running.socket_dir,
                log: place.log(),
                source: Some(refused),
            });
        }
        if begun.elapsed().as_secs() >= told + 5 {
            told = begun.elapsed().as_secs();
            report("waiting for PostgreSQL to accept connections");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Returns the server's version, as proof that the database answers.
pub(crate) async fn version(
    socket_dir: &Path,
    database: &str,
) -> Result<String, tokio_postgres::Error> {
    let client = connect(socket_dir, database).await?;
    let row = client.query_one("SHOW server_version", &[]).await?;
    row.try_get(0)
}

async fn create(socket_dir: &Path) -> Result<(), Error> {
    let client = connect(socket_dir, "postgres")
        .await
        .map_err(|source| Error::Postgres {
            what: "connect",
            source,
        })?;
    let statement =
        format!("CREATE DATABASE {DATABASE} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0");
    client
        .batch_execute(&statement)
        .await
        .map_err(|source| Error::Postgres {
            what: "create the database",
            source,
        })
}

async fn connect(socket_dir: &Path, database: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config(socket_dir, database).connect(NoTls).await?;
    // Ends with the client.
    tokio::spawn(connection);
    Ok(client)
}
