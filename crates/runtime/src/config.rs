//! The folder of source configurations. What stands in the files is the sources' business.

use std::io;
use std::path::{Path, PathBuf};

/// Why a configuration cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no folder.
    #[error("no folder sources-config here or above: set CROSSFEED_CONFIG")]
    NoFolder,
    /// The folder is none. One that was not named would have been looked for and not found.
    #[error("CROSSFEED_CONFIG: failed to read the folder {folder}")]
    NotAFolder {
        /// What the variable says.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not there.
    #[error("{folder} holds no {file}; it holds {found}")]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file.
        file: String,
        /// The CSVs that are there.
        found: String,
    },
    /// The system refuses.
    #[error("failed to read {path}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Returns the nearest `sources-config` from `start` upwards.
pub fn find_sources_config(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join("sources-config"))
        .find(|folder| folder.is_dir())
}

/// Returns the bytes of one file of the folder ([`crate::Env::sources_config`]).
///
/// # Errors
/// [`ConfigError`]; a missing file comes with the names of those that are there.
pub fn read_sources_config(folder: Option<&Path>, file: &str) -> Result<Vec<u8>, ConfigError> {
    let folder = folder.ok_or(ConfigError::NoFolder)?;
    let path = folder.join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(source) if !folder.is_dir() => Err(ConfigError::NotAFolder {
            folder: folder.to_owned(),
            source,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(folder, file)),
        Err(source) => Err(ConfigError::Io { path, source }),
    }
}

fn missing(folder: &Path, file: &str) -> ConfigError {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) => {
            return ConfigError::Io {
                path: folder.to_owned(),
                source,
            };
        }
    };
    let mut found: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".csv"))
        .collect();
    found.sort();
    let found = if found.is_empty() {
        "no CSV at all".to_owned()
    } else {
        found.join(", ")
    };
    ConfigError::Missing {
        folder: folder.to_owned(),
        file: file.to_owned(),
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_file_comes_with_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("velo.csv"), "x").unwrap();
        let at = Some(folder.path());
        assert_eq!(read_sources_config(at, "velo.csv").unwrap(), b"x");
        let error = read_sources_config(at, "artemis.csv")
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("holds no artemis.csv; it holds velo.csv"),
            "{error}"
        );
        let nowhere = folder.path().join("x");
        let error = read_sources_config(Some(&nowhere), "velo.csv").unwrap_err();
        let told = error.to_string();
        assert!(told.starts_with("CROSSFEED_CONFIG: "), "{told}");
        assert!(matches!(error, ConfigError::NotAFolder { folder, .. } if folder == nowhere));
        let file = folder.path().join("velo.csv");
        let error = read_sources_config(Some(&file), "velo.csv").unwrap_err();
        assert!(matches!(error, ConfigError::NotAFolder { folder, .. } if folder == file));
        assert!(matches!(
            read_sources_config(None, "velo.csv"),
            Err(ConfigError::NoFolder)
        ));
    }
}
