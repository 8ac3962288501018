//! The operations on a server that belongs to nobody: start or join, stop, look.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio_postgres::Config;

use crate::lock::FileLock;
use crate::pidfile::{Phase, PidFile};
use crate::place::Place;
use crate::process::{serves, signal, wait_until};
use crate::seat::Claim;
use crate::start::{Prepared, STOP_PATIENCE, start_lock};
use crate::{Error, Guard, Options, Report, binaries, cluster, database, guard, record, seat};

/// What a server that somebody else starts may take to answer.
const JOIN_PATIENCE: Duration = Duration::from_secs(60);
/// A stop without a checkpoint is short.
const ABORT_PATIENCE: Duration = Duration::from_secs(15);

/// A private server that answered. It goes on running without this; in a guarded home only as
/// long as some process holds one.
#[derive(Debug)]
pub struct Server {
    info: Info,
    search_path: Option<std::ffi::OsString>,
    _in_use: Option<FileLock>,
}

/// What is known about a running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The home it belongs to.
    pub home: PathBuf,
    /// Its data.
    pub data_dir: PathBuf,
    /// What it says.
    pub log: PathBuf,
    /// Where its socket is.
    pub socket_dir: PathBuf,
    /// Where its programs are, if that is known.
    pub bin_dir: Option<PathBuf>,
    /// The user that it runs as.
    pub user: String,
    /// Its first process.
    pub pid: i32,
    /// Its version as it says it.
    pub version: String,
}

/// Whether a home's server runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Status {
    /// Nothing has been made in this home.
    Absent,
    /// There are data, and no server.
    Stopped {
        /// The data.
        data_dir: PathBuf,
    },
    /// It runs and answers.
    Running(Info),
    /// It runs and does not answer: it starts, stops or is stuck.
    Silent {
        /// Its first process.
        pid: i32,
        /// What it says.
        log: PathBuf,
    },
}

/// What there was to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// No server ran.
    NotRunning,
    /// It ran and has ended.
    Ended {
        /// Its first process.
        pid: i32,
    },
}

impl Server {
    /// How to reach its database.
    pub fn config(&self) -> Config {
        database::config(&self.info.socket_dir, database::DATABASE)
    }

    /// Its database as libpq and everything built on it writes it.
    pub fn url(&self) -> String {
        self.url_of(database::DATABASE)
    }

    /// Another database of this server, written the same way.
    pub fn url_of(&self, database: &str) -> String {
        url(&self.info.socket_dir, database)
    }

    /// What is known about it.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Returns `psql` on its database, to be executed in place of this process.
    ///
    /// # Errors
    /// [`Error::NoPsql`] if there is none beside the server programs nor on the search path.
    pub fn psql_command(&self) -> Result<Command, Error> {
        let psql = binaries::psql(self.info.bin_dir.as_deref(), self.search_path.as_deref())?;
        let mut command = Command::new(psql);
        command.arg("--dbname").arg(self.url());
        Ok(command)
    }

    fn new(options: &Options, info: Info, in_use: Option<FileLock>) -> Self {
        let kept = if options.guard == Guard::Lock {
            in_use
        } else {
            None
        };
        Self {
            info,
            search_path: options.search_path.clone(),
            _in_use: kept,
        }
    }
}

impl Info {
    pub(crate) fn new(place: &Place, running: &PidFile, version: String) -> Self {
        let record = record::read(&place.home);
        Self {
            home: place.home.clone(),
            data_dir: place.data(),
            log: place.log(),
            socket_dir: running.socket_dir.clone(),
            bin_dir: record.and_then(|record| record.bin_dir),
            user: place.user.name.clone(),
            pid: running.pid,
            version,
        }
    }
}

/// Socket folders are named by us: nothing in them needs escaping.
pub(crate) fn url(socket_dir: &Path, database: &str) -> String {
    format!(
        "postgresql://{}@/{database}?host={}",
        database::USER,
        socket_dir.display()
    )
}

/// Starts the home's server, or joins it if it runs. Processes that come at the same moment get
/// the same server.
///
/// # Errors
/// [`Error`] says what the operator can do.
pub async fn ensure_started(options: &Options, report: Report<'_>) -> Result<Server, Error> {
    if !options.may_start && !options.home.is_dir() {
        return Err(Error::NotRunning {
            home: options.home.clone(),
        });
    }
    let entered = guard::enter(options, report).await?;
    if let Some(info) = join(options, &entered.home).await? {
        return Ok(Server::new(options, info, entered.lock));
    }
    if !options.may_start {
        let info = await_other(entered.home).await?;
        return Ok(Server::new(options, info, entered.lock));
    }
    let prepared = Prepared::new(options, &entered.home, report).await?;
    let mut started = None;
    if prepared.running(report).await?.is_none()
        && let Claim::Seat(seat) = prepared.claim(report).await?
    {
        let binaries = prepared.make_startable(options, report).await?;
        cluster::launch(&prepared.place, &binaries, seat, report).await?;
        started = Some(binaries);
    }
    let info = prepared.finish(started.as_ref(), report).await?;
    Ok(Server::new(options, info, entered.lock))
}

