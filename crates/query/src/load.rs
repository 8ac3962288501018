//! From rows of the dictionary's tables to what `entity-master` and `normalize` make of them.
//!
//! The rows were checked before they were written. One that this program cannot read, because a
//! newer one wrote it, is left out: the rest goes on answering.

use entity_master::{Entity, EntityId, Master, SourceMapping};
use model::MetricName;
use normalize::{CanonicalMetric, Dictionary, Mapping};
use store::dictionary as rows;

use crate::names::intern;

/// Returns both.
pub(crate) fn names(rows: rows::Dictionary) -> (Master, Dictionary) {
    let entities = rows.entities.into_iter().filter_map(entity).collect();
    let ids = rows.ids.into_iter().map(mapping).collect();
    let metrics = rows
        .canonical_metrics
        .into_iter()
        .filter_map(canonical)
        .collect();
    let names = rows
        .metric_names
        .into_iter()
        .filter_map(metric_name)
        .collect();
    (
        Master::from_rows(entities, ids),
        Dictionary::from_rows(metrics, names),
    )
}

fn entity(row: rows::EntityRow) -> Option<Entity> {
    let given = |text: String| (!text.is_empty()).then_some(text);
    Some(Entity {
        id: EntityId::new(row.canonical_id),
        name: row.name,
        symbol: given(row.symbol),
        kind: row.kind.parse().ok()?,
        asset_class: row.asset_class.parse().ok()?,
        sector: given(row.sector).map(Into::into),
        parent: given(row.parent).map(EntityId::new),
    })
}

fn mapping(row: rows::EntityIdRow) -> SourceMapping {
    SourceMapping {
        source: intern(&row.source),
        source_id: row.source_id,
        entity: EntityId::new(row.canonical_id),
        factor: row.factor,
    }
}

fn canonical(row: rows::CanonicalMetricRow) -> Option<CanonicalMetric> {
    Some(CanonicalMetric {
        name: MetricName::new(row.metric),
        unit: row.unit.parse().ok()?,
        kind: row.kind.parse().ok()?,
        preferred_sources: row
            .preferred_sources
            .iter()
            .map(|name| intern(name))
            .collect(),
        description: row.description,
    })
}

fn metric_name(row: rows::MetricNameRow) -> Option<Mapping> {
    let step = if row.step.is_empty() {
        None
    } else {
        Some(row.step.parse().ok()?)
    };
    Some(Mapping {
        source: intern(&row.source),
        stored: MetricName::new(row.metric),
        step,
        canonical: MetricName::new(row.canonical),
        unit: row.unit.parse().ok()?,
        multiplier: row.multiplier,
        kind: row.kind.parse().ok()?,
        scales: row.scales.parse().ok()?,
    })
}
