//! `crossfeed setup`: everything a new installation needs, and nothing twice.

use argh::FromArgs;
use assembly::{Workshop, check_config};
use runtime::{Env, Exit, Role};

use crate::out;

/// Brings the database's schema up to date and loads entities and metric names. Safe to run again.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "setup")]
pub(crate) struct Setup {}

impl Setup {
    #[expect(clippy::print_stderr, reason = "the command's own output")]
    pub(crate) async fn run(self, env: Env) -> anyhow::Result<Exit> {
        let check = check_config(&env);
        check.read.iter().try_for_each(out::line)?;
        if !check.problems.is_empty() {
            check
                .problems
                .iter()
                .for_each(|problem| eprintln!("{problem}"));
            return Ok(Exit::Error);
        }
        let database = runtime::database(&env, Role::Write).await?;
        let report = store::migrations::run(&database.config).await?;
        match report.applied.as_slice() {
            [] => out::line("schema: up to date")?,
            applied => out::line(format_args!("schema: applied {}", applied.join(", ")))?,
        }
        let clock = runtime::clock(&env).await?;
        let workshop = Workshop::open_on(env, clock, database, "crossfeed setup").await?;
        workshop.load_dictionary(None).await?;
        out::line("ready: start ingestd, or fill the past with backfill")?;
        Ok(Exit::Complete)
    }
}
