//! The vendors' catalogues as last seen.

use std::{borrow::Cow, collections::BTreeMap};

use deadpool_postgres::Transaction;
use model::{DatasetId, SourceId, Subject, Ts};
use serde_json::Value;
use tokio_postgres::Row;

use crate::{Error, Store, locks, ranges::PgTs};

/// One entry of a catalogue. Names are the vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingRow {
    /// What is listed.
    pub subject: Subject,
    /// Ticker as the vendor writes it.
    pub symbol: Option<String>,
    /// Name as the vendor writes it.
    pub name: Option<String>,
    /// Ids of the same thing elsewhere.
    pub links: BTreeMap<String, String>,
    /// Whether the vendor lists it now.
    pub active: bool,
}

/// What a new catalogue changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListingChanges {
    /// Never listed before.
    pub added: usize,
    /// Listed with another ticker, name or link.
    pub changed: usize,
    /// Listed again.
    pub returned: usize,
    /// No longer listed.
    pub vanished: usize,
}

/// A catalogue with fewer than this share of the last one, one in so many, is not believed.
const LEAST_SHARE: usize = 2;

impl Store {
    /// Writes down one catalogue of a source as a whole: what it no longer names is no longer
    /// active.
    ///
    /// # Errors
    /// [`Error::Catalogue`] where it has lost all or more than half of its entries: vendors answer
    /// so on bad days, and nothing is changed then.
    pub async fn sync_listings(
        &self,
        source: SourceId,
        dataset: DatasetId,
        rows: &[ListingRow],
        seen_at: Ts,
    ) -> Result<ListingChanges, Error> {
        let rows: BTreeMap<&Subject, &ListingRow> =
            rows.iter().map(|row| (&row.subject, row)).collect();
        let columns = Columns::of(&rows);
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        tx.execute(
            "SELECT pg_advisory_xact_lock($1, hashtext($2))",
            &[&locks::LISTINGS, &source.as_str()],
        )
        .await?;
        let of = (source.as_str(), dataset.as_str());
        let known = named(&tx, of).await?;
        if (rows.is_empty() && known > 0) || rows.len() < known / LEAST_SHARE {
            return Err(Error::Catalogue {
                source_name: source.as_str().to_owned(),
                listed: rows.len(),
                known,
            });
        }
        let mut changes = columns.compare(&tx, of).await?;
        columns.write(&tx, of, seen_at).await?;
        changes.vanished = tx
            .query(
                "UPDATE listings SET active = false, missing_since = $6 \
                 WHERE source = $1 AND dataset = $2 AND active AND (asset, instrument, venue) \
                     NOT IN (SELECT * FROM unnest($3::text[], $4::text[], $5::text[])) RETURNING 1",
                &[
                    &of.0,
                    &of.1,
                    &columns.assets,
                    &columns.instruments,
                    &columns.venues,
                    &PgTs(seen_at),
                ],
            )
            .await?
            .len();
        tx.commit().await?;
        Ok(changes)
    }

    /// Returns when a catalogue was last believed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn listings_seen_at(
        &self,
        source: SourceId,
        dataset: DatasetId,
    ) -> Result<Option<Ts>, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT max(seen_at) FROM listings WHERE source = $1 AND dataset = $2",
                &[&source.as_str(), &dataset.as_str()],
            )
            .await?;
        Ok(row.get::<_, Option<PgTs>>(0).map(|at| at.0))
    }

    /// Returns every entry that any catalogue of a source has ever named, with the catalogue's name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn listings(&self, source: SourceId) -> Result<Vec<(String, ListingRow)>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT dataset, asset, instrument, venue, symbol, name, links, active \
                 FROM listings WHERE source = $1 ORDER BY dataset, asset, instrument, venue",
                &[&source.as_str()],
            )
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), read(row))).collect())
    }
}

fn read(row: &Row) -> ListingRow {
    let Value::Object(links) = row.get::<_, Value>(6) else {
        // The table's default is an object, and nothing else is written.
        return read_with(row, BTreeMap::new());
    };
    let text = |(key, value): (String, Value)| Some((key, value.as_str()?.to_owned()));
    read_with(row, links.into_iter().filter_map(text).collect())
}

fn read_with(row: &Row, links: BTreeMap<String, String>) -> ListingRow {
    let name = |column| row.get::<_, &str>(column);
    ListingRow {
        subject: Subject {
            asset: name(1).into(),
            instrument: name(2).into(),
            venue: name(3).into(),
        },
        symbol: row.get(4),
        name: row.get(5),
        links,
        active: row.get(7),
    }
}

