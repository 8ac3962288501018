//! Alpha Vantage as its contract describes it: one path, a function in the query, refusals inside status 200.
//!
//! Checks run in this order: `Accept`, key, second, minute, day, function, plan, then the function's own. Where the
//! contract leaves something open, the choice is said beside the code that makes it; most are switches of the plan.
//!
//! Not played: statements, earnings, news, options and technical indicators, whose answers the contract does not hold.

mod ask;
mod asset;
mod bar;
mod budget;
mod catalogue;
mod company;
mod currency;
mod economy;
mod errors;
mod every;
mod function;
mod indices;
mod keys;
mod listing;
mod pairs;
mod plan;
mod quotes;
mod share;
mod shares;
mod table;
mod truth;
mod venue;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Options;
use crate::faults::Fault;
use crate::held::{Points, Span};
use crate::instant::DAY_MS;
use crate::vendor::{Call, Reply, VendorApi};
use crate::world::World;
use ask::{Ask, Entitlement};
pub(crate) use asset::{enrol, invented, names};
pub use bar::AlphaVantageField;
use budget::{Broken, Budget, Limit};
use errors::Refusal;
use function::{Function, Gate, Period};
use keys::Caller;
pub use plan::{AlphaVantageLabels, AlphaVantagePlan};
use table::Table;

/// The simulated vendor.
pub(crate) struct AlphaVantage {
    world: Arc<World>,
    plan: AlphaVantagePlan,
    options: Options,
    budget: Budget,
}

impl AlphaVantage {
    /// Makes the vendor. Of the numbers among the options `rpm` replaces the limits of minute and second, and
    /// `monthly_credits` the calls a day: the vendor counts no months.
    pub(crate) fn new(world: Arc<World>, plan: AlphaVantagePlan, options: Options) -> Self {
        Self {
            world,
            plan,
            options,
            budget: Budget::default(),
        }
    }

    fn caller<'a>(&self, call: &'a Call) -> Result<Caller<'a>, Refusal> {
        keys::caller(call, &self.options.key, self.plan)
    }

    fn limit(&self, caller: Caller<'_>) -> Limit {
        let own_rpm = self.options.rpm.filter(|_| caller.is_own);
        let own_day = self.options.monthly_credits.filter(|_| caller.is_own);
        Limit {
            per_second: own_rpm.is_none().then(|| caller.plan.calls_per_second()),
            per_minute: own_rpm.or(caller.plan.per_minute),
            per_day: own_day.or(caller.plan.calls_per_day()),
            refusals_count: !self.plan.free_refusals,
        }
    }

    /// Returns the day of the quota that an instant is in. Where it begins is not established.
    fn quota_day(&self, now_ms: i64) -> i64 {
        let local_ms = if self.plan.eastern_day {
            venue::US.zone.local_ms(now_ms)
        } else {
            now_ms
        };
        local_ms.div_euclid(DAY_MS)
    }

    fn count(&self, call: &Call, caller: Caller<'_>) -> Result<(), Refusal> {
        let limit = self.limit(caller);
        let day = self.quota_day(call.now_ms);
        let counted = self.budget.count(caller.key, limit, day, call.now_ms);
        counted.map_err(|broken| match broken {
            Broken::Second if !caller.plan.is_premium() => Refusal::BurstFree,
            Broken::Second => Refusal::BurstPremium(caller.plan.calls_per_second()),
            Broken::Minute => Refusal::Minute,
            Broken::Day => Refusal::DayFree {
                key: caller.key.to_owned(),
                limit: limit.per_day.unwrap_or(0),
            },
        })
    }

    /// Wraps a refusal as the called function shows it.
    fn refusal(&self, call: &Call, refusal: &Refusal) -> Reply {
        let function = call.param("function").and_then(Function::named);
        let header = function.and_then(|(function, ..)| function.csv_only());
        refusal.reply(header.filter(|_| !self.plan.json_refusals))
    }

    fn query(&self, call: &Call) -> Reply {
        let asked = call.param("function").unwrap_or_default();
        let Some((function, name, gate)) = Function::named(asked) else {
            return Refusal::UnknownFunction(asked.to_owned()).reply(None);
        };
        let Ok(caller) = self.caller(call) else {
            return self.refusal(call, &Refusal::KeyMissing);
        };
        let ask = Ask {
            call,
            world: &self.world.snapshot(),
            plan: caller.plan,
            function,
            name,
            whole: None,
        };
        match gated(&ask, gate) {
            Some(refusal) => ask.refusal(&refusal),
            None => answered(&ask).unwrap_or_else(|refusal| refusal),
        }
    }
}

/// Returns why the plan may not ask this. The text for an entitlement without the right is not established; here it is
/// the one for a premium endpoint.
fn gated(ask: &Ask<'_>, gate: Gate) -> Option<Refusal> {
    let full = ask.function == Function::Shares(Period::Day, false) && ask.wants_full();
    let entitled = ask.entitlement() == Entitlement::None || ask.plan.realtime;
    let may = match gate {
        Gate::Free => true,
        Gate::Premium => ask.plan.is_premium(),
        Gate::Realtime => ask.plan.realtime || ask.plan.sample_bulk,
    };
    if !may || !entitled {
        Some(Refusal::PremiumEndpoint)
    } else if full && !ask.plan.is_premium() {
        Some(Refusal::PremiumOutputSize(ask.name.to_owned()))
    } else {
        None
    }
}

