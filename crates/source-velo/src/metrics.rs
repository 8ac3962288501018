//! The one table of metrics: contract section 6.
//!
//! A column that is added here is planned, parsed and accepted in the CSV without another change.

use source::lenient::Number;

/// What kind of product a column belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Market {
    /// Perpetual and dated contracts.
    Futures,
    /// Spot products.
    Spot,
    /// Options, by coin.
    Options,
    /// The annualised basis over three exchanges, by coin.
    Basis,
}

impl Market {
    /// Returns the spelling of the query's `type`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Futures | Self::Basis => "futures",
            Self::Spot => "spot",
            Self::Options => "options",
        }
    }

    /// Returns how many exchanges a request is priced with (section 4.5).
    pub(crate) const fn priced_exchanges(self) -> u64 {
        match self {
            Self::Basis => 3,
            _ => 1,
        }
    }
}

/// Which values of a column are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    /// A price or an index: zero or less is an error of the vendor.
    Positive,
    /// A volume, a count, a level: zero is a value.
    NotNegative,
    /// A rate or a difference: any sign. So are sensitivities, of which the contract says nothing.
    Any,
}

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// A value.
    Value(f64),
    /// The vendor's way to say that there is none.
    Missing,
    /// No possible value of this column, and why.
    Wrong(&'static str),
}

impl Valid {
    /// Judges one cell.
    pub(crate) fn judge(self, number: Number) -> Verdict {
        match number {
            Number::Null | Number::Missing => Verdict::Missing,
            Number::Odd => Verdict::Wrong("not_a_number"),
            Number::Value(value) => match self {
                Self::Positive if value <= 0.0 => Verdict::Wrong("not_positive"),
                Self::NotNegative if value < 0.0 => Verdict::Wrong("negative"),
                _ => Verdict::Value(value),
            },
        }
    }
}

/// One column of bars.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The stored name.
    pub(crate) name: &'static str,
    /// The vendor's column.
    pub(crate) column: &'static str,
    /// Which values are values.
    pub(crate) valid: Valid,
    /// Which products have it.
    pub(crate) markets: &'static [Market],
    /// For which of them it is collected where a row names no metrics.
    pub(crate) default: &'static [Market],
}

use Market::{Basis, Futures, Options, Spot};

const TRADED: &[Market] = &[Futures, Spot];
const EVERY: &[Market] = &[Futures, Spot, Options];

const fn new(
    name: &'static str,
    column: &'static str,
    markets: &'static [Market],
    default: &'static [Market],
) -> Metric {
    Metric {
        name,
        column,
        valid: Valid::NotNegative,
        markets,
        default,
    }
}

const fn futures(name: &'static str, column: &'static str) -> Metric {
    new(name, column, &[Futures], &[])
}

const fn futures_default(name: &'static str, column: &'static str) -> Metric {
    new(name, column, &[Futures], &[Futures])
}

const fn options(name: &'static str, column: &'static str) -> Metric {
    new(name, column, &[Options], &[])
}

const fn options_default(name: &'static str, column: &'static str) -> Metric {
    new(name, column, &[Options], &[Options])
}

impl Metric {
    const fn positive(self) -> Self {
        Self {
            valid: Valid::Positive,
            ..self
        }
    }

    const fn signed(self) -> Self {
        Self {
            valid: Valid::Any,
            ..self
        }
    }
}

/// Every column.
pub(crate) const METRICS: &[Metric] = &[
    new("OPEN_PRICE", "open_price", TRADED, TRADED).positive(),
    new("HIGH_PRICE", "high_price", TRADED, TRADED).positive(),
    new("LOW_PRICE", "low_price", TRADED, TRADED).positive(),
    new("CLOSE_PRICE", "close_price", TRADED, TRADED).positive(),
    new("COIN_VOLUME", "coin_volume", TRADED, &[]),
    new("DOLLAR_VOLUME", "dollar_volume", EVERY, TRADED),
    new("BUY_TRADES", "buy_trades", TRADED, &[]),
    new("SELL_TRADES", "sell_trades", TRADED, &[]),
    new("TOTAL_TRADES", "total_trades", TRADED, &[]),
    new("BUY_COIN_VOLUME", "buy_coin_volume", TRADED, &[]),
    new("SELL_COIN_VOLUME", "sell_coin_volume", TRADED, &[]),
    new("BUY_DOLLAR_VOLUME", "buy_dollar_volume", TRADED, &[]),
    new("SELL_DOLLAR_VOLUME", "sell_dollar_volume", TRADED, &[]),
    futures("COIN_OI_HIGH", "coin_open_interest_high"),
    futures("COIN_OI_LOW", "coin_open_interest_low"),
    futures_default("COIN_OI_CLOSE", "coin_open_interest_close"),
    futures("DOLLAR_OI_HIGH", "dollar_open_interest_high"),
    futures("DOLLAR_OI_LOW", "dollar_open_interest_low"),
    futures_default("DOLLAR_OI_CLOSE", "dollar_open_interest_close"),
    futures_default("FUNDING_RATE", "funding_rate").signed(),
    futures("FUNDING_RATE_AVG", "funding_rate_avg").signed(),
    futures_default("PREMIUM", "premium").signed(),
    futures("BUY_LIQUIDATIONS", "buy_liquidations"),
    futures("SELL_LIQUIDATIONS", "sell_liquidations"),
    futures("BUY_LIQ_COIN_VOL", "buy_liquidations_coin_volume"),
    futures("SELL_LIQ_COIN_VOL", "sell_liquidations_coin_volume"),
    futures("LIQ_COIN_VOL", "liquidations_coin_volume"),
    futures("BUY_LIQ_DOLLAR_VOL", "buy_liquidations_dollar_volume"),
    futures("SELL_LIQ_DOLLAR_VOL", "sell_liquidations_dollar_volume"),
    futures_default("LIQ_DOLLAR_VOL", "liquidations_dollar_volume"),
    new("BASIS_3M_ANN", "3m_basis_ann", &[Basis], &[Basis]).signed(),
    options_default("IV_1W", "iv_1w"),
    options_default("IV_1M", "iv_1m"),
    options_default("IV_3M", "iv_3m"),
    options_default("IV_6M", "iv_6m"),
    options("SKEW_1W", "skew_1w").signed(),
    options("SKEW_1M", "skew_1m").signed(),
    options("SKEW_3M", "skew_3m").signed(),
    options("SKEW_6M", "skew_6m").signed(),
    options("VEGA_COINS", "vega_coins").signed(),
    options("VEGA_DOLLARS", "vega_dollars").signed(),
    options("CALL_DELTA_COINS", "call_delta_coins").signed(),
    options("CALL_DELTA_DOLLARS", "call_delta_dollars").signed(),
    options("PUT_DELTA_COINS", "put_delta_coins").signed(),
    options("PUT_DELTA_DOLLARS", "put_delta_dollars").signed(),
    options("GAMMA_COINS", "gamma_coins").signed(),
    options("GAMMA_DOLLARS", "gamma_dollars").signed(),
    options("CALL_VOLUME", "call_volume"),
    options("CALL_PREMIUM", "call_premium"),
    options("CALL_NOTIONAL", "call_notional"),
    options("PUT_VOLUME", "put_volume"),
    options("PUT_PREMIUM", "put_premium"),
    options("PUT_NOTIONAL", "put_notional"),
    options("DVOL_OPEN", "dvol_open").positive(),
    options("DVOL_HIGH", "dvol_high").positive(),
    options("DVOL_LOW", "dvol_low").positive(),
    options_default("DVOL", "dvol_close").positive(),
    options_default("INDEX_PRICE", "index_price").positive(),
];

