//! `apid` as a process.

use std::process::Stdio;

use tokio::process::Command;

pub(crate) const METRICS_ADDR: &str = "CROSSFEED_APID_METRICS_ADDR";

/// The program, with nothing in its environment but this database, and no port for metrics.
pub(crate) fn command(database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apid"));
    command
        .args(["--port", "0"])
        .env_clear()
        .env("DATABASE_URL", database_url)
        .env(METRICS_ADDR, "off")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
