//! What answers and catalogues taught about an asset, so that nobody asks again for what cannot be.

use std::collections::BTreeMap;

use model::{DatasetId, SourceId, Subject, Ts};
use tokio_postgres::Row;

use crate::{Error, Store, ranges::PgTs};

/// What `known_from` begins with where a catalogue says so, which knows better than an answer.
const CATALOGUE: &str = "catalogue";

/// What is known of an asset. None: nothing known, and nothing to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// What it is about.
    pub subject: Subject,
    /// Start of the first bucket that the vendor has.
    pub first_available: Option<Ts>,
    /// Start of the first bucket that the vendor no longer has.
    pub ended_at: Option<Ts>,
    /// The vendor does not know the asset; not asked before this time.
    pub unsupported_until: Option<Ts>,
    /// The dataset that taught the first bucket, or `catalogue`, also with a name behind
    /// (`catalogue:coins_list`). Of what is to be learnt, who teaches it.
    pub known_from: String,
    /// Who taught the last bucket, in the same words.
    pub ended_from: String,
}

/// Whether a catalogue taught it: the vendor's own word, not what one answer seemed to show.
pub fn is_catalogue(known_from: &str) -> bool {
    known_from.starts_with(CATALOGUE)
}

impl FactRow {
    /// Returns the row of a subject of which nothing is known.
    pub fn unknown(subject: Subject) -> Self {
        Self {
            subject,
            first_available: None,
            ended_at: None,
            unsupported_until: None,
            known_from: String::new(),
            ended_from: String::new(),
        }
    }

    /// Whether a catalogue says when it began.
    fn is_from_catalogue(&self) -> bool {
        is_catalogue(&self.known_from)
    }

    /// Returns both as one, as the statement below would leave them.
    fn then(self, later: Self) -> Self {
        let first_available = if later.is_from_catalogue() {
            later.first_available.or(self.first_available)
        } else {
            (self.first_available.into_iter())
                .chain(later.first_available)
                .min()
        };
        let ended_at = later.ended_at.or(self.ended_at);
        let teaches = (first_available, ended_at) != (self.first_available, self.ended_at)
            || later.is_from_catalogue() && later.first_available.is_some();
        Self {
            first_available,
            ended_at,
            unsupported_until: later.unsupported_until.or(self.unsupported_until),
            known_from: if teaches {
                later.known_from
            } else {
                self.known_from
            },
            ..later
        }
    }

    fn of_row(row: &Row) -> Self {
        let at = |column: usize| row.get::<_, Option<PgTs>>(column).map(|at| at.0);
        Self {
            subject: Subject {
                asset: row.get::<_, &str>(0).into(),
                instrument: row.get::<_, &str>(1).into(),
                venue: row.get::<_, &str>(2).into(),
            },
            first_available: at(3),
            ended_at: at(4),
            unsupported_until: at(5),
            known_from: row.get(6),
            ended_from: row.get(7),
        }
    }
}

impl Store {
    /// Returns everything known of a source's assets.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn facts(&self, source: SourceId) -> Result<Vec<FactRow>, Error> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT asset, instrument, venue, first_available, ended_at, unsupported_until,
                        known_from, ended_from
                 FROM facts WHERE source = $1 ORDER BY asset, instrument, venue",
                &[&source.as_str()],
            )
            .await?;
        Ok(rows.iter().map(FactRow::of_row).collect())
    }

    /// Takes facts in and returns what is known of these assets now. `first_available` only moves
    /// earlier, never behind the oldest bucket that is stored, except where a catalogue says it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn learn(
        &self,
        source: SourceId,
        facts: &[FactRow],
        now: Ts,
    ) -> Result<Vec<FactRow>, Error> {
        let mut by_subject: BTreeMap<&Subject, FactRow> = BTreeMap::new();
        for fact in facts {
            let known = match by_subject.remove(&fact.subject) {
                Some(earlier) => earlier.then(fact.clone()),
                None => fact.clone(),
            };
            by_subject.insert(&fact.subject, known);
        }
        if by_subject.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<&FactRow> = by_subject.values().collect();
        let names = Names::of(rows.iter().map(|fact| &fact.subject));
        let known_from: Vec<&str> = rows.iter().map(|fact| fact.known_from.as_str()).collect();
        let times = |of: fn(&FactRow) -> Option<Ts>| -> Vec<Option<PgTs>> {
            rows.iter().map(|fact| of(fact).map(PgTs)).collect()
        };
        let client = self.client().await?;
        client
            .execute(
                LEARN,
                &[
                    &source.as_str(),
                    &names.assets,
                    &names.instruments,
                    &names.venues,
                    &times(|fact| fact.first_available),
                    &times(|fact| fact.ended_at),
                    &times(|fact| fact.unsupported_until),
                    &known_from,
                    &PgTs(now),
                    &CATALOGUE,
                ],
            )
            .await?;
        let known = client
            .query(
                KNOWN,
                &[
                    &source.as_str(),
                    &names.assets,
                    &names.instruments,
                    &names.venues,
                ],
            )
            .await?;
        Ok(known.iter().map(FactRow::of_row).collect())
    }

    /// Ends what a catalogue has not named since `before` or longer and no other catalogue of the
    /// source names: at the first reading that missed it. Where an end is known that one stays.
    /// Returns how many ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_vanished(
        &self,
        source: SourceId,
        dataset: DatasetId,
        before: Ts,
        now: Ts,
    ) -> Result<u64, Error> {
        let client = self.client().await?;
        let from = format!("{CATALOGUE}:{dataset}");
        Ok(client
            .execute(
                END_VANISHED,
                &[
                    &source.as_str(),
                    &dataset.as_str(),
                    &PgTs(before),
                    &from,
                    &PgTs(now),
                ],
            )
            .await?)
    }

    /// Forgets that these subjects have ended: a catalogue lists them again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_end(&self, source: SourceId, subjects: &[Subject]) -> Result<(), Error> {
        let names = Names::of(subjects.iter());
        let client = self.client().await?;
        client
            .execute(
                FORGET_END,
                &[
                    &source.as_str(),
                    &names.assets,
                    &names.instruments,
                    &names.venues,
                ],
            )
            .await?;
        Ok(())
    }

    /// Forgets that the vendor did not know these subjects: it has answered for them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_unsupported(
        &self,
        source: SourceId,
        subjects: &[Subject],
    ) -> Result<(), Error> {
        let names = Names::of(subjects.iter());
        let client = self.client().await?;
        client
            .execute(
                "UPDATE facts SET unsupported_until = NULL
                 WHERE source = $1 AND unsupported_until IS NOT NULL
                   AND (asset, instrument, venue)
                       IN (SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))",
                &[
                    &source.as_str(),
                    &names.assets,
                    &names.instruments,
                    &names.venues,
                ],
            )
            .await?;
        Ok(())
    }
}

