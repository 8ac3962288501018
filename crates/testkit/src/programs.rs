//! The other programs of the workspace, for tests in which several of them run.
//!
//! cargo builds all programs before it tests the workspace, but of a package that is tested alone only
//! its own. What is missing or older than what it is made of is built here.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test cannot go on without its program"
)]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// Returns the file of a program of the workspace, which lies beside the program under test.
///
/// # Panics
/// Where it cannot be built.
pub fn beside(tested: &str, name: &str) -> PathBuf {
    let file = Path::new(tested).with_file_name(name);
    let built = |file: &Path| file.metadata().and_then(|file| file.modified()).ok();
    let made_of = made_of(name).iter().filter_map(|path| newest(path)).max();
    if built(&file) < made_of {
        build(tested, name);
        assert!(file.exists(), "no {}", file.display());
    }
    file
}

fn build(tested: &str, name: &str) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--package", name, "--bin", name])
        .current_dir(workspace());
    if Path::new(tested)
        .parent()
        .is_some_and(|folder| folder.ends_with("release"))
    {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "{name} does not build");
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns what the program is made of: its own sources, and those of the crates that its manifest
/// and theirs name.
fn made_of(name: &str) -> BTreeSet<PathBuf> {
    let root = workspace();
    let mut sources: BTreeSet<PathBuf> = ["Cargo.lock", "migrations"]
        .map(|part| root.join(part))
        .into();
    let homes = ["bins", "crates"].map(|home| root.join(home).join(name));
    let mut waiting: Vec<PathBuf> = homes
        .into_iter()
        .find(|home| home.is_dir())
        .into_iter()
        .collect();
    while let Some(package) = waiting.pop() {
        let manifest = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
        if !sources.insert(package.join("src")) {
            continue;
        }
        let lines = manifest
            .lines()
            .skip_while(|line| *line != "[dependencies]");
        let lines = lines.skip(1).take_while(|line| !line.starts_with('['));
        let named = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
        let named = named.filter(|name| !name.is_empty());
        waiting.extend(
            named
                .map(|name| root.join("crates").join(name))
                .filter(|package| package.is_dir()),
        );
    }
    sources
}

/// Returns when the newest file at or under a path was written.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return path.metadata().and_then(|file| file.modified()).ok();
    }
    let entries = std::fs::read_dir(path).ok()?;
    entries
        .filter_map(|entry| newest(&entry.ok()?.path()))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_made_of_its_crates_and_theirs() {
        let made_of = made_of("ingestd");
        let has = |part: &str| made_of.iter().any(|path| path.ends_with(part));
        for part in [
            "bins/ingestd/src",
            "crates/ingest/src",
            "crates/simclock/src",
            "migrations",
        ] {
            assert!(has(part), "no {part}: {made_of:?}");
        }
        assert!(!has("crates/query/src"));
        assert!(made_of.iter().all(|path| newest(path).is_some()));
    }
}
