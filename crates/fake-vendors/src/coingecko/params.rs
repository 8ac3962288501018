//! The parameters the endpoints share, and how they are refused.

use std::sync::Arc;

use super::numbers::Precision;
use super::{Plan, Quote, errors};
use crate::entity::Entity;
use crate::instant::{DAY_MS, SECOND_MS, parse_day, parse_minute, parse_rfc3339};
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

/// An admitted request with the world it is answered from.
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    pub(crate) world: &'a WorldState,
    pub(crate) plan: Plan,
    /// The id in the path; empty where the path has none.
    pub(crate) id: &'a str,
}

impl<'a> Ask<'a> {
    pub(crate) fn now_ms(&self) -> i64 {
        self.call.now_ms
    }

    pub(crate) fn optional(&self, name: &str) -> Option<&'a str> {
        self.call.param(name)
    }

    /// Returns a required parameter.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, Reply> {
        self.optional(name).ok_or_else(|| errors::missing(name))
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.optional(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the parts of a comma-separated list.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'a str>> {
        let value = self.optional(name)?;
        Some(
            value
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect(),
        )
    }

    /// Returns the required `vs_currency`.
    pub(crate) fn vs_currency(&self) -> Result<Quote, Reply> {
        let code = self.required("vs_currency")?;
        Quote::named(self.world, code).ok_or_else(|| errors::invalid("vs_currency"))
    }

    pub(crate) fn precision(&self) -> Result<Precision, Reply> {
        match self.optional("precision") {
            None => Ok(Precision::Display),
            Some("full") => Ok(Precision::Full),
            Some(text) => match text.parse::<usize>() {
                Ok(decimals) if decimals <= 18 => Ok(Precision::Decimals(decimals)),
                _ => Err(errors::invalid("precision")),
            },
        }
    }

    /// Returns the coin of the path; one that is not listed yet does not exist.
    pub(crate) fn coin(&self) -> Result<&'a Arc<Entity>, Reply> {
        let known = self
            .world
            .coin(self.id)
            .filter(|entity| entity.known_at(self.now_ms()));
        known.ok_or_else(errors::coin_not_found)
    }

    /// Returns `from` and `to` in milliseconds. Whether they are inclusive is not established: here both are.
    pub(crate) fn window(&self) -> Result<(i64, i64), Reply> {
        let from = instant(self.required("from")?).ok_or_else(|| errors::invalid("from"))?;
        let to = instant(self.required("to")?).ok_or_else(|| errors::invalid("to"))?;
        if from > to {
            Err(errors::invalid("date range"))
        } else {
            Ok((from, to))
        }
    }

    /// Refuses windows older than the plan allows, even if part of them would be allowed.
    pub(crate) fn within_history(&self, from_ms: i64) -> Result<(), Reply> {
        match (
            self.plan.history_begins_ms(self.now_ms()),
            self.plan.history_days(),
        ) {
            (Some(begins_ms), Some(days)) if from_ms < begins_ms => {
                Err(errors::outside_history(self.now_ms(), days))
            }
            _ => Ok(()),
        }
    }

    /// Refuses plans below `least`.
    pub(crate) fn at_least(&self, least: Plan) -> Result<(), Reply> {
        if self.plan >= least {
            return Ok(());
        }
        Err(match least {
            Plan::Enterprise => errors::enterprise_only(self.now_ms()),
            _ => errors::plan_restricted(self.now_ms()),
        })
    }
}

/// A span of whole days or everything, as `days` writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Days {
    Count(f64),
    Max,
}

impl Days {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "max" {
            return Some(Self::Max);
        }
        let count = text
            .parse::<f64>()
            .ok()
            .filter(|days| *days > 0.0 && *days < 100_000.0)?;
        Some(Self::Count(count))
    }

    /// Returns where the span begins.
    pub(crate) fn begins_ms(self, now_ms: i64, listed_ms: i64) -> i64 {
        match self {
            Self::Max => listed_ms,
            Self::Count(days) => now_ms - whole(days * crate::truth::float(DAY_MS)),
        }
    }
}

/// Reads UNIX seconds, fractions allowed, or a date with or without a time.
fn instant(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        let sane = seconds.is_finite() && seconds.abs() < 1e12;
        return sane.then(|| whole(seconds * crate::truth::float(SECOND_MS)));
    }
    parse_day(text)
        .or_else(|| parse_minute(text))
        .or_else(|| parse_rfc3339(text))
}

/// Rounds to a whole number; every value here is far below 2^53.
pub(crate) fn whole(value: f64) -> i64 {
    format!("{value:.0}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_in_many_spellings() {
        for text in [
            "1779062400",
            "1779062400.0",
            "2026-05-18",
            "2026-05-18T00:00",
            "2026-05-18T00:00:00Z",
        ] {
            assert_eq!(instant(text), Some(1_779_062_400_000), "{text}");
        }
        assert_eq!(instant("1779062400.5"), Some(1_779_062_400_500));
        assert_eq!(instant("yesterday"), None);
        assert_eq!(instant("NaN"), None);
    }

    #[test]
    fn days_are_a_positive_number_or_max() {
        assert_eq!(Days::parse("0.5"), Some(Days::Count(0.5)));
        assert_eq!(Days::parse("max"), Some(Days::Max));
        assert_eq!(Days::parse("0"), None);
        assert_eq!(Days::parse("-3"), None);
        assert_eq!(Days::parse("all"), None);
    }
}
