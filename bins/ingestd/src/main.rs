//! Collects every source that is set up: a live tick at once, then each at its minute; gaps with what is
//! left.
//!
//! Nothing restarts by itself: a suspended source waits for `crossfeed resume`, another leader ends the
//! process, a changed configuration waits for SIGHUP, and the units that run it carry `Restart=no`. A
//! database that is away is waited for (docs/adr/0005-a-leader-without-its-database.md).

mod configuration;
mod fleet;
mod lead;
mod opening;
mod reload;
mod serve;
mod status;

use std::process::ExitCode;

use anyhow::Context as _;
use argh::FromArgs;
use assembly::check_config;
use runtime::{Env, Exit, Notify, Telemetry};

/// Collects every source whose key is set, each at its time, until SIGTERM. One per database: a second
/// one ends and names the first, or waits for its end with --standby. SIGHUP makes it read `.env` and
/// the CSVs again.
#[derive(Debug, FromArgs)]
#[argh(
    note = "Starts no suspended source: `crossfeed resume` does, from its next tick on.",
    error_code(0, "ended by SIGTERM or SIGINT"),
    error_code(
        1,
        "failed: the configuration is wrong, another ingestd leads or has led since, or a task broke down"
    ),
    error_code(2, "wrong arguments")
)]
struct Args {
    /// check configuration and environment, say what re-reads may cost a night and what is wrong
    #[argh(switch)]
    check_config: bool,
    /// wait for the end of the ingestd that leads, and take over
    #[argh(switch)]
    standby: bool,
}

/// What others see of the process.
#[derive(Debug)]
struct Front {
    telemetry: Telemetry,
    /// Whether it has no port, although one is asked for.
    is_dark: bool,
    notify: Notify,
}

fn main() -> ExitCode {
    let args: Args = match runtime::parse_args() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    match runtime::run(Box::pin(run(&args))) {
        Ok(exit) => exit.into(),
        Err(error) => {
            tell(&format!("ingestd: {error:#}"));
            Exit::Error.into()
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<Exit> {
    let (env, wrong) = Env::load_readable()?;
    runtime::init_tracing(&env.log);
    let check = check_config(&env).after(&wrong);
    if args.check_config && check.problems.is_empty() {
        let clock = runtime::clock(&env).await?;
        let nights = assembly::planned_nights(&env, clock.now())?;
        nights.iter().for_each(|line| tell(line));
    }
    if args.check_config || !check.problems.is_empty() {
        return Ok(report(&check, args.check_config));
    }
    let signals = "failed to watch for signals";
    let shutdown = runtime::shutdown().context(signals)?;
    let mut hangup = runtime::hangup().context(signals)?;
    let mut front = Front {
        telemetry: Telemetry::closed("ingestd"),
        is_dark: false,
        notify: Notify::begin(),
    };
    // Nothing has been asked yet that could be lost.
    let led = tokio::select! {
        biased;
        () = shutdown.asked() => None,
        led = lead::start(env, args.standby, &mut hangup, &mut front) => Some(led?),
    };
    let Some(led) = led else {
        front.notify.stopping();
        tracing::info!("ended");
        return Ok(Exit::Complete);
    };
    serve::until_end(led, shutdown, hangup, front).await
}

fn report(check: &assembly::ConfigCheck, asked: bool) -> Exit {
    if asked {
        check.read.iter().for_each(|line| tell(line));
    }
    check.problems.iter().for_each(|problem| tell(problem));
    if check.problems.is_empty() {
        Exit::Complete
    } else {
        Exit::Error
    }
}

#[expect(clippy::print_stderr, reason = "for whoever started the program")]
fn tell(line: &str) {
    eprintln!("{line}");
}
