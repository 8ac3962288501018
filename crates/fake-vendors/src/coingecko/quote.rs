//! Currencies a value can be quoted in. Fiat rates are made up and constant; crypto rates follow the world.

use std::sync::Arc;

use crate::entity::Entity;
use crate::world::WorldState;

/// Units of each currency for one US dollar.
const FIAT: [(&str, f64); 49] = [
    ("usd", 1.0),
    ("aed", 3.6725),
    ("ars", 1_420.0),
    ("aud", 1.53),
    ("bdt", 122.0),
    ("bhd", 0.377),
    ("bmd", 1.0),
    ("brl", 5.4),
    ("cad", 1.39),
    ("chf", 0.8),
    ("clp", 945.0),
    ("cny", 7.12),
    ("czk", 20.9),
    ("dkk", 6.42),
    ("eur", 0.86),
    ("gbp", 0.75),
    ("gel", 2.7),
    ("hkd", 7.78),
    ("huf", 335.0),
    ("idr", 16_600.0),
    ("ils", 3.3),
    ("inr", 88.5),
    ("jpy", 152.0),
    ("krw", 1_430.0),
    ("kwd", 0.307),
    ("lkr", 304.0),
    ("mmk", 2_100.0),
    ("mxn", 18.4),
    ("myr", 4.2),
    ("ngn", 1_450.0),
    ("nok", 10.1),
    ("nzd", 1.75),
    ("php", 58.5),
    ("pkr", 281.0),
    ("pln", 3.65),
    ("rub", 80.0),
    ("sar", 3.75),
    ("sek", 9.45),
    ("sgd", 1.3),
    ("thb", 32.5),
    ("try", 42.0),
    ("twd", 30.8),
    ("uah", 42.0),
    ("vef", 0.1),
    ("vnd", 26_300.0),
    ("zar", 17.3),
    ("xdr", 0.735),
    ("xag", 0.02),
    ("xau", 0.000_25),
];

/// Currency code, coin behind it, units of the currency per coin.
const COINS: [(&str, &str, f64); 14] = [
    ("btc", "bitcoin", 1.0),
    ("eth", "ethereum", 1.0),
    ("ltc", "litecoin", 1.0),
    ("bch", "bitcoin-cash", 1.0),
    ("bnb", "binancecoin", 1.0),
    ("eos", "eos", 1.0),
    ("xrp", "ripple", 1.0),
    ("xlm", "stellar", 1.0),
    ("link", "chainlink", 1.0),
    ("dot", "polkadot", 1.0),
    ("yfi", "yearn-finance", 1.0),
    ("sol", "solana", 1.0),
    ("bits", "bitcoin", 1e6),
    ("sats", "bitcoin", 1e8),
];

/// A currency with its way from the US dollar.
#[derive(Debug, Clone)]
pub(crate) enum Quote {
    Fiat(f64),
    Coin(Arc<Entity>, f64),
}

impl Quote {
    /// Returns the US dollar.
    pub(crate) fn usd() -> Self {
        Self::Fiat(1.0)
    }

    /// Finds a currency by its code.
    pub(crate) fn named(world: &WorldState, code: &str) -> Option<Self> {
        let code = code.to_ascii_lowercase();
        if let Some((_, per_usd)) = FIAT.iter().find(|(name, _)| *name == code) {
            return Some(Self::Fiat(*per_usd));
        }
        let (_, id, units) = COINS.iter().find(|(name, ..)| *name == code)?;
        Some(Self::Coin(Arc::clone(world.coin(id)?), *units))
    }

    /// Returns how many units one US dollar buys at an instant.
    pub(crate) fn per_usd(&self, world: &WorldState, at_ms: i64) -> f64 {
        match self {
            Self::Fiat(per_usd) => *per_usd,
            Self::Coin(entity, units) => units / world.price_ever(entity, at_ms),
        }
    }
}

/// Returns the codes of all currencies.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    COINS
        .iter()
        .map(|(code, ..)| *code)
        .chain(FIAT.iter().map(|(code, _)| *code))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::world::World;

    #[test]
    fn there_are_63_currencies_and_each_is_found() {
        let world = World::new(1).unwrap().snapshot();
        let all: HashSet<_> = codes().collect();
        assert_eq!(all.len(), 63);
        for code in all {
            let rate = Quote::named(&world, code)
                .unwrap()
                .per_usd(&world, 1_700_000_000_000);
            assert!(rate > 0.0 && rate.is_finite(), "{code}");
        }
        assert!(Quote::named(&world, "xyz").is_none());
        assert!(Quote::named(&world, "USD").is_some());
    }
}
