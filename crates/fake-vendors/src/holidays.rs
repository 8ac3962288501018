//! When exchanges are closed, as rules. Closures that no rule gives (mourning, storms, the lunar new year) are not
//! played.

use crate::days::{date, weekday, ymd};
use crate::instant::DAY_MS;

const SATURDAY: i64 = 5;
const SUNDAY: i64 = 6;

/// One holiday, by the year.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// A date; on a weekend it is lost.
    Fixed(u8, u8),
    /// A date; a Saturday's is kept on Friday, a Sunday's on Monday, but never in the year before.
    Nearest(u8, u8),
    /// A date; a Saturday's is kept two days later, a Sunday's so many days later.
    Later(u8, u8, i64),
    /// The n-th such weekday of a month, so many days on.
    Nth {
        weekday: i64,
        nth: i64,
        month: u8,
        plus: i64,
    },
    /// The last such weekday of a month.
    Last(i64, u8),
    /// So many days after Easter Sunday.
    Easter(i64),
    /// A rule that holds from a year on.
    Since(i32, &'static Rule),
}

impl Rule {
    /// Returns the day on which the holiday is kept in a year.
    pub(crate) fn day(self, year: i32) -> Option<i64> {
        Some(match self {
            Self::Fixed(month, day) => ymd(year, month, day),
            Self::Nearest(month, day) => {
                let at = ymd(year, month, day);
                let kept = match weekday(at) {
                    SATURDAY => at - DAY_MS,
                    SUNDAY => at + DAY_MS,
                    _ => at,
                };
                return (date(kept).year() == year).then_some(kept);
            }
            Self::Later(month, day, from_sunday) => {
                let at = ymd(year, month, day);
                match weekday(at) {
                    SATURDAY => at + 2 * DAY_MS,
                    SUNDAY => at + from_sunday * DAY_MS,
                    _ => at,
                }
            }
            Self::Nth {
                weekday: wanted,
                nth,
                month,
                plus,
            } => {
                let first = ymd(year, month, 1);
                let ahead = (wanted - weekday(first)).rem_euclid(7);
                first + (ahead + 7 * (nth - 1) + plus) * DAY_MS
            }
            Self::Last(wanted, month) => {
                let last = ymd(year, month, 31);
                last - (weekday(last) - wanted).rem_euclid(7) * DAY_MS
            }
            Self::Easter(plus) => easter(year) + plus * DAY_MS,
            Self::Since(first, rule) if year >= first => return rule.day(year),
            Self::Since(..) => return None,
        })
    }
}

/// Returns the days that rules give in a year, ascending.
pub(crate) fn days_of(rules: &[Rule], year: i32) -> Vec<i64> {
    let mut days: Vec<i64> = rules.iter().filter_map(|rule| rule.day(year)).collect();
    days.sort_unstable();
    days
}

/// Tells whether rules name a day, given as its midnight.
pub(crate) fn keeps(rules: &[Rule], day_ms: i64) -> bool {
    let year = date(day_ms).year();
    rules.iter().any(|rule| rule.day(year) == Some(day_ms))
}

/// Tells whether a day is Saturday or Sunday.
pub(crate) fn is_weekend(day_ms: i64) -> bool {
    weekday(day_ms) >= SATURDAY
}

/// Easter Sunday by the anonymous Gregorian algorithm.
fn easter(year: i32) -> i64 {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    let part = |value: i32| u8::try_from(value).unwrap_or(1);
    ymd(year, part(sum / 31), part(sum % 31 + 1))
}

const fn nth(weekday: i64, nth: i64, month: u8) -> Rule {
    Rule::Nth {
        weekday,
        nth,
        month,
        plus: 0,
    }
}

