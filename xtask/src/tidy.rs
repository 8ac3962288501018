//! `cargo xtask tidy`: house rules that no compiler checks.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::Context as _;
use argh::FromArgs;
use runtime::Exit;
use serde::Deserialize;

use crate::{cargo_program, log_fields, root};

/// Checks lints, arrows between crates, licences, config files, the origin of fixtures, the units of
/// systemd, and that the docs name every crate and every field of a log event.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "tidy")]
pub(crate) struct Tidy {}

/// One vendor: plan, check, parse.
const SOURCE_CRATE: &str = "source-";

/// Which of our crates each of our crates may use. A new arrow is a design change: an ADR first. What
/// ends in a hyphen stands for all crates that begin so: one vendor is like another.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("tables", &[]),
    ("simclock", &[]),
    // The clock that it shares with the programs under test; nothing that knows a vendor.
    ("fake-vendors", &["simclock"]),
    ("local-postgres", &[]),
    ("ratelimit", &["model", "simclock"]),
    ("store", &["model"]),
    ("source", &["model", "tables"]),
    (SOURCE_CRATE, &["model", "source"]),
    ("entity-master", &["model", "tables"]),
    ("normalize", &["model", "tables"]),
    ("ingest", &["model", "source", "ratelimit", "store"]),
    (
        "query",
        &["model", "store", "entity-master", "normalize", "tables"],
    ),
    (
        "runtime",
        &["local-postgres", "ratelimit", "simclock", "store"],
    ),
    (
        "assembly",
        &[
            "entity-master",
            "ingest",
            "model",
            "normalize",
            "ratelimit",
            "runtime",
            "source",
            SOURCE_CRATE,
            "store",
        ],
    ),
    ("testkit", &["fake-vendors", "local-postgres", "store"]),
    (
        "backfill",
        &[
            "assembly",
            "ingest",
            "model",
            "ratelimit",
            "runtime",
            "store",
        ],
    ),
    (
        "ingestd",
        &["assembly", "ingest", "model", "runtime", "store"],
    ),
    ("apid", &["model", "query", "ratelimit", "runtime", "store"]),
    (
        "crossfeed",
        &[
            "assembly",
            "ingest",
            "local-postgres",
            "model",
            "runtime",
            "store",
        ],
    ),
];

/// What deny.toml says that is checked here.
#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    name: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Tidy {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let metadata = metadata()?;
        let mut problems = Vec::new();
        let ours: Vec<&Package> = metadata
            .packages
            .iter()
            .filter(|package| metadata.workspace_members.contains(&package.id))
            .collect();
        check_arrows(&ours, &mut problems);
        check_manifests(&ours, &mut problems)?;
        check_dependencies(&metadata, &mut problems)?;
        check_docs(&ours, &mut problems)?;
        check_fixtures(&root().join("crates"), &mut problems)?;
        check_config(&mut problems)?;
        crate::units::check(&mut problems)?;
        log_fields::check(&mut problems)?;
        for problem in &problems {
            eprintln!("tidy: {problem}");
        }
        anyhow::ensure!(
            problems.is_empty(),
            "tidy found {} problems",
            problems.len()
        );
        println!("tidy: {} crates in order", ours.len());
        Ok(Exit::Complete)
    }
}

fn metadata() -> anyhow::Result<Metadata> {
    let output = Command::new(cargo_program())
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .context("failed to start cargo metadata")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn check_arrows(ours: &[&Package], problems: &mut Vec<String>) {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let names: Vec<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    for package in ours.iter().filter(|package| package.name != "xtask") {
        let Some(may_use) = allowed.get(rule_of(&package.name)) else {
            problems.push(format!(
                "{}: tidy knows no arrows of this crate",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let inner = names.contains(&dependency.name.as_str());
            // Tests may look at anything but the way round.
            let in_tests = dependency.kind.as_deref() == Some("dev");
            if inner && !in_tests && !may_use.contains(&rule_of(&dependency.name)) {
                problems.push(format!("{} must not use {}", package.name, dependency.name));
            }
        }
    }
}

/// Returns the name under which a crate stands in the list.
fn rule_of(name: &str) -> &str {
    match name.starts_with(SOURCE_CRATE) {
        true => SOURCE_CRATE,
        false => name,
    }
}

fn check_manifests(ours: &[&Package], problems: &mut Vec<String>) -> anyhow::Result<()> {
    for package in ours {
        let manifest = std::fs::read_to_string(&package.manifest_path)?;
        if !manifest.contains("[lints]\nworkspace = true") {
            problems.push(format!(
                "{}: does not inherit the workspace's lints",
                package.name
            ));
        }
        let tables = manifest.split("dependencies]").skip(1);
        let own_version = tables
            .flat_map(|table| table.split("\n[").next().unwrap_or_default().lines())
            .find(|line| line.contains("version =") || line.contains("= \""));
        if let Some(line) = own_version {
            problems.push(format!(
                "{}: {line:?} belongs into the workspace's table",
                package.name
            ));
        }
    }
    Ok(())
}

fn check_dependencies(metadata: &Metadata, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let deny: Deny = toml::from_str(&std::fs::read_to_string(root().join("deny.toml"))?)?;
    for package in &metadata.packages {
        let named = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or_default();
        if !is_allowed(licence, &deny.licenses.allow) {
            problems.push(format!("{named}: licence {licence:?} is not on the list"));
        }
        if let Some(ban) = deny.bans.deny.iter().find(|ban| ban.name == package.name) {
            problems.push(format!("{named} is banned: {}", ban.reason));
        }
        let from_registry = package
            .source
            .as_deref()
            .is_some_and(|from| from.starts_with("registry+"));
        if package.source.is_some() && !from_registry {
            problems.push(format!("{named} comes from no registry"));
        }
    }
    Ok(())
}

/// Whether one side of the licence's alternatives is allowed as a whole.
fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let fine = |one: &str| {
        let one = one.trim().trim_matches(['(', ')']).trim();
        allowed.iter().any(|allowed| allowed == one)
    };
    let mut sides = licence.split(" OR ").flat_map(|side| side.split('/'));
    sides.any(|side| side.split(" AND ").all(fine))
}

fn check_docs(ours: &[&Package], problems: &mut Vec<String>) -> anyhow::Result<()> {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    for package in ours {
        if !map.contains(&format!("`{}`", package.name)) {
            problems.push(format!("ARCHITECTURE.md does not name `{}`", package.name));
        }
    }
    Ok(())
}

/// Every folder of test data says where each of its files is from.
fn check_fixtures(folder: &Path, problems: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let test_data = path.ancestors().any(|above| above.ends_with("test_data"));
        if test_data {
            check_origins(&path, problems)?;
        }
        check_fixtures(&path, problems)?;
    }
    Ok(())
}

fn check_origins(folder: &Path, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let origins = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_file() && name != "README.md" && !origins.contains(&name) {
            problems.push(format!(
                "{}: its README.md does not say where {name} is from",
                folder.display()
            ));
        }
    }
    Ok(())
}

fn check_config(problems: &mut Vec<String>) -> anyhow::Result<()> {
    let env = runtime::Env::from_parts([], &root())?;
    problems.extend(assembly::check_config(&env).problems);
    Ok(())
}
