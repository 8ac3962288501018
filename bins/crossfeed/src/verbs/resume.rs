//! `crossfeed resume`: the only way out of a suspension, and the early way out of a parking.

use argh::FromArgs;
use runtime::{Env, Exit};

use crate::out;

/// Lets a suspended or parked source run again, from its next tick on.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "resume")]
pub(crate) struct Resume {
    /// the vendor, e.g. coingecko
    #[argh(positional)]
    source: String,
}

impl Resume {
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let source = match super::source(&self.source) {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let (store, _server) = super::open_store(env).await?;
        let now = runtime::clock(env).await?.now();
        let suspensions = store.resume(source.as_str()).await?;
        let parked = store.unpark(source.as_str(), now).await?;
        match suspensions {
            0 if parked == 0 => out::line(format_args!("{source} was not suspended"))?,
            0 => {}
            1 => out::line(format_args!("{source}: suspension lifted"))?,
            count => out::line(format_args!("{source}: {count} suspensions lifted"))?,
        }
        if parked > 0 {
            out::line(format_args!("{source}: no longer parked"))?;
        }
        Ok(Exit::Complete)
    }
}
