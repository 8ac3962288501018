//! What exists only as of now: market caps, and the term structure of options.

use super::numbers::{Decimal, rounded, tens};
use super::params::list;
use super::products;
use super::{Plan, errors, table};
use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, MINUTE_MS, floor_to};
use crate::truth::{Metric, float, wave};
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

/// A snapshot is taken every five minutes, this long after the full ones.
const EVERY_MS: i64 = 5 * MINUTE_MS;
const AFTER_MS: i64 = 13_252;
/// Days to the expiries of the term structure.
const EXPIRIES: [i64; 8] = [1, 2, 7, 14, 30, 60, 120, 240];

/// Returns the instant of the newest snapshot.
pub(super) fn snapshot_ms(now_ms: i64) -> i64 {
    floor_to(now_ms - AFTER_MS, EVERY_MS) + AFTER_MS
}

/// A coin's four numbers: in circulation and in existence, each in coins and dollars.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) circ: Option<Decimal>,
    pub(crate) circ_dollars: Option<Decimal>,
    pub(crate) fdv: Option<Decimal>,
    pub(crate) fdv_dollars: Option<Decimal>,
}

impl Caps {
    /// Returns the numbers of a ticker at an instant, or nothing for one that Velo does not know or that has no data.
    ///
    /// Whether the vendor counts a ticker like `1000PEPE` in thousands here, too, is not established: here it does.
    pub(super) fn of(world: &WorldState, ticker: &str, at_ms: i64) -> Option<Self> {
        let (entity, multiple) = products::coin(world, ticker)?;
        let price = world.value(entity, Metric::Price, at_ms)?;
        let coins = |coins: f64| Decimal::new(rounded(coins / multiple), 0);
        let dollars = |dollars: f64| Decimal::new(rounded(dollars * tens(1)), 1);
        let value = |metric| world.value(entity, metric, at_ms);
        let exists = value(Metric::TotalSupply).or(entity.max_supply);
        let revised = world.revision_factor(entity, Metric::Fdv, at_ms);
        Some(Self {
            circ: value(Metric::CirculatingSupply).map(coins),
            circ_dollars: value(Metric::MarketCap).map(dollars),
            fdv: exists.map(coins),
            fdv_dollars: exists.map(|exists| dollars(exists * price * revised)),
        })
    }

    fn line(&self, ticker: &str, at_ms: i64) -> String {
        let cell = |value: Option<Decimal>, nothing: &str| match value {
            Some(number) => number.to_string(),
            None => nothing.to_owned(),
        };
        format!(
            "{ticker},{at_ms},{},{},{},{}",
            cell(self.circ, ""),
            cell(self.circ_dollars, "null"),
            cell(self.fdv, ""),
            cell(self.fdv_dollars, "null"),
        )
    }
}

/// Answers `/api/v1/caps`. A coin that Velo does not know is absent.
pub(super) fn caps(call: &Call, world: &WorldState, plan: Plan) -> Result<Reply, Reply> {
    let at_ms = snapshot_ms(call.now_ms);
    let lines = coins(call)?.into_iter().filter_map(|ticker| {
        let caps = Caps::of(world, ticker, at_ms)?;
        Some(caps.line(ticker, at_ms))
    });
    let header = "coin,time,circ,circ_dollars,fdv,fdv_dollars";
    Ok(table(header, lines, plan.header))
}

/// Answers `/api/v1/terms`: one line per expiry, for two coins. The time is that of the snapshot; what it means at the
/// vendor is not established.
pub(super) fn terms(call: &Call, world: &WorldState, plan: Plan) -> Result<Reply, Reply> {
    let at_ms = snapshot_ms(call.now_ms);
    let known = coins(call)?
        .into_iter()
        .filter(|coin| matches!(*coin, "BTC" | "ETH"));
    let entities = known.filter_map(|ticker| Some((ticker, products::coin(world, ticker)?.0)));
    let lines = entities.flat_map(|(ticker, entity)| {
        EXPIRIES.map(|days| {
            let (iv, forward) = volatilities(world, entity, days, at_ms);
            let dte = Decimal::new(days * 100 - floor_to(at_ms, DAY_MS).rem_euclid(7), 2);
            format!("{ticker},{at_ms},{iv},{dte},{forward}")
        })
    });
    let header = "coin,time,at_the_money_iv,dte,fwd_iv";
    Ok(table(header, lines, plan.header))
}

/// The first expiry has no volatility forward to it.
fn volatilities(world: &WorldState, entity: &Entity, days: i64, at_ms: i64) -> (Decimal, String) {
    let at = |days: i64| {
        let key = chance::pair(entity.hash ^ world.seed, 70 + days.unsigned_abs());
        0.45 + 0.01 * float(days).sqrt() + 0.08 * wave(key, at_ms)
    };
    let decimal = |value: f64| Decimal::new(rounded(value * tens(4)), 4);
    let forward = EXPIRIES
        .into_iter()
        .take_while(|sooner| *sooner < days)
        .last();
    let forward = forward.map(|sooner| decimal((at(sooner) + at(days)) / 2.0).to_string());
    (decimal(at(days)), forward.unwrap_or_default())
}

fn coins(call: &Call) -> Result<Vec<&str>, Reply> {
    let coins = list(call, "coins");
    if coins.is_empty() {
        return Err(errors::missing("coins"));
    }
    Ok(coins)
}
