//! Bodies as the vendor writes them: only the fields that are used.
//!
//! Rows of a list stay raw JSON until each is read by itself, and what is not structure is read
//! leniently: one odd row does not cost the other 249, one odd sample not the chart.

use std::collections::BTreeMap;

use serde::Deserialize;
use source::lenient::{Fields, Number, Row, Text};

/// A row of `/coins/list`.
#[derive(Debug, Deserialize)]
pub(crate) struct CoinRow {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) symbol: Text,
    #[serde(default)]
    pub(crate) name: Text,
    /// Asset platform to contract address; the address may be null, the platform empty.
    #[serde(default)]
    pub(crate) platforms: Option<BTreeMap<String, Text>>,
}

/// A row of `/coins/markets`. Every number may be null; a row without the name is another shape than
/// the contract's and must not be taken for "no data".
#[derive(Debug, Deserialize)]
pub(crate) struct MarketRow {
    pub(crate) id: String,
    /// ISO 8601, UTC; the schema says it is never null.
    #[serde(default)]
    pub(crate) last_updated: Text,
    #[serde(default)]
    pub(crate) current_price: Number,
    #[serde(default)]
    pub(crate) market_cap: Number,
    #[serde(default)]
    pub(crate) market_cap_rank: Number,
    #[serde(default)]
    pub(crate) fully_diluted_valuation: Number,
    #[serde(default)]
    pub(crate) total_volume: Number,
    #[serde(default)]
    pub(crate) high_24h: Number,
    #[serde(default)]
    pub(crate) low_24h: Number,
    #[serde(default)]
    pub(crate) price_change_percentage_24h: Number,
    #[serde(default)]
    pub(crate) circulating_supply: Number,
    #[serde(default)]
    pub(crate) total_supply: Number,
    #[serde(default)]
    pub(crate) max_supply: Number,
}

/// What is left of a row that could not be read: whose it is.
#[derive(Debug, Deserialize)]
pub(crate) struct RowId {
    pub(crate) id: String,
}

/// `[milliseconds, number or null]`. Stamps are whole numbers, values numbers or, in charts of
/// supplies, texts; what follows them is not looked at.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "Row")]
pub(crate) struct Sample {
    /// None where it is no whole number.
    pub(crate) stamp_ms: Option<i64>,
    pub(crate) value: Number,
}

impl From<Row> for Sample {
    fn from(row: Row) -> Self {
        Self {
            stamp_ms: row.at(0).integer(),
            value: row.at(1),
        }
    }
}

/// `/coins/{id}/market_chart` and `/range`. All three arrays must be there, empty or not.
#[derive(Debug, Deserialize)]
pub(crate) struct MarketChart {
    pub(crate) prices: Vec<Sample>,
    pub(crate) market_caps: Vec<Sample>,
    pub(crate) total_volumes: Vec<Sample>,
}

/// A candle of `/coins/{id}/ohlc` and `/range`: `[milliseconds of its end, open, high, low, close]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "Row")]
pub(crate) struct Candle {
    /// None where it is no whole number.
    pub(crate) end_ms: Option<i64>,
    pub(crate) open: Number,
    pub(crate) high: Number,
    pub(crate) low: Number,
    pub(crate) close: Number,
}

impl From<Row> for Candle {
    fn from(row: Row) -> Self {
        Self {
            end_ms: row.at(0).integer(),
            open: row.at(1),
            high: row.at(2),
            low: row.at(3),
            close: row.at(4),
        }
    }
}

/// `/coins/{id}/circulating_supply_chart[/range]` and `/total_supply_chart[/range]`: one of the two.
#[derive(Debug, Deserialize)]
pub(crate) struct SupplyChart {
    #[serde(default)]
    pub(crate) circulating_supply: Option<Vec<Sample>>,
    #[serde(default)]
    pub(crate) total_supply: Option<Vec<Sample>>,
}

/// `/global`.
#[derive(Debug, Deserialize)]
pub(crate) struct Global {
    pub(crate) data: GlobalData,
}

/// The whole market as of now.
#[derive(Debug, Deserialize)]
pub(crate) struct GlobalData {
    /// By quote currency.
    #[serde(default)]
    pub(crate) total_market_cap: Fields,
    /// By quote currency.
    #[serde(default)]
    pub(crate) total_volume: Fields,
    /// Percent, by symbol; the largest coins only.
    #[serde(default)]
    pub(crate) market_cap_percentage: Fields,
    /// UNIX seconds.
    #[serde(default)]
    pub(crate) updated_at: Number,
}

/// `/global/market_cap_chart`.
#[derive(Debug, Deserialize)]
pub(crate) struct GlobalChart {
    pub(crate) market_cap_chart: GlobalLines,
}

/// The whole market by time.
#[derive(Debug, Deserialize)]
pub(crate) struct GlobalLines {
    pub(crate) market_cap: Vec<Sample>,
    pub(crate) volume: Vec<Sample>,
}

/// `/key`: what is counted of the account, and of this key where it has a limit of its own.
#[derive(Debug, Deserialize)]
pub(crate) struct KeyUse {
    #[serde(default)]
    pub(crate) current_total_monthly_calls: Number,
    #[serde(default)]
    pub(crate) monthly_call_credit: Number,
    #[serde(default)]
    pub(crate) api_key_current_total_monthly_calls: Number,
    #[serde(default)]
    pub(crate) api_key_monthly_call_credit: Number,
}
