//! The vendors' catalogues as last seen.

use std::{borrow::Cow, collections::BTreeMap};

use deadpool_postgres::Transaction;
use model::{SourceId, Ts};
use serde_json::Value;

use crate::{Error, Store, locks, ranges::PgTs};

/// One entry of a catalogue. Names are the vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingRow {
    /// The vendor's id.
    pub asset: String,
    /// Ticker as the vendor writes it.
    pub symbol: Option<String>,
    /// Name as the vendor writes it.
    pub name: Option<String>,
    /// Ids of the same thing elsewhere.
    pub links: BTreeMap<String, String>,
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
    /// Writes down the catalogue of a source as a whole: what it no longer names is no longer
    /// active.
    ///
    /// # Errors
    /// [`Error::Catalogue`] where it is empty or has lost more than half of its entries: vendors
    /// answer so on bad days, and nothing is changed then.
    pub async fn sync_listings(
        &self,
        source: SourceId,
        rows: &[ListingRow],
        seen_at: Ts,
    ) -> Result<ListingChanges, Error> {
        let rows: BTreeMap<&str, &ListingRow> =
            rows.iter().map(|row| (row.asset.as_str(), row)).collect();
        let columns = Columns::of(&rows);
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        tx.execute(
            "SELECT pg_advisory_xact_lock($1, hashtext($2))",
            &[&locks::LISTINGS, &source.as_str()],
        )
        .await?;
        let known = active(&tx, source).await?;
        if rows.is_empty() || rows.len() < known / LEAST_SHARE {
            return Err(Error::Catalogue {
                source_name: source.as_str().to_owned(),
                listed: rows.len(),
                known,
            });
        }
        let mut changes = columns.compare(&tx, source).await?;
        columns.write(&tx, source, seen_at).await?;
        changes.vanished = tx
            .query(
                "UPDATE listings SET active = false \
                 WHERE source = $1 AND active AND asset <> ALL ($2) RETURNING 1",
                &[&source.as_str(), &columns.assets],
            )
            .await?
            .len();
        tx.commit().await?;
        Ok(changes)
    }

    /// Returns when a catalogue of a source was last believed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn listings_seen_at(&self, source: SourceId) -> Result<Option<Ts>, Error> {
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT max(seen_at) FROM listings WHERE source = $1",
                &[&source.as_str()],
            )
            .await?;
        Ok(row.get::<_, Option<PgTs>>(0).map(|at| at.0))
    }
}

async fn active(tx: &Transaction<'_>, source: SourceId) -> Result<usize, Error> {
    let count: i64 = tx
        .query_one(
            "SELECT count(*) FROM listings WHERE source = $1 AND active",
            &[&source.as_str()],
        )
        .await?
        .get(0);
    Ok(usize::try_from(count).unwrap_or(0))
}

#[derive(Default)]
struct Columns<'a> {
    assets: Vec<Cow<'a, str>>,
    symbols: Vec<Option<Cow<'a, str>>>,
    names: Vec<Option<Cow<'a, str>>>,
    links: Vec<Value>,
}

impl<'a> Columns<'a> {
    fn of(rows: &BTreeMap<&'a str, &'a ListingRow>) -> Self {
        let mut columns = Self::default();
        for row in rows.values() {
            columns.assets.push(storable(&row.asset));
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

    async fn compare(
        &self,
        tx: &Transaction<'_>,
        source: SourceId,
    ) -> Result<ListingChanges, Error> {
        let row = tx
            .query_one(
                "SELECT count(*) FILTER (WHERE o.asset IS NULL), \
                        count(*) FILTER (WHERE o.active AND (o.symbol, o.name, o.links) \
                                         IS DISTINCT FROM (u.symbol, u.name, u.links)), \
                        count(*) FILTER (WHERE NOT o.active) \
                 FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[]) \
                      AS u (asset, symbol, name, links) \
                 LEFT JOIN listings o ON o.source = $1 AND o.asset = u.asset",
                &[
                    &source.as_str(),
                    &self.assets,
                    &self.symbols,
                    &self.names,
                    &self.links,
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

    async fn write(
        &self,
        tx: &Transaction<'_>,
        source: SourceId,
        seen_at: Ts,
    ) -> Result<(), Error> {
        tx.execute(
            "INSERT INTO listings (source, asset, symbol, name, links, active, seen_at) \
             SELECT $1, u.asset, u.symbol, u.name, u.links, true, $6 \
             FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[]) \
                  AS u (asset, symbol, name, links) \
             ON CONFLICT (source, asset) DO UPDATE SET symbol = excluded.symbol, \
                 name = excluded.name, links = excluded.links, active = true, \
                 seen_at = excluded.seen_at",
            &[
                &source.as_str(),
                &self.assets,
                &self.symbols,
                &self.names,
                &self.links,
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
