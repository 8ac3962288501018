//! Currencies: fiat ones as entities priced in dollars, coins as they are, and the rate between any two.
//!
//! The level of a fiat rate is the one that other vendors convert with; around it this vendor's rate moves a little.

use std::sync::Arc;

use super::asset::{self, Class};
use crate::chance;
use crate::coingecko::Quote;
use crate::entity::Entity;
use crate::instant::DAY_MS;
use crate::truth::Metric;
use crate::world::WorldState;

/// The currency everything is priced in.
pub(super) const DOLLAR: &str = "USD";
/// 2005-01-03: rates of fiat currencies begin. Where they begin is not established.
const BEGINS_MS: i64 = 12_786 * DAY_MS;

/// Codes and names, as `/physical_currency_list/` has them.
pub(super) const FIAT: [(&str, &str); 43] = [
    ("AED", "United Arab Emirates Dirham"),
    ("ARS", "Argentine Peso"),
    ("AUD", "Australian Dollar"),
    ("BDT", "Bangladeshi Taka"),
    ("BHD", "Bahraini Dinar"),
    ("BMD", "Bermudan Dollar"),
    ("BRL", "Brazilian Real"),
    ("CAD", "Canadian Dollar"),
    ("CHF", "Swiss Franc"),
    ("CLP", "Chilean Peso"),
    ("CNY", "Chinese Yuan"),
    ("CZK", "Czech Republic Koruna"),
    ("DKK", "Danish Krone"),
    ("EUR", "Euro"),
    ("GBP", "British Pound Sterling"),
    ("GEL", "Georgian Lari"),
    ("HKD", "Hong Kong Dollar"),
    ("HUF", "Hungarian Forint"),
    ("IDR", "Indonesian Rupiah"),
    ("ILS", "Israeli New Sheqel"),
    ("INR", "Indian Rupee"),
    ("JPY", "Japanese Yen"),
    ("KRW", "South Korean Won"),
    ("KWD", "Kuwaiti Dinar"),
    ("MXN", "Mexican Peso"),
    ("MYR", "Malaysian Ringgit"),
    ("NOK", "Norwegian Krone"),
    ("NZD", "New Zealand Dollar"),
    ("PHP", "Philippine Peso"),
    ("PKR", "Pakistani Rupee"),
    ("PLN", "Polish Zloty"),
    ("RUB", "Russian Ruble"),
    ("SAR", "Saudi Riyal"),
    ("SEK", "Swedish Krona"),
    ("SGD", "Singapore Dollar"),
    ("THB", "Thai Baht"),
    ("TRY", "Turkish Lira"),
    ("TWD", "New Taiwan Dollar"),
    ("UAH", "Ukrainian Hryvnia"),
    ("USD", "United States Dollar"),
    ("VND", "Vietnamese Dong"),
    ("XAU", "Gold (troy ounce)"),
    ("ZAR", "South African Rand"),
];

/// Returns the entity of a currency in the table, unless it is the dollar.
pub(super) fn entity(world: &WorldState, code: &str) -> Option<Entity> {
    let (code, name) = FIAT
        .iter()
        .find(|(known, _)| *known == code && *known != DOLLAR)?;
    let price_usd = 1.0 / Quote::named(world, code)?.per_usd(world, 0);
    Some(made(code, (*name).to_owned(), price_usd, 0.04))
}

/// Makes up a currency that nobody issues.
pub(super) fn invented(code: &str) -> Entity {
    let draw = chance::unit(chance::pair(chance::text(code), 41));
    made(
        code,
        format!("{code} (fiat)"),
        10f64.powf(-3.0 + 3.0 * draw),
        0.1,
    )
}

fn made(code: &str, name: String, price_usd: f64, volatility: f64) -> Entity {
    Entity {
        name,
        kind: "fx".to_owned(),
        coingecko_id: None,
        llama_coin: None,
        symbol: code.to_owned(),
        alphavantage: Some(format!("{code}/USD")),
        listed_ms: BEGINS_MS,
        price_usd,
        volatility,
        supply: None,
        max_supply: None,
        volume_24h_usd: None,
        ..Entity::invented(&format!("fx:{code}"))
    }
}