/// A catalogue: source and dataset.
type Of = (&'static str, &'static str);

/// Returns how many entries the catalogue named when it was last read.
async fn named(tx: &Transaction<'_>, of: Of) -> Result<usize, Error> {
    let count: i64 = tx
        .query_one(
            "SELECT count(*) FROM listings WHERE source = $1 AND dataset = $2 AND seen_at = \
                 (SELECT max(seen_at) FROM listings WHERE source = $1 AND dataset = $2)",
            &[&of.0, &of.1],
        )
        .await?
        .get(0);
    Ok(usize::try_from(count).unwrap_or(0))
}

#[derive(Default)]
struct Columns<'a> {
    assets: Vec<Cow<'a, str>>,
    instruments: Vec<Cow<'a, str>>,
    venues: Vec<Cow<'a, str>>,
    symbols: Vec<Option<Cow<'a, str>>>,
    names: Vec<Option<Cow<'a, str>>>,
    links: Vec<Value>,
    active: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(rows: &BTreeMap<&'a Subject, &'a ListingRow>) -> Self {
        let mut columns = Self::default();
        for row in rows.values() {
            let subject = &row.subject;
            columns.assets.push(storable(subject.asset.as_str()));
            let instrument = storable(subject.instrument.as_str());
            columns.instruments.push(instrument);
            columns.venues.push(storable(subject.venue.as_str()));
            columns.active.push(row.active);
            columns.symbols.push(row.symbol.as_deref().map(storable));
            columns.names.push(row.name.as_deref().map(storable));
            let links = row.links.iter().map(|(key, value)| {
                let value = Value::String(storable(value).into_owned());
                (storable(key).into_owned(), value)
            });
            columns.links.push(Value::Object(links.collect()));
        }
        columns
    }

    async fn compare(&self, tx: &Transaction<'_>, of: Of) -> Result<ListingChanges, Error> {
        let row = tx
            .query_one(
                "SELECT count(*) FILTER (WHERE o.asset IS NULL), \
                        count(*) FILTER (WHERE o.active AND (o.symbol, o.name, o.links) \
                                         IS DISTINCT FROM (u.symbol, u.name, u.links)), \
                        count(*) FILTER (WHERE u.active AND NOT o.active) \
                 FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], \
                             $8::jsonb[], $9::bool[]) \
                      AS u (asset, instrument, venue, symbol, name, links, active) \
                 LEFT JOIN listings o ON o.source = $1 AND o.dataset = $2 \
                      AND (o.asset, o.instrument, o.venue) = (u.asset, u.instrument, u.venue)",
                &[
                    &of.0,
                    &of.1,
                    &self.assets,
                    &self.instruments,
                    &self.venues,
                    &self.symbols,
                    &self.names,
                    &self.links,
                    &self.active,
                ],
            )
            .await?;
        let count = |column| usize::try_from(row.get::<_, i64>(column)).unwrap_or(0);
        Ok(ListingChanges {
            added: count(0),
            changed: count(1),
            returned: count(2),
            vanished: 0,
        })
    }

    async fn write(&self, tx: &Transaction<'_>, of: Of, seen_at: Ts) -> Result<(), Error> {
        tx.execute(
            "INSERT INTO listings (source, dataset, asset, instrument, venue, symbol, name, links, \
                                   active, seen_at) \
             SELECT $1, $2, u.asset, u.instrument, u.venue, u.symbol, u.name, u.links, u.active, $10 \
             FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], \
                         $9::bool[]) \
                  AS u (asset, instrument, venue, symbol, name, links, active) \
             ON CONFLICT (source, dataset, asset, instrument, venue) DO UPDATE \
                 SET symbol = excluded.symbol, name = excluded.name, links = excluded.links, \
                     active = excluded.active, seen_at = excluded.seen_at, missing_since = NULL",
            &[
                &of.0,
                &of.1,
                &self.assets,
                &self.instruments,
                &self.venues,
                &self.symbols,
                &self.names,
                &self.links,
                &self.active,
                &PgTs(seen_at),
            ],
        )
        .await?;
        Ok(())
    }
}

/// PostgreSQL's texts hold every character but this one, and people name coins.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', ""))
    } else {
        Cow::Borrowed(text)
    }
}
