//! The steps between an empty folder and a server that answers, under the start lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::binaries::{self, Binaries};
use crate::lock::{self, FileLock, Kind};
use crate::origin::Origin;
use crate::pidfile::{Phase, PidFile};
use crate::place::Place;
use crate::process::wait_until;
use crate::record::{self, Record};
use crate::seat::{self, Claim};
use crate::{Error, Guard, Info, Options, Report, cluster, database, guard};

/// Whoever holds the start lock may be downloading, or recovering after a crash.
const START_PATIENCE: Duration = Duration::from_secs(1800);
/// A fast stop writes a checkpoint.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// Keeps other processes from starting or stopping this home's server meanwhile.
pub(crate) async fn start_lock(home: &Path, report: Report<'_>) -> Result<FileLock, Error> {
    let tell = || report("another process is starting or stopping PostgreSQL: waiting for it");
    lock::acquire(
        &home.join("start.lock"),
        Kind::Exclusive,
        START_PATIENCE,
        tell,
    )
    .await
}

/// A home under the start lock, with folders that are there.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) place: Place,
    pub(crate) socket_dir: PathBuf,
    _starting: FileLock,
}

impl Prepared {
    pub(crate) async fn new(
        options: &Options,
        home: &Path,
        report: Report<'_>,
    ) -> Result<Self, Error> {
        let starting = start_lock(home, report).await?;
        let place = Place::prepare(home, report).await?;
        let running =
            PidFile::running(&place.data()).filter(|found| found.socket_dir.is_absolute());
        let socket_dir = match running {
            Some(running) => running.socket_dir,
            None => place.prepare_socket_dir()?,
        };
        let prepared = Self {
            place,
            socket_dir,
            _starting: starting,
        };
        if record::read(home).is_none_or(|record| record.root != prepared.place.root) {
            prepared.record(None, None)?;
        }
        if options.guard == Guard::Lock {
            guard::ensure(&prepared.place, &prepared.socket_dir).await?;
        }
        Ok(prepared)
    }

    /// Returns the server if one runs; one that stops is waited for.
    pub(crate) async fn running(&self, report: Report<'_>) -> Result<Option<PidFile>, Error> {
        let data = self.place.data();
        let Some(running) = PidFile::running(&data) else {
            return Ok(None);
        };
        if running.phase != Phase::Stopping {
            return Ok(Some(running));
        }
        report("PostgreSQL is just stopping: waiting for it");
        let ended = || PidFile::running(&data).is_none();
        if wait_until(STOP_PATIENCE, ended).await {
            return Ok(None);
        }
        Err(Error::NotStopping { pid: running.pid })
    }

    /// Takes the seat of the server, or returns the server where one turns up after all.
    pub(crate) async fn claim(&self, report: Report<'_>) -> Result<Claim, Error> {
        seat::claim(&self.place, report).await
    }

    /// Finds the programs and makes the data, so that the server only needs to be started. Call it
    /// with the seat taken.
    pub(crate) async fn make_startable(
        &self,
        options: &Options,
        report: Report<'_>,
    ) -> Result<Binaries, Error> {
        let data = self.place.data();
        let version = cluster::data_version(&data)?;
        let made = version.map(|version| (data.as_path(), version));
        let binaries = binaries::find(options, &self.place.user, made, report).await?;
        if version.is_none() {
            cluster::make(&self.place, &binaries, options.profile, report).await?;
        }
        cluster::configure(&self.place, &binaries, options.profile, &self.socket_dir).await?;
        cluster::clear_leftovers(&self.place, &self.socket_dir)?;
        self.record(Some(&binaries), None)?;
        report(&format!(
            "starting PostgreSQL for {}",
            self.place.home.display()
        ));
        Ok(binaries)
    }

    /// Waits for the server and writes down what it is; `binaries` if it was started just now.
    pub(crate) async fn finish(
        &self,
        binaries: Option<&Binaries>,
        report: Report<'_>,
    ) -> Result<Info, Error> {
        let (running, version) = database::wait_ready(&self.place, report).await?;
        self.record(binaries, Some((&running, &version)))?;
        Ok(Info::new(&self.place, &running, version))
    }

    fn record(
        &self,
        binaries: Option<&Binaries>,
        server: Option<(&PidFile, &str)>,
    ) -> Result<(), Error> {
        let known = record::read(&self.place.home);
        let started_by = match binaries {
            Some(_) => Some(Origin::here()),
            None => known.as_ref().and_then(|record| record.started_by.clone()),
        };
        let record = Record {
            root: self.place.root.clone(),
            data_dir: self.place.data(),
            socket_dir: self.socket_dir.clone(),
            uid: self.place.user.uid,
            bin_dir: binaries
                .map(|found| found.dir.clone())
                .or(known.and_then(|record| record.bin_dir)),
            pid: server.map(|(running, _)| running.pid),
            started: server.map(|(running, _)| running.started),
            version: server.map(|(_, version)| version.to_owned()),
            started_by,
        };
        record::write(&self.place.home, &record)
    }
}
