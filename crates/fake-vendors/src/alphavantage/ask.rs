//! An admitted request and the parameters functions share.

use super::AlphaVantagePlan;
use super::asset;
use super::currency::Money;
use super::errors::Refusal;
use super::function::Function;
use super::share::{Share, Sight};
use crate::instant::MINUTE_MS;
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

/// The newest points of a series that is not asked for in full.
const COMPACT: usize = 100;

/// A request with the world it is answered from.
pub(super) struct Ask<'a> {
    pub(super) call: &'a Call,
    pub(super) world: &'a WorldState,
    pub(super) plan: AlphaVantagePlan,
    pub(super) function: Function,
    /// The function as it is called.
    pub(super) name: &'static str,
    /// Serves labels of a window from all there is, whatever was asked: for the truth.
    pub(super) whole: Option<(i64, i64)>,
}

/// The bars of an intraday series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) name: &'static str,
    pub(super) minutes: i64,
}

impl Interval {
    pub(super) fn ms(self) -> i64 {
        self.minutes * MINUTE_MS
    }

    /// Returns how many instants inside a bar its price is sampled at.
    pub(super) fn samples(self) -> i64 {
        if self.minutes >= 60 { 3 } else { 1 }
    }
}

/// How current US market data may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entitlement {
    None,
    Delayed,
    Realtime,
}

impl<'a> Ask<'a> {
    pub(super) fn now_ms(&self) -> i64 {
        self.call.now_ms
    }

    pub(super) fn param(&self, name: &str) -> Option<&'a str> {
        self.call.param(name)
    }

    /// Wraps a refusal as this function shows it.
    pub(super) fn refusal(&self, refusal: &Refusal) -> Reply {
        let header = self
            .function
            .csv_only()
            .filter(|_| !self.plan.json_refusals);
        refusal.reply(header)
    }

    /// Refuses a parameter or a symbol.
    pub(super) fn invalid(&self) -> Reply {
        self.refusal(&Refusal::InvalidCall(self.name.to_owned()))
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, Reply> {
        self.param(name).ok_or_else(|| self.invalid())
    }

    pub(super) fn wants_csv(&self) -> bool {
        self.param("datatype") == Some("csv")
    }

    pub(super) fn wants_full(&self) -> bool {
        self.param("outputsize") == Some("full")
    }

    /// Reads true or false in any case, as clients in Python write it.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.param(name)
            .map_or(default, |value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn interval(&self) -> Result<Interval, Reply> {
        let intervals = [
            ("1min", 1),
            ("5min", 5),
            ("15min", 15),
            ("30min", 30),
            ("60min", 60),
        ];
        let asked = self.required("interval")?;
        let found = intervals.into_iter().find(|(name, _)| *name == asked);
        let (name, minutes) = found.ok_or_else(|| self.invalid())?;
        Ok(Interval { name, minutes })
    }

    pub(super) fn entitlement(&self) -> Entitlement {
        match self
            .param("entitlement")
            .filter(|_| self.function.takes_entitlement())
        {
            None => Entitlement::None,
            Some("delayed") => Entitlement::Delayed,
            Some(_) => Entitlement::Realtime,
        }
    }

    /// Returns how far into the present the answer reaches.
    pub(super) fn sight(&self) -> Sight {
        match self.entitlement() {
            Entitlement::None => Sight::EndOfDay,
            Entitlement::Delayed => Sight::Until(self.now_ms() - 15 * MINUTE_MS),
            Entitlement::Realtime => Sight::Until(self.now_ms()),
        }
    }

    /// Returns what delayed data add to a top-level key. Whether real-time data add anything is not established; here
    /// they do not.
    pub(super) fn key_suffix(&self) -> &'static str {
        match self.entitlement() {
            Entitlement::Delayed => " - DATA DELAYED BY 15 MINUTES",
            Entitlement::None | Entitlement::Realtime => "",
        }
    }

    /// Returns the ticker's share, once it is listed.
    pub(super) fn share(&self, symbol: &str) -> Option<Share<'a>> {
        let entity = asset::share(self.world, symbol, self.plan.whole_market)?;
        entity
            .known_at(self.now_ms())
            .then(|| Share::new(self.world, entity))
    }

    /// Returns a fiat currency by the parameter that names it.
    pub(super) fn fiat(&self, parameter: &str) -> Result<Money, Reply> {
        let code = self.required(parameter)?;
        Money::fiat(self.world, code).ok_or_else(|| self.invalid())
    }

    /// Cuts a series to what was asked for: the window of the truth, else the newest points.
    pub(super) fn cut<T>(&self, rows: &mut Vec<T>, keep: Option<usize>) {
        let keep = keep.filter(|_| self.whole.is_none());
        if let Some(keep) = keep {
            rows.drain(..rows.len().saturating_sub(keep));
        }
    }

    /// Returns the size as `Meta Data` writes it.
    pub(super) fn size_name(&self) -> String {
        if self.wants_full() {
            "Full size"
        } else {
            "Compact"
        }
        .to_owned()
    }

    /// Returns how many of the newest points `outputsize` asks for.
    pub(super) fn size(&self) -> Option<usize> {
        (!self.wants_full()).then_some(COMPACT)
    }
}
