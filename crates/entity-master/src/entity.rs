//! What an entity is, and the words that describe it.

use std::{fmt, str::FromStr, sync::Arc};

use model::SourceId;

/// The id under which all vendors are joined: CoinGecko's coin id where there is one
/// (`avalanche-2`), `eq-<ticker>` for equities and ETFs, else a lower-case slug.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(Arc<str>);

impl EntityId {
    /// Wraps the text as it is; [`Master::parse`](crate::Master::parse) checks its form.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// A word that is none of those allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is none of {allowed}")]
pub struct UnknownWord {
    text: String,
    allowed: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the spelling used in files, tables and answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|word| word.as_str().eq_ignore_ascii_case(text.trim()))
                    .ok_or_else(|| UnknownWord {
                        text: text.to_owned(),
                        allowed: [$($word),+].join(", "),
                    })
            }
        }
    };
}

words! {
    /// What kind of thing an entity is.
    EntityType {
        /// A token without a chain or a protocol of its own: memes, wrapped coins, exchange tokens.
        Token = "token",
        /// A chain together with its native coin.
        Chain = "chain",
        /// An application together with its governance token.
        Protocol = "protocol",
        /// A coin that tracks a currency.
        Stablecoin = "stablecoin",
        /// A share.
        Equity = "equity",
        /// A fund traded like a share.
        Etf = "etf",
        /// A pair of currencies.
        Fx = "fx",
        /// An index.
        Index = "index",
        /// A commodity.
        Commodity = "commodity",
        /// An interest rate or a bond yield.
        Rate = "rate",
        /// A whole market.
        Global = "global",
    }
}

words! {
    /// The market an entity belongs to.
    AssetClass {
        /// Coins, chains, protocols.
        Crypto = "crypto",
        /// Shares and the funds traded beside them.
        Equity = "equity",
        /// Currencies.
        Fx = "fx",
        /// Commodities.
        Commodity = "commodity",
        /// Interest rates, bonds, economic series.
        Macro = "macro",
    }
}

/// One thing that vendors have data about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The id that joins the vendors.
    pub id: EntityId,
    /// The name as people write it.
    pub name: String,
    /// The ticker, upper case; `None` where it has none.
    pub symbol: Option<String>,
    /// What kind of thing it is.
    pub kind: EntityType,
    /// The market it belongs to.
    pub asset_class: AssetClass,
    /// The sector, in the one spelling that the file uses for it.
    pub sector: Option<Arc<str>>,
    /// The entity that this one wraps or is a part of.
    pub parent: Option<EntityId>,
}

/// One vendor id and the entity it means. Several ids of one vendor may mean the same entity.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceMapping {
    /// The vendor.
    pub source: SourceId,
    /// The id as it stands in `series.asset`: exact, case and namespace included.
    pub source_id: String,
    /// The entity it means.
    pub entity: EntityId,
    /// How many units of the entity one unit of the vendor's id is (`1000PEPE`: 1000).
    pub factor: f64,
}