/// New York.
pub(crate) const NEW_YORK: &[Rule] = &[
    Rule::Nearest(1, 1),
    nth(0, 3, 1),
    nth(0, 3, 2),
    Rule::Easter(-2),
    Rule::Last(0, 5),
    Rule::Since(2022, &Rule::Nearest(6, 19)),
    Rule::Nearest(7, 4),
    nth(0, 1, 9),
    nth(3, 4, 11),
    Rule::Nearest(12, 25),
];
/// New York, days that end at 13:00.
pub(crate) const NEW_YORK_HALF: &[Rule] = &[
    Rule::Fixed(7, 3),
    Rule::Nth {
        weekday: 3,
        nth: 4,
        month: 11,
        plus: 1,
    },
    Rule::Fixed(12, 24),
];
/// London.
pub(crate) const LONDON: &[Rule] = &[
    Rule::Later(1, 1, 1),
    Rule::Easter(-2),
    Rule::Easter(1),
    nth(0, 1, 5),
    Rule::Last(0, 5),
    Rule::Last(0, 8),
    Rule::Later(12, 25, 2),
    Rule::Later(12, 26, 2),
];
/// Toronto.
pub(crate) const TORONTO: &[Rule] = &[
    Rule::Later(1, 1, 1),
    Rule::Since(2008, &nth(0, 3, 2)),
    Rule::Easter(-2),
    Rule::Later(7, 1, 1),
    nth(0, 1, 8),
    nth(0, 1, 9),
    nth(0, 2, 10),
    Rule::Later(12, 25, 2),
    Rule::Later(12, 26, 2),
];
/// Frankfurt.
pub(crate) const FRANKFURT: &[Rule] = &[
    Rule::Fixed(1, 1),
    Rule::Easter(-2),
    Rule::Easter(1),
    Rule::Fixed(5, 1),
    Rule::Fixed(12, 24),
    Rule::Fixed(12, 25),
    Rule::Fixed(12, 26),
    Rule::Fixed(12, 31),
];
/// Bombay, without the days that follow the moon.
pub(crate) const BOMBAY: &[Rule] = &[
    Rule::Fixed(1, 26),
    Rule::Easter(-2),
    Rule::Fixed(5, 1),
    Rule::Fixed(8, 15),
    Rule::Fixed(10, 2),
    Rule::Fixed(12, 25),
];
/// Shanghai and Shenzhen, without the days that follow the moon.
pub(crate) const CHINA: &[Rule] = &[
    Rule::Fixed(1, 1),
    Rule::Fixed(5, 1),
    Rule::Fixed(10, 1),
    Rule::Fixed(10, 2),
    Rule::Fixed(10, 3),
    Rule::Fixed(10, 4),
    Rule::Fixed(10, 5),
    Rule::Fixed(10, 6),
    Rule::Fixed(10, 7),
];
/// Hong Kong, without the days that follow the moon.
pub(crate) const HONG_KONG: &[Rule] = &[
    Rule::Later(1, 1, 1),
    Rule::Easter(-2),
    Rule::Easter(1),
    Rule::Later(5, 1, 1),
    Rule::Later(7, 1, 1),
    Rule::Later(10, 1, 1),
    Rule::Fixed(12, 25),
    Rule::Fixed(12, 26),
];
/// São Paulo.
pub(crate) const SAO_PAULO: &[Rule] = &[
    Rule::Fixed(1, 1),
    Rule::Easter(-48),
    Rule::Easter(-47),
    Rule::Easter(-2),
    Rule::Fixed(4, 21),
    Rule::Fixed(5, 1),
    Rule::Fixed(9, 7),
    Rule::Fixed(10, 12),
    Rule::Fixed(11, 2),
    Rule::Fixed(11, 15),
    Rule::Fixed(12, 24),
    Rule::Fixed(12, 25),
    Rule::Fixed(12, 31),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::day_text;

    fn kept(rules: &[Rule], year: i32) -> Vec<String> {
        days_of(rules, year).into_iter().map(day_text).collect()
    }

    #[test]
    fn new_york_keeps_its_holidays() {
        let year_2026 = [
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
        ];
        assert_eq!(kept(NEW_YORK, 2026), year_2026);
        assert_eq!(
            kept(NEW_YORK, 2022).first().map(String::as_str),
            Some("2022-01-17"),
            "a Saturday's new year is lost"
        );
        assert_eq!(kept(NEW_YORK, 2021).len(), 9, "no nineteenth of June yet");
        assert_eq!(kept(NEW_YORK_HALF, 2025)[1], "2025-11-28");
    }

    #[test]
    fn london_moves_christmas_on() {
        let days = kept(LONDON, 2021);
        assert_eq!(days[days.len() - 2..], ["2021-12-27", "2021-12-28"]);
        assert_eq!(kept(LONDON, 2022)[0], "2022-01-03");
        assert!(kept(LONDON, 2026).contains(&"2026-08-31".to_owned()));
        assert!(kept(LONDON, 2026).contains(&"2026-04-06".to_owned()));
    }
}
