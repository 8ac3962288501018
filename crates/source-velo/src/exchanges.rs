//! The exchanges that are known, and which market each trades. The vendor gives an exchange a name for
//! each of its markets (`bybit` and `bybit-spot`).

use crate::metrics::Market;

/// The exchanges of spot products that are known.
const SPOT: [&str; 4] = ["binance", "coinbase", "bybit-spot", "okex"];
/// The exchanges of futures that are known.
const FUTURES: [&str; 8] = [
    "binance-futures",
    "bybit",
    "okex-swap",
    "deribit",
    "hyperliquid",
    "binance-coin-margin",
    "bybit-coin-margin",
    "okex-coin-margin",
];
/// The exchange of options. Futures have the same name there, so that the coin says it.
const OPTIONS: [&str; 1] = ["deribit"];

/// Returns the exchanges of a market that are known; none of the basis, which no exchange has.
pub(crate) const fn known(market: Market) -> &'static [&'static str] {
    match market {
        Market::Spot => &SPOT,
        Market::Futures => &FUTURES,
        Market::Options => &OPTIONS,
        Market::Basis => &[],
    }
}

/// Returns the market that a known exchange trades beside options.
pub(crate) fn market_of_known(exchange: &str) -> Option<Market> {
    [Market::Spot, Market::Futures]
        .into_iter()
        .find(|market| known(*market).contains(&exchange))
}
