//! The width of a bucket.

use std::{fmt, str::FromStr};

use time::{Date, Month};

use crate::{TimeRange, Ts};

/// The width of a bucket. `ts` of a point is the start of its bucket, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// `1h`
    Hour,
    /// `1d`, from 00:00 UTC.
    Day,
    /// `1w`, ISO weeks from Monday 00:00 UTC.
    Week,
    /// `1mo`, calendar months.
    Month,
    /// `1q`: an event or a fiscal quarter, stamped with the vendor's period end, so it has no grid.
    Quarter,
}

/// A step that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no step: one of 1h, 1d, 1w, 1mo, 1q")]
pub struct UnknownStep(String);

const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;
/// The epoch was a Thursday; the Monday before it.
const FIRST_MONDAY_SECS: i64 = -3 * DAY_SECS;

impl Step {
    /// Every step, finest first.
    pub const ALL: [Self; 5] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
    ];

    /// Returns the spelling used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "1w",
            Self::Month => "1mo",
            Self::Quarter => "1q",
        }
    }

    /// Returns the width in seconds; for months and quarters the longest possible.
    pub const fn max_secs(self) -> i64 {
        match self {
            Self::Hour => HOUR_SECS,
            Self::Day => DAY_SECS,
            Self::Week => 7 * DAY_SECS,
            Self::Month => 31 * DAY_SECS,
            Self::Quarter => 92 * DAY_SECS,
        }
    }

    /// Returns the start of the bucket that holds `at`. A quarter has no grid and returns the day.
    pub fn floor(self, at: Ts) -> Ts {
        let floor_to = |width: i64, origin: i64| {
            let secs = at.secs();
            Ts::from_secs(secs - (secs - origin).rem_euclid(width))
        };
        match self {
            Self::Hour => floor_to(HOUR_SECS, 0),
            Self::Day | Self::Quarter => floor_to(DAY_SECS, 0),
            Self::Week => floor_to(7 * DAY_SECS, FIRST_MONDAY_SECS),
            Self::Month => Ts::from_date(first_of_month(at.date())),
        }
    }

    /// Returns the first bucket start at or after `at`.
    pub fn ceil(self, at: Ts) -> Ts {
        let floor = self.floor(at);
        if floor == at { at } else { self.next(floor) }
    }

    /// Returns the start of the bucket after the one that starts at `start`.
    pub fn next(self, start: Ts) -> Ts {
        match self {
            Self::Hour => start.plus_secs(HOUR_SECS),
            Self::Day | Self::Quarter => start.plus_days(1),
            Self::Week => start.plus_days(7),
            Self::Month => Ts::from_date(next_month(start.date())),
        }
    }

    /// Returns how many buckets start inside `range`.
    pub fn buckets(self, range: TimeRange) -> u64 {
        let (first, last) = (self.ceil(range.start), self.ceil(range.end));
        if self == Self::Month {
            let months = |at: Ts| {
                let date = at.date();
                i64::from(date.year()) * 12 + i64::from(u8::from(date.month()))
            };
            return u64::try_from(months(last) - months(first)).unwrap_or(0);
        }
        let width = if self == Self::Quarter {
            DAY_SECS
        } else {
            self.max_secs()
        };
        u64::try_from((last.secs() - first.secs()) / width).unwrap_or(0)
    }
}

fn first_of_month(date: Date) -> Date {
    Date::from_calendar_date(date.year(), date.month(), 1).unwrap_or(date)
}

fn next_month(date: Date) -> Date {
    let year = if date.month() == Month::December {
        date.year() + 1
    } else {
        date.year()
    };
    Date::from_calendar_date(year, date.month().next(), 1).unwrap_or(Date::MAX)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<Self, UnknownStep> {
        Self::ALL
            .into_iter()
            .find(|step| step.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| UnknownStep(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let thursday = Ts::parse("2026-11-19T13:30:00Z").unwrap();
        assert_eq!(Step::Week.floor(thursday), Ts::parse("2026-11-16").unwrap());
        assert_eq!(
            Step::Month.floor(thursday),
            Ts::parse("2026-11-01").unwrap()
        );
        assert_eq!(
            Step::Month.next(Ts::parse("2026-12-01").unwrap()),
            Ts::parse("2027-01-01").unwrap()
        );
    }

    #[test]
    fn counts_buckets_that_start_inside() {
        let range = TimeRange::new(
            Ts::parse("2026-01-31T23:30:00Z").unwrap(),
            Ts::parse("2026-03-01T00:00:00Z").unwrap(),
        );
        assert_eq!(Step::Month.buckets(range), 1);
        assert_eq!(Step::Day.buckets(range), 28);
        assert_eq!(Step::Hour.buckets(range), 28 * 24);
    }

    proptest! {
        #[test]
        fn floor_is_the_bucket_that_holds(secs in -2_000_000_000_i64..4_000_000_000, which in 0..4_usize) {
            let (step, at) = (Step::ALL[which], Ts::from_secs(secs));
            let start = step.floor(at);
            prop_assert!(start <= at && at < step.next(start));
            prop_assert_eq!(step.floor(start), start);
            prop_assert_eq!(step.buckets(TimeRange::new(start, step.next(start))), 1);
        }
    }
}
