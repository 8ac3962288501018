//! Which products there are, whose they are and how long they live; how ids are enrolled.

use crate::chance;
use crate::entity::{Entity, VeloProduct};
use crate::instant::{HOUR_MS, MINUTE_MS, ceil_to, floor_to};
use crate::velo::venues::{Market, Venue, multiple, term_ms, usual_product};
use crate::world::WorldState;

/// What there is beyond the world's table: a spot pair that shares its name with a contract, options, dated contracts
/// of which one has ended.
const MORE: [&str; 7] = [
    "binance:BTC:BTCUSDT",
    "coinbase:ETH:ETH-USD",
    "bybit-spot:BTC:BTCUSDT",
    "deribit:BTC:BTC",
    "deribit:ETH:ETH",
    "deribit:BTC:BTC-25SEP26",
    "binance-futures:BTC:BTCUSD_210625",
];

/// Adds what every Velo has.
pub(crate) fn furnish(state: &mut WorldState) {
    for id in MORE {
        enrol(state, id);
    }
}

/// Makes sure that the world has what Velo knows under `exchange:coin:product`.
///
/// The product may be empty: then it is the venue's usual one, unless the venue has one of that coin already. The
/// exchange may be empty, or the coin stand alone: then the coin has a market cap and no product. A ticker means the
/// entity of the table that has it, with or without the multiple in front; else an entity is made up from it.
///
/// A product of a venue is one series and belongs to one coin: the one under which it came first keeps it.
pub(crate) fn enrol(state: &mut WorldState, id: &str) {
    let mut parts = id.splitn(3, ':').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let (exchange, coin) = match parts.next() {
        Some(coin) => (first, coin),
        None => ("", first),
    };
    let product = parts.next().unwrap_or_default();
    if coin.is_empty() {
        return;
    }
    let mut entity = owner(state, coin).unwrap_or_else(|| made_up(multiple(coin).1));
    let ticker = entity.velo_coin.get_or_insert_with(|| coin.to_owned());
    if exchange.is_empty() {
        if ticker != coin && !entity.velo_products.iter().any(|one| one.coin == coin) {
            // A second spelling of a coin lives on as a product without a venue.
            entity.velo_products.push(velo_product("", coin, ""));
        }
    } else {
        let of_coin = |one: &VeloProduct| one.exchange == exchange && one.coin == coin;
        let known = product.is_empty() && entity.velo_products.iter().any(of_coin);
        let product = match product {
            "" => usual_product(exchange, coin),
            named => named.to_owned(),
        };
        if !known && find(state, exchange, &product).is_none() {
            entity
                .velo_products
                .push(velo_product(exchange, coin, &product));
        }
    }
    state.put(entity);
}

fn velo_product(exchange: &str, coin: &str, product: &str) -> VeloProduct {
    VeloProduct {
        exchange: exchange.to_owned(),
        coin: coin.to_owned(),
        product: product.to_owned(),
    }
}

/// Returns the entity of a ticker: Velo's own word first, then the symbol of a crypto asset.
fn owner(state: &WorldState, ticker: &str) -> Option<Entity> {
    let base = multiple(ticker).1;
    let by_ticker = |entity: &&Entity| {
        let mut tickers = entity.velo_products.iter().map(|one| one.coin.as_str());
        entity
            .velo_coin
            .as_deref()
            .is_some_and(|own| multiple(own).1 == base)
            || tickers.any(|own| multiple(own).1 == base)
    };
    let by_symbol = |entity: &&Entity| {
        let is_crypto = !matches!(entity.kind.as_str(), "equity" | "etf");
        is_crypto && !entity.no_data && entity.symbol.eq_ignore_ascii_case(base)
    };
    let all = || state.entities.iter().map(AsRef::as_ref);
    all()
        .find(by_ticker)
        .or_else(|| all().find(by_symbol))
        .cloned()
}

fn made_up(ticker: &str) -> Entity {
    Entity {
        name: ticker.to_owned(),
        symbol: ticker.to_owned(),
        coingecko_id: None,
        llama_coin: None,
        velo_coin: None,
        ..Entity::invented(&ticker.to_lowercase())
    }
}

