//! Small shapes made of odd values: lists, names, texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Number;

/// Reads one value by itself, so that its faults stay its own.
fn alone<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A list of numbers, such as a sample of a chart. What is no list is an empty one; what follows the
/// places that are looked at does no harm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(Vec<Number>);

impl Row {
    /// Returns the number at a place, counted from zero.
    pub fn at(&self, place: usize) -> Number {
        self.0.get(place).copied().unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        alone(deserializer).map(|row| Self(row.unwrap_or_default()))
    }
}

/// Numbers by name, such as one value in many currencies. What is no object names nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(BTreeMap<String, Number>);

impl Fields {
    /// Returns the number of that name.
    pub fn of(&self, name: &str) -> Number {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all there is, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Number)> {
        self.0.iter().map(|(name, number)| (name.as_str(), *number))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        alone(deserializer).map(|fields| Self(fields.unwrap_or_default()))
    }
}

/// A text; null, a number and everything else are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        alone(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_it_has() {
        let rows: Vec<Row> =
            serde_json::from_str(r#"[[1,"2",null,{}],[1],[],null,"x",{"0":1},[1e999,2]]"#).unwrap();
        let two = |at: usize| (rows[at].at(0), rows[at].at(1));
        assert_eq!(two(0), (Number::Value(1.0), Number::Value(2.0)));
        assert_eq!((rows[0].at(2), rows[0].at(3)), (Number::Null, Number::Odd));
        assert_eq!(two(1), (Number::Value(1.0), Number::Missing));
        for at in 2..6 {
            assert_eq!(two(at), (Number::Missing, Number::Missing), "{at}");
        }
        assert_eq!(two(6), (Number::Odd, Number::Value(2.0)));
    }

    #[test]
    fn one_odd_field_costs_itself() {
        let fields: Fields =
            serde_json::from_str(r#"{"usd":"1.5","eur":null,"odd":[],"far":1e999}"#).unwrap();
        assert_eq!(fields.of("usd"), Number::Value(1.5));
        assert_eq!(fields.of("eur"), Number::Null);
        assert_eq!(
            (fields.of("odd"), fields.of("far")),
            (Number::Odd, Number::Odd)
        );
        assert_eq!(fields.of("btc"), Number::Missing);
        assert_eq!((fields.is_empty(), fields.iter().count()), (false, 4));
        for none in ["null", "[]", "17", "{}"] {
            let fields: Fields = serde_json::from_str(none).unwrap();
            assert!(fields.is_empty(), "{none}");
        }
    }

    #[test]
    fn a_text_is_a_text_or_none() {
        let texts: Vec<Text> = serde_json::from_str(r#"["a","",null,1,["a"],"\ud800"]"#).unwrap();
        let texts: Vec<Option<&str>> = texts.iter().map(|text| text.0.as_deref()).collect();
        assert_eq!(texts, [Some("a"), Some(""), None, None, None, None]);
    }
}
