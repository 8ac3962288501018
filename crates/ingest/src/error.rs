//! What can go wrong with a whole job. What goes wrong with one request is an outcome, not an error.

/// Why a job could not run or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is unusable.
    #[error("{0}")]
    Config(String),
    /// The source asks for something it does not have: a defect of the source.
    #[error(transparent)]
    Plan(#[from] source::PlanError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The writer ended before its work.
    #[error("the writer of {0} ended early")]
    WriterGone(model::SourceId),
    /// A dataset was named that the source does not have, or has no past of.
    #[error("{source_id} has no dataset {name:?} with a past; it has {known}")]
    UnknownDataset {
        /// The source.
        source_id: &'static str,
        /// What was named.
        name: String,
        /// What there is.
        known: String,
    },
    /// A filter matches no configured series.
    #[error("{0}")]
    NothingMatches(String),
}

impl Error {
    /// Whether the same may succeed later without anybody mending anything. Waited for, so that it comes
    /// out of a job only where stop was said.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }

    /// Returns the name of the class, for `pulls.error_class` and logs.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::Store(store::Error::LeadershipLost { .. }) => "leadership_lost",
            Self::Store(_) | Self::WriterGone(_) => "database",
            Self::Plan(_) => "plan",
            Self::Config(_) | Self::UnknownDataset { .. } | Self::NothingMatches(_) => "config",
        }
    }
}
