//! How often an economic series has a value, and how its periods are dated.

use crate::days::{months_on, weekday, ymd};
use crate::instant::DAY_MS;

/// The step of a series, as `interval` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Every {
    Day,
    Week,
    Month,
    Quarter,
    HalfYear,
    Year,
}

impl Every {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Quarter => "quarterly",
            Self::HalfYear => "semiannual",
            Self::Year => "annual",
        }
    }

    fn months(self) -> i32 {
        match self {
            Self::Day | Self::Week | Self::Month => 1,
            Self::Quarter => 3,
            Self::HalfYear => 6,
            Self::Year => 12,
        }
    }

    /// Returns the date of the period after the one dated `at_ms`, which is also where that one ends.
    pub(super) fn next(self, at_ms: i64) -> i64 {
        match self {
            Self::Day if weekday(at_ms) == 4 => at_ms + 3 * DAY_MS,
            Self::Day => at_ms + DAY_MS,
            Self::Week => at_ms + 7 * DAY_MS,
            _ => months_on(at_ms, self.months()),
        }
    }

    /// Returns the date of the first period at or after the start of a year; weeks are dated by their Friday.
    pub(super) fn first(self, year: i32) -> i64 {
        let at_ms = ymd(year, 1, 1);
        match self {
            Self::Day if weekday(at_ms) > 4 => at_ms + (7 - weekday(at_ms)) * DAY_MS,
            Self::Week => at_ms + (4 - weekday(at_ms)).rem_euclid(7) * DAY_MS,
            _ => at_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::day_text;

    #[test]
    fn periods_are_dated_as_the_samples_have_them() {
        assert_eq!(day_text(Every::Week.first(2026)), "2026-01-02");
        assert_eq!(
            day_text(Every::Day.first(2028)),
            "2028-01-03",
            "the first is a Saturday"
        );
        assert_eq!(day_text(Every::Day.next(ymd(2026, 8, 7))), "2026-08-10");
        assert_eq!(
            day_text(Every::Quarter.next(ymd(2026, 10, 1))),
            "2027-01-01"
        );
    }
}
