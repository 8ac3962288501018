//! The plans: history, calls, credits.

use std::str::FromStr;

use crate::instant::DAY_MS;

/// The plans of CoinGecko.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// No key, public host.
    Keyless,
    /// Free key, public host.
    Demo,
    /// The smallest paid plan.
    Basic,
    /// Full history, candles by range.
    Analyst,
    /// As Analyst, more credits.
    Lite,
    /// Everything, 5-minute steps and supply charts included.
    Enterprise,
}

impl Plan {
    /// Tells whether the plan lives on the pro host.
    #[must_use]
    pub fn is_paid(self) -> bool {
        self >= Self::Basic
    }

    /// Returns how many days back history may be asked for; no limit where `None`.
    #[must_use]
    pub fn history_days(self) -> Option<i64> {
        match self {
            Self::Keyless | Self::Demo => Some(365),
            Self::Basic => Some(2 * 365),
            Self::Analyst | Self::Lite | Self::Enterprise => None,
        }
    }

    /// Returns the calls per minute; Enterprise is by contract, here 1,000.
    #[must_use]
    pub fn calls_per_minute(self) -> u32 {
        match self {
            Self::Keyless => 10,
            Self::Demo => 30,
            Self::Basic => 250,
            Self::Analyst | Self::Lite => 500,
            Self::Enterprise => 1_000,
        }
    }

    /// Returns the credits per month; none are counted without a key, Enterprise is by contract, here ten million.
    #[must_use]
    pub fn monthly_credits(self) -> Option<u64> {
        match self {
            Self::Keyless => None,
            Self::Demo => Some(10_000),
            Self::Basic => Some(100_000),
            Self::Analyst => Some(500_000),
            Self::Lite => Some(2_000_000),
            Self::Enterprise => Some(10_000_000),
        }
    }

    /// Returns the name that `/key` gives.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keyless => "Keyless",
            Self::Demo => "Demo",
            Self::Basic => "Basic",
            Self::Analyst => "Analyst",
            Self::Lite => "Lite",
            Self::Enterprise => "Enterprise",
        }
    }

    /// Returns the earliest instant that may be asked for.
    pub(super) fn history_begins_ms(self, now_ms: i64) -> Option<i64> {
        self.history_days().map(|days| now_ms - days * DAY_MS)
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keyless" => Ok(Self::Keyless),
            "demo" => Ok(Self::Demo),
            "basic" => Ok(Self::Basic),
            "analyst" => Ok(Self::Analyst),
            "lite" => Ok(Self::Lite),
            "enterprise" => Ok(Self::Enterprise),
            _ => Err(format!(
                "unknown plan `{text}`: keyless, demo, basic, analyst, lite or enterprise"
            )),
        }
    }
}
