//! Which database: the one of `DATABASE_URL`, else the private PostgreSQL of the home.

use std::path::PathBuf;

use local_postgres::{Options, Server};
use secrecy::ExposeSecret;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::Env;

/// What a program does with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Writes, or needs to see what was just written.
    Write,
    /// Reads only; `DATABASE_READ_URL` may send it to a replica.
    Read,
}

/// A database to connect to.
#[derive(Debug)]
pub struct Database {
    /// How to reach it.
    pub config: Config,
    /// The private server, to be kept for as long as the database is used.
    pub server: Option<Server>,
    /// Where it is, in words, without any password.
    pub describe: String,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// systemd owns the processes of its units: a server started here would be killed with us.
    #[error(
        "no PostgreSQL runs for {home}, and a program under systemd starts none: set DATABASE_URL, \
         or enable crossfeed-db.service (systemctl enable --now crossfeed-db), which keeps it"
    )]
    UnderSystemd {
        /// The home whose server does not run.
        home: PathBuf,
    },
    /// An address that was good at start and is not now; cannot come from [`Env::load`].
    #[error("{name} is no address of a PostgreSQL")]
    Address {
        /// The variable.
        name: &'static str,
    },
    /// The private PostgreSQL cannot be had.
    #[error(transparent)]
    Private(#[from] local_postgres::Error),
}

/// Returns the database that this environment names, starting the private PostgreSQL where there
/// is none; logs where it is.
///
/// # Errors
/// [`DatabaseError`]; nothing is connected to, so an address that answers nobody is met later.
pub async fn database(env: &Env, role: Role) -> Result<Database, DatabaseError> {
    let found = match configured(env, role)? {
        Some(found) => found,
        None => private(env).await?,
    };
    tracing::info!(database = %found.describe, "database chosen");
    Ok(found)
}

fn configured(env: &Env, role: Role) -> Result<Option<Database>, DatabaseError> {
    let replica = env
        .database
        .read_url
        .as_ref()
        .filter(|_| role == Role::Read);
    let (name, url) = match (replica, &env.database.url) {
        (Some(url), _) => ("DATABASE_READ_URL", url),
        (None, Some(url)) => ("DATABASE_URL", url),
        (None, None) => return Ok(None),
    };
    let config: Config = url
        .expose_secret()
        .parse()
        .map_err(|_| DatabaseError::Address { name })?;
    let describe = format!("{} ({name})", place(&config));
    Ok(Some(Database {
        config,
        server: None,
        describe,
    }))
}

/// Returns how this environment wants its private PostgreSQL, for whoever starts or stops it by hand.
pub fn private_options(env: &Env) -> Options {
    Options {
        pg_bin: env.home.pg_bin.clone(),
        search_path: env.home.search_path.clone(),
        may_start: !env.under_systemd,
        ..Options::new(&env.home.home)
    }
}

async fn private(env: &Env) -> Result<Database, DatabaseError> {
    let options = private_options(env);
    let report = |line: &str| tracing::info!("private PostgreSQL: {line}");
    let started = local_postgres::ensure_started(&options, &report).await;
    let server = started.map_err(|error| match error {
        local_postgres::Error::NotRunning { home } if env.under_systemd => {
            DatabaseError::UnderSystemd { home }
        }
        other => DatabaseError::Private(other),
    })?;
    let describe = format!("private PostgreSQL in {}", env.home.home.display());
    Ok(Database {
        config: server.config(),
        server: Some(server),
        describe,
    })
}

/// Names host, port, database and user of an address, nothing else of it.
fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(folder) => folder.display().to_string(),
        }
    });
    let mut text = format!("PostgreSQL at {}", hosts.collect::<Vec<_>>().join(","));
    let parts = [
        ("database", config.get_dbname()),
        ("user", config.get_user()),
    ];
    for (what, name) in parts {
        if let Some(name) = name {
            text.push_str(&format!(", {what} {name}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)]) -> Env {
        let folder = tempfile::tempdir().unwrap();
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into()));
        Env::from_parts(vars, folder.path()).unwrap()
    }

    #[test]
    fn readers_take_the_replica_and_nobody_shows_a_password() {
        let env = env(&[
            ("DATABASE_URL", "postgres://me:hunter2@main:6000/db"),
            (
                "DATABASE_READ_URL",
                "postgres://me:hunter2@one,two/db?application_name=hunter2",
            ),
        ]);
        let write = configured(&env, Role::Write).unwrap().unwrap();
        let read = configured(&env, Role::Read).unwrap().unwrap();
        assert_eq!(
            write.describe,
            "PostgreSQL at main:6000, database db, user me (DATABASE_URL)"
        );
        assert_eq!(
            read.describe,
            "PostgreSQL at one:5432,two:5432, database db, user me (DATABASE_READ_URL)"
        );
        assert!(!format!("{write:?}").contains("hunter2"));
    }

    #[test]
    fn readers_without_a_replica_take_the_main_one() {
        let named = env(&[("DATABASE_URL", "postgres://me@main/db")]);
        let found = configured(&named, Role::Read).unwrap().unwrap();
        assert!(
            found.describe.ends_with("(DATABASE_URL)"),
            "{}",
            found.describe
        );
        assert!(configured(&env(&[]), Role::Read).unwrap().is_none());
    }

    #[tokio::test]
    async fn under_systemd_nothing_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mut env = env(&[("INVOCATION_ID", "1")]);
        env.home.home.clone_from(&home);
        let error = database(&env, Role::Write).await.unwrap_err();
        assert!(
            error.to_string().contains("crossfeed-db.service"),
            "{error}"
        );
        assert!(!home.join("data").exists());
    }
}
