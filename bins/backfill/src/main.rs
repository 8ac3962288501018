//! Collects a past range of one source: what is missing, newest first; then, without `--to`, the present.
//!
//! Running it again carries on where it was: coverage knows what is settled. Exit codes are in
//! [`runtime::Exit`].

mod args;
mod bar;
mod report;
mod silence;

use std::{io::IsTerminal as _, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use assembly::{
    Purpose, Workshop, check_config, check_config_of, exit_of, or_give_up, stop_on_signal,
};
use ingest::{Collector, Estimate, PastAsk, Stop, Summary, schedule::run_id};
use model::SourceId;
use ratelimit::Clock;
use runtime::{Env, Exit};

use crate::{
    args::Args,
    bar::{Scene, Screen},
};

/// So many new points are worth a vacuum: until then they are read from the table, not from the index.
const LARGE: u64 = 100_000;

fn main() -> ExitCode {
    let args: Args = match runtime::parse_args() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    match runtime::run(run(args)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(&error);
            Exit::Error.into()
        }
    }
}

async fn run(args: Args) -> anyhow::Result<Exit> {
    let (env, wrong) = Env::load_readable()?;
    let screen = Screen::default();
    let for_logs = screen.clone();
    runtime::init_command_tracing(&env.log, move || for_logs.past_bar());
    if args.check_config {
        return Ok(report::check(&check_config(&env).after(&wrong)));
    }
    if !wrong.is_empty() {
        return Ok(report::problems(&check_config(&env).after(&wrong)));
    }
    // What is wrong with the question or the files is told before anything is started or written.
    let clock = runtime::clock(&env).await?;
    let (name, ask) = match args.job(clock.now()) {
        Ok(job) => job,
        Err(problem) => return Ok(report::usage(&problem)),
    };
    let check = check_config_of(&env, &[name]);
    if !check.problems.is_empty() {
        return Ok(report::problems(&check));
    }
    let stop = stop_on_signal().context("failed to watch for signals")?;
    let workshop = Workshop::open(env, Arc::clone(&clock), "crossfeed backfill").await?;
    workshop.load_dictionary(None).await?;
    let purpose = match args.dry_run {
        true => Purpose::Look,
        false => Purpose::Collect,
    };
    let collector = (workshop.collectors(&[name], purpose, &stop).await?.pop())
        .with_context(|| format!("failed to open {name}"))?;
    let job = Job {
        name,
        ends_live: ask.to.is_none() && args.datasets.is_none(),
        ask,
        args,
        screen,
        clock,
        stop,
    };
    Box::pin(job.run(workshop, collector)).await
}

/// Autovacuum comes to it later, so that a failure is no failure of the run.
async fn tidy_up(workshop: &Workshop) {
    if let Err(error) = workshop.store.vacuum_points().await {
        tracing::warn!(%error, "the new points are not vacuumed yet");
    }
}

async fn give_up(workshop: Workshop, collector: Collector) -> Exit {
    drop(collector);
    workshop.abandon().await;
    report::given_up();
    Exit::Interrupted
}

/// One run of the command.
#[derive(Debug)]
struct Job {
    name: SourceId,
    args: Args,
    ask: PastAsk,
    /// Whether a live pass follows.
    ends_live: bool,
    screen: Screen,
    clock: Arc<dyn Clock>,
    stop: Stop,
}

impl Job {
    async fn run(&self, workshop: Workshop, collector: Collector) -> anyhow::Result<Exit> {
        if let Err(error) = collector.check_names(&self.ask.filter) {
            return Ok(report::usage(&error.to_string()));
        }
        let run = run_id("backfill", self.clock.now());
        let read = or_give_up(&self.stop, self.name_products(&collector, &run)).await?;
        let Some(read) = read else {
            return Ok(give_up(workshop, collector).await);
        };
        if self.args.dry_run {
            report::nights(&collector.night_bill().await?);
        }
        let estimate = collector.estimate(&self.ask, self.ends_live).await?;
        let quotas = workshop.quota_watch(self.name)?;
        report::estimate(&collector, &estimate, &quotas.read().await?);
        let suspensions = workshop.suspensions(self.name).await?;
        if self.args.dry_run {
            report::suspensions(&suspensions);
            return Ok(Exit::Complete);
        }
        if suspensions.iter().any(|row| row.dataset.is_empty()) {
            report::summary(&read);
            report::suspensions(&suspensions);
            return Ok(Exit::NothingAsked);
        }
        if !self.may_go_on(&estimate).await? {
            report::not_started(&read);
            return Ok(Exit::Interrupted);
        }
        let progress = collector.progress();
        let scene = Scene {
            expected: progress.counts().planned + estimate.requests(),
            progress,
            quotas,
        };
        let drawing = bar::start(&self.screen, scene);
        let ended = or_give_up(&self.stop, self.collect(&collector, &run, read)).await;
        drawing.finish().await;
        let Some((summary, whole)) = ended? else {
            return Ok(give_up(workshop, collector).await);
        };
        collector.close().await;
        if summary.total(|pull| pull.inserted) >= LARGE {
            tidy_up(&workshop).await;
        }
        report::summary(&summary);
        if !summary.suspended.is_empty() {
            report::suspensions(&workshop.suspensions(self.name).await?);
        }
        let exit = match whole {
            true => exit_of(&summary, &self.stop),
            false => Exit::Interrupted,
        };
        report::verdict(&summary, exit);
        Ok(exit)
    }

    /// Reads the catalogues where they were never read and rows wait for them: without them the bill
    /// would be another one than the meal. Who asks for the bill alone asks the vendor nothing.
    async fn name_products(
        &self,
        collector: &Collector,
        run: &str,
    ) -> Result<Summary, ingest::Error> {
        match self.args.dry_run {
            true => Ok(collector.nothing_done()),
            false => collector.read_unread_catalogues(run).await,
        }
    }

    /// Returns what was done, with what was read before, and whether the live pass that belongs to it
    /// was begun, too.
    async fn collect(
        &self,
        collector: &Collector,
        run: &str,
        read: Summary,
    ) -> Result<(Summary, bool), ingest::Error> {
        let mut summary = read;
        summary.absorb(collector.backfill(run, &self.ask).await?);
        if !self.ends_live {
            return Ok((summary, true));
        }
        if self.stop.is_said() {
            return Ok((summary, false));
        }
        summary.absorb(collector.live_of(run, &self.ask.filter).await?);
        Ok((summary, true))
    }

    /// Asks only where somebody can answer.
    async fn may_go_on(&self, estimate: &Estimate) -> anyhow::Result<bool> {
        if self.args.yes || estimate.requests() == 0 {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            report::unasked();
            return Ok(true);
        }
        report::question()?;
        // A thread of its own: nothing waits for it where a signal ends the wait.
        let (answer, answered) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line).map(|_| line);
            drop(answer.send(read));
        });
        match self.stop.or(answered).await {
            Some(answer) => Ok(matches!(answer??.trim(), "y" | "Y" | "yes")),
            None => Ok(false),
        }
    }
}
