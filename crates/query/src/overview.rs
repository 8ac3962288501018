//! "What is there?"

use std::collections::HashMap;

use model::Ts;
use store::World;
use store::pace::ParkedRow;
use store::pulls::PullRow;
use store::read;
use store::suspend::SuspensionRow;

use crate::answer::{Overview, Parked, PullSummary, SourceSummary, Sources, Suspended};
use crate::{Error, Reader};

impl Reader {
    /// Returns what is collected, by vendor, and what is not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sources(&self, now: Ts) -> Result<Sources, Error> {
        let rows = read::sources(self.store()).await?;
        let pulls = read::last_pulls(self.store()).await?;
        let mut pulls: HashMap<String, PullRow> = pulls
            .into_iter()
            .map(|pull| (pull.source.clone(), pull))
            .collect();
        let sources = rows.into_iter().map(|row| SourceSummary {
            last_pull: pulls.remove(&row.source).map(summary),
            name: row.source,
            records: row.points,
            assets: row.assets,
            metrics: row.metrics,
            series: row.series,
            earliest_date: row.first_ts,
            latest_date: row.last_ts,
        });
        let sources = sources.collect();
        let suspended = self.store().suspensions().await?;
        let parked = self.store().parked(now).await?;
        Ok(Sources {
            sources,
            suspended: suspended.into_iter().map(suspended_of).collect(),
            parked: parked.into_iter().map(parked_of).collect(),
            world: self.world().await?,
        })
    }

    /// Returns what there is at all, in a few numbers.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn overview(&self) -> Result<Overview, Error> {
        let rows = read::sources(self.store()).await?;
        let suspended = self.store().suspensions().await?;
        let mut suspended: Vec<String> = suspended.into_iter().map(|row| row.source).collect();
        suspended.dedup();
        Ok(Overview {
            suspended,
            world: self.world().await?,
            series: rows.iter().map(|row| row.series).sum(),
            points: rows.iter().map(|row| row.points).sum(),
            latest_timestamp: rows.iter().map(|row| row.last_ts).max(),
            sources: rows.into_iter().map(|row| row.source).collect(),
        })
    }

    async fn world(&self) -> Result<Option<&'static str>, Error> {
        Ok(self.store().world().await?.map(World::as_str))
    }
}

fn suspended_of(row: SuspensionRow) -> Suspended {
    Suspended {
        source: row.source,
        dataset: row.dataset,
        class: row.class,
        reason: row.reason,
        since: row.since,
    }
}

fn parked_of(row: ParkedRow) -> Parked {
    Parked {
        source: row.source,
        until: row.until,
        reason: row.why,
    }
}

fn summary(pull: PullRow) -> PullSummary {
    PullSummary {
        kind: pull.kind,
        status: pull.status.as_str(),
        started_at: pull.started_at,
        finished_at: pull.finished_at,
    }
}
