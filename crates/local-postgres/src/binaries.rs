//! Finds the server's programs: a folder with `initdb`, `pg_ctl` and `postgres`, 15 or newer.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use postgresql_commands::CommandBuilder;
use postgresql_commands::postgres::PostgresBuilder;

use crate::process::ServerUser;
use crate::{Error, Options, Report, download};

/// Ranges and views of the schema need this much.
pub(crate) const OLDEST: u32 = 15;

/// Where packages put server programs, as (folder, start of a versioned name in it, rest).
const USUAL: [(&str, &str, &str); 11] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/lib64", "postgresql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/local", "pgsql", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/Library/PostgreSQL", "", "bin"),
    ("/opt/local/lib", "postgresql", "bin"),
];

/// Server programs that work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
}

/// Returns programs for data of major version `data` (of any where there are no data yet); the
/// last resort is a download.
pub(crate) async fn find(
    options: &Options,
    user: &ServerUser,
    data: Option<(&Path, u32)>,
    report: Report<'_>,
) -> Result<Binaries, Error> {
    let mut search = Search {
        data_version: data.map(|(_, version)| version),
        seen: Vec::new(),
    };
    for dir in candidates(options) {
        if let Some(found) = search.take(&dir, user).await? {
            return Ok(found);
        }
    }
    if let (None, Some(into)) = (&options.pg_bin, &options.download_to) {
        let dir = download::fetch(into, search.data_version, report).await?;
        if let Some(found) = search.take(&dir, user).await? {
            return Ok(found);
        }
    }
    Err(search.failure(data))
}

/// What one search has met so far.
#[derive(Debug)]
struct Search {
    data_version: Option<u32>,
    seen: Vec<(PathBuf, Result<u32, String>)>,
}

impl Search {
    async fn take(&mut self, dir: &Path, user: &ServerUser) -> Result<Option<Binaries>, Error> {
        let probed = probe(dir, user).await?;
        let fits = match &probed {
            Ok(major) => fits(*major, self.data_version).then_some(*major),
            Err(_) => None,
        };
        self.seen.push((dir.to_owned(), probed));
        Ok(fits.map(|major| Binaries {
            dir: dir.to_owned(),
            major,
        }))
    }

    fn failure(self, data: Option<(&Path, u32)>) -> Error {
        let newer: Vec<String> = self
            .seen
            .iter()
            .filter_map(|(dir, probed)| Some((dir, probed.as_ref().ok()?)))
            .filter(|(_, major)| **major >= OLDEST)
            .map(|(dir, major)| format!("{major} ({})", dir.display()))
            .collect();
        if let (Some((data, data_version)), false) = (data, newer.is_empty()) {
            return Error::OtherVersion {
                data: data.to_owned(),
                data_version,
                found: newer.join(", "),
            };
        }
        let looked: Vec<String> = self
            .seen
            .into_iter()
            .map(|(dir, probed)| match probed {
                Ok(major) => format!("{} is version {major}", dir.display()),
                Err(why) => format!("{}: {why}", dir.display()),
            })
            .collect();
        let looked = if looked.is_empty() {
            "looked in PATH and the usual places".to_owned()
        } else {
            looked.join("; ")
        };
        Error::NoBinaries { looked }
    }
}

fn fits(major: u32, data_version: Option<u32>) -> bool {
    major >= OLDEST && data_version.is_none_or(|wanted| wanted == major)
}

