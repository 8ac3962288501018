//! What the CSV says of an asset beside its metrics: how the vendor is asked for it, and what is believed
//! of its answers.

use std::collections::BTreeMap;

use model::AssetId;

use crate::kind::Kind;

/// Prices of which the vendor is less sure are dropped.
const DEFAULT_CONFIDENCE: f64 = 0.9;
/// What the id of a protocol with children begins with; the rest is its slug.
const PARENT: &str = "parent#";

/// What the CSV says of one asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Named {
    /// A protocol's segment of the path.
    pub(crate) slug: Option<String>,
    /// Other names of a chain in answers.
    pub(crate) aliases: Vec<String>,
    /// A stablecoin's peg.
    pub(crate) peg: Option<String>,
    /// The least confidence at which a price counts.
    pub(crate) min_confidence: Option<f64>,
}

/// What the CSV says of all assets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    by_asset: BTreeMap<AssetId, Named>,
    /// Protocols by slug.
    slugs: BTreeMap<String, AssetId>,
    /// Chains by their names in lower case.
    chains: BTreeMap<String, AssetId>,
}

impl Names {
    pub(crate) fn insert(&mut self, asset: AssetId, named: Named) {
        let (kind, id) = Kind::of(&asset);
        if kind == Kind::Chain {
            let names = named.aliases.iter().map(String::as_str).chain([id]);
            for name in names {
                self.chains.insert(name.to_lowercase(), asset.clone());
            }
        }
        if let Some(slug) = &named.slug {
            self.slugs.insert(slug.clone(), asset.clone());
        }
        self.by_asset.insert(asset, named);
    }

    /// Returns how a protocol is asked for. Of one that no row names only a parent's slug is known.
    pub(crate) fn slug<'n>(&'n self, asset: &'n AssetId) -> &'n str {
        let (_, id) = Kind::of(asset);
        let named = self.by_asset.get(asset);
        let slug = named.and_then(|named| named.slug.as_deref());
        slug.unwrap_or_else(|| id.strip_prefix(PARENT).unwrap_or(id))
    }

    /// Returns the protocol that is asked for so, where a row names it.
    pub(crate) fn protocol(&self, slug: &str) -> Option<&AssetId> {
        self.slugs.get(slug)
    }

    /// Returns the chain of a name, where a row calls it so.
    pub(crate) fn known_chain(&self, name: &str) -> Option<&AssetId> {
        self.chains.get(&name.to_lowercase())
    }

    /// Returns the chain of a name in an answer: ours where a row calls it so, else as it is written.
    pub(crate) fn chain(&self, name: &str) -> AssetId {
        let ours = self.known_chain(name).cloned();
        ours.unwrap_or_else(|| Kind::Chain.asset(name))
    }

    /// Returns the peg of a stablecoin, where a row says it.
    pub(crate) fn peg(&self, asset: &AssetId) -> Option<&str> {
        self.by_asset.get(asset)?.peg.as_deref()
    }

    /// Returns the least confidence at which a price counts.
    pub(crate) fn min_confidence(&self, asset: &AssetId) -> f64 {
        let named = self.by_asset.get(asset);
        let least = named.and_then(|named| named.min_confidence);
        least.unwrap_or(DEFAULT_CONFIDENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_without_a_row_is_asked_for_by_what_its_id_says() {
        let names = Names::default();
        assert_eq!(names.slug(&"protocol:parent#aave".into()), "aave");
        assert_eq!(names.slug(&"protocol:1599".into()), "1599");
    }

    #[test]
    fn a_chain_goes_by_all_of_its_names() {
        let mut names = Names::default();
        let named = Named {
            aliases: vec!["Optimism".to_owned()],
            ..Named::default()
        };
        names.insert("chain:OP Mainnet".into(), named);
        for name in ["OP Mainnet", "op mainnet", "optimism"] {
            assert_eq!(names.chain(name).as_str(), "chain:OP Mainnet", "{name}");
        }
        assert_eq!(names.chain("Base").as_str(), "chain:Base");
    }
}
