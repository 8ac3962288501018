//! The units of systemd: what each must say, and what systemd itself says about them where it is there.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::root;

const UNITS: [&str; 4] = [
    "apid.service",
    "crossfeed-db.service",
    "ingestd.service",
    "mcpd.service",
];
/// Nothing restarts by itself, and the service manager hears how it goes.
const NEEDED: [&str; 6] = [
    "Type=notify",
    "Restart=no",
    "ExecReload=",
    "EnvironmentFile=",
    "WatchdogSec=",
    "TimeoutStopSec=",
];
/// Where the units expect the programs.
const PROGRAMS: &str = "/usr/local/bin/";
/// In tenths: a unit that is more exposed than this has lost a wall.
const MOST_EXPOSED: &str = "20";

/// Notes what is wrong with the units. Says so where systemd cannot be asked.
pub(crate) fn check(problems: &mut Vec<String>) -> anyhow::Result<()> {
    let folder = root().join("deploy/systemd");
    for unit in UNITS {
        let text = fs::read_to_string(folder.join(unit)).with_context(|| unit.to_owned())?;
        let says = |needed: &str, line: &str| match needed.ends_with('=') {
            true => line.starts_with(needed),
            false => line == needed,
        };
        let lacking = NEEDED
            .iter()
            .filter(|needed| !text.lines().any(|line| says(needed, line)));
        problems.extend(lacking.map(|needed| format!("{unit}: no line {needed}")));
    }
    ask_systemd(&folder, problems)
}

fn ask_systemd(folder: &Path, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let stage = Stage::new(folder)?;
    let Some(verified) = analyze(&["verify"], &stage.units)? else {
        println!("tidy: no systemd-analyze here: the units of deploy/systemd are not verified");
        return Ok(());
    };
    if !verified.status.success() || !verified.stderr.is_empty() {
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        problems.extend(said.lines().map(|line| format!("systemd-analyze: {line}")));
    }
    let threshold = format!("--threshold={MOST_EXPOSED}");
    for unit in &stage.units {
        let args = ["security", "--no-pager", "--offline=true", &threshold];
        let judged = analyze(&args, std::slice::from_ref(unit))?;
        if judged.is_some_and(|judged| !judged.status.success()) {
            problems.push(format!("{}: systemd-analyze security", unit.display()));
        }
    }
    Ok(())
}

/// Returns what it said; none where it is not installed.
fn analyze(args: &[&str], units: &[PathBuf]) -> anyhow::Result<Option<Output>> {
    let mut command = Command::new("systemd-analyze");
    match command.args(args).args(units).output() {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("failed to start systemd-analyze"),
    }
}

/// Copies of the units whose programs are there.
#[derive(Debug)]
struct Stage {
    units: Vec<PathBuf>,
    _folder: TempDir,
}

impl Stage {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let stage = tempfile::tempdir()?;
        let programs = stage.path().join("bin");
        fs::create_dir(&programs)?;
        for program in ["apid", "crossfeed", "ingestd", "mcpd"] {
            let file = programs.join(program);
            fs::write(&file, "#!/bin/sh\n")?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        }
        let there = format!("{}/", programs.display());
        let mut units = Vec::new();
        for unit in UNITS {
            let text = fs::read_to_string(folder.join(unit))?.replace(PROGRAMS, &there);
            let copy = stage.path().join(unit);
            fs::write(&copy, text)?;
            units.push(copy);
        }
        Ok(Self {
            units,
            _folder: stage,
        })
    }
}
