//! Measures the store, on a private PostgreSQL of its own.
//!
//! `bench write`: the write path beside a binary COPY of the same batches by the same client in the
//! same run, and beside what a pipeline in Python does. Cases are taken in turn within each repeat,
//! because a machine's speed drifts; ratios are what counts. `bench read`: what readers and planner
//! ask, over many series. `bench look`: the commands of an operator who looks at many series, whole.
//! All set what they measure beside what it must be. Run them with
//! `cargo run --release --package xtask -- bench write`.

mod baseline;
mod cases;
mod commands;
mod copy;
mod fill;
mod look;
mod read;
mod report;

use argh::FromArgs;
use local_postgres::{Guard, Options, Profile, Server};
use runtime::Exit;

use crate::root;

/// Measures.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "bench")]
pub(crate) struct Bench {
    #[argh(subcommand)]
    what: What,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum What {
    Look(Look),
    Read(Read),
    Write(Write),
}

/// Runs `crossfeed gaps` and `crossfeed status` as whole programs on a configuration of many series;
/// exit code 4 where one takes longer than it may.
#[derive(Clone, Copy, Debug, FromArgs)]
#[argh(subcommand, name = "look")]
pub(crate) struct Look {
    /// series, over 3 sources (default 100,000)
    #[argh(option, default = "100_000")]
    series: usize,
    /// runs of each (default 20)
    #[argh(option, default = "20")]
    runs: usize,
}

/// Fills a database and measures what readers and planner ask of it; exit code 4 where one takes
/// longer than it may.
#[derive(Clone, Copy, Debug, FromArgs)]
#[argh(subcommand, name = "read")]
pub(crate) struct Read {
    /// points (default 20,000,000)
    #[argh(option, default = "20_000_000")]
    rows: usize,
    /// series, over 5 sources and 50 metrics (default 100,000)
    #[argh(option, default = "100_000")]
    series: usize,
    /// runs of each question (default 200)
    #[argh(option, default = "200")]
    runs: usize,
}

/// Sets the write path (counters, statistics, revisions, coverage) beside a binary COPY and a Python
/// pipeline's INSERT; exit code 4 where a ratio is not what it must be.
#[derive(Clone, Copy, Debug, FromArgs)]
#[argh(subcommand, name = "write")]
pub(crate) struct Write {
    /// rows a repeat (default 1,000,000)
    #[argh(option, default = "1_000_000")]
    rows: usize,
    /// series a repeat, hourly ones; rows / series is the length of their history (default 1,000)
    #[argh(option, default = "1_000")]
    series: usize,
    /// rows a batch (default 50,000)
    #[argh(option, default = "50_000")]
    batch: usize,
    /// repeats (default 3)
    #[argh(option, default = "3")]
    repeats: usize,
}

impl Bench {
    pub(crate) async fn run(self) -> anyhow::Result<Exit> {
        match self.what {
            What::Look(look) => look.run().await,
            What::Read(read) => read.run().await,
            What::Write(write) => write.run().await,
        }
    }
}

impl Look {
    async fn run(self) -> anyhow::Result<Exit> {
        anyhow::ensure!(
            self.series >= 100 && self.series.is_multiple_of(100) && self.runs > 0,
            "series come in hundreds, and there must be at least one run"
        );
        let server = server().await?;
        let report = commands::run(&server.url(), &server.config(), self).await?;
        print!("{report}");
        Ok(report.exit())
    }
}

impl Read {
    async fn run(self) -> anyhow::Result<Exit> {
        anyhow::ensure!(
            self.series >= 1_000 && self.runs > 0,
            "there must be at least a thousand series and one run"
        );
        let server = server().await?;
        // On a worker, where the connections are: the main thread has to be woken for each packet.
        let config = server.config();
        let report = tokio::spawn(async move { read::run(&config, self).await }).await??;
        print!("{report}");
        Ok(report.exit())
    }
}

impl Write {
    async fn run(self) -> anyhow::Result<Exit> {
        anyhow::ensure!(
            self.series > 0 && self.batch > 0 && self.repeats > 0 && self.rows >= self.series,
            "there must be at least one row a series, and one of everything else"
        );
        let server = server().await?;
        let measured = cases::run(&server.config(), self).await?;
        print!("{measured}");
        Ok(if measured.holds() {
            Exit::Complete
        } else {
            Exit::FailedCheck
        })
    }
}

/// Starts a server of its own. Stopped and removed a few seconds after this process ends, however
/// that comes.
async fn server() -> anyhow::Result<Server> {
    let folder = std::env::temp_dir().join(format!("crossfeed-bench-{}", std::process::id()));
    let options = Options {
        guard: Guard::Lock,
        profile: Profile::Desk,
        search_path: std::env::var_os("PATH"),
        download_to: Some(root().join(".crossfeed").join("postgresql")),
        ..Options::new(folder)
    };
    Ok(local_postgres::ensure_started(&options, &|line| println!("{line}")).await?)
}
