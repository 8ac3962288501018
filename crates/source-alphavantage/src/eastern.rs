//! The time of New York, in which the vendor writes the hours of shares: contract section 3.3.
//!
//! Summer time by the law of the year: since 2007 from the second Sunday of March to the first of
//! November, before from the first Sunday of April (1987 on) to the last of October. It changes at two
//! in the morning, when nothing trades.

use model::Ts;
use time::{Date, Month, PrimitiveDateTime, Weekday};

const HOUR_SECS: i64 = 3_600;
const WINTER_SECS: i64 = 5 * HOUR_SECS;
const SUMMER_SECS: i64 = 4 * HOUR_SECS;

/// Returns the instant of a local time. One that exists twice is the later.
pub(crate) fn to_utc(local: PrimitiveDateTime) -> Ts {
    let at = Ts::from(local.assume_utc());
    match summer(local.year()) {
        Some((begin, end)) if begin <= at && at.plus_secs(HOUR_SECS) < end => {
            at.plus_secs(SUMMER_SECS)
        }
        _ => at.plus_secs(WINTER_SECS),
    }
}

/// Returns the instant after `now` at which the next day begins there.
pub(crate) fn next_midnight(now: Ts) -> Ts {
    let days = (0..3).map(|days| {
        let day = now.plus_days(days).date();
        to_utc(PrimitiveDateTime::new(day, time::Time::MIDNIGHT))
    });
    let mut days = days.filter(|midnight| *midnight > now);
    days.next().unwrap_or(now.plus_days(1))
}

/// Returns when the clock is put forward and back, in local time of winter and of summer.
fn summer(year: i32) -> Option<(Ts, Ts)> {
    let (begin, end) = match year {
        2007.. => (
            sunday(year, Month::March, 8),
            sunday(year, Month::November, 1),
        ),
        _ => (
            sunday(year, Month::April, 1),
            sunday(year, Month::October, 25),
        ),
    };
    let at_two = |date: Date| Ts::from_date(date).plus_secs(2 * HOUR_SECS);
    Some((at_two(begin?), at_two(end?)))
}

/// Returns the first Sunday of a month on or after a day.
fn sunday(year: i32, month: Month, from: u8) -> Option<Date> {
    (from..from + 7)
        .filter_map(|day| Date::from_calendar_date(year, month, day).ok())
        .find(|date| date.weekday() == Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn four_in_the_morning_is_eight_in_summer_and_nine_in_winter() {
        for (local, expected) in [
            (datetime!(2026-01-15 04:00), "2026-01-15T09:00:00Z"),
            (datetime!(2026-07-15 04:00), "2026-07-15T08:00:00Z"),
            // The 8th of March and the 1st of November 2026.
            (datetime!(2026-03-07 19:00), "2026-03-08T00:00:00Z"),
            (datetime!(2026-03-08 01:59), "2026-03-08T06:59:00Z"),
            (datetime!(2026-03-08 04:00), "2026-03-08T08:00:00Z"),
            (datetime!(2026-11-01 00:59), "2026-11-01T04:59:00Z"),
            (datetime!(2026-11-01 01:30), "2026-11-01T06:30:00Z"),
            (datetime!(2026-11-01 04:00), "2026-11-01T09:00:00Z"),
            // By the older law.
            (datetime!(2006-03-20 12:00), "2006-03-20T17:00:00Z"),
            (datetime!(2006-04-03 12:00), "2006-04-03T16:00:00Z"),
            (datetime!(2006-10-30 12:00), "2006-10-30T17:00:00Z"),
            (datetime!(2024-05-06 09:00), "2024-05-06T13:00:00Z"),
        ] {
            assert_eq!(to_utc(local), Ts::parse(expected).unwrap(), "{local}");
        }
    }

    #[test]
    fn the_next_day_is_always_ahead() {
        for (now, expected) in [
            ("2026-11-28T16:00:00Z", "2026-11-29T05:00:00Z"),
            ("2026-11-28T05:00:00Z", "2026-11-29T05:00:00Z"),
            ("2026-11-28T04:59:59Z", "2026-11-28T05:00:00Z"),
            ("2026-07-28T03:00:00Z", "2026-07-28T04:00:00Z"),
        ] {
            let next = next_midnight(Ts::parse(now).unwrap());
            assert_eq!(next, Ts::parse(expected).unwrap(), "{now}");
        }
    }
}
