//! Readers of bodies that are not written as the vendor's document says.
//!
//! The document says "number"; what comes is `1.7e12`, `"12"`, `null` or nothing. One such value must
//! cost itself, not the body around it. So the readers here never fail: they say what stands there,
//! and the source crate judges it, counts it, leaves its label open.
//!
//! | reader | reads |
//! |---|---|
//! | [`text`], [`read`] | a body as text, and JSON out of it |
//! | [`Number`] | a number, a text that is one, null, nothing, anything else; cells of CSV as well |
//! | [`Row`] | a list of numbers: `[ms, value]` |
//! | [`Fields`] | numbers by name: `{"usd":1}` |
//! | [`Entries`] | the names and values of an object, in their order, unread; an error where there is no object |
//! | [`Text`] | a text, or none |
//! | [`excerpt()`] | the first words of a message, for an error |
//!
//! All but the first two, [`Entries`] and the last stand as fields of the structs that [`read`] fills. They look at the raw
//! JSON, which serde does not keep under `#[serde(flatten)]` and in untagged enums: there they fail.

mod entries;
mod excerpt;
mod number;
mod shapes;

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::error::Category;

pub use entries::Entries;
pub use excerpt::excerpt;
pub use number::Number;
pub use shapes::{Fields, Row, Text};

use crate::ReplyError;

/// Returns a body as text, without a byte-order mark and without white space around it. Bytes that
/// are no UTF-8 become U+FFFD: one spoilt name does not cost a catalogue. No id is to be taken with it.
pub fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    String::from_utf8_lossy(body.trim_ascii())
}

/// Whether a text is JSON from its beginning to its end, of whatever shape and depth.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Reads JSON. Says where it went wrong, never what stands there.
///
/// # Errors
/// [`ReplyError::Malformed`] where it is whole JSON of another shape, which would come again;
/// [`ReplyError::Transient`] where it is cut off or no JSON at all.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ReplyError> {
    serde_json::from_str(text).map_err(|error| {
        let at = format!("line {} column {}", error.line(), error.column());
        // A number that no f64 holds, a list too long: serde calls that bad syntax, and it is not.
        if is_json(text) {
            return ReplyError::Malformed(format!("another shape of JSON at {at}"));
        }
        ReplyError::Transient(match error.classify() {
            Category::Eof => format!("the body is cut off at {at}"),
            _ => format!("no JSON from {at} on"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class<T: for<'a> Deserialize<'a>>(body: &str) -> Result<(), &'static str> {
        read::<T>(body).map(|_| ()).map_err(|error| error.class())
    }

    #[test]
    fn marks_and_space_around_a_body_are_no_part_of_it() {
        assert_eq!(text(b"\xef\xbb\xbf {\"a\":1}\r\n"), "{\"a\":1}");
        assert_eq!(text(b"\xef\xbb\xbf"), "");
        assert_eq!(text(b" \n"), "");
        assert_eq!(text(b"[\"\xff\"]"), "[\"\u{fffd}\"]");
    }

    #[test]
    fn another_shape_is_told_from_no_json() {
        for whole in ["null", "17", "\"x\"", "[1,2]", "{}", "1e400", "[1e400]"] {
            assert!(is_json(whole), "{whole}");
            assert_eq!(class::<(u8, u8, u8)>(whole), Err("malformed"), "{whole}");
        }
        for cut in ["", "[1,", "{\"a\":", "[1] x", "<html>", "nul", "[01]"] {
            assert!(!is_json(cut), "{cut}");
            assert_eq!(class::<(u8, u8, u8)>(cut), Err("transient"), "{cut}");
        }
        assert_eq!(class::<(u8, u8, u8)>("[1,2,3]"), Ok(()));
    }

    #[test]
    fn depth_is_no_shape() {
        let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
        assert!(is_json(&deep("[", "]")));
        assert!(!is_json(&deep("[", "")));
        assert_eq!(class::<u8>(&deep("[", "]")), Err("malformed"));
    }

    #[test]
    fn a_wrong_shape_is_not_believed_where_the_body_was_cut() {
        assert_eq!(class::<Vec<u8>>("{\"a\":[1,"), Err("transient"));
    }

    #[test]
    fn errors_do_not_quote_the_body() {
        for body in ["{\"secret\":", "\"secret\"", "[\"secret\"]", "secret"] {
            let error = read::<Vec<u8>>(body).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }
}
