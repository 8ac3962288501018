//! What waits for an operator, and what soon may.

use ingest::REFUSED_TICKS_SUSPEND;
use store::{
    Store,
    suspend::{RefusedRow, SuspensionRow},
};

use super::report::{Hand, Leader, Refused};

/// Returns what is suspended, of every source, set up or not.
pub(super) async fn suspended(store: &Store) -> Result<Vec<Hand>, store::Error> {
    let rows = store.suspensions().await?;
    Ok(rows.iter().map(hand).collect())
}

/// Returns the leader that has ended. Where none ever led nobody expects one: commands alone collect.
pub(super) fn gone(leader: &Leader) -> Option<Hand> {
    (!leader.alive).then(|| Hand {
        what: "ingestd".to_owned(),
        class: "ended".to_owned(),
        since: None,
        why: format!("{} has ended and nobody collects", leader.instance),
        command: "ingestd".to_owned(),
    })
}

fn hand(row: &SuspensionRow) -> Hand {
    let parts = [&row.source, &row.dataset, &row.parameter];
    let named: Vec<&str> = (parts.into_iter())
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    Hand {
        what: named.join(" "),
        class: row.class.clone(),
        since: Some(row.since.to_string()),
        why: row.reason.clone(),
        command: assembly::resuming(row),
    }
}

/// Returns what has been refused tick after tick.
pub(super) async fn refused(store: &Store) -> Result<Vec<Refused>, store::Error> {
    let told = |row: RefusedRow| Refused {
        source: row.source,
        dataset: row.dataset,
        ticks: row.ticks,
        of: REFUSED_TICKS_SUSPEND,
        since: row.since.to_string(),
    };
    Ok(store.refused_ticks().await?.into_iter().map(told).collect())
}
