//! `postmaster.pid` in the data folder: PostgreSQL's own word on which process serves it.

use std::path::{Path, PathBuf};

use crate::process;

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: i32,
    /// Unix seconds.
    pub(crate) started: i64,
    pub(crate) socket_dir: PathBuf,
    pub(crate) phase: Phase,
}

/// How far a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Starting,
    Ready,
    Stopping,
}

impl PidFile {
    /// Returns the server that runs on `data`; a file that a dead one left counts for nothing.
    pub(crate) fn running(data: &Path) -> Option<Self> {
        let found = Self::parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)?;
        process::serves(found.pid, data).then_some(found)
    }

    /// Lines: pid, data folder, start, port, socket folder, address, shared memory, state. The
    /// first process writes the first five at once and the state later.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first()?.parse().ok()?,
            started: lines.get(2)?.parse().ok()?,
            socket_dir: PathBuf::from(lines.get(4).copied().unwrap_or_default()),
            phase: match lines.get(7) {
                Some(&"ready") => Phase::Ready,
                Some(&"stopping") => Phase::Stopping,
                _ => Phase::Starting,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_file_is_read_at_every_stage() {
        let early = "4711\n/data\n1700000000\n5432\n\n";
        let found = PidFile::parse(early).unwrap();
        assert_eq!((found.pid, found.started), (4711, 1_700_000_000));
        assert_eq!(found.phase, Phase::Starting);
        let ready = "4711\n/data\n1700000000\n5432\n/tmp/xf\n\n  1  2\nready   \n";
        let found = PidFile::parse(ready).unwrap();
        assert_eq!(
            (found.socket_dir, found.phase),
            (PathBuf::from("/tmp/xf"), Phase::Ready)
        );
        assert_eq!(PidFile::parse("47"), None, "cut off while it was written");
        assert_eq!(PidFile::parse(""), None);
    }
}
