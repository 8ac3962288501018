//! Prices as a small object: by coin, by contract address.

use serde_json::{Map, Value, json};

use super::chart::json as reply;
use super::markets::chosen;
use super::numbers::Precision;
use super::params::Ask;
use super::series::Lane;
use super::{Plan, Quote, errors};
use crate::entity::Entity;
use crate::instant::{DAY_MS, SECOND_MS};
use crate::truth::Metric;
use crate::vendor::Reply;

/// Most ids in one request.
const MOST_IDS: usize = 515;

/// Answers `/simple/price`. Unknown ids are missing from the object, a coin without data is `{}`.
pub(super) fn by_coin(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let wants = Wants::of(ask)?;
    if ask.list("ids").is_some_and(|ids| ids.len() > MOST_IDS) {
        return Err(errors::too_many_ids(ask.now_ms(), MOST_IDS));
    }
    let coins = chosen(ask).ok_or_else(|| errors::missing("ids"))?;
    let prices = coins.into_iter().map(|entity| {
        let id = entity.coingecko_id.clone().unwrap_or_default();
        (id, Value::Object(wants.object(ask, entity)))
    });
    Ok(reply(&prices.collect::<Map<_, _>>()))
}

/// Answers `/simple/token_price/{platform}`.
pub(super) fn by_address(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let addresses = ask
        .list("contract_addresses")
        .ok_or_else(|| errors::missing("contract_addresses"))?;
    let wants = Wants::of(ask)?;
    let most = if ask.plan >= Plan::Analyst { 100 } else { 10 };
    if addresses.len() > most {
        return Err(errors::too_many_addresses(ask.now_ms(), most));
    }
    let prices = addresses.into_iter().filter_map(|address| {
        let entity = ask
            .world
            .coins()
            .find(|entity| lives_at(entity, ask.id, address))?;
        let active = entity.active_at(ask.now_ms());
        active.then(|| (address.to_owned(), Value::Object(wants.object(ask, entity))))
    });
    Ok(reply(&prices.collect::<Map<_, _>>()))
}

/// EVM addresses do not care for case, Solana's do.
fn lives_at(entity: &Entity, platform: &str, address: &str) -> bool {
    entity.platforms.iter().any(|(id, own)| {
        id == platform
            && own.as_deref().is_some_and(|own| {
                own == address || (own.starts_with("0x") && own.eq_ignore_ascii_case(address))
            })
    })
}

/// What a request for prices asks to see.
struct Wants<'a> {
    currencies: Vec<(&'a str, Quote)>,
    precision: Precision,
    market_cap: bool,
    volume: bool,
    change: bool,
    last_updated: bool,
}

impl<'a> Wants<'a> {
    fn of(ask: &Ask<'a>) -> Result<Self, Reply> {
        let codes = ask
            .list("vs_currencies")
            .ok_or_else(|| errors::missing("vs_currencies"))?;
        let mut currencies = Vec::new();
        for code in codes {
            let quote = Quote::named(ask.world, code);
            currencies.push((code, quote.ok_or_else(|| errors::invalid("vs_currency"))?));
        }
        Ok(Self {
            currencies,
            precision: ask.precision()?,
            market_cap: ask.flag("include_market_cap"),
            volume: ask.flag("include_24hr_vol"),
            change: ask.flag("include_24hr_change"),
            last_updated: ask.flag("include_last_updated_at"),
        })
    }

    fn object(&self, ask: &Ask<'_>, entity: &Entity) -> Map<String, Value> {
        let mut fields = Map::new();
        for (code, quote) in &self.currencies {
            let lane = Lane {
                world: ask.world,
                entity,
                quote,
            };
            let Some(at_ms) = lane.live_ms(ask.now_ms()) else {
                continue;
            };
            let price = lane.value(Metric::Price, at_ms);
            fields.insert((*code).to_owned(), self.precision.price(price));
            if self.market_cap {
                fields.insert(format!("{code}_market_cap"), json!(lane.market_cap(at_ms)));
            }
            if self.volume {
                let volume = lane.value(Metric::Volume24h, at_ms);
                fields.insert(format!("{code}_24h_vol"), json!(volume));
            }
            if self.change {
                let before = lane.value(Metric::Price, at_ms - DAY_MS);
                let change = price
                    .zip(before)
                    .map(|(now, before)| (now / before - 1.0) * 100.0);
                fields.insert(format!("{code}_24h_change"), json!(change));
            }
            if self.last_updated {
                fields.insert("last_updated_at".to_owned(), json!(at_ms / SECOND_MS));
            }
        }
        fields
    }
}