/// Returns the folders to probe, best first. A folder that was named is the only one.
fn candidates(options: &Options) -> Vec<PathBuf> {
    if let Some(named) = &options.pg_bin {
        let inner = named.join("bin");
        return vec![if inner.is_dir() { inner } else { named.clone() }];
    }
    let mut dirs: Vec<PathBuf> = Vec::new();
    let path = options.search_path.iter().flat_map(std::env::split_paths);
    let usual = USUAL.iter().flat_map(|(folder, start, rest)| {
        versioned(Path::new(folder), start)
            .into_iter()
            .map(move |dir| dir.join(rest))
    });
    let fetched = options
        .download_to
        .iter()
        .flat_map(|folder| versioned(folder, "").into_iter().map(|dir| dir.join("bin")));
    for dir in path.chain(usual).chain(fetched) {
        // Links in PATH lead to folders that hold all programs.
        let Ok(program) = dir.join("postgres").canonicalize() else {
            continue;
        };
        let Some(dir) = program.parent().map(Path::to_owned) else {
            continue;
        };
        if dir.join("initdb").is_file() && dir.join("pg_ctl").is_file() && !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}

/// Returns the folders in `folder` whose name begins with `start`, newest version first.
fn versioned(folder: &Path, start: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(start)?;
            Some((numbers(version), entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// Asks the programs for their version, as the user that will run them: it may have no way there.
async fn probe(dir: &Path, user: &ServerUser) -> Result<Result<u32, String>, Error> {
    for program in ["postgres", "initdb", "pg_ctl"] {
        if !dir.join(program).is_file() {
            return Ok(Err(format!("no {program}")));
        }
    }
    let command = PostgresBuilder::new()
        .program_dir(dir)
        .version()
        .build_tokio();
    let ran = match user.run(command, Path::new("/")).await {
        Ok(ran) => ran,
        Err(Error::Io { source, .. }) => {
            return Ok(Err(format!(
                "user {} cannot run postgres: {source}",
                user.name
            )));
        }
        Err(error) => return Err(error),
    };
    Ok(match major(&ran.text) {
        Some(major) if ran.ok => Ok(major),
        _ => Err(format!("postgres --version said: {}", ran.text.trim())),
    })
}

/// Reads the major version out of `postgres (PostgreSQL) 15.18 (Debian 15.18-0)`.
pub(crate) fn major(said: &str) -> Option<u32> {
    let (_, version) = said.split_once("(PostgreSQL) ")?;
    numbers(version).first().copied()
}

/// Returns `psql` from beside the server's programs, else from the path.
pub(crate) fn psql(bin_dir: Option<&Path>, path: Option<&OsStr>) -> Result<PathBuf, Error> {
    let beside = bin_dir.map(|dir| dir.join("psql"));
    let on_path = path
        .into_iter()
        .flat_map(std::env::split_paths)
        .map(|dir| dir.join("psql"));
    beside
        .into_iter()
        .chain(on_path)
        .find(|file| file.is_file())
        .ok_or(Error::NoPsql)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with programs that know their version and nothing else.
    fn programs(top: &Path, name: &str, version: &str) -> PathBuf {
        let dir = top.join(name).join("bin");
        std::fs::create_dir_all(&dir).unwrap();
        for program in ["postgres", "initdb", "pg_ctl"] {
            let file = dir.join(program);
            let text = format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n");
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir.canonicalize().unwrap()
    }

    fn options(top: &Path, dirs: &[&Path]) -> Options {
        let search_path = std::env::join_paths(dirs).unwrap();
        Options {
            search_path: Some(search_path),
            download_to: None,
            ..Options::new(top)
        }
    }

    fn quiet(_: &str) {}

    #[test]
    fn versions_are_read_and_sorted_as_numbers() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 18beta2\n"), Some(18));
        assert_eq!(major("postgres (EnterpriseDB) 9\n"), None);
        let top = tempfile::tempdir().unwrap();
        for name in ["pg-9", "pg-15", "pg-16.2", "pg-16.10", "other"] {
            std::fs::create_dir(top.path().join(name)).unwrap();
        }
        let found = versioned(top.path(), "pg-");
        let names: Vec<_> = found
            .iter()
            .filter_map(|dir| dir.file_name()?.to_str())
            .collect();
        assert_eq!(names, ["pg-16.10", "pg-16.2", "pg-15", "pg-9"]);
    }

    #[tokio::test]
    async fn path_goes_first_old_ones_are_passed_over() {
        let top = tempfile::tempdir().unwrap();
        let old = programs(top.path(), "a", "14.9");
        let new = programs(top.path(), "b", "16.1");
        let links = top.path().join("links");
        std::fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(new.join("postgres"), links.join("postgres")).unwrap();
        let options = options(top.path(), &[&old, &links]);
        let found = find(&options, &ServerUser::me(), None, &quiet)
            .await
            .unwrap();
        assert_eq!(
            found,
            Binaries {
                dir: new,
                major: 16
            }
        );
    }

    #[tokio::test]
    async fn named_folder_is_the_only_one() {
        let top = tempfile::tempdir().unwrap();
        let old = programs(top.path(), "a", "14.9");
        let new = programs(top.path(), "b", "16.1");
        let mut options = options(top.path(), &[&new]);
        options.pg_bin = Some(old.clone());
        let refused = find(&options, &ServerUser::me(), None, &quiet)
            .await
            .unwrap_err();
        assert!(matches!(&refused, Error::NoBinaries { looked } if looked.contains("version 14")));
        options.pg_bin = new.parent().map(Path::to_owned);
        let found = find(&options, &ServerUser::me(), None, &quiet)
            .await
            .unwrap();
        assert_eq!(found.major, 16, "the folder above bin will do");
    }

    #[tokio::test]
    async fn programs_follow_the_version_of_the_data() {
        let top = tempfile::tempdir().unwrap();
        let (a, b) = (
            programs(top.path(), "a", "16.1"),
            programs(top.path(), "b", "99.3"),
        );
        let options = options(top.path(), &[&a, &b]);
        let data = Path::new("/some/data");
        let me = ServerUser::me();
        let found = find(&options, &me, Some((data, 99)), &quiet).await.unwrap();
        assert_eq!(found.dir, b);
        let refused = find(&options, &me, Some((data, 97)), &quiet)
            .await
            .unwrap_err();
        let text = refused.to_string();
        assert!(
            matches!(
                refused,
                Error::OtherVersion {
                    data_version: 97,
                    ..
                }
            ),
            "{text}"
        );
        assert!(
            text.contains("of PostgreSQL 97") && text.contains("16 (") && text.contains("99 (")
        );
    }

    #[tokio::test]
    async fn downloaded_programs_are_found_again() {
        let top = tempfile::tempdir().unwrap();
        let into = top.path().join("fetched");
        let fetched = programs(&into, "98.4.0", "98.4");
        let options = Options {
            download_to: Some(into),
            ..Options::new(top.path())
        };
        let data = Some((Path::new("/some/data"), 98));
        let found = find(&options, &ServerUser::me(), data, &quiet)
            .await
            .unwrap();
        assert_eq!(found.dir, fetched);
    }
}
