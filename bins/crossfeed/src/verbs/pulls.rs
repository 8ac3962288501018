//! `crossfeed pulls`: what ran and how it ended.

use argh::FromArgs;
use runtime::{Env, Exit};

use crate::table;

/// Lists the newest pulls.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "pulls")]
pub(crate) struct Pulls {
    /// only of this vendor
    #[argh(option)]
    source: Option<String>,

    /// how many (20)
    #[argh(option, default = "20")]
    limit: u32,
}

impl Pulls {
    pub(crate) async fn run(self, env: &Env) -> anyhow::Result<Exit> {
        let source = match self.source.as_deref().map(super::source).transpose() {
            Ok(source) => source,
            Err(exit) => return Ok(exit),
        };
        let (store, _server) = super::open_store(env).await?;
        let source = source.map(|source| source.as_str());
        let pulls = store.recent_pulls(source, i64::from(self.limit)).await?;
        let rows: Vec<_> = pulls
            .into_iter()
            .map(|pull| {
                let error = pull
                    .error
                    .map(|error| format!("{}: {error}", pull.error_class.unwrap_or_default()));
                vec![
                    pull.id.0.to_string(),
                    pull.source,
                    pull.dataset,
                    pull.kind,
                    pull.status.as_str().to_owned(),
                    pull.started_at.to_string(),
                    pull.requests.to_string(),
                    pull.received.to_string(),
                    pull.inserted.to_string(),
                    pull.updated.to_string(),
                    pull.rejected.to_string(),
                    error.unwrap_or_default(),
                ]
            })
            .collect();
        let header = [
            "pull", "source", "dataset", "kind", "status", "started", "requests", "points", "new",
            "changed", "refused", "error",
        ];
        table::print(&header, &rows)?;
        Ok(Exit::Complete)
    }
}
