//! What the CSV says of an exchange beside its products: new ones do appear, and of those it says which
//! market they trade.

use std::collections::BTreeMap;

use model::{Key, Venue};

use crate::{datasets::OPTION_PREFIX, exchanges::market_of_known, metrics::Market};

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
