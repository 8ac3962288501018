//! DefiLlama as its contract describes it: the four free hosts and Pro on one port, keys in paths, errors as text.
//!
//! Checks run in this order: User-Agent, length, key, minute, month, then the endpoint's own. Where the contract leaves
//! something open, the choice is said beside the code that makes it. Caching is not played: every answer is fresh and
//! only says how long it would be kept.

mod cast;
mod dims;
mod enrol;
mod errors;
mod flows;
mod names;
mod numbers;
mod overview;
mod plan;
mod prices;
mod protocol;
mod protocols;
mod records;
mod roster;
mod route;
mod stablecoins;
mod supply;
mod totals;
pub(crate) mod truth;
mod tvl;
mod v2;
mod yields;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::Options;
use crate::faults::Fault;
use crate::held::{Points, Span};
use crate::instant::{HOUR_MS, MINUTE_MS, SECOND_MS, floor_to, http_date};
use crate::limits::Limits;
use crate::vendor::{Call, Reply, VendorApi};
use crate::world::{World, WorldState};
pub(crate) use enrol::enrol;
pub use plan::{Plan, QuotaSpent, UnknownChain, YieldsPaths};
use roster::Roster;
use route::{Door, Endpoint, Host, Route};

/// A request with an accepted key.
const PRO: &str = "pro";
/// A request to a free host, charged to its address.
const FREE: &str = "free";
/// A request with no key or a wrong one.
const NONE: &str = "none";

/// Requests a minute with a key.
const PRO_RPM: u32 = 1_000;
/// Requests a minute and address without one: an estimate of others.
const FREE_RPM: u32 = 300;
const MONTHLY_CALLS: u64 = 1_000_000;
/// 2026-11-13: the free yields host was announced to end.
const FREE_YIELDS_END_MS: i64 = 1_794_528_000_000;
/// Longer request targets are refused.
const MOST_TARGET_BYTES: usize = 8_192;

/// The simulated vendor.
pub(crate) struct DefiLlama {
    world: Arc<World>,
    plan: Plan,
    options: Options,
    limits: Limits,
    roster: Mutex<Option<Arc<Roster>>>,
}

/// An admitted request with what it is answered from.
pub(crate) struct Ask<'a> {
    call: &'a Call,
    roster: &'a Roster,
}

