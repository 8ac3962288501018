//! The dictionary of series: what the configuration wants, since when, and under which number.
//!
//! Knows nothing of points and coverage. A series is never deleted: what the configuration no
//! longer names is only no longer active.

use std::{
    collections::{HashMap, HashSet},
    error::Error as StdError,
    fmt,
};

use deadpool_postgres::Transaction;
use model::{
    Instrument, Key, MetricName, Quote, SeriesKey, SeriesSpec, Since, SourceId, Spans, Step,
    TimeRange, Ts, Venue,
};
use postgres_types::{FromSql, Type, accepts};
use time::Month;
use tokio_postgres::{IsolationLevel, Row};

use crate::{
    Error, Store,
    locks::{self, Lock},
    ranges::{FOREVER, FOREVER_AGO, PgSpans, PgTs},
    session,
    write::Patience,
};

/// The key of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(pub i32);

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One series as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesRow {
    /// Its number.
    pub id: SeriesId,
    /// What it is.
    pub series: SeriesKey,
    /// Seconds to add to a label of the vendor to get the start of the bucket.
    pub label_shift_secs: i64,
    /// The first bucket that is wanted.
    pub wanted_since: Option<Ts>,
    /// When the configuration wanted it.
    pub active: Spans,
}

impl SeriesRow {
    /// Whether the configuration wants it now.
    pub fn is_active(&self) -> bool {
        self.active.hull().is_some_and(|hull| hull.end == FOREVER)
    }
}

/// The series of a source as its configuration says now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Those that it wants.
    pub on: Vec<SeriesRow>,
    /// Those that it wanted once.
    pub off: Vec<SeriesRow>,
}

/// What the specs that a process brings say about the series that they do not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// They are all that is wanted: what they do not name ends. For who has the database to itself.
    Whole,
    /// The same, in the word of the process that leads since this epoch: refused once another leads.
    Leading(i64),
    /// They are what this process works on; what else is wanted, and since when, is not its business.
    Part,
}

impl Authority {
    /// Whether what is not named ends.
    fn is_whole(self) -> bool {
        self != Self::Part
    }
}

/// A step as a column holds it.
pub(crate) struct PgStep(pub(crate) Step);

impl<'a> FromSql<'a> for PgStep {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.parse()?))
    }

    accepts!(TEXT);
}

impl Store {
    /// Makes the series of a source equal to what its configuration says now, and returns the ones
    /// that it wants.
    ///
    /// A series that is new becomes active for all time, and its `since` is resolved and kept. One
    /// that comes back starts at `now`. With [`Authority::Whole`] and [`Authority::Leading`] one that is
    /// gone or disabled ends at `now`, and a `since` that names a day is followed when it changes; with
    /// [`Authority::Part`] it is followed in what is returned only.
    ///
    /// # Errors
    /// [`Error::LeadershipLost`] where something is to be changed by who no longer leads: nothing is
    /// then; [`Error::Locked`] where somebody keeps the writer lock of the source; those of the database.
    pub async fn sync_series(
        &self,
        source: SourceId,
        specs: &[SeriesSpec],
        authority: Authority,
        now: Ts,
    ) -> Result<Vec<SeriesRow>, Error> {
        let wanted: Vec<&SeriesSpec> = specs.iter().filter(|spec| spec.enabled).collect();
        let mut client = self.client().await?;
        let mut tx = client
            .build_transaction()
            // What is read under the lock is what the one before left.
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()
            .await?;
        // A tick that opens beside a backfill need not wait for its writer only to learn that all is
        // as it should be.
        let rows = load(&tx, source).await?;
        if Difference::between(&rows, &wanted, authority, now).is_none() {
            tx.commit().await?;
            return Ok(as_wanted(rows, &wanted));
        }
        let lock = Lock::Source(source.as_str());
        locks::take(self, &mut tx, lock, Patience::default()).await?;
        if let Authority::Leading(epoch) = authority {
            session::hold_epoch(&tx, epoch).await?;
        }
        let rows = load(&tx, source).await?;
        let difference = Difference::between(&rows, &wanted, authority, now);
        insert(&tx, source, &difference.missing, now).await?;
        change(&tx, &difference.changes).await?;

        let rows = load(&tx, source).await?;
        tx.commit().await?;
        Ok(as_wanted(rows, &wanted))
    }

