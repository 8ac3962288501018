//! Bodies about stablecoins. Amounts stand in maps by peg, each in a unit of its own (trap 16).

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use source::lenient::{Fields, Number, Text};

use super::{Alone, Id, Moment};

/// `/stablecoins`. Either list may be asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stablecoins<'a> {
    #[serde(borrow)]
    pub(crate) pegged_assets: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) chains: Vec<&'a RawValue>,
}

/// A row of `peggedAssets`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StablecoinRow {
    pub(crate) id: Id,
    pub(crate) name: Text,
    pub(crate) symbol: Text,
    #[serde(rename = "gecko_id")]
    pub(crate) gecko_id: Text,
    pub(crate) delisted: Alone<bool>,
    pub(crate) dead_from: Moment,
    /// US dollars by peg (contract section 3.4).
    circulating: Pegs,
}

impl StablecoinRow {
    /// Returns its supply in dollars.
    pub(crate) fn usd(&self) -> Number {
        self.circulating.sum()
    }
}

/// A row of `chains` in `/stablecoins`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StablecoinChainRow {
    pub(crate) name: Id,
    #[serde(rename = "totalCirculatingUSD")]
    total_circulating_usd: Pegs,
}

impl StablecoinChainRow {
    /// Returns the dollars of all pegs.
    pub(crate) fn usd(&self) -> Number {
        self.total_circulating_usd.sum()
    }
}

/// A day of a chart of stablecoins. Its `date` is a text of seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StablecoinDay {
    pub(crate) date: Number,
    total_circulating: Pegs,
    #[serde(rename = "totalCirculatingUSD")]
    total_circulating_usd: Pegs,
}

impl StablecoinDay {
    /// Returns the dollars of all pegs.
    pub(crate) fn usd(&self) -> Number {
        self.total_circulating_usd.sum()
    }

    /// Returns the number of tokens. Pegs are units of their own: of several there is no sum.
    pub(crate) fn tokens(&self) -> Number {
        match self.pegs().as_slice() {
            [] | [_] => self.total_circulating.sum(),
            _ => Number::Odd,
        }
    }

    /// Returns the pegs of which there is anything.
    pub(crate) fn pegs(&self) -> Vec<&str> {
        let maps = [&self.total_circulating, &self.total_circulating_usd];
        let amounts = maps
            .into_iter()
            .filter_map(|pegs| pegs.0.as_ref())
            .flat_map(Fields::iter);
        let mut pegs: Vec<&str> = amounts
            .filter(|(_, amount)| amount.value().is_some_and(|amount| amount != 0.0))
            .map(|(peg, _)| peg)
            .collect();
        pegs.sort_unstable();
        pegs.dedup();
        pegs
    }
}

/// Amounts by peg; none where the name is missing.
#[derive(Debug, Default)]
struct Pegs(Option<Fields>);

impl<'de> Deserialize<'de> for Pegs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::deserialize(deserializer).map(|pegs| Self(Some(pegs)))
    }
}

impl Pegs {
    /// Returns the sum. An empty map, or one of nulls, says that there is nothing to say; one that holds
    /// anything unreadable is unreadable.
    fn sum(&self) -> Number {
        let Some(pegs) = &self.0 else {
            return Number::Missing;
        };
        let mut total = None;
        for (_, amount) in pegs.iter() {
            match amount {
                Number::Value(amount) => total = Some(total.unwrap_or(0.0) + amount),
                Number::Null => {}
                Number::Missing | Number::Odd => return Number::Odd,
            }
        }
        total.map_or(Number::Null, Number::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pegs_are_added_in_dollars_and_never_in_tokens() {
        let day = |json: &str| serde_json::from_str::<StablecoinDay>(json).unwrap();
        let two = day(r#"{"totalCirculating":{"peggedUSD":1,"peggedEUR":2},
                "totalCirculatingUSD":{"peggedUSD":1,"peggedEUR":2.5}}"#);
        assert_eq!((two.usd(), two.tokens()), (Number::Value(3.5), Number::Odd));
        let one = day(r#"{"totalCirculating":{"peggedEUR":"2","peggedUSD":0}}"#);
        assert_eq!(one.tokens(), Number::Value(2.0));
        assert_eq!(one.usd(), Number::Missing);
        for nothing in ["{}", "0", "null", r#"{"peggedUSD":null}"#] {
            let nothing = format!(r#"{{"totalCirculatingUSD":{nothing}}}"#);
            assert_eq!(day(&nothing).usd(), Number::Null, "{nothing}");
        }
        let odd = day(r#"{"totalCirculatingUSD":{"peggedUSD":1,"peggedEUR":[]}}"#);
        assert_eq!(odd.usd(), Number::Odd);
    }
}
