//! The paths that are served.

/// Which of the two supplies a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SupplyKind {
    Circulating,
    Total,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Ping,
    Key,
    CoinsList,
    AssetPlatforms,
    Currencies,
    Markets,
    SimplePrice,
    TokenPrice,
    Chart,
    ChartRange,
    Ohlc,
    OhlcRange,
    History,
    Supply(SupplyKind),
    SupplyRange(SupplyKind),
    Global,
    GlobalChart,
}

impl Endpoint {
    /// Returns the endpoint of a path and the id in it.
    pub(super) fn of<'a>(segments: &[&'a str]) -> Option<(Self, &'a str)> {
        use SupplyKind::{Circulating, Total};
        Some(match *segments {
            ["ping"] => (Self::Ping, ""),
            ["key"] => (Self::Key, ""),
            ["coins", "list"] => (Self::CoinsList, ""),
            ["asset_platforms"] => (Self::AssetPlatforms, ""),
            ["simple", "supported_vs_currencies"] => (Self::Currencies, ""),
            ["coins", "markets"] => (Self::Markets, ""),
            ["simple", "price"] => (Self::SimplePrice, ""),
            ["simple", "token_price", id] => (Self::TokenPrice, id),
            ["coins", id, "market_chart"] => (Self::Chart, id),
            ["coins", id, "market_chart", "range"] => (Self::ChartRange, id),
            ["coins", id, "ohlc"] => (Self::Ohlc, id),
            ["coins", id, "ohlc", "range"] => (Self::OhlcRange, id),
            ["coins", id, "history"] => (Self::History, id),
            ["coins", id, "circulating_supply_chart"] => (Self::Supply(Circulating), id),
            ["coins", id, "circulating_supply_chart", "range"] => {
                (Self::SupplyRange(Circulating), id)
            }
            ["coins", id, "total_supply_chart"] => (Self::Supply(Total), id),
            ["coins", id, "total_supply_chart", "range"] => (Self::SupplyRange(Total), id),
            ["global"] => (Self::Global, ""),
            ["global", "market_cap_chart"] => (Self::GlobalChart, ""),
            _ => return None,
        })
    }

    /// Returns the path with ids replaced.
    pub(super) fn template(self) -> &'static str {
        match self {
            Self::Ping => "/ping",
            Self::Key => "/key",
            Self::CoinsList => "/coins/list",
            Self::AssetPlatforms => "/asset_platforms",
            Self::Currencies => "/simple/supported_vs_currencies",
            Self::Markets => "/coins/markets",
            Self::SimplePrice => "/simple/price",
            Self::TokenPrice => "/simple/token_price/{id}",
            Self::Chart => "/coins/{id}/market_chart",
            Self::ChartRange => "/coins/{id}/market_chart/range",
            Self::Ohlc => "/coins/{id}/ohlc",
            Self::OhlcRange => "/coins/{id}/ohlc/range",
            Self::History => "/coins/{id}/history",
            Self::Supply(SupplyKind::Circulating) => "/coins/{id}/circulating_supply_chart",
            Self::SupplyRange(SupplyKind::Circulating) => {
                "/coins/{id}/circulating_supply_chart/range"
            }
            Self::Supply(SupplyKind::Total) => "/coins/{id}/total_supply_chart",
            Self::SupplyRange(SupplyKind::Total) => "/coins/{id}/total_supply_chart/range",
            Self::Global => "/global",
            Self::GlobalChart => "/global/market_cap_chart",
        }
    }
}
