//! Times as people and language models write them.

use model::Ts;
use time::{Date, Duration};

/// What is accepted, for messages.
pub(crate) const FORMS: &str =
    "2024-01-31, 2024-01-31T13:00:00Z, seconds since 1970, now, today, -30d (h, d, w, mo, y)";

/// Reads an instant; a text without a zone is UTC. `None` where it is no time.
pub(crate) fn parse(text: &str, now: Ts) -> Option<Ts> {
    let text = text.trim();
    match text.to_lowercase().as_str() {
        "now" => return Some(now),
        "today" => return Some(Ts::from_date(now.date())),
        "yesterday" => return Some(Ts::from_date(now.date()).plus_days(-1)),
        _ => {}
    }
    epoch(text)
        .or_else(|| ago(text, now))
        .or_else(|| calendar(text))
}

/// Reads an instant that is itself inside: the end of that day for a day, else just after it.
pub(crate) fn parse_through(text: &str, now: Ts) -> Option<Ts> {
    let at = parse(text, now)?;
    let is_day = text.trim().len() == 10 && at == Ts::from_date(at.date()) && epoch(text).is_none();
    Some(if is_day {
        at.plus_days(1)
    } else {
        at.plus_millis(1)
    })
}

/// Seconds have at most 11 digits until the year 5138; what is longer counts milliseconds.
fn epoch(text: &str) -> Option<Ts> {
    let text = text.trim();
    let digits = text.len();
    if !(9..=14).contains(&digits) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    Some(if digits <= 11 {
        Ts::from_secs(number)
    } else {
        Ts::from_millis(number)
    })
}

fn ago(text: &str, now: Ts) -> Option<Ts> {
    let rest = text.strip_prefix('-')?;
    let split = rest.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = rest.split_at_checked(split)?;
    let number: i32 = number.parse().ok()?;
    let back = i64::from(number);
    match unit.to_lowercase().as_str() {
        "h" => Some(now.plus_secs(-3_600 * back)),
        "d" => Some(now.plus_days(-back)),
        "w" => Some(now.plus_days(-7 * back)),
        "mo" => months_back(now, number),
        "y" => months_back(now, number.checked_mul(12)?),
        _ => None,
    }
}

/// The same day of an earlier month, or its last where it is shorter.
fn months_back(now: Ts, months: i32) -> Option<Ts> {
    let at = now.datetime();
    let date = at.date();
    let month0 = date.year().checked_mul(12)? + i32::from(u8::from(date.month())) - 1;
    let target = month0.checked_sub(months)?;
    let month = time::Month::try_from(u8::try_from(target.rem_euclid(12) + 1).ok()?).ok()?;
    let year = target.div_euclid(12);
    let day = date.day().min(month.length(year));
    let there = Date::from_calendar_date(year, month, day).ok()?;
    let since_midnight: Duration = at - date.midnight().assume_utc();
    Some(Ts::from(there.midnight().assume_utc() + since_midnight))
}

fn calendar(text: &str) -> Option<Ts> {
    if let Ok(at) = Ts::parse(text) {
        return Some(at);
    }
    // A `+` that was not escaped in a query string arrives as a blank.
    if let Some((at, zone)) = text.rsplit_once(' ')
        && let Ok(at) = Ts::parse(&format!("{at}+{zone}"))
    {
        return Some(at);
    }
    // `2024-01-31 13:00` and `2024-01-31T13:00:00`: a zone is missing, and perhaps seconds.
    let text = text.replacen(' ', "T", 1);
    [format!("{text}Z"), format!("{text}:00Z")]
        .iter()
        .find_map(|text| Ts::parse(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Ts {
        Ts::parse("2026-03-31T12:30:00Z").unwrap()
    }

    #[test]
    fn many_spellings_of_a_time() {
        for (text, expected) in [
            ("2024-01-31", "2024-01-31T00:00:00Z"),
            (" 2024-01-31T13:00:00Z ", "2024-01-31T13:00:00Z"),
            ("2024-01-31T13:00:00", "2024-01-31T13:00:00Z"),
            ("2024-01-31 13:00", "2024-01-31T13:00:00Z"),
            ("2024-01-31T13:00:00+02:00", "2024-01-31T11:00:00Z"),
            ("2024-01-31T13:00:00 02:00", "2024-01-31T11:00:00Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000000", "2023-11-14T22:13:20Z"),
            ("NOW", "2026-03-31T12:30:00Z"),
            ("today", "2026-03-31T00:00:00Z"),
            ("yesterday", "2026-03-30T00:00:00Z"),
            ("-36h", "2026-03-30T00:30:00Z"),
            ("-30d", "2026-03-01T12:30:00Z"),
            ("-2w", "2026-03-17T12:30:00Z"),
            ("-1mo", "2026-02-28T12:30:00Z"),
            ("-2Y", "2024-03-31T12:30:00Z"),
        ] {
            let expected = Ts::parse(expected).unwrap();
            assert_eq!(parse(text, now()), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "soon",
            "2024",
            "-30",
            "30d",
            "-d",
            "2024-13-01",
            "-99999999999d",
            "-9m",
            "1e9",
        ] {
            assert_eq!(parse(text, now()), None, "{text}");
        }
    }

    #[test]
    fn through_a_day_takes_all_of_it() {
        let through = |text| parse_through(text, now()).unwrap().to_string();
        assert_eq!(through("2024-01-31"), "2024-02-01T00:00:00Z");
        assert_eq!(through("2024-01-31T00:00:00Z"), "2024-01-31T00:00:00.001Z");
        assert_eq!(through("1700000000"), "2023-11-14T22:13:20.001Z");
    }
}
