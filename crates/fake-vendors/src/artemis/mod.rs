//! Artemis as its contract describes it: the catalogue, the supported metrics, and dated or latest values for many
//! symbols and metrics in one answer.
//!
//! Checks run in this order: host, key, minute, month, path, then the endpoint's own. What the contract leaves open is a
//! switch of the plan, or is said beside the code that decides it. Insights and flows are not played.
//!
//! Whether a failed call counts against the month is not established: here it does. No header of the vendor's own was
//! ever seen.

mod access;
mod assets;
mod calendar;
mod catalogue;
mod data;
mod errors;
mod latest;
mod metrics;
mod pair;
mod plan;
mod series;
mod truth;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Options;
use crate::faults::Fault;
use crate::held::{Points, Span};
use crate::instant::SECOND_MS;
use crate::limits::Limits;
use crate::vendor::{Call, Reply, VendorApi};
use crate::world::{World, WorldError};
pub(crate) use assets::enrol;
use data::Answerer;
use metrics::Table;
pub use plan::{ArtemisPlan, ArtemisSwitch};

/// The wait that the stand-in for a full minute names, in seconds.
const RETRY_AFTER: u64 = 2;

/// The time-bucket granularity of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtemisStep {
    /// UTC days.
    Day,
    /// Labelled by their Mondays.
    Week,
    /// Labelled by their firsts.
    Month,
    /// Labelled by their firsts; financials by the end of the fiscal quarter.
    Quarter,
    /// Labelled by their firsts.
    Year,
}

impl ArtemisStep {
    /// Reads the vendor's name.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "DAY" => Self::Day,
            "WEEK" => Self::Week,
            "MONTH" => Self::Month,
            "QUARTER" => Self::Quarter,
            "YEAR" => Self::Year,
            _ => return None,
        })
    }
}

/// The simulated vendor.
pub(crate) struct Artemis {
    world: Arc<World>,
    plan: ArtemisPlan,
    options: Options,
    limits: Limits,
    table: Table,
}

impl Artemis {
    /// Makes the vendor; the numbers among the options replace the plan's own.
    pub(crate) fn new(
        world: Arc<World>,
        plan: ArtemisPlan,
        options: Options,
    ) -> Result<Self, WorldError> {
        Ok(Self {
            world,
            plan,
            options,
            limits: Limits::default(),
            table: Table::new()?,
        })
    }

    /// Refuses what exceeds the minute: no figure is published, so there is none unless it is set.
    fn check_minute(&self, call: &Call, seen: u32) -> Result<(), Reply> {
        if self.options.rpm.is_none_or(|most| seen <= most) {
            return Ok(());
        }
        if self.plan.has(ArtemisSwitch::EmptyThrottle) {
            return Err(errors::nothing());
        }
        let left_ms = Limits::minute_ends_ms(call.now_ms) - call.now_ms;
        let seconds = if self.options.retry_after {
            u64::try_from(left_ms / SECOND_MS + 1).unwrap_or(RETRY_AFTER)
        } else {
            RETRY_AFTER
        };
        Err(errors::too_many(Some(seconds)))
    }

    fn check(&self, call: &Call, caller: &'static str, seen: u32) -> Result<(), Reply> {
        if self.plan.has(ArtemisSwitch::Retired) {
            return Err(errors::gone());
        }
        access::check(call, caller, self.plan)?;
        self.check_minute(call, seen)?;
        let month = (self.options.monthly_credits).or_else(|| self.plan.monthly_calls());
        if !self.limits.charge(caller, call.now_ms, month) {
            return Err(errors::too_many(None));
        }
        Ok(())
    }

    /// Returns where a path without its slash is sent, if it is.
    fn redirect(&self, call: &Call) -> Option<Reply> {
        let (path, query) = match call.target.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (call.target.as_str(), String::new()),
        };
        let sent = self.plan.has(ArtemisSwitch::Redirects) && !path.ends_with('/');
        sent.then(|| errors::moved(format!("{path}/{query}")))
    }
}

/// What a path asks for.
enum Endpoint {
    Symbols,
    SupportedMetrics,
    /// Anything below `/data/api/` is read as metric names, slashes included.
    Data(String),
}

impl Endpoint {
    fn of(call: &Call) -> Option<Self> {
        let segments = call.path();
        match segments[..] {
            ["asset", "symbols"] => Some(Self::Symbols),
            ["supported-metrics"] => Some(Self::SupportedMetrics),
            ["data", "api", _, ..] => segments.get(2..).map(|names| Self::Data(names.join("/"))),
            _ => None,
        }
    }
}

impl VendorApi for Artemis {
    fn key_parameters(&self) -> &'static [&'static str] {
        // The last is not read, but found in others' code.
        &[access::PARAMETER, "api-key"]
    }

    fn template(&self, call: &Call) -> String {
        let template = match Endpoint::of(call) {
            Some(Endpoint::Symbols) => "/asset/symbols/",
            Some(Endpoint::SupportedMetrics) => "/supported-metrics/",
            Some(Endpoint::Data(_)) => "/data/api/{metricNames}/",
            None => "(unknown)",
        };
        template.to_owned()
    }

    fn admit(&self, call: &Call) -> (&'static str, Result<(), Reply>) {
        let caller = access::caller(call, &self.options.key);
        // Every request counts against the minute, refused ones too.
        let seen = self.limits.count_request(caller, call.now_ms);
        (caller, self.check(call, caller, seen))
    }

    fn answer(&self, call: &Call, _caller: &'static str) -> Reply {
        let Some(endpoint) = Endpoint::of(call) else {
            return errors::not_found();
        };
        if let Some(moved) = self.redirect(call) {
            return moved;
        }
        let world = self.world.snapshot();
        match endpoint {
            Endpoint::Symbols => catalogue::symbols(&world, call.now_ms),
            Endpoint::SupportedMetrics => catalogue::metrics(&world, &self.table, self.plan, call),
            Endpoint::Data(metric_names) => Answerer {
                world: &world,
                table: &self.table,
                plan: self.plan,
                call,
            }
            .answer(&metric_names),
        }
    }

    fn refusal(&self, _call: &Call, fault: &Fault) -> Option<Reply> {
        match fault {
            // The vendor has no reset header of its own.
            Fault::Status429 { retry_after, .. } => Some(errors::too_many(*retry_after)),
            Fault::ThrottledText => Some(Reply::text(429, "text/plain", "Too Many Requests")),
            // How a spent quota is told is not established.
            Fault::MonthSpent => Some(errors::too_many(None)),
            Fault::Status500 => Some(errors::internal()),
            Fault::Status502 => Some(Reply::text(502, "text/plain", "Bad Gateway")),
            Fault::Html403 => Some(errors::blocked()),
            Fault::Message => Some(errors::no_symbols(errors::NO_LATEST)),
            _ => None,
        }
    }

    fn truth(&self, ask: &BTreeMap<String, String>, span: Span) -> Result<Points, String> {
        let series = truth::Series::named(ask)?;
        let world = self.world.snapshot();
        Ok(series.held(&world, &self.table, self.plan, span))
    }

    fn reset(&self) {
        self.limits.reset();
    }
}
