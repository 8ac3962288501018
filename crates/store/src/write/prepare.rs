//! What is done to a batch before the lock is asked for: refuse, sort, de-duplicate. Pure.

use model::Ts;

use super::Point;

/// A batch ready to be compared with what is stored.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Prepared {
    /// Ascending by (series, ts), unique.
    pub(super) points: Vec<Point>,
    /// How many came.
    pub(super) received: u64,
    /// How many were refused.
    pub(super) refused: u64,
}

/// Refuses what can be no point, sorts the rest and keeps the last of several for one bucket.
///
/// Parsers refuse such values before; a value that gets as far as this is a bug of one, and must not
/// cost its batch.
pub(super) fn prepare(mut points: Vec<Point>, now: Ts) -> Prepared {
    let received = count(points.len());
    points.retain(|point| point.value.is_finite() && Ts::OLDEST <= point.ts && point.ts <= now);
    let refused = received - count(points.len());
    for point in &mut points {
        // -0.0 becomes 0.0: nobody means the sign, and from here on equal values are equal bits.
        point.value += 0.0;
    }
    if !points.is_sorted_by_key(key) {
        // Stable, so that the last of several stays the last.
        points.sort_by_key(key);
    }
    points.dedup_by(|later, kept| {
        let same = key(later) == key(kept);
        if same {
            *kept = *later;
        }
        same
    });
    Prepared {
        points,
        received,
        refused,
    }
}

/// What a point is found by.
pub(super) fn key(point: &Point) -> (i32, Ts) {
    (point.series.0, point.ts)
}

/// Returns a length as the counters have it.
pub(super) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::SeriesId;

    fn point(series: i32, secs: i64, value: f64) -> Point {
        Point {
            series: SeriesId(series),
            ts: Ts::from_secs(secs),
            value,
        }
    }

    #[test]
    fn sorts_and_the_last_of_several_wins() {
        let now = Ts::from_secs(100);
        let prepared = prepare(
            vec![
                point(2, 5, 1.0),
                point(1, 9, 2.0),
                point(2, 5, 3.0),
                point(1, 3, 4.0),
                point(2, 5, 5.0),
            ],
            now,
        );
        assert_eq!(
            prepared.points,
            [point(1, 3, 4.0), point(1, 9, 2.0), point(2, 5, 5.0)]
        );
        assert_eq!((prepared.received, prepared.refused), (5, 0));
    }

    #[test]
    fn refuses_what_is_no_point() {
        let now = Ts::from_secs(100);
        let old = Ts::OLDEST.secs();
        let prepared = prepare(
            vec![
                point(1, 101, 1.0),
                point(1, 100, 1.0),
                point(1, old, 1.0),
                point(1, old - 1, 1.0),
                point(1, 1, f64::NAN),
                point(1, 2, f64::INFINITY),
                point(1, 3, f64::NEG_INFINITY),
            ],
            now,
        );
        assert_eq!(prepared.points, [point(1, old, 1.0), point(1, 100, 1.0)]);
        assert_eq!((prepared.received, prepared.refused), (7, 5));
    }

    #[test]
    fn minus_zero_is_zero() {
        let prepared = prepare(vec![point(1, 1, -0.0)], Ts::from_secs(1));
        assert_eq!(
            prepared.points.first().unwrap().value.to_bits(),
            0.0_f64.to_bits()
        );
    }
}
