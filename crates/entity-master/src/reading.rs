//! Reads the two curated files and checks them against each other.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::SourceId;
use serde::Deserialize;
use tables::{CsvText, Problems, Report, Row, Table, both, positive};

use crate::{
    entity::{Entity, EntityId, SourceMapping},
    sector::Sectors,
};

const ENTITY_COLUMNS: [&str; 7] = [
    "canonical_id",
    "name",
    "symbol",
    "type",
    "asset_class",
    "sector",
    "parent",
];
const SOURCE_ID_COLUMNS: [&str; 5] = ["source", "source_id", "canonical_id", "factor", "note"];

#[derive(Deserialize)]
struct EntityRow {
    canonical_id: String,
    name: String,
    symbol: String,
    #[serde(rename = "type")]
    kind: String,
    asset_class: String,
    sector: String,
    parent: String,
}

#[derive(Deserialize)]
struct SourceIdRow {
    source: String,
    source_id: String,
    canonical_id: String,
    factor: String,
}

pub(crate) fn read(
    entities: &CsvText<'_>,
    source_ids: &CsvText<'_>,
    sources: &[SourceId],
) -> Result<(Vec<Entity>, Vec<SourceMapping>), Problems> {
    let mut entity_table = Table::read(entities.name, entities.bytes, &ENTITY_COLUMNS);
    let entities = read_entities(&mut entity_table);
    // Ids of rows with other problems count, so that one mistake is reported once and not again by
    // every row that refers to it.
    let ids: HashSet<&str> = entity_table
        .rows()
        .iter()
        .map(|row| row.value.canonical_id.as_str())
        .collect();
    let mut id_table = Table::read(source_ids.name, source_ids.bytes, &SOURCE_ID_COLUMNS);
    let source_ids = read_source_ids(&mut id_table, &ids, sources);
    both(entity_table.finish(entities), id_table.finish(source_ids))
}

fn read_entities(table: &mut Table<EntityRow>) -> Vec<Entity> {
    table.refuse_duplicates("canonical_id", |row| row.canonical_id.as_str());
    let (rows, report) = table.rows_and_report();
    let mut parents: HashMap<&str, &str> = HashMap::with_capacity(rows.len());
    for row in rows.iter().map(|row| &row.value) {
        parents.entry(&row.canonical_id).or_insert(&row.parent);
    }
    let mut sectors = Sectors::default();
    rows.iter()
        .filter_map(|row| {
            let entity = entity(row, &mut sectors, report);
            check_parent(row, &parents, report);
            entity
        })
        .collect()
}

fn entity(row: &Row<EntityRow>, sectors: &mut Sectors, report: &mut Report) -> Option<Entity> {
    let (line, row) = (row.line, &row.value);
    if !is_slug(&row.canonical_id) {
        let what = format!(
            "{:?} is no id: lower-case letters, digits, and - _ . between them",
            row.canonical_id
        );
        report.problem(line, Some("canonical_id"), what);
    }
    if row.name.is_empty() {
        report.problem(line, Some("name"), "is empty");
    }
    let kind = report.check(line, "type", row.kind.parse());
    let asset_class = report.check(line, "asset_class", row.asset_class.parse());
    let sector = some_text(&row.sector)
        .and_then(|spelling| report.check(line, "sector", sector(spelling, sectors)));
    Some(Entity {
        id: EntityId::new(row.canonical_id.as_str()),
        name: row.name.clone(),
        symbol: some_text(&row.symbol).map(str::to_uppercase),
        kind: kind?,
        asset_class: asset_class?,
        sector,
        parent: some_text(&row.parent).map(EntityId::new),
    })
}

fn sector(spelling: &str, sectors: &mut Sectors) -> Result<Arc<str>, String> {
    if !is_slug(spelling) {
        return Err(format!(
            "{spelling:?} is no sector: lower case, as in defi_dex"
        ));
    }
    sectors
        .learn(spelling)
        .map_err(|known| format!("{spelling:?} is spelled {known:?} in a line before"))
}

/// `parents` has every entity, with an empty text where there is no parent.
fn check_parent(row: &Row<EntityRow>, parents: &HashMap<&str, &str>, report: &mut Report) {
    let EntityRow {
        canonical_id: id,
        parent,
        ..
    } = &row.value;
    if parent.is_empty() {
        return;
    }
    if !parents.contains_key(parent.as_str()) {
        let what = format!("no entity has the id {parent:?}");
        report.problem(row.line, Some("parent"), what);
        return;
    }
    // At most as many steps as there are entities: a longer walk is a circle.
    let mut ancestor = parent.as_str();
    for _ in 0..parents.len() {
        if ancestor == id {
            let what = format!("{parent:?} leads back to {id:?}");
            report.problem(row.line, Some("parent"), what);
            return;
        }
        match parents.get(ancestor) {
            Some(next) => ancestor = next,
            None => return,
        }
    }
}

fn read_source_ids(
    table: &mut Table<SourceIdRow>,
    entities: &HashSet<&str>,
    sources: &[SourceId],
) -> Vec<SourceMapping> {
    table.refuse_duplicates("source_id", |row| {
        (row.source.as_str(), row.source_id.as_str())
    });
    let (rows, report) = table.rows_and_report();
    rows.iter()
        .filter_map(|row| source_mapping(row, entities, sources, report))
        .collect()
}

fn source_mapping(
    row: &Row<SourceIdRow>,
    entities: &HashSet<&str>,
    sources: &[SourceId],
    report: &mut Report,
) -> Option<SourceMapping> {
    let (line, row) = (row.line, &row.value);
    let source = report.check(line, "source", known_source(&row.source, sources));
    if row.source_id.is_empty() {
        report.problem(line, Some("source_id"), "is empty");
    }
    if !entities.contains(row.canonical_id.as_str()) {
        let what = format!("no entity has the id {:?}", row.canonical_id);
        report.problem(line, Some("canonical_id"), what);
    }
    let factor = match row.factor.as_str() {
        "" => Some(1.0),
        text => report.check(line, "factor", positive(text)),
    };
    Some(SourceMapping {
        source: source?,
        source_id: row.source_id.clone(),
        entity: EntityId::new(row.canonical_id.as_str()),
        factor: factor?,
    })
}

fn known_source(name: &str, sources: &[SourceId]) -> Result<SourceId, String> {
    let known = sources.iter().find(|source| source.as_str() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
        format!("{name:?} is none of {}", names.join(", "))
    })
}

fn some_text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Whether `text` is lower-case letters and digits with single separators between them.
fn is_slug(text: &str) -> bool {
    text.split(['-', '_', '.']).all(|part| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}
