//! The contracts a key may have, and the switches for what nobody has established.

use std::str::FromStr;

use crate::instant::HOUR_MS;
use crate::switches;

/// What is switched on beside the usual behaviour, each for one thing that the contract leaves open or warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArtemisSwitch {
    /// `keyless`: a request without a key is served, as some observed; a wrong key is refused all the same.
    Keyless,
    /// `status401`: a missing or wrong key is answered with 401 in place of 403.
    Status401,
    /// `status422`: a malformed question is answered with 422 in place of 400.
    Status422,
    /// `empty`: a full minute is answered with 200 and no body in place of 429.
    EmptyThrottle,
    /// `redirects`: a path without its trailing slash is answered with 301 to the one with it.
    Redirects,
    /// `retired`: every path is answered with 410, as the old host does.
    Retired,
    /// `cut`: a series ends after 1,000 points, the newest ones.
    Cut,
    /// `holes`: some days are left out, have a null or have no `val`.
    Holes,
    /// `strings`: some numbers are strings.
    Strings,
    /// `recased`: symbols come back in upper case, metrics in lower case.
    Recased,
    /// `bare`: the `symbols` level is missing.
    Bare,
    /// `messages`: `symbols` is one sentence where nothing asked for has a value in range.
    Messages,
    /// `named`: an unknown symbol has a sentence in place of no key.
    NamedUnknowns,
    /// `lists`: an undated cell of a stablecoin metric is a list with one dated point.
    Lists,
    /// `unsorted`: points come newest first.
    Unsorted,
    /// `stamps`: dates bear a time, in either of two spellings.
    Stamps,
    /// `half-open`: `endDate` is exclusive.
    HalfOpen,
    /// `lingering`: the market metrics of a dead asset decay and go on.
    Lingering,
}

const SWITCHES: [(&str, ArtemisSwitch); 18] = [
    ("keyless", ArtemisSwitch::Keyless),
    ("status401", ArtemisSwitch::Status401),
    ("status422", ArtemisSwitch::Status422),
    ("empty", ArtemisSwitch::EmptyThrottle),
    ("redirects", ArtemisSwitch::Redirects),
    ("retired", ArtemisSwitch::Retired),
    ("cut", ArtemisSwitch::Cut),
    ("holes", ArtemisSwitch::Holes),
    ("strings", ArtemisSwitch::Strings),
    ("recased", ArtemisSwitch::Recased),
    ("bare", ArtemisSwitch::Bare),
    ("messages", ArtemisSwitch::Messages),
    ("named", ArtemisSwitch::NamedUnknowns),
    ("lists", ArtemisSwitch::Lists),
    ("unsorted", ArtemisSwitch::Unsorted),
    ("stamps", ArtemisSwitch::Stamps),
    ("half-open", ArtemisSwitch::HalfOpen),
    ("lingering", ArtemisSwitch::Lingering),
];
/// The only quota anybody has claimed, for a free tier.
const FREE_MONTHLY_CALLS: u64 = 100_000;
/// Yesterday's on-chain metrics appear at this hour unless set otherwise; the vendor's own is not established.
const UPDATE_HOUR: u8 = 6;

/// The contract behind a key. Written `enterprise` or `free`, then switches joined by `+`, such as
/// `enterprise+holes+hour=9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtemisPlan {
    monthly_calls: Option<u64>,
    update_hour: u8,
    switches: u32,
}

impl ArtemisPlan {
    /// Returns the contract of a paying customer: no quota is published, none is kept.
    #[must_use]
    pub fn enterprise() -> Self {
        Self {
            monthly_calls: None,
            update_hour: UPDATE_HOUR,
            switches: 0,
        }
    }

    /// Returns the free tier that one report claims: 100,000 calls a month, refused ones included.
    #[must_use]
    pub fn free() -> Self {
        Self {
            monthly_calls: Some(FREE_MONTHLY_CALLS),
            ..Self::enterprise()
        }
    }

    /// Turns a switch on.
    #[must_use]
    pub fn with(self, switch: ArtemisSwitch) -> Self {
        Self {
            switches: self.switches | bit(switch),
            ..self
        }
    }

    /// Sets the UTC hour from which yesterday's on-chain metrics are there.
    #[must_use]
    pub fn updating_at(self, hour: u8) -> Self {
        Self {
            update_hour: hour,
            ..self
        }
    }

    /// Tells whether a switch is on.
    #[must_use]
    pub fn has(self, switch: ArtemisSwitch) -> bool {
        self.switches & bit(switch) != 0
    }

    /// Returns the calls per month, if they are counted.
    #[must_use]
    pub fn monthly_calls(self) -> Option<u64> {
        self.monthly_calls
    }

    /// Returns how long after midnight yesterday's on-chain metrics appear.
    pub(super) fn lag_ms(self) -> i64 {
        i64::from(self.update_hour) * HOUR_MS
    }

    fn switch(&mut self, word: &str) -> Result<(), String> {
        if let Some(hour) = word.strip_prefix("hour=") {
            let hour = hour.parse().ok().filter(|hour| *hour < 24);
            self.update_hour = hour.ok_or_else(|| format!("`{word}`: an hour is 0 to 23"))?;
            return Ok(());
        }
        let found = SWITCHES.iter().find(|(name, _)| *name == word);
        let (_, switch) = found.ok_or_else(|| {
            let names = SWITCHES.map(|(name, _)| name).join(", ");
            format!("unknown switch `{word}`: hour=0 to 23, {names}")
        })?;
        *self = self.with(*switch);
        Ok(())
    }
}

impl Default for ArtemisPlan {
    fn default() -> Self {
        Self::enterprise()
    }
}

fn bit(switch: ArtemisSwitch) -> u32 {
    let place = SWITCHES.iter().position(|(_, one)| *one == switch);
    place.map_or(0, |place| 1 << place)
}

impl FromStr for ArtemisPlan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| match name {
            "enterprise" => Some(Self::enterprise()),
            "free" => Some(Self::free()),
            _ => None,
        };
        switches::plan(text, "enterprise or free", named, Self::switch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_with_their_switches() {
        let plan: ArtemisPlan = "free+holes+hour=9+bare".parse().unwrap();
        assert_eq!(plan.monthly_calls(), Some(100_000));
        assert!(plan.has(ArtemisSwitch::Holes) && plan.has(ArtemisSwitch::Bare));
        assert!(!plan.has(ArtemisSwitch::Cut));
        assert_eq!(plan.lag_ms(), 9 * HOUR_MS);
        for (wrong, said) in [
            ("gold", "unknown plan"),
            ("free+x", "unknown switch `x`"),
            ("free+hour=24", "0 to 23"),
        ] {
            let error = wrong.parse::<ArtemisPlan>().unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn every_switch_has_a_bit_of_its_own() {
        let all = SWITCHES
            .iter()
            .fold(0, |bits, (_, switch)| bits | bit(*switch));
        assert_eq!(all, (1 << SWITCHES.len()) - 1);
    }
}
