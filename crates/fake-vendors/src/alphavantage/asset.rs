//! Who is who: tickers, currency codes and series names to entities of the world, found or made up.
//!
//! A ticker and a code may be spelled alike and be two assets: `BTC` the ETF and `BTC` the coin.

use std::sync::Arc;

use super::catalogue;
use super::currency;
use super::venue::Venue;
use crate::chance;
use crate::entity::Entity;
use crate::instant::DAY_MS;
use crate::world::WorldState;

/// Tickers of the whole market beyond the world: Z and four letters.
const CROWD: i64 = 12_000;

/// The kinds of asset that ids speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Equities and ETFs: a ticker is one of the two.
    Share,
    Crypto,
    Fx,
    Macro,
    Commodity,
    Index,
}

impl Class {
    fn of_kind(kind: &str) -> Self {
        match kind {
            "equity" | "etf" => Self::Share,
            "fx" => Self::Fx,
            "macro" => Self::Macro,
            "commodity" => Self::Commodity,
            "index" => Self::Index,
            _ => Self::Crypto,
        }
    }
}

/// An id of the form `<kind>:<symbol>[:<market>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id<'a> {
    kind: &'a str,
    class: Class,
    code: &'a str,
    market: &'a str,
}

impl<'a> Id<'a> {
    fn read(id: &'a str) -> Option<Self> {
        let mut parts = id.split(':');
        let (kind, code) = (parts.next()?, parts.next()?);
        let known = [
            "equity",
            "etf",
            "crypto",
            "fx",
            "macro",
            "commodity",
            "index",
        ];
        if !known.contains(&kind) || code.is_empty() {
            return None;
        }
        Some(Self {
            kind,
            class: Class::of_kind(kind),
            code,
            market: parts.next().unwrap_or_default(),
        })
    }
}

/// Makes sure that the world has what an id names: `<kind>:<symbol>[:<market>]` with the kinds `equity`, `etf`,
/// `crypto`, `fx`, `macro`, `commodity` and `index`, as in `equity:TSCO.LON`, `crypto:SOL:USD`, `fx:EUR:USD`,
/// `macro:TREASURY_YIELD:10year`, `commodity:WTI`; empty parts may stand at the end.
///
/// Commodities, economic series, indices and common currencies need not be enrolled to be served.
pub(crate) fn enrol(state: &mut WorldState, id: &str) {
    let Some(id) = Id::read(id) else {
        return;
    };
    if matches!(id.class, Class::Crypto | Class::Fx) && !id.market.is_empty() {
        enrol_currency(state, id.market);
    }
    match id.class {
        Class::Share => {
            let symbol = ticker(id.code);
            if stored(state, Class::Share, &symbol).is_none() {
                state.put(invented_share(&symbol, id.kind));
            }
        }
        Class::Crypto => enrol_coin(state, &id.code.to_ascii_uppercase()),
        Class::Fx => enrol_currency(state, id.code),
        Class::Macro | Class::Commodity | Class::Index => {
            if let Some(entity) = catalogue::entity(id.code, id.market) {
                state.put(entity);
            }
        }
    }
}

/// Makes up the entity an id names, for the control routes.
pub(crate) fn invented(state: &WorldState, id: &str) -> Option<Entity> {
    let id = Id::read(id)?;
    match id.class {
        Class::Share => Some(invented_share(&ticker(id.code), id.kind)),
        Class::Crypto => Some(invented_coin(&id.code.to_ascii_uppercase())),
        Class::Fx => Some(fiat(state, &id.code.to_ascii_uppercase())),
        Class::Macro | Class::Commodity | Class::Index => catalogue::entity(id.code, id.market),
    }
}

/// Tells whether an id of this vendor names the entity; a coin or a currency is the same in every market.
pub(crate) fn names(entity: &Entity, id: &str) -> bool {
    let (Some(id), Some(own)) = (Id::read(id), &entity.alphavantage) else {
        return false;
    };
    if Class::of_kind(&entity.kind) != id.class {
        return false;
    }
    match id.class {
        Class::Share | Class::Index | Class::Commodity => *own == id.code,
        Class::Crypto | Class::Fx => code_of(own) == id.code,
        Class::Macro => match own.split_once('/') {
            Some((code, market)) => code == id.code && market == id.market,
            None => *own == id.code,
        },
    }
}

fn code_of(own: &str) -> &str {
    own.split_once('/').map_or(own, |(code, _)| code)
}

