//! Instants and half-open ranges, UTC.

use std::fmt;

use time::{Date, Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ts(i64);

/// A text or number that names no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time: write 2024-01-31 or 2024-01-31T13:00:00Z")]
pub struct BadTime(String);

impl Ts {
    /// 1900-01-01: nothing that is measured here is older, so anything before it is an error.
    pub const OLDEST: Self = Self(-2_208_988_800_000);

    /// Takes milliseconds since the epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Takes whole seconds since the epoch; saturates.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Returns milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Returns this instant moved by `ms` milliseconds; saturates.
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns this instant moved by `secs` seconds; saturates.
    pub const fn plus_secs(self, secs: i64) -> Self {
        self.plus_millis(secs.saturating_mul(1_000))
    }

    /// Returns this instant moved by whole days; saturates.
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_secs(days.saturating_mul(86_400))
    }

    /// Returns 00:00 UTC of that day.
    pub fn from_date(date: Date) -> Self {
        Self::from(date.midnight().assume_utc())
    }

    /// Returns the UTC day this instant lies in.
    pub fn date(self) -> Date {
        self.datetime().date()
    }

    /// Returns it for a calendar or for PostgreSQL; instants outside of the years -9999..9999 saturate.
    pub fn datetime(self) -> OffsetDateTime {
        let min = Date::MIN.midnight().assume_utc();
        let max = Date::MAX.midnight().assume_utc();
        OffsetDateTime::UNIX_EPOCH
            .checked_add(Duration::milliseconds(self.0))
            .unwrap_or(if self.0 < 0 { min } else { max })
    }

    /// Reads `2024-01-31` (00:00 UTC) or an RFC 3339 instant.
    ///
    /// # Errors
    /// [`BadTime`] where the text is neither.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        let text = text.trim();
        let bad = || BadTime(text.to_owned());
        if text.len() == 10 {
            let format = time::macros::format_description!("[year]-[month]-[day]");
            return Date::parse(text, format)
                .map(Self::from_date)
                .map_err(|_| bad());
        }
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self::from)
            .map_err(|_| bad())
    }
}

impl From<OffsetDateTime> for Ts {
    fn from(at: OffsetDateTime) -> Self {
        let ms = at.unix_timestamp_nanos().div_euclid(1_000_000);
        Self(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Ts {
    /// Writes RFC 3339, UTC; milliseconds only where there are any. What no such text can hold is
    /// before or after everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.datetime().format(&Rfc3339) {
            Ok(text) => f.write_str(&text),
            Err(_) if self.0 < 0 => f.write_str("-infinity"),
            Err(_) => f.write_str("infinity"),
        }
    }
}

impl fmt::Debug for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A half-open range `[start, end)` of instants. Never inverted; empty where both are equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The first instant inside.
    pub start: Ts,
    /// The first instant after.
    pub end: Ts,
}

impl TimeRange {
    /// Makes `[start, end)`; an end before the start gives the empty range at `start`.
    pub fn new(start: Ts, end: Ts) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Whether nothing lies inside.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `at` lies inside.
    pub fn contains(self, at: Ts) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether all of `other` lies inside.
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Returns the length in seconds, rounded down.
    pub fn secs(self) -> i64 {
        self.end
            .millis()
            .saturating_sub(self.start.millis())
            .div_euclid(1_000)
    }

    /// Returns the common part; empty where there is none.
    pub fn intersect(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Returns both moved by `secs`.
    pub fn shift(self, secs: i64) -> Self {
        Self {
            start: self.start.plus_secs(secs),
            end: self.end.plus_secs(secs),
        }
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

impl fmt::Debug for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_and_instants() {
        assert_eq!(Ts::parse("1970-01-02").unwrap(), Ts::from_secs(86_400));
        assert_eq!(
            Ts::parse("1970-01-01T00:00:01.5Z").unwrap(),
            Ts::from_millis(1_500)
        );
        assert_eq!(
            Ts::parse("1970-01-01T01:00:00+01:00").unwrap(),
            Ts::from_secs(0)
        );
        for bad in ["", "2024-13-01", "2024-1-1", "yesterday", "1700000000"] {
            assert!(Ts::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn oldest_is_1900() {
        assert_eq!(Ts::OLDEST, Ts::parse("1900-01-01").unwrap());
    }

    #[test]
    fn prints_what_it_reads() {
        let at = Ts::parse("2026-05-18T12:49:21.599Z").unwrap();
        assert_eq!(at.to_string(), "2026-05-18T12:49:21.599Z");
        assert_eq!(at.millis(), 1_779_108_561_599);
    }

    #[test]
    fn extremes_do_not_panic() {
        assert!(Ts::from_millis(i64::MAX).to_string().starts_with("9999"));
        assert_eq!(Ts::from_millis(i64::MIN).to_string(), "-infinity");
        assert!(Ts::from_millis(i64::MIN).datetime().year() < -9_000);
    }

    #[test]
    fn ranges_are_half_open() {
        let day = TimeRange::new(Ts::from_secs(0), Ts::from_secs(86_400));
        assert!(day.contains(day.start) && !day.contains(day.end));
        assert!(day.intersect(day.shift(86_400)).is_empty());
        assert!(TimeRange::new(day.end, day.start).is_empty());
    }
}
