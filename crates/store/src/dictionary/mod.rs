//! What names mean: entities, the vendors' ids of them, metrics. Loaded from the curated files, as
//! plain rows: what they mean is the business of `entity-master` and `normalize`.

mod listings;

use deadpool_postgres::Transaction;

pub use listings::{ListingChanges, ListingRow};

use crate::{
    Error, Store,
    locks::{self, Lock},
    session,
    write::Patience,
};

/// A row of `entities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRow {
    /// The key.
    pub canonical_id: String,
    /// Its name.
    pub name: String,
    /// Its ticker.
    pub symbol: String,
    /// `token`, `chain`, `equity`, …: the column `type`.
    pub kind: String,
    /// `crypto`, `equity`, ….
    pub asset_class: String,
    /// `layer-1`, `defi_dex`, ….
    pub sector: String,
    /// `canonical_id` of what it belongs to; empty where it stands alone.
    pub parent: String,
}

/// A row of `entity_source_ids`.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityIdRow {
    /// The vendor.
    pub source: String,
    /// The vendor's id.
    pub source_id: String,
    /// What it means.
    pub canonical_id: String,
    /// Units of the entity in one unit of the vendor.
    pub factor: f64,
    /// `curated`, or `auto:<rule>`.
    pub origin: String,
}

/// A row of `canonical_metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalMetricRow {
    /// The key.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// `level`, `flow`, ….
    pub kind: String,
    /// Which vendor answers where none is named, best first.
    pub preferred_sources: Vec<String>,
    /// What it means.
    pub description: String,
}

/// A row of `metric_names`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricNameRow {
    /// The vendor.
    pub source: String,
    /// The stored name.
    pub metric: String,
    /// The step it holds for; empty for all.
    pub step: String,
    /// The canonical name.
    pub canonical: String,
    /// Unit of the stored value.
    pub unit: String,
    /// Stored value times this is the value in the canonical metric's unit.
    pub multiplier: f64,
    /// `level`, `flow`, ….
    pub kind: String,
    /// `price`, `quantity` or `none`.
    pub scales: String,
}

/// The curated files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary {
    /// Every entity.
    pub entities: Vec<EntityRow>,
    /// Every id that people have mapped.
    pub ids: Vec<EntityIdRow>,
    /// Every canonical metric.
    pub canonical_metrics: Vec<CanonicalMetricRow>,
    /// Every stored metric that has a canonical name.
    pub metric_names: Vec<MetricNameRow>,
}

impl Store {
    /// Makes the tables equal to the files, touching only what differs. Ids that a rule found
    /// (`auto:…`) stay, and so do the entities they mean, unless the files say otherwise. Who leads
    /// names the epoch it took.
    ///
    /// # Errors
    /// [`Error::LeadershipLost`] where another process has led since; [`Error::Locked`] where another
    /// keeps the lock of the dictionary; those of the database. Nothing is changed then.
    pub async fn sync_dictionary(
        &self,
        dictionary: &Dictionary,
        epoch: Option<i64>,
    ) -> Result<(), Error> {
        let mut client = self.client().await?;
        let mut tx = client.transaction().await?;
        locks::take(self, &mut tx, Lock::Dictionary, Patience::default()).await?;
        if let Some(epoch) = epoch {
            session::hold_epoch(&tx, epoch).await?;
        }
        canonical_metrics(&tx, &dictionary.canonical_metrics).await?;
        metric_names(&tx, &dictionary.metric_names).await?;
        entities(&tx, &dictionary.entities).await?;
        ids(&tx, &dictionary.ids).await?;
        remove_rest(&tx, dictionary).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn texts<T>(rows: &[T], of: fn(&T) -> &str) -> Vec<&str> {
    rows.iter().map(of).collect()
}

async fn canonical_metrics(tx: &Transaction<'_>, rows: &[CanonicalMetricRow]) -> Result<(), Error> {
    let preferred: Vec<String> = rows
        .iter()
        .map(|row| row.preferred_sources.join(","))
        .collect();
    tx.execute(
        "INSERT INTO canonical_metrics AS t (metric, unit, kind, preferred_sources, description) \
         SELECT n.* FROM ( \
             SELECT u.metric, u.unit, u.kind, string_to_array(u.preferred, ',') AS preferred, \
                    u.description \
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) \
                  AS u (metric, unit, kind, preferred, description)) AS n \
         LEFT JOIN canonical_metrics o ON o.metric = n.metric \
         WHERE (o.unit, o.kind, o.preferred_sources, o.description) \
               IS DISTINCT FROM (n.unit, n.kind, n.preferred, n.description) \
         ON CONFLICT (metric) DO UPDATE SET unit = excluded.unit, kind = excluded.kind, \
             preferred_sources = excluded.preferred_sources, description = excluded.description",
        &[
            &texts(rows, |row| &row.metric),
            &texts(rows, |row| &row.unit),
            &texts(rows, |row| &row.kind),
            &preferred,
            &texts(rows, |row| &row.description),
        ],
    )
    .await?;
    Ok(())
}

async fn metric_names(tx: &Transaction<'_>, rows: &[MetricNameRow]) -> Result<(), Error> {
    let multipliers: Vec<f64> = rows.iter().map(|row| row.multiplier).collect();
    tx.execute(
        "INSERT INTO metric_names AS t \
             (source, metric, step, canonical, unit, multiplier, kind, scales) \
         SELECT u.* \
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], \
                     $7::text[], $8::text[]) \
              AS u (source, metric, step, canonical, unit, multiplier, kind, scales) \
         LEFT JOIN metric_names o \
           ON (o.source, o.metric, o.step) = (u.source, u.metric, u.step) \
         WHERE (o.canonical, o.unit, o.multiplier, o.kind, o.scales) \
               IS DISTINCT FROM (u.canonical, u.unit, u.multiplier, u.kind, u.scales) \
         ON CONFLICT (source, metric, step) DO UPDATE SET canonical = excluded.canonical, \
             unit = excluded.unit, multiplier = excluded.multiplier, kind = excluded.kind, \
             scales = excluded.scales",
        &[
            &texts(rows, |row| &row.source),
            &texts(rows, |row| &row.metric),
            &texts(rows, |row| &row.step),
            &texts(rows, |row| &row.canonical),
            &texts(rows, |row| &row.unit),
            &multipliers,
            &texts(rows, |row| &row.kind),
            &texts(rows, |row| &row.scales),
        ],
    )
    .await?;
    Ok(())
}

async fn entities(tx: &Transaction<'_>, rows: &[EntityRow]) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO entities AS t \
             (canonical_id, name, symbol, type, asset_class, sector, parent) \
         SELECT u.* \
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
                     $7::text[]) \
              AS u (canonical_id, name, symbol, type, asset_class, sector, parent) \
         LEFT JOIN entities o ON o.canonical_id = u.canonical_id \
         WHERE (o.name, o.symbol, o.type, o.asset_class, o.sector, o.parent) \
               IS DISTINCT FROM (u.name, u.symbol, u.type, u.asset_class, u.sector, u.parent) \
         ON CONFLICT (canonical_id) DO UPDATE SET name = excluded.name, \
             symbol = excluded.symbol, type = excluded.type, \
             asset_class = excluded.asset_class, sector = excluded.sector, \
             parent = excluded.parent",
        &[
            &texts(rows, |row| &row.canonical_id),
            &texts(rows, |row| &row.name),
            &texts(rows, |row| &row.symbol),
            &texts(rows, |row| &row.kind),
            &texts(rows, |row| &row.asset_class),
            &texts(rows, |row| &row.sector),
            &texts(rows, |row| &row.parent),
        ],
    )
    .await?;
    Ok(())
}

