//! Bodies as the vendor writes them: only the fields that are used.
//!
//! What is not named here is skipped without being kept: the `tokens` of a protocol, most of its body,
//! cost no memory. Rows of a list stay raw JSON until each is read by itself, and what is not structure
//! is read leniently: one odd row does not cost its neighbours.

mod stablecoins;

use std::collections::BTreeMap;

use model::Ts;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use source::lenient::{Fields, Number, Row, Text};

pub(crate) use stablecoins::{StablecoinChainRow, StablecoinDay, StablecoinRow, Stablecoins};

use crate::metrics::optional;

/// Milliseconds read as seconds lie beyond the year 5000; as milliseconds, seconds lie in 1970.
const MILLIS_FROM: i64 = 100_000_000_000;

/// What could be read by itself, and none where it could not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alone<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Alone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// An id: a text, or a whole number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let text = serde_json::from_str::<String>(raw.get()).ok();
        let number = || serde_json::from_str::<u64>(raw.get()).ok();
        let id = text.or_else(|| number().map(|number| number.to_string()));
        Ok(Self(id.filter(|id| is_id(id))))
    }
}

/// Whether a text can be asked for; one that was spoilt on its way cannot.
fn is_id(id: &str) -> bool {
    !id.trim().is_empty() && !id.contains(char::REPLACEMENT_CHARACTER)
}

/// A moment: seconds or milliseconds, a date, an instant in ISO 8601.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Option<Ts>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let text = || serde_json::from_str::<String>(raw.get()).ok();
        let at = match Number::of_json(raw, &[]).integer() {
            Some(number) if number >= MILLIS_FROM => Some(Ts::from_millis(number)),
            Some(number) => Some(Ts::from_secs(number)),
            None => text().and_then(|text| Ts::parse(&text).ok()),
        };
        Ok(Self(at))
    }
}

/// A row of `/protocols`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProtocolRow {
    pub(crate) id: Id,
    pub(crate) name: Text,
    pub(crate) slug: Text,
    pub(crate) symbol: Text,
    #[serde(rename = "gecko_id")]
    pub(crate) gecko_id: Text,
    pub(crate) cmc_id: Id,
    pub(crate) address: Text,
    pub(crate) parent_protocol: Id,
    pub(crate) parent_protocol_slug: Text,
    pub(crate) dead_from: Moment,
    pub(crate) tvl: Number,
    pub(crate) staking: Number,
    pub(crate) pool2: Number,
    pub(crate) mcap: Number,
    chain_tvls: Fields,
}

impl ProtocolRow {
    /// Returns a section of its TVL over all chains. Never the sum of the map: its entries overlap.
    pub(crate) fn section(&self, name: &str) -> Number {
        optional(self.chain_tvls.of(name))
    }
}

/// A row of `/v2/chains`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ChainRow {
    pub(crate) name: Id,
    pub(crate) tvl: Number,
    #[serde(rename = "gecko_id")]
    pub(crate) gecko_id: Text,
    pub(crate) token_symbol: Text,
    pub(crate) cmc_id: Id,
    pub(crate) chain_id: Id,
}

/// An overview as of now.
#[derive(Debug, Deserialize)]
pub(crate) struct OverviewNow<'a> {
    #[serde(borrow)]
    pub(crate) protocols: Vec<&'a RawValue>,
    #[serde(default, rename = "total24h")]
    pub(crate) total_24h: Number,
}

/// A row of an overview. Values that are not defined are left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DimensionRow {
    #[serde(rename = "defillamaId")]
    pub(crate) defillama_id: Id,
    pub(crate) id: Id,
    /// `protocol` or `chain`.
    pub(crate) protocol_type: Text,
    pub(crate) parent_protocol: Id,
    #[serde(rename = "total24h")]
    pub(crate) total_24h: Number,
}

/// An overview, or a summary, with its chart.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DimensionChart {
    pub(crate) total_data_chart: Vec<Sample>,
    #[serde(default, rename = "defillamaId")]
    pub(crate) defillama_id: Id,
    #[serde(default)]
    pub(crate) id: Id,
    #[serde(default)]
    pub(crate) protocol_type: Text,
}

/// A stamp and a value.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "Row")]
pub(crate) struct Sample {
    /// None where it is no whole number.
    pub(crate) stamp: Option<Ts>,
    pub(crate) value: Number,
}

