//! What an operator configures: the plan, another base address, another pace.
//!
//! Never holds the key: the executor adds it, as [`crate::AlphaVantage`]'s host says.

use std::{fmt, str::FromStr};

use source::{UnknownPlan, plan_named};

/// A plan of the vendor. The key does not tell its plan, so it has to be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// A free key: 25 requests a day, closes of the last hundred days.
    Free,
    /// A paid key with so many requests a minute: 75, 150, 300, 600 or 1200.
    Premium(u32),
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 6] = [
        Self::Free,
        Self::Premium(75),
        Self::Premium(150),
        Self::Premium(300),
        Self::Premium(600),
        Self::Premium(1_200),
    ];

    /// Whether the plan is paid.
    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Premium(_))
    }
}

impl fmt::Display for Plan {
    /// Writes the spelling used in `ALPHAVANTAGE_PLAN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("free"),
            Self::Premium(a_minute) => write!(f, "premium-{a_minute}"),
        }
    }
}

impl FromStr for Plan {
    type Err = UnknownPlan;

    /// Reads `free` or `premium-75`; `premium` alone is the smallest paid plan.
    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        let known = "one of free, premium-75, premium-150, premium-300, premium-600, premium-1200";
        plan_named(text, known, |name| match name {
            "premium" => Some(Self::Premium(75)),
            _ => Self::ALL.into_iter().find(|plan| plan.to_string() == name),
        })
    }
}

/// What an operator configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The plan of the key.
    pub plan: Plan,
    /// Another scheme and host than the vendor's own; the path stays `/query`.
    pub base_url: Option<String>,
    /// Requests per minute, where they are known to differ from the plan's.
    pub rpm: Option<u32>,
}
