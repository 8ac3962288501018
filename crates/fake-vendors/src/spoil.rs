//! The faults that spoil a good body, JSON or a table: cut, emptied, ids taken out.

use serde_json::{Map, Value};

use crate::faults::Fault;

/// An object with nothing beside these is wrapping.
const ENVELOPES: [&str; 4] = ["data", "symbols", "assets", "coins"];
/// Fields that name the row of a list.
const ROW_NAMES: [&str; 6] = ["id", "artemis_id", "slug", "name", "pool", "perp_id"];
/// Fields that name the row of a list whose rows have none of those; the first that is there.
const OTHER_NAMES: [&str; 2] = ["symbol", "date"];

/// Spoils `body` as `fault` says; faults of another kind leave it alone.
pub(crate) fn body(body: &mut Vec<u8>, fault: &Fault) {
    match fault {
        Fault::CutJson => body.truncate(body.len() / 2),
        Fault::NoBody => body.clear(),
        Fault::Empty => {
            rewrite(body, emptied);
            thin(body, |_| false);
        }
        Fault::DropIds { ids } => {
            rewrite(body, |value| without(value, ids));
            thin(body, |line| !ids.iter().any(|id| is_about(line, id)));
        }
        _ => {}
    }
}

fn rewrite(body: &mut Vec<u8>, change: impl FnOnce(Value) -> Value) {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        *body = change(value).to_string().into_bytes();
    }
}

/// Keeps the header of a table and the lines that `keeps`; what is JSON is no table.
fn thin(body: &mut Vec<u8>, keeps: impl Fn(&str) -> bool) {
    if matches!(body.first(), Some(b'{' | b'[')) {
        return;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    let lines = text.split_inclusive('\n').enumerate();
    let kept: String = lines
        .filter(|(place, line)| *place == 0 || keeps(line.trim_end()))
        .map(|(_, line)| line)
        .collect();
    *body = kept.into_bytes();
}

/// Tells whether the first cells of a line, joined by `:`, or one of its cells are the id.
fn is_about(line: &str, id: &str) -> bool {
    let joined = line.replace(',', ":");
    let rest = joined.strip_prefix(id);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        || line.split(',').any(|cell| cell == id)
}

fn emptied(value: Value) -> Value {
    match value {
        Value::Array(_) => Value::Array(Vec::new()),
        // Alpha Vantage has been seen to answer a series with this member alone.
        Value::Object(mut fields) if fields.contains_key("Meta Data") => {
            fields.retain(|name, _| name == "Meta Data");
            Value::Object(fields)
        }
        Value::Object(mut fields) if fields.values().any(Value::is_array) => {
            fields.values_mut().for_each(clear);
            Value::Object(fields)
        }
        Value::Object(fields) if fields.keys().all(|name| is_envelope(name)) => {
            within(fields, emptied)
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

/// Takes ids out of lists and objects, and of those right inside an object.
fn without(value: Value, ids: &[String]) -> Value {
    match value {
        Value::Object(fields) if fields.keys().all(|name| is_envelope(name)) => {
            within(fields, |inner| without(inner, ids))
        }
        value => match thinned(value, ids) {
            Value::Object(fields) => within(fields, |inner| thinned(inner, ids)),
            other => other,
        },
    }
}

fn thinned(value: Value, ids: &[String]) -> Value {
    let dropped = |id: &str| ids.iter().any(|drop| drop == id);
    let is_about = |row: &Value| {
        let name = |field: &&str| row.get(field).and_then(Value::as_str);
        match ROW_NAMES.iter().filter_map(name).collect::<Vec<_>>() {
            names if names.is_empty() => OTHER_NAMES.iter().find_map(name).is_some_and(dropped),
            names => names.into_iter().any(dropped),
        }
    };
    match value {
        Value::Array(rows) => Value::Array(rows.into_iter().filter(|row| !is_about(row)).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().filter(|(id, _)| !dropped(id)).collect())
        }
        other => other,
    }
}

fn is_envelope(name: &str) -> bool {
    ENVELOPES.contains(&name)
}

fn within(fields: Map<String, Value>, change: impl Fn(Value) -> Value) -> Value {
    let changed = fields
        .into_iter()
        .map(|(name, inner)| (name, change(inner)));
    Value::Object(changed.collect())
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
            spoiled(r#"{"data":[{"symbol":"a"},{"symbol":"b"}]}"#, &fault),
            r#"{"data":[{"symbol":"b"}]}"#
        );
        assert_eq!(
            spoiled(r#"{"x":{"a":1,"b":2}}"#, &fault),
            r#"{"x":{"b":2}}"#
        );
        assert_eq!(spoiled("id,n\r\na,1\r\nb,2\r\n", &fault), "id,n\r\nb,2\r\n");
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
    fn envelopes_are_kept_and_what_is_in_them_is_spoiled() {
        let series = r#"{"data":{"symbols":{"btc":{"PRICE":[]},"eth":{"PRICE":[]}}}}"#;
        assert_eq!(spoiled(series, &Fault::Empty), r#"{"data":{"symbols":{}}}"#);
        let fault = Fault::DropIds {
            ids: vec!["btc".into(), "bitcoin".into()],
        };
        assert_eq!(
            spoiled(series, &fault),
            r#"{"data":{"symbols":{"eth":{"PRICE":[]}}}}"#
        );
        let assets = r#"{"assets":[{"artemis_id":"bitcoin"},{"artemis_id":"mev"}]}"#;
        assert_eq!(
            spoiled(assets, &fault),
            r#"{"assets":[{"artemis_id":"mev"}]}"#
        );
        assert_eq!(spoiled(assets, &Fault::Empty), r#"{"assets":[]}"#);
    }

    #[test]
    fn tables_keep_their_header() {
        let table = "exchange,coin,time\nx,BTC,1\ny,BTC,1\n";
        assert_eq!(spoiled(table, &Fault::Empty), "exchange,coin,time\n");
        let without = |id: &str| {
            let ids = vec![id.to_owned()];
            spoiled(table, &Fault::DropIds { ids })
        };
        assert_eq!(without("x:BTC"), "exchange,coin,time\ny,BTC,1\n");
        assert_eq!(without("BTC"), "exchange,coin,time\n");
        assert_eq!(without("x:B"), table);
    }

    #[test]
    fn a_cut_body_is_half_of_it() {
        assert_eq!(spoiled("[1,2,3]", &Fault::CutJson), "[1,");
    }
}
