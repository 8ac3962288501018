//! Names that older dashboards and prompts use and that are neither canonical nor stored here.

/// The predecessor's names and a few everybody uses, with the canonical metric each means.
///
/// It stored some flows under `…_24H` after adding a day's hours; asked per day, the flow is that
/// number. Bridge volumes are missing: no vendor's dictionary here has them.
pub(crate) const NAMES: [(&str, &str); 15] = [
    ("TRADING_VOLUME_24H", "VOLUME"),
    ("LIQUIDATIONS_24H", "LIQUIDATIONS"),
    ("CHAIN_TVL", "TVL"),
    ("CHAIN_FEES_24H", "FEES_24H"),
    ("CHAIN_REVENUE_24H", "REVENUE_24H"),
    ("CHAIN_DEX_VOLUME_24H", "DEX_VOLUME_24H"),
    ("DERIVATIVES_VOLUME_24H", "PERP_VOLUME_24H"),
    ("ADJUSTED_CLOSE", "PRICE_ADJ"),
    ("DIVIDEND_AMOUNT", "DIVIDEND"),
    ("SPLIT_COEFFICIENT", "SPLIT_RATIO"),
    ("MCAP", "MARKET_CAP"),
    ("FULLY_DILUTED_VALUATION", "FDV"),
    ("OI", "OPEN_INTEREST"),
    ("FUNDING", "FUNDING_RATE"),
    ("ACTIVE_USERS", "DAU"),
];
