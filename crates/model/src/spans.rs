//! Sets of time: several ranges at once. The algebra is `rangemap`'s.

use std::fmt;

use rangemap::RangeSet;

use crate::{TimeRange, Ts};

/// A set of instants kept as disjoint, merged ranges in ascending order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Spans(RangeSet<Ts>);

impl Spans {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a range; touching ranges become one.
    pub fn insert(&mut self, range: TimeRange) {
        if !range.is_empty() {
            self.0.insert(range.start..range.end);
        }
    }

    /// Takes a range out.
    pub fn remove(&mut self, range: TimeRange) {
        if !range.is_empty() {
            self.0.remove(range.start..range.end);
        }
    }

    /// Returns the ranges, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = TimeRange> + '_ {
        self.0
            .iter()
            .map(|range| TimeRange::new(range.start, range.end))
    }

    /// Returns the parts of `range` that are not in the set.
    pub fn gaps(&self, range: TimeRange) -> Self {
        if range.is_empty() {
            return Self::new();
        }
        Self(self.0.gaps(&(range.start..range.end)).collect())
    }

    /// Returns the parts of this set that are not in `other`.
    pub fn minus(&self, other: &Self) -> Self {
        self.iter()
            .flat_map(|range| other.gaps(range).iter().collect::<Vec<_>>())
            .collect()
    }

    /// Returns the parts of this set inside `range`.
    pub fn clip(&self, range: TimeRange) -> Self {
        self.iter().map(|part| part.intersect(range)).collect()
    }

    /// Whether all of `range` is in the set.
    pub fn covers(&self, range: TimeRange) -> bool {
        self.gaps(range).is_empty()
    }

    /// Whether the set holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the smallest range that holds the whole set.
    pub fn hull(&self) -> Option<TimeRange> {
        Some(TimeRange::new(self.0.first()?.start, self.0.last()?.end))
    }
}

impl FromIterator<TimeRange> for Spans {
    fn from_iter<I: IntoIterator<Item = TimeRange>>(ranges: I) -> Self {
        let mut spans = Self::new();
        for range in ranges {
            spans.insert(range);
        }
        spans
    }
}

impl Extend<TimeRange> for Spans {
    fn extend<I: IntoIterator<Item = TimeRange>>(&mut self, ranges: I) {
        for range in ranges {
            self.insert(range);
        }
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange::new(Ts::from_secs(start), Ts::from_secs(end))
    }

    fn spans() -> impl Strategy<Value = Spans> {
        prop::collection::vec((0_i64..60, 0_i64..12), 0..8).prop_map(|parts| {
            parts
                .into_iter()
                .map(|(at, len)| range(at, at + len))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn difference_holds_exactly_what_is_in_one_and_not_in_the_other(a in spans(), b in spans()) {
            let minus = a.minus(&b);
            for at in 0..80 {
                let second = range(at, at + 1);
                prop_assert_eq!(minus.covers(second), a.covers(second) && b.clip(second).is_empty());
            }
        }

        #[test]
        fn gaps_and_parts_tile_a_range(a in spans()) {
            let whole = range(0, 80);
            let mut tiled = a.gaps(whole);
            tiled.extend(a.clip(whole).iter());
            prop_assert_eq!(tiled.hull(), Some(whole));
            prop_assert_eq!(tiled.iter().count(), 1);
        }
    }

    #[test]
    fn touching_ranges_become_one() {
        let spans: Spans = [range(0, 1), range(1, 2), range(3, 3)]
            .into_iter()
            .collect();
        assert_eq!(spans.iter().collect::<Vec<_>>(), [range(0, 2)]);
    }
}
