//! Which market an exchange trades. The vendor gives an exchange a name for each of its markets (`bybit`
//! and `bybit-spot`); new ones do appear, and the CSV says of those what they trade.

use std::collections::BTreeMap;

use model::{Key, Venue};

use crate::{datasets::OPTION_PREFIX, metrics::Market};

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

/// What the CSV says of exchanges that are not known.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(BTreeMap<Venue, Market>);

impl Exchanges {
    /// Takes over what a row says; fails with the other market where another row says that.
    pub(crate) fn learn(&mut self, exchange: &str, market: Market) -> Result<(), Market> {
        if market_of_known(exchange).is_some() || !matches!(market, Market::Spot | Market::Futures)
        {
            return Ok(());
        }
        let said = *self.0.entry(exchange.into()).or_insert(market);
        match said == market {
            true => Ok(()),
            false => Err(said),
        }
    }

    /// Returns the market that a key belongs to; none for caps and for the basis. What nobody says
    /// anything of trades futures, as nearly all exchanges do.
    pub(crate) fn market_of(&self, key: &Key) -> Option<Market> {
        if key.venue.is_none() {
            return None;
        }
        if key.asset.as_str().starts_with(OPTION_PREFIX) {
            return Some(Market::Options);
        }
        let said = market_of_known(key.venue.as_str()).or_else(|| self.0.get(&key.venue).copied());
        Some(said.unwrap_or(Market::Futures))
    }
}
