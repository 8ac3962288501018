//! Bodies as the vendor writes them: only the fields that are used.
//!
//! Rows of a list stay raw JSON until each is read by itself, so that one odd row does not cost the
//! other 249.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// A row of `/coins/list`.
#[derive(Debug, Deserialize)]
pub(crate) struct CoinRow {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) symbol: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Asset platform to contract address; the address may be null, the platform empty.
    #[serde(default)]
    pub(crate) platforms: Option<BTreeMap<String, Option<String>>>,
}

/// A number of a row of `/coins/markets`. Every one may be null; a row without the name is another
/// shape than the contract's and must not be taken for "no data".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Field {
    /// The row does not have the name.
    #[default]
    Unnamed,
    /// A number or null.
    Named(Option<f64>),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Named)
    }
}

/// A row of `/coins/markets`.
#[derive(Debug, Deserialize)]
pub(crate) struct MarketRow {
    pub(crate) id: String,
    /// ISO 8601, UTC; the schema says it is never null.
    #[serde(default)]
    pub(crate) last_updated: Option<String>,
    #[serde(default)]
    pub(crate) current_price: Field,
    #[serde(default)]
    pub(crate) market_cap: Field,
    #[serde(default)]
    pub(crate) market_cap_rank: Field,
    #[serde(default)]
    pub(crate) fully_diluted_valuation: Field,
    #[serde(default)]
    pub(crate) total_volume: Field,
    #[serde(default)]
    pub(crate) high_24h: Field,
    #[serde(default)]
    pub(crate) low_24h: Field,
    #[serde(default)]
    pub(crate) price_change_percentage_24h: Field,
    #[serde(default)]
    pub(crate) circulating_supply: Field,
    #[serde(default)]
    pub(crate) total_supply: Field,
    #[serde(default)]
    pub(crate) max_supply: Field,
}

/// What is left of a row that could not be read: whose it is.
#[derive(Debug, Deserialize)]
pub(crate) struct RowId {
    pub(crate) id: String,
}

/// `[milliseconds, number or null]`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Sample(pub(crate) i64, pub(crate) Option<f64>);

/// `/coins/{id}/market_chart` and `/range`. All three arrays must be there, empty or not.
#[derive(Debug, Deserialize)]
pub(crate) struct MarketChart {
    pub(crate) prices: Vec<Sample>,
    pub(crate) market_caps: Vec<Sample>,
    pub(crate) total_volumes: Vec<Sample>,
}

/// A candle of `/coins/{id}/ohlc` and `/range`: `[milliseconds of its end, open, high, low, close]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candle {
    pub(crate) end_ms: i64,
    pub(crate) open: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) close: Option<f64>,
}

impl<'de> Deserialize<'de> for Candle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Row = (i64, Option<f64>, Option<f64>, Option<f64>, Option<f64>);
        let (end_ms, open, high, low, close) = Row::deserialize(deserializer)?;
        Ok(Self {
            end_ms,
            open,
            high,
            low,
            close,
        })
    }
}

/// `/coins/{id}/circulating_supply_chart[/range]` and `/total_supply_chart[/range]`: one of the two.
#[derive(Debug, Deserialize)]
pub(crate) struct SupplyChart {
    #[serde(default, deserialize_with = "loose_samples")]
    pub(crate) circulating_supply: Option<Vec<Sample>>,
    #[serde(default, deserialize_with = "loose_samples")]
    pub(crate) total_supply: Option<Vec<Sample>>,
}

/// Values as texts, as the examples have them, or as numbers, as the schema allows. A text that is
/// no number becomes one that no metric takes, so that it costs itself only.
fn loose_samples<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Sample>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Number(f64),
        Text(String),
    }
    let rows: Vec<(i64, Option<Loose>)> = Vec::deserialize(deserializer)?;
    let number = |loose| match loose {
        Loose::Number(number) => number,
        Loose::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
    };
    let samples = rows
        .into_iter()
        .map(|(ms, value)| Sample(ms, value.map(number)));
    Ok(Some(samples.collect()))
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
    pub(crate) total_market_cap: BTreeMap<String, Option<f64>>,
    /// By quote currency.
    pub(crate) total_volume: BTreeMap<String, Option<f64>>,
    /// Percent, by symbol; the largest coins only.
    pub(crate) market_cap_percentage: BTreeMap<String, Option<f64>>,
    /// UNIX seconds.
    pub(crate) updated_at: i64,
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
    pub(crate) current_total_monthly_calls: u64,
    #[serde(default)]
    pub(crate) monthly_call_credit: Option<u64>,
    #[serde(default)]
    pub(crate) api_key_current_total_monthly_calls: Option<u64>,
    #[serde(default)]
    pub(crate) api_key_monthly_call_credit: Option<u64>,
}
