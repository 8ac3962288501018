//! `crossfeed sources`: what is stored of each vendor, what is suspended, and what a vendor itself said
//! that it is parked. It needs no configuration, without which nobody can count a quota.

use argh::FromArgs;
use runtime::{Env, Exit};
use store::read;

use crate::{out, table};

/// Tells what is stored of each vendor, and what is suspended, or parked by its vendor's word. What is
/// parked by our own count of a quota is told by `crossfeed status`.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "sources")]
pub(crate) struct Sources {}

impl Sources {
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let (store, _server) = super::open_store(env).await?;
        let rows: Vec<_> = read::sources(&store)
            .await?
            .into_iter()
            .map(|row| {
                vec![
                    row.source,
                    row.series.to_string(),
                    row.points.to_string(),
                    row.assets.to_string(),
                    row.metrics.to_string(),
                    row.first_ts.to_string(),
                    row.last_ts.to_string(),
                ]
            })
            .collect();
        let header = [
            "source", "series", "points", "assets", "metrics", "first", "last",
        ];
        table::print(&header, &rows)?;
        match store.world().await? {
            Some(world) => out::line(format_args!("this database holds {world} data"))?,
            None => out::line("nothing has been collected into this database yet")?,
        }
        for row in store.suspensions().await? {
            out::line(assembly::suspension(&row))?;
        }
        for row in store.parked(runtime::clock(env).await?.now()).await? {
            out::line(assembly::parking(&row))?;
        }
        Ok(Exit::Complete)
    }
}