impl Sample {
    pub(crate) fn new(stamp_secs: Number, value: Number) -> Self {
        Self {
            stamp: stamp_secs.integer().map(Ts::from_secs),
            value,
        }
    }
}

/// `[seconds, value]`
impl From<Row> for Sample {
    fn from(row: Row) -> Self {
        Self::new(row.at(0), row.at(1))
    }
}

/// A point of a protocol's or a chain's TVL.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TvlPoint {
    date: Number,
    #[serde(rename = "totalLiquidityUSD")]
    total_liquidity_usd: Number,
    tvl: Number,
}

impl From<&Alone<TvlPoint>> for Sample {
    fn from(point: &Alone<TvlPoint>) -> Self {
        let Some(point) = &point.0 else {
            return Self::new(Number::Odd, Number::Odd);
        };
        let value = match point.total_liquidity_usd {
            Number::Missing => point.tvl,
            value => value,
        };
        Self::new(point.date, value)
    }
}

/// `/protocol/{slug}`. Here `tvl` is a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    #[serde(default)]
    pub(crate) id: Id,
    pub(crate) tvl: Vec<Alone<TvlPoint>>,
    #[serde(default)]
    pub(crate) chain_tvls: Option<Sections>,
}

/// The sections among the chains of a protocol; everything else of the map is skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sections {
    pub(crate) staking: SectionTvl,
    pub(crate) pool2: SectionTvl,
    pub(crate) borrowed: SectionTvl,
}

/// The history of one section. Its `tokens` and `tokensInUsd` are skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SectionTvl {
    pub(crate) tvl: Vec<Alone<TvlPoint>>,
}

/// `/pools` and `/chart/{pool}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Yields<'a> {
    #[serde(borrow)]
    pub(crate) data: Vec<&'a RawValue>,
}

/// A row of `/pools`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PoolRow {
    pub(crate) pool: Id,
    pub(crate) tvl_usd: Number,
    pub(crate) apy: Number,
    pub(crate) apy_base: Number,
    pub(crate) apy_reward: Number,
}

/// A day of a pool's chart: the last snapshot of that day.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PoolDay {
    pub(crate) timestamp: Moment,
    pub(crate) tvl_usd: Number,
    pub(crate) apy: Number,
    pub(crate) apy_base: Number,
    pub(crate) apy_reward: Number,
}

/// Everything of the coins host: by id as it was asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Coins<'a> {
    #[serde(borrow)]
    pub(crate) coins: BTreeMap<String, &'a RawValue>,
}

/// A price with the moment it was recorded at.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PricePoint {
    pub(crate) price: Number,
    /// Seconds.
    pub(crate) timestamp: Number,
    /// From 0 to 1; 1.01 beside a price of 0 marks an asset in distress.
    pub(crate) confidence: Number,
}

/// The chart of a coin.
#[derive(Debug, Deserialize)]
pub(crate) struct CoinChart {
    #[serde(default)]
    pub(crate) confidence: Number,
    pub(crate) prices: Vec<Alone<PricePoint>>,
}

/// `/usage/{key}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    #[serde(default)]
    pub(crate) credits_left: Number,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_texts_or_whole_numbers() {
        let ids: Vec<Id> =
            serde_json::from_str(r#"["2269","parent#aave",115,"",1.5,null,{},"a\ufffd"]"#).unwrap();
        let ids: Vec<Option<&str>> = ids.iter().map(|id| id.0.as_deref()).collect();
        let expected = [Some("2269"), Some("parent#aave"), Some("115")];
        assert_eq!(ids[..3], expected);
        assert!(ids[3..].iter().all(Option::is_none), "{ids:?}");
    }

    #[test]
    fn moments_come_in_many_dresses() {
        let day = Ts::parse("2024-01-31").unwrap();
        for dress in [
            "1706659200",
            "\"1706659200\"",
            "1706659200000",
            "\"2024-01-31\"",
            "\"2024-01-31T00:00:00.000Z\"",
        ] {
            let Moment(at) = serde_json::from_str(dress).unwrap();
            assert_eq!(at, Some(day), "{dress}");
        }
        for odd in ["null", "\"soon\"", "[]", "1e999"] {
            assert_eq!(serde_json::from_str::<Moment>(odd).unwrap(), Moment(None));
        }
    }
}
