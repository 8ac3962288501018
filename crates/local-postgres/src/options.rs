//! What a caller decides: where the server lives and how it is tuned.
//!
//! Nothing here reads the environment: the binaries do that and pass values.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where a private server lives and how it is tuned.
#[derive(Debug, Clone)]
pub struct Options {
    /// The home: the folder that holds everything about one private server.
    pub home: PathBuf,
    /// The only folder to take server programs from (`CROSSFEED_PG_BIN`).
    pub pg_bin: Option<PathBuf>,
    /// The list of folders to look for server programs in (`PATH`).
    pub search_path: Option<OsString>,
    /// Memory and durability.
    pub profile: Profile,
    /// Whether the home is thrown away after its last user.
    pub guard: Guard,
    /// Where server programs that no folder holds are downloaded to; `None` forbids the download.
    /// For a guarded home this lies elsewhere, or every run downloads again.
    pub download_to: Option<PathBuf>,
    /// Whether a server that does not run may be started (false under systemd).
    pub may_start: bool,
}

impl Options {
    /// A lasting server for a desk in `home`: starts, may download into the home, looks nowhere
    /// but in the usual places until `pg_bin` or `search_path` is set.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        Self {
            pg_bin: None,
            search_path: None,
            profile: Profile::Desk,
            guard: Guard::None,
            download_to: Some(home.join("postgresql")),
            may_start: true,
            home,
        }
    }
}

/// How a server is tuned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Durable, memory scaled to the machine.
    Desk,
    /// Small buffers, nothing flushed, 200 connections: data that is thrown away.
    Test,
}

/// Whether a home outlives its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The server runs until it is stopped; its folders stay.
    None,
    /// A guard process stops the server and removes the home once no process has held a
    /// [`Server`](crate::Server) with this setting for five seconds.
    Lock,
}

/// Hears what goes on, one line at a time, for the terminal.
pub type Report<'a> = &'a (dyn Fn(&str) + Sync);

/// Returns the default home: `.crossfeed` beside the nearest `sources-config` from `start`
/// upwards, else `.crossfeed` in `start` itself.
pub fn find_home(start: &Path) -> PathBuf {
    let beside = start
        .ancestors()
        .find(|folder| folder.join("sources-config").is_dir());
    beside.unwrap_or(start).join(".crossfeed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_lies_beside_the_nearest_config() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(find_home(&deep), deep.join(".crossfeed"));
        std::fs::create_dir(top.path().join("sources-config")).unwrap();
        assert_eq!(find_home(&deep), top.path().join(".crossfeed"));
        std::fs::create_dir(top.path().join("a/sources-config")).unwrap();
        assert_eq!(find_home(&deep), top.path().join("a/.crossfeed"));
    }
}
