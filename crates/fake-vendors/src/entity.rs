//! Who an entity is to each of the five vendors, and which levels its values move around: a row of the world's table, or
//! made up for an id that the table does not name.

use serde::{Deserialize, Serialize};

use crate::chance;
use crate::instant::{DAY_MS, parse_day};
use crate::world::WorldError;

/// What may be odd about an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    /// The supply is unknown and the vendor writes a market cap of 0.
    McapZero,
    /// The supply is unknown and the vendor writes null.
    McapNull,
    /// Listed, but no venue trades it: no number at all.
    NoData,
}

/// A row of the table as it is written.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    name: String,
    kind: String,
    coingecko_id: Option<String>,
    symbol: String,
    platforms: String,
    artemis_symbol: Option<String>,
    artemis_id: Option<String>,
    llama_protocol: Option<String>,
    llama_chain: Option<String>,
    llama_stablecoin: Option<String>,
    llama_coin: Option<String>,
    velo_coin: Option<String>,
    velo_products: String,
    alphavantage: Option<String>,
    listed: String,
    delisted: Option<String>,
    price_usd: f64,
    volatility: f64,
    supply: Option<f64>,
    max_supply: Option<f64>,
    volume_24h_usd: Option<f64>,
    tvl_usd: Option<f64>,
    fees_usd_day: Option<f64>,
    flags: String,
}

/// Velo: one pair or contract of a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VeloProduct {
    /// Velo's id of the venue.
    pub exchange: String,
    /// Velo's ticker; a contract on many coins bears the multiple in front.
    pub coin: String,
    /// The venue's symbol.
    pub product: String,
}

impl VeloProduct {
    /// Tells whether the id, `exchange:coin:product`, or the ticker alone means the product.
    pub(crate) fn is_called(&self, id: &str) -> bool {
        let mut parts = id.splitn(3, ':');
        let all = [&self.exchange, &self.coin, &self.product];
        self.coin == id || all.into_iter().all(|part| parts.next() == Some(part))
    }

    /// Reads a pair of the table; what stands before the ticker in the product is a multiple if it is a number.
    fn of_coin(coin: &str, (exchange, product): (String, String)) -> Self {
        let multiple = product.split_once(coin).map_or("", |(before, _)| before);
        let is_number = multiple.bytes().all(|byte| byte.is_ascii_digit());
        Self {
            coin: format!("{}{coin}", if is_number { multiple } else { "" }),
            exchange,
            product,
        }
    }
}

/// One entity of the world: its name at every vendor and the levels its values move around.
#[derive(Debug, Clone, Serialize)]
pub struct Entity {
    /// Full name.
    pub name: String,
    /// `chain`, `protocol`, `token`, `stablecoin`, `category`, `pool`, `equity` or `etf`; at Alpha Vantage also `fx`, `macro`,
    /// `commodity` or `index`.
    pub kind: String,
    /// CoinGecko: coin id.
    pub coingecko_id: Option<String>,
    /// Ticker, in the case the vendors write it.
    pub symbol: String,
    /// CoinGecko: asset platform and contract address; the address may be unknown.
    pub platforms: Vec<(String, Option<String>)>,
    /// Artemis: the spelling sent in requests.
    pub artemis_symbol: Option<String>,
    /// Artemis: the stable id.
    pub artemis_id: Option<String>,
    /// DefiLlama: protocol slug or `parent#…`.
    pub llama_protocol: Option<String>,
    /// DefiLlama: number of the protocol; made from the slug where absent.
    pub llama_id: Option<String>,
    /// DefiLlama: chain name.
    pub llama_chain: Option<String>,
    /// DefiLlama: number of the stablecoin.
    pub llama_stablecoin: Option<String>,
    /// DefiLlama: key of the coin in price questions.
    pub llama_coin: Option<String>,
    /// Velo: coin ticker.
    pub velo_coin: Option<String>,
    /// Velo: what its venues trade.
    pub velo_products: Vec<VeloProduct>,
    /// Alpha Vantage: ticker, or code and market joined by a slash.
    pub alphavantage: Option<String>,
    /// First instant with data, UNIX milliseconds.
    pub listed_ms: i64,
    /// First instant without data, UNIX milliseconds.
    pub delisted_ms: Option<i64>,
    /// The level the price moves around.
    pub price_usd: f64,
    /// Largest swing of the logarithm of the price.
    pub volatility: f64,
    /// Circulating supply it grows towards; unknown where absent.
    pub supply: Option<f64>,
    /// Hard cap of the supply.
    pub max_supply: Option<f64>,
    /// The level the trailing turnover moves around.
    pub volume_24h_usd: Option<f64>,
    /// The level the total value locked moves around.
    pub tvl_usd: Option<f64>,
    /// The level the fees of a day move around.
    pub fees_usd_day: Option<f64>,
    /// Whether an unknown supply shows as a market cap of 0 rather than null.
    pub zero_for_unknown_mcap: bool,
    /// Whether the entity is listed without any data.
    pub no_data: bool,
    /// Hash that sets this entity's phases.
    #[serde(skip)]
    pub(crate) hash: u64,
}

impl Entity {
    /// Tells whether the entity has data at an instant.
    #[must_use]
    pub fn alive_at(&self, ms: i64) -> bool {
        !self.no_data && self.known_at(ms) && self.delisted_ms.is_none_or(|end| ms < end)
    }

    /// Tells whether vendors have heard of the entity by an instant.
    #[must_use]
    pub fn known_at(&self, ms: i64) -> bool {
        ms >= self.listed_ms
    }

