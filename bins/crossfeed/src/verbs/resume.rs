//! `crossfeed resume`: the only way out of a suspension, and the early way out of a parking.

use argh::FromArgs;
use runtime::{Env, Exit};
use store::suspend::SuspensionRow;

use crate::out;

/// Lets a suspended or parked source run again, from its next tick on; or one suspended dataset of it.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "resume")]
pub(crate) struct Resume {
    /// the vendor, e.g. coingecko
    #[argh(positional)]
    source: String,

    /// one dataset of it; the source and all its datasets where it is left out
    #[argh(positional)]
    dataset: Option<String>,
}

impl Resume {
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let source_id = match super::source(&self.source) {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let source = source_id.as_str();
        let dataset = self.dataset.as_deref();
        let (store, _server) = super::open_store(env).await?;
        let now = runtime::clock(env).await?.now();
        let lifted = store.resume(source, dataset).await?;
        for row in &lifted {
            out::line(told(row))?;
        }
        let parked = match dataset {
            None => store.unpark(source, now).await?,
            Some(_) => 0,
        };
        if parked > 0 {
            out::line(format_args!("{source}: no longer parked"))?;
        }
        if lifted.is_empty() && parked == 0 {
            // One that is gone may have been suspended still; any other name is a slip.
            if let Some(Err(exit)) = dataset.map(|name| super::dataset(env, source_id, name)) {
                return Ok(exit);
            }
            let what = dataset.map_or(source.to_owned(), |dataset| format!("{source} {dataset}"));
            out::line(format_args!("{what} was not suspended"))?;
        }
        let left = store.suspensions().await?;
        let left: Vec<_> = left.iter().filter(|row| row.source == source).collect();
        if left.iter().any(|row| row.dataset.is_empty()) {
            for row in left {
                out::line(assembly::suspension(row))?;
            }
        } else if !lifted.is_empty() || parked > 0 {
            out::line(format_args!(
                "it is asked for again from the next tick of {source} on"
            ))?;
        }
        Ok(Exit::Complete)
    }
}

fn told(row: &SuspensionRow) -> String {
    let what = match row.dataset.as_str() {
        "" => row.source.clone(),
        dataset => format!("{} {dataset}", row.source),
    };
    format!(
        "{what}: suspension lifted, which had stood since {}: {}",
        row.since, row.reason
    )
}
