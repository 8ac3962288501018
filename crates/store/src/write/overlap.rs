//! Which stored points a batch may meet, and how they are read.
//!
//! One statement reads one stretch of time for several series. Series whose points lie in very
//! different stretches are read by different statements: one stretch over all of them would read
//! the whole history of each.

use std::collections::{BTreeMap, HashMap};

use deadpool_postgres::Transaction;
use futures_util::{TryStreamExt, future::try_join_all};
use model::{Step, Ts};
use tokio_postgres::{Statement, types::ToSql};

use super::{Point, diff::Stored, prepare::key};
use crate::{Error, ranges::PgTs, series::SeriesId};

/// First and last bucket that a series has.
pub(super) type Ends = HashMap<SeriesId, (Ts, Ts)>;

/// Series to be read over one stretch, both ends included.
#[derive(Debug, PartialEq)]
pub(super) struct Stretch {
    series: Vec<i32>,
    first: Ts,
    last: Ts,
}

/// The part of a series' points that may be stored already.
struct Part {
    series: SeriesId,
    step_secs: i64,
    first: Ts,
    last: Ts,
}

/// Returns what has to be read for `batch`, which is ascending and unique. Nothing can lie outside
/// of the `ends` of a series; without `ends` nothing is known and everything is read.
pub(super) fn stretches(
    batch: &[Point],
    ends: Option<&Ends>,
    step_of: impl Fn(SeriesId) -> Step,
) -> Vec<Stretch> {
    let mut parts: Vec<Part> = batch
        .chunk_by(|a, b| a.series == b.series)
        .filter_map(|run| part(run, ends, &step_of))
        .collect();
    parts.sort_by_key(|part| (part.first, part.last, part.series));
    group(&parts)
}

fn part(run: &[Point], ends: Option<&Ends>, step_of: impl Fn(SeriesId) -> Step) -> Option<Part> {
    let series = run.first()?.series;
    let (from, to) = match ends {
        None => (run.first()?.ts, run.last()?.ts),
        Some(ends) => *ends.get(&series)?,
    };
    let mut inside = run
        .iter()
        .map(|point| point.ts)
        .filter(|ts| (from..=to).contains(ts));
    let first = inside.next()?;
    Some(Part {
        series,
        step_secs: step_of(series).max_secs(),
        first,
        last: inside.next_back().unwrap_or(first),
    })
}

/// What may be read beyond need before a statement of its own is cheaper.
const SLACK_POINTS: u64 = 64;

/// Parts that are read by one statement.
#[derive(Default)]
struct Group {
    series: Vec<i32>,
    /// Both ends included; none while the group is empty.
    ends: Option<(Ts, Ts)>,
    needed: u64,
    /// How many members have which step.
    steps: BTreeMap<i64, u64>,
}

impl Group {
    /// Takes the part in, as long as the group does not read twice as much as it needs.
    fn try_add(&mut self, part: &Part) -> bool {
        let (first, last) = self.ends.map_or((part.first, part.last), |(first, last)| {
            (first.min(part.first), last.max(part.last))
        });
        let reads_more: u64 = self
            .steps
            .iter()
            .map(|(step_secs, members)| members * buckets_between(first, last, *step_secs))
            .sum();
        let reads = reads_more + buckets_between(first, last, part.step_secs);
        let needed = self.needed + buckets_between(part.first, part.last, part.step_secs);
        if reads > 2 * needed + SLACK_POINTS {
            return false;
        }
        self.series.push(part.series.0);
        self.ends = Some((first, last));
        self.needed = needed;
        *self.steps.entry(part.step_secs).or_default() += 1;
        true
    }

    fn into_stretch(mut self) -> Option<Stretch> {
        let (first, last) = self.ends?;
        self.series.sort_unstable();
        Some(Stretch {
            series: self.series,
            first,
            last,
        })
    }
}

fn group(parts: &[Part]) -> Vec<Stretch> {
    let mut groups = Vec::new();
    let mut open = Group::default();
    for part in parts {
        if !open.try_add(part) {
            groups.push(std::mem::take(&mut open));
            // A group of one reads what it needs.
            open.try_add(part);
        }
    }
    groups.push(open);
    groups.into_iter().filter_map(Group::into_stretch).collect()
}

