//! What `ingestd` shows of itself: metrics, health, log.

mod documented;
mod log;
mod shown;

use fake_vendors::{Options, Plan};
use testkit::{
    scrape,
    stage::{Running, Stage},
};
use tokio::process::Command;

use crate::{PROGRAM, want_days};

const AT: &str = "CROSSFEED_INGESTD_METRICS_ADDR";

/// The program with a port of its own for its metrics.
fn watched(stage: &Stage) -> Command {
    let mut command = stage.command(&[]);
    command.env(AT, "127.0.0.1:0");
    command
}

/// A plan with a quota.
async fn demo_stage() -> Stage {
    let options = Options {
        rpm: Some(6_000),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Demo, options).await;
    want_days(&stage, 5);
    stage
}

async fn start(stage: &Stage) -> (Running, String) {
    let program = Running::start(watched(stage));
    let address = scrape::address(&program).await;
    (program, address)
}
