//! Who is meant by a symbol: assets by symbol or id, stablecoin forms; and how ids become assets.

use std::collections::HashMap;

use super::metrics::{Base, Definition, Group, Recipe, Table};
use crate::chance;
use crate::entity::Entity;
use crate::instant::parse_day;
use crate::truth::Metric;
use crate::world::WorldState;

/// What may stand before the chain in a stablecoin form, beside a stablecoin.
const USES: [&str; 2] = ["payments", "cex"];
const DEXES: [&str; 4] = ["uniswap", "curve", "jupiter", "hyperliquid"];
const PERPS: [&str; 3] = ["hyperliquid", "synthetix", "jupiter"];
const LENDERS: [&str; 3] = ["aave", "compound", "maker"];

/// What a request asks about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) entity: &'a Entity,
    /// Tells subjects apart that share an entity.
    pub(super) hash: u64,
    /// How much of the entity's stablecoins a form speaks of; `None` for an asset of the catalogue.
    pub(super) share: Option<f64>,
}

/// Whether a subject has a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    Held,
    NoMarket,
    Lacking,
}

/// The assets known at an instant, by every spelling.
#[derive(Debug)]
pub(super) struct Assets<'a> {
    known: Vec<&'a Entity>,
    exact: HashMap<&'a str, usize>,
    folded: HashMap<String, usize>,
}

impl<'a> Assets<'a> {
    pub(super) fn at(world: &'a WorldState, now_ms: i64) -> Self {
        let listed = world.entities.iter().map(AsRef::as_ref);
        let known: Vec<&Entity> = listed
            .filter(|entity| entity.artemis_id.is_some() && entity.known_at(now_ms))
            .collect();
        let (mut exact, mut folded) = (HashMap::new(), HashMap::new());
        for (place, entity) in known.iter().enumerate() {
            if let Some(symbol) = entity.artemis_symbol.as_deref() {
                exact.entry(symbol).or_insert(place);
                folded.entry(symbol.to_lowercase()).or_insert(place);
            }
        }
        // A symbol goes before an id: `terra` is an id, and would be a symbol if any asset were called so.
        for (place, entity) in known.iter().enumerate() {
            let id = entity.artemis_id.as_deref().unwrap_or_default();
            folded.entry(id.to_lowercase()).or_insert(place);
        }
        Self {
            known,
            exact,
            folded,
        }
    }

    /// Returns the assets in the order of the world.
    pub(super) fn all(&self) -> &[&'a Entity] {
        &self.known
    }

    /// Returns the asset of a symbol or id: as it is written, else in any case.
    pub(super) fn asset(&self, name: &str) -> Option<&'a Entity> {
        let folded = || self.folded.get(&name.to_lowercase());
        let place = self.exact.get(name).or_else(folded)?;
        self.known.get(*place).copied()
    }

    /// Tells whether a configured symbol is spoken for: by an asset of that very spelling, by a stablecoin form, or by
    /// an asset of another case that has the id given.
    fn has(&self, symbol: &str, artemis_id: Option<&str>) -> bool {
        let same_id =
            |entity: &Entity| artemis_id.is_none() || entity.artemis_id.as_deref() == artemis_id;
        self.exact.contains_key(symbol)
            || (self.subject(symbol)).is_some_and(|found| same_id(found.entity))
    }

    /// Returns whom a symbol means, stablecoin forms (`usdc-eth`, `payments-eth`, `cex-sol`) included.
    pub(super) fn subject(&self, name: &str) -> Option<Subject<'a>> {
        if let Some(entity) = self.asset(name) {
            return Some(Subject {
                entity,
                hash: entity.hash,
                share: None,
            });
        }
        let (what, chain) = name.rsplit_once('-')?;
        let chain = self.asset(chain).filter(|chain| chain.kind == "chain")?;
        let is_use = USES.iter().any(|one| one.eq_ignore_ascii_case(what));
        let (entity, most) = if is_use {
            (chain, 0.05)
        } else {
            let coin = self.asset(what).filter(|coin| coin.kind == "stablecoin")?;
            (coin, 0.3)
        };
        let hash = chance::pair(chance::text(&what.to_lowercase()), chain.hash);
        Some(Subject {
            entity,
            hash,
            share: Some(most * (0.1 + 0.9 * chance::unit(hash))),
        })
    }
}