/// Returns the server if it runs, answers and is guarded as asked.
async fn join(options: &Options, home: &Path) -> Result<Option<Info>, Error> {
    let Some(place) = Place::locate(home)? else {
        return Ok(None);
    };
    if options.guard == Guard::Lock && guard::is_missing(home)? {
        return Ok(None);
    }
    Ok(answering(&place).await)
}

/// Waits for a server that somebody else is starting.
async fn await_other(home: PathBuf) -> Result<Info, Error> {
    let begun = Instant::now();
    while let Some(place) = Place::locate(&home)?
        && let Some(running) = PidFile::running(&place.data())
    {
        if let Some(info) = answering(&place).await {
            return Ok(info);
        }
        if begun.elapsed() > JOIN_PATIENCE {
            return Err(Error::Unresponsive {
                pid: running.pid,
                socket_dir: running.socket_dir,
                log: place.log(),
                source: None,
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if let Some(place) = Place::locate(&home)? {
        seat::refuse_hidden(&place)?;
    }
    Err(Error::NotRunning { home })
}

async fn answering(place: &Place) -> Option<Info> {
    let running = PidFile::running(&place.data())?;
    if running.phase != Phase::Ready {
        return None;
    }
    let version = database::version(&running.socket_dir, database::DATABASE)
        .await
        .ok()?;
    Some(Info::new(place, &running, version))
}

/// Stops the home's server, if one runs; open transactions are rolled back.
///
/// # Errors
/// [`Error`] says what the operator can do.
pub async fn stop(options: &Options, report: Report<'_>) -> Result<Stopped, Error> {
    let Ok(home) = options.home.canonicalize() else {
        return Ok(Stopped::NotRunning);
    };
    if Place::locate(&home)?.is_none() {
        return Ok(Stopped::NotRunning);
    }
    let _starting = start_lock(&home, report).await?;
    // Looked at again: whoever held the lock may have changed it.
    let Some(place) = Place::locate(&home)? else {
        return Ok(Stopped::NotRunning);
    };
    // Its number means another process where it was not started.
    seat::refuse_hidden(&place)?;
    let Some(running) = PidFile::running(&place.data()) else {
        return Ok(Stopped::NotRunning);
    };
    end(running.pid, &place.data(), report).await?;
    if let Some(record) = record::read(&home) {
        remove_socket_dir(&record.socket_dir);
    }
    Ok(Stopped::Ended { pid: running.pid })
}

/// Empty after a stop, and made again by the next start; what is still in it is not ours.
pub(crate) fn remove_socket_dir(folder: &Path) {
    std::fs::remove_dir(folder).ok();
}

pub(crate) async fn end(pid: i32, data: &Path, report: Report<'_>) -> Result<(), Error> {
    let ended = || !serves(pid, data);
    signal(pid, Signal::SIGINT)?;
    if wait_until(STOP_PATIENCE, ended).await {
        return Ok(());
    }
    report("PostgreSQL takes too long: stopping it at once, it will recover at the next start");
    signal(pid, Signal::SIGQUIT)?;
    if wait_until(ABORT_PATIENCE, ended).await {
        return Ok(());
    }
    Err(Error::NotStopping { pid })
}

/// Returns whether the home's server runs; changes nothing.
///
/// # Errors
/// [`Error::NotOwner`] where the home belongs to somebody else, [`Error::ServedElsewhere`] where its
/// server cannot be seen from here.
pub async fn status(options: &Options) -> Result<Status, Error> {
    let place = match options.home.canonicalize() {
        Ok(home) => Place::locate(&home)?,
        Err(_) => None,
    };
    let Some(place) = place else {
        return Ok(Status::Absent);
    };
    if let Some(info) = answering(&place).await {
        return Ok(Status::Running(info));
    }
    if let Some(running) = PidFile::running(&place.data()) {
        return Ok(Status::Silent {
            pid: running.pid,
            log: place.log(),
        });
    }
    seat::refuse_hidden(&place)?;
    if place.data().exists() {
        return Ok(Status::Stopped {
            data_dir: place.data(),
        });
    }
    Ok(Status::Absent)
}
