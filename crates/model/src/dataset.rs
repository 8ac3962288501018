//! Sources, datasets, and the kinds of work done for them.

use std::fmt;

macro_rules! constant_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(&'static str);

        impl $name {
            /// Names one; lower case, as it stands in tables, file names and logs.
            pub const fn new(name: &'static str) -> Self {
                Self(name)
            }

            /// Returns the name.
            pub const fn as_str(self) -> &'static str {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
    };
}

constant_name! {
    /// A vendor (`coingecko`).
    SourceId
}
constant_name! {
    /// One kind of answer of a vendor (`chart_hourly`).
    DatasetId
}

/// Why a pull runs. The way of the data is one; kinds differ in what they ask and how they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullKind {
    /// The scheduled tick: the newest values.
    Live,
    /// A range that an operator asked for.
    Backfill,
    /// Holes that coverage knows of.
    Gap,
    /// A range that may have been revised.
    Reread,
}

impl PullKind {
    /// Returns the spelling used in `pulls.kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backfill => "backfill",
            Self::Gap => "gap",
            Self::Reread => "reread",
        }
    }
}

/// What happens to a point that is stored already with another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// Keeps the stored value, counts the difference and queues a re-read (backfill, gap). One that was
    /// seen before its bucket closed gives way.
    Keep,
    /// Keeps the stored value, the first of several snapshots of one hour; queues nothing.
    FirstStays,
    /// Takes the new value and keeps the old one as a revision (live, reread).
    Replace,
}

/// Why a range of a series has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MissingReason {
    /// The vendor answered and had nothing.
    VendorEmpty,
    /// The vendor has not published it yet.
    NotYetPublished,
    /// Asked and failed.
    Failed,
    /// Serves only the present and that moment is gone.
    Unfillable,
    /// The vendor does not have this pair.
    Unsupported,
    /// The exchange was closed.
    Closed,
}

impl MissingReason {
    const ALL: [Self; 6] = [
        Self::VendorEmpty,
        Self::NotYetPublished,
        Self::Failed,
        Self::Unfillable,
        Self::Unsupported,
        Self::Closed,
    ];

    /// Returns the reason of that spelling.
    pub fn named(text: &str) -> Option<Self> {
        (Self::ALL.into_iter()).find(|reason| reason.as_str() == text)
    }

    /// Returns the spelling used in `slots_missing.reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VendorEmpty => "vendor_empty",
            Self::NotYetPublished => "not_yet_published",
            Self::Failed => "failed",
            Self::Unfillable => "unfillable",
            Self::Unsupported => "unsupported",
            Self::Closed => "closed",
        }
    }
}
