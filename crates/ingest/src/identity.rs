//! Whether a configured name still means the asset that it was written for: names change hands, the
//! lasting ids behind them do not.

use std::collections::{BTreeMap, BTreeSet};

use model::Key;
use source::Source;
use store::dictionary::ListingRow;

/// Tells each configured key that the catalogue lists under another lasting id than the configuration.
pub(crate) fn strangers<'k>(
    source: &dyn Source,
    keys: impl Iterator<Item = &'k Key>,
    listed: &[ListingRow],
) -> Vec<String> {
    let space = source.id();
    let id_of = |row: &ListingRow| row.links.get(space.as_str()).cloned();
    let by_subject: BTreeMap<_, _> = (listed.iter()).map(|row| (&row.subject, row)).collect();
    let keys: BTreeSet<&Key> = keys.collect();
    let told = keys.into_iter().filter_map(|key| {
        let meant = source.lasting_id(key)?;
        let is = |id: &String| id.eq_ignore_ascii_case(&meant);
        let found = by_subject.get(&key.subject()).and_then(|row| id_of(row));
        let found = found.filter(|found| !is(found))?;
        let now = (listed.iter()).find(|row| id_of(row).as_ref().is_some_and(is));
        let now = match now {
            Some(row) => format!("listed as {} now", row.subject.asset),
            None => "listed no more".to_owned(),
        };
        let name = &key.asset;
        Some(format!(
            "{name} was configured as {meant}, which is {now}; {name} is {found} now: \
             mend or disable the row"
        ))
    });
    told.collect()
}
