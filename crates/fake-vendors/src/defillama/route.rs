//! Where a request goes: free host or Pro, which of the products, which of its paths.
//!
//! One port plays all hosts: Pro's layout is at the root, the free hosts are below `/free/<product>`.

use super::v2::{By, Of};

/// The hosts, each its own product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Api,
    Coins,
    Stablecoins,
    Yields,
}

impl Host {
    fn named(text: &str) -> Option<Self> {
        match text {
            "api" => Some(Self::Api),
            "coins" => Some(Self::Coins),
            "stablecoins" => Some(Self::Stablecoins),
            "yields" => Some(Self::Yields),
            _ => None,
        }
    }
}

/// Which way a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door<'a> {
    /// A free host.
    Free,
    /// Pro, with this key in the path.
    Key(&'a str),
    /// Pro, with a product where the key should be.
    NoKey,
}

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    Usage,
    Protocols,
    Protocol(&'a str),
    Tvl(&'a str),
    Chains,
    ChainHistory(Option<&'a str>),
    Overview(&'a str, Option<&'a str>),
    Summary(&'a str, &'a str),
    Chart(&'a str, Of<'a>, By),
    Metrics(&'a str, Of<'a>),
    TvlChart(&'a str, By),
    TvlMetrics(&'a str),
    Perps,
    Current(&'a str),
    Historical(&'a str, &'a str),
    Batch,
    CoinChart(&'a str),
    Percentage(&'a str),
    First(&'a str),
    Block(&'a str, &'a str),
    Stablecoins,
    StablecoinCharts(&'a str),
    Stablecoin(&'a str),
    StablecoinChains,
    StablecoinPrices,
    Dominance(&'a str),
    Pools,
    PoolChart(&'a str),
}

/// A request's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route<'a> {
    pub(super) door: Door<'a>,
    pub(super) host: Option<Host>,
    /// What is asked for, and the path below the host with ids replaced; none where nothing is served.
    pub(super) endpoint: Option<(Endpoint<'a>, &'static str)>,
}

impl<'a> Route<'a> {
    /// Finds the way of a path.
    pub(super) fn of(segments: &[&'a str]) -> Self {
        let (door, rest) = match *segments {
            ["free", ref rest @ ..] => (Door::Free, rest),
            ["usage", key] => {
                let endpoint = Some((Endpoint::Usage, "/usage"));
                return Self {
                    door: Door::Key(key),
                    host: None,
                    endpoint,
                };
            }
            [first, ..] if Host::named(first).is_some() || first == "usage" => {
                (Door::NoKey, segments)
            }
            [key, ref rest @ ..] => (Door::Key(key), rest),
            [] => (Door::NoKey, segments),
        };
        let (host, below) = match *rest {
            [product, ref below @ ..] => (Host::named(product), below),
            [] => (None, rest),
        };
        let endpoint = host.and_then(|host| match host {
            Host::Api => api(below),
            Host::Coins => coins(below),
            Host::Stablecoins => stablecoins(below),
            Host::Yields => yields(below),
        });
        Self {
            door,
            host,
            endpoint,
        }
    }
}

type Found<'a> = Option<(Endpoint<'a>, &'static str)>;

fn api<'a>(below: &[&'a str]) -> Found<'a> {
    use Endpoint::{
        ChainHistory, Chains, Overview, Perps, Protocol, Protocols, Summary, Tvl, TvlChart,
        TvlMetrics,
    };
    Some(match *below {
        ["protocols"] => (Protocols, "/api/protocols"),
        ["protocol", slug] => (Protocol(slug), "/api/protocol/{slug}"),
        ["tvl", slug] => (Tvl(slug), "/api/tvl/{slug}"),
        ["v2", "chains"] => (Chains, "/api/v2/chains"),
        ["v2", "historicalChainTvl"] => (ChainHistory(None), "/api/v2/historicalChainTvl"),
        ["v2", "historicalChainTvl", name] => (
            ChainHistory(Some(name)),
            "/api/v2/historicalChainTvl/{chain}",
        ),
        ["overview", kind] => (Overview(kind, None), "/api/overview/{type}"),
        ["overview", kind, chain] => (Overview(kind, Some(chain)), "/api/overview/{type}/{chain}"),
        ["summary", kind, slug] => (Summary(kind, slug), "/api/summary/{type}/{slug}"),
        ["v2", "chart", "tvl", "protocol", slug] => (
            TvlChart(slug, By::Nothing),
            "/api/v2/chart/tvl/protocol/{slug}",
        ),
        ["v2", "chart", "tvl", "protocol", slug, "chain-breakdown"] => (
            TvlChart(slug, By::Chain),
            "/api/v2/chart/tvl/protocol/{slug}/chain-breakdown",
        ),
        ["v2", "metrics", "tvl", "protocol", slug] => {
            (TvlMetrics(slug), "/api/v2/metrics/tvl/protocol/{slug}")
        }
        ["v2", "chart", kind, ref rest @ ..] => return chart(kind, rest),
        ["v2", "metrics", kind, ref rest @ ..] => return metrics(kind, rest),
        ["perpFundingRates"] => (Perps, "/api/perpFundingRates"),
        _ => return None,
    })
}

fn chart<'a>(kind: &'a str, rest: &[&'a str]) -> Found<'a> {
    let (of, by, template) = match *rest {
        [] => (Of::All, By::Nothing, "/api/v2/chart/{type}"),
        ["protocol-breakdown"] => (
            Of::All,
            By::Protocol,
            "/api/v2/chart/{type}/protocol-breakdown",
        ),
        ["chain-breakdown"] => (Of::All, By::Chain, "/api/v2/chart/{type}/chain-breakdown"),
        ["chain", chain] => (
            Of::Chain(chain),
            By::Nothing,
            "/api/v2/chart/{type}/chain/{chain}",
        ),
        ["chain", chain, "protocol-breakdown"] => (
            Of::Chain(chain),
            By::Protocol,
            "/api/v2/chart/{type}/chain/{chain}/protocol-breakdown",
        ),
        ["protocol", slug] => (
            Of::Protocol(slug),
            By::Nothing,
            "/api/v2/chart/{type}/protocol/{slug}",
        ),
        ["protocol", slug, "chain-breakdown"] => (
            Of::Protocol(slug),
            By::Chain,
            "/api/v2/chart/{type}/protocol/{slug}/chain-breakdown",
        ),
        ["protocol", slug, "version-breakdown"] => (
            Of::Protocol(slug),
            By::Protocol,
            "/api/v2/chart/{type}/protocol/{slug}/version-breakdown",
        ),
        _ => return None,
    };
    Some((Endpoint::Chart(kind, of, by), template))
}

fn metrics<'a>(kind: &'a str, rest: &[&'a str]) -> Found<'a> {
    let (of, template) = match *rest {
        [] => (Of::All, "/api/v2/metrics/{type}"),
        ["chain", chain] => (Of::Chain(chain), "/api/v2/metrics/{type}/chain/{chain}"),
        ["protocol", slug] => (Of::Protocol(slug), "/api/v2/metrics/{type}/protocol/{slug}"),
        _ => return None,
    };
    Some((Endpoint::Metrics(kind, of), template))
}

fn coins<'a>(below: &[&'a str]) -> Found<'a> {
    use Endpoint::{Batch, Block, CoinChart, Current, First, Historical, Percentage};
    Some(match *below {
        ["prices", "current"] => (Current(""), "/coins/prices/current/{coins}"),
        ["prices", "current", coins] => (Current(coins), "/coins/prices/current/{coins}"),
        ["prices", "historical", at, coins] => (
            Historical(at, coins),
            "/coins/prices/historical/{ts}/{coins}",
        ),
        ["prices", "first", coins] => (First(coins), "/coins/prices/first/{coins}"),
        ["batchHistorical"] => (Batch, "/coins/batchHistorical"),
        ["chart", coins] => (CoinChart(coins), "/coins/chart/{coins}"),
        ["percentage", coins] => (Percentage(coins), "/coins/percentage/{coins}"),
        ["block", chain, at] => (Block(chain, at), "/coins/block/{chain}/{ts}"),
        _ => return None,
    })
}

fn stablecoins<'a>(below: &[&'a str]) -> Found<'a> {
    use Endpoint::{
        Dominance, Stablecoin, StablecoinChains, StablecoinCharts, StablecoinPrices, Stablecoins,
    };
    Some(match *below {
        ["stablecoins"] => (Stablecoins, "/stablecoins/stablecoins"),
        ["stablecoincharts", chain] => (
            StablecoinCharts(chain),
            "/stablecoins/stablecoincharts/{chain}",
        ),
        ["stablecoin", id] => (Stablecoin(id), "/stablecoins/stablecoin/{id}"),
        ["stablecoinchains"] => (StablecoinChains, "/stablecoins/stablecoinchains"),
        ["stablecoinprices"] => (StablecoinPrices, "/stablecoins/stablecoinprices"),
        ["stablecoindominance", chain] => {
            (Dominance(chain), "/stablecoins/stablecoindominance/{chain}")
        }
        _ => return None,
    })
}

/// The newer paths have `v1` in between and mean the same.
fn yields<'a>(below: &[&'a str]) -> Found<'a> {
    use Endpoint::{Perps, PoolChart, Pools};
    Some(match *below {
        ["pools"] => (Pools, "/yields/pools"),
        ["v1", "pools"] => (Pools, "/yields/v1/pools"),
        ["chart", uuid] => (PoolChart(uuid), "/yields/chart/{uuid}"),
        ["v1", "chart", uuid] => (PoolChart(uuid), "/yields/v1/chart/{uuid}"),
        ["perps"] => (Perps, "/yields/perps"),
        ["v1", "perps"] => (Perps, "/yields/v1/perps"),
        _ => return None,
    })
}

impl Endpoint<'_> {
    /// Tells whether only a paid key gets it.
    pub(super) fn is_paid(self) -> bool {
        match self {
            Self::Overview(kind, _) | Self::Summary(kind, _) => kind == "derivatives",
            Self::Chart(..)
            | Self::Metrics(..)
            | Self::TvlChart(..)
            | Self::TvlMetrics(_)
            | Self::Perps
            | Self::Dominance(_) => true,
            _ => false,
        }
    }
}

/// Returns a path with the key in it replaced, whether it is the right one or not.
pub(super) fn without_key(below: &str) -> String {
    let mut parts: Vec<&str> = below.split('/').collect();
    let filled: Vec<usize> = (0..parts.len())
        .filter(|place| parts.get(*place) != Some(&""))
        .collect();
    let first = filled.first().and_then(|place| parts.get(*place)).copied();
    let key = match first {
        Some("free") | None => None,
        Some("usage") => filled.get(1),
        Some(product) if Host::named(product).is_some() => None,
        Some(_) => filled.first(),
    };
    if let Some(part) = key.and_then(|place| parts.get_mut(*place)) {
        *part = "***";
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(path: &[&'a str]) -> Route<'a> {
        Route::of(path)
    }

    #[test]
    fn both_layouts_lead_to_the_same() {
        let free = of(&["free", "api", "protocol", "aave"]);
        let pro = of(&["K", "api", "protocol", "aave"]);
        assert_eq!((free.door, pro.door), (Door::Free, Door::Key("K")));
        assert_eq!(free.endpoint, pro.endpoint);
        assert_eq!(pro.endpoint.unwrap().0, Endpoint::Protocol("aave"));
        let (coins, pool) = (
            of(&["free", "coins", "chart", "x"]),
            of(&["free", "yields", "chart", "x"]),
        );
        assert_eq!(coins.endpoint.unwrap().0, Endpoint::CoinChart("x"));
        assert_eq!(pool.endpoint.unwrap().0, Endpoint::PoolChart("x"));
        assert_eq!(
            of(&["K", "yields", "v1", "pools"]).endpoint.unwrap().0,
            Endpoint::Pools
        );
        assert_eq!(of(&["api", "protocols"]).door, Door::NoKey);
        assert_eq!(of(&["usage", "K"]).endpoint.unwrap().0, Endpoint::Usage);
        assert_eq!(of(&["usage"]).door, Door::NoKey);
        assert_eq!(of(&["K", "api", "nothing"]).endpoint, None);
    }

    #[test]
    fn keys_do_not_survive_in_paths() {
        assert_eq!(without_key("/SECRET/api/protocols"), "/***/api/protocols");
        assert_eq!(without_key("//SECRET/api"), "//***/api");
        assert_eq!(without_key("/usage/SECRET"), "/usage/***");
        assert_eq!(without_key("/usage/SECRET/"), "/usage/***/");
        assert_eq!(without_key("/SECRET"), "/***");
        assert_eq!(without_key("/free/coins/chart/x"), "/free/coins/chart/x");
        assert_eq!(without_key("/api/protocols"), "/api/protocols");
    }
}
