//! Who asks: which plan a key has, and the few questions that the key `demo` may ask.

use super::AlphaVantagePlan;
use super::errors::Refusal;
use crate::vendor::Call;

/// Query parameter of the key; other spellings are not read.
pub(super) const PARAMETER: &str = "apikey";

/// What the key `demo` may ask, each as the documentation writes it.
const DEMO: [&str; 14] = [
    "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=5min",
    "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=5min&outputsize=full",
    "function=TIME_SERIES_DAILY&symbol=IBM",
    "function=TIME_SERIES_DAILY&symbol=TSCO.LON&outputsize=full",
    "function=TIME_SERIES_WEEKLY&symbol=IBM",
    "function=TIME_SERIES_MONTHLY&symbol=IBM",
    "function=GLOBAL_QUOTE&symbol=IBM",
    "function=SYMBOL_SEARCH&keywords=tesco",
    "function=MARKET_STATUS",
    "function=LISTING_STATUS",
    "function=OVERVIEW&symbol=IBM",
    "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=EUR",
    "function=TREASURY_YIELD&interval=monthly&maturity=10year",
    "function=WTI&interval=monthly",
];

/// Whom a call is charged to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    /// As the log names it.
    pub(super) name: &'static str,
    pub(super) key: &'a str,
    pub(super) plan: AlphaVantagePlan,
    /// Whether the options' limits hold in place of the plan's.
    pub(super) is_own: bool,
}

/// Reads the key. A key that is spelled like a plan has that plan; one that nobody has heard of is served like the
/// smallest premium plan, because the vendor was seen to check keys that little.
pub(super) fn caller<'a>(
    call: &'a Call,
    own_key: &str,
    own: AlphaVantagePlan,
) -> Result<Caller<'a>, Refusal> {
    let key = call.param(PARAMETER).ok_or(Refusal::KeyMissing)?;
    let of = |plan: AlphaVantagePlan, name, is_own| Caller {
        name,
        key,
        plan: own.as_plan(plan),
        is_own,
    };
    if key == own_key {
        return Ok(of(
            own,
            if own.is_premium() { "premium" } else { "free" },
            true,
        ));
    }
    match (key, AlphaVantagePlan::tier(key)) {
        ("invalid", _) => Err(Refusal::KeyMissing),
        ("demo", _) if asks_for_demo(call) => {
            Ok(of(AlphaVantagePlan::premium(1_200), "demo", false))
        }
        ("demo", _) => Err(Refusal::DemoKey),
        (_, Some(plan)) => Ok(of(
            plan,
            if plan.is_premium() { "premium" } else { "free" },
            false,
        )),
        (_, None) => Ok(of(AlphaVantagePlan::premium(75), "unlisted", false)),
    }
}

fn asks_for_demo(call: &Call) -> bool {
    let asked = call.query.iter().filter(|(name, _)| name != PARAMETER);
    let asked: Vec<String> = asked
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    DEMO.contains(&asked.join("&").as_str())
}
