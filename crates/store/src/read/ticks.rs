//! How the ticks of a source went, from the ledger of pulls: right for any process that asks, and
//! bounded by how many pulls there were of late, not by what is stored.

use model::{SourceId, Ts};

use crate::{Error, Store, pulls::PullStatus, ranges::PgTs};

/// How far back failures in a row are followed, in days. What has failed for longer is said to have
/// failed for so long.
const LOOK_BACK_DAYS: i64 = 35;

/// The newest tick of a source that had anything to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickRow {
    /// Groups its pulls.
    pub run_id: String,
    /// When its first pull began.
    pub started_at: Ts,
    /// When its last pull ended; none while one runs.
    pub finished_at: Option<Ts>,
    /// How its pulls stand, each once, in the order in which they began.
    pub statuses: Vec<PullStatus>,
    /// Requests sent.
    pub requests: i64,
    /// Points that parsers gave.
    pub received: i64,
}

/// A dataset whose newest live pull failed, as a whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingRow {
    /// The dataset.
    pub dataset: String,
    /// Class of the newest failure.
    pub class: String,
    /// Its text, redacted.
    pub error: String,
    /// How many live pulls in a row ended so.
    pub pulls: i64,
    /// When the first of them began.
    pub since: Ts,
}

/// Returns the newest tick of a source that asked for anything: one that a process ran by schedule,
/// not what an operator typed.
///
/// # Errors
/// Those of the database.
pub async fn last_tick(store: &Store, source: SourceId) -> Result<Option<TickRow>, Error> {
    let client = store.client().await?;
    let row = client
        .query_opt(
            "WITH newest AS (
                 SELECT run_id, started_at FROM pulls
                 WHERE source = $1 AND kind = 'live' AND starts_with(run_id, 'tick-')
                 ORDER BY started_at DESC LIMIT 1)
             SELECT p.run_id, min(p.started_at),
                    CASE WHEN count(*) = count(p.finished_at) THEN max(p.finished_at) END,
                    array_agg(p.status ORDER BY p.pull_id),
                    sum(p.requests)::int8, sum(p.received)::int8
             FROM newest n JOIN pulls p ON p.source = $1 AND p.run_id = n.run_id
                 -- A run begins with its first pull, and none lasts so long.
                 AND p.started_at >= n.started_at - interval '3 days'
             GROUP BY p.run_id",
            &[&source.as_str()],
        )
        .await?;
    Ok(row.map(|row| {
        let named = row.get::<_, Vec<String>>(3);
        let mut statuses: Vec<PullStatus> = Vec::new();
        for status in named.iter().map(|name| PullStatus::named(name)) {
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        TickRow {
            run_id: row.get(0),
            started_at: row.get::<_, PgTs>(1).0,
            finished_at: row.get::<_, Option<PgTs>>(2).map(|at| at.0),
            statuses,
            requests: row.get(4),
            received: row.get(5),
        }
    }))
}

/// Returns the datasets whose newest live pull ended with a failure of one of these classes, by
/// dataset. A pull that still runs, or that its process left behind, says nothing.
///
/// # Errors
/// Those of the database.
pub async fn failing(
    store: &Store,
    source: SourceId,
    classes: &[&str],
    now: Ts,
) -> Result<Vec<FailingRow>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "WITH ended AS MATERIALIZED (
                 SELECT dataset, started_at, error_class, error,
                        status IN ('failed', 'partial') AND coalesce(error_class = ANY ($2), false)
                            AS fails
                 FROM pulls
                 WHERE source = $1 AND kind = 'live' AND started_at > $3
                   AND status NOT IN ('running', 'interrupted')
             ), good AS (
                 SELECT dataset, max(started_at) AS at FROM ended WHERE NOT fails GROUP BY dataset
             )
             SELECT e.dataset, (array_agg(e.error_class ORDER BY e.started_at DESC))[1],
                    coalesce((array_agg(e.error ORDER BY e.started_at DESC))[1], ''),
                    count(*), min(e.started_at)
             FROM ended e LEFT JOIN good g USING (dataset)
             WHERE e.fails AND (g.at IS NULL OR e.started_at > g.at)
             GROUP BY e.dataset ORDER BY e.dataset",
            &[
                &source.as_str(),
                &classes,
                &PgTs(now.plus_days(-LOOK_BACK_DAYS)),
            ],
        )
        .await?;
    Ok((rows.iter())
        .map(|row| FailingRow {
            dataset: row.get(0),
            class: row.get(1),
            error: row.get(2),
            pulls: row.get(3),
            since: row.get::<_, PgTs>(4).0,
        })
        .collect())
}

/// Returns for each dataset of a source the class of the newest failure of any pull that is none of
/// `except`, of late: why what failed did.
///
/// # Errors
/// Those of the database.
pub async fn last_failures(
    store: &Store,
    source: SourceId,
    except: &[&str],
    now: Ts,
) -> Result<Vec<(String, String)>, Error> {
    let client = store.client().await?;
    let rows = client
        .query(
            "SELECT DISTINCT ON (dataset) dataset, error_class FROM pulls
             WHERE source = $1 AND started_at > $3
               AND error_class IS NOT NULL AND error_class <> ALL ($2)
             ORDER BY dataset, started_at DESC",
            &[
                &source.as_str(),
                &except,
                &PgTs(now.plus_days(-LOOK_BACK_DAYS)),
            ],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