impl Subject<'_> {
    /// Tells whether the subject has a metric at an instant.
    pub(super) fn holds(&self, table: &Table, definition: &Definition, now_ms: i64) -> Holding {
        let kind = self.entity.kind.as_str();
        let coin = matches!(kind, "chain" | "protocol" | "token" | "stablecoin");
        let (form, id) = (
            self.share.is_some(),
            self.entity.artemis_id.as_deref().unwrap_or_default(),
        );
        let in_group = match definition.group {
            Group::Stablecoin => matches!(kind, "chain" | "stablecoin"),
            Group::Dropped => matches!(kind, "chain" | "stablecoin") && now_ms < dropped_ms(),
            _ if form => false,
            Group::Market if kind == "category" || self.entity.no_data => return Holding::NoMarket,
            Group::Market => coin || (kind == "equity" && definition.name == "PRICE"),
            Group::Economy | Group::Locked => kind != "equity",
            Group::Chain => kind == "chain",
            Group::Dex => self.plays(&DEXES, 0),
            Group::Perps => self.plays(&PERPS, 1),
            Group::Lending => self.plays(&LENDERS, 2),
            Group::Etf => matches!(id, "bitcoin" | "ethereum"),
            Group::Development => matches!(kind, "chain" | "protocol"),
            Group::Agents => matches!(id, "x402" | "agentic-payments"),
            Group::Equity => kind == "equity",
            Group::Treasury => kind == "equity" && (id == "eq-mstr" || self.hash.is_multiple_of(4)),
        };
        if in_group && self.backs(table, definition) {
            Holding::Held
        } else {
            Holding::Lacking
        }
    }

    /// Tells whether a protocol does one of three trades: by name, else by its hash.
    fn plays(&self, named: &[&str], trade: u64) -> bool {
        let id = self.entity.artemis_id.as_deref().unwrap_or_default();
        let is_named = [&DEXES[..], &PERPS, &LENDERS].concat().contains(&id);
        named.contains(&id)
            || (!is_named && self.entity.kind == "protocol" && self.hash % 3 == trade)
    }

    /// Tells whether the world has what a metric is made of.
    fn backs(&self, table: &Table, definition: &Definition) -> bool {
        let other = |place: usize| {
            let found = table.all.get(place);
            found.is_some_and(|other| self.backs(table, other))
        };
        match definition.recipe {
            Recipe::World(metric)
            | Recipe::Level(metric, _)
            | Recipe::Statement(metric, _)
            | Recipe::Latest(Some(metric)) => self.knows(metric),
            Recipe::Part(base, _)
            | Recipe::Count(base, _)
            | Recipe::Some(base, _)
            | Recipe::Flow(base, _) => self.knows(self.world_metric(base)),
            Recipe::Turnover => self.knows(Metric::Volume24h),
            Recipe::Portion(place)
            | Recipe::Rest(place)
            | Recipe::Margin(place, _)
            | Recipe::PerShare(place, _) => other(place),
            Recipe::Ratio(over, under, _)
            | Recipe::Multiple(over, under, _)
            | Recipe::Yield(over, under, _) => other(over) && other(under),
            Recipe::Latest(None) | Recipe::Nothing => true,
        }
    }

    /// Returns the world's metric behind a base.
    pub(super) fn world_metric(&self, base: Base) -> Metric {
        match base {
            Base::World(metric) => metric,
            Base::Stablecoins if self.entity.kind == "stablecoin" => Metric::MarketCap,
            Base::Stablecoins => Metric::Tvl,
        }
    }

    fn knows(&self, metric: Metric) -> bool {
        let entity = self.entity;
        match metric {
            Metric::MarketCap | Metric::CirculatingSupply | Metric::TotalSupply => {
                entity.supply.is_some()
            }
            Metric::Fdv => entity.supply.is_some() || entity.max_supply.is_some(),
            Metric::Volume24h => entity.volume_24h_usd.is_some(),
            Metric::Tvl => entity.tvl_usd.is_some(),
            Metric::FeesDay => entity.fees_usd_day.is_some(),
            _ => true,
        }
    }
}

/// 2026-07-01: the filtered stablecoin metrics end.
pub(super) fn dropped_ms() -> i64 {
    parse_day("2026-07-01").unwrap_or(i64::MAX)
}

/// Makes sure that the world has the asset of an id: a symbol as the configuration writes it (`btc`, `eq-coin`), or
/// `symbol:artemis_id:kind:coingecko_id` of which all but the symbol may be empty or left out.
///
/// A coin that the world knows by its CoinGecko id, and a share by its ticker, get the vendor's names; others are made
/// up. Stablecoin forms (`usdc-eth`) need no asset of their own.
pub(crate) fn enrol(state: &mut WorldState, id: &str) {
    let mut parts = id.split(':').map(str::trim);
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let Some(symbol) = part() else {
        return;
    };
    let (artemis_id, kind, coingecko_id) = (part(), part(), part());
    if Assets::at(state, i64::MAX).has(symbol, artemis_id) {
        return;
    }
    let slug = artemis_id.unwrap_or(symbol);
    let ticker = symbol.strip_prefix("eq-").map(str::to_uppercase);
    let known = match &ticker {
        Some(ticker) => (state.entities.iter())
            .find(|entity| entity.alphavantage.as_ref() == Some(ticker))
            .cloned(),
        None => state.coin(coingecko_id.unwrap_or(slug)).cloned(),
    };
    let mut entity = match known {
        Some(known) if known.artemis_id.is_none() => Entity::clone(&known),
        known => {
            let mut made_up = invented(slug, kind, ticker.as_deref(), coingecko_id);
            if known.is_some() {
                // The world has one asset per coin.
                made_up.coingecko_id = None;
            }
            made_up
        }
    };
    entity.artemis_symbol = Some(symbol.to_owned());
    entity.artemis_id = Some(slug.to_owned());
    state.put(entity);
}

