//! `crossfeed db`: the private PostgreSQL by hand. What concerns any database is in [`super::repair`].

#![expect(clippy::print_stderr, reason = "the command's own output")]

use std::{io, os::unix::process::CommandExt as _};

use argh::FromArgs;
use local_postgres::{Info, Status, Stopped, ensure_started, run_foreground, status, stop};
use runtime::{Env, Exit, Notify, private_options};

use super::repair::Repair;
use crate::out;

/// The private PostgreSQL, which programs use where `DATABASE_URL` is not set: by hand. And repair, of
/// whichever database they use.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "db")]
pub(crate) struct Db {
    #[argh(subcommand)]
    what: What,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum What {
    Start(Start),
    Stop(Stop),
    Status(Look),
    Run(Run),
    Psql(Psql),
    Repair(Repair),
}

/// Starts it, if it does not run; it stays up until `crossfeed db stop`.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "start")]
struct Start {}

/// Stops it.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "stop")]
struct Stop {}

/// Tells whether it runs, and where.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "status")]
struct Look {}

/// Runs it in the foreground, for a service manager.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "run")]
struct Run {}

/// Opens psql on it.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "psql")]
struct Psql {
    /// passed on to psql, after two dashes: crossfeed db psql -- -c "select 1"
    #[argh(positional, greedy)]
    args: Vec<String>,
}

impl Db {
    pub(crate) async fn run(self, env: Env) -> anyhow::Result<Exit> {
        let mut options = private_options(&env);
        // Whether anybody reads how far it is changes nothing about what is done.
        let report = |line: &str| drop(out::line(line));
        if env.database.url.is_some() && !matches!(self.what, What::Repair(_)) {
            let home = env.home.home.display();
            eprintln!(
                "DATABASE_URL is set: the other programs use that, this is about the private PostgreSQL of {home}"
            );
        }
        match self.what {
            What::Start(_) => {
                let server = ensure_started(&options, &report).await?;
                out::line(format_args!("running: {}", server.url()))?;
            }
            What::Stop(_) => match stop(&options, &report).await? {
                Stopped::NotRunning => out::line("it did not run")?,
                Stopped::Ended { pid } => out::line(format_args!("stopped (process {pid})"))?,
            },
            What::Status(_) => return Ok(show(&status(&options).await?)?),
            What::Run(_) => {
                // Whoever types this wants it started, under a service manager above all.
                options.may_start = true;
                let notify = Notify::begin();
                let asked = runtime::shutdown()?.asked();
                let ending = async {
                    asked.await;
                    notify.stopping();
                };
                let ready = |info: &Info| notify.ready(&format!("PostgreSQL {}", info.version));
                run_foreground(&options, &report, ready, ending).await?;
            }
            What::Psql(psql) => {
                let server = ensure_started(&options, &report).await?;
                let error = server.psql_command()?.args(psql.args).exec();
                anyhow::bail!("failed to start psql: {error}");
            }
            What::Repair(repair) => return repair.run(&env).await,
        }
        Ok(Exit::Complete)
    }
}

fn show(status: &Status) -> io::Result<Exit> {
    match status {
        Status::Running(info) => {
            out::line(format_args!(
                "running: PostgreSQL {}, process {}, as {}",
                info.version, info.pid, info.user
            ))?;
            out::line(format_args!("home:    {}", info.home.display()))?;
            out::line(format_args!("data:    {}", info.data_dir.display()))?;
            out::line(format_args!("socket:  {}", info.socket_dir.display()))?;
            out::line(format_args!("log:     {}", info.log.display()))?;
            return Ok(Exit::Complete);
        }
        Status::Silent { pid, log } => out::line(format_args!(
            "process {pid} runs and does not answer; see {}",
            log.display()
        ))?,
        Status::Stopped { data_dir } => {
            out::line(format_args!("stopped; data in {}", data_dir.display()))?;
        }
        _ => out::line("nothing here yet: crossfeed setup makes it")?,
    }
    Ok(Exit::FailedCheck)
}
