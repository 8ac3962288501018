//! Whether a configured name still means the asset that it was written for: names change hands, the
//! lasting ids behind them do not.

use std::collections::BTreeSet;

use model::Key;
use source::Source;
use store::dictionary::ListingRow;

use crate::listed::Listed;

/// Tells each configured key that the catalogue lists under another lasting id than the configuration.
pub(crate) fn strangers<'k>(
    source: &dyn Source,
    keys: impl Iterator<Item = &'k Key>,
    listed: &[ListingRow],
) -> Vec<String> {
    let listed = Listed::of(source.id(), listed);
    let keys: BTreeSet<&Key> = keys.collect();
    let told = keys.into_iter().filter_map(|key| {
        let meant = source.lasting_id(key)?;
        let found = listed.id_of(listed.find(&key.subject())?)?;
        if found.eq_ignore_ascii_case(&meant) {
            return None;
        }
        let now = match listed.with_id(&meant) {
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
