//! The sectors that the file uses, each in one spelling.

use std::{collections::HashMap, sync::Arc};

/// Spellings that separators and case alone do not explain, as keys.
const SHORT_FORMS: [(&str, &str); 6] = [
    ("l1", "layer1"),
    ("l2", "layer2"),
    ("memecoin", "meme"),
    ("memecoins", "meme"),
    ("memes", "meme"),
    ("stablecoins", "stablecoin"),
];

/// Sectors by what is left of them without case and separators: `Layer 1`, `layer_1` and `L1` are
/// all `layer-1` where the file spells it so. The file decides the spelling and the set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sectors(HashMap<String, Arc<str>>);

impl Sectors {
    /// Takes a spelling from the file.
    ///
    /// # Errors
    /// Returns the spelling it has already where this one differs from it in separators only.
    pub(crate) fn learn(&mut self, spelling: &str) -> Result<Arc<str>, Arc<str>> {
        let known = self
            .0
            .entry(key(spelling))
            .or_insert_with(|| Arc::from(spelling));
        if &**known == spelling {
            Ok(known.clone())
        } else {
            Err(known.clone())
        }
    }

    /// Returns the file's spelling of what somebody wrote.
    pub(crate) fn find(&self, text: &str) -> Option<&str> {
        self.0.get(&key(text)).map(|spelling| &**spelling)
    }

    /// Returns every sector, sorted.
    pub(crate) fn all(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.0.values().map(|spelling| &**spelling).collect();
        all.sort_unstable();
        all
    }
}

fn key(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    SHORT_FORMS
        .iter()
        .find(|(short, _)| *short == plain)
        .map_or(plain, |(_, full)| (*full).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_to_the_spelling_of_the_file() {
        let mut sectors = Sectors::default();
        for spelling in ["layer-1", "defi_dex", "meme"] {
            assert!(sectors.learn(spelling).is_ok());
        }
        for text in ["Layer 1", "layer_1", "LAYER-1", "L1", "layer1"] {
            assert_eq!(sectors.find(text), Some("layer-1"), "{text}");
        }
        assert_eq!(sectors.find("DeFi-DEX"), Some("defi_dex"));
        assert_eq!(sectors.find("Memecoins"), Some("meme"));
        assert_eq!(sectors.find("layer-2"), None);
        assert_eq!(sectors.all(), ["defi_dex", "layer-1", "meme"]);
    }

    #[test]
    fn a_second_spelling_is_refused() {
        let mut sectors = Sectors::default();
        assert!(sectors.learn("defi_dex").is_ok());
        assert_eq!(sectors.learn("defi-dex").unwrap_err().as_ref(), "defi_dex");
    }
}
