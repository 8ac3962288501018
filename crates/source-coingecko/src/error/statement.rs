//! What a body that is no data says.
//!
//! The contract knows four envelopes:
//! A `{"status":{"error_code","error_message"}}`, B `{"error_code","status":{"error_message"}}`,
//! C `{"error":{"status":{"error_code","error_message"}}}`, D `{"error":"text"}`.
//! A code is taken wherever one of them, or a mixture, may hold it: an answer misread as one without a
//! code is a bare 401, and suspends the source.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use source::lenient::{Number, excerpt, is_json};

/// An error's body is far shorter; data beyond this are not searched for one.
const MAX_ENVELOPE_BYTES: usize = 8 << 10;

/// What kind of text a body is.
#[derive(Debug)]
pub(super) enum Body {
    /// An error.
    Stated(Stated),
    /// JSON, or at least something that begins like it.
    Json,
    /// The one word of the vendor's own throttle.
    ThrottledText,
    /// HTML.
    Page,
    /// Plain text, nothing.
    Other,
}

/// An error as the vendor states it.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) code: Option<i64>,
    message: String,
    /// Whether the code stands under `error`.
    pub(super) is_nested: bool,
}

/// Sorts a body.
pub(super) fn look(text: &str) -> Body {
    match text.as_bytes().first() {
        Some(b'{') if text.len() <= MAX_ENVELOPE_BYTES => {
            statement(text).map_or(Body::Json, Body::Stated)
        }
        Some(b'{' | b'[') => Body::Json,
        Some(b'<') => Body::Page,
        _ if text.len() < 64 && text.to_ascii_lowercase().starts_with("throttled") => {
            Body::ThrottledText
        }
        _ if is_json(text) => Body::Json,
        _ => Body::Other,
    }
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Reads an object, of two fields with one name the last.
fn object(text: &str) -> Option<Object<'_>> {
    serde_json::from_str(text).ok()
}

fn inner<'a>(outer: &Object<'a>, name: &str) -> Option<Object<'a>> {
    object(outer.get(name)?.get())
}

fn text(outer: &Object<'_>, name: &str) -> Option<String> {
    serde_json::from_str(outer.get(name)?.get()).ok()
}

fn code(place: &Object<'_>) -> Option<i64> {
    Number::of_json(place.get("error_code")?, &[]).integer()
}

/// Reads an error out of a body, if it is one.
fn statement(body: &str) -> Option<Stated> {
    let root = object(body)?;
    let error = inner(&root, "error");
    let status = inner(&root, "status");
    let nested = error.as_ref().and_then(|error| inner(error, "status"));
    let in_words = text(&root, "error");
    let places = [
        (true, nested),
        (false, status),
        (true, error),
        (false, Some(root)),
    ];
    let places = || {
        let there = places.iter();
        there.filter_map(|(is_nested, place)| Some((*is_nested, place.as_ref()?)))
    };
    let found = places().find_map(|(is_nested, place)| Some((code(place)?, is_nested)));
    let message = places()
        .find_map(|(_, place)| text(place, "error_message"))
        .or(in_words);
    if found.is_none() && message.is_none() {
        return None;
    }
    Some(Stated {
        code: found.map(|(code, _)| code),
        message: message.unwrap_or_default(),
        is_nested: found.is_some_and(|(_, is_nested)| is_nested),
    })
}

impl Stated {
    fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// "You've reached your monthly API calls limit", or the like; not what names both windows.
    pub(super) fn speaks_of_the_month(&self) -> bool {
        self.says("month") && !self.says("minute")
    }

    /// "… is exclusive to Enterprise plan customers only", "… is limited to PRO API subscribers".
    pub(super) fn speaks_of_the_plan(&self) -> bool {
        self.says("exclusive to") || self.says("limited to pro")
    }

    /// "Your request exceeds the allowed time range."
    pub(super) fn speaks_of_the_reach(&self) -> bool {
        self.says("allowed time range") || self.reach_days().is_some()
    }

    /// "coin not found"; before 2023 "Could not find coin with the given id".
    pub(super) fn speaks_of_no_coin(&self) -> bool {
        self.says("coin not found") || self.says("could not find coin")
    }

