//! One spelling for texts that differ in case and separators only.

/// Returns the text in lower case, with every run of blanks, `-` and `_` inside it as one `-`.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if c.is_whitespace() || c == '-' || c == '_' {
            if !folded.is_empty() && !folded.ends_with('-') {
                folded.push('-');
            }
        } else {
            folded.extend(c.to_lowercase());
        }
    }
    folded.truncate(folded.trim_end_matches('-').len());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_separators_do_not_matter() {
        for text in [
            "Avalanche 2",
            " avalanche_2 ",
            "AVALANCHE - 2",
            "_avalanche-2-",
        ] {
            assert_eq!(fold(text), "avalanche-2");
        }
        assert_eq!(fold("chain:OP Mainnet"), "chain:op-mainnet");
    }
}