/// Returns the table of a function that answers with one.
fn table_of(ask: &Ask<'_>) -> Option<Result<Table, Reply>> {
    Some(match ask.function {
        Function::Shares(period, adjusted) => shares::by_period(ask, period, adjusted),
        Function::SharesIntraday => shares::intraday(ask),
        Function::Fx(period) => pairs::fx(ask, period),
        Function::FxIntraday => pairs::fx_intraday(ask),
        Function::Digital(period) => pairs::digital(ask, period),
        Function::CryptoIntraday => pairs::crypto_intraday(ask),
        _ => return None,
    })
}

fn answered(ask: &Ask<'_>) -> Result<Reply, Reply> {
    if let Some(table) = table_of(ask) {
        return Ok(table?.reply(ask));
    }
    let header = ask.function.csv_only().unwrap_or_default();
    match ask.function {
        Function::GlobalQuote => quotes::global(ask),
        Function::BulkQuotes => quotes::bulk(ask),
        Function::ExchangeRate => quotes::exchange_rate(ask),
        Function::Search => listing::search(ask),
        Function::ListingStatus => listing::status(ask, header),
        Function::EarningsCalendar => Ok(listing::earnings(ask, header)),
        Function::IpoCalendar => Ok(listing::ipos(ask, header)),
        Function::MarketStatus => Ok(listing::markets(ask)),
        Function::Overview => company::overview(ask),
        Function::Dividends => company::dividends(ask),
        Function::Splits => company::splits(ask),
        Function::IndexData => indices::data(ask),
        Function::IndexCatalog => Ok(indices::catalogue(ask)),
        Function::Economy(name) => Ok(economy::answer(ask, name)?.reply(ask)),
        _ => Err(ask.invalid()),
    }
}

impl VendorApi for AlphaVantage {
    fn key_parameters(&self) -> &'static [&'static str] {
        &[keys::PARAMETER]
    }

    fn template(&self, call: &Call) -> String {
        match call.path().as_slice() {
            ["query"] => {
                let function = call.param("function").and_then(Function::named);
                let name = function.map_or("(unknown)", |(_, name, _)| name);
                format!("/query?function={name}")
            }
            ["digital_currency_list"] => "/digital_currency_list/".to_owned(),
            ["physical_currency_list"] => "/physical_currency_list/".to_owned(),
            _ => "(unknown)".to_owned(),
        }
    }

    fn admit(&self, call: &Call) -> (&'static str, Result<(), Reply>) {
        let accepts = call.header("accept").unwrap_or("*/*");
        if accepts.contains("text/csv") && !accepts.contains("*/*") && !accepts.contains("json") {
            return ("none", Err(errors::not_acceptable()));
        }
        if call.path() != ["query"] {
            return ("none", Ok(()));
        }
        match self.caller(call) {
            Err(refusal) => ("none", Err(self.refusal(call, &refusal))),
            Ok(caller) => {
                let counted = self.count(call, caller);
                (
                    caller.name,
                    counted.map_err(|refusal| self.refusal(call, &refusal)),
                )
            }
        }
    }

    fn answer(&self, call: &Call, _caller: &'static str) -> Reply {
        match call.path().as_slice() {
            ["query"] => self.query(call),
            ["digital_currency_list"] => {
                listing::digital_currencies(&self.world.snapshot(), call.now_ms)
            }
            ["physical_currency_list"] => listing::physical_currencies(),
            _ => errors::network_page(404, "Not Found"),
        }
    }

    /// The vendor's own throttling has status 200, so `ThrottledText` and `MonthSpent` are its burst and daily notices;
    /// a real 429 has never been seen.
    fn refusal(&self, call: &Call, fault: &Fault) -> Option<Reply> {
        let key = call.param(keys::PARAMETER).unwrap_or_default();
        let is_free = self
            .caller(call)
            .is_ok_and(|caller| !caller.plan.is_premium());
        let burst = if is_free {
            Refusal::BurstFree
        } else {
            Refusal::BurstPremium(20)
        };
        let day = || Refusal::DayFree {
            key: key.to_owned(),
            limit: 25,
        };
        match fault {
            Fault::Status429 { retry_after, .. } => {
                let mut reply = burst.reply(None);
                reply.status = 429;
                Some(reply.retry_after(*retry_after))
            }
            Fault::ThrottledText => Some(self.refusal(call, &burst)),
            Fault::MonthSpent => Some(self.refusal(call, &day())),
            Fault::Status500 => Some(errors::origin_page(500)),
            Fault::Status502 => Some(errors::network_page(502, "Bad Gateway")),
            Fault::Html403 => Some(errors::network_page(403, "Forbidden")),
            Fault::Named { name } => self.named(call, name),
            _ => None,
        }
    }

    fn truth(&self, ask: &BTreeMap<String, String>, span: Span) -> Result<Points, String> {
        let world = self.world.snapshot();
        truth::series(&world, self.plan, ask, span)
    }

    fn reset(&self) {
        self.budget.reset();
    }
}

impl AlphaVantage {
    /// Returns the body that the contract's list gives this name.
    fn named(&self, call: &Call, name: &str) -> Option<Reply> {
        let function = call.param("function").unwrap_or_default();
        let key = call.param(keys::PARAMETER).unwrap_or_default();
        let empty = |body: &str| Some(Reply::text(200, errors::JSON, body));
        match name {
            "unknown_symbol_global_quote" => empty(r#"{"Global Quote":{}}"#),
            "unknown_symbol_overview" => empty("{}"),
            "no_match_symbol_search" => empty(r#"{"bestMatches":[]}"#),
            "accept_text_csv_rejected" => Some(errors::not_acceptable()),
            "origin_down_html" => Some(errors::origin_page(503)),
            _ => Refusal::named(name, function, key).map(|refusal| self.refusal(call, &refusal)),
        }
    }
}