/// Finds an entity that the world holds.
pub(super) fn stored<'a>(
    world: &'a WorldState,
    class: Class,
    own: &str,
) -> Option<&'a Arc<Entity>> {
    let is_it = |entity: &&Arc<Entity>| {
        let name = entity.alphavantage.as_deref();
        let name = if matches!(class, Class::Crypto | Class::Fx) {
            name.map(code_of)
        } else {
            name
        };
        name == Some(own) && Class::of_kind(&entity.kind) == class
    };
    world.entities.iter().find(is_it)
}

/// Writes a ticker as the vendor lists it: upper case, share classes after a dash. Whether a dot is understood there is
/// not established; here it is.
pub(super) fn ticker(symbol: &str) -> String {
    let upper = symbol.trim().to_ascii_uppercase();
    if Venue::of(&upper).is_us() {
        upper.replace('.', "-")
    } else {
        upper
    }
}

/// Finds the share behind a ticker.
pub(super) fn share(world: &WorldState, symbol: &str, whole_market: bool) -> Option<Arc<Entity>> {
    let symbol = ticker(symbol);
    if let Some(entity) = stored(world, Class::Share, &symbol) {
        return Some(Arc::clone(entity));
    }
    let crowded = whole_market && crowd_index(&symbol).is_some_and(|index| index < CROWD);
    crowded.then(|| Arc::new(crowd_member(&symbol)))
}

/// Returns every share the vendor knows.
pub(super) fn shares(
    world: &WorldState,
    whole_market: bool,
) -> impl Iterator<Item = Arc<Entity>> + '_ {
    let own = world
        .entities
        .iter()
        .filter(|entity| {
            Class::of_kind(&entity.kind) == Class::Share && entity.alphavantage.is_some()
        })
        .cloned();
    let crowd = (0..if whole_market { CROWD } else { 0 })
        .map(|index| Arc::new(crowd_member(&crowd_ticker(index))));
    own.chain(crowd)
}

/// Finds the coin behind a code.
pub(super) fn coin(world: &WorldState, code: &str) -> Option<Arc<Entity>> {
    stored(world, Class::Crypto, &code.trim().to_ascii_uppercase()).cloned()
}

fn enrol_coin(state: &mut WorldState, code: &str) {
    if stored(state, Class::Crypto, code).is_some() {
        return;
    }
    let same = state
        .coins()
        .find(|entity| entity.symbol.eq_ignore_ascii_case(code))
        .or_else(|| state.coin(&code.to_ascii_lowercase()));
    let mut entity = match same {
        Some(entity) => Entity::clone(entity),
        None => invented_coin(code),
    };
    entity.alphavantage = Some(format!("{code}/USD"));
    state.put(entity);
}

fn enrol_currency(state: &mut WorldState, code: &str) {
    let code = code.to_ascii_uppercase();
    let known = code == currency::DOLLAR
        || stored(state, Class::Fx, &code).is_some()
        || stored(state, Class::Crypto, &code).is_some();
    if !known {
        state.put(fiat(state, &code));
    }
}

fn fiat(state: &WorldState, code: &str) -> Entity {
    currency::entity(state, code).unwrap_or_else(|| currency::invented(code))
}

/// The same code gives the coin that other vendors know under its lower-case id.
fn invented_coin(code: &str) -> Entity {
    Entity {
        alphavantage: Some(format!("{code}/USD")),
        ..Entity::invented(&code.to_ascii_lowercase())
    }
}

fn invented_share(symbol: &str, kind: &str) -> Entity {
    let base = Entity::invented(symbol);
    let draw = |salt: u64| chance::unit(chance::pair(base.hash, salt));
    let is_etf = kind == "etf";
    let (name, volatility) = if is_etf {
        (format!("{symbol} Index Fund ETF"), 0.15 + 0.2 * draw(31))
    } else {
        (company_name(symbol, draw(30)), 0.25 + 0.5 * draw(31))
    };
    let first_day = 3_652; // 1980-01-01
    let listed_ms = (first_day + chance::below(chance::pair(base.hash, 32), 40 * 365)) * DAY_MS;
    Entity {
        name,
        kind: if is_etf { "etf" } else { "equity" }.to_owned(),
        coingecko_id: None,
        llama_coin: None,
        symbol: symbol.to_owned(),
        alphavantage: Some(symbol.to_owned()),
        listed_ms: Venue::of(symbol).day_from(listed_ms),
        price_usd: 10f64.powf(1.0 + 1.6 * draw(33)),
        volatility,
        supply: Some((10f64.powf(7.0 + 3.0 * draw(34))).round()),
        max_supply: None,
        volume_24h_usd: None,
        ..base
    }
}

