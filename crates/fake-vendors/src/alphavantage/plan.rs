//! The plans, and switches for what the contract leaves open.

use std::str::FromStr;

use crate::switches;

/// How an intraday bar is labelled: not established.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlphaVantageLabels {
    /// By its start; the first regular hour is 09:00.
    Start,
    /// By its start, hours counted from the opening: 09:30, without extended hours.
    HalfPast,
    /// By its end; the first regular hour is 10:00, the last extended one 20:00.
    End,
}

/// A plan of Alpha Vantage, with switches. On a command line: `free` or `premium-75` (150, 300, 600, 1200), then each
/// switch after a `+`, as in `premium-600+realtime+crypto-days=1000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlphaVantagePlan {
    /// Calls a minute of a premium plan; the free plan where absent.
    pub per_minute: Option<u32>,
    /// `realtime`: the plan holds US market data, so `entitlement` and bulk quotes are served.
    pub realtime: bool,
    /// `legacy-crypto`: digital currencies in the layout served until early 2024.
    pub legacy_crypto: bool,
    /// `labels=half-past` or `labels=end`.
    pub labels: AlphaVantageLabels,
    /// `json-refusals`: CSV-only functions refuse with a JSON body, not with letters in a row.
    pub json_refusals: bool,
    /// `bare-unknown`: an unknown symbol gets a series with `Meta Data` alone, an unknown pair an empty rate.
    pub bare_unknown: bool,
    /// `sample-bulk`: bulk quotes without a right are artificial rows, not a notice.
    pub sample_bulk: bool,
    /// `eastern-day`: the quota's day begins at midnight US/Eastern, not UTC.
    pub eastern_day: bool,
    /// `free-refusals`: a refused call does not count against the day.
    pub free_refusals: bool,
    /// `whole-market`: the United States have 12,000 more tickers, and `LISTING_STATUS` its megabyte.
    pub whole_market: bool,
    /// `eod-hour=N`: hour of the exchange's day from which its row is published; 18 unless said.
    pub eod_hour: u8,
    /// `crypto-days=N`: rows of `DIGITAL_CURRENCY_DAILY`; 350 unless said.
    pub crypto_days: u16,
    /// `intraday-days=N`: days of a full `CRYPTO_INTRADAY` or `FX_INTRADAY`; 30 unless said.
    pub intraday_days: u16,
}

impl AlphaVantagePlan {
    /// The free plan: 25 calls a day, one a second.
    pub const FREE: Self = Self {
        per_minute: None,
        realtime: false,
        legacy_crypto: false,
        labels: AlphaVantageLabels::Start,
        json_refusals: false,
        bare_unknown: false,
        sample_bulk: false,
        eastern_day: false,
        free_refusals: false,
        whole_market: false,
        eod_hour: 18,
        crypto_days: 350,
        intraday_days: 30,
    };

    /// Returns the premium plan of so many calls a minute, without US market data.
    #[must_use]
    pub const fn premium(per_minute: u32) -> Self {
        Self {
            per_minute: Some(per_minute),
            ..Self::FREE
        }
    }

    /// Tells whether this is a premium plan.
    #[must_use]
    pub fn is_premium(self) -> bool {
        self.per_minute.is_some()
    }

    /// Returns the calls a day; premium plans have no such limit.
    #[must_use]
    pub fn calls_per_day(self) -> Option<u64> {
        (!self.is_premium()).then_some(25)
    }

    /// Returns the calls a second. Premium plans publish none; the notices quote 10, 20 or 30.
    #[must_use]
    pub fn calls_per_second(self) -> u32 {
        match self.per_minute {
            None => 1,
            Some(..=150) => 10,
            Some(151..=600) => 20,
            Some(_) => 30,
        }
    }

    /// Returns the same world under the limits and rights of another plan.
    pub(super) fn as_plan(self, other: Self) -> Self {
        Self {
            per_minute: other.per_minute,
            realtime: other.realtime,
            ..self
        }
    }

    /// Reads a plan's name, without switches.
    pub(super) fn tier(text: &str) -> Option<Self> {
        match text {
            "free" => Some(Self::FREE),
            "premium-75" => Some(Self::premium(75)),
            "premium-150" => Some(Self::premium(150)),
            "premium-300" => Some(Self::premium(300)),
            "premium-600" => Some(Self::premium(600)),
            "premium-1200" => Some(Self::premium(1_200)),
            _ => None,
        }
    }

    fn switch(&mut self, text: &str) -> Option<()> {
        match text.split_once('=') {
            None => *self.flag(text)? = true,
            Some(("labels", "start")) => self.labels = AlphaVantageLabels::Start,
            Some(("labels", "half-past")) => self.labels = AlphaVantageLabels::HalfPast,
            Some(("labels", "end")) => self.labels = AlphaVantageLabels::End,
            Some(("eod-hour", hour)) => {
                self.eod_hour = hour.parse().ok().filter(|hour| *hour < 24)?;
            }
            Some(("crypto-days", days)) => self.crypto_days = days.parse().ok()?,
            Some(("intraday-days", days)) => self.intraday_days = days.parse().ok()?,
            Some(_) => return None,
        }
        Some(())
    }

    fn flag(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "realtime" => &mut self.realtime,
            "legacy-crypto" => &mut self.legacy_crypto,
            "json-refusals" => &mut self.json_refusals,
            "bare-unknown" => &mut self.bare_unknown,
            "sample-bulk" => &mut self.sample_bulk,
            "eastern-day" => &mut self.eastern_day,
            "free-refusals" => &mut self.free_refusals,
            "whole-market" => &mut self.whole_market,
            _ => return None,
        })
    }
}

impl FromStr for AlphaVantagePlan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = "free, premium-75, -150, -300, -600 or -1200";
        switches::plan(text, names, Self::tier, |plan, word| {
            plan.switch(word)
                .ok_or_else(|| format!("unknown switch `{word}`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_and_switches_read_as_they_are_written() {
        let plan: AlphaVantagePlan = "premium-600+realtime+labels=end+crypto-days=1000"
            .parse()
            .unwrap();
        assert_eq!(
            plan,
            AlphaVantagePlan {
                realtime: true,
                labels: AlphaVantageLabels::End,
                crypto_days: 1_000,
                ..AlphaVantagePlan::premium(600)
            }
        );
        assert_eq!("free".parse(), Ok(AlphaVantagePlan::FREE));
        for wrong in [
            "gold",
            "premium-76",
            "free+fast",
            "free+eod-hour=24",
            "free+labels=x",
        ] {
            assert!(wrong.parse::<AlphaVantagePlan>().is_err(), "{wrong}");
        }
        assert_eq!(AlphaVantagePlan::premium(1_200).calls_per_second(), 30);
    }
}
