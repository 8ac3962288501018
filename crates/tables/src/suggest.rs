//! Nearest names, for the answer to a name that fits nothing.

use strsim::{damerau_levenshtein, jaro_winkler, normalized_damerau_levenshtein};

/// Below this a suggestion is noise.
const LEAST_SCORE: f64 = 0.75;
/// How many are worth reading.
const MOST: usize = 5;
/// Longer than any name; a longer text is not compared with all of them.
const LONGEST_CHARS: usize = 100;

/// Returns the known name that `text` was most likely meant to be, for "did you mean"; `None` where
/// nothing is near.
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter().map(|name| (name, [name]));
    suggestions(text, known).into_iter().next()
}

/// Returns the known name of which `text` looks like a slip of the pen: a letter or two wrong, missing,
/// too many or swapped, in a name that is long enough to tell. `None` for a known name. For a name that
/// is taken anyway, where [`nearest`] would find something for almost any.
pub fn misspelt<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = match text.chars().count() {
        0..=3 => return None,
        4..=9 => 1,
        10..=LONGEST_CHARS => 2,
        _ => return None,
    };
    let known = known
        .into_iter()
        .map(|name| (damerau_levenshtein(text, name), name));
    let (slips_made, name) = known.min_by_key(|(slips_made, _)| *slips_made)?;
    (1..=slips).contains(&slips_made).then_some(name)
}

/// Returns up to five of `candidates`, best first; each is a value with the keys that name it.
/// Case does not matter.
pub fn suggestions<'k, T: Copy, K: IntoIterator<Item = &'k str>>(
    text: &str,
    candidates: impl IntoIterator<Item = (T, K)>,
) -> Vec<T> {
    if text.is_empty() || text.chars().count() > LONGEST_CHARS {
        return Vec::new();
    }
    let text = text.to_lowercase();
    let mut scored: Vec<(f64, T)> = candidates
        .into_iter()
        .filter_map(|(value, keys)| {
            let best = keys
                .into_iter()
                .map(|key| score(&text, &key.to_lowercase()))
                .reduce(f64::max)?;
            (best >= LEAST_SCORE).then_some((best, value))
        })
        .collect();
    // Stable: equal scores keep the order of the file.
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored
        .into_iter()
        .take(MOST)
        .map(|(_, value)| value)
        .collect()
}

/// Jaro-Winkler likes a common beginning, Damerau-Levenshtein forgives a swap anywhere.
fn score(text: &str, key: &str) -> f64 {
    jaro_winkler(text, key).max(normalized_damerau_levenshtein(text, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_told_from_another_name() {
        let known = ["24H_VOLUME", "FEES", "DAU", "SPOT_VOLUME"];
        for (text, meant) in [
            ("24H_VOLUM", Some("24H_VOLUME")),
            ("24H_VOULME", Some("24H_VOLUME")),
            ("24H_VOLUMES_", Some("24H_VOLUME")),
            ("FEEES", Some("FEES")),
            ("24H_VOLUME", None),
            ("7D_VOLUMES", None),
            ("FLOW", None),
            ("DAUS", Some("DAU")),
            ("WAU", None),
            ("SPOT_TXNS", None),
            ("", None),
        ] {
            assert_eq!(misspelt(text, known), meant, "{text}");
        }
    }

    #[test]
    fn best_first_and_no_noise() {
        let candidates = [
            ("bitcoin", ["bitcoin", "btc"]),
            ("bitcoin-cash", ["bitcoin-cash", "bch"]),
            ("solana", ["solana", "sol"]),
        ];
        let near = |text: &str| suggestions(text, candidates);
        assert_eq!(near("BITCION"), ["bitcoin", "bitcoin-cash"]);
        assert_eq!(near("bch"), ["bitcoin-cash"]);
        assert_eq!(near("zzz"), Vec::<&str>::new());
        assert_eq!(near(""), Vec::<&str>::new());
        assert_eq!(near(&"b".repeat(101)), Vec::<&str>::new());
    }

    #[test]
    fn at_most_five_and_equals_in_the_order_given() {
        let candidates = (0..9).map(|at| (at, ["bitcoin"]));
        assert_eq!(suggestions("bitcoin", candidates), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_nearest_name_is_near_or_none() {
        let known = ["PRICE", "MARKET_CAP", "VOLUME_24H"];
        assert_eq!(nearest("MARKETCAP", known), Some("MARKET_CAP"));
        assert_eq!(nearest("price", known), Some("PRICE"));
        assert_eq!(nearest("RPICE", known), Some("PRICE"));
        assert_eq!(nearest("TVL", known), None);
    }
}
