//! Questions that have no answer, with what could be asked instead. A front door gives them the
//! form it speaks (RFC 9457 over HTTP); the words are here, so that all say the same.

use serde::Serialize;

/// A value that would fit, for one parameter of the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The parameter.
    pub parameter: &'static str,
    /// What to give it.
    pub value: String,
    /// What that is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Suggestion {
    /// Makes one; an empty note is left out of answers.
    pub fn new(parameter: &'static str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            parameter,
            value: value.into(),
            note: note.into(),
        }
    }
}

/// A parameter whose value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadParameter {
    /// The parameter.
    pub parameter: String,
    /// What is wrong with it.
    pub detail: String,
    /// What would be right, where that can be listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

impl BadParameter {
    /// Makes one without a list of what is allowed.
    pub fn new(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            parameter: parameter.into(),
            detail: detail.into(),
            allowed: Vec::new(),
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Parameters that cannot be read, all of them.
    BadParameters(Vec<BadParameter>),
    /// A word that names nothing.
    Unknown {
        /// The parameter: `asset`, `metric`, `source`.
        parameter: &'static str,
        /// What was asked for.
        asked: String,
        /// The nearest.
        suggestions: Vec<Suggestion>,
    },
    /// A word that names several things; nothing is chosen.
    Ambiguous {
        /// The parameter.
        parameter: &'static str,
        /// What was asked for.
        asked: String,
        /// All that it may mean.
        candidates: Vec<Suggestion>,
    },
    /// Every word is known, but nothing is stored under all of them together.
    NoSuchSeries {
        /// What there is not.
        detail: String,
        /// What there is instead.
        suggestions: Vec<Suggestion>,
    },
}

impl Problem {
    /// Returns the stable name of the problem, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadParameters(_) => "bad_parameters",
            Self::Unknown {
                parameter: "asset", ..
            } => "unknown_asset",
            Self::Unknown {
                parameter: "metric",
                ..
            } => "unknown_metric",
            Self::Unknown {
                parameter: "source",
                ..
            } => "unknown_source",
            Self::Unknown { .. } => "unknown_name",
            Self::Ambiguous {
                parameter: "asset", ..
            } => "ambiguous_asset",
            Self::Ambiguous { .. } => "ambiguous_metric",
            Self::NoSuchSeries { .. } => "no_such_series",
        }
    }

    /// Returns the kind of problem in a few words, the same for every occurrence.
    pub fn title(&self) -> &'static str {
        match self {
            Self::BadParameters(_) => "A parameter cannot be read",
            Self::Unknown { .. } => "A name is not known",
            Self::Ambiguous { .. } => "A name means several things",
            Self::NoSuchSeries { .. } => "Nothing is stored for this combination",
        }
    }

    /// Whether the question itself is wrong, rather than asking for what is not there.
    pub fn is_bad_question(&self) -> bool {
        matches!(self, Self::BadParameters(_) | Self::Ambiguous { .. })
    }

    /// Returns what happened, in a sentence.
    pub fn detail(&self) -> String {
        match self {
            Self::BadParameters(bad) => {
                let parts: Vec<String> = bad
                    .iter()
                    .map(|bad| format!("{}: {}", bad.parameter, bad.detail))
                    .collect();
                parts.join("; ")
            }
            Self::Unknown {
                parameter,
                asked,
                suggestions,
            } if suggestions.is_empty() => {
                format!("no {parameter} is called {asked:?}")
            }
            Self::Unknown {
                parameter,
                asked,
                suggestions,
            } => {
                format!(
                    "no {parameter} is called {asked:?}; near it: {}",
                    values(suggestions)
                )
            }
            Self::Ambiguous {
                parameter,
                asked,
                candidates,
            } => {
                format!(
                    "{asked:?} may be one of several; give {parameter} as one of {}",
                    values(candidates)
                )
            }
            Self::NoSuchSeries { detail, .. } => detail.clone(),
        }
    }

    /// Returns what could be asked instead, best first.
    pub fn suggestions(&self) -> &[Suggestion] {
        match self {
            Self::BadParameters(_) => &[],
            Self::Unknown { suggestions, .. } | Self::NoSuchSeries { suggestions, .. } => {
                suggestions
            }
            Self::Ambiguous { candidates, .. } => candidates,
        }
    }

    /// Returns the parameters that cannot be read.
    pub fn bad_parameters(&self) -> &[BadParameter] {
        match self {
            Self::BadParameters(bad) => bad,
            _ => &[],
        }
    }
}

fn values(suggestions: &[Suggestion]) -> String {
    suggestions
        .iter()
        .map(|one| one.value.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
