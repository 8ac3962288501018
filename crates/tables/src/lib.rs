//! Reads a config CSV: every problem at once, each with file, line and column.
//!
//! A [`Table`] holds the rows that could be read and the problems so far. The caller checks its
//! rows, notes what is wrong, and gets its result only if nothing was. [`nearest`] and
//! [`suggestions`] find what a name that fits nothing was meant to be.
//!
//! Deliberately ignorant of what the columns mean, and it opens no file: bytes come in, with the
//! name that messages use for them.

mod line;
mod problem;
mod suggest;
mod table;

pub use problem::{Problem, Problems, Report, both};
pub use suggest::{misspelt, nearest, suggestions};
pub use table::{Row, Table, positive};

/// The bytes of a CSV and the name that its problems are reported under.
#[derive(Clone, Copy, Debug)]
pub struct CsvText<'a> {
    /// The file's name.
    pub name: &'a str,
    /// Its bytes, UTF-8 with a header line.
    pub bytes: &'a [u8],
}
