//! What an operator configures: the plan, another base address, another pace.
//!
//! Never holds the key: the executor adds it, as [`crate::Artemis`]'s host says.

use std::{fmt, str::FromStr};

use source::{UnknownPlan, plan_named};

/// The plan of the key. The contract knows one kind of customer (section 1); a free tier is claimed by
/// nobody who should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// By contract with the vendor; its quota is not published.
    Enterprise,
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 1] = [Self::Enterprise];

    /// Returns the spelling used in `ARTEMIS_PLAN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
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
        plan_named(text, "there is enterprise", |name| {
            Self::ALL.into_iter().find(|plan| plan.as_str() == name)
        })
    }
}

/// What an operator configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the key was bought for.
    pub plan: Plan,
    /// Another base address than the vendor's own.
    pub base_url: Option<String>,
    /// Requests per minute, where they are known to differ from the 60 that we use.
    pub rpm: Option<u32>,
}