    /// Returns the series of a source as [`Self::sync_series`] would leave them for the process that
    /// leads, and changes nothing: those that the configuration wants, and those that it no longer
    /// wants. One that was never made has a number below zero, which nothing is stored under.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn foresee_series(
        &self,
        source: SourceId,
        specs: &[SeriesSpec],
        now: Ts,
    ) -> Result<Foreseen, Error> {
        let wanted: Vec<&SeriesSpec> = specs.iter().filter(|spec| spec.enabled).collect();
        let mut rows = self.series_of(source).await?;
        let difference = Difference::between(&rows, &wanted, Authority::Whole, now);
        let made = (-i32::MAX..).zip(&difference.missing);
        let made: Vec<SeriesRow> = made.map(|(id, spec)| not_made(id, spec, now)).collect();
        let changed: HashMap<SeriesId, Change> =
            (difference.changes.into_iter().map(|one| (one.id, one))).collect();
        for row in &mut rows {
            if let Some(change) = changed.get(&row.id) {
                row.active = change.active.clone();
                row.wanted_since = change.wanted_since;
            }
        }
        rows.extend(made);
        let (on, off) = rows.into_iter().partition(SeriesRow::is_active);
        Ok(Foreseen { on, off })
    }

    /// Returns every series of a source, active or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn series_of(&self, source: SourceId) -> Result<Vec<SeriesRow>, Error> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let rows = load(&tx, source).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

async fn load(tx: &Transaction<'_>, source: SourceId) -> Result<Vec<SeriesRow>, Error> {
    let statement = tx
        .prepare_cached(
            "SELECT series_id, asset, instrument, venue, quote, metric, step, label_shift, \
                    wanted_since, active \
             FROM series WHERE source = $1 ORDER BY series_id",
        )
        .await?;
    let rows = tx.query(&statement, &[&source.as_str()]).await?;
    let mut read_rows: Vec<SeriesRow> = Vec::with_capacity(rows.len());
    for row in &rows {
        let before = read_rows.last().map(|row| &row.series);
        let row = read(row, source, before)?;
        read_rows.push(row);
    }
    Ok(read_rows)
}

/// Reads a row; names that the one before has too are shared with it: most are.
fn read(row: &Row, source: SourceId, before: Option<&SeriesKey>) -> Result<SeriesRow, Error> {
    let key = before.map(|series| &series.key);
    let asset: &str = row.try_get(1)?;
    Ok(SeriesRow {
        id: SeriesId(row.try_get(0)?),
        series: SeriesKey {
            source,
            key: Key {
                asset: asset.into(),
                instrument: shared(
                    row.try_get(2)?,
                    key.map(|key| &key.instrument),
                    Instrument::as_str,
                ),
                venue: shared(row.try_get(3)?, key.map(|key| &key.venue), Venue::as_str),
                quote: shared(row.try_get(4)?, key.map(|key| &key.quote), Quote::as_str),
            },
            metric: shared(
                row.try_get(5)?,
                before.map(|series| &series.metric),
                MetricName::as_str,
            ),
            step: row.try_get::<_, PgStep>(6)?.0,
        },
        label_shift_secs: row.try_get::<_, i32>(7)?.into(),
        wanted_since: row.try_get::<_, Option<PgTs>>(8)?.map(|at| at.0),
        active: row.try_get::<_, PgSpans>(9)?.0,
    })
}

