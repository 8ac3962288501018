//! What an operator configures: the plan, another base address, another pace.
//!
//! Never holds the key: the executor adds it, as [`crate::CoinGecko`]'s host says.

use std::{fmt, str::FromStr};

use source::{UnknownPlan, plan_named};

/// A plan of the vendor. The key does not tell its plan, so it has to be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// No key, the public host. Documented as unfit for scheduled polling.
    Keyless,
    /// A free key, the public host.
    Demo,
    /// The smallest paid plan: two years of history.
    Basic,
    /// Paid, all history.
    Analyst,
    /// Paid, all history, more credits.
    Lite,
    /// Paid, all history, limits by contract.
    Enterprise,
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 6] = [
        Self::Keyless,
        Self::Demo,
        Self::Basic,
        Self::Analyst,
        Self::Lite,
        Self::Enterprise,
    ];

    /// Returns the spelling used in `COINGECKO_PLAN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyless => "keyless",
            Self::Demo => "demo",
            Self::Basic => "basic",
            Self::Analyst => "analyst",
            Self::Lite => "lite",
            Self::Enterprise => "enterprise",
        }
    }

    /// Whether requests of this plan go to the paid host.
    pub const fn is_paid(self) -> bool {
        !matches!(self, Self::Keyless | Self::Demo)
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
        let known = "one of keyless, demo, basic, analyst, lite, enterprise (pro means analyst)";
        plan_named(text, known, |name| match name {
            "pro" => Some(Self::Analyst),
            _ => Self::ALL.into_iter().find(|plan| plan.as_str() == name),
        })
    }
}

/// What an operator configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The plan of the key.
    pub plan: Plan,
    /// Another base address than the plan's own; includes `/api/v3`.
    pub base_url: Option<String>,
    /// Requests per minute, where they are known to differ from the plan's.
    pub rpm: Option<u32>,
}
