//! CoinGecko API v3 as its contract describes it: paths, plans, order of checks, headers.
//!
//! Checks run in this order: User-Agent, key, minute, month, then the endpoint's own. Where the contract leaves
//! something open, the choice is said beside the code that makes it. Caching is not played: every answer is fresh.

mod auth;
mod catalogue;
mod chart;
mod endpoint;
mod errors;
mod global;
mod history;
mod markets;
mod numbers;
mod ohlc;
mod params;
mod plan;
mod quote;
pub(crate) mod series;
mod simple;
mod supply;
pub(crate) mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Options;
use crate::chance;
use crate::entity::Entity;
use crate::faults::Fault;
use crate::held::{Points, Span};
use crate::instant::SECOND_MS;
use crate::limits::Limits;
use crate::vendor::{Call, Reply, VendorApi};
use crate::world::{World, WorldState};
use endpoint::{Endpoint, SupplyKind};
use params::Ask;
pub use plan::Plan;
pub(crate) use quote::Quote;

/// Makes sure that the world has a coin of this id.
pub(crate) fn enrol(state: &mut WorldState, coin_id: &str) {
    if state.coin(coin_id).is_none() {
        state.put(Entity::invented(coin_id));
    }
}

/// The simulated vendor.
pub(crate) struct CoinGecko {
    world: Arc<World>,
    plan: Plan,
    options: Options,
    limits: Limits,
    served: AtomicU64,
}

impl CoinGecko {
    /// Makes the vendor; the numbers among the options replace the plan's own.
    pub(crate) fn new(world: Arc<World>, plan: Plan, options: Options) -> Self {
        Self {
            world,
            plan,
            options,
            limits: Limits::default(),
            served: AtomicU64::new(0),
        }
    }

    /// Returns the plan a caller is served under: without a key, the public host serves the keyless one.
    fn plan_of(&self, caller: &str) -> Plan {
        if caller == auth::NONE {
            Plan::Keyless
        } else {
            self.plan
        }
    }

    fn minute_limit(&self, plan: Plan) -> u32 {
        let own = (plan == self.plan).then_some(self.options.rpm).flatten();
        own.unwrap_or_else(|| plan.calls_per_minute())
    }

    fn month_limit(&self, plan: Plan) -> Option<u64> {
        let own = (plan == self.plan)
            .then_some(self.options.monthly_credits)
            .flatten();
        own.or_else(|| plan.monthly_credits())
    }

    fn check(&self, call: &Call, caller: &'static str, seen: u32) -> Result<(), Reply> {
        if call.header("user-agent").is_none() {
            return Err(errors::no_user_agent());
        }
        auth::check(call, self.plan, &self.options.key)?;
        let plan = self.plan_of(caller);
        if seen > self.minute_limit(plan) {
            let left_ms = self.limits.window_ends_ms(call.now_ms) - call.now_ms;
            let seconds = u64::try_from(left_ms / SECOND_MS + 1).unwrap_or(60);
            let retry_after = self.options.retry_after.then_some(seconds);
            return Err(errors::rate_limited(call.now_ms, retry_after, true));
        }
        if call.target_bytes > 8_192 {
            return Err(Reply::text(
                414,
                "text/html",
                "<html>414 Request-URI Too Large</html>",
            ));
        }
        let month = self.month_limit(plan);
        if !self.limits.charge(caller, call.now_ms, month) {
            return Err(errors::month_spent(call.now_ms));
        }
        Ok(())
    }

    fn key_report(&self, ask: &Ask<'_>, caller: &'static str) -> Result<Reply, Reply> {
        if !ask.plan.is_paid() {
            return Err(errors::plan_restricted(ask.now_ms()));
        }
        // This call costs a credit too, but only once it is answered.
        // This very call is charged already.
        let spent = self.limits.spent(caller, ask.now_ms()).saturating_sub(1);
        let limit = self.month_limit(ask.plan).unwrap_or(0);
        Ok(catalogue::key(
            ask.plan.name(),
            self.minute_limit(ask.plan),
            limit,
            spent,
        ))
    }
}

