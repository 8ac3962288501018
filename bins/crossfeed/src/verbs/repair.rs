//! `crossfeed db repair`: what can be made anew from the points, on whichever database is in use.

use argh::FromArgs;
use runtime::{Env, Exit};

const MEBIBYTE: i64 = 1 << 20;

/// Counts the points of every series anew and frees what reading stumbles over; changes no point.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "repair")]
pub(crate) struct Repair {
    /// build the index of the points anew, too: worth it after a large backfill, and needs room for a
    /// second one meanwhile
    #[argh(switch)]
    reindex: bool,
}

impl Repair {
    #[expect(clippy::print_stdout, reason = "the command's own output")]
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let (store, _server) = super::open_store(env).await?;
        let repair = store.repair_stats(None).await?;
        println!(
            "statistics: {} series looked at, {} put right",
            repair.series, repair.wrong
        );
        if self.reindex {
            let rebuilt = store.rebuild_points_index().await?;
            println!(
                "index: {} MiB, was {} MiB",
                rebuilt.after_bytes / MEBIBYTE,
                rebuilt.before_bytes / MEBIBYTE
            );
        }
        store.vacuum_points().await?;
        println!("vacuumed");
        Ok(Exit::Complete)
    }
}