    /// Tells whether the entity is listed and not delisted at an instant.
    #[must_use]
    pub fn active_at(&self, ms: i64) -> bool {
        self.known_at(ms) && self.delisted_ms.is_none_or(|end| ms < end)
    }

    /// Tells whether a vendor calls the entity so.
    pub(crate) fn is_called(&self, id: &str) -> bool {
        let names = [
            &self.coingecko_id,
            &self.artemis_symbol,
            &self.artemis_id,
            &self.llama_protocol,
            &self.llama_chain,
            &self.llama_stablecoin,
            &self.llama_coin,
            &self.velo_coin,
            &self.alphavantage,
        ];
        let named = |name: &Option<String>| name.as_deref() == Some(id);
        self.name == id
            || names.into_iter().any(named)
            || self.velo_products.iter().any(|one| one.is_called(id))
            || crate::alphavantage::names(self, id)
    }

    /// Reads a row.
    pub(crate) fn from_row(row: Row) -> Result<Self, WorldError> {
        let day = |value: &str| {
            parse_day(value).ok_or_else(|| WorldError::Day {
                entity: row.name.clone(),
                value: value.to_owned(),
            })
        };
        let listed_ms = day(&row.listed)?;
        let delisted_ms = row.delisted.as_deref().map(day).transpose()?;
        let flags: Vec<Flag> = row.flags.split('|').filter_map(flag).collect();
        let hash = chance::text(row.coingecko_id.as_deref().unwrap_or(&row.name));
        let pairs = |text: &str| -> Vec<(String, String)> {
            let parts = text.split('|').filter_map(|part| part.split_once(':'));
            parts.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
        };
        let platforms = pairs(&row.platforms).into_iter();
        Ok(Self {
            platforms: platforms
                .map(|(p, a)| (p, (!a.is_empty()).then_some(a)))
                .collect(),
            velo_products: pairs(&row.velo_products)
                .into_iter()
                .map(|pair| VeloProduct::of_coin(row.velo_coin.as_deref().unwrap_or(""), pair))
                .collect(),
            name: row.name,
            kind: row.kind,
            coingecko_id: row.coingecko_id,
            symbol: row.symbol,
            artemis_symbol: row.artemis_symbol,
            artemis_id: row.artemis_id,
            llama_protocol: row.llama_protocol,
            llama_id: None,
            llama_chain: row.llama_chain,
            llama_stablecoin: row.llama_stablecoin,
            llama_coin: row.llama_coin,
            velo_coin: row.velo_coin,
            alphavantage: row.alphavantage,
            listed_ms,
            delisted_ms,
            price_usd: row.price_usd,
            volatility: row.volatility,
            supply: row.supply,
            max_supply: row.max_supply,
            volume_24h_usd: row.volume_24h_usd,
            tvl_usd: row.tvl_usd,
            fees_usd_day: row.fees_usd_day,
            zero_for_unknown_mcap: !flags.contains(&Flag::McapNull),
            no_data: flags.contains(&Flag::NoData),
            hash,
        })
    }

    /// Makes up an entity for a coin id that the table does not name; equal ids give equal entities.
    pub(crate) fn invented(coin_id: &str) -> Self {
        let hash = chance::text(coin_id);
        let draw = |salt: u64| chance::unit(chance::pair(hash, salt));
        let market_cap = 10f64.powf(6.0 + 4.0 * draw(1));
        let price_usd = 10f64.powf(-5.0 + 8.0 * draw(2));
        let listed_days = chance::below(chance::pair(hash, 3), 6 * 365);
        let first_day = 17_532; // 2018-01-01
        let symbol: String = coin_id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(5)
            .collect();
        Self {
            name: title(coin_id),
            kind: "token".to_owned(),
            coingecko_id: Some(coin_id.to_owned()),
            artemis_symbol: None,
            artemis_id: None,
            llama_protocol: None,
            llama_id: None,
            llama_chain: None,
            llama_stablecoin: None,
            llama_coin: Some(format!("coingecko:{coin_id}")),
            velo_coin: None,
            velo_products: Vec::new(),
            alphavantage: None,
            symbol,
            platforms: Vec::new(),
            listed_ms: (first_day + listed_days) * DAY_MS,
            delisted_ms: None,
            price_usd,
            volatility: 0.6 + 0.6 * draw(4),
            supply: Some(market_cap / price_usd),
            max_supply: (draw(5) < 0.5).then_some(1.5 * market_cap / price_usd),
            volume_24h_usd: Some(market_cap * (0.01 + 0.1 * draw(6))),
            tvl_usd: None,
            fees_usd_day: None,
            zero_for_unknown_mcap: true,
            no_data: false,
            hash,
        }
    }
}

fn flag(text: &str) -> Option<Flag> {
    match text {
        "mcap-zero" => Some(Flag::McapZero),
        "mcap-null" => Some(Flag::McapNull),
        "no-data" => Some(Flag::NoData),
        _ => None,
    }
}

/// Returns the name that a slug stands for: its words, each with a capital.
pub(crate) fn title(slug: &str) -> String {
    let words = slug.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect::<String>()
        })
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_in_the_table_is_known() {
        let mut table = csv::Reader::from_reader(include_str!("world.csv").as_bytes());
        for row in table.deserialize::<Row>() {
            let row = row.unwrap();
            for text in row.flags.split('|').filter(|text| !text.is_empty()) {
                assert!(flag(text).is_some(), "{}: {text}", row.name);
            }
        }
    }
}
