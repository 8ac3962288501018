//! The three catalogues.

use super::params::leading_integer;
use super::products::{self, Product};
use super::venues::Market;
use super::{Plan, table};
use crate::chance;
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

/// Answers a catalogue: what is traded now or, with `delisted=1`, only what is not any more. Options have no second list.
///
/// The order means nothing, and one line in fifty stands there twice: the contract allows for both.
pub(super) fn products(call: &Call, world: &WorldState, market: Market, plan: Plan) -> Reply {
    let delisted = call.param("delisted").and_then(leading_integer) == Some(1);
    let header = match (market, delisted) {
        (Market::Futures, false) => "exchange,coin,product,begin,depth",
        (Market::Futures, true) => "exchange,coin,product,begin,end,depth",
        (Market::Spot, true) => "exchange,coin,product,begin,end",
        (Market::Spot | Market::Options, _) => "exchange,coin,product,begin",
    };
    let wanted = |one: &Product<'_>| {
        let ended = one.ends_ms().is_some_and(|ends_ms| ends_ms <= call.now_ms);
        let begun = one.begins_ms() <= call.now_ms;
        let listed = begun && one.venue.market == market && ended == delisted;
        listed && !(market == Market::Options && delisted)
    };
    let mut found: Vec<_> = products::all(world).filter(wanted).collect();
    found.sort_by_key(Product::hash);
    let lines = found.iter().flat_map(|one| {
        let twice = chance::below(chance::mix(one.hash()), 50) == 0;
        std::iter::repeat_n(line(one, delisted), if twice { 2 } else { 1 })
    });
    table(header, lines, plan.header)
}

fn line(one: &Product<'_>, delisted: bool) -> String {
    let mut line = format!(
        "{},{},{},{}",
        one.exchange,
        one.coin,
        one.product,
        one.begins_ms()
    );
    if let Some(ends_ms) = one.ends_ms().filter(|_| delisted) {
        line.push_str(&format!(",{ends_ms}"));
    }
    if one.venue.market == Market::Futures {
        let depth = chance::below(one.hash(), 4) == 0;
        line.push_str(if depth { ",true" } else { ",false" });
    }
    line
}
