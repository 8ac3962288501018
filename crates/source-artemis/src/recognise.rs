//! Rebuilds a request from its path and query, for looking at an answer from outside.

use model::{DatasetId, Key, MetricName, Step, TimeRange, Ts};
use source::{Block, Cost, PlanError, RequestSpec, split_path_and_query};

use crate::{
    Artemis,
    access::HOST,
    config::QUOTE,
    datasets::{FINANCIALS_QUARTERLY, METRICS_DAILY, SOURCE, SYMBOLS},
    plan::open_block,
    wire::day,
};

/// The vendor takes the key here too; it is no part of a request of ours.
const KEY_PARAMETER: &str = "APIKey";

pub(crate) fn recognise(
    source: &Artemis,
    dataset: Option<DatasetId>,
    path_and_query: &str,
    keys: &[String],
) -> Result<RequestSpec, PlanError> {
    let (path, mut query) = split_path_and_query(path_and_query);
    query.retain(|(name, _)| !name.eq_ignore_ascii_case(KEY_PARAMETER));
    // The vendor answers without the slash at the end, too.
    let path = path.trim_end_matches('/');
    let (found, block) = match path.strip_prefix("/data/api/") {
        Some(names) if !names.contains('/') => dated_block(names, &query, keys)?,
        None if path == "/asset/symbols" => (SYMBOLS, open_block(Step::Day)),
        _ => {
            return Err(PlanError::UnknownPath {
                source_id: SOURCE.as_str(),
                path: path.to_owned(),
            });
        }
    };
    match dataset {
        Some(named) if !source.datasets.iter().any(|known| known.id == named) => {
            Err(PlanError::unknown_dataset(SOURCE, &source.datasets, named))
        }
        Some(named) if named != found => Err(parameter(
            "dataset",
            format!("this request belongs to {found}, not to {named}"),
        )),
        _ => Ok(RequestSpec {
            source: SOURCE,
            dataset: found,
            host: HOST,
            path: format!("{path}/"),
            query,
            block,
            cost: Cost::ONE,
        }),
    }
}

/// Query values by name.
fn value<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn parameter(name: &'static str, why: String) -> PlanError {
    PlanError::Parameter { name, why }
}

fn dated_block(
    names: &str,
    query: &[(String, String)],
    keys: &[String],
) -> Result<(DatasetId, Block), PlanError> {
    let (dataset, step) = match value(query, "granularity") {
        None | Some("DAY") => (METRICS_DAILY, Step::Day),
        Some("QUARTER") => (FINANCIALS_QUARTERLY, Step::Quarter),
        Some(other) => {
            let why = format!("no dataset holds {other:?}");
            return Err(parameter("granularity", why));
        }
    };
    let (first, last) = (date(query, "startDate")?, date(query, "endDate")?);
    if last < first {
        return Err(parameter("endDate", "before startDate".to_owned()));
    }
    let block = Block {
        keys: sorted(symbols(query, keys).map(|symbol| Key::of_asset(symbol, QUOTE))),
        metrics: sorted(listed(names).map(|name| MetricName::from(&*name.to_ascii_uppercase()))),
        step,
        labels: TimeRange::new(first, Step::Day.next(last)),
    };
    Ok((dataset, block))
}

/// The symbols of the request, or those given.
fn symbols<'q>(
    query: &'q [(String, String)],
    keys: &'q [String],
) -> Box<dyn Iterator<Item = &'q str> + 'q> {
    match value(query, "symbols") {
        Some(symbols) => Box::new(listed(symbols)),
        None => Box::new(keys.iter().map(String::as_str)),
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all.dedup();
    all
}

/// A request without dates asks for values of an unknown moment, which no dataset holds.
fn date(query: &[(String, String)], name: &'static str) -> Result<Ts, PlanError> {
    let text = value(query, name).ok_or_else(|| parameter(name, "missing".to_owned()))?;
    day(text).ok_or_else(|| parameter(name, format!("{text:?} is no day")))
}
