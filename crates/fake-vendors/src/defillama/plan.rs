//! What kind of key is held, and the cases that the contract leaves open, as switches.

use std::str::FromStr;

use crate::switches;

/// How `/v2/historicalChainTvl/{chain}` answers for a chain it does not know. Server code has the first two, the
/// vendor's description the third.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownChain {
    /// Status 200 with an error object.
    #[default]
    Wrapped,
    /// Status 400, plain text.
    Text400,
    /// Status 404, plain text.
    Text404,
}

/// What a key gets once the month's credits are spent. Not established: each is plausible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QuotaSpent {
    /// Status 429.
    #[default]
    Status429,
    /// Status 402.
    Status402,
    /// The answer: what is over is billed.
    Billed,
}

/// Where the Pro host has the yields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum YieldsPaths {
    /// Below `/yields/v1` and below `/yields`.
    #[default]
    Both,
    /// Below `/yields/v1` only: the move is over.
    New,
    /// Below `/yields` only, as the description has it.
    Old,
}

/// The plan of DefiLlama, with what else may differ. Both layouts of hosts are always served.
///
/// As text: `free` or `pro`, then any of `+unknown-chain-400`, `+unknown-chain-404`, `+spent-402`, `+overage`,
/// `+options-notional`, `+span-plus-one`, `+search-width-refused`, `+free-yields-stay`, `+yields-v1-only`,
/// `+yields-old-only`, `+doubtful-coins`, `+protocol-mib-N`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether the key opens the Pro paths. Where it does not, everything under the key answers 402, and a wrong key
    /// 401 as ever.
    pub paid: bool,
    /// See the type.
    pub unknown_chain: UnknownChain,
    /// See the type.
    pub quota_spent: QuotaSpent,
    /// Options without a `dataType` show notional volume, as the description says, and not premiums, as server code
    /// does.
    pub options_notional: bool,
    /// `/chart/{coins}` gives one point more than `span`, as older server code does.
    pub span_plus_one: bool,
    /// `searchWidth`, which left the description, is refused with 400.
    pub search_width_refused: bool,
    /// The free yields host goes on after 2026-11-13, the day it was announced to end.
    pub free_yields_stay: bool,
    /// See the type.
    pub yields_paths: YieldsPaths,
    /// One coin in four has a confidence of 0.82.
    pub doubtful_coins: bool,
    /// `/protocol/{slug}` is at least so many MiB, by tokens that nobody wants; 0 leaves it as it is.
    pub protocol_mib: u16,
}

impl Plan {
    /// Returns the plan without a paid key.
    #[must_use]
    pub fn free() -> Self {
        Self::default()
    }

    /// Returns the API plan.
    #[must_use]
    pub fn pro() -> Self {
        Self {
            paid: true,
            ..Self::default()
        }
    }

    fn switch(&mut self, name: &str) -> Result<(), String> {
        match name {
            "unknown-chain-400" => self.unknown_chain = UnknownChain::Text400,
            "unknown-chain-404" => self.unknown_chain = UnknownChain::Text404,
            "spent-402" => self.quota_spent = QuotaSpent::Status402,
            "overage" => self.quota_spent = QuotaSpent::Billed,
            "options-notional" => self.options_notional = true,
            "span-plus-one" => self.span_plus_one = true,
            "search-width-refused" => self.search_width_refused = true,
            "free-yields-stay" => self.free_yields_stay = true,
            "yields-v1-only" => self.yields_paths = YieldsPaths::New,
            "yields-old-only" => self.yields_paths = YieldsPaths::Old,
            "doubtful-coins" => self.doubtful_coins = true,
            other => {
                let mib = other.strip_prefix("protocol-mib-");
                let mib = mib.and_then(|mib| mib.parse().ok());
                self.protocol_mib = mib.ok_or_else(|| format!("unknown switch `{other}`"))?;
            }
        }
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| match name {
            "free" => Some(Self::free()),
            "pro" => Some(Self::pro()),
            _ => None,
        };
        switches::plan(text, "free or pro", named, Self::switch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_and_switches_are_read_from_text() {
        assert_eq!("free".parse(), Ok(Plan::free()));
        let plan: Plan =
            "pro+unknown-chain-404+overage+span-plus-one+yields-v1-only+protocol-mib-60"
                .parse()
                .unwrap();
        let wanted = Plan {
            unknown_chain: UnknownChain::Text404,
            quota_spent: QuotaSpent::Billed,
            span_plus_one: true,
            yields_paths: YieldsPaths::New,
            protocol_mib: 60,
            ..Plan::pro()
        };
        assert_eq!(plan, wanted);
        assert!("gold".parse::<Plan>().unwrap_err().contains("free or pro"));
        assert!("pro+gold".parse::<Plan>().unwrap_err().contains("`gold`"));
        assert!("pro+protocol-mib-x".parse::<Plan>().is_err());
    }
}
