//! The build's own chores: `cargo xtask --help`. One file each.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "chores talk to whoever runs them"
)]

mod bench;
mod ci;
mod clock;
mod demo;
mod log_fields;
mod migrate;
mod parse;
mod tidy;
mod units;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use argh::FromArgs;
use runtime::Exit;

/// The build's own chores.
#[derive(Debug, FromArgs)]
struct Args {
    #[argh(subcommand)]
    chore: Chore,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum Chore {
    Bench(bench::Bench),
    Ci(ci::Ci),
    Clock(clock::Clock),
    Demo(demo::Demo),
    Migrate(migrate::Migrate),
    Parse(parse::Parse),
    Tidy(tidy::Tidy),
}

fn main() -> ExitCode {
    let args: Args = match runtime::parse_args() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    match runtime::run(run(args.chore)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            Exit::Error.into()
        }
    }
}

async fn run(chore: Chore) -> anyhow::Result<Exit> {
    match chore {
        Chore::Bench(chore) => chore.run().await,
        Chore::Ci(chore) => chore.run(),
        Chore::Clock(chore) => chore.run().await,
        Chore::Demo(chore) => chore.run().await,
        Chore::Migrate(chore) => chore.run().await,
        Chore::Parse(chore) => chore.run(),
        Chore::Tidy(chore) => chore.run(),
    }
}

/// Returns the cargo that runs this: a restored target folder may remember another one.
fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Returns the workspace's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
