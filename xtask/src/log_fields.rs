//! Every field of an event in the log is named in docs/LOGGING.md, and nowhere has it another name.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::root;

const LEVELS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];
/// They serve tests, and answer to no operator.
const NOT_OURS_TO_READ: [&str; 2] = ["fake-vendors", "testkit"];

/// Notes each field that the table does not have.
pub(crate) fn check(problems: &mut Vec<String>) -> anyhow::Result<()> {
    let page =
        std::fs::read_to_string(root().join("docs/LOGGING.md")).context("docs/LOGGING.md")?;
    let named = named(&page);
    for folder in ["crates", "bins"] {
        check_folder(&root().join(folder), &named, problems)?;
    }
    Ok(())
}

/// Returns what stands in the first column of the tables.
fn named(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split('|').next());
    cells
        .flat_map(|cell| cell.split('`').step_by(2))
        .filter(|name| !name.is_empty())
        .collect()
}

fn check_folder(
    folder: &Path,
    named: &BTreeSet<&str>,
    problems: &mut Vec<String>,
) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "tests" && !NOT_OURS_TO_READ.contains(&&*name) {
                check_folder(&path, named, problems)?;
            }
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path)?;
            for field in fields(&text).with_context(|| path.display().to_string())? {
                if !named.contains(&*field) {
                    let path = path.strip_prefix(root()).unwrap_or(&path).display();
                    problems.push(format!("{path}: docs/LOGGING.md names no field `{field}`"));
                }
            }
        }
    }
    Ok(())
}

/// Returns the fields of all events that a file writes.
fn fields(text: &str) -> anyhow::Result<BTreeSet<String>> {
    let tokens: TokenStream = (text.parse()).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut found = BTreeSet::new();
    walk(tokens, &mut found);
    Ok(found)
}

fn walk(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut before: Vec<String> = Vec::new();
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            let ends: Vec<&str> = before.iter().rev().take(5).map(String::as_str).collect();
            match ends[..] {
                ["!", level, ":", ":", "tracing"] if LEVELS.contains(&level) => {
                    found.extend(fields_of(group.stream()));
                }
                _ => walk(group.stream(), found),
            }
        }
        before.push(match &token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => String::new(),
            other => other.to_string(),
        });
    }
}

/// Returns the fields of one event: what stands before its message, each up to its `=` or comma.
fn fields_of(event: TokenStream) -> Vec<String> {
    let mut fields = Vec::new();
    let mut at_start = true;
    for token in event {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => at_start = true,
            TokenTree::Punct(punct) if at_start && ['%', '?'].contains(&punct.as_char()) => {}
            TokenTree::Ident(name) if at_start => {
                fields.push(name.to_string());
                at_start = false;
            }
            TokenTree::Literal(_) if at_start => break,
            _ => at_start = false,
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_before_the_message() {
        let text = r#"fn f() {
            g(|line| tracing::info!("private: {line}", x));
            if a { tracing::warn!(source = %one.source, ?changes, took_ms = b(c, d), "x {}", e = 1) }
            other::info!(nothing = 1);
            tracing::error!(%error, list = names.join(", "), "y");
        }"#;
        let found = fields(text).unwrap();
        let expected = ["changes", "error", "list", "source", "took_ms"];
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn names_stand_in_the_first_column() {
        let page = "| Field | Holds |\n|---|---|\n| `a`, `b_ms` | `c` |\ntext `d`\n";
        assert_eq!(named(page), BTreeSet::from(["a", "b_ms"]));
    }
}
