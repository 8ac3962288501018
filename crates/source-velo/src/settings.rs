//! What an operator configures: the plan, another base address, another pace.
//!
//! Never holds the key: the executor adds it, as [`crate::Velo`]'s host says.

use std::{fmt, str::FromStr};

use source::{UnknownPlan, plan_named};

/// How the one product of the vendor is paid, which decides how far back it reaches (contract
/// section 1). The key does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// By month: the last three months.
    Monthly,
    /// By year: all history.
    Annual,
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 2] = [Self::Monthly, Self::Annual];

    /// Returns the spelling used in `VELO_PLAN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Annual => "annual",
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        plan_named(text, "one of monthly, annual", |name| {
            Self::ALL.into_iter().find(|plan| plan.as_str() == name)
        })
    }
}

/// What an operator configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How the key is paid.
    pub plan: Plan,
    /// Another base address than the vendor's own; without `/api/v1`.
    pub base_url: Option<String>,
    /// Requests per minute, where they are known to differ from the 120 that we use.
    pub rpm: Option<u32>,
}