/// A product with its owner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<'a> {
    pub(crate) entity: &'a Entity,
    pub(crate) exchange: &'a str,
    pub(crate) coin: &'a str,
    pub(crate) product: &'a str,
    pub(super) venue: Venue,
}

impl<'a> Product<'a> {
    fn of(entity: &'a Entity, one: &'a VeloProduct) -> Option<Self> {
        // Without a venue it is a spelling, without data a name.
        let traded = !one.exchange.is_empty() && !entity.no_data;
        traded.then(|| Self {
            entity,
            exchange: &one.exchange,
            coin: &one.coin,
            product: &one.product,
            venue: Venue::of(&one.exchange, &one.coin, &one.product),
        })
    }

    /// Returns how many coins one unit is.
    pub(super) fn multiple(&self) -> f64 {
        crate::truth::float(multiple(self.coin).0)
    }

    /// Returns the hash that sets the product's phases.
    pub(super) fn hash(&self) -> u64 {
        let venue = chance::pair(chance::text(self.exchange), chance::text(self.product));
        match self.venue.market {
            Market::Futures => venue,
            Market::Spot => chance::mix(venue),
            Market::Options => chance::mix(!venue),
        }
    }

    /// Tells whether the contract has an end from the beginning.
    pub(super) fn is_dated(&self) -> bool {
        term_ms(self.exchange, self.product).is_some()
    }

    /// Returns the first instant: a minute of the day on which the asset came, unless the venue came later.
    pub(crate) fn begins_ms(&self) -> i64 {
        let minute = chance::below(self.hash(), 20 * 60);
        let listed_ms = match self.entity.listed_ms {
            early if early < self.venue.begins_ms => self.venue.begins_ms,
            late => late + minute * MINUTE_MS,
        };
        let term = term_ms(self.exchange, self.product);
        term.map_or(listed_ms, |(begins_ms, _)| begins_ms.max(listed_ms))
    }

    /// Returns the first instant without data.
    pub(crate) fn ends_ms(&self) -> Option<i64> {
        let term = term_ms(self.exchange, self.product).map(|(_, ends_ms)| ends_ms);
        match (self.entity.delisted_ms, term) {
            (Some(delisted_ms), Some(ends_ms)) => Some(delisted_ms.min(ends_ms)),
            (one, other) => one.or(other),
        }
    }

    /// Returns the whole minutes with data: the first, and the first without.
    pub(super) fn life_ms(&self) -> (i64, i64) {
        let ends_ms = self.ends_ms().map(|ends_ms| floor_to(ends_ms, MINUTE_MS));
        let begins_ms = ceil_to(self.begins_ms(), MINUTE_MS);
        (begins_ms, ends_ms.unwrap_or(i64::MAX - HOUR_MS))
    }
}

/// Returns all products, in the order in which they were enrolled.
pub(crate) fn all(world: &WorldState) -> impl Iterator<Item = Product<'_>> {
    let of = |entity| move |one| Product::of(entity, one);
    (world.entities.iter())
        .flat_map(move |entity| entity.velo_products.iter().filter_map(of(entity)))
}

/// Returns the product of a venue.
pub(super) fn find<'a>(
    world: &'a WorldState,
    exchange: &str,
    product: &str,
) -> Option<Product<'a>> {
    all(world).find(|one| one.exchange == exchange && one.product == product)
}

