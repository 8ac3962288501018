//! The names of variables that mean something. `.env.example` is their list.

use crate::vendor::VENDORS;

const EXAMPLE: &str = include_str!("../../../.env.example");

/// Returns the names of all variables that an installation may set.
pub fn known_variables() -> impl Iterator<Item = &'static str> {
    let assigned = EXAMPLE.lines().filter_map(|line| line.split_once('='));
    let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    assigned.map(|(name, _)| name).filter(is_name)
}

/// Whether a name looks like one of ours and is none: nobody reads it.
pub(crate) fn is_stranger(name: &str) -> bool {
    let ours = |prefix: &str| {
        let rest = name.get(prefix.len()..).unwrap_or_default();
        name.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && rest.starts_with('_')
    };
    let is_ours = VENDORS.into_iter().any(ours) || ours("crossfeed");
    is_ours && known_variables().all(|known| known != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_ours_and_is_not_listed_is_a_stranger() {
        assert!(known_variables().count() > 30);
        for known in [
            "COINGECKO_PLAN",
            "DEFILLAMA_COINS_BASE_URL",
            "CROSSFEED_HOME",
        ] {
            assert!(known_variables().any(|name| name == known), "{known}");
            assert!(!is_stranger(known), "{known}");
        }
        for stranger in ["COINGECKO_PLN", "velo_api_key", "CROSSFEED_DIR", "VELO_"] {
            assert!(is_stranger(stranger), "{stranger}");
        }
        for anybodys in [
            "PATH",
            "POSTGRES_PASSWORD",
            "VELOCITY",
            "DATABASE_HOST",
            "É",
        ] {
            assert!(!is_stranger(anybodys), "{anybodys}");
        }
    }
}
