//! The vendor's dimensions: contract section 3.2.

/// A type of the vendor's dimensions with one of its data types (contract section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Dimension {
    /// The segment of the path.
    pub(crate) of: &'static str,
    /// The query's `dataType`. Always sent: defaults are in conflict.
    pub(crate) data_type: &'static str,
}

impl Dimension {
    pub(super) const fn new(of: &'static str, data_type: &'static str) -> Self {
        Self { of, data_type }
    }

    /// Whether only Pro answers for it.
    pub(crate) const fn needs_key(self) -> bool {
        matches!(self.of.as_bytes(), b"derivatives") || self.is_of_users()
    }

    /// Whether it counts users: version 2 alone has those.
    pub(crate) const fn is_of_users(self) -> bool {
        matches!(self.of.as_bytes(), b"active-users")
    }
}
