//! The faults that spoil a good body: cut, emptied, ids taken out.

use serde_json::{Map, Value};

use crate::faults::Fault;

/// Spoils `body` as `fault` says; faults of another kind leave it alone.
pub(crate) fn body(body: &mut Vec<u8>, fault: &Fault) {
    match fault {
        Fault::CutJson => body.truncate(body.len() / 2),
        Fault::NoBody => body.clear(),
        Fault::Empty => rewrite(body, emptied, |_| false),
        Fault::DropIds { ids } => rewrite(
            body,
            |value| without(value, ids),
            |first_cell| !ids.iter().any(|id| id == first_cell),
        ),
        _ => {}
    }
}

/// Changes a JSON body, or keeps the header and some of the lines of one in CSV.
fn rewrite(body: &mut Vec<u8>, change: impl FnOnce(Value) -> Value, keeps: impl Fn(&str) -> bool) {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        *body = change(value).to_string().into_bytes();
        return;
    }
    let text = String::from_utf8_lossy(body).into_owned();
    let lines = text.split_inclusive('\n').enumerate();
    let kept = lines.filter(|(place, line)| {
        let first_cell = line.split(',').next().unwrap_or_default();
        *place == 0 || keeps(first_cell.trim_end())
    });
    *body = kept.map(|(_, line)| line).collect::<String>().into_bytes();
}

fn emptied(value: Value) -> Value {
    match value {
        Value::Array(_) => Value::Array(Vec::new()),
        // Alpha Vantage has been seen to answer a series with this member alone.
        Value::Object(mut fields) if fields.contains_key("Meta Data") => {
            fields.retain(|name, _| name == "Meta Data");
            Value::Object(fields)
        }
        Value::Object(fields) if fields.values().any(Value::is_array) => {
            let emptied = fields.into_iter().map(|(name, value)| match value {
                Value::Array(_) => (name, Value::Array(Vec::new())),
                other => (name, other),
            });
            Value::Object(emptied.collect())
        }
        _ => Value::Object(Map::new()),
    }
}

/// Takes ids out of lists and objects, and of those right inside an object.
fn without(value: Value, ids: &[String]) -> Value {
    match thinned(value, ids) {
        Value::Object(fields) => {
            let inner = fields.into_iter();
            Value::Object(
                inner
                    .map(|(name, value)| (name, thinned(value, ids)))
                    .collect(),
            )
        }
        other => other,
    }
}

fn thinned(value: Value, ids: &[String]) -> Value {
    // A row's id is the first of these that it has.
    const NAMES: [&str; 3] = ["id", "symbol", "date"];
    let dropped = |id: &str| ids.iter().any(|drop| drop == id);
    match value {
        Value::Array(rows) => {
            let id = |row: &Value| {
                NAMES
                    .iter()
                    .find_map(|name| row.get(name)?.as_str().map(dropped))
            };
            let kept = rows.into_iter().filter(|row| id(row) != Some(true));
            Value::Array(kept.collect())
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
        assert_eq!(
            spoiled(
                r#"{"Meta Data":{"a":"b"},"x":{"2026-05-15":{}}}"#,
                &Fault::Empty
            ),
            r#"{"Meta Data":{"a":"b"}}"#
        );
        assert_eq!(
            spoiled(r#"{"data":[1],"name":"n"}"#, &Fault::Empty),
            r#"{"data":[],"name":"n"}"#
        );
        assert_eq!(spoiled("a,b\r\n1,2\r\n", &Fault::Empty), "a,b\r\n");
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
        assert_eq!(
            spoiled(r#"{"data":[{"symbol":"a"},{"symbol":"b"}]}"#, &fault),
            r#"{"data":[{"symbol":"b"}]}"#
        );
        assert_eq!(
            spoiled(r#"{"x":{"a":1,"b":2}}"#, &fault),
            r#"{"x":{"b":2}}"#
        );
        assert_eq!(spoiled("id,n\r\na,1\r\nb,2\r\n", &fault), "id,n\r\nb,2\r\n");
    }

    #[test]
    fn a_cut_body_is_half_of_it() {
        assert_eq!(spoiled("[1,2,3]", &Fault::CutJson), "[1,");
    }
}
