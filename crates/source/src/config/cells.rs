//! Cells that several sources' files have.

use model::{Since, Ts};
use tables::nearest;

/// No vendor's name is longer.
const LONGEST_NAME: usize = 64;

/// Reads a list joined by `|` of which nothing may stand twice.
///
/// # Errors
/// What is wrong with the first bad entry, for the report.
pub fn joined<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for name in text.split('|').map(str::trim) {
        found.push(read(name)?);
        if seen.contains(&name) {
            return Err(format!("{name} stands twice"));
        }
        seen.push(name);
    }
    Ok(found)
}

/// Reads a name as the vendor writes it: up to 64 characters that can be seen, none of `refused`, which
/// would break a list or a path. `what` and `example` are for messages.
///
/// # Errors
/// What is wrong with the text, for the report.
pub fn plain_name<'t>(
    text: &'t str,
    refused: &str,
    what: &str,
    example: &str,
) -> Result<&'t str, String> {
    let fits = |c: char| c.is_ascii_graphic() && !refused.contains(c);
    if text.is_empty() {
        Err(format!(
            "empty: write the vendor's {what}, such as {example}"
        ))
    } else if text.chars().all(fits) && text.len() <= LONGEST_NAME {
        Ok(text)
    } else {
        Err(format!("{text:?} is no {what}, such as {example}"))
    }
}

/// Reads stored names joined by `|`, or `default`, or `all`; none means the default set. `of` is for
/// messages: what has these metrics.
///
/// # Errors
/// What is wrong with the text, for the report.
pub fn metric_names<'n>(
    text: &str,
    of: &str,
    (all, default): (Vec<&'n str>, Vec<&'n str>),
) -> Result<Vec<&'n str>, String> {
    match text {
        "" | "default" => return Ok(default),
        "all" => return Ok(all),
        _ => {}
    }
    joined(text, |name| {
        let known = all.iter().copied().find(|known| *known == name);
        known.ok_or_else(|| match nearest(name, all.iter().copied()) {
            Some(near) => format!("{name:?} is no metric of {of}: did you mean {near}?"),
            None => format!(
                "{name:?} is no metric of {of}: default, all, or some of {}",
                all.join(", ")
            ),
        })
    })
}

/// Reads since when something is wanted: a day, or a time of one; `otherwise` where the cell is empty.
/// What has no past has its cell read all the same, so that a slip of the pen is told.
///
/// # Errors
/// What is wrong with the text, for the report.
pub fn since(text: &str, otherwise: Since) -> Result<Since, String> {
    if text.is_empty() {
        return Ok(otherwise);
    }
    let at = Ts::parse(text).map_err(|error| error.to_string())?;
    if at < Ts::OLDEST {
        return Err(format!("{text} lies before 1900"));
    }
    Ok(Since::At(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_can_be_seen_and_breaks_nothing() {
        let read = |text: &str| plain_name(text, ",/", "coin", "BTC").map(str::to_owned);
        let (longest, longer) = ("x".repeat(64), "x".repeat(65));
        for good in ["BTC", "BTC-USD_PERP", "a&b", "\"", longest.as_str()] {
            assert_eq!(read(good).as_deref(), Ok(good));
        }
        for bad in ["a,b", "a/b", "a b", "a\n", "é", longer.as_str()] {
            let told = format!("{bad:?} is no coin, such as BTC");
            assert_eq!(read(bad), Err(told));
        }
        let empty = "empty: write the vendor's coin, such as BTC";
        assert_eq!(read(""), Err(empty.to_owned()));
    }

    #[test]
    fn a_past_begins_where_its_cell_says_or_as_usual() {
        let at = |text| Since::At(Ts::parse(text).unwrap());
        for (text, expected) in [
            ("", Ok(Since::Activation)),
            ("2024-01-31", Ok(at("2024-01-31"))),
            ("2024-01-31T13:00:00Z", Ok(at("2024-01-31T13:00:00Z"))),
            ("1900-01-01", Ok(at("1900-01-01"))),
            ("1899-12-31", Err("1899-12-31 lies before 1900")),
            (
                "yesterday",
                Err("\"yesterday\" is no time: write 2024-01-31 or 2024-01-31T13:00:00Z"),
            ),
        ] {
            let expected = expected.map_err(str::to_owned);
            assert_eq!(since(text, Since::Activation), expected, "{text}");
        }
    }

    #[test]
    fn names_are_some_or_all_or_the_default() {
        let sets = || (vec!["PRICE", "VOLUME", "SUPPLY"], vec!["PRICE"]);
        let of = |text: &str| metric_names(text, "a coin", sets());
        assert_eq!(of(""), Ok(vec!["PRICE"]));
        assert_eq!(of("default"), Ok(vec!["PRICE"]));
        assert_eq!(of("all"), Ok(sets().0));
        assert_eq!(of("VOLUME | PRICE"), Ok(vec!["VOLUME", "PRICE"]));
        let wrong = |text: &str| of(text).unwrap_err();
        assert_eq!(wrong("PRICE|PRICE"), "PRICE stands twice");
        assert_eq!(
            wrong("PRIZE"),
            "\"PRIZE\" is no metric of a coin: did you mean PRICE?"
        );
        assert_eq!(
            wrong("x"),
            "\"x\" is no metric of a coin: default, all, or some of PRICE, VOLUME, SUPPLY"
        );
    }
}
