//! What a body that is no data says.
//!
//! Words come as plain text, as a JSON text, under `message` or `error`, or in an envelope
//! `{"statusCode","body","headers"}` whose `body` is one of these again.

use serde::Deserialize;
use source::lenient::{Number, Text, excerpt, is_json};

/// An error's body is far shorter; data beyond this are not searched for one.
const MAX_WORDS_BYTES: usize = 8 << 10;
/// A status in an envelope that says nothing else of itself.
const BAD_REQUEST: u16 = 400;

/// What kind of text a body is.
#[derive(Debug)]
pub(super) enum Body {
    /// Words.
    Words(Words),
    /// The envelope of an error, with the status it names.
    Wrapped(u16, Words),
    /// A good answer of the yields without a single row.
    EmptyYields,
    /// HTML.
    Page,
    /// Anything else: data, nothing, JSON that was cut.
    Other,
}

/// What the vendor says.
#[derive(Debug)]
pub(super) struct Words(String);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Envelope {
    status_code: Number,
    body: Text,
    message: Text,
    error: Text,
    status: Text,
    data: Option<Vec<serde::de::IgnoredAny>>,
}

/// Sorts a body.
pub(super) fn look(text: &str) -> Body {
    if text.starts_with('<') {
        return Body::Page;
    }
    if text.is_empty() || text.len() > MAX_WORDS_BYTES {
        return Body::Other;
    }
    if let Ok(said) = serde_json::from_str::<String>(text) {
        return Body::Words(Words(said));
    }
    match serde_json::from_str::<Envelope>(text) {
        Ok(envelope) => of_envelope(envelope),
        // Text; not JSON of another shape, nor the beginning of some.
        Err(_) if !text.starts_with(['{', '[']) && !is_json(text) => {
            Body::Words(Words(text.to_owned()))
        }
        Err(_) => Body::Other,
    }
}

fn of_envelope(envelope: Envelope) -> Body {
    let said = envelope.message.0.or(envelope.error.0);
    if let (Some(status), Some(body)) = (envelope.status_code.integer(), &envelope.body.0) {
        let status = u16::try_from(status).ok().filter(|status| *status >= 300);
        let inner = match look_inside(body) {
            Body::Words(words) => words,
            _ => Words(said.unwrap_or_default()),
        };
        return Body::Wrapped(status.unwrap_or(BAD_REQUEST), inner);
    }
    let is_empty = envelope.data.is_some_and(|rows| rows.is_empty());
    match said {
        Some(said) => Body::Words(Words(said)),
        None if is_empty && envelope.status.0.as_deref() == Some("success") => Body::EmptyYields,
        None => Body::Other,
    }
}

/// The body in an envelope is no envelope.
fn look_inside(body: &str) -> Body {
    match serde_json::from_str::<Envelope>(body) {
        Ok(inner) => Body::Words(Words(inner.message.0.or(inner.error.0).unwrap_or_default())),
        Err(_) => Body::Words(Words(body.to_owned())),
    }
}

impl Words {
    fn say(&self, words: &str) -> bool {
        self.0.to_ascii_lowercase().contains(words)
    }

    /// Whether these are all the words, in any case.
    pub(super) fn are(&self, words: &str) -> bool {
        let said = self.0.trim().trim_end_matches(['.', '!']);
        said.eq_ignore_ascii_case(words)
    }

    /// Of a slug, a chain, a parent without children, a pool.
    pub(super) fn say_not_found(&self) -> bool {
        let words = [
            "protocol not found",
            "there is no chain with that name",
            "protocol is not in our database",
            "invalid configid",
        ];
        words.iter().any(|words| self.say(words))
    }

    /// "Fees for x not found, please visit …", "Data not found".
    pub(super) fn say_no_such_data(&self) -> bool {
        self.say("not found, please visit") || self.say("data not found")
    }

    /// Of what is bought by the month; not what names the minute as well.
    pub(super) fn speak_of_credits(&self) -> bool {
        let of_month = ["credit", "quota", "month"];
        of_month.iter().any(|words| self.say(words)) && !self.say("minute")
    }

    /// Returns status and the beginning of the words.
    pub(super) fn describe(&self, status: u16) -> String {
        let excerpt = excerpt(&self.0);
        match excerpt.is_empty() {
            true => format!("status {status}"),
            false => format!("status {status}: {excerpt}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Option<String> {
        match look(body) {
            Body::Words(Words(said)) | Body::Wrapped(_, Words(said)) => Some(said),
            _ => None,
        }
    }

    #[test]
    fn words_are_found_wherever_they_stand() {
        for body in [
            "no such",
            r#""no such""#,
            r#"{"message":"no such"}"#,
            r#"{"error":"no such","status":401}"#,
            r#"{"statusCode":400,"body":"{\"message\":\"no such\"}","headers":{}}"#,
            r#"{"statusCode":"502","body":"no such"}"#,
        ] {
            assert_eq!(words(body).as_deref(), Some("no such"), "{body}");
        }
        for data in ["", "17", "[]", "{}", r#"{"coins":{}}"#, "{\"mess", "[1,"] {
            assert_eq!(words(data), None, "{data}");
        }
        assert!(matches!(look("<html>"), Body::Page));
        let none = r#"{"status":"success","data":[]}"#;
        assert!(matches!(look(none), Body::EmptyYields));
    }

    #[test]
    fn an_envelope_without_a_status_of_its_own_is_a_bad_request() {
        for status in ["200", "-1", "1e9"] {
            let body = format!(r#"{{"statusCode":{status},"body":"x"}}"#);
            assert!(matches!(look(&body), Body::Wrapped(400, _)), "{body}");
        }
    }
}
