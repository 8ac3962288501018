//! What the CSV says of a symbol beside its metrics: the lasting id of the asset that it is written for
//! (section 5).

use std::collections::BTreeMap;

use model::AssetId;

/// The ids of the symbols for which a row names one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids(BTreeMap<AssetId, String>);

impl Ids {
    /// Takes the id of a symbol; returns another one that it has already.
    pub(crate) fn insert(&mut self, symbol: AssetId, id: String) -> Option<String> {
        self.0.insert(symbol, id.clone()).filter(|old| *old != id)
    }

    /// Returns the id of a symbol.
    pub(crate) fn of(&self, symbol: &AssetId) -> Option<&str> {
        self.0.get(symbol).map(String::as_str)
    }

    /// Whether an answer that names this means the symbol: by its id, in whatever case.
    pub(crate) fn is(&self, symbol: &AssetId, named: &str) -> bool {
        self.of(symbol)
            .is_some_and(|id| id.eq_ignore_ascii_case(named))
    }
}