    /// "Please add a descriptive User-Agent", however it is spelled.
    pub(super) fn speaks_of_the_agent(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        message.split("user").skip(1).any(|rest| {
            let mut one_on = rest.chars();
            one_on.next();
            rest.starts_with("agent") || one_on.as_str().starts_with("agent")
        })
    }

    /// Reads "… within the past 365 days …".
    pub(super) fn reach_days(&self) -> Option<u32> {
        let words: Vec<&str> = self.message.split_whitespace().collect();
        words.windows(3).find_map(|three| match three {
            ["past", number, unit] if unit.starts_with("day") => number.parse().ok(),
            _ => None,
        })
    }

    /// Returns status and code in words.
    pub(super) fn numbers(&self, status: u16) -> String {
        match self.code {
            Some(code) => format!("status {status}, code {code}"),
            None => format!("status {status}"),
        }
    }

    /// Returns status, code and the beginning of the message.
    pub(super) fn describe(&self, status: u16) -> String {
        let excerpt = excerpt(&self.message);
        let numbers = self.numbers(status);
        if excerpt.is_empty() {
            numbers
        } else {
            format!("{numbers}: {excerpt}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(message: &str) -> Stated {
        Stated {
            code: None,
            message: message.to_owned(),
            is_nested: false,
        }
    }

    #[test]
    fn excerpts_hold_neither_addresses_nor_keys() {
        let message = "You've exceeded it. See https://example.com/a?key=CG-abc or use CG-abc \
                       0123456789abcdef0123456789abcdef now";
        assert_eq!(
            excerpt(message),
            "You've exceeded it. See […] or use […] […] now"
        );
        assert!(excerpt(&"word ".repeat(100)).chars().count() <= 102);
    }

    #[test]
    fn the_reach_of_a_plan_is_read_where_it_stands() {
        let message = "Public API users are limited to querying historical data within the past 365 \
                       days. Upgrade to a paid plan";
        assert_eq!(says(message).reach_days(), Some(365));
        let without = says("Your request exceeds the allowed time range.");
        assert_eq!(without.reach_days(), None);
        assert!(without.speaks_of_the_reach());
        assert_eq!(says("the past few days").reach_days(), None);
    }

    #[test]
    fn the_agent_is_named_in_many_ways() {
        for named in [
            "a descriptive User-Agent",
            "user agent",
            "USERAGENT",
            "user_agent!",
            "users: set a user\u{2011}agent",
        ] {
            assert!(says(named).speaks_of_the_agent(), "{named}");
        }
        for other in [
            "",
            "user",
            "Public API users",
            "user's own agent",
            "agent user",
        ] {
            assert!(!says(other).speaks_of_the_agent(), "{other}");
        }
    }

    #[test]
    fn a_code_is_found_wherever_it_stands() {
        let found = |body: &str| statement(body).map(|stated| (stated.is_nested, stated.code));
        for (body, is_nested, code) in [
            (r#"{"status":{"error_code":"10005"}}"#, false, 10_005),
            (r#"{"status":{"error_code":10012.0}}"#, false, 10_012),
            (
                r#"{"error_code":10011,"status":{"error_message":"x"}}"#,
                false,
                10_011,
            ),
            (r#"{"error":{"status":{"error_code":10012}}}"#, true, 10_012),
            (
                r#"{"error":{"error_code":10012,"error_message":"x"}}"#,
                true,
                10_012,
            ),
            (
                r#"{"error":"Unauthorized","status":{"error_code":10005}}"#,
                false,
                10_005,
            ),
            (
                r#"{"status":{"error_code":1,"error_code":10012}}"#,
                false,
                10_012,
            ),
            (
                r#"{"status":401,"error":{"status":{"error_code":10012,"error_message":{"a":[]}}}}"#,
                true,
                10_012,
            ),
        ] {
            assert_eq!(found(body), Some((is_nested, Some(code))), "{body}");
        }
        let words = r#"{"error":"coin not found"}"#;
        assert_eq!(found(words), Some((false, None)));
        for data in [
            r#"{"prices":[]}"#,
            r#"{"status":{}}"#,
            r#"{"status":"ok"}"#,
            "{}",
            r#"{"error":null}"#,
        ] {
            assert_eq!(found(data), None, "{data}");
        }
    }
}
