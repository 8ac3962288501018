//! What a good answer completes: keys × metrics × labels.

use model::{Key, MetricName, Spans, Step, TimeRange, Ts};

/// What a good answer to one request completes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The keys asked for, sorted. Empty: open, whatever the answer holds.
    pub keys: Vec<Key>,
    /// The metrics asked for, sorted. Empty: whatever the answer holds.
    pub metrics: Vec<MetricName>,
    /// The width of a bucket.
    pub step: Step,
    /// The labels that are kept; the request may ask for more around them. Empty: all are.
    pub labels: TimeRange,
}

impl Block {
    /// The labels of a block that keeps whatever comes.
    pub const ALL_LABELS: TimeRange = TimeRange {
        start: Ts::from_secs(0),
        end: Ts::from_secs(0),
    };

    /// Returns the block of an answer that holds whatever it holds.
    pub const fn open(step: Step) -> Self {
        Self {
            keys: Vec::new(),
            metrics: Vec::new(),
            step,
            labels: Self::ALL_LABELS,
        }
    }

    /// Splits it into two with half of the keys each; none where it has not two.
    pub fn halves_by_key(&self) -> Option<[Self; 2]> {
        let (front, back) = self.keys.split_at(self.keys.len() / 2);
        let half = |keys: &[Key]| Self {
            keys: keys.to_vec(),
            ..self.clone()
        };
        (!front.is_empty()).then(|| [half(front), half(back)])
    }

    /// Returns the number of values a full answer has: wanted buckets × columns × keys.
    pub fn max_points(&self) -> u64 {
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.step
            .buckets(self.labels)
            .saturating_mul(wide(self.keys.len()))
            .saturating_mul(wide(self.metrics.len()))
    }
}

/// Cuts a range into touching parts of at most `max_secs`, newest first.
pub fn cut_newest_first(range: TimeRange, max_secs: i64) -> impl Iterator<Item = TimeRange> + Send {
    let mut end = range.end;
    std::iter::from_fn(move || {
        if end <= range.start || max_secs <= 0 {
            return None;
        }
        let start: Ts = end.plus_secs(-max_secs).max(range.start);
        let part = TimeRange::new(start, end);
        end = start;
        Some(part)
    })
}

/// Joins ranges that lie within `max_secs` of each other, newest first, as long as all of a stretch fits
/// into that. What lies between two ranges of a stretch is part of it. A longer range stays as it is:
/// where it is cut is the plan's to choose. With zero all stay as they are.
pub fn pack_newest_first(ranges: &Spans, max_secs: i64) -> Vec<TimeRange> {
    let mut packed: Vec<TimeRange> = Vec::new();
    for range in ranges.iter().rev() {
        match packed.last_mut() {
            Some(newer) if newer.end.secs() - range.start.secs() <= max_secs => {
                *newer = TimeRange::new(range.start, newer.end);
            }
            _ => packed.push(range),
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn near_holes_share_a_stretch_and_far_ones_do_not() {
        let range = |start, end| TimeRange::new(Ts::from_secs(start), Ts::from_secs(end));
        let holes: Spans = [range(0, 10), range(70, 80), range(95, 100), range(150, 160)]
            .into_iter()
            .collect();
        let packed = pack_newest_first(&holes, 90);
        assert_eq!(packed, [range(70, 160), range(0, 10)]);
        assert_eq!(pack_newest_first(&holes, 1_000), [range(0, 160)]);
        assert_eq!(pack_newest_first(&holes, 0).len(), 4);
        assert_eq!(pack_newest_first(&Spans::new(), 90), []);
    }

    #[test]
    fn halves_hold_all_keys_and_one_key_has_none() {
        let of = |coins: &[&str]| Block {
            keys: coins
                .iter()
                .map(|coin| Key::of_asset(*coin, "usd"))
                .collect(),
            ..Block::open(Step::Hour)
        };
        let three = of(&["btc", "eth", "sol"]);
        assert_eq!(
            three.halves_by_key(),
            Some([of(&["btc"]), of(&["eth", "sol"])])
        );
        assert_eq!(of(&["btc"]).halves_by_key(), None);
        assert_eq!(of(&[]).halves_by_key(), None);
    }

    proptest! {
        #[test]
        fn parts_tile_the_range(start in 0_i64..1_000, len in 0_i64..5_000, width in 1_i64..900) {
            let range = TimeRange::new(Ts::from_secs(start), Ts::from_secs(start + len));
            let mut end = range.end;
            for part in cut_newest_first(range, width) {
                prop_assert_eq!(part.end, end);
                prop_assert!(!part.is_empty() && part.secs() <= width);
                end = part.start;
            }
            prop_assert_eq!(end, range.start);
        }

        #[test]
        fn packing_holds_all_and_never_costs_more(
            parts in prop::collection::vec((0_i64..3_000, 1_i64..300), 0..30),
            width in 0_i64..900,
        ) {
            let at = Ts::from_secs;
            let ranges: Spans = parts
                .iter()
                .map(|(start, len)| TimeRange::new(at(*start), at(start + len)))
                .collect();
            let packed = pack_newest_first(&ranges, width);
            prop_assert!(packed.is_sorted_by(|a, b| a.start >= b.end));
            let held: Spans = packed.iter().copied().collect();
            prop_assert!(ranges.minus(&held).is_empty());
            for stretch in &packed {
                prop_assert!(ranges.clip(*stretch).hull() == Some(*stretch));
                let is_whole = ranges.iter().any(|range| range == *stretch);
                prop_assert!(is_whole || stretch.secs() <= width);
            }
            let requests = |range: TimeRange| match width {
                0 => 1,
                _ => cut_newest_first(range, width).count(),
            };
            let apart: usize = ranges.iter().map(requests).sum();
            prop_assert!(packed.iter().copied().map(requests).sum::<usize>() <= apart);
        }
    }
}