/// Returns the entity of a coin's spelling, and how many coins one unit of that spelling is.
pub(super) fn coin<'a>(world: &'a WorldState, ticker: &str) -> Option<(&'a Entity, f64)> {
    let spells = |entity: &&Entity| {
        let own = entity.velo_coin.as_deref() == Some(ticker);
        own || entity.velo_products.iter().any(|one| one.coin == ticker)
    };
    let entity = world.entities.iter().map(AsRef::as_ref).find(spells)?;
    Some((entity, crate::truth::float(multiple(ticker).0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    fn state(ids: &[&str]) -> WorldState {
        let world = World::new(1).unwrap();
        world.alter(|state| {
            furnish(state);
            ids.iter().for_each(|id| enrol(state, id));
        });
        WorldState::clone(&world.snapshot())
    }

    fn products(state: &WorldState, name: &str) -> Vec<String> {
        let own = all(state).filter(|one| one.entity.name == name);
        own.map(|one| format!("{}:{}:{}", one.exchange, one.coin, one.product))
            .collect()
    }

    #[test]
    fn ids_find_their_entity_by_ticker_multiple_and_symbol() {
        let state = state(&[
            "bybit:PEPE:",
            "hyperliquid:1000PEPE:",
            "binance-futures:1000SHIB:1000SHIBUSDT",
            "binance:WBTC:",
            "binance-futures:LUNA2:",
        ]);
        assert_eq!(
            products(&state, "Pepe"),
            [
                "binance-futures:1000PEPE:1000PEPEUSDT",
                "bybit:PEPE:PEPEUSDT",
                "hyperliquid:1000PEPE:kPEPE-USD"
            ]
        );
        let shib = ["binance-futures:1000SHIB:1000SHIBUSDT"];
        assert_eq!(products(&state, "Shiba Inu"), shib);
        assert_eq!(
            products(&state, "Wrapped Bitcoin"),
            ["binance:WBTC:WBTCUSDT"]
        );
        assert_eq!(
            products(&state, "Terra"),
            ["binance-futures:LUNA2:LUNA2USDT"]
        );
        let one = |ticker| coin(&state, ticker).map(|(entity, many)| (entity.name.as_str(), many));
        assert_eq!(one("1000PEPE"), Some(("Pepe", 1_000.0)));
        assert_eq!(one("PEPE"), Some(("Pepe", 1.0)));
        assert_eq!(one("NOBODY"), None);
    }

    #[test]
    fn a_product_of_a_venue_keeps_its_first_coin() {
        let state = state(&[
            "hyperliquid:1000PEPE:",
            "hyperliquid:kPEPE:",
            "bybit:XBT:BTCUSDT",
            "binance-futures:XBT:BTCUSDT",
            "bybit:XBT:",
        ]);
        let coins = |exchange: &str, product: &str| -> Vec<&str> {
            let same = all(&state).filter(|one| (one.exchange, one.product) == (exchange, product));
            same.map(|one| one.coin).collect()
        };
        assert_eq!(coins("hyperliquid", "kPEPE-USD"), ["1000PEPE"]);
        assert_eq!(coins("binance-futures", "BTCUSDT"), ["BTC"]);
        assert_eq!(coins("bybit", "BTCUSDT"), ["BTC"]);
        assert_eq!(coins("bybit", "XBTUSDT"), ["XBT"]);
    }

    #[test]
    fn unknown_ids_are_made_up_once_and_equities_are_left_alone() {
        let state = state(&[
            "bybit:COIN:",
            "okex-swap:COIN:",
            ":888:",
            "999",
            "bybit::",
            "",
        ]);
        let made = ["bybit:COIN:COINUSDT", "okex-swap:COIN:COIN-USDT-SWAP"];
        assert_eq!(products(&state, "COIN"), made);
        assert!(products(&state, "Coinbase Global, Inc.").is_empty());
        assert!(coin(&state, "888").is_some() && coin(&state, "999").is_some());
        assert!(products(&state, "888").is_empty());
        assert!(coin(&state, "").is_none());
    }

    #[test]
    fn lives_follow_venue_listing_and_term() {
        let state = state(&[]);
        let begins = |exchange, product| find(&state, exchange, product).unwrap().begins_ms();
        assert_eq!(begins("binance-futures", "BTCUSDT"), 1_609_459_200_000);
        assert_eq!(begins("hyperliquid", "BTC-USD"), 1_718_136_000_000);
        assert_eq!(begins("binance", "ETHUSDT"), 1_502_942_428_000);
        let pepe = find(&state, "binance-futures", "1000PEPEUSDT").unwrap();
        let late_ms = pepe.begins_ms() - pepe.entity.listed_ms;
        assert!((0..20 * HOUR_MS).contains(&late_ms), "the same day");
        let dated = find(&state, "binance-futures", "BTCUSD_210625").unwrap();
        assert_eq!(dated.ends_ms(), Some(1_624_608_000_000));
        let matic = find(&state, "binance-futures", "MATICUSDT").unwrap();
        assert_eq!(matic.ends_ms(), matic.entity.delisted_ms);
    }
}
