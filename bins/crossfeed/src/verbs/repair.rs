//! `crossfeed db repair`: counts and newest values made anew from the points.

use argh::FromArgs;
use runtime::{Env, Exit};

/// Makes counts and newest values anew from the points, in the database that the other programs use:
/// after points were changed by hand. Writers wait meanwhile.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "repair")]
pub(crate) struct Repair {
    /// only this vendor's series, e.g. coingecko; all where it is left out
    #[argh(option)]
    source: Option<String>,
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
