//! Collects every source that is set up: a live tick at once, then every hour; gaps with what is left.
//!
//! Nothing restarts by itself: a suspended source waits for `crossfeed resume`, another leader ends the
//! process, and the units that run it carry `Restart=no`. A database that is away is waited for
//! (docs/adr/0005-a-leader-without-its-database.md).

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use argh::FromArgs;
use assembly::{Purpose, Workshop, check_config, observe, or_give_up};
use ingest::{Collector, Stop, Stopper, keep_leading, schedule};
use runtime::{Env, Exit, Telemetry};
use tokio::task::JoinSet;

/// One for the ticks and one for the gaps of each source; all of them run until stop is said.
type Tasks = JoinSet<Result<(), ingest::Error>>;

/// Collects every source whose key is set, hour after hour, until SIGTERM. One per database: a second
/// one ends and names the first.
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
    /// check configuration and environment and say what is wrong
    #[argh(switch)]
    check_config: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args: Args = match runtime::parse_args() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    match run(&args).await {
        Ok(exit) => exit.into(),
        Err(error) => {
            tell(&format!("ingestd: {error:#}"));
            Exit::Error.into()
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<Exit> {
    let env = Env::load()?;
    runtime::init_tracing(&env.log);
    let check = check_config(&env);
    if args.check_config && check.problems.is_empty() {
        let clock = runtime::clock(&env).await?;
        let nights = assembly::planned_nights(&env, clock.now())?;
        nights.iter().for_each(|line| tell(line));
    }
    if args.check_config || !check.problems.is_empty() {
        return Ok(report(&check, args.check_config));
    }
    let shutdown = runtime::shutdown().context("failed to watch for signals")?;
    // Before anything else: a port that is taken is known at once.
    let telemetry = Telemetry::start(env.metrics.ingestd, "ingestd")?;
    let clock = runtime::clock(&env).await?;
    let workshop = Workshop::open(env, clock, "crossfeed ingestd").await?;
    let epoch = lead(&workshop).await?;
    workshop.load_dictionary().await?;
    let (stopper, stop) = Stopper::new();
    let sources = workshop.set_up_sources();
    let collectors: Vec<_> = workshop
        .collectors(&sources, Purpose::Lead, &stop)
        .await?
        .into_iter()
        .map(Arc::new)
        .collect();
    for collector in &collectors {
        collector.lead(epoch);
        tracing::info!(source = %collector.id(), series_count = collector.series_count(), "collecting");
    }
    anyhow::ensure!(
        !collectors.is_empty(),
        "no source is set up: set a vendor's key"
    );
    let figures = observe(&telemetry, &workshop, &collectors, &stop);
    let mut tasks = start(&workshop, &collectors, &stop);
    tasks.spawn(figures);
    // From here on this task only waits.
    workshop.clock.end();
    let exit = tokio::select! {
        () = shutdown.asked() => Exit::Complete,
        why = broke_down(&mut tasks) => {
            tracing::error!("{why}: ending");
            Exit::Error
        }
        error = keep_leading(&workshop.session) => {
            tracing::error!("{error}: ending");
            Exit::Error
        }
    };
    telemetry.not_ready("ending");
    stopper.stop();
    let last_words = async {
        if exit == Exit::Error {
            name_rival(&workshop, epoch).await;
        }
        drain(&mut tasks).await;
        Ok(())
    };
    if or_give_up(&stop, last_words).await?.is_none() {
        tasks.shutdown().await;
        drop(collectors);
        workshop.abandon().await;
    } else {
        for collector in collectors.into_iter().filter_map(Arc::into_inner) {
            collector.close().await;
        }
    }
    tracing::info!("ended");
    Ok(exit)
}

/// Takes the leadership, or says who has it.
async fn lead(workshop: &Workshop) -> anyhow::Result<i64> {
    if let Some(epoch) = workshop.session.try_lead(workshop.clock.now()).await? {
        tracing::info!(epoch, instance = runtime::instance_id(), "leading");
        return Ok(epoch);
    }
    let who = workshop.store.leader().await?.map_or_else(
        || "another process".to_owned(),
        |leader| told(&leader.instance, leader.taken_at),
    );
    anyhow::bail!("{who} collects into this database already: one ingestd per database")
}

/// Says who has led since this process did, if anybody has.
async fn name_rival(workshop: &Workshop, epoch: i64) {
    if let Ok(Some(leader)) = workshop.store.leader().await
        && leader.epoch != epoch
    {
        let who = told(&leader.instance, leader.taken_at);
        tracing::error!(
            epoch = leader.epoch,
            "{who} collects into this database: one ingestd per database"
        );
    }
}

fn told(instance: &str, since: impl std::fmt::Display) -> String {
    format!("{instance} since {since}")
}

fn start(workshop: &Workshop, collectors: &[Arc<Collector>], stop: &Stop) -> Tasks {
    let mut tasks = JoinSet::new();
    for collector in collectors {
        let clock = || Arc::clone(&workshop.clock);
        tasks.spawn(schedule::ticks(
            Arc::clone(collector),
            clock(),
            stop.clone(),
        ));
        tasks.spawn(schedule::gaps(Arc::clone(collector), clock(), stop.clone()));
    }
    tasks
}

/// Waits for the first task that ends although nobody said stop, and returns what to say about it.
async fn broke_down(tasks: &mut Tasks) -> String {
    match tasks.join_next().await {
        Some(Ok(Err(error))) => error.to_string(),
        Some(Err(error)) => format!("a task broke down: {error}"),
        Some(Ok(Ok(()))) | None => "a task ended before its time".to_owned(),
    }
}

async fn drain(tasks: &mut Tasks) {
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("{error}"),
            Err(error) => tracing::error!(%error, "a task broke down"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_noticed() {
        let mut tasks = Tasks::new();
        tasks.spawn(std::future::pending());
        tasks.spawn(async { panic!("a defect") });
        assert!(broke_down(&mut tasks).await.contains("broke down"));
        tasks.spawn(async { Ok(()) });
        let said = broke_down(&mut tasks).await;
        assert_eq!(said, "a task ended before its time");
        tasks.spawn(async { Err(ingest::Error::Config("no such thing".to_owned())) });
        assert_eq!(broke_down(&mut tasks).await, "no such thing");
    }
}
