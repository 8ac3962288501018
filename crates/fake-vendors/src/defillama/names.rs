//! Names: slugs, chains under their old and new names, children of parents, what a protocol does.

use crate::chance;

/// Chains that have two names: the new one of `/v2/chains` and of parents, the old one of `/protocols` and of children.
const RENAMED: [(&str, &str); 3] = [
    ("BSC", "Binance"),
    ("OP Mainnet", "Optimism"),
    ("Gnosis", "xDai"),
];

/// A chain as price questions write it, as CoinGecko's platforms call it, and its name.
const PLATFORMS: [(&str, &str, &str); 10] = [
    ("ethereum", "ethereum", "Ethereum"),
    ("bsc", "binance-smart-chain", "BSC"),
    ("optimism", "optimistic-ethereum", "OP Mainnet"),
    ("arbitrum", "arbitrum-one", "Arbitrum"),
    ("avax", "avalanche", "Avalanche"),
    ("polygon", "polygon-pos", "Polygon"),
    ("base", "base", "Base"),
    ("xdai", "xdai", "Gnosis"),
    ("solana", "solana", "Solana"),
    ("tron", "tron", "Tron"),
];

/// Numbers of EVM chains.
const CHAIN_IDS: [(&str, i64); 7] = [
    ("Ethereum", 1),
    ("OP Mainnet", 10),
    ("BSC", 56),
    ("Gnosis", 100),
    ("Polygon", 137),
    ("Arbitrum", 42_161),
    ("Avalanche", 43_114),
];

/// A child of a parent in the world's table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub(super) parent: &'static str,
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    /// Which part of the parent's values is the child's.
    pub(super) share: f64,
}

const fn child(parent: &'static str, name: &'static str, id: &'static str, share: f64) -> Child {
    Child {
        parent,
        name,
        id,
        share,
    }
}

/// Parents that are not named here have two children, `… V1` and `… V2`.
pub(super) const CHILDREN: [Child; 17] = [
    child("aave", "Aave V3", "1599", 0.92),
    child("aave", "Aave V2", "111", 0.08),
    child("uniswap", "Uniswap V3", "2198", 0.5),
    child("uniswap", "Uniswap V2", "2197", 0.3),
    child("uniswap", "Uniswap V4", "5690", 0.2),
    child("synthetix", "Synthetix v1+v2", "115", 0.8),
    child("synthetix", "Synthetix V3", "4270", 0.2),
    child("hyperliquid", "Hyperliquid Perps", "5507", 0.9),
    child("hyperliquid", "Hyperliquid Spot Orderbook", "5761", 0.1),
    child("maker", "MakerDAO", "118", 1.0),
    child("curve-finance", "Curve DEX", "3", 0.9),
    child("curve-finance", "crvUSD", "2994", 0.1),
    child("compound-finance", "Compound V3", "2088", 0.8),
    child("compound-finance", "Compound V2", "114", 0.2),
    child("jupiter", "Jupiter Perpetual Exchange", "4077", 0.6),
    child("jupiter", "Jupiter Lend", "6573", 0.3),
    child("jupiter", "Jupiter Aggregator", "2141", 0.1),
];

/// Protocols that the world's table lacks and that every list should have: name, number, category.
pub(super) const EXTRAS: [(&str, &str, &str); 5] = [
    ("Binance CEX", "2269", "CEX"),
    ("Quiet Dex", "9001", "Dexs"),
    ("Derive Options", "9002", "Options"),
    ("1inch Router", "9003", "DEX Aggregator"),
    ("Jumper", "9004", "Bridge Aggregators"),
];

/// Parts of a slug that tell what a protocol does, the first that fits.
const CATEGORY_OF: [(&str, &str); 22] = [
    ("cex", "CEX"),
    ("option", "Options"),
    ("aggregator", "DEX Aggregator"),
    ("perp", "Derivatives"),
    ("gmx", "Derivatives"),
    ("dydx", "Derivatives"),
    ("synthetix", "Derivatives"),
    ("hyperliquid", "Dexs"),
    ("swap", "Dexs"),
    ("dex", "Dexs"),
    ("curve", "Dexs"),
    ("raydium", "Dexs"),
    ("aerodrome", "Dexs"),
    ("orca", "Dexs"),
    ("balancer", "Dexs"),
    ("aave", "Lending"),
    ("compound", "Lending"),
    ("lend", "Lending"),
    ("lido", "Liquid Staking"),
    ("maker", "CDP"),
    ("usd", "CDP"),
    ("pendle", "Yield"),
];

