//! Names that nobody knows: a slip of the pen must not look like "nothing is missing".

use std::collections::BTreeSet;

use source::config::nearest;

use super::Survey;
use crate::Filter;

/// Tells each name of a filter that none of the sources has, with the nearest that one of them has.
pub fn unknown_names(surveys: &[&Survey], filter: &Filter) -> Vec<String> {
    let rows =
        || (surveys.iter()).flat_map(|survey| survey.on.rows().iter().chain(survey.off.rows()));
    let assets = || rows().map(|row| row.series.key.asset.as_str()).collect();
    let metrics = || rows().map(|row| row.series.metric.as_str()).collect();
    let datasets = || {
        let all = surveys.iter().flat_map(|survey| survey.source.datasets());
        all.map(|one| one.id.as_str()).collect()
    };
    let mut told = told("asset", &filter.assets, assets);
    told.extend(self::told("metric", &filter.metrics, metrics));
    told.extend(self::told("dataset", &filter.datasets, datasets));
    told
}

fn told<'k>(what: &str, names: &[String], known: impl Fn() -> BTreeSet<&'k str>) -> Vec<String> {
    if names.is_empty() {
        return Vec::new();
    }
    let known = known();
    let is_known = |name: &&String| known.iter().any(|one| one.eq_ignore_ascii_case(name));
    let unknown = names.iter().filter(|name| !is_known(name));
    unknown
        .map(|name| match nearest(name, known.iter().copied()) {
            Some(near) => format!("there is no {what} {name:?}: did you mean {near}?"),
            None => format!("there is no {what} {name:?} in the configuration"),
        })
        .collect()
}
