//! What a commit adds to `series_stats`, and how that table is rebuilt.

use std::collections::{BTreeMap, HashMap};

use deadpool_postgres::Transaction;
use model::{Key, MetricName, SourceId, Step};
use tokio_postgres::{IsolationLevel, Statement};

use super::{Patience, Point, diff::Diff, overlap::Ends};
use crate::{
    Error, Store,
    locks::{self, Lock},
    ranges::PgTs,
    series::SeriesId,
};

/// What the writer knows of a series; fixed when the series is made.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    pub(super) step: Step,
    pub(super) metric: MetricName,
    pub(super) key: Key,
    pub(super) label_shift: i32,
}

/// One row a series, as columns.
#[derive(Debug, Default)]
pub(super) struct Additions<'a> {
    ids: Vec<i32>,
    points: Vec<i64>,
    first: Vec<PgTs>,
    last: Vec<PgTs>,
    value: Vec<f64>,
    label_shift: Vec<i32>,
    metric: Vec<&'a str>,
    asset: Vec<&'a str>,
    instrument: Vec<&'a str>,
    venue: Vec<&'a str>,
    quote: Vec<&'a str>,
    step: Vec<&'a str>,
}

struct Addition {
    points: i64,
    first: Point,
    last: Point,
}

/// Adds up what `diff` does to each series. Series with known `ends` have a row and need no names.
pub(super) fn additions<'a>(
    diff: &Diff,
    ends: &Ends,
    traits: &'a HashMap<SeriesId, Traits>,
) -> Additions<'a> {
    let mut by_series: BTreeMap<SeriesId, Addition> = BTreeMap::new();
    let mut add = |run: &[Point], is_new: bool| {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return;
        };
        let points = if is_new {
            i64::try_from(run.len()).unwrap_or(i64::MAX)
        } else {
            0
        };
        by_series
            .entry(first.series)
            .and_modify(|sum| {
                sum.points += points;
                if first.ts < sum.first.ts {
                    sum.first = *first;
                }
                if last.ts > sum.last.ts {
                    sum.last = *last;
                }
            })
            .or_insert(Addition {
                points,
                first: *first,
                last: *last,
            });
    };
    for run in diff.new.chunk_by(|a, b| a.series == b.series) {
        add(run, true);
    }
    for change in &diff.changed {
        add(&[change.new], false);
    }

    let mut columns = Additions::default();
    for (series, sum) in by_series {
        let of = traits.get(&series).filter(|_| !ends.contains_key(&series));
        let name = |name: fn(&Traits) -> &str| of.map_or("", name);
        columns.ids.push(series.0);
        columns.points.push(sum.points);
        columns.first.push(PgTs(sum.first.ts));
        columns.last.push(PgTs(sum.last.ts));
        columns.value.push(sum.last.value);
        columns.label_shift.push(of.map_or(0, |of| of.label_shift));
        columns.metric.push(name(|of| of.metric.as_str()));
        columns.asset.push(name(|of| of.key.asset.as_str()));
        columns
            .instrument
            .push(name(|of| of.key.instrument.as_str()));
        columns.venue.push(name(|of| of.key.venue.as_str()));
        columns.quote.push(name(|of| of.key.quote.as_str()));
        columns.step.push(name(|of| of.step.as_str()));
    }
    columns
}

impl Additions<'_> {
    pub(super) async fn write(
        &self,
        tx: &Transaction<'_>,
        statement: &Statement,
        source: SourceId,
        write_id: i32,
    ) -> Result<(), tokio_postgres::Error> {
        tx.execute(
            statement,
            &[
                &write_id,
                &source.as_str(),
                &self.ids,
                &self.points,
                &self.first,
                &self.last,
                &self.value,
                &self.label_shift,
                &self.metric,
                &self.asset,
                &self.instrument,
                &self.venue,
                &self.quote,
                &self.step,
            ],
        )
        .await?;
        Ok(())
    }
}

/// Reads the first and last buckets of the series in question.
pub(super) async fn ends(
    tx: &Transaction<'_>,
    statement: &Statement,
    series: &[i32],
) -> Result<Ends, Error> {
    let rows = tx.query(statement, &[&series]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let ends = (row.get::<_, PgTs>(1).0, row.get::<_, PgTs>(2).0);
            (SeriesId(row.get(0)), ends)
        })
        .collect())
}

/// Makes the rows of these series what a count of their points gives. Returns how many were wrong.
pub(super) async fn recount(tx: &Transaction<'_>, series: &[i32]) -> Result<usize, Error> {
    let gone = tx
        .query(
            "DELETE FROM series_stats t WHERE t.series_id = ANY ($1) \
               AND NOT EXISTS (SELECT 1 FROM metrics m WHERE m.series_id = t.series_id) \
             RETURNING t.series_id",
            &[&series],
        )
        .await?;
    let changed = tx.query(RECOUNT, &[&series]).await?;
    Ok(gone.len() + changed.len())
}

