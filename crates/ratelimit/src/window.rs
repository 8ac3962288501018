//! Calendar windows of quotas, UTC.

use model::{Step, Ts};

/// A calendar window of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// A UTC day.
    Day,
    /// A UTC month.
    Month,
}

impl Period {
    /// Returns the spelling used in `quota_ledger.span`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Returns when the window that holds `now` began.
    pub fn start(self, now: Ts) -> Ts {
        self.step().floor(now)
    }

    /// Returns when the window that holds `now` turns.
    pub fn end(self, now: Ts) -> Ts {
        self.step().next(self.start(now))
    }

    const fn step(self) -> Step {
        match self {
            Self::Day => Step::Day,
            Self::Month => Step::Month,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_turns_on_the_first() {
        let now = Ts::parse("2026-12-31T23:59:59Z").unwrap();
        assert_eq!(Period::Month.end(now), Ts::parse("2027-01-01").unwrap());
        assert_eq!(Period::Month.start(now), Ts::parse("2026-12-01").unwrap());
        assert_eq!(Period::Day.start(now), Ts::parse("2026-12-31").unwrap());
    }
}
