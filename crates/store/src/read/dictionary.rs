//! What names mean, as a whole: small tables, read together and kept by the caller for a while.

use tokio_postgres::IsolationLevel;

use crate::{
    Error, Store,
    dictionary::{CanonicalMetricRow, Dictionary, EntityIdRow, EntityRow, MetricNameRow},
};

/// Returns every entity, id, canonical metric and metric name, ids that rules found included, as
/// they were at one moment.
///
/// # Errors
/// Those of the database.
pub async fn dictionary(store: &Store) -> Result<Dictionary, Error> {
    let mut client = store.client().await?;
    let tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let entities = tx
        .query(
            "SELECT canonical_id, name, symbol, type, asset_class, sector, parent
             FROM entities ORDER BY canonical_id",
            &[],
        )
        .await?;
    let ids = tx
        .query(
            "SELECT source, source_id, canonical_id, factor, origin
             FROM entity_source_ids ORDER BY source, source_id",
            &[],
        )
        .await?;
    let canonical_metrics = tx
        .query(
            "SELECT metric, unit, kind, preferred_sources, description
             FROM canonical_metrics ORDER BY metric",
            &[],
        )
        .await?;
    let metric_names = tx
        .query(
            "SELECT source, metric, step, canonical, unit, multiplier, kind, scales
             FROM metric_names ORDER BY source, metric, step",
            &[],
        )
        .await?;
    tx.commit().await?;
    Ok(Dictionary {
        entities: (entities.iter())
            .map(|row| EntityRow {
                canonical_id: row.get(0),
                name: row.get(1),
                symbol: row.get(2),
                kind: row.get(3),
                asset_class: row.get(4),
                sector: row.get(5),
                parent: row.get(6),
            })
            .collect(),
        ids: (ids.iter())
            .map(|row| EntityIdRow {
                source: row.get(0),
                source_id: row.get(1),
                canonical_id: row.get(2),
                factor: row.get(3),
                origin: row.get(4),
            })
            .collect(),
        canonical_metrics: (canonical_metrics.iter())
            .map(|row| CanonicalMetricRow {
                metric: row.get(0),
                unit: row.get(1),
                kind: row.get(2),
                preferred_sources: row.get(3),
                description: row.get(4),
            })
            .collect(),
        metric_names: (metric_names.iter())
            .map(|row| MetricNameRow {
                source: row.get(0),
                metric: row.get(1),
                step: row.get(2),
                canonical: row.get(3),
                unit: row.get(4),
                multiplier: row.get(5),
                kind: row.get(6),
                scales: row.get(7),
            })
            .collect(),
    })
}
