//! The seat: a lock that a server holds for its whole life, so that data never have two of them,
//! not even where one cannot see the other's processes (another container, another host).
//!
//! `server.lock` lies beside the data. The starter takes it and hands the open file on; every
//! process of the server inherits it, and the kernel takes the lock back when the last is gone.

use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::lock::{self, FileLock};
use crate::origin::Origin;
use crate::pidfile::PidFile;
use crate::place::Place;
use crate::{Error, Report, process, record};

const FILE: &str = "server.lock";
/// Moves the lock from the standard input to where the server leaves it alone.
const HAND_ON: &str = "exec 9<&0 </dev/null; exec \"$0\" \"$@\"";
/// What a server that lost its first process may take to notice.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// The right to be the server of some data.
#[derive(Debug)]
pub(crate) struct Seat(FileLock);

impl Seat {
    fn take(place: &Place) -> Result<Option<Self>, Error> {
        let path = place.root.join(FILE);
        let Some(lock) = lock::try_exclusive(&path)? else {
            return Ok(None);
        };
        let (file, user) = (lock.file(), &place.user);
        let found = file.metadata().map_err(Error::io("look at", &path))?;
        if found.uid() != user.uid {
            // Made by root; the server's user may be the next to start it.
            fchown(file, Some(user.uid), Some(user.gid)).map_err(Error::io("give away", &path))?;
        }
        Ok(Some(Self(lock)))
    }

    /// Returns the command, changed so that what it starts holds the seat. Ours ends with the value.
    pub(crate) fn hand_on(self, command: &Command) -> Command {
        let command = command.as_std();
        let mut seated = Command::new("/bin/sh");
        seated
            .args(["-c", HAND_ON])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::from(self.0.into_file()));
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => seated.env(name, value),
                None => seated.env_remove(name),
            };
        }
        seated
    }
}

/// What came of asking for the seat.
#[derive(Debug)]
pub(crate) enum Claim {
    Seat(Seat),
    /// A server turned up meanwhile.
    Running(PidFile),
}

/// Takes the seat, ending what a dead server of ours left at work. Call it under the start lock.
///
/// # Errors
/// [`Error::ServedElsewhere`] where somebody holds it whose processes are not ours to judge.
pub(crate) async fn claim(place: &Place, report: Report<'_>) -> Result<Claim, Error> {
    let here = Origin::here();
    let orphans_are_ours = started_by(place).is_some_and(|origin| here.sees_processes_of(&origin));
    for signal in [None, Some(Signal::SIGQUIT), Some(Signal::SIGKILL)] {
        match signal {
            None => {}
            Some(_) if !orphans_are_ours => break,
            Some(signal) => {
                report("ending processes of a server that died");
                end_all(&place.data(), signal)?;
            }
        }
        let begun = Instant::now();
        while begun.elapsed() <= ORPHAN_PATIENCE {
            if let Some(running) = PidFile::running(&place.data()) {
                return Ok(Claim::Running(running));
            }
            if let Some(seat) = Seat::take(place)? {
                return Ok(Claim::Seat(seat));
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Err(served_elsewhere(place))
}

/// Refuses where a server holds the seat that cannot be seen from here.
///
/// # Errors
/// [`Error::ServedElsewhere`].
pub(crate) fn refuse_hidden(place: &Place) -> Result<(), Error> {
    let here = Origin::here();
    let elsewhere = started_by(place).is_some_and(|origin| !here.sees_processes_of(&origin));
    if elsewhere && lock::is_held(&place.root.join(FILE))? {
        return Err(served_elsewhere(place));
    }
    Ok(())
}

/// Returns who started the last server of these data.
pub(crate) fn started_by(place: &Place) -> Option<Origin> {
    record::read(&place.home).and_then(|record| record.started_by)
}

fn served_elsewhere(place: &Place) -> Error {
    let known = started_by(place).map(|origin| origin.to_string());
    Error::ServedElsewhere {
        data: place.data(),
        owner: known.unwrap_or_else(|| "an unknown place".to_owned()),
    }
}

fn end_all(data: &Path, signal: Signal) -> Result<(), Error> {
    process::workers(data)
        .into_iter()
        .try_for_each(|pid| process::signal(pid, signal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ServerUser;

    #[tokio::test]
    async fn what_is_started_holds_the_seat_and_its_children_too() {
        let home = tempfile::tempdir().unwrap();
        let place = Place {
            home: home.path().to_owned(),
            root: home.path().to_owned(),
            user: ServerUser::me(),
        };
        let Claim::Seat(seat) = claim(&place, &|_| ()).await.unwrap() else {
            panic!("there is no server");
        };
        let mut server = Command::new("sh");
        // The first process ends, its child stays until its input does.
        server.args(["-c", "sleep 1 & exit 7"]);
        let mut child = seat.hand_on(&server).spawn().unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(7));
        assert!(Seat::take(&place).unwrap().is_none());
        assert!(lock::is_held(&home.path().join(FILE)).unwrap());
        let free = || Seat::take(&place).unwrap().is_some();
        assert!(process::wait_until(Duration::from_secs(10), free).await);
        assert!(!lock::is_held(&home.path().join(FILE)).unwrap());
    }
}
