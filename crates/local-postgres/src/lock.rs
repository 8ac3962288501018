//! File locks that a process holds for a while and the kernel takes back when it dies.
//!
//! The guard removes lock files, so a lock counts only while its path still leads to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

use crate::Error;

const POLL: Duration = Duration::from_millis(20);

/// A held lock; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
}

impl FileLock {
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Who inherits the open file holds the lock.
    pub(crate) fn into_file(self) -> File {
        self.file
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Shared,
    Exclusive,
}

/// Takes the lock at `path`, making file and folder where missing; calls `waiting` once if another
/// process holds it.
pub(crate) async fn acquire(
    path: &Path,
    kind: Kind,
    patience: Duration,
    waiting: impl FnOnce(),
) -> Result<FileLock, Error> {
    let begun = Instant::now();
    let mut waiting = Some(waiting);
    loop {
        if let Some(lock) = attempt(path, kind)? {
            return Ok(lock);
        }
        if begun.elapsed() > patience {
            return Err(Error::Busy {
                path: path.to_owned(),
            });
        }
        if begun.elapsed() > Duration::from_secs(1)
            && let Some(tell) = waiting.take()
        {
            tell();
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Takes the lock at `path` for this process alone, if nobody holds it.
pub(crate) fn try_exclusive(path: &Path) -> Result<Option<FileLock>, Error> {
    attempt(path, Kind::Exclusive)
}

/// Returns whether nobody holds the lock at `path`.
pub(crate) fn is_free(path: &Path) -> Result<bool, Error> {
    Ok(attempt(path, Kind::Exclusive)?.is_some())
}

/// Returns whether somebody holds the lock at `path`; makes nothing.
pub(crate) fn is_held(path: &Path) -> Result<bool, Error> {
    Ok(path.exists() && attempt(path, Kind::Shared)?.is_none())
}

fn attempt(path: &Path, kind: Kind) -> Result<Option<FileLock>, Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        // Root follows no link that the server's user could lay.
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        // The guard removed the folder in between.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    let taken = match kind {
        Kind::Shared => file.try_lock_shared(),
        Kind::Exclusive => file.try_lock(),
    };
    match taken {
        Ok(()) => Ok(is_at(&file, path).then_some(FileLock { file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
    }
}

/// A lock on a removed file protects nothing.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shared_locks_meet_and_exclusive_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/lock");
        let no_wait = Duration::ZERO;
        let first = acquire(&path, Kind::Shared, no_wait, || ()).await.unwrap();
        let second = acquire(&path, Kind::Shared, no_wait, || ()).await.unwrap();
        assert!(!is_free(&path).unwrap());
        drop((first, second));
        assert!(is_free(&path).unwrap());
        let _held = acquire(&path, Kind::Exclusive, no_wait, || ())
            .await
            .unwrap();
        let refused = acquire(&path, Kind::Exclusive, no_wait, || ()).await;
        assert!(matches!(refused, Err(Error::Busy { .. })));
    }

    #[test]
    fn lock_on_a_removed_file_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path));
        File::create(&path).unwrap();
        assert!(!is_at(&file, &path));
    }
}
