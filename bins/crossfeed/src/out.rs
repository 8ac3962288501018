//! What a command answers: lines on standard output. Whoever reads it may have seen enough.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

/// Writes a line.
///
/// # Errors
/// Where nobody reads it any more; see [`is_closed`].
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Whether a command ended because nobody reads its output any more: `crossfeed pulls | head`.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
