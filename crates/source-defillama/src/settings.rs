//! What an operator configures: the plan, other base addresses, another pace.
//!
//! Never holds the key: the executor adds it, as [`crate::DefiLlama`]'s hosts say.

use std::{fmt, str::FromStr};

use source::{UnknownPlan, plan_named};

/// A plan of the vendor. What it sells as "Pro" for people has no API and counts as free here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plan {
    /// No key, the public hosts.
    Free,
    /// A key of the API plan.
    Pro,
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 2] = [Self::Free, Self::Pro];

    /// Returns the spelling used in `DEFILLAMA_PLAN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
        }
    }

    /// Whether requests of this plan go to the paid host.
    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Pro)
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
        let known = "one of free, pro (open means free, api and enterprise mean pro)";
        plan_named(text, known, |name| match name {
            "free" | "open" => Some(Self::Free),
            "pro" | "api" | "enterprise" => Some(Self::Pro),
            _ => None,
        })
    }
}

/// Other addresses of single free hosts; each wins over what the root gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FreeHosts {
    /// Instead of `https://api.llama.fi`.
    pub api: Option<String>,
    /// Instead of `https://coins.llama.fi`.
    pub coins: Option<String>,
    /// Instead of `https://stablecoins.llama.fi`.
    pub stablecoins: Option<String>,
    /// Instead of `https://yields.llama.fi`.
    pub yields: Option<String>,
}

/// What an operator configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The plan of the key.
    pub plan: Plan,
    /// Another root: the Pro host's address, below which the free hosts stand at `/free/api`,
    /// `/free/coins`, `/free/stablecoins` and `/free/yields`.
    pub base_url: Option<String>,
    /// Other addresses of single free hosts.
    pub free_hosts: FreeHosts,
    /// Requests per minute and host, where they are known to differ from the plan's.
    pub rpm: Option<u32>,
}
