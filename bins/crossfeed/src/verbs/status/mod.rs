//! `crossfeed status`: how everything stands, at one glance.

mod gather;
mod hands;
mod report;
mod show;

use argh::FromArgs;
use runtime::{Env, Exit};

use crate::out;

/// Tells how everything stands: who leads, each source, its quotas and its gaps, and what waits for an
/// operator with the command that ends it. Asks no vendor and changes nothing.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "status",
    error_code(0, "nothing waits for a hand"),
    error_code(4, "something does: a suspension, or a configuration that is wrong")
)]
pub(crate) struct Status {
    /// as JSON
    #[argh(switch)]
    json: bool,

    /// name everything that is only counted otherwise
    #[argh(switch)]
    all: bool,
}

impl Status {
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let (store, database) = super::open_store(env).await?;
        let report = gather::gather(env, &store, database.describe.clone()).await?;
        match self.json {
            true => out::line(serde_json::to_string_pretty(&report)?)?,
            false => show::show(&report, self.all)?,
        }
        Ok(match report.waits_for_a_hand.is_empty() {
            true => Exit::Complete,
            false => Exit::FailedCheck,
        })
    }
}
