//! Writes verdicts down, inside the transaction that writes their points.
//!
//! Its statements stay prepared on the connection: the same few run at the end of every answer.

use std::collections::{BTreeMap, HashSet};

use deadpool_postgres::Transaction;
use model::{MissingReason, Ts};

use super::{
    Settlement, Verdict,
    slots::{Ledger, Slot},
};
use crate::{
    Error,
    ranges::{PgRange, PgSpans, PgTs},
    series::SeriesId,
};

const SLOTS: &str = "\
    SELECT series_id, during, reason, recheck_at, tries \
    FROM slots_missing JOIN unnest($1::int4[]) AS i(series_id) USING (series_id)";

const SETTLED: &str = "\
    SELECT series_id, settled \
    FROM coverage JOIN unnest($1::int4[]) AS i(series_id) USING (series_id)";

/// A row that would not change is not even locked.
const SETTLE: &str = "\
    INSERT INTO coverage (series_id, settled) \
    SELECT n.series_id, n.settled \
    FROM unnest($1::int4[], $2::tstzmultirange[]) AS n(series_id, settled) \
    LEFT JOIN coverage c USING (series_id) \
    WHERE c.settled IS NULL OR NOT c.settled @> n.settled \
    ORDER BY n.series_id \
    ON CONFLICT (series_id) DO UPDATE SET settled = coverage.settled + excluded.settled";

const DROP_SLOTS: &str = "\
    DELETE FROM slots_missing \
    WHERE (series_id, during) IN (SELECT * FROM unnest($1::int4[], $2::tstzrange[]))";

const ADD_SLOTS: &str = "\
    INSERT INTO slots_missing (series_id, during, reason, recheck_at, tries) \
    SELECT * FROM unnest($1::int4[], $2::tstzrange[], $3::text[], $4::timestamptz[], $5::int2[])";

/// Writes what `settlements` say, in their order. Whatever changes nothing writes nothing.
///
/// The caller holds the lock of the source of all these series.
///
/// # Errors
/// Those of the database.
pub async fn settle(
    transaction: &Transaction<'_>,
    settlements: &[Settlement],
    now: Ts,
) -> Result<(), Error> {
    if settlements.is_empty() {
        return Ok(());
    }
    let mut ledgers = read(transaction, settlements).await?;
    let before: HashSet<(SeriesId, Slot)> = rows(&ledgers).collect();
    for told in settlements {
        let ledger = ledgers.entry(told.series).or_default();
        ledger.apply(told.range, told.verdict, now);
    }
    write_settled(transaction, &ledgers).await?;

    let after: HashSet<(SeriesId, Slot)> = rows(&ledgers).collect();
    drop_slots(transaction, sorted(before.difference(&after))).await?;
    add_slots(transaction, sorted(after.difference(&before))).await
}

fn rows(ledgers: &BTreeMap<SeriesId, Ledger>) -> impl Iterator<Item = (SeriesId, Slot)> + '_ {
    (ledgers.iter()).flat_map(|(series, ledger)| ledger.slots.iter().map(|slot| (*series, *slot)))
}

/// By series id, which is the order in which rows are locked everywhere.
fn sorted<'a>(rows: impl Iterator<Item = &'a (SeriesId, Slot)>) -> Vec<(SeriesId, Slot)> {
    let mut rows: Vec<_> = rows.copied().collect();
    rows.sort_by_key(|(series, slot)| (*series, slot.range.start));
    rows
}

