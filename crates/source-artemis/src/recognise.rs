//! Rebuilds a request from its path and query, for looking at an answer from outside.

use std::collections::BTreeSet;

use model::{DatasetId, MetricName, Step, TimeRange, Ts};
use source::{
    Block, Cost, PlanError, RequestSpec,
    recognise::{asked_keys, check_named, listed, needed_value, query_value},
    split_path_and_query,
};

use crate::{
    Artemis,
    access::HOST,
    config::QUOTE,
    datasets::{FINANCIALS_QUARTERLY, METRICS_DAILY, SOURCE, SYMBOLS},
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
        None if path == "/asset/symbols" => (SYMBOLS, Block::open(Step::Day)),
        _ => {
            return Err(PlanError::UnknownPath {
                source_id: SOURCE.as_str(),
                path: path.to_owned(),
            });
        }
    };
    check_named(source, dataset, &[found])?;
    Ok(RequestSpec {
        source: SOURCE,
        dataset: found,
        host: HOST,
        path: format!("{path}/"),
        query,
        block,
        cost: Cost::ONE,
    })
}

fn dated_block(
    names: &str,
    query: &[(String, String)],
    keys: &[String],
) -> Result<(DatasetId, Block), PlanError> {
    let (dataset, step) = match query_value(query, "granularity") {
        None | Some("DAY") => (METRICS_DAILY, Step::Day),
        Some("QUARTER") => (FINANCIALS_QUARTERLY, Step::Quarter),
        Some(other) => {
            let why = format!("no dataset holds {other:?}");
            return Err(PlanError::parameter("granularity", why));
        }
    };
    let (first, last) = (date(query, "startDate")?, date(query, "endDate")?);
    if last < first {
        return Err(PlanError::parameter("endDate", "before startDate"));
    }
    let metrics: BTreeSet<MetricName> = listed(names)
        .map(|name| MetricName::from(&*name.to_ascii_uppercase()))
        .collect();
    let block = Block {
        keys: asked_keys(query, "symbols", keys, QUOTE),
        metrics: metrics.into_iter().collect(),
        step,
        labels: TimeRange::new(first, Step::Day.next(last)),
    };
    Ok((dataset, block))
}

/// A request without dates asks for values of an unknown moment, which no dataset holds.
fn date(query: &[(String, String)], name: &'static str) -> Result<Ts, PlanError> {
    let text = needed_value(query, name)?;
    day(text).ok_or_else(|| PlanError::parameter(name, format!("{text:?} is no day")))
}