const END_VANISHED: &str = "
INSERT INTO facts AS f (source, asset, instrument, venue, ended_at, known_from, ended_from, learned_at)
SELECT l.source, l.asset, l.instrument, l.venue, l.missing_since, $4, $4, $5
FROM listings l
WHERE l.source = $1 AND l.dataset = $2 AND l.missing_since <= $3
  AND NOT EXISTS (SELECT FROM listings o
                  WHERE o.source = l.source AND o.active
                    AND (o.asset, o.instrument, o.venue) = (l.asset, l.instrument, l.venue))
ON CONFLICT (source, asset, instrument, venue) DO UPDATE
SET ended_at = excluded.ended_at, ended_from = excluded.ended_from, learned_at = excluded.learned_at
WHERE f.ended_at IS NULL";

const FORGET_END: &str = "
UPDATE facts f SET ended_at = NULL, ended_from = ''
FROM unnest($2::text[], $3::text[], $4::text[]) AS n(asset, instrument, venue)
WHERE f.source = $1 AND f.ended_at IS NOT NULL
  AND (f.asset, f.instrument, f.venue) = (n.asset, n.instrument, n.venue)";

/// The parts of subjects, column by column.
struct Names<'a> {
    assets: Vec<&'a str>,
    instruments: Vec<&'a str>,
    venues: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(subjects: impl Iterator<Item = &'a Subject> + Clone) -> Self {
        Self {
            assets: subjects.clone().map(|one| one.asset.as_str()).collect(),
            instruments: (subjects.clone())
                .map(|one| one.instrument.as_str())
                .collect(),
            venues: subjects.map(|one| one.venue.as_str()).collect(),
        }
    }
}

const KNOWN: &str = "
SELECT asset, instrument, venue, first_available, ended_at, unsupported_until, known_from, ended_from
FROM facts
JOIN unnest($2::text[], $3::text[], $4::text[]) AS n(asset, instrument, venue)
    USING (asset, instrument, venue)
WHERE source = $1";

/// One answer that was cut short must not say when an asset began: what is stored says more. Who told
/// of an asset that the vendor does not know it has taught nothing of its first and last bucket.
const LEARN: &str = "
INSERT INTO facts AS f (source, asset, instrument, venue, first_available, ended_at,
                        unsupported_until, known_from, ended_from, learned_at)
SELECT $1, n.asset, n.instrument, n.venue,
       CASE WHEN starts_with(n.known_from, $10) THEN n.first_available
            ELSE least(n.first_available, stored.first_ts) END,
       n.ended_at, n.unsupported_until, n.known_from,
       CASE WHEN n.ended_at IS NULL THEN '' ELSE n.known_from END, $9
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[], $8::text[])
     AS n(asset, instrument, venue, first_available, ended_at, unsupported_until, known_from)
LEFT JOIN LATERAL (SELECT min(t.first_ts) AS first_ts FROM series_stats t
                   WHERE t.asset = n.asset AND t.source = $1 AND t.venue = n.venue
                     AND t.instrument = n.instrument) AS stored
    ON n.first_available IS NOT NULL
ON CONFLICT (source, asset, instrument, venue) DO UPDATE SET
    first_available = CASE WHEN starts_with(excluded.known_from, $10)
                           THEN coalesce(excluded.first_available, f.first_available)
                           ELSE least(excluded.first_available, f.first_available) END,
    ended_at = coalesce(excluded.ended_at, f.ended_at),
    unsupported_until = coalesce(excluded.unsupported_until, f.unsupported_until),
    ended_from = CASE
        WHEN excluded.ended_at IS DISTINCT FROM f.ended_at AND excluded.ended_at IS NOT NULL
            THEN excluded.ended_from
        ELSE f.ended_from END,
    known_from = CASE
        WHEN starts_with(excluded.known_from, $10) AND excluded.first_available IS NOT NULL
            THEN excluded.known_from
        WHEN excluded.first_available < coalesce(f.first_available, 'infinity')
            THEN excluded.known_from
        ELSE f.known_from END,
    learned_at = excluded.learned_at
WHERE CASE WHEN starts_with(excluded.known_from, $10)
           THEN excluded.first_available IS NOT NULL
                AND (excluded.first_available, excluded.known_from)
                    IS DISTINCT FROM (f.first_available, f.known_from)
           ELSE excluded.first_available < coalesce(f.first_available, 'infinity') END
   OR excluded.ended_at IS DISTINCT FROM f.ended_at AND excluded.ended_at IS NOT NULL
   OR excluded.unsupported_until IS DISTINCT FROM f.unsupported_until
      AND excluded.unsupported_until IS NOT NULL";
