//! Days as the milliseconds of their midnight, their places in week and month, and how they are written. A local day is
//! written as if it were one of UTC; whoever has exchanges knows the difference.

use time::{Date, Month};

use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, floor_to};

/// Julian day of 1970-01-01.
const EPOCH_JULIAN: i64 = 2_440_588;

/// Returns the day of an instant; beyond what a calendar holds, its last or first.
pub(crate) fn date(ms: i64) -> Date {
    let (first, last) = (Date::MIN.to_julian_day(), Date::MAX.to_julian_day());
    let julian = (ms.div_euclid(DAY_MS) + EPOCH_JULIAN).clamp(first.into(), last.into());
    let found = i32::try_from(julian).map(Date::from_julian_day);
    found.map_or(Date::MAX, |day| day.unwrap_or(Date::MAX))
}

/// Returns the midnight of a day.
pub(crate) fn midnight(day: Date) -> i64 {
    (i64::from(day.to_julian_day()) - EPOCH_JULIAN) * DAY_MS
}

/// Returns the midnight of a day by its numbers; one that no calendar has gives the month's last.
pub(crate) fn ymd(year: i32, month: u8, day: u8) -> i64 {
    let month = Month::try_from(month).unwrap_or(Month::January);
    let day = day.min(month.length(year));
    Date::from_calendar_date(year, month, day).map_or(0, midnight)
}

/// Returns the weekday, 0 for Monday.
pub(crate) fn weekday(ms: i64) -> i64 {
    (ms.div_euclid(DAY_MS) + 3).rem_euclid(7)
}

/// Returns the Monday of the week.
pub(crate) fn week_start(ms: i64) -> i64 {
    floor_to(ms, DAY_MS) - weekday(ms) * DAY_MS
}

/// Returns the first day of the month.
pub(crate) fn month_start(ms: i64) -> i64 {
    let day = date(ms);
    ymd(day.year(), u8::from(day.month()), 1)
}

/// Returns the first day of the quarter of a year.
pub(crate) fn quarter_start(ms: i64) -> i64 {
    let day = date(ms);
    ymd(day.year(), (u8::from(day.month()) - 1) / 3 * 3 + 1, 1)
}

/// Returns the first day of the year.
pub(crate) fn year_start(ms: i64) -> i64 {
    ymd(date(ms).year(), 1, 1)
}

/// Returns the first day of the month `months` after that of `ms`.
pub(crate) fn months_on(ms: i64, months: i32) -> i64 {
    let day = date(ms);
    let count = day.year() * 12 + i32::from(u8::from(day.month())) - 1 + months;
    let month = u8::try_from(count.rem_euclid(12) + 1).unwrap_or(1);
    ymd(count.div_euclid(12), month, 1)
}

/// Writes `2026-05-18`.
pub(crate) fn day_text(ms: i64) -> String {
    let day = date(ms);
    format!(
        "{:04}-{:02}-{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    )
}

/// Writes `2026-05-18 12:49:30`.
pub(crate) fn second_text(ms: i64) -> String {
    let within = ms.rem_euclid(DAY_MS);
    format!(
        "{} {:02}:{:02}:{:02}",
        day_text(ms),
        within / HOUR_MS,
        within % HOUR_MS / MINUTE_MS,
        within % MINUTE_MS / SECOND_MS
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::parse_day;

    #[test]
    fn what_no_calendar_holds_is_its_first_or_last_day() {
        assert_eq!((date(i64::MIN), date(i64::MAX)), (Date::MIN, Date::MAX));
    }

    #[test]
    fn days_keep_their_place_in_week_and_month() {
        let day = parse_day("2026-05-18").unwrap();
        assert_eq!((weekday(day), week_start(day + 3 * DAY_MS)), (0, day));
        assert_eq!(day_text(month_start(day)), "2026-05-01");
        assert_eq!(day_text(quarter_start(day)), "2026-04-01");
        assert_eq!(day_text(year_start(day)), "2026-01-01");
        assert_eq!(day_text(1_779_108_561_599), "2026-05-18");
        assert_eq!(day_text(months_on(day, 8)), "2027-01-01");
        assert_eq!(day_text(months_on(day, -5)), "2025-12-01");
        assert_eq!(
            second_text(day + 13 * HOUR_MS + 61_000),
            "2026-05-18 13:01:01"
        );
        assert_eq!(day_text(ymd(2025, 2, 29)), "2025-02-28");
    }
}
