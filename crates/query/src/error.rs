//! What a question can meet, by what the asker does next.

use crate::Problem;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The question does not fit: ask another one; the problem says which.
    #[error("{}", .0.detail())]
    Problem(Box<Problem>),
    /// The database does not answer: ask again later, or call an operator.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}
