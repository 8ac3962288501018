//! Compares a batch with what is stored. Pure.

use model::{Spans, Step, TimeRange, Ts, WriteMode};

use super::{Point, prepare::key};
use crate::series::SeriesId;

/// A point as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) point: Point,
    pub(super) write_id: i32,
}

/// A point whose stored value is replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) new: Point,
    pub(super) old: Stored,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Diff {
    /// Not stored yet, ascending.
    pub(super) new: Vec<Point>,
    /// Stored with another value and replaced, ascending.
    pub(super) changed: Vec<Change>,
    /// Stored with another value and kept, ascending.
    pub(super) kept: Vec<Change>,
    /// How many are stored already as they are.
    pub(super) unchanged: usize,
}

impl Diff {
    /// Whether any point is written.
    pub(super) fn writes(&self) -> bool {
        !self.new.is_empty() || !self.changed.is_empty()
    }

    /// Replaces after all what `is_provisional` of the kept: a value of a bucket that was open is none to
    /// keep.
    pub(super) fn give_way(&mut self, is_provisional: impl Fn(&Change) -> bool) {
        let (changed, kept): (Vec<_>, Vec<_>) = self.kept.drain(..).partition(is_provisional);
        self.changed.extend(changed);
        self.changed
            .sort_unstable_by_key(|change| (change.new.series, change.new.ts));
        self.kept = kept;
    }
}

/// Compares `batch` with `stored`, both ascending by (series, ts) and unique.
pub(super) fn diff(batch: &[Point], stored: &[Stored], mode: WriteMode) -> Diff {
    let mut diff = Diff::default();
    let mut rest = stored;
    for point in batch {
        let behind = rest
            .iter()
            .take_while(|old| key(&old.point) < key(point))
            .count();
        rest = rest.get(behind..).unwrap_or_default();
        match rest.first() {
            Some(old) if key(&old.point) == key(point) => {
                if old.point.value.to_bits() == point.value.to_bits() {
                    diff.unchanged += 1;
                } else {
                    let change = Change {
                        new: *point,
                        old: *old,
                    };
                    match mode {
                        WriteMode::Replace => diff.changed.push(change),
                        WriteMode::Keep | WriteMode::FirstStays => diff.kept.push(change),
                    }
                }
            }
            _ => diff.new.push(*point),
        }
    }
    diff
}

/// Ranges of one series that are queued at most for one commit; more are queued as one.
const MAX_PARTS: usize = 16;

/// Returns the buckets of `kept` as ranges to be read again, neighbours merged, and the whole
/// stretch where there would be many: a re-read asks the vendor for a stretch anyway.
pub(super) fn rereads(
    kept: &[Change],
    step_of: impl Fn(SeriesId) -> Step,
) -> Vec<(SeriesId, TimeRange)> {
    let mut ranges = Vec::new();
    for run in kept.chunk_by(|a, b| a.new.series == b.new.series) {
        let Some(series) = run.first().map(|change| change.new.series) else {
            continue;
        };
        let step = step_of(series);
        let spans: Spans = run
            .iter()
            .map(|change| TimeRange::new(change.new.ts, step.next(change.new.ts)))
            .collect();
        if spans.iter().count() > MAX_PARTS {
            ranges.extend(spans.hull().map(|hull| (series, hull)));
        } else {
            ranges.extend(spans.iter().map(|range| (series, range)));
        }
    }
    ranges
}

/// Whether another value is a revision of the stored one: not if that was written while its bucket was
/// still open, which everybody knew to be provisional.
pub(super) fn is_revision(ts: Ts, step: Step, old_seen_at: Option<Ts>) -> bool {
    old_seen_at.is_none_or(|seen_at| seen_at >= step.next(ts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(series: i32, secs: i64, value: f64) -> Point {
        Point {
            series: SeriesId(series),
            ts: Ts::from_secs(secs),
            value,
        }
    }

    fn stored(series: i32, secs: i64, value: f64) -> Stored {
        Stored {
            point: point(series, secs, value),
            write_id: 7,
        }
    }

    #[test]
    fn sorts_a_batch_into_new_changed_kept_and_unchanged() {
        let batch = [
            point(1, 0, 1.0),
            point(1, 1, 2.0),
            point(2, 0, 3.0),
            point(3, 9, 4.0),
        ];
        let old = [
            stored(1, -1, 9.0),
            stored(1, 0, 1.0),
            stored(1, 1, 8.0),
            stored(2, 1, 3.0),
            stored(3, 8, 4.0),
        ];
        let replace = diff(&batch, &old, WriteMode::Replace);
        assert_eq!(replace.new, [point(2, 0, 3.0), point(3, 9, 4.0)]);
        assert_eq!(
            replace.changed,
            [Change {
                new: point(1, 1, 2.0),
                old: stored(1, 1, 8.0)
            }]
        );
        assert_eq!(replace.unchanged, 1);
        for mode in [WriteMode::Keep, WriteMode::FirstStays] {
            let keep = diff(&batch, &old, mode);
            assert_eq!(keep.new, replace.new);
            assert_eq!(keep.kept, replace.changed);
            assert!(keep.changed.is_empty());
        }
        let mut gave_way = diff(&batch, &old, WriteMode::Keep);
        gave_way.give_way(|change| change.old.write_id == 7);
        assert_eq!((gave_way.changed, gave_way.kept), (replace.changed, vec![]));
    }

    #[test]
    fn kept_neighbours_are_one_range_and_many_islands_are_one_stretch() {
        let hour = |at: i64| Change {
            new: point(1, at * 3_600, 0.0),
            old: stored(1, at * 3_600, 1.0),
        };
        let range = |from: i64, to: i64| {
            TimeRange::new(Ts::from_secs(from * 3_600), Ts::from_secs(to * 3_600))
        };
        let few = [hour(0), hour(1), hour(5)];
        assert_eq!(
            rereads(&few, |_| Step::Hour),
            [(SeriesId(1), range(0, 2)), (SeriesId(1), range(5, 6))]
        );
        let many: Vec<Change> = (0..40).map(|at| hour(at * 2)).collect();
        assert_eq!(
            rereads(&many, |_| Step::Hour),
            [(SeriesId(1), range(0, 79))]
        );
    }

    #[test]
    fn a_value_seen_before_its_bucket_closed_leaves_no_revision() {
        let day = Ts::parse("2026-01-01").unwrap();
        let noon = Ts::parse("2026-01-01T12:00:00Z").unwrap();
        let next = Ts::parse("2026-01-02").unwrap();
        assert!(!is_revision(day, Step::Day, Some(noon)));
        assert!(is_revision(day, Step::Day, Some(next)));
        assert!(is_revision(day, Step::Day, None));
        assert!(is_revision(day, Step::Hour, Some(noon)));
    }
}