/// Returns a ledger for every series, with its slots, and with what is settled where a verdict
/// depends on that.
async fn read(
    transaction: &Transaction<'_>,
    settlements: &[Settlement],
) -> Result<BTreeMap<SeriesId, Ledger>, Error> {
    let mut ledgers: BTreeMap<SeriesId, Ledger> = (settlements.iter())
        .map(|told| (told.series, Ledger::default()))
        .collect();
    let ids: Vec<i32> = ledgers.keys().map(|series| series.0).collect();
    let statement = transaction.prepare_cached(SLOTS).await?;
    let rows = transaction.query(&statement, &[&ids]).await?;
    for row in rows {
        let slot = Slot {
            range: row.get::<_, PgRange>(1).0,
            reason: reason_of(row.get(2)),
            recheck_at: row.get::<_, Option<PgTs>>(3).map(|at| at.0),
            tries: row.get(4),
        };
        let series = SeriesId(row.get(0));
        ledgers.entry(series).or_default().slots.push(slot);
    }

    let waiting: HashSet<i32> = (settlements.iter())
        .filter(|told| told.verdict.waits())
        .map(|told| told.series.0)
        .collect();
    if waiting.is_empty() {
        return Ok(ledgers);
    }
    let ids: Vec<i32> = waiting.into_iter().collect();
    let statement = transaction.prepare_cached(SETTLED).await?;
    let rows = transaction.query(&statement, &[&ids]).await?;
    for row in rows {
        let series = SeriesId(row.get(0));
        ledgers.entry(series).or_default().settled = row.get::<_, PgSpans>(1).0;
    }
    Ok(ledgers)
}

impl Verdict {
    fn waits(self) -> bool {
        matches!(
            self,
            Self::Missing {
                recheck_after_secs: Some(_),
                ..
            } | Self::Expected { .. }
        )
    }
}

fn reason_of(text: &str) -> MissingReason {
    [
        MissingReason::NotYetPublished,
        MissingReason::Failed,
        MissingReason::Unfillable,
        MissingReason::Unsupported,
        MissingReason::Closed,
    ]
    .into_iter()
    .find(|reason| reason.as_str() == text)
    // The column's CHECK admits one more.
    .unwrap_or(MissingReason::VendorEmpty)
}

/// Adds settled time where it is not there yet.
async fn write_settled(
    transaction: &Transaction<'_>,
    ledgers: &BTreeMap<SeriesId, Ledger>,
) -> Result<(), Error> {
    let (ids, spans): (Vec<i32>, Vec<PgSpans>) = (ledgers.iter())
        .filter(|(_, ledger)| !ledger.newly_settled.is_empty())
        .map(|(series, ledger)| (series.0, PgSpans(ledger.newly_settled.clone())))
        .unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let statement = transaction.prepare_cached(SETTLE).await?;
    transaction.execute(&statement, &[&ids, &spans]).await?;
    Ok(())
}

async fn drop_slots(
    transaction: &Transaction<'_>,
    slots: Vec<(SeriesId, Slot)>,
) -> Result<(), Error> {
    if slots.is_empty() {
        return Ok(());
    }
    let (ids, ranges): (Vec<i32>, Vec<PgRange>) = (slots.iter())
        .map(|(series, slot)| (series.0, PgRange(slot.range)))
        .unzip();
    let statement = transaction.prepare_cached(DROP_SLOTS).await?;
    transaction.execute(&statement, &[&ids, &ranges]).await?;
    Ok(())
}

async fn add_slots(
    transaction: &Transaction<'_>,
    slots: Vec<(SeriesId, Slot)>,
) -> Result<(), Error> {
    if slots.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = slots.iter().map(|(series, _)| series.0).collect();
    let ranges: Vec<PgRange> = slots.iter().map(|(_, slot)| PgRange(slot.range)).collect();
    let reasons: Vec<&str> = (slots.iter())
        .map(|(_, slot)| slot.reason.as_str())
        .collect();
    let rechecks: Vec<Option<PgTs>> = (slots.iter())
        .map(|(_, slot)| slot.recheck_at.map(PgTs))
        .collect();
    let tries: Vec<i16> = slots.iter().map(|(_, slot)| slot.tries).collect();
    let statement = transaction.prepare_cached(ADD_SLOTS).await?;
    transaction
        .execute(&statement, &[&ids, &ranges, &reasons, &rechecks, &tries])
        .await?;
    Ok(())
}
