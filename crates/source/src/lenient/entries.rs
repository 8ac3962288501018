//! The entries of an object, unread.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The names and values of an object, in their order, as they stand; a name may stand more than once.
/// What is no object is none of these: it is an error where it is read.
#[derive(Clone, Debug, Default)]
pub struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Entries<'a> {
    /// Reads an object; `None` where it is none.
    pub fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// Returns the names and values.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    /// Returns the value of that name, the last of several.
    pub fn last(&self, name: &str) -> Option<&'a RawValue> {
        let mut from_the_end = self.iter().rev();
        let found = from_the_end.find(|(known, _)| *known == name);
        found.map(|(_, raw)| raw)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A name, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Name(name), raw)) = map.next_entry()? {
                    entries.push((name, raw));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_their_repeats_and_their_raw_values() {
        let text = r#"{"b":1e400,"a":null,"b":[1, 2],"\u0063":"x"}"#;
        let entries: Entries<'_> = serde_json::from_str(text).unwrap();
        let all: Vec<(&str, &str)> = entries
            .iter()
            .map(|(name, raw)| (name, raw.get()))
            .collect();
        let expected = [
            ("b", "1e400"),
            ("a", "null"),
            ("b", "[1, 2]"),
            ("c", "\"x\""),
        ];
        assert_eq!(all, expected);
        assert_eq!((entries.len(), entries.is_empty()), (4, false));
        let last = |name| entries.last(name).map(RawValue::get);
        assert_eq!((last("b"), last("B")), (Some("[1, 2]"), None));
        let owned = |name: &Cow<'_, str>| matches!(name, Cow::Owned(_));
        let copied: Vec<bool> = entries.0.iter().map(|(name, _)| owned(name)).collect();
        assert_eq!(copied, [false, false, false, true]);
    }

    #[test]
    fn what_is_no_object_has_no_entries() {
        for text in ["null", "[]", "17", "\"x\""] {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            assert!(Entries::of(raw).is_none(), "{text}");
        }
        let raw: &RawValue = serde_json::from_str("{}").unwrap();
        assert!(Entries::of(raw).is_some_and(|entries| entries.is_empty()));
    }
}