async fn ids(tx: &Transaction<'_>, rows: &[EntityIdRow]) -> Result<(), Error> {
    let factors: Vec<f64> = rows.iter().map(|row| row.factor).collect();
    tx.execute(
        "INSERT INTO entity_source_ids AS t (source, source_id, canonical_id, factor, origin) \
         SELECT u.* \
         FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[]) \
              AS u (source, source_id, canonical_id, factor, origin) \
         LEFT JOIN entity_source_ids o \
           ON (o.source, o.source_id) = (u.source, u.source_id) \
         WHERE (o.canonical_id, o.factor, o.origin) \
               IS DISTINCT FROM (u.canonical_id, u.factor, u.origin) \
         ON CONFLICT (source, source_id) DO UPDATE SET canonical_id = excluded.canonical_id, \
             factor = excluded.factor, origin = excluded.origin",
        &[
            &texts(rows, |row| &row.source),
            &texts(rows, |row| &row.source_id),
            &texts(rows, |row| &row.canonical_id),
            &factors,
            &texts(rows, |row| &row.origin),
        ],
    )
    .await?;
    Ok(())
}

/// Removes what the files no longer name, from the tables that refer to the ones they refer to.
async fn remove_rest(tx: &Transaction<'_>, dictionary: &Dictionary) -> Result<(), Error> {
    let names = &dictionary.metric_names;
    tx.execute(
        "DELETE FROM metric_names t WHERE NOT EXISTS ( \
             SELECT 1 FROM unnest($1::text[], $2::text[], $3::text[]) AS u (source, metric, step) \
             WHERE (u.source, u.metric, u.step) = (t.source, t.metric, t.step))",
        &[
            &texts(names, |row| &row.source),
            &texts(names, |row| &row.metric),
            &texts(names, |row| &row.step),
        ],
    )
    .await?;
    tx.execute(
        "DELETE FROM canonical_metrics WHERE metric <> ALL ($1)",
        &[&texts(&dictionary.canonical_metrics, |row| &row.metric)],
    )
    .await?;
    tx.execute(
        "DELETE FROM entity_source_ids t WHERE t.origin NOT LIKE 'auto:%' AND NOT EXISTS ( \
             SELECT 1 FROM unnest($1::text[], $2::text[]) AS u (source, source_id) \
             WHERE (u.source, u.source_id) = (t.source, t.source_id))",
        &[
            &texts(&dictionary.ids, |row| &row.source),
            &texts(&dictionary.ids, |row| &row.source_id),
        ],
    )
    .await?;
    tx.execute(
        "DELETE FROM entities e WHERE e.canonical_id <> ALL ($1) \
           AND NOT EXISTS (SELECT 1 FROM entity_source_ids i \
                           WHERE i.canonical_id = e.canonical_id)",
        &[&texts(&dictionary.entities, |row| &row.canonical_id)],
    )
    .await?;
    Ok(())
}
