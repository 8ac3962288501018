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

/// Names under which objects hold what a question was about, by id.
const WRAPPERS: [&str; 1] = ["coins"];
/// Fields by which rows are told apart.
const ID_FIELDS: [&str; 5] = ["id", "slug", "name", "pool", "perp_id"];

fn emptied(value: Value) -> Value {
    match value {
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(mut fields) if fields.values().any(Value::is_array) => {
            fields.values_mut().for_each(clear);
            Value::Object(fields)
        }
        Value::Object(mut fields) => {
            fields.retain(|name, inner| inner.is_object() && WRAPPERS.contains(&name.as_str()));
            fields.values_mut().for_each(clear);
            Value::Object(fields)
        }
        _ => Value::Object(Map::new()),
    }
}

/// Takes out what lists and objects hold; numbers and text stay.
fn clear(value: &mut Value) {
    match value {
        Value::Array(items) => items.clear(),
        Value::Object(fields) => fields.clear(),
        _ => {}
    }
}

/// Takes ids out of lists and objects, and of those one level inside.
fn without(mut value: Value, ids: &[String]) -> Value {
    drop_ids(&mut value, ids);
    match &mut value {
        Value::Object(fields) => fields.values_mut().for_each(|inner| drop_ids(inner, ids)),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

fn drop_ids(value: &mut Value, ids: &[String]) {
    let dropped = |id: &str| ids.iter().any(|drop| drop == id);
    match value {
        Value::Array(rows) => rows.retain(|row| {
            let names = ID_FIELDS
                .iter()
                .filter_map(|field| row.get(field)?.as_str());
            !names.into_iter().any(dropped)
        }),
        Value::Object(fields) => fields.retain(|id, _| !dropped(id)),
        _ => {}
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
        let wrapped = r#"{"coins":{"a:b":{"price":1}}}"#;
        assert_eq!(spoiled(wrapped, &Fault::Empty), r#"{"coins":{}}"#);
        let mixed = r#"{"data":[1],"status":"success","t":1}"#;
        assert_eq!(
            spoiled(mixed, &Fault::Empty),
            r#"{"data":[],"status":"success","t":1}"#
        );
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
        assert_eq!(
            spoiled(r#"{"coins":{"a":{},"b":{}}}"#, &fault),
            r#"{"coins":{"b":{}}}"#
        );
        assert_eq!(
            spoiled(r#"{"protocols":[{"slug":"a"},{"slug":"b"}],"t":1}"#, &fault),
            r#"{"protocols":[{"slug":"b"}],"t":1}"#
        );
    }

    #[test]
    fn a_cut_body_is_half_of_it() {
        assert_eq!(spoiled("[1,2,3]", &Fault::CutJson), "[1,");
    }
}
