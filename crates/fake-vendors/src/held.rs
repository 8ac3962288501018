//! How one asks a vendor what a correct collector holds of a series: the series' names, the range, the moment.
//!
//! Which names there are and what is held is each vendor's own.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

/// What is held of a series: labels, UNIX milliseconds, each with its value; ascending.
pub(crate) type Points = Vec<(i64, f64)>;

/// Labels in `[from_ms, to_ms)`, as of `now_ms`; all UNIX milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) now_ms: i64,
}

impl Span {
    /// Tells whether a label lies in the range.
    pub(crate) fn contains(&self, label_ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&label_ms)
    }
}

/// The words that name a series, by what each of them is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a>(&'a BTreeMap<String, String>);

impl<'a> Names<'a> {
    /// Takes the words of a question that may have these names and no others.
    ///
    /// # Errors
    /// Says which name is none of them.
    pub(crate) fn among(ask: &'a BTreeMap<String, String>, names: &[&str]) -> Result<Self, String> {
        match ask.keys().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => Err(format!("`{unknown}` is none of {}", names.join(", "))),
            None => Ok(Self(ask)),
        }
    }

    /// Returns a word that may be absent.
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a word that has to be there.
    ///
    /// # Errors
    /// Says that it is missing.
    pub(crate) fn given(self, name: &str) -> Result<&'a str, String> {
        self.get(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// Reads a word that has to be there and is one of an enumeration's.
    ///
    /// # Errors
    /// Says that it is missing, or none of them.
    pub(crate) fn word<T: DeserializeOwned>(self, name: &str) -> Result<T, String> {
        let quoted = serde_json::Value::String(self.given(name)?.to_owned());
        serde_json::from_value(quoted).map_err(|error| format!("`{name}`: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;

    #[test]
    fn names_are_read_or_refused_by_name() {
        let ask: BTreeMap<String, String> = [("coin", "bitcoin"), ("step", "day"), ("metric", "x")]
            .map(|(name, word)| (name.to_owned(), word.to_owned()))
            .into();
        let unknown = Names::among(&ask, &["coin", "step"]).unwrap_err();
        assert_eq!(unknown, "`metric` is none of coin, step");
        let names = Names::among(&ask, &["coin", "step", "metric", "quote"]).unwrap();
        assert_eq!(
            (names.get("quote"), names.given("coin")),
            (None, Ok("bitcoin"))
        );
        assert_eq!(names.given("quote"), Err("`quote` is missing".to_owned()));
        assert_eq!(names.word("step"), Ok(Step::Day));
        assert!(
            names
                .word::<Step>("metric")
                .unwrap_err()
                .starts_with("`metric`: ")
        );
    }
}