impl Ask<'_> {
    fn now_ms(&self) -> i64 {
        self.call.now_ms
    }

    /// Tells whether a switch is on: `true` in any case is, everything else is not.
    fn flag(&self, name: &str) -> bool {
        let given = self.call.param(name);
        given.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl DefiLlama {
    /// Makes the vendor; the numbers among the options replace the plan's own.
    pub(crate) fn new(world: Arc<World>, plan: Plan, options: Options) -> Self {
        Self {
            world,
            plan,
            options,
            limits: Limits::default(),
            roster: Mutex::new(None),
        }
    }

    /// Returns who there is in the present state of the world, from memory where it has not changed.
    fn roster(&self) -> Arc<Roster> {
        let world: Arc<WorldState> = self.world.snapshot();
        let mut kept = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        match kept
            .as_ref()
            .filter(|roster| Arc::ptr_eq(&roster.world, &world))
        {
            Some(roster) => Arc::clone(roster),
            None => {
                let roster = Arc::new(Roster::new(world, self.plan));
                *kept = Some(Arc::clone(&roster));
                roster
            }
        }
    }

    fn caller(&self, door: Door<'_>) -> &'static str {
        match door {
            Door::Free => FREE,
            Door::Key(key) if key == self.options.key && self.plan.paid => PRO,
            Door::Key(_) | Door::NoKey => NONE,
        }
    }

    fn minute_limit(&self, caller: &str) -> u32 {
        let paid = caller == PRO;
        let own = (paid == self.plan.paid)
            .then_some(self.options.rpm)
            .flatten();
        own.unwrap_or(if paid { PRO_RPM } else { FREE_RPM })
    }

    fn month_limit(&self) -> u64 {
        self.options.monthly_credits.unwrap_or(MONTHLY_CALLS)
    }

    fn check(
        &self,
        call: &Call,
        route: Route<'_>,
        caller: &'static str,
        seen: u32,
    ) -> Result<(), Reply> {
        if call.header("user-agent").is_none() {
            return Err(errors::blocked());
        }
        if call.target_bytes > MOST_TARGET_BYTES {
            return Err(errors::too_long());
        }
        match route.door {
            Door::Key(key) if key != self.options.key => return Err(errors::bad_key()),
            Door::Key(_) if !self.plan.paid => return Err(errors::payment_required()),
            Door::NoKey => return Err(errors::invalid_path()),
            Door::Key(_) | Door::Free => {}
        }
        if seen > self.minute_limit(caller) {
            let left_ms = Limits::minute_ends_ms(call.now_ms) - call.now_ms;
            let seconds = u64::try_from(left_ms / SECOND_MS + 1).unwrap_or(60);
            return Err(errors::rate_limited(
                self.options.retry_after.then_some(seconds),
            ));
        }
        self.charge(call, route, caller)
    }

    /// Takes a call from the month. Whether errors cost one is not established: here they do. Asking for what is left
    /// costs nothing, which is not established either.
    fn charge(&self, call: &Call, route: Route<'_>, caller: &'static str) -> Result<(), Reply> {
        let usage = route
            .endpoint
            .is_some_and(|(endpoint, _)| endpoint == Endpoint::Usage);
        if caller != PRO || usage {
            return Ok(());
        }
        let limit = match self.plan.quota_spent {
            QuotaSpent::Billed => None,
            QuotaSpent::Status429 | QuotaSpent::Status402 => Some(self.month_limit()),
        };
        let fits = self.limits.charge(caller, call.now_ms, limit);
        fits.then_some(())
            .ok_or_else(|| errors::quota_spent(self.plan.quota_spent))
    }

    /// The free yields host ends on the day it was announced to; what it says then is a guess.
    fn is_over(&self, route: Route<'_>, now_ms: i64) -> bool {
        route.door == Door::Free
            && route.host == Some(Host::Yields)
            && now_ms >= FREE_YIELDS_END_MS
            && !self.plan.free_yields_stay
    }

    /// Whether the Pro host has the yields at another path than this one.
    fn is_moved(&self, route: Route<'_>, template: &str) -> bool {
        let is_pro = matches!(route.door, Door::Key(_)) && route.host == Some(Host::Yields);
        let is_new = template.starts_with("/yields/v1/");
        is_pro
            && match self.plan.yields_paths {
                YieldsPaths::Both => false,
                YieldsPaths::New => !is_new,
                YieldsPaths::Old => is_new,
            }
    }

    fn serve(&self, ask: &Ask<'_>, endpoint: Endpoint<'_>) -> Result<Reply, Reply> {
        let (roster, now_ms) = (ask.roster, ask.now_ms());
        Ok(match endpoint {
            Endpoint::Usage => {
                let spent = self.limits.spent(PRO, now_ms);
                let left = self.month_limit().saturating_sub(spent);
                numbers::json(&json!({ "creditsLeft": left }))
            }
            Endpoint::Protocols => protocols::list(roster, now_ms),
            Endpoint::Protocol(slug) => protocol::one(roster, slug, self.plan.protocol_mib, now_ms),
            Endpoint::Tvl(slug) => protocols::number(roster, slug, now_ms),
            Endpoint::Chains => protocols::chains(roster, now_ms),
            Endpoint::ChainHistory(chain) => {
                protocols::chain_history(roster, chain, self.plan.unknown_chain, now_ms)
            }
            Endpoint::Overview(kind, chain) => overview::list(ask, kind, chain)?,
            Endpoint::Summary(kind, slug) => overview::one(ask, kind, slug)?,
            Endpoint::Chart(kind, of, by) => v2::chart(ask, kind, of, by)?,
            Endpoint::Metrics(kind, of) => v2::metrics(ask, kind, of)?,
            Endpoint::TvlChart(slug, by) => v2::tvl_chart(ask, slug, by)?,
            Endpoint::TvlMetrics(slug) => v2::tvl_metrics(ask, slug)?,
            Endpoint::Perps => yields::perps(ask),
            Endpoint::Current(coins) => prices::current(ask, coins)?,
            Endpoint::Historical(at, coins) => prices::historical(ask, at, coins)?,
            Endpoint::Batch => prices::batch(ask)?,
            Endpoint::CoinChart(coins) => prices::chart(ask, coins)?,
            Endpoint::Percentage(coins) => prices::percentage(ask, coins)?,
            Endpoint::First(coins) => prices::first(ask, coins)?,
            Endpoint::Block(chain, at) => prices::block(ask, chain, at)?,
            Endpoint::Stablecoins => stablecoins::list(ask),
            Endpoint::StablecoinCharts(chain) => stablecoins::charts(ask, chain)?,
            Endpoint::Stablecoin(id) => stablecoins::one(ask, id)?,
            Endpoint::StablecoinChains => stablecoins::chains(ask),
            Endpoint::StablecoinPrices => stablecoins::prices(ask),
            Endpoint::Dominance(chain) => stablecoins::dominance(ask, chain)?,
            Endpoint::Pools => yields::pools(ask),
            Endpoint::PoolChart(uuid) => yields::chart(ask, uuid),
        })
    }
}

/// Returns how long an answer would be kept, in the header that its endpoint uses.
fn caching(endpoint: Endpoint<'_>, host: Option<Host>, now_ms: i64) -> (&'static str, String) {
    let expires = |ms: i64| ("expires", http_date(ms));
    let in_minutes = |minutes: i64| expires(now_ms + minutes * MINUTE_MS);
    match (endpoint, host) {
        (Endpoint::Protocol(_), _) => in_minutes(20),
        (Endpoint::Overview(..) | Endpoint::Summary(..), _) => in_minutes(30),
        (Endpoint::ChainHistory(_) | Endpoint::Tvl(_), _) => in_minutes(60),
        (Endpoint::Current(_), _) => {
            let mark_ms = floor_to(now_ms, 5 * MINUTE_MS) + 5 * MINUTE_MS;
            expires(mark_ms + 20 * SECOND_MS)
        }
        (_, Some(Host::Coins)) => ("cache-control", "max-age=3600".to_owned()),
        (_, Some(Host::Stablecoins)) => ("cache-control", "public, max-age=1800".to_owned()),
        (_, Some(Host::Yields)) => {
            let mark_ms = floor_to(now_ms - 22 * MINUTE_MS, HOUR_MS) + HOUR_MS + 22 * MINUTE_MS;
            expires(mark_ms)
        }
        _ => ("cache-control", "public, max-age=600".to_owned()),
    }
}

impl VendorApi for DefiLlama {
    fn key_parameters(&self) -> &'static [&'static str] {
        &[]
    }

    fn shown_path(&self, below: &str) -> String {
        route::without_key(below)
    }

    fn template(&self, call: &Call) -> String {
        let segments = call.path();
        let route = Route::of(&segments);
        let template = route.endpoint.map_or("(unknown)", |(_, template)| template);
        match route.door {
            Door::Free if route.endpoint.is_some() => format!("/free{template}"),
            _ => template.to_owned(),
        }
    }

    fn admit(&self, call: &Call) -> (&'static str, Result<(), Reply>) {
        let segments = call.path();
        let route = Route::of(&segments);
        let caller = self.caller(route.door);
        // Every request counts against the minute, refused ones too.
        let seen = self.limits.count_request(caller, call.now_ms);
        (caller, self.check(call, route, caller, seen))
    }

    fn answer(&self, call: &Call, _caller: &'static str) -> Reply {
        let segments = call.path();
        let route = Route::of(&segments);
        let Some((endpoint, template)) = route.endpoint else {
            return errors::no_data();
        };
        if self.is_moved(route, template) {
            return errors::no_data();
        }
        let unpaid = route.door == Door::Free && endpoint.is_paid();
        if unpaid || self.is_over(route, call.now_ms) {
            return errors::payment_required();
        }
        let roster = self.roster();
        let ask = Ask {
            call,
            roster: &roster,
        };
        let reply = self.serve(&ask, endpoint).unwrap_or_else(|refusal| refusal);
        if reply.status != 200 {
            return reply;
        }
        let (name, value) = caching(endpoint, route.host, call.now_ms);
        reply.with(name, value)
    }

    fn refusal(&self, call: &Call, fault: &Fault) -> Option<Reply> {
        let segments = call.path();
        let host = Route::of(&segments).host;
        match fault {
            // The vendor has no header of its own for when the minute ends.
            Fault::Status429 { retry_after, .. } => Some(errors::rate_limited(*retry_after)),
            Fault::ThrottledText => Some(errors::rate_limited_page()),
            Fault::MonthSpent => Some(errors::quota_spent(self.plan.quota_spent)),
            Fault::Status500 => Some(errors::internal()),
            Fault::Status502 if host == Some(Host::Coins) => Some(errors::coins_internal()),
            Fault::Status502 => Some(errors::bad_gateway()),
            Fault::Html403 => Some(errors::blocked()),
            _ => None,
        }
    }

    fn dress(&self, _call: &Call, reply: &mut Reply) {
        let origin = ("access-control-allow-origin", "*".to_owned());
        reply.headers.push(origin);
    }

    fn truth(&self, ask: &BTreeMap<String, String>, span: Span) -> Result<Points, String> {
        let series = truth::Series::named(ask)?;
        Ok(series.held(&self.roster(), span))
    }

    fn reset(&self) {
        self.limits.reset();
    }
}