fn buckets_between(first: Ts, last: Ts, step_secs: i64) -> u64 {
    let secs = (last.secs() - first.secs()).max(0);
    u64::try_from(secs / step_secs.max(1)).unwrap_or(0) + 1
}

/// Reads the stored points of all stretches, ascending by (series, ts).
pub(super) async fn stored(
    tx: &Transaction<'_>,
    statement: &Statement,
    stretches: &[Stretch],
) -> Result<Vec<Stored>, Error> {
    let read = stretches.iter().map(|stretch| one(tx, statement, stretch));
    let mut all: Vec<Stored> = try_join_all(read).await?.concat();
    // The index gives this order, but nothing promises that the plan is a plain index scan.
    if !all.is_sorted_by_key(|stored| key(&stored.point)) {
        all.sort_unstable_by_key(|stored| key(&stored.point));
    }
    Ok(all)
}

async fn one(
    tx: &Transaction<'_>,
    statement: &Statement,
    stretch: &Stretch,
) -> Result<Vec<Stored>, Error> {
    let (first, last) = (PgTs(stretch.first), PgTs(stretch.last));
    let parameters: [&(dyn ToSql + Sync); 3] = [&stretch.series, &first, &last];
    let rows = tx.query_raw(statement, parameters).await?;
    rows.map_ok(|row| Stored {
        point: Point {
            series: SeriesId(row.get(0)),
            ts: row.get::<_, PgTs>(2).0,
            value: row.get(3),
        },
        write_id: row.get(1),
    })
    .try_collect()
    .await
    .map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(series: i32, hours: std::ops::Range<i64>) -> impl Iterator<Item = Point> {
        hours.map(move |hour| Point {
            series: SeriesId(series),
            ts: Ts::from_secs(hour * 3_600),
            value: 1.0,
        })
    }

    fn hour(at: i64) -> Ts {
        Ts::from_secs(at * 3_600)
    }

    fn stretch(series: &[i32], first: i64, last: i64) -> Stretch {
        Stretch {
            series: series.to_vec(),
            first: hour(first),
            last: hour(last),
        }
    }

    #[test]
    fn reads_nothing_outside_of_what_a_series_has() {
        let batch: Vec<Point> = points(1, 0..100).chain(points(2, 0..100)).collect();
        let ends = Ends::from([(SeriesId(1), (hour(90), hour(200)))]);
        assert_eq!(
            stretches(&batch, Some(&ends), |_| Step::Hour),
            [stretch(&[1], 90, 99)]
        );
        let later = Ends::from([(SeriesId(1), (hour(100), hour(200)))]);
        assert!(stretches(&batch, Some(&later), |_| Step::Hour).is_empty());
    }

    #[test]
    fn without_knowledge_reads_all() {
        let batch: Vec<Point> = points(1, 0..100).chain(points(2, 0..100)).collect();
        assert_eq!(
            stretches(&batch, None, |_| Step::Hour),
            [stretch(&[1, 2], 0, 99)]
        );
    }

    #[test]
    fn a_long_history_beside_fresh_hours_is_read_apart() {
        let batch: Vec<Point> = points(1, 0..10_000)
            .chain((2..500).flat_map(|series| points(series, 9_999..10_000)))
            .collect();
        let ends: Ends = (1..500)
            .map(|series| (SeriesId(series), (hour(0), hour(20_000))))
            .collect();
        let stretches = stretches(&batch, Some(&ends), |_| Step::Hour);
        let named: usize = stretches.iter().map(|one| one.series.len()).sum();
        assert_eq!((stretches.len(), named), (2, 499));
        // One stretch over all would read 4,990,000.
        let read: u64 = stretches
            .iter()
            .map(|one| {
                buckets_between(one.first, one.last, 3_600)
                    * u64::try_from(one.series.len()).unwrap()
            })
            .sum();
        assert!(read <= 2 * 10_498 + 2 * SLACK_POINTS, "{read}");
    }

    #[test]
    fn histories_of_about_one_length_are_read_together() {
        let batch: Vec<Point> = (1..50)
            .flat_map(|series| points(series, i64::from(series)..1_000))
            .collect();
        let ends: Ends = (1..50)
            .map(|series| (SeriesId(series), (hour(0), hour(2_000))))
            .collect();
        assert_eq!(stretches(&batch, Some(&ends), |_| Step::Hour).len(), 1);
    }
}