fn shared<'a, N>(text: &'a str, before: Option<&N>, as_str: fn(&N) -> &str) -> N
where
    N: Clone + From<&'a str>,
{
    match before {
        Some(before) if as_str(before) == text => before.clone(),
        _ => text.into(),
    }
}

/// Inserts series that are known to be missing: an insert that meets a conflict burns a number.
async fn insert(
    tx: &Transaction<'_>,
    source: SourceId,
    specs: &[&SeriesSpec],
    now: Ts,
) -> Result<(), Error> {
    if specs.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&SeriesSpec) -> &str| specs.iter().map(|spec| of(spec)).collect::<Vec<_>>();
    let shifts: Vec<i32> = specs
        .iter()
        .map(|spec| i32::try_from(spec.stamp.shift_secs(spec.series.step)).unwrap_or(0))
        .collect();
    let since: Vec<PgTs> = specs
        .iter()
        .map(|spec| PgTs(resolve(spec.since, spec.series.step, now)))
        .collect();
    let always = PgSpans([TimeRange::new(FOREVER_AGO, FOREVER)].into_iter().collect());
    tx.execute(
        "INSERT INTO series (source, asset, instrument, venue, quote, metric, step, label_shift, \
                             wanted_since, active) \
         SELECT $1, u.asset, u.instrument, u.venue, u.quote, u.metric, u.step, u.label_shift, \
                u.wanted_since, $10 \
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], \
                     $8::int4[], $9::timestamptz[]) \
              AS u (asset, instrument, venue, quote, metric, step, label_shift, wanted_since)",
        &[
            &source.as_str(),
            &texts(|spec| spec.series.key.asset.as_str()),
            &texts(|spec| spec.series.key.instrument.as_str()),
            &texts(|spec| spec.series.key.venue.as_str()),
            &texts(|spec| spec.series.key.quote.as_str()),
            &texts(|spec| spec.series.metric.as_str()),
            &texts(|spec| spec.series.step.as_str()),
            &shifts,
            &since,
            &always,
        ],
    )
    .await?;
    Ok(())
}

/// What is stored otherwise than the configuration says.
struct Difference<'a> {
    missing: Vec<&'a SeriesSpec>,
    changes: Vec<Change>,
}

