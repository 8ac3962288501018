//! The kinds of things the vendor counts, and how an asset of ours is spelled.

use model::{AssetId, Key};

/// The quote of every series: the vendor counts in dollars.
pub(crate) const QUOTE: &str = "usd";

/// The asset of the whole market.
const GLOBAL_ASSET: &str = "global";

/// What a row of the CSV, and an asset, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The whole market.
    Global,
    /// A protocol, or the parent of several, by `id`.
    Protocol,
    /// A chain, by name.
    Chain,
    /// A stablecoin, by `id`.
    Stablecoin,
    /// A coin with a price, as the vendor writes it: `coingecko:bitcoin`, `ethereum:0x…`.
    Coin,
    /// A pool, by UUID.
    Pool,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Global,
        Self::Protocol,
        Self::Chain,
        Self::Stablecoin,
        Self::Coin,
        Self::Pool,
    ];

    /// Returns the word of the CSV.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Protocol => "protocol",
            Self::Chain => "chain",
            Self::Stablecoin => "stablecoin",
            Self::Coin => "coin",
            Self::Pool => "pool",
        }
    }

    /// Returns the asset of an id of this kind.
    pub(crate) fn asset(self, id: &str) -> AssetId {
        match self {
            Self::Global => AssetId::from(GLOBAL_ASSET),
            Self::Coin => AssetId::from(id),
            _ => AssetId::new(format!("{}:{id}", self.as_str())),
        }
    }

    /// Returns the key of an id of this kind.
    pub(crate) fn key(self, id: &str) -> Key {
        Key::of_asset(self.asset(id), QUOTE)
    }

    /// Takes an asset apart: its kind and the vendor's id.
    pub(crate) fn of(asset: &AssetId) -> (Self, &str) {
        let asset = asset.as_str();
        if asset == GLOBAL_ASSET {
            return (Self::Global, "");
        }
        let prefixed = [Self::Protocol, Self::Chain, Self::Stablecoin, Self::Pool];
        let found = prefixed.into_iter().find_map(|kind| {
            let id = asset.strip_prefix(kind.as_str())?.strip_prefix(':')?;
            Some((kind, id))
        });
        found.unwrap_or((Self::Coin, asset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_says_what_it_is() {
        for (kind, id, asset) in [
            (Kind::Global, "", "global"),
            (Kind::Protocol, "parent#aave", "protocol:parent#aave"),
            (Kind::Chain, "OP Mainnet", "chain:OP Mainnet"),
            (Kind::Stablecoin, "1", "stablecoin:1"),
            (Kind::Coin, "coingecko:bitcoin", "coingecko:bitcoin"),
            (Kind::Pool, "747c1d2a", "pool:747c1d2a"),
        ] {
            assert_eq!(kind.asset(id).as_str(), asset);
            assert_eq!(Kind::of(&asset.into()), (kind, id));
        }
    }
}
