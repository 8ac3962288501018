//! Days: the buckets of the granularities, the exchange's holidays, the ends of fiscal quarters.
//!
//! A day is its number since 1970-01-01.

use time::Date;

use super::ArtemisStep;
use crate::chance;
use crate::days::{self, month_start, quarter_start, year_start};
use crate::entity::Entity;
use crate::holidays::{self, is_weekend, keeps};
use crate::instant::{DAY_MS, HOUR_MS};

/// The exchange closes at this time of the UTC day, winter time all year.
pub(super) const CLOSE_MS: i64 = 21 * HOUR_MS;

pub(super) fn date(day: i64) -> Date {
    days::date(midnight_ms(day))
}

/// Returns the day of an instant.
pub(super) fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

fn midnight_ms(day: i64) -> i64 {
    day.saturating_mul(DAY_MS)
}

/// Returns days since Monday.
pub(super) fn weekday(day: i64) -> i64 {
    days::weekday(midnight_ms(day))
}

/// Returns the first day of the bucket that holds a day: Mondays, firsts of a month, a quarter, a year.
pub(super) fn bucket(step: ArtemisStep, day: i64) -> i64 {
    let within_ms = midnight_ms(day);
    match step {
        ArtemisStep::Day => day,
        ArtemisStep::Week => day - weekday(day),
        ArtemisStep::Month => day_of(month_start(within_ms)),
        ArtemisStep::Quarter => day_of(quarter_start(within_ms)),
        ArtemisStep::Year => day_of(year_start(within_ms)),
    }
}

/// Returns the first day of the bucket after the one that begins on a day.
pub(super) fn next_bucket(step: ArtemisStep, begins: i64) -> i64 {
    let longest = match step {
        ArtemisStep::Day => 1,
        ArtemisStep::Week => 7,
        ArtemisStep::Month => 31,
        ArtemisStep::Quarter => 92,
        ArtemisStep::Year => 366,
    };
    bucket(step, begins + longest)
}

/// Tells whether the New York exchanges trade on a day.
pub(super) fn is_session(day: i64) -> bool {
    let day_ms = midnight_ms(day);
    !is_weekend(day_ms) && !keeps(holidays::NEW_YORK, day_ms)
}

/// How a company ends its quarters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FiscalYear {
    /// On the last day of March, June, September, December.
    Calendar,
    /// On the last Saturday of those months.
    LastSaturday,
    /// On the last Sunday of January, April, July, October.
    LastSunday,
}

impl FiscalYear {
    pub(super) fn of(entity: &Entity) -> Self {
        match entity.artemis_id.as_deref() {
            Some("eq-nvda") => Self::LastSunday,
            Some("eq-coin" | "eq-mstr" | "eq-ibm" | "eq-meta") => Self::Calendar,
            _ => match chance::below(entity.hash, 4) {
                0 => Self::LastSunday,
                1 => Self::LastSaturday,
                _ => Self::Calendar,
            },
        }
    }

    /// Returns the end of the quarter that the month of a day would end, whether before or after that day.
    fn end_in_month_of(self, day: i64) -> Option<i64> {
        let at = date(day);
        let first_month = u8::from(self == Self::LastSunday);
        if u8::from(at.month()) % 3 != first_month {
            return None;
        }
        let last = next_bucket(ArtemisStep::Month, bucket(ArtemisStep::Month, day)) - 1;
        Some(match self {
            Self::Calendar => last,
            Self::LastSaturday => last - (weekday(last) + 2) % 7,
            Self::LastSunday => last - (weekday(last) + 1) % 7,
        })
    }

    /// Returns the ends of quarters from one day to another, both included.
    pub(super) fn ends(self, from: i64, to: i64) -> Vec<i64> {
        let mut ends = Vec::new();
        let mut month = bucket(ArtemisStep::Month, from);
        while month <= to {
            let end = self.end_in_month_of(month);
            ends.extend(end.filter(|end| (from..=to).contains(end)));
            month = next_bucket(ArtemisStep::Month, month);
        }
        ends
    }
}

/// Returns the day on which a company reports the quarter that ends on a day: three to seven weeks later.
pub(super) fn report_day(entity: &Entity, quarter_end: i64) -> i64 {
    quarter_end + 21 + chance::below(chance::at(entity.hash, quarter_end), 28)
}

/// Returns the end of the latest quarter reported before a day.
pub(super) fn last_reported(entity: &Entity, day: i64) -> Option<i64> {
    let ends = FiscalYear::of(entity).ends(day - 200, day);
    let reported = |end: &&i64| report_day(entity, **end) < day;
    ends.iter().rev().find(reported).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_day;

    fn day(text: &str) -> i64 {
        day_of(parse_day(text).unwrap())
    }

    #[test]
    fn buckets_begin_where_the_vendor_labels_them() {
        let within = day("2026-05-20");
        for (step, first, next) in [
            (ArtemisStep::Day, "2026-05-20", "2026-05-21"),
            (ArtemisStep::Week, "2026-05-18", "2026-05-25"),
            (ArtemisStep::Month, "2026-05-01", "2026-06-01"),
            (ArtemisStep::Quarter, "2026-04-01", "2026-07-01"),
            (ArtemisStep::Year, "2026-01-01", "2027-01-01"),
        ] {
            assert_eq!(bucket(step, within), day(first), "{step:?}");
            assert_eq!(next_bucket(step, day(first)), day(next), "{step:?}");
        }
        let quarter = bucket(ArtemisStep::Quarter, day("2026-12-31"));
        assert_eq!(quarter, day("2026-10-01"));
        assert_eq!(
            next_bucket(ArtemisStep::Quarter, quarter),
            day("2027-01-01")
        );
    }

    #[test]
    fn holidays_are_no_sessions() {
        for closed in ["2023-01-02", "2024-03-29", "2022-06-20", "2026-05-16"] {
            assert!(!is_session(day(closed)), "{closed}");
        }
        for open in [
            "2021-12-31",
            "2026-01-02",
            "2026-04-02",
            "2026-07-02",
            "2021-06-18",
        ] {
            assert!(is_session(day(open)), "{open}");
        }
        let of_2025 = (day("2025-01-01")..=day("2025-12-31")).filter(|day| is_session(*day));
        // The exchange closed once more, for a state funeral.
        assert_eq!(of_2025.count(), 251);
    }

    #[test]
    fn quarters_end_as_the_company_ends_them() {
        let ends = |year: FiscalYear| year.ends(day("2024-04-01"), day("2025-02-28"));
        let days = |texts: [&str; 4]| texts.map(day).to_vec();
        assert_eq!(
            ends(FiscalYear::LastSunday),
            days(["2024-04-28", "2024-07-28", "2024-10-27", "2025-01-26"])
        );
        assert_eq!(
            ends(FiscalYear::Calendar),
            days(["2024-06-30", "2024-09-30", "2024-12-31", "2024-12-31"])[..3]
        );
        let saturdays = ends(FiscalYear::LastSaturday);
        assert_eq!(saturdays[0], day("2024-06-29"));
        assert!(saturdays.iter().all(|end| weekday(*end) == 5));
    }
}