/// Makes up an asset; equal names give equal assets, and two in five have a CoinGecko id.
fn invented(
    slug: &str,
    kind: Option<&str>,
    ticker: Option<&str>,
    coingecko_id: Option<&str>,
) -> Entity {
    let mut entity = Entity::invented(coingecko_id.unwrap_or(slug));
    let draw = |salt: u64| chance::unit(chance::pair(entity.hash, salt));
    let drawn = match draw(31) {
        _ if ticker.is_some() => "equity",
        ..0.35 => "chain",
        ..0.7 => "protocol",
        _ => "token",
    };
    let market_cap = entity.supply.unwrap_or(0.0) * entity.price_usd;
    let (size, busy, linked) = (0.1 + draw(32), 0.2 + draw(33), draw(34) < 0.4);
    entity.kind = kind.unwrap_or(drawn).to_owned();
    match entity.kind.as_str() {
        "chain" | "protocol" => {
            entity.tvl_usd = Some(market_cap * size);
            entity.fees_usd_day = Some(market_cap * 2e-5 * busy);
        }
        "stablecoin" => {
            (entity.price_usd, entity.volatility) = (1.0, 0.003);
            (entity.supply, entity.max_supply) = (Some(market_cap), None);
        }
        "equity" => {
            let ticker = ticker.map_or_else(|| slug.to_uppercase(), str::to_owned);
            (entity.name, entity.symbol) = (format!("{ticker} Inc."), ticker.clone());
            (entity.alphavantage, entity.llama_coin) = (Some(ticker), None);
            // Shares cost dollars, not millionths of one.
            entity.price_usd = 5.0 + 400.0 * size;
            entity.supply = Some(market_cap * 100.0 / entity.price_usd);
        }
        _ => {}
    }
    if coingecko_id.is_none() && (!linked || entity.kind == "equity") {
        entity.coingecko_id = None;
    }
    entity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    fn with(ids: &[&str], check: impl FnOnce(&Assets<'_>)) {
        let world = World::new(1).unwrap();
        for id in ids {
            world.alter(|state| enrol(state, id));
        }
        let state = world.snapshot();
        check(&Assets::at(&state, i64::MAX));
    }

    #[test]
    fn twins_and_cases_are_told_apart() {
        with(&["m:minor:token"], |assets| {
            let id = |name: &str| assets.asset(name).and_then(|one| one.artemis_id.clone());
            assert_eq!(id("lunc").as_deref(), Some("terra"));
            assert_eq!(id("luna").as_deref(), Some("terra2"));
            assert_eq!(id("terra").as_deref(), Some("terra"));
            assert_eq!(id("M").as_deref(), Some("memecore"));
            assert_eq!(id("m").as_deref(), Some("minor"));
            assert_eq!(id("BTC").as_deref(), Some("bitcoin"));
            assert_eq!(id("Bitcoin").as_deref(), Some("bitcoin"));
            assert_eq!(id("eq-nvda").as_deref(), Some("eq-nvda"));
            assert_eq!(id("agentic-payments").as_deref(), Some("agentic-payments"));
            assert_eq!(id("nobody"), None);
        });
    }

    #[test]
    fn forms_are_subjects_and_no_assets() {
        with(&["usdc-eth"], |assets| {
            let share = |name: &str| assets.subject(name).and_then(|one| one.share);
            for form in ["usdc-eth", "USDC-SOL", "payments-eth", "cex-sol"] {
                assert!(share(form).is_some(), "{form}");
                assert!(assets.asset(form).is_none(), "{form}");
            }
            assert!(share("usdc-eth") != share("usdc-sol"));
            assert_eq!(share("usdc"), None);
            for none in ["btc-eth", "usdc-aave", "nobody-eth", "usdc-"] {
                assert!(assets.subject(none).is_none(), "{none}");
            }
        });
    }

    #[test]
    fn what_the_world_knows_gets_a_name_and_the_rest_is_made_up_alike() {
        let ids = [
            "eq-spy",
            "apt:aptos:chain:aptos",
            "eq-abc",
            "btc",
            "apt:aptos:chain:aptos",
            "pyusd:paypal-usd:stablecoin",
        ];
        let count = |ids: &[&str]| {
            let mut assets = 0;
            with(ids, |known| assets = known.all().len());
            assets
        };
        assert_eq!(count(&ids), count(&[]) + 4);
        with(&ids, |assets| {
            let asset = |name: &str| assets.asset(name).unwrap();
            assert_eq!(asset("eq-spy").name, "SPDR S&P 500 ETF Trust");
            assert_eq!(asset("aptos").coingecko_id.as_deref(), Some("aptos"));
            assert_eq!(asset("eq-abc").kind, "equity");
            assert_eq!(asset("eq-abc").alphavantage.as_deref(), Some("ABC"));
            let again = Entity::invented("aptos");
            assert_eq!(asset("apt").price_usd.to_bits(), again.price_usd.to_bits());
            assert_eq!(asset("pyusd").kind, "stablecoin");
        });
    }
}
