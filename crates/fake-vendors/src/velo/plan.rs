//! The plans, and what is not established about the vendor as switches.

use std::str::FromStr;

use crate::instant::DAY_MS;
use crate::switches;

/// A plan of Velo: how history is billed, and how the vendor behaves where nobody knows for sure.
///
/// On command lines `annual` (all switches off) or `monthly`, followed by `+` and the name of each switch that is on:
/// `monthly+silent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whether the bill is monthly: history ends about three months back, here 92 days. Else all of it is open.
    pub monthly: bool,
    /// `silent`: what lies beyond the plan is left out of a good answer; else it is refused with 403.
    pub silent: bool,
    /// `forbid`: bad keys get 403; else 401.
    pub forbid: bool,
    /// `coin-rows`: a question by coin gives one row per venue and coin, from the product that was listed first; else
    /// one per product.
    pub coin_rows: bool,
    /// `header`: an answer without rows still has its header; else it has no byte.
    pub header: bool,
    /// `no-retry-after`: a full window is refused without `Retry-After`; else with the seconds that are left.
    pub no_retry_after: bool,
}

impl Plan {
    /// Returns the plan with full history.
    #[must_use]
    pub fn annual() -> Self {
        Self::default()
    }

    /// Returns the plan with about three months of history.
    #[must_use]
    pub fn monthly() -> Self {
        Self {
            monthly: true,
            ..Self::default()
        }
    }

    /// Returns the first instant that history reaches.
    pub(super) fn begins_ms(self, now_ms: i64) -> i64 {
        if self.monthly {
            now_ms - 92 * DAY_MS
        } else {
            0
        }
    }

    fn switch(&mut self, name: &str) -> Result<(), String> {
        let switch = match name {
            "silent" => &mut self.silent,
            "forbid" => &mut self.forbid,
            "coin-rows" => &mut self.coin_rows,
            "header" => &mut self.header,
            "no-retry-after" => &mut self.no_retry_after,
            _ => {
                let names = "silent, forbid, coin-rows, header or no-retry-after";
                return Err(format!("unknown switch `{name}`: {names}"));
            }
        };
        *switch = true;
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| match name {
            "annual" => Some(Self::annual()),
            "monthly" => Some(Self::monthly()),
            _ => None,
        };
        switches::plan(text, "annual or monthly", named, Self::switch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_with_their_switches() {
        assert_eq!("annual".parse(), Ok(Plan::annual()));
        let plan: Plan = "monthly+silent+coin-rows".parse().unwrap();
        assert!(plan.monthly && plan.silent && plan.coin_rows && !plan.forbid);
        assert!("yearly".parse::<Plan>().unwrap_err().contains("annual"));
        let error = "annual+loud".parse::<Plan>().unwrap_err();
        assert!(error.contains("`loud`"));
        assert_eq!(Plan::annual().begins_ms(5), 0);
        assert_eq!(Plan::monthly().begins_ms(100 * DAY_MS), 8 * DAY_MS);
    }
}
