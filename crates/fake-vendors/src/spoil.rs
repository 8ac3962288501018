//! The faults that spoil a good body: cut, emptied, ids taken out.

use serde_json::{Map, Value};

use crate::faults::Fault;

/// Spoils `body` as `fault` says; faults of another kind leave it alone.
pub(crate) fn body(body: &mut Vec<u8>, fault: &Fault) {
    match fault {
        Fault::CutJson => body.truncate(body.len() / 2),
        Fault::NoBody => body.clear(),
        Fault::Empty => rewrite(body, emptied),
        Fault::DropIds { ids } => rewrite(body, |value| without(value, ids)),
        _ => {}
    }
}

fn rewrite(body: &mut Vec<u8>, change: impl FnOnce(Value) -> Value) {
    // Only JSON bodies reach here; one that is not stays as it is.
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        *body = change(value).to_string().into_bytes();
    }
}

fn emptied(value: Value) -> Value {
    match value {
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(fields) if fields.values().all(Value::is_array) => Value::Object(
            fields
                .into_iter()
                .map(|(name, _)| (name, Value::Array(Vec::new())))
                .collect(),
        ),
        _ => Value::Object(Map::new()),
    }
}

fn without(value: Value, ids: &[String]) -> Value {
    let dropped = |id: &str| ids.iter().any(|drop| drop == id);
    match value {
        Value::Array(rows) => {
            let keeps = |row: &Value| !row.get("id").and_then(Value::as_str).is_some_and(dropped);
            Value::Array(rows.into_iter().filter(keeps).collect())
        }
        Value::Object(fields) => {
            Value::Object(fields.into_iter().filter(|(id, _)| !dropped(id)).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoiled(text: &str, fault: &Fault) -> String {
        let mut bytes = text.as_bytes().to_vec();
        body(&mut bytes, fault);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn empty_keeps_the_shape() {
        assert_eq!(spoiled(r#"[{"id":"a"}]"#, &Fault::Empty), "[]");
        assert_eq!(spoiled(r#"{"a":{"usd":1}}"#, &Fault::Empty), "{}");
        assert_eq!(
            spoiled(r#"{"p":[[1,2]],"v":[]}"#, &Fault::Empty),
            r#"{"p":[],"v":[]}"#
        );
        assert_eq!(spoiled("[1]", &Fault::NoBody), "");
    }

    #[test]
    fn dropped_ids_are_gone_from_lists_and_objects() {
        let fault = Fault::DropIds {
            ids: vec!["a".into()],
        };
        assert_eq!(
            spoiled(r#"[{"id":"a"},{"id":"b"}]"#, &fault),
            r#"[{"id":"b"}]"#
        );
        assert_eq!(spoiled(r#"{"a":{},"b":{}}"#, &fault), r#"{"b":{}}"#);
    }

    #[test]
    fn a_cut_body_is_half_of_it() {
        assert_eq!(spoiled("[1,2,3]", &Fault::CutJson), "[1,");
    }
}