const CATEGORIES: [&str; 7] = [
    "Lending",
    "Dexs",
    "Derivatives",
    "Yield",
    "CDP",
    "RWA",
    "Liquid Staking",
];

/// Returns what a protocol does, by its slug.
pub(super) fn category(slug: &str) -> &'static str {
    let extra = EXTRAS.iter().find(|(name, ..)| self::slug(name) == slug);
    if let Some((_, _, category)) = extra {
        return category;
    }
    let known = CATEGORY_OF.iter().find(|(part, _)| slug.contains(part));
    known.map_or_else(
        || picked(&CATEGORIES, chance::pair(chance::text(slug), 61)),
        |(_, category)| category,
    )
}

/// Picks one of a few by chance.
pub(super) fn picked<'a>(all: &[&'a str], hash: u64) -> &'a str {
    let count = i64::try_from(all.len()).unwrap_or(0);
    let place = usize::try_from(chance::below(hash, count)).unwrap_or(0);
    all.get(place).copied().unwrap_or_default()
}

/// Returns the slug of a name: lower case, spaces become `-`, apostrophes go, everything else stays.
pub(super) fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "-").replace('\'', "")
}

/// Returns the new name of a chain that has two.
pub(super) fn new_chain(name: &str) -> &str {
    let renamed = RENAMED
        .iter()
        .find(|(_, old)| old.eq_ignore_ascii_case(name));
    renamed.map_or(name, |(new, _)| new)
}

/// Returns the old name of a chain that has two.
pub(super) fn old_chain(name: &str) -> &str {
    let renamed = RENAMED.iter().find(|(new, _)| *new == name);
    renamed.map_or(name, |(_, old)| old)
}

/// Returns the number of an EVM chain.
pub(super) fn chain_id(name: &str) -> Option<i64> {
    let known = CHAIN_IDS.iter().find(|(own, _)| *own == name);
    known.map(|(_, id)| *id)
}

/// Returns what CoinGecko calls the chain of a price question.
pub(super) fn platform(chain: &str) -> &str {
    let known = PLATFORMS
        .iter()
        .find(|(own, ..)| own.eq_ignore_ascii_case(chain));
    known.map_or(chain, |(_, platform, _)| platform)
}

/// Returns the name of the chain behind one of CoinGecko's platforms.
pub(super) fn chain_of_platform(platform: &str) -> Option<&'static str> {
    let known = PLATFORMS.iter().find(|(_, own, _)| *own == platform);
    known.map(|(_, _, name)| *name)
}

/// Returns the name of a chain written as in a price question.
pub(super) fn chain_of_notation(notation: &str) -> Option<&'static str> {
    let known = PLATFORMS
        .iter()
        .find(|(own, ..)| own.eq_ignore_ascii_case(notation));
    known.map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_what_is_odd() {
        assert_eq!(slug("Synthetix v1+v2"), "synthetix-v1+v2");
        assert_eq!(slug("Drops' Fi"), "drops-fi");
        let known: Vec<String> = CHILDREN.iter().map(|child| slug(child.name)).collect();
        assert!(known.iter().any(|slug| slug == "aave-v3"));
    }

    #[test]
    fn children_s_shares_make_a_whole() {
        for child in CHILDREN {
            let siblings = CHILDREN.iter().filter(|one| one.parent == child.parent);
            let sum: f64 = siblings.map(|one| one.share).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{}", child.parent);
        }
    }

    #[test]
    fn chains_are_found_under_both_names() {
        assert_eq!(new_chain("optimism"), "OP Mainnet");
        assert_eq!(new_chain("Ethereum"), "Ethereum");
        assert_eq!(old_chain("BSC"), "Binance");
        assert_eq!(platform("avax"), "avalanche");
    }

    #[test]
    fn slugs_tell_what_a_protocol_does() {
        assert_eq!(category("uniswap-v3"), "Dexs");
        assert_eq!(category("hyperliquid-perps"), "Derivatives");
        assert_eq!(category("binance-cex"), "CEX");
        assert_eq!(category("something"), category("something"));
    }
}
