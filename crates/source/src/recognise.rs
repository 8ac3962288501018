//! What all sources do alike when they rebuild a request from its path and query
//! ([`crate::Source::recognise`]). Which path belongs to what is the vendor's own.

use model::{DatasetId, Key};

use crate::{PlanError, Source};

/// Returns the value of a query's parameter; the first, where it stands there twice.
pub fn query_value<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    let found = query.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// Returns the value of a parameter that a request cannot do without.
///
/// # Errors
/// [`PlanError::Parameter`] where it is missing.
pub fn needed_value<'q>(
    query: &'q [(String, String)],
    name: &'static str,
) -> Result<&'q str, PlanError> {
    query_value(query, name).ok_or_else(|| PlanError::parameter(name, "missing"))
}

/// Returns the entries of a list as vendors write it, parted by commas, without what is blank.
pub fn listed(text: &str) -> impl Iterator<Item = &str> {
    named(text.split(','))
}

/// Returns the keys of the assets that the query lists under `name`; of those `given` where it has no
/// such parameter. Sorted, none twice.
pub fn asked_keys(
    query: &[(String, String)],
    name: &str,
    given: &[String],
    quote: &str,
) -> Vec<Key> {
    match query_value(query, name) {
        Some(list) => sorted_keys(listed(list), quote),
        None => sorted_keys(named(given.iter().map(String::as_str)), quote),
    }
}

/// Returns the keys of assets in one currency, sorted, none twice.
pub fn sorted_keys<'n>(assets: impl IntoIterator<Item = &'n str>, quote: &str) -> Vec<Key> {
    let keys = assets.into_iter().map(|asset| Key::of_asset(asset, quote));
    let mut keys: Vec<Key> = keys.collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Refuses a dataset named by the caller where the source has no such, or where it is none of those
/// that the request fits.
///
/// # Errors
/// [`PlanError::UnknownDataset`] or [`PlanError::Parameter`].
pub fn check_named(
    source: &dyn Source,
    named: Option<DatasetId>,
    fitting: &[DatasetId],
) -> Result<(), PlanError> {
    let Some(named) = named else {
        return Ok(());
    };
    source.known_dataset(named)?;
    if fitting.contains(&named) {
        return Ok(());
    }
    let fitting: Vec<&str> = fitting.iter().map(|dataset| dataset.as_str()).collect();
    let fitting = fitting.join(", ");
    let why = format!("this request belongs to {fitting}, not to {named}");
    Err(PlanError::parameter("dataset", why))
}

fn named<'n>(names: impl Iterator<Item = &'n str>) -> impl Iterator<Item = &'n str> {
    names.map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn assets(keys: &[Key]) -> Vec<&str> {
        keys.iter().map(|key| key.asset.as_str()).collect()
    }

    #[test]
    fn the_first_value_of_a_name_counts() {
        let query = [pair("a", "1"), pair("a", "2"), pair("b", "")];
        assert_eq!(query_value(&query, "a"), Some("1"));
        assert_eq!(query_value(&query, "b"), Some(""));
        assert_eq!(query_value(&query, "A"), None);
    }

    #[test]
    fn a_list_wins_over_what_is_given() {
        let given = [" sol".to_owned(), String::new(), "btc".to_owned()];
        let query = [pair("ids", "eth, btc,,eth")];
        let of_query = asked_keys(&query, "ids", &given, "eur");
        assert_eq!(assets(&of_query), ["btc", "eth"]);
        assert!(of_query.iter().all(|key| key.quote.as_str() == "eur"));
        assert_eq!(
            assets(&asked_keys(&[], "ids", &given, "usd")),
            ["btc", "sol"]
        );
        // An empty list is one: nothing stands in it.
        assert_eq!(asked_keys(&[pair("ids", "")], "ids", &given, "usd"), []);
    }
}
