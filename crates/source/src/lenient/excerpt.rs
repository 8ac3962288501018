//! A vendor's words, for an error.

/// Longer words are no words.
const MAX_WORD: usize = 24;
/// Of this length on, letters and digits mixed may be a key.
const MAX_MIXED: usize = 8;

/// Returns the first words of a message: printable, no addresses, nothing that may be a key. What is
/// left out shows as `[…]`.
pub fn excerpt(message: &str) -> String {
    const MAX_CHARS: usize = 100;
    let mut excerpt = String::new();
    for word in message.split_whitespace() {
        let word = if is_suspicious(word) { "[…]" } else { word };
        if excerpt.chars().count() + word.chars().count() >= MAX_CHARS {
            excerpt.push_str(" …");
            break;
        }
        if !excerpt.is_empty() {
            excerpt.push(' ');
        }
        excerpt.push_str(word);
    }
    excerpt
}

fn is_suspicious(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    let mixed = has(char::is_ascii_alphabetic) && has(char::is_ascii_digit);
    word.contains("://")
        || word.contains("CG-")
        || word.len() > MAX_WORD
        || word.len() >= MAX_MIXED && mixed
        || !word.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_pass_and_what_may_be_a_key_does_not() {
        for (message, expected) in [
            ("coin not found", "coin not found"),
            ("bad  request:\n30000 > 22500", "bad request: 30000 > 22500"),
            ("key ABCD1234EFGH is wrong", "key […] is wrong"),
            ("CG-short", "[…]"),
            ("see https://a.b/?k=v", "see […]"),
            ("na\u{ef}ve \u{1b}[31m", "[…] […]"),
            (
                "call TIME_SERIES_DAILY on 2026-05-18",
                "call TIME_SERIES_DAILY on 2026-05-18",
            ),
            ("", ""),
        ] {
            assert_eq!(excerpt(message), expected);
        }
        assert!(excerpt(&"word ".repeat(100)).chars().count() <= 102);
    }
}
