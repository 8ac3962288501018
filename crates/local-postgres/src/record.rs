//! `server.json` in the home: where this home's server keeps what lies elsewhere.
//!
//! A note for people and for later starts; whether a server runs is asked of the system.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::origin::Origin;

const FILE: &str = "server.json";

/// What is known about a home's server. Written twice: the folders before anything is made in
/// them, the rest once the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Holds `data` and `server.log`.
    pub(crate) root: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) socket_dir: PathBuf,
    pub(crate) uid: u32,
    pub(crate) bin_dir: Option<PathBuf>,
    pub(crate) pid: Option<i32>,
    /// Unix seconds.
    pub(crate) started: Option<i64>,
    pub(crate) version: Option<String>,
    /// Who started the server, written down before the start.
    #[serde(default)]
    pub(crate) started_by: Option<Origin>,
}

/// Returns the record, or nothing where it is missing or unreadable: it can be made again.
pub(crate) fn read(home: &Path) -> Option<Record> {
    let bytes = std::fs::read(home.join(FILE)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Replaces the record in one step.
pub(crate) fn write(home: &Path, record: &Record) -> Result<(), Error> {
    let path = home.join(FILE);
    let fresh = home.join(format!("{FILE}.{}", std::process::id()));
    let text = serde_json::to_vec_pretty(record)
        .map_err(|error| Error::io("write", &path)(error.into()))?;
    std::fs::write(&fresh, text).map_err(Error::io("write", &fresh))?;
    std::fs::rename(&fresh, &path).map_err(Error::io("replace", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_replaced_and_read_again() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(read(home.path()), None);
        let mut record = Record {
            root: "/r".into(),
            data_dir: "/r/data".into(),
            socket_dir: "/s".into(),
            uid: 7,
            bin_dir: None,
            pid: None,
            started: None,
            version: None,
            started_by: Some(Origin::here()),
        };
        write(home.path(), &record).unwrap();
        record.pid = Some(4711);
        write(home.path(), &record).unwrap();
        assert_eq!(read(home.path()), Some(record));
        std::fs::write(home.path().join(FILE), "{").unwrap();
        assert_eq!(read(home.path()), None);
    }
}
