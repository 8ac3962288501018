//! Days: the buckets of the granularities, the exchange's holidays, the ends of fiscal quarters.
//!
//! A day is its number since 1970-01-01.

use time::{Date, Duration, Month, Weekday};

use super::ArtemisStep;
use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS};

/// The exchange closes at this time of the UTC day, winter time all year.
pub(super) const CLOSE_MS: i64 = 21 * HOUR_MS;
/// Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

pub(super) fn date(day: i64) -> Date {
    let julian = i32::try_from(day.saturating_add(EPOCH)).unwrap_or(i32::MAX);
    Date::from_julian_day(julian).unwrap_or(Date::MAX)
}

fn number(date: Date) -> i64 {
    i64::from(date.to_julian_day()) - EPOCH
}

/// Returns the day of an instant.
pub(super) fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

fn first_of(year: i32, month: Month) -> i64 {
    Date::from_calendar_date(year, month, 1).map_or(i64::MAX, number)
}

/// Returns days since Monday.
pub(super) fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// Returns the first day of the bucket that holds a day: Mondays, firsts of a month, a quarter, a year.
pub(super) fn bucket(step: ArtemisStep, day: i64) -> i64 {
    let at = date(day);
    match step {
        ArtemisStep::Day => day,
        ArtemisStep::Week => day - weekday(day),
        ArtemisStep::Month => first_of(at.year(), at.month()),
        ArtemisStep::Quarter => {
            let month = at.month();
            first_of(at.year(), month.nth_prev((u8::from(month) - 1) % 3))
        }
        ArtemisStep::Year => first_of(at.year(), Month::January),
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

/// Tells whether the New York exchanges trade on a day, by the rules of today; closures out of the ordinary are not
/// known here.
pub(super) fn is_session(day: i64) -> bool {
    if weekday(day) > 4 {
        return false;
    }
    let at = date(day);
    let (month, dom) = (u8::from(at.month()), at.day());
    let nth = |weekday: Weekday, days: std::ops::RangeInclusive<u8>| {
        at.weekday() == weekday && days.contains(&dom)
    };
    // A fixed holiday on a Sunday is kept on Monday, one on a Saturday on Friday, except New Year's Day.
    let kept = |of: u8, on: u8| {
        let is = |shift: i64| {
            let other = date(day + shift);
            (u8::from(other.month()), other.day()) == (of, on)
        };
        is(0) || (weekday(day) == 0 && is(-1)) || (weekday(day) == 4 && is(1) && of != 1)
    };
    let moving = match month {
        1 | 2 => nth(Weekday::Monday, 15..=21),
        5 => nth(Weekday::Monday, 25..=31),
        9 => nth(Weekday::Monday, 1..=7),
        11 => nth(Weekday::Thursday, 22..=28),
        3 | 4 => number(easter(at.year())) - 2 == day,
        _ => false,
    };
    let fixed = kept(1, 1) || kept(7, 4) || kept(12, 25) || (at.year() >= 2022 && kept(6, 19));
    !moving && !fixed
}

/// Returns Easter Sunday (Gauss's rule in the form for the Gregorian calendar).
fn easter(year: i32) -> Date {
    let (a, century) = (year % 19, year / 100);
    let shift = (century - century / 4 - (8 * century + 13) / 25 + 19 * a + 15) % 30;
    let moon = shift - (shift / 28) * (1 - (29 / (shift + 1)) * ((21 - a) / 11));
    let sunday = (year + year / 4 + moon + 2 - century + century / 4) % 7;
    let march = Date::from_calendar_date(year, Month::March, 28).unwrap_or(Date::MIN);
    march.saturating_add(Duration::days(i64::from(moon - sunday)))
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
        for closed in [
            "2026-01-01",
            "2026-01-19",
            "2026-02-16",
            "2026-04-03",
            "2026-05-25",
            "2026-06-19",
            "2026-07-03",
            "2026-09-07",
            "2026-11-26",
            "2026-12-25",
            "2023-01-02",
            "2024-03-29",
            "2022-06-20",
            "2026-05-16",
        ] {
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
