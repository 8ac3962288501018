//! Velo's data API as its contract describes it: catalogues, rows, caps, terms.
//!
//! Checks run in this order: key, window, path, then the endpoint's own. News, depth and the socket are not played: 404.
//! The vendor's own words are known for two refusals only, see `errors`. Where the contract leaves something open, the
//! choice is said beside the code that makes it, or is a switch of the plan.
//!
//! Values hang on product and minute. They are not summed up from minutes, though: an hour is made first and its
//! minutes are cut out of it such that they add up to it, see `candle` and `flows`. So a year of hours is cheap, and any
//! two resolutions agree to the last digit.

mod auth;
mod bucket;
mod candle;
mod caps;
mod catalogue;
mod columns;
mod errors;
mod flows;
mod hour;
mod numbers;
mod params;
mod plan;
mod products;
mod rows;
mod truth;
mod venues;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Options;
use crate::faults::Fault;
use crate::held::{Points, Span};
use crate::instant::SECOND_MS;
use crate::limits::Limits;
use crate::vendor::{Call, Reply, VendorApi};
use crate::world::World;
pub use plan::Plan;
pub(crate) use products::{enrol, furnish};
use venues::Market;

/// The one caller: limits are counted per account.
const ACCOUNT: &str = "account";
/// A caller without an accepted key.
const NONE: &str = "none";
/// Requests are counted per half minute.
const WINDOW_MS: i64 = 30 * SECOND_MS;
/// And so many fit into one.
const REQUESTS: u32 = 120;

/// Writes a table; one without lines has no byte, or its header alone.
fn table(header: &str, lines: impl Iterator<Item = String>, header_always: bool) -> Reply {
    let mut lines = lines.peekable();
    let mut text = String::new();
    if header_always || lines.peek().is_some() {
        text.push_str(header);
        text.push('\n');
    }
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    Reply::text(200, "text/csv; charset=utf-8", text)
}

/// The simulated vendor.
pub(crate) struct Velo {
    world: Arc<World>,
    plan: Plan,
    credentials: String,
    most: u32,
    limits: Limits,
}

impl Velo {
    /// Makes the vendor. Calls per minute among the options replace the plan's, half of them per window; credits per
    /// month mean nothing here.
    pub(crate) fn new(world: Arc<World>, plan: Plan, options: &Options) -> Self {
        Self {
            world,
            plan,
            credentials: auth::credentials(&options.key),
            most: options.rpm.map_or(REQUESTS, |rpm| rpm / 2),
            limits: Limits::per(WINDOW_MS),
        }
    }

    fn rate_limited(&self, now_ms: i64) -> Reply {
        let left_ms = self.limits.window_ends_ms(now_ms) - now_ms;
        let seconds = u64::try_from((left_ms + SECOND_MS - 1) / SECOND_MS).unwrap_or(30);
        errors::rate_limited((!self.plan.no_retry_after).then_some(seconds))
    }
}

impl VendorApi for Velo {
    fn key_parameters(&self) -> &'static [&'static str] {
        &[]
    }

    fn template(&self, call: &Call) -> String {
        let path = format!("/{}", call.segments.join("/"));
        let known = [
            "status", "futures", "spot", "options", "rows", "caps", "terms",
        ];
        let below = path.strip_prefix("/api/v1/");
        if below.is_some_and(|name| known.contains(&name)) {
            path
        } else {
            "(unknown)".to_owned()
        }
    }

    fn admit(&self, call: &Call) -> (&'static str, Result<(), Reply>) {
        if !auth::accepts(call, &self.credentials) {
            return (NONE, Err(errors::unauthorized(self.plan.forbid)));
        }
        // Refused requests count, too.
        let seen = self.limits.count_request(ACCOUNT, call.now_ms);
        let over = seen > self.most;
        let admitted = if over {
            Err(self.rate_limited(call.now_ms))
        } else {
            Ok(())
        };
        (ACCOUNT, admitted)
    }

    fn answer(&self, call: &Call, _caller: &'static str) -> Reply {
        let world = self.world.snapshot();
        let ["api", "v1", name] = *call.path() else {
            return errors::not_found();
        };
        if let Some(market) = Market::named(name) {
            return catalogue::products(call, &world, market, self.plan);
        }
        let answer = match name {
            "status" => Ok(Reply::text(200, "text/plain; charset=utf-8", "ok\n")),
            "rows" => rows::rows(call, &world, self.plan),
            "caps" => caps::caps(call, &world, self.plan),
            "terms" => caps::terms(call, &world, self.plan),
            _ => Err(errors::not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn refusal(&self, call: &Call, fault: &Fault) -> Option<Reply> {
        match fault {
            Fault::Status429 { retry_after, .. } => Some(errors::rate_limited(*retry_after)),
            // There are no credits per month: what is spent is the window.
            Fault::ThrottledText | Fault::MonthSpent => Some(errors::rate_limited(None)),
            Fault::Status408 => Some(errors::timed_out()),
            Fault::Status500 => Some(errors::internal()),
            Fault::Status502 => Some(errors::bad_gateway()),
            Fault::Status503 => Some(errors::unavailable()),
            Fault::Html403 => Some(errors::blocked()),
            Fault::HalvedLimit => {
                let over = self.limits.requests(ACCOUNT, call.now_ms) > self.most / 2;
                over.then(|| self.rate_limited(call.now_ms))
            }
            _ => None,
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
