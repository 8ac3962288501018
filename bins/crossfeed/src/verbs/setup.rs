//! `crossfeed setup`: everything a new installation needs, and nothing twice.

use argh::FromArgs;
use assembly::{ConfigCheck, Workshop, check_config};
use runtime::{Env, Exit, Problem, Role};

use crate::out;

/// Brings the database's schema up to date and loads entities and metric names. Safe to run again.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "setup")]
pub(crate) struct Setup {}

impl Setup {
    /// Tells what is wrong with the configuration besides.
    pub(crate) fn refuse(self, env: &Env, wrong: &[Problem]) -> anyhow::Result<Exit> {
        refused(&check_config(env).after(wrong))
    }

    pub(crate) async fn run(self, env: Env) -> anyhow::Result<Exit> {
        let check = check_config(&env);
        if !check.problems.is_empty() {
            return refused(&check);
        }
        check.read.iter().try_for_each(out::line)?;
        let database = runtime::database(&env, Role::Write).await?;
        let report = store::migrations::run(&database.config).await?;
        match report.applied.as_slice() {
            [] => out::line("schema: up to date")?,
            applied => out::line(format_args!("schema: applied {}", applied.join(", ")))?,
        }
        let clock = runtime::clock(&env).await?;
        let workshop = Workshop::open_on(env, clock, database, "crossfeed setup").await?;
        workshop.load_dictionary().await?;
        out::line("ready: start ingestd, or fill the past with backfill")?;
        Ok(Exit::Complete)
    }
}

#[expect(clippy::print_stderr, reason = "the command's own output")]
fn refused(check: &ConfigCheck) -> anyhow::Result<Exit> {
    check.read.iter().try_for_each(out::line)?;
    let problems = check.problems.iter();
    problems.for_each(|problem| eprintln!("{problem}"));
    Ok(Exit::Error)
}
