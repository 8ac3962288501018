//! `crossfeed pull`: the newest values of one source, now.

use std::io;

use anyhow::Context as _;
use argh::FromArgs;
use assembly::{Purpose, Workshop, check_config_of, exit_of, or_give_up, stop_on_signal};
use ingest::{Collector, Summary, schedule::run_id};
use runtime::{Env, Exit};

use crate::out;

/// Pulls the newest values of a source once, beside whatever else runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "pull")]
pub(crate) struct Pull {
    /// the vendor, e.g. coingecko
    #[argh(positional)]
    source: String,

    /// refresh the vendor's catalogue, too
    #[argh(switch)]
    catalogue: bool,
}

impl Pull {
    #[expect(clippy::print_stderr, reason = "the command's own output")]
    pub(crate) async fn run(self, env: Env) -> anyhow::Result<Exit> {
        let source = match super::source(&self.source) {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let check = check_config_of(&env, &[source]);
        if !check.problems.is_empty() {
            check.problems.iter().for_each(|line| eprintln!("{line}"));
            return Ok(Exit::Error);
        }
        let stop = stop_on_signal().context("failed to watch for signals")?;
        let workshop = {
            let clock = runtime::clock(&env).await?;
            Workshop::open(env, clock, "crossfeed pull").await?
        };
        workshop.load_dictionary(None).await?;
        let collector = (workshop
            .collectors(&[source], Purpose::Collect, &stop)
            .await?
            .pop())
        .with_context(|| format!("failed to open {source}"))?;
        let run = run_id("pull", workshop.clock.now());
        let Some(summary) = or_give_up(&stop, self.collect(&collector, &run)).await? else {
            drop(collector);
            workshop.abandon().await;
            return Ok(Exit::Interrupted);
        };
        collector.close().await;
        tell(&summary)?;
        if !summary.suspended.is_empty() {
            let rows = workshop.suspensions(source).await?;
            (rows.iter()).try_for_each(|row| out::line(assembly::suspension(row)))?;
        }
        Ok(exit_of(&summary, &stop))
    }

    async fn collect(&self, collector: &Collector, run: &str) -> Result<Summary, ingest::Error> {
        let mut summary = collector.live(run).await?;
        if self.catalogue {
            summary.absorb(collector.refresh_catalogue(run).await?);
        }
        Ok(summary)
    }
}

fn tell(summary: &Summary) -> io::Result<()> {
    for pull in &summary.pulls {
        out::line(format_args!(
            "{} {}: {}, {} points, {} new",
            pull.dataset,
            pull.status.as_str(),
            assembly::counted(pull.requests, "request"),
            pull.received,
            pull.inserted
        ))?;
        for line in assembly::failures(pull) {
            out::line(format_args!("  {line}"))?;
        }
        if let Some(until) = pull.parked_until {
            out::line(format_args!("  parked: the quota is spent until {until}"))?;
        }
    }
    assembly::left_alone(summary).map_or(Ok(()), out::line)
}
