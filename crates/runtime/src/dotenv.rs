//! `.env`: the nearest one from a folder upwards. Read into values; the process environment is
//! never changed.

use std::path::{Path, PathBuf};

use crate::Problem;

/// Returns the file that holds from `start`.
pub(crate) fn find(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join(".env"))
        .find(|file| file.is_file())
}

/// Reads a file; what cannot be read is noted, without its text, which may hold a secret.
pub(crate) fn read(file: &Path, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let name = file.display().to_string();
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(Problem::new(name, format!("cannot be read: {error}")));
            return Vec::new();
        }
    };
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut pairs = Vec::new();
    for item in dotenvy::Iter::new(text) {
        match item {
            Ok(pair) => pairs.push(pair),
            Err(dotenvy::Error::LineParse(line, _)) => {
                problems.push(Problem::new(name.clone(), explain(&line)));
            }
            Err(error) => {
                problems.push(Problem::new(
                    name,
                    format!("cannot be read: {}", kind_of(&error)),
                ));
                return pairs;
            }
        }
    }
    pairs
}

fn explain(line: &str) -> String {
    let key = line
        .trim()
        .trim_start_matches("export ")
        .split('=')
        .next()
        .unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if line.contains('=') && !key.is_empty() && key.chars().all(is_name) {
        format!("the line of {key} cannot be read: put the value into single quotes")
    } else {
        "a line is not of the form NAME=value".to_owned()
    }
}

fn kind_of(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::Io(error) => error.kind().to_string(),
        _ => "a variable in it cannot be filled in".to_owned(),
    }
}
