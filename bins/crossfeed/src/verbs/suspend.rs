//! `crossfeed suspend`: by hand, what else only a vendor's answer does.

use argh::FromArgs;
use runtime::{Env, Exit};
use store::suspend::SuspensionRow;

use crate::out;

/// The class of a suspension that an operator typed.
const CLASS: &str = "operator";

/// Lets nothing of a source, or of one dataset of it, be asked for until `crossfeed resume`. What is
/// under way goes on to the end of its dataset.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "suspend")]
pub(crate) struct Suspend {
    /// the vendor, e.g. coingecko
    #[argh(positional)]
    source: String,

    /// one dataset of it, e.g. `chart_hourly`; all where it is left out
    #[argh(positional)]
    dataset: Option<String>,

    /// why, in words that everybody sees until it is resumed
    #[argh(option)]
    reason: String,
}

impl Suspend {
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let source = match super::source(&self.source) {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let dataset = self.dataset.as_deref();
        let dataset = match dataset
            .map(|name| super::dataset(env, source, name))
            .transpose()
        {
            Ok(dataset) => dataset.unwrap_or_default(),
            Err(exit) => return Ok(exit),
        };
        let (store, _server) = super::open_store(env).await?;
        let now = runtime::clock(env).await?.now();
        let is_it = |row: &SuspensionRow| row.source == source.as_str() && row.dataset == dataset;
        let before = store.suspensions().await?;
        let before = before
            .iter()
            .find(|row| is_it(row) && row.parameter.is_empty() && row.class != CLASS);
        // What the vendor said is still so when the operator's own reason is gone.
        let reason = match before {
            Some(row) => format!("{}; before that {}: {}", self.reason, row.class, row.reason),
            None => self.reason,
        };
        (store.suspend(source, dataset, "", CLASS, &reason, now)).await?;
        for row in store.suspensions().await?.iter().filter(|row| is_it(row)) {
            out::line(assembly::suspension(row))?;
        }
        Ok(Exit::Complete)
    }
}
