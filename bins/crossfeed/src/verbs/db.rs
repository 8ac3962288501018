//! `crossfeed db`: the private PostgreSQL by hand, and repairs of whichever database is in use.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the command's own output"
)]

use std::os::unix::process::CommandExt as _;

use argh::FromArgs;
use local_postgres::{Status, Stopped, ensure_started, run_foreground, status, stop};
use runtime::{Env, Exit, private_options};

use super::repair::Repair;

/// The private PostgreSQL, which programs use where `DATABASE_URL` is not set: by hand. And repairs.
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
        let report = |line: &str| println!("{line}");
        let is_private = !matches!(self.what, What::Repair(_));
        if env.database.url.is_some() && is_private {
            let home = env.home.home.display();
            eprintln!(
                "DATABASE_URL is set: the other programs use that, this is about the private PostgreSQL of {home}"
            );
        }
        match self.what {
            What::Start(_) => {
                let server = ensure_started(&options, &report).await?;
                println!("running: {}", server.url());
            }
            What::Stop(_) => match stop(&options, &report).await? {
                Stopped::NotRunning => println!("it did not run"),
                Stopped::Ended { pid } => println!("stopped (process {pid})"),
            },
            What::Status(_) => return Ok(show(&status(&options).await?)),
            What::Run(_) => {
                // Whoever types this wants it started, under a service manager above all.
                options.may_start = true;
                let asked = runtime::shutdown()?.asked();
                run_foreground(&options, &report, asked).await?;
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

fn show(status: &Status) -> Exit {
    match status {
        Status::Running(info) => {
            println!(
                "running: PostgreSQL {}, process {}, as {}",
                info.version, info.pid, info.user
            );
            println!("home:    {}", info.home.display());
            println!("data:    {}", info.data_dir.display());
            println!("socket:  {}", info.socket_dir.display());
            println!("log:     {}", info.log.display());
            return Exit::Complete;
        }
        Status::Silent { pid, log } => {
            println!(
                "process {pid} runs and does not answer; see {}",
                log.display()
            );
        }
        Status::Stopped { data_dir } => println!("stopped; data in {}", data_dir.display()),
        _ => println!("nothing here yet: crossfeed setup makes it"),
    }
    Exit::FailedCheck
}
