//! A number, however it is written.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What stands where a number is due.
///
/// As a field of a struct it is [`Number::Missing`] where the name is missing, given
/// `#[serde(default)]`. Without that, a missing name is an error of the struct.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Number {
    /// Nothing: no such name, no such place in the list.
    #[default]
    Missing,
    /// The vendor's word for "no value".
    Null,
    /// A finite number.
    Value(f64),
    /// Something else: another text, `NaN`, a number beyond an `f64`, a truth value, a list.
    Odd,
}

impl Number {
    /// Reads JSON: a number, or a text as [`Number::of_text`] does.
    pub fn of_json(raw: &RawValue, nothing: &[&str]) -> Self {
        let raw = raw.get();
        match raw.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'-' | b'0'..=b'9') => finite(raw),
            Some(b'"') => serde_json::from_str::<String>(raw)
                .map_or(Self::Odd, |text| Self::of_text(&text, nothing)),
            _ => Self::Odd,
        }
    }

    /// Reads a text, such as a cell of CSV: a plain or exponent number, white space around it, or
    /// one of the words that the vendor writes for "no value". Without such words the empty text is
    /// odd.
    pub fn of_text(text: &str, nothing: &[&str]) -> Self {
        let text = text.trim();
        if nothing.contains(&text) {
            Self::Null
        } else {
            finite(text)
        }
    }

    /// Returns the value, if there is one.
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Returns a whole number, such as a time stamp or a code, also where it is written as `17.0`,
    /// `1.7e1` or `"17"`. None where it has a fraction or is so large that an `f64` may be off.
    pub fn integer(self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let value = self.value()?;
        if value.fract() != 0.0 || value.abs() > EXACT {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole, and at most 2^53")]
        Some(value as i64)
    }
}

/// Rust reads words for what is not finite; no vendor means a value by them.
fn finite(text: &str) -> Number {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Number::Value(value),
        _ => Number::Odd,
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self::of_json(raw, &[]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_number_is_read_in_every_dress() {
        for dress in ["17", "17.0", "1.7e1", "\"17\"", "\" 17.00 \"", "\"1.7E+1\""] {
            assert_eq!(json(dress), Number::Value(17.0), "{dress}");
            assert_eq!(json(dress).integer(), Some(17), "{dress}");
        }
        assert_eq!(json("2.08e-06"), Number::Value(2.08e-6));
        assert_eq!(json("-0.5").integer(), None);
        // The largest whole number is one that a stamp in milliseconds never reaches.
        assert_eq!(json("9007199254740992").integer(), Some(1 << 53));
        assert_eq!(json("9223372036854775808").integer(), None);
        assert_eq!(json("-1e300").integer(), None);
    }

    #[test]
    fn what_is_no_number_is_odd_and_costs_itself_only() {
        for odd in [
            "1e400",
            "-1e400",
            "\"NaN\"",
            "\"Infinity\"",
            "\"-inf\"",
            "\"1,5\"",
            "\"0x10\"",
            "\"\"",
            "\"null\"",
            "\"\\ud800\"",
            "true",
            "[]",
            "{\"a\":[1]}",
        ] {
            let three: Vec<Number> = serde_json::from_str(&format!("[1,{odd},null]")).unwrap();
            assert_eq!(three, [Number::Value(1.0), Number::Odd, Number::Null]);
            assert_eq!((three[1].value(), three[2].integer()), (None, None));
        }
    }

    #[test]
    fn words_for_nothing_are_the_vendors_own() {
        const NOTHING: &[&str] = &["", "None", "-", "."];
        for text in ["", " ", "None", "-", " . "] {
            assert_eq!(Number::of_text(text, NOTHING), Number::Null, "{text:?}");
            assert_eq!(Number::of_text(text, &[]), Number::Odd, "{text:?}");
        }
        assert_eq!(Number::of_text("none", NOTHING), Number::Odd);
        assert_eq!(Number::of_text("-1.5", NOTHING), Number::Value(-1.5));
        let raw: &RawValue = serde_json::from_str("\"None\"").unwrap();
        assert_eq!(Number::of_json(raw, NOTHING), Number::Null);
    }

    #[test]
    fn a_name_that_is_missing_is_told_from_null() {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            a: Number,
        }
        let a = |text: &str| serde_json::from_str::<Body>(text).unwrap().a;
        assert_eq!(a("{}"), Number::Missing);
        assert_eq!(a("{\"a\":null}"), Number::Null);
    }

    proptest! {
        #[test]
        fn values_keep_every_bit(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            for text in [format!("{value:?}"), format!("{value:e}"), format!("\"{value}\"")] {
                prop_assert_eq!(json(&text).value().map(f64::to_bits), Some(value.to_bits()));
            }
        }

        #[test]
        fn stamps_keep_every_millisecond(ms in -(1_i64 << 53)..=1 << 53) {
            for text in [format!("{ms}"), format!("{ms}.0"), format!("\"{ms}\"")] {
                prop_assert_eq!(json(&text).integer(), Some(ms));
            }
        }

        #[test]
        fn any_text_is_read(text in "\\PC*") {
            let found = Number::of_text(&text, &[]);
            prop_assert!(found.value().is_none_or(f64::is_finite));
        }
    }
}
