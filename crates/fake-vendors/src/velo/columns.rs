//! The columns of each market, and which of a bucket's parts each shows.

use crate::velo::venues::Market;

/// Whose half of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Taker buys; at the options' venue calls.
    Buy,
    /// Taker sells; at the options' venue puts.
    Sell,
    Both,
}

/// Which corner of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Corner {
    Open,
    High,
    Low,
    Close,
}

/// What a flow counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Trades,
    Coins,
    Dollars,
    Premiums,
    Liquidations,
    LiquidatedCoins,
    LiquidatedDollars,
}

/// A quantity that is read at the end of a bucket and wanders between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    pub(super) salt: u64,
    pub(super) middle: f64,
    pub(super) swing: f64,
    pub(super) decimals: u32,
}

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Column {
    Price(Corner),
    Flow(Flow, Side),
    CoinInterest(Corner),
    DollarInterest(Corner),
    Funding,
    FundingMean,
    Premium,
    Volatility(Corner),
    Level(Level),
}

/// The column of the three-month basis, which goes alone.
pub(super) const BASIS: &str = "3m_basis_ann";

/// Returns the meaning of the basis.
pub(super) fn basis() -> Column {
    level(41, 0.06, 0.05, 6)
}

/// Returns what a market's column shows; the basis is not among them.
pub(super) fn named(market: Market, name: &str) -> Option<Column> {
    let found = common(market, name);
    match market {
        Market::Futures => found.or_else(|| of_futures(name)),
        Market::Spot => found,
        Market::Options => of_options(name),
    }
}

/// Futures and spot share these.
fn common(market: Market, name: &str) -> Option<Column> {
    use Column::{Flow as F, Price};
    if market == Market::Options {
        return None;
    }
    Some(match name {
        "open_price" => Price(Corner::Open),
        "high_price" => Price(Corner::High),
        "low_price" => Price(Corner::Low),
        "close_price" => Price(Corner::Close),
        "coin_volume" => F(Flow::Coins, Side::Both),
        "dollar_volume" => F(Flow::Dollars, Side::Both),
        "buy_trades" => F(Flow::Trades, Side::Buy),
        "sell_trades" => F(Flow::Trades, Side::Sell),
        "total_trades" => F(Flow::Trades, Side::Both),
        "buy_coin_volume" => F(Flow::Coins, Side::Buy),
        "sell_coin_volume" => F(Flow::Coins, Side::Sell),
        "buy_dollar_volume" => F(Flow::Dollars, Side::Buy),
        "sell_dollar_volume" => F(Flow::Dollars, Side::Sell),
        _ => return None,
    })
}

fn of_futures(name: &str) -> Option<Column> {
    use Column::{CoinInterest, DollarInterest, Flow as F};
    Some(match name {
        "coin_open_interest_high" => CoinInterest(Corner::High),
        "coin_open_interest_low" => CoinInterest(Corner::Low),
        "coin_open_interest_close" => CoinInterest(Corner::Close),
        "dollar_open_interest_high" => DollarInterest(Corner::High),
        "dollar_open_interest_low" => DollarInterest(Corner::Low),
        "dollar_open_interest_close" => DollarInterest(Corner::Close),
        "funding_rate" => Column::Funding,
        "funding_rate_avg" => Column::FundingMean,
        "premium" => Column::Premium,
        "buy_liquidations" => F(Flow::Liquidations, Side::Buy),
        "sell_liquidations" => F(Flow::Liquidations, Side::Sell),
        "buy_liquidations_coin_volume" => F(Flow::LiquidatedCoins, Side::Buy),
        "sell_liquidations_coin_volume" => F(Flow::LiquidatedCoins, Side::Sell),
        "liquidations_coin_volume" => F(Flow::LiquidatedCoins, Side::Both),
        "buy_liquidations_dollar_volume" => F(Flow::LiquidatedDollars, Side::Buy),
        "sell_liquidations_dollar_volume" => F(Flow::LiquidatedDollars, Side::Sell),
        "liquidations_dollar_volume" => F(Flow::LiquidatedDollars, Side::Both),
        _ => return None,
    })
}

/// The unit of volumes, vegas, deltas and gammas of options is not in the contract: notional here, in coins or dollars.
fn of_options(name: &str) -> Option<Column> {
    use Column::{Flow as F, Volatility};
    Some(match name {
        "iv_1w" => level(51, 0.58, 0.25, 4),
        "iv_1m" => level(52, 0.55, 0.2, 4),
        "iv_3m" => level(53, 0.56, 0.15, 4),
        "iv_6m" => level(54, 0.58, 0.12, 4),
        "skew_1w" => level(55, -0.01, 0.12, 4),
        "skew_1m" => level(56, 0.0, 0.1, 4),
        "skew_3m" => level(57, 0.01, 0.08, 4),
        "skew_6m" => level(58, 0.02, 0.06, 4),
        "vega_coins" => level(59, 0.0, 90.0, 3),
        "vega_dollars" => level(60, 0.0, 5_000_000.0, 2),
        "call_delta_coins" => level(61, 40_000.0, 15_000.0, 2),
        "call_delta_dollars" => level(62, 2.6e9, 9e8, 2),
        "put_delta_coins" => level(63, -22_000.0, 9_000.0, 2),
        "put_delta_dollars" => level(64, -1.4e9, 6e8, 2),
        "gamma_coins" => level(65, 0.0, 2.0, 4),
        "gamma_dollars" => level(66, 0.0, 120_000.0, 2),
        "call_volume" => F(Flow::Coins, Side::Buy),
        "call_premium" => F(Flow::Premiums, Side::Buy),
        "call_notional" => F(Flow::Dollars, Side::Buy),
        "put_volume" => F(Flow::Coins, Side::Sell),
        "put_premium" => F(Flow::Premiums, Side::Sell),
        "put_notional" => F(Flow::Dollars, Side::Sell),
        "dollar_volume" => F(Flow::Dollars, Side::Both),
        "dvol_open" => Volatility(Corner::Open),
        "dvol_high" => Volatility(Corner::High),
        "dvol_low" => Volatility(Corner::Low),
        "dvol_close" => Volatility(Corner::Close),
        "index_price" => Column::Price(Corner::Close),
        _ => return None,
    })
}

fn level(salt: u64, middle: f64, swing: f64, decimals: u32) -> Column {
    Column::Level(Level {
        salt,
        middle,
        swing,
        decimals,
    })
}