impl<'a> Difference<'a> {
    fn between(
        rows: &[SeriesRow],
        wanted: &[&'a SeriesSpec],
        authority: Authority,
        now: Ts,
    ) -> Self {
        let known: HashMap<&SeriesKey, &SeriesRow> =
            rows.iter().map(|row| (&row.series, row)).collect();
        let (mut there, mut missing): (Vec<(&SeriesRow, &SeriesSpec)>, Vec<&SeriesSpec>) =
            (Vec::with_capacity(wanted.len()), Vec::new());
        for spec in wanted.iter().copied() {
            match known.get(&spec.series) {
                Some(row) => there.push((row, spec)),
                None => missing.push(spec),
            }
        }
        // Numbers go by metric: what is asked of all assets at once then lies together, in
        // `series_stats` as in the batches of a live tick.
        missing.sort_by(|a, b| {
            let by_metric =
                (&a.series.metric, a.series.step).cmp(&(&b.series.metric, b.series.step));
            by_metric.then_with(|| a.series.cmp(&b.series))
        });
        missing.dedup_by(|a, b| a.series == b.series);
        Self {
            missing,
            changes: changes(rows, &there, authority, now),
        }
    }

    fn is_none(&self) -> bool {
        self.missing.is_empty() && self.changes.is_empty()
    }
}

/// What changes on a series that exists.
struct Change {
    id: SeriesId,
    active: Spans,
    wanted_since: Option<Ts>,
}

/// Returns the rows of the specs, each with the `since` that its spec names.
fn as_wanted(rows: Vec<SeriesRow>, wanted: &[&SeriesSpec]) -> Vec<SeriesRow> {
    // Of two specs of one series the first counts.
    let by_series = wanted.iter().rev().map(|spec| (&spec.series, *spec));
    let specs: HashMap<&SeriesKey, &SeriesSpec> = by_series.collect();
    rows.into_iter()
        .filter_map(|mut row| {
            if let Since::At(at) = specs.get(&row.series)?.since {
                row.wanted_since = Some(at);
            }
            Some(row)
        })
        .collect()
}

/// What changes on the series of a source, of which these are wanted.
fn changes(
    rows: &[SeriesRow],
    wanted: &[(&SeriesRow, &SeriesSpec)],
    authority: Authority,
    now: Ts,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut named = HashSet::new();
    for (row, spec) in wanted {
        if !named.insert(row.id) {
            continue;
        }
        let (mut active, mut wanted_since) = (row.active.clone(), row.wanted_since);
        if !row.is_active() {
            active.insert(TimeRange::new(now, FOREVER));
        }
        match spec.since {
            Since::At(at) if authority.is_whole() => wanted_since = Some(at),
            _ if wanted_since.is_none() => {
                wanted_since = Some(resolve(spec.since, spec.series.step, now));
            }
            _ => {}
        }
        if active != row.active || wanted_since != row.wanted_since {
            changes.push(Change {
                id: row.id,
                active,
                wanted_since,
            });
        }
    }
    for row in rows {
        if authority.is_whole() && row.is_active() && !named.contains(&row.id) {
            changes.push(Change {
                id: row.id,
                active: row.active.clip(TimeRange::new(FOREVER_AGO, now)),
                wanted_since: row.wanted_since,
            });
        }
    }
    changes.sort_by_key(|change| change.id);
    changes
}

async fn change(tx: &Transaction<'_>, changes: &[Change]) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = changes.iter().map(|change| change.id.0).collect();
    let active: Vec<PgSpans> = changes
        .iter()
        .map(|change| PgSpans(change.active.clone()))
        .collect();
    let since: Vec<Option<PgTs>> = changes
        .iter()
        .map(|change| change.wanted_since.map(PgTs))
        .collect();
    tx.execute(
        "UPDATE series SET active = u.active, wanted_since = u.wanted_since \
         FROM unnest($1::int4[], $2::tstzmultirange[], $3::timestamptz[]) \
              AS u (series_id, active, wanted_since) \
         WHERE series.series_id = u.series_id",
        &[&ids, &active, &since],
    )
    .await?;
    Ok(())
}

/// The row that would be made for a series that is not there.
fn not_made(id: i32, spec: &SeriesSpec, now: Ts) -> SeriesRow {
    SeriesRow {
        id: SeriesId(id),
        series: spec.series.clone(),
        label_shift_secs: spec.stamp.shift_secs(spec.series.step),
        wanted_since: Some(resolve(spec.since, spec.series.step, now)),
        active: Spans::from_iter([TimeRange::new(FOREVER_AGO, FOREVER)]),
    }
}

/// Returns the first bucket that is wanted of a series that becomes active now.
fn resolve(since: Since, step: Step, now: Ts) -> Ts {
    match since {
        Since::At(at) => at,
        Since::ThreeYearsBack => step.floor(three_years_before(now)),
        Since::Activation => step.floor(now),
    }
}

fn three_years_before(now: Ts) -> Ts {
    let date = now.date();
    let year = date.year() - 3;
    let back = date.replace_year(year).or_else(|_| {
        // The 29th of February of a year that has none.
        time::Date::from_calendar_date(year, Month::February, 28)
    });
    Ts::from_date(back.unwrap_or(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_resolved_to_a_bucket() {
        let now = Ts::parse("2028-02-29T13:40:00Z").unwrap();
        assert_eq!(
            resolve(Since::ThreeYearsBack, Step::Day, now),
            Ts::parse("2025-02-28").unwrap()
        );
        assert_eq!(
            resolve(Since::Activation, Step::Hour, now),
            Ts::parse("2028-02-29T13:00:00Z").unwrap()
        );
    }
}