fn company_name(symbol: &str, draw: f64) -> String {
    let stem = symbol.split(['.', '-']).next().unwrap_or(symbol);
    match draw {
        ..0.25 => format!("{stem} Holdings, Inc. ({symbol})"),
        ..0.5 => format!("{stem} Group Plc ({symbol})"),
        ..0.75 => format!("{stem} Technologies Corp ({symbol})"),
        _ => format!("{stem} \"{symbol}\" Co"),
    }
}

fn crowd_ticker(index: i64) -> String {
    let letter = |place: u32| {
        let digit = u8::try_from(index / 26i64.pow(place) % 26).unwrap_or(0);
        char::from(b'A' + digit)
    };
    ['Z', letter(3), letter(2), letter(1), letter(0)]
        .iter()
        .collect()
}

fn crowd_index(symbol: &str) -> Option<i64> {
    let letters = symbol.strip_prefix('Z').filter(|rest| rest.len() == 4)?;
    letters.bytes().try_fold(0, |sum, letter| {
        letter
            .is_ascii_uppercase()
            .then(|| sum * 26 + i64::from(letter - b'A'))
    })
}

/// One in nine of the crowd is gone, one in five is a fund.
fn crowd_member(symbol: &str) -> Entity {
    let hash = chance::text(symbol);
    let kind = if hash.is_multiple_of(5) {
        "etf"
    } else {
        "equity"
    };
    let mut entity = invented_share(symbol, kind);
    if hash.is_multiple_of(9) {
        let days = 200 + chance::below(chance::pair(hash, 35), 3_000);
        entity.delisted_ms = Some(entity.listed_ms + days * DAY_MS);
    }
    entity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    fn world(ids: &[&str]) -> Arc<WorldState> {
        let world = World::new(1).unwrap();
        for id in ids {
            world.alter(|state| enrol(state, id));
        }
        world.snapshot()
    }

    #[test]
    fn one_ticker_may_be_two_assets() {
        let world = world(&[]);
        let (etf, coin) = (share(&world, "BTC", false), coin(&world, "btc"));
        assert_eq!(etf.unwrap().kind, "etf");
        assert_eq!(coin.unwrap().coingecko_id.as_deref(), Some("bitcoin"));
    }

    #[test]
    fn known_entities_get_the_vendors_name_and_unknown_ones_are_made_up_alike() {
        let ids = [
            "crypto:TON:EUR",
            "crypto:FLOW:USD",
            "equity:TSCO.LON:",
            "equity:BRK.B",
            "fx:XYZ:USD",
            "macro::",
        ];
        let (one, two) = (world(&ids), world(&ids));
        assert_eq!(one.entities.len(), world(&[]).entities.len() + 5);
        let ton = coin(&one, "TON").unwrap();
        assert_eq!(ton.coingecko_id.as_deref(), Some("the-open-network"));
        let price = |world: &WorldState| share(world, "tsco.lon", false).unwrap().price_usd;
        assert_eq!(price(&one).to_bits(), price(&two).to_bits());
        assert!(share(&one, "BRK.B", false).is_some() && share(&one, "BRK-B", false).is_some());
        assert!(share(&one, "NOBODY", false).is_none());
        assert!(coin(&one, "XYZ").is_none());
    }

    #[test]
    fn ids_name_entities_whatever_the_market() {
        let world = world(&["equity:TSCO.LON"]);
        let named = |id: &str| world.called(id).map(|entity| entity.name.clone());
        assert_eq!(named("crypto:BTC:EUR").as_deref(), Some("Bitcoin"));
        assert_eq!(
            named("etf:BTC").as_deref(),
            Some("Grayscale Bitcoin Mini Trust ETF")
        );
        assert!(named("equity:TSCO.LON").is_some());
        assert_eq!(named("equity:TSCO"), None);
        assert_eq!(
            named("macro:TREASURY_YIELD:10year"),
            None,
            "nobody enrolled it"
        );
    }

    #[test]
    fn the_crowd_is_found_by_its_tickers() {
        for index in [0, 25, 26, 11_999] {
            assert_eq!(crowd_index(&crowd_ticker(index)), Some(index));
        }
        let world = world(&[]);
        let all: Vec<_> = shares(&world, true).collect();
        assert_eq!(all.len(), 12_000 + shares(&world, false).count());
        let last = all.last().unwrap().alphavantage.clone().unwrap();
        assert!(share(&world, &last, true).is_some());
        assert!(share(&world, &last, false).is_none());
        assert!(share(&world, "ZZZZZ", true).is_none());
    }
}
