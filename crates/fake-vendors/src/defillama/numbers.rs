//! Numbers and objects as the vendor writes them: whole numbers without a decimal point, nothing rounded twice.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::errors;
use crate::instant::SECOND_MS;
use crate::vendor::Reply;

/// A number that is written without a decimal point where it has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Num(pub(super) f64);

impl Serialize for Num {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match whole(self.0) {
            Some(count) => serializer.serialize_i64(count),
            None => serializer.serialize_f64(self.0),
        }
    }
}

/// Returns a number without fraction as a count.
pub(super) fn whole(value: f64) -> Option<i64> {
    let fits = value.abs() < 9e15 && value.trunc().to_bits() == value.to_bits();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and to fit"
    )]
    fits.then_some(value as i64)
}

/// Rounds to the given power of ten: 1e2 keeps two decimals.
pub(super) fn rounded(value: f64, per_unit: f64) -> f64 {
    (value * per_unit).round() / per_unit
}

/// Pairs that are written as an object, in their order.
#[derive(Debug)]
pub(super) struct Fields<K, V>(pub(super) Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Fields<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Turns milliseconds into the seconds that the vendor writes.
pub(super) fn seconds(ms: i64) -> i64 {
    ms.div_euclid(SECOND_MS)
}

/// Returns by how many percent `now` differs from `before`, with two decimals.
pub(super) fn change(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    let (now, before) = (now?, before?);
    let change = rounded((now / before - 1.0) * 100.0, 1e2);
    change.is_finite().then_some(change)
}

/// Writes a 200.
pub(super) fn json(body: &impl Serialize) -> Reply {
    match serde_json::to_string(body) {
        Ok(text) => Reply::text(200, "application/json", text),
        Err(_) => errors::internal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_point() {
        let written = |value: f64| serde_json::to_string(&Num(value)).unwrap();
        assert_eq!(written(31_000_000_000.0), "31000000000");
        assert_eq!(written(-3.0), "-3");
        assert_eq!(written(0.0), "0");
        assert_eq!(written(27_500_000_000.1), "27500000000.1");
        assert_eq!(written(0.022_053_735_051_098_835), "0.022053735051098835");
        let fields = Fields(vec![("b", Num(1.0)), ("a", Num(0.5))]);
        assert_eq!(
            serde_json::to_string(&fields).unwrap(),
            r#"{"b":1,"a":0.5}"#
        );
    }

    #[test]
    fn changes_are_percents_with_two_decimals() {
        assert_eq!(change(Some(107.4712), Some(100.0)), Some(7.47));
        assert_eq!(change(Some(1.0), Some(0.0)), None);
        assert_eq!(change(None, Some(1.0)), None);
    }
}
