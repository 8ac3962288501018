//! The other rival: what a pipeline in Python does with psycopg2's `execute_values`. A thousand rows a
//! statement, literals in its text, `ON CONFLICT`, one transaction a batch, into one wide table with the
//! names as text; no counters, no revisions. Python itself, which would cost as much again, is spared.

use std::fmt::Write as _;

use store::write::Point;
use tokio_postgres::Client;

const ROWS_A_STATEMENT: usize = 1_000;

/// The wide table, as the predecessor had it.
pub(crate) const TABLE: &str = "CREATE TABLE bench_baseline (
    pulled_at timestamptz NOT NULL, source text NOT NULL, asset text NOT NULL,
    metric_name text NOT NULL, value float8, domain text, exchange text NOT NULL,
    entity_id text, granularity text,
    UNIQUE (source, asset, metric_name, pulled_at, exchange))";

/// What a statement does with a point that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Conflict {
    /// As a backfill.
    Nothing,
    /// As a live pull.
    Update,
}

impl Conflict {
    fn action(self) -> &'static str {
        match self {
            Self::Nothing => "NOTHING",
            Self::Update => "UPDATE SET value = EXCLUDED.value",
        }
    }
}

/// Writes one batch.
pub(crate) async fn insert(
    client: &mut Client,
    points: &[Point],
    conflict: Conflict,
) -> anyhow::Result<()> {
    let tx = client.transaction().await?;
    for rows in points.chunks(ROWS_A_STATEMENT) {
        tx.batch_execute(&statement(rows, conflict)?).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn statement(rows: &[Point], conflict: Conflict) -> Result<String, std::fmt::Error> {
    let mut text = "INSERT INTO bench_baseline (pulled_at, source, asset, metric_name, value, \
                    domain, exchange, entity_id, granularity) VALUES "
        .to_owned();
    for (at, point) in rows.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let (series, ts, value) = (point.series.0, point.ts, point.value);
        write!(
            text,
            "{comma}('{ts}'::timestamptz, 'bench', 'asset-{series}', 'PRICE', {value:?}, \
             'spot', '', 'asset-{series}', 'hourly')"
        )?;
    }
    let action = conflict.action();
    write!(
        text,
        " ON CONFLICT (source, asset, metric_name, pulled_at, exchange) DO {action}"
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use model::Ts;
    use store::series::SeriesId;

    use super::*;

    #[test]
    fn a_statement_holds_all_rows() {
        let point = |secs| Point {
            series: SeriesId(7),
            ts: Ts::from_secs(secs),
            value: 0.5,
        };
        let text = statement(&[point(0), point(3_600)], Conflict::Nothing).unwrap();
        let rows = "('1970-01-01T00:00:00Z'::timestamptz, 'bench', 'asset-7', 'PRICE', 0.5, \
                    'spot', '', 'asset-7', 'hourly'),\
                    ('1970-01-01T01:00:00Z'::timestamptz, 'bench', 'asset-7', 'PRICE', 0.5, \
                    'spot', '', 'asset-7', 'hourly') ON CONFLICT ";
        assert!(text.contains(rows), "{text}");
        assert!(text.ends_with(" DO NOTHING"), "{text}");
    }
}