/// A column of market caps.
#[derive(Debug)]
pub(crate) struct CapsMetric {
    /// The stored name.
    pub(crate) name: &'static str,
    /// The vendor's column.
    pub(crate) column: &'static str,
}

/// Every column of market caps: none is ever negative. `fdv` counts coins in spite of its name
/// (trap 5).
pub(crate) const CAPS_METRICS: [CapsMetric; 4] = [
    CapsMetric {
        name: "CIRCULATING_SUPPLY",
        column: "circ",
    },
    CapsMetric {
        name: "MARKET_CAP",
        column: "circ_dollars",
    },
    CapsMetric {
        name: "TOTAL_SUPPLY",
        column: "fdv",
    },
    CapsMetric {
        name: "FDV",
        column: "fdv_dollars",
    },
];

/// Returns the columns of a market.
pub(crate) fn metrics_of(market: Market) -> impl Iterator<Item = &'static Metric> + Clone {
    METRICS
        .iter()
        .filter(move |metric| metric.markets.contains(&market))
}

/// Returns a column of a market by its stored name.
pub(crate) fn metric(market: Market, name: &str) -> Option<&'static Metric> {
    metrics_of(market).find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_as_many_columns_as_the_contract_counts() {
        assert_eq!(metrics_of(Futures).count(), 30);
        assert_eq!(metrics_of(Spot).count(), 13);
        assert_eq!(metrics_of(Options).count(), 28);
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        let columns: BTreeSet<_> = METRICS.iter().map(|metric| metric.column).collect();
        assert_eq!((names.len(), columns.len()), (METRICS.len(), METRICS.len()));
        let default = |market| {
            metrics_of(market)
                .filter(|metric| metric.default.contains(&market))
                .count()
        };
        assert_eq!((default(Futures), default(Spot)), (10, 5));
    }

    #[test]
    fn rates_and_differences_may_be_negative_and_nothing_else() {
        let named = |valid| {
            let of = METRICS.iter().filter(move |metric| metric.valid == valid);
            of.map(|metric| metric.name).collect::<Vec<_>>()
        };
        let any = "FUNDING_RATE FUNDING_RATE_AVG PREMIUM BASIS_3M_ANN SKEW_1W SKEW_1M SKEW_3M SKEW_6M \
                   VEGA_COINS VEGA_DOLLARS CALL_DELTA_COINS CALL_DELTA_DOLLARS PUT_DELTA_COINS \
                   PUT_DELTA_DOLLARS GAMMA_COINS GAMMA_DOLLARS";
        assert_eq!(
            named(Valid::Any),
            any.split_whitespace().collect::<Vec<_>>()
        );
        let positive = "OPEN_PRICE HIGH_PRICE LOW_PRICE CLOSE_PRICE DVOL_OPEN DVOL_HIGH DVOL_LOW DVOL \
                        INDEX_PRICE";
        assert_eq!(
            named(Valid::Positive),
            positive.split_whitespace().collect::<Vec<_>>()
        );
        let judge = |valid: Valid, value| valid.judge(Number::Value(value));
        assert_eq!(judge(Valid::Positive, 0.0), Verdict::Wrong("not_positive"));
        assert_eq!(judge(Valid::NotNegative, 0.0), Verdict::Value(0.0));
        assert_eq!(judge(Valid::NotNegative, -1.0), Verdict::Wrong("negative"));
        assert_eq!(judge(Valid::Any, -1.0), Verdict::Value(-1.0));
    }
}
