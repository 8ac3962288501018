//! Instants as UNIX milliseconds, and the spellings in which vendors write them.
//!
//! Knows nothing of "now": that is `clock`'s.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

/// One second in milliseconds.
pub(crate) const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

const ISO_Z: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const ISO_OFFSET: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+00:00");
const SPACED: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000");
const HTTP: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const DAY_FIRST: &[BorrowedFormatItem<'_>] = format_description!("[day]-[month]-[year]");
const MINUTE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]");

/// Returns the calendar form of an instant; instants no calendar holds become the epoch.
pub(crate) fn calendar(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Returns the milliseconds of a calendar instant.
pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * SECOND_MS + i64::from(at.millisecond())
}

/// Writes `2026-05-18T12:49:21.599Z`.
pub(crate) fn iso(ms: i64) -> String {
    written(ms, ISO_Z)
}

/// Writes `2026-05-18T12:49:21.599+00:00`, as error bodies do.
pub(crate) fn iso_offset(ms: i64) -> String {
    written(ms, ISO_OFFSET)
}

/// Writes `2026-03-09 03:28:00 +0000`, as `x-ratelimit-reset` does.
pub(crate) fn spaced(ms: i64) -> String {
    written(ms, SPACED)
}

/// Writes the form of the HTTP `Date` header.
pub(crate) fn http_date(ms: i64) -> String {
    written(ms, HTTP)
}

fn written(ms: i64, format: &[BorrowedFormatItem<'_>]) -> String {
    calendar(ms).format(format).unwrap_or_default()
}

/// Reads an instant written as RFC 3339.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(millis)
}

/// Reads `YYYY-MM-DD` as its midnight.
pub(crate) fn parse_day(text: &str) -> Option<i64> {
    midnight(Date::parse(text, DAY).ok()?)
}

/// Reads `dd-mm-yyyy` as its midnight.
pub(crate) fn parse_day_first(text: &str) -> Option<i64> {
    midnight(Date::parse(text, DAY_FIRST).ok()?)
}

/// Reads `YYYY-MM-DDTHH:MM` as UTC.
pub(crate) fn parse_minute(text: &str) -> Option<i64> {
    PrimitiveDateTime::parse(text, MINUTE)
        .ok()
        .map(|at| millis(at.assume_utc()))
}

fn midnight(day: Date) -> Option<i64> {
    Some(millis(day.with_time(Time::MIDNIGHT).assume_utc()))
}

/// Returns the last multiple of `step` at or before `ms`.
pub(crate) fn floor_to(ms: i64, step: i64) -> i64 {
    ms.div_euclid(step) * step
}

/// Returns the first multiple of `step` at or after `ms`.
pub(crate) fn ceil_to(ms: i64, step: i64) -> i64 {
    -((-ms).div_euclid(step) * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_the_vendors() {
        let ms = 1_779_108_561_599;
        assert_eq!(iso(ms), "2026-05-18T12:49:21.599Z");
        assert_eq!(iso_offset(ms), "2026-05-18T12:49:21.599+00:00");
        assert_eq!(spaced(1_773_026_880_000), "2026-03-09 03:28:00 +0000");
        assert_eq!(
            http_date(1_773_026_880_000),
            "Mon, 09 Mar 2026 03:28:00 GMT"
        );
        assert_eq!(parse_rfc3339("2026-05-18T12:49:21.599Z"), Some(ms));
        assert_eq!(parse_day("2026-05-18"), Some(1_779_062_400_000));
        assert_eq!(parse_day_first("18-05-2026"), Some(1_779_062_400_000));
        assert_eq!(parse_minute("2026-05-18T00:01"), Some(1_779_062_460_000));
        assert_eq!(parse_day("2026-02-30"), None);
    }

    #[test]
    fn rounding_to_steps_goes_the_right_way_on_both_sides_of_the_epoch() {
        assert_eq!(floor_to(7, 5), 5);
        assert_eq!(ceil_to(7, 5), 10);
        assert_eq!(ceil_to(10, 5), 10);
        assert_eq!(floor_to(-7, 5), -10);
        assert_eq!(ceil_to(-7, 5), -5);
    }
}