const RECOUNT: &str = "\
    INSERT INTO series_stats AS t (series_id, last_write, points, first_ts, last_ts, last_value, \
                                   label_shift, source, metric, asset, instrument, venue, \
                                   quote, step) \
    SELECT s.series_id, a.last_write, a.points, a.first_ts, a.last_ts, m.value, \
           s.label_shift, s.source, s.metric, s.asset, s.instrument, s.venue, s.quote, s.step \
    FROM (SELECT series_id, max(write_id) AS last_write, count(*) AS points, \
                 min(ts) AS first_ts, max(ts) AS last_ts \
          FROM metrics WHERE series_id = ANY ($1) GROUP BY series_id) a \
    JOIN metrics m ON m.series_id = a.series_id AND m.ts = a.last_ts \
    JOIN series s ON s.series_id = a.series_id \
    ORDER BY s.series_id \
    ON CONFLICT (series_id) DO UPDATE SET \
        last_write = excluded.last_write, points = excluded.points, \
        first_ts = excluded.first_ts, last_ts = excluded.last_ts, \
        last_value = excluded.last_value, label_shift = excluded.label_shift, \
        source = excluded.source, metric = excluded.metric, asset = excluded.asset, \
        instrument = excluded.instrument, venue = excluded.venue, quote = excluded.quote, \
        step = excluded.step \
    WHERE t IS DISTINCT FROM excluded \
    RETURNING t.series_id";

/// What a repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Series looked at.
    pub series: usize,
    /// Rows that were wrong.
    pub wrong: usize,
}

impl Store {
    /// Rebuilds `series_stats` from the points, of one source or of all. Writers of a source wait
    /// while it is done.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn repair_stats(&self, source: Option<SourceId>) -> Result<Repair, Error> {
        let mut client = self.client().await?;
        let sources: Vec<String> = match source {
            Some(source) => vec![source.as_str().to_owned()],
            None => client
                .query("SELECT DISTINCT source FROM series ORDER BY source", &[])
                .await?
                .iter()
                .map(|row| row.get(0))
                .collect(),
        };
        let mut repair = Repair::default();
        for source in sources {
            let mut tx = client
                .build_transaction()
                .isolation_level(IsolationLevel::ReadCommitted)
                .start()
                .await?;
            locks::take(self, &mut tx, Lock::Source(&source), Patience::default()).await?;
            let series: Vec<i32> = tx
                .query("SELECT series_id FROM series WHERE source = $1", &[&source])
                .await?
                .iter()
                .map(|row| row.get(0))
                .collect();
            repair.series += series.len();
            repair.wrong += recount(&tx, &series).await?;
            tx.commit().await?;
        }
        Ok(repair)
    }
}

#[cfg(test)]
mod tests {
    use model::Ts;

    use super::*;
    use crate::write::diff::{Change, Stored};

    fn point(series: i32, secs: i64, value: f64) -> Point {
        Point {
            series: SeriesId(series),
            ts: Ts::from_secs(secs),
            value,
        }
    }

    #[test]
    fn adds_up_new_points_and_takes_the_newest_value_of_new_and_changed() {
        let traits: HashMap<_, _> = [1, 2]
            .map(|id| {
                let of = Traits {
                    step: Step::Hour,
                    metric: "PRICE".into(),
                    key: Key::of_asset("bitcoin", "usd"),
                    label_shift: -3_600,
                };
                (SeriesId(id), of)
            })
            .into();
        let diff = Diff {
            new: vec![point(1, 5, 50.0), point(1, 6, 60.0), point(2, 1, 10.0)],
            changed: vec![Change {
                new: point(1, 9, 90.0),
                old: Stored {
                    point: point(1, 9, 91.0),
                    write_id: 1,
                },
            }],
            ..Diff::default()
        };
        let ends = Ends::from([(SeriesId(1), (Ts::from_secs(7), Ts::from_secs(9)))]);
        let sums = additions(&diff, &ends, &traits);
        assert_eq!(sums.ids, [1, 2]);
        assert_eq!(sums.points, [2, 1]);
        assert_eq!(sums.value, [90.0, 10.0]);
        assert_eq!(sums.metric, ["", "PRICE"]);
        assert_eq!(sums.quote, ["", "usd"]);
        assert_eq!(sums.label_shift, [0, -3_600]);
        assert_eq!(sums.last, [PgTs(Ts::from_secs(9)), PgTs(Ts::from_secs(1))]);
    }
}