/// A currency, fiat or coin.
#[derive(Debug, Clone)]
pub(super) struct Money {
    pub(super) code: String,
    /// The currency's name; nothing for one that the vendor has no name for.
    pub(super) name: Option<String>,
    /// The dollar has none.
    pub(super) entity: Option<Arc<Entity>>,
    pub(super) is_coin: bool,
}

impl Money {
    /// Finds a currency by its code, fiat ones first.
    pub(super) fn named(world: &WorldState, code: &str) -> Option<Self> {
        Self::fiat(world, code).or_else(|| Self::coin(world, code))
    }

    /// Finds a fiat currency.
    pub(super) fn fiat(world: &WorldState, code: &str) -> Option<Self> {
        let code = code.trim().to_ascii_uppercase();
        let dollar = code == DOLLAR;
        let entity = if dollar {
            None
        } else {
            let stored = asset::stored(world, Class::Fx, &code).cloned();
            Some(stored.or_else(|| entity(world, &code).map(Arc::new))?)
        };
        let listed = FIAT.iter().find(|(known, _)| *known == code);
        Some(Self {
            name: listed.map(|(_, name)| (*name).to_owned()),
            entity,
            is_coin: false,
            code,
        })
    }

    /// Finds a coin.
    pub(super) fn coin(world: &WorldState, code: &str) -> Option<Self> {
        let entity = asset::coin(world, code)?;
        Some(Self {
            code: code.trim().to_ascii_uppercase(),
            name: Some(entity.name.clone()),
            entity: Some(entity),
            is_coin: true,
        })
    }

    /// Returns the dollars a unit costs while the currency is listed.
    pub(super) fn usd(&self, world: &WorldState, at_ms: i64) -> Option<f64> {
        match &self.entity {
            None => Some(1.0),
            Some(entity) => world.value(entity, Metric::Price, at_ms),
        }
    }

    /// Returns the dollars a unit costs at any time.
    pub(super) fn usd_ever(&self, world: &WorldState, at_ms: i64) -> f64 {
        let price = |entity: &Arc<Entity>| world.price_ever(entity, at_ms);
        self.entity.as_ref().map_or(1.0, price)
    }

    /// Returns the instant from which on the currency has prices.
    pub(super) fn begins_ms(&self) -> i64 {
        self.entity
            .as_ref()
            .map_or(BEGINS_MS, |entity| entity.listed_ms)
    }
}

/// Returns the rate of one currency in another while both are listed; fiat rates convert at any time.
pub(super) fn rate(world: &WorldState, from: &Money, to: &Money, at_ms: i64) -> Option<f64> {
    let per = if to.is_coin {
        to.usd(world, at_ms)?
    } else {
        to.usd_ever(world, at_ms)
    };
    Some(from.usd(world, at_ms)? / per)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    const AT: i64 = 1_779_108_570_000;

    #[test]
    fn rates_are_near_their_level_and_go_round_in_triangles() {
        let world = World::new(1).unwrap().snapshot();
        let money = |code: &str| Money::named(&world, code).unwrap();
        let between = |a: &str, b: &str| rate(&world, &money(a), &money(b), AT).unwrap();
        assert!((between("EUR", "USD") / (1.0 / 0.86) - 1.0).abs() < 0.05);
        let around = between("EUR", "JPY") * between("JPY", "GBP") * between("GBP", "EUR");
        assert!((around - 1.0).abs() < 1e-9);
        let coins = between("BTC", "EUR") * between("EUR", "USD") / between("BTC", "USD");
        assert!((coins - 1.0).abs() < 1e-9);
        assert!(Money::named(&world, "QQQ").is_none());
    }

    #[test]
    fn every_currency_of_the_table_has_a_level() {
        let world = World::new(1).unwrap().snapshot();
        for (code, name) in FIAT {
            let money = Money::fiat(&world, code).unwrap();
            assert!(money.usd_ever(&world, AT) > 0.0, "{name}");
            assert_eq!(money.entity.is_none(), code == "USD");
        }
    }
}
