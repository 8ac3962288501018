//! The guard of a home that is thrown away: a small shell process that outlives killed users.
//!
//! Users share a lock on `users.lock`, which the kernel gives back however they end. The guard
//! tries for it once a second, and holds it while it stops the server and removes the folders: who
//! comes meanwhile waits, then finds nothing and begins anew. The guard itself is found by the
//! lock that it holds on `guard.lock`. Tests are many programs, so no program of ours can be
//! counted on to be there for the guard to be; a shell can.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::lock::{self, FileLock, Kind};
use crate::place::{Place, make_home};
use crate::process::wait_until;
use crate::{Error, Guard, Options, Report};

const SCRIPT: &str = include_str!("guard.sh");
/// How long nobody may use a guarded home before it goes.
const GRACE_S: u32 = 5;
/// The guard may be at its work just now.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home that cannot go away while this is held.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) home: PathBuf,
    pub(crate) lock: Option<FileLock>,
}

/// Enters the home, making it where it is missing. In a guarded home everybody holds the users'
/// lock while it looks around, so that it does not meet the guard at work.
pub(crate) async fn enter(options: &Options, report: Report<'_>) -> Result<Entered, Error> {
    let home = make_home(&options.home)?;
    let users = home.join("users.lock");
    match options.guard {
        Guard::Lock => refuse_foreign(&home)?,
        Guard::None if !users.exists() => return Ok(Entered { home, lock: None }),
        Guard::None => {}
    }
    let tell = || report("waiting for the last server of this home to be removed");
    let lock = lock::acquire(&users, Kind::Shared, PATIENCE, tell).await?;
    Ok(Entered {
        home,
        lock: Some(lock),
    })
}

/// The guard removes the whole home, so nobody else's files may be in it.
fn refuse_foreign(home: &Path) -> Result<(), Error> {
    let mut entries = std::fs::read_dir(home).map_err(Error::io("list", home))?;
    if entries.next().is_some() && !home.join("users.lock").exists() {
        return Err(Error::HomeNotEmpty {
            home: home.to_owned(),
        });
    }
    Ok(())
}

/// Returns whether no guard watches the home.
pub(crate) fn is_missing(home: &Path) -> Result<bool, Error> {
    lock::is_free(&home.join("guard.lock"))
}

/// Starts a guard unless there is one. Call it under the start lock.
pub(crate) async fn ensure(place: &Place, socket_dir: &Path) -> Result<(), Error> {
    if !is_missing(&place.home)? {
        return Ok(());
    }
    spawn(&place.home, &place.root, socket_dir)?;
    let here = || is_missing(&place.home).is_ok_and(|missing| !missing);
    if wait_until(Duration::from_secs(10), here).await {
        return Ok(());
    }
    Err(Error::NoGuard {
        home: place.home.clone(),
    })
}

/// The outer shell ends at once, so that the guard is nobody's child; in a process group of its
/// own it hears no Ctrl-C.
fn spawn(home: &Path, root: &Path, socket_dir: &Path) -> Result<(), Error> {
    let status = Command::new("/bin/sh")
        .args(["-c", "/bin/sh -c \"$0\" crossfeed-guard \"$@\" &", SCRIPT])
        .args([home, root, socket_dir])
        .arg(GRACE_S.to_string())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .status()
        .map_err(Error::io("run", "/bin/sh"))?;
    tracing::debug!(exit = %status, home = %home.display(), "started the guard");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn home_with_other_files_is_not_thrown_away() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("thesis.txt"), "years of work").unwrap();
        let options = Options {
            guard: Guard::Lock,
            ..Options::new(home.path())
        };
        let refused = enter(&options, &|_| ()).await;
        assert!(matches!(refused, Err(Error::HomeNotEmpty { .. })));
    }
}
