//! Errors as the terminal shows them.

/// Returns an error with its causes, each said once: those of the database stand in the text of what
/// they caused, too.
pub(crate) fn once(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if said.contains(&text) {
            continue;
        }
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(&text);
    }
    said
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let error = anyhow!("refused")
            .context("error connecting: refused")
            .context("not available: error connecting: refused")
            .context("failed to connect to main");
        assert_eq!(
            once(&error),
            "failed to connect to main: not available: error connecting: refused"
        );
        let plain = anyhow!("refused").context("no address");
        assert_eq!(once(&plain), "no address: refused");
    }
}