impl VendorApi for CoinGecko {
    fn mount(&self) -> &'static str {
        "/api/v3"
    }

    fn key_parameters(&self) -> &'static [&'static str] {
        &[auth::DEMO_QUERY, auth::PRO_QUERY]
    }

    fn template(&self, call: &Call) -> String {
        Endpoint::of(&call.path())
            .map_or("(unknown)", |(endpoint, _)| endpoint.template())
            .to_owned()
    }

    fn admit(&self, call: &Call) -> (&'static str, Result<(), Reply>) {
        let caller = auth::caller(call, self.plan, &self.options.key);
        // Every request counts against the minute, refused ones too.
        let seen = self.limits.count_request(caller, call.now_ms);
        (caller, self.check(call, caller, seen))
    }

    fn answer(&self, call: &Call, caller: &'static str) -> Reply {
        let segments = call.path();
        let Some((endpoint, id)) = Endpoint::of(&segments) else {
            return errors::plain(
                404,
                "Incorrect path. Please check https://www.coingecko.com/api/",
            );
        };
        let plan = self.plan_of(caller);
        let ask = Ask {
            call,
            world: &self.world.snapshot(),
            plan,
            id,
        };
        let answer = match endpoint {
            Endpoint::Ping => Ok(catalogue::ping()),
            Endpoint::Key => self.key_report(&ask, caller),
            Endpoint::CoinsList => Ok(catalogue::coins(&ask)),
            Endpoint::AssetPlatforms => Ok(catalogue::platforms(&ask)),
            Endpoint::Currencies => Ok(catalogue::currencies()),
            Endpoint::Markets => markets::rows(&ask),
            Endpoint::SimplePrice => simple::by_coin(&ask),
            Endpoint::TokenPrice => simple::by_address(&ask),
            Endpoint::Chart => chart::by_days(&ask),
            Endpoint::ChartRange => chart::by_range(&ask),
            Endpoint::Ohlc => ohlc::by_days(&ask),
            Endpoint::OhlcRange => ohlc::by_range(&ask),
            Endpoint::History => history::day(&ask),
            Endpoint::Supply(kind) => supply::by_days(&ask, kind),
            Endpoint::SupplyRange(kind) => supply::by_range(&ask, kind),
            Endpoint::Global => Ok(global::now(&ask)),
            Endpoint::GlobalChart => global::chart(&ask),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn refusal(&self, call: &Call, fault: &Fault) -> Option<Reply> {
        match fault {
            Fault::Status429 {
                retry_after,
                reset_header,
            } => Some(errors::rate_limited(
                call.now_ms,
                *retry_after,
                *reset_header,
            )),
            Fault::ThrottledText => Some(Reply::text(429, "text/plain", "Throttled")),
            Fault::MonthSpent => Some(errors::month_spent(call.now_ms)),
            Fault::Status500 => Some(errors::internal()),
            Fault::Status502 => Some(Reply::text(502, "text/plain", "Bad Gateway")),
            Fault::Status503 => Some(Reply::text(503, "text/plain", "Service Unavailable")),
            Fault::Status408 => Some(Reply::text(408, "text/plain", "Request Timeout")),
            Fault::HalvedLimit => {
                let caller = auth::caller(call, self.plan, &self.options.key);
                let half = self.minute_limit(self.plan_of(caller)) / 2;
                let over = self.limits.requests(caller, call.now_ms) > half;
                over.then(|| errors::rate_limited(call.now_ms, None, true))
            }
            Fault::Html403 => Some(errors::blocked()),
            _ => None,
        }
    }

    fn answered(&self, caller: &'static str, status: u16) {
        if status != 200 || caller == auth::NONE {
            self.limits.refund(caller);
        }
    }

    fn dress(&self, call: &Call, reply: &mut Reply) {
        let count = self.served.fetch_add(1, Ordering::Relaxed);
        let (a, b) = (chance::at(count, call.now_ms), chance::pair(count, 1));
        let (head, tail) = (format!("{a:016x}"), format!("{b:016x}"));
        reply
            .headers
            .push(("x-request-id", format!("{head}-{tail}")));
        if reply.status == 200 {
            let caching = "max-age=30, public, must-revalidate, s-maxage=60";
            reply.headers.push(("cache-control", caching.to_owned()));
        }
    }

    fn truth(&self, ask: &BTreeMap<String, String>, span: Span) -> Result<Points, String> {
        let series = truth::Series::named(ask)?;
        let world = self.world.snapshot();
        Ok(series.held(&world, span))
    }

    fn reset(&self) {
        self.limits.reset();
    }
}
