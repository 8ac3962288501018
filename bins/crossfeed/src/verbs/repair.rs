//! `crossfeed db repair`: what can be made anew from the points, on whichever database is in use.

use argh::FromArgs;
use runtime::{Env, Exit};

const MEBIBYTE: i64 = 1 << 20;

/// Makes counts and newest values anew from the points, in the database that the other programs use:
/// after points were changed by hand. Writers wait meanwhile; no point changes.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "repair")]
pub(crate) struct Repair {
    /// only this vendor's series, e.g. coingecko; all where it is left out
    #[argh(option)]
    source: Option<String>,
    /// build the index of the points anew, too: worth it after a large backfill, and needs room for a
    /// second one meanwhile
    #[argh(switch)]
    reindex: bool,
}

impl Repair {
    #[expect(clippy::print_stdout, reason = "the command's own output")]
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let source = match self.source.as_deref().map(super::source).transpose() {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let (store, database) = super::open_store(env).await?;
        let repair = store.repair_stats(source).await?;
        println!("database: {}", database.describe);
        println!("{}", words(repair.series, repair.wrong));
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

fn words(series: usize, wrong: usize) -> String {
    match wrong {
        0 => format!("{series} series looked at, none was wrong"),
        1 => format!("{series} series looked at, 1 was wrong and is mended"),
        wrong => format!("{series} series looked at, {wrong} were wrong and are mended"),
    }
}
