//! A path below its product into what it asks for.

use crate::access::Product;

/// What a path asks for. Segments as they stand in the path, percent-encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    Protocols,
    Chains,
    Stablecoins,
    Pools,
    Usage,
    /// `/protocol/{slug}`
    Protocol(&'p str),
    /// `/v2/chart/tvl/protocol/{slug}`
    TvlChart(&'p str),
    /// `/v2/historicalChainTvl[/{chain}]`
    ChainTvl(Option<&'p str>),
    /// `/overview/{type}[/{chain}]`
    Overview(&'p str, Option<&'p str>),
    /// `/summary/{type}/{slug}`
    Summary(&'p str, &'p str),
    /// `/v2/chart/{type}[/chain/{chain}|/protocol/{slug}]`
    Chart(&'p str, Of<'p>),
    /// `/stablecoincharts/{all|chain}`
    StablecoinChart(Option<&'p str>),
    /// `/chart/{pool}`
    PoolChart(&'p str),
    /// `/chart/{coins}`
    CoinChart(&'p str),
    /// `/prices/current/{coins}`, `/prices/historical/{timestamp}/{coins}`
    Prices(Option<&'p str>, &'p str),
}

/// What a small chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of<'p> {
    Global,
    Chain(&'p str),
    Protocol(&'p str),
}

impl Route<'_> {
    /// Returns the product that has it.
    pub(crate) const fn product(self) -> Product {
        match self {
            Self::CoinChart(_) | Self::Prices(..) => Product::Coins,
            Self::Stablecoins | Self::StablecoinChart(_) => Product::Stablecoins,
            Self::Pools | Self::PoolChart(_) => Product::Yields,
            _ => Product::Api,
        }
    }
}

/// The first segments of free paths, which are no key.
const ROOTS: [&str; 12] = [
    "protocols",
    "protocol",
    "tvl",
    "v2",
    "overview",
    "summary",
    "stablecoins",
    "stablecoin",
    "stablecoincharts",
    "pools",
    "chart",
    "prices",
];

fn is_product(segment: &str) -> bool {
    (Product::ALL.into_iter()).any(|product| product.as_str() == segment)
}

/// Returns what stands below the product, as a path: without `/free`, without a key, without the
/// product's folder and the version that newer clients put below it.
pub(crate) fn below_product(path: &str) -> String {
    let path = path.trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let segments = match segments.as_slice() {
        ["free", rest @ ..] => rest,
        all => all,
    };
    let segments = match segments {
        ["usage", ..] => &["usage"],
        [first, second, rest @ ..] if is_product(second) && !is_root(first) => rest,
        [first, rest @ ..] if is_product(first) && !rest.is_empty() => rest,
        all => all,
    };
    let segments = match segments {
        ["v1", rest @ ..] => rest,
        all => all,
    };
    format!("/{}", segments.join("/"))
}

/// Whether a path without a key may begin so.
fn is_root(segment: &str) -> bool {
    ROOTS.contains(&segment) || is_product(segment)
}

/// Reads a path below its product; none where nothing of ours is there.
pub(crate) fn route(path: &str) -> Option<Route<'_>> {
    // Of a path with a product's folder, as requests of ours to the Pro host have it.
    let path = path.trim_matches('/');
    let folder = path.split_once('/').filter(|(first, _)| is_product(first));
    let path = folder.map_or(path, |(_, rest)| rest.strip_prefix("v1/").unwrap_or(rest));
    let segments: Vec<&str> = path.split('/').collect();
    Some(match segments.as_slice() {
        ["protocols"] => Route::Protocols,
        ["v2", "chains"] => Route::Chains,
        ["stablecoins"] => Route::Stablecoins,
        ["pools"] => Route::Pools,
        ["usage"] => Route::Usage,
        ["protocol", slug] => Route::Protocol(slug),
        ["v2", "chart", "tvl", "protocol", slug] => Route::TvlChart(slug),
        ["v2", "historicalChainTvl"] => Route::ChainTvl(None),
        ["v2", "historicalChainTvl", chain] => Route::ChainTvl(Some(chain)),
        ["overview", of] => Route::Overview(of, None),
        ["overview", of, chain] => Route::Overview(of, Some(chain)),
        ["summary", of, slug] => Route::Summary(of, slug),
        ["v2", "chart", of] => Route::Chart(of, Of::Global),
        ["v2", "chart", of, "chain", chain] => Route::Chart(of, Of::Chain(chain)),
        ["v2", "chart", of, "protocol", slug] => Route::Chart(of, Of::Protocol(slug)),
        ["stablecoincharts", "all"] => Route::StablecoinChart(None),
        ["stablecoincharts", chain] => Route::StablecoinChart(Some(chain)),
        ["chart", coins] if names_coins(coins) => Route::CoinChart(coins),
        ["chart", pool] => Route::PoolChart(pool),
        ["prices", "current", coins] => Route::Prices(None, coins),
        ["prices", "historical", at, coins] => Route::Prices(Some(at), coins),
        _ => return None,
    })
}

/// Whether it is a list of `{chain}:{address}`; a pool's UUID has no colon.
fn names_coins(text: &str) -> bool {
    text.contains(':') || text.to_ascii_lowercase().contains("%3a")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_is_found_on_all_hosts() {
        for (path, below) in [
            ("/protocols", "/protocols"),
            ("/free/api/protocols", "/protocols"),
            ("/api/protocols", "/protocols"),
            ("/some-key/api/protocols", "/protocols"),
            ("/stablecoins", "/stablecoins"),
            ("/stablecoins/stablecoins", "/stablecoins"),
            ("/free/stablecoins/stablecoins", "/stablecoins"),
            (
                "/key/stablecoins/stablecoincharts/all",
                "/stablecoincharts/all",
            ),
            ("/yields/v1/pools", "/pools"),
            ("/key/yields/v1/chart/abc", "/chart/abc"),
            ("/key/coins/chart/a:b", "/chart/a:b"),
            ("/protocol/coins", "/protocol/coins"),
            ("/overview/fees/yields", "/overview/fees/yields"),
            ("/usage/key", "/usage"),
        ] {
            assert_eq!(below_product(path), below, "{path}");
            assert!(route(below).is_some(), "{below}");
        }
    }

    #[test]
    fn two_charts_share_a_path() {
        assert_eq!(route("/chart/a:b,c:d"), Some(Route::CoinChart("a:b,c:d")));
        assert_eq!(route("/coins/chart/a%3Ab"), Some(Route::CoinChart("a%3Ab")));
        assert_eq!(route("/yields/chart/1-2"), Some(Route::PoolChart("1-2")));
        assert_eq!(route("/yields/v1/chart/1-2"), route("/yields/chart/1-2"));
        assert_eq!(route("/tvl/aave"), None);
    }
}
