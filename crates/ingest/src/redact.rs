//! Takes keys out of texts before anybody sees them.

use std::{fmt, sync::Arc};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// What stands where a key stood.
const REDACTED: &str = "[redacted]";

/// Keys shorter than this are not searched for: replacing them would eat ordinary words.
const SHORTEST: usize = 4;

/// Knows the spellings of one source's key and takes them out of any text.
#[derive(Clone)]
pub struct Redactor(Arc<[SecretString]>);

impl Redactor {
    /// Makes one for a key and for the words derived from it that go over the wire.
    pub fn new(key: Option<&SecretString>, derived: &[String]) -> Self {
        let mut spellings = Vec::new();
        if let Some(key) = key {
            let key = key.expose_secret();
            spellings.push(key.to_owned());
            // As a segment of a path, as a value of a query, as a string of JSON.
            spellings.push(utf8_percent_encode(key, NON_ALPHANUMERIC).to_string());
            spellings.push(url::form_urlencoded::byte_serialize(key.as_bytes()).collect());
            spellings.push(key.replace('/', "\\/"));
        }
        spellings.extend_from_slice(derived);
        spellings.retain(|spelling| spelling.len() >= SHORTEST);
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spellings.dedup();
        Self(spellings.into_iter().map(SecretString::from).collect())
    }

    /// Returns the text without any spelling of the key.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for spelling in self.0.iter() {
            if clean.contains(spelling.expose_secret()) {
                clean = clean.replace(spelling.expose_secret(), REDACTED);
            }
        }
        clean
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} spellings)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_the_key_survives() {
        let key = SecretString::from("CG-s3cr/t+key".to_owned());
        let redactor = Redactor::new(Some(&key), &["YXBpOkNHLXMzY3I=".to_owned()]);
        let text = "GET /x?k=CG-s3cr/t+key and k=CG%2Ds3cr%2Ft%2Bkey, k=CG-s3cr%2Ft%2Bkey, \
                    \"CG-s3cr\\/t+key\", Basic YXBpOkNHLXMzY3I=";
        let clean = redactor.clean(text);
        assert_eq!(
            clean,
            "GET /x?k=[redacted] and k=[redacted], k=[redacted], \"[redacted]\", Basic [redacted]"
        );
        assert!(!format!("{redactor:?}").contains("s3cr"));
    }

    #[test]
    fn a_short_key_does_not_eat_words() {
        let redactor = Redactor::new(Some(&SecretString::from("a".to_owned())), &[]);
        assert_eq!(redactor.clean("a banana"), "a banana");
    }
}
