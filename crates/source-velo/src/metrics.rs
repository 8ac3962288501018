//! The one table of metrics: contract section 6.
//!
//! A column that is added here is planned, parsed and accepted in the CSV without another change.

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

/// One column of bars.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The stored name.
    pub(crate) name: &'static str,
    /// The vendor's column.
    pub(crate) column: &'static str,
    /// Which products have it.
    pub(crate) markets: &'static [Market],
    /// For which of them it is collected where a row names no metrics.
    pub(crate) default: &'static [Market],
}

use Market::{Basis, Futures, Options, Spot};

const TRADED: &[Market] = &[Futures, Spot];
const ANY: &[Market] = &[Futures, Spot, Options];

const fn new(
    name: &'static str,
    column: &'static str,
    markets: &'static [Market],
    default: &'static [Market],
) -> Metric {
    Metric {
        name,
        column,
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

/// Every column.
pub(crate) const METRICS: &[Metric] = &[
    new("OPEN_PRICE", "open_price", TRADED, TRADED),
    new("HIGH_PRICE", "high_price", TRADED, TRADED),
    new("LOW_PRICE", "low_price", TRADED, TRADED),
    new("CLOSE_PRICE", "close_price", TRADED, TRADED),
    new("COIN_VOLUME", "coin_volume", TRADED, &[]),
    new("DOLLAR_VOLUME", "dollar_volume", ANY, TRADED),
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
    futures_default("FUNDING_RATE", "funding_rate"),
    futures("FUNDING_RATE_AVG", "funding_rate_avg"),
    futures_default("PREMIUM", "premium"),
    futures("BUY_LIQUIDATIONS", "buy_liquidations"),
    futures("SELL_LIQUIDATIONS", "sell_liquidations"),
    futures("BUY_LIQ_COIN_VOL", "buy_liquidations_coin_volume"),
    futures("SELL_LIQ_COIN_VOL", "sell_liquidations_coin_volume"),
    futures("LIQ_COIN_VOL", "liquidations_coin_volume"),
    futures("BUY_LIQ_DOLLAR_VOL", "buy_liquidations_dollar_volume"),
    futures("SELL_LIQ_DOLLAR_VOL", "sell_liquidations_dollar_volume"),
    futures_default("LIQ_DOLLAR_VOL", "liquidations_dollar_volume"),
    new("BASIS_3M_ANN", "3m_basis_ann", &[Basis], &[Basis]),
    options_default("IV_1W", "iv_1w"),
    options_default("IV_1M", "iv_1m"),
    options_default("IV_3M", "iv_3m"),
    options_default("IV_6M", "iv_6m"),
    options("SKEW_1W", "skew_1w"),
    options("SKEW_1M", "skew_1m"),
    options("SKEW_3M", "skew_3m"),
    options("SKEW_6M", "skew_6m"),
    options("VEGA_COINS", "vega_coins"),
    options("VEGA_DOLLARS", "vega_dollars"),
    options("CALL_DELTA_COINS", "call_delta_coins"),
    options("CALL_DELTA_DOLLARS", "call_delta_dollars"),
    options("PUT_DELTA_COINS", "put_delta_coins"),
    options("PUT_DELTA_DOLLARS", "put_delta_dollars"),
    options("GAMMA_COINS", "gamma_coins"),
    options("GAMMA_DOLLARS", "gamma_dollars"),
    options("CALL_VOLUME", "call_volume"),
    options("CALL_PREMIUM", "call_premium"),
    options("CALL_NOTIONAL", "call_notional"),
    options("PUT_VOLUME", "put_volume"),
    options("PUT_PREMIUM", "put_premium"),
    options("PUT_NOTIONAL", "put_notional"),
    options("DVOL_OPEN", "dvol_open"),
    options("DVOL_HIGH", "dvol_high"),
    options("DVOL_LOW", "dvol_low"),
    options_default("DVOL", "dvol_close"),
    options_default("INDEX_PRICE", "index_price"),
];

/// A column of market caps.
#[derive(Debug)]
pub(crate) struct CapsMetric {
    /// The stored name.
    pub(crate) name: &'static str,
    /// The vendor's column.
    pub(crate) column: &'static str,
}

/// Every column of market caps. `fdv` counts coins in spite of its name (trap 5).
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
}
