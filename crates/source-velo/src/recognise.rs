//! Rebuilds a request from its path and query, for looking at an answer from outside.

use model::{DatasetId, Key, MetricName, Step, TimeRange, Ts};
use source::{Block, Cost, PlanError, RequestSpec, lenient::Number, split_path_and_query};

use crate::{
    Velo,
    access::HOST,
    config::QUOTE,
    datasets::{
        CAPS, FUTURES, FUTURES_DELISTED, OPTIONS, ROWS, ROWS_DAILY, SOURCE, SPOT, SPOT_DELISTED,
        market_of,
    },
    metrics::{Market, metrics_of},
    plan::open_block,
};

pub(crate) fn recognise(
    source: &Velo,
    dataset: Option<DatasetId>,
    path_and_query: &str,
    keys: &[String],
) -> Result<RequestSpec, PlanError> {
    let (path, query) = split_path_and_query(path_and_query);
    let path = path.trim_end_matches('/');
    let name = path
        .strip_prefix("/api/v1/")
        .unwrap_or(path.trim_start_matches('/'));
    let is_gone = value(&query, "delisted").is_some_and(|one| one.trim() == "1");
    let (found, block) = match (name, is_gone) {
        ("futures", false) => (FUTURES, open_block(Step::Day)),
        ("futures", true) => (FUTURES_DELISTED, open_block(Step::Day)),
        ("spot", false) => (SPOT, open_block(Step::Day)),
        ("spot", true) => (SPOT_DELISTED, open_block(Step::Day)),
        ("options", _) => (OPTIONS, open_block(Step::Day)),
        ("caps", _) => (CAPS, caps_block(&query, keys)),
        ("rows", _) => rows_block(&query)?,
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
            path: format!("/api/v1/{name}"),
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

/// The coins of the request, or those given, or whatever the answer holds.
fn caps_block(query: &[(String, String)], keys: &[String]) -> Block {
    let given = || keys.iter().map(String::as_str).collect();
    let coins: Vec<&str> =
        value(query, "coins").map_or_else(given, |coins| coins.split(',').collect());
    let coins = coins
        .into_iter()
        .map(str::trim)
        .filter(|coin| !coin.is_empty());
    let mut keys: Vec<Key> = coins.map(|coin| Key::of_asset(coin, QUOTE)).collect();
    keys.sort();
    keys.dedup();
    Block {
        keys,
        ..open_block(Step::Hour)
    }
}

/// The request does not tell the coins of its products, so the block takes what the answer holds.
fn rows_block(query: &[(String, String)]) -> Result<(DatasetId, Block), PlanError> {
    let (dataset, step) = match whole(query, "resolution")? {
        60 => (ROWS, Step::Hour),
        1_440 => (ROWS_DAILY, Step::Day),
        other => {
            let why = format!("no dataset holds bars of {other} minutes");
            return Err(parameter("resolution", why));
        }
    };
    let (begin, end) = (whole(query, "begin")?, whole(query, "end")?);
    if begin >= end {
        return Err(parameter("end", "not after begin".to_owned()));
    }
    let market = market_of_query(query);
    let columns: Vec<&str> = value(query, "columns")
        .unwrap_or_default()
        .split(',')
        .collect();
    let mut metrics: Vec<MetricName> = metrics_of(market)
        .filter(|metric| columns.contains(&metric.column))
        .map(|metric| metric.name.into())
        .collect();
    metrics.sort();
    let labels = TimeRange::new(
        step.floor(Ts::from_millis(begin)),
        step.ceil(Ts::from_millis(end)),
    );
    let block = Block {
        metrics,
        labels,
        ..open_block(step)
    };
    Ok((dataset, block))
}

/// Clients send whole numbers as `60.0` too (section 4.2).
fn whole(query: &[(String, String)], name: &'static str) -> Result<i64, PlanError> {
    let text = value(query, name).ok_or_else(|| parameter(name, "missing".to_owned()))?;
    let number = Number::of_text(text, &[]).integer();
    number.ok_or_else(|| parameter(name, format!("{text:?} is no whole number")))
}

fn market_of_query(query: &[(String, String)]) -> Market {
    match value(query, "type") {
        Some("spot") => Market::Spot,
        Some("options") => Market::Options,
        _ if value(query, "columns") == Some("3m_basis_ann") => Market::Basis,
        _ => Market::Futures,
    }
}

/// Returns the time that a request for bars asks for, from the bucket on in which it begins: what the
/// vendor does with the rest of that bucket is not established (section 4.3).
pub(crate) fn asked_time(request: &RequestSpec) -> TimeRange {
    let sent = |name| whole(&request.query, name).map(Ts::from_millis);
    match (sent("begin"), sent("end")) {
        (Ok(begin), Ok(end)) => TimeRange::new(request.block.step.floor(begin), end),
        _ => request.block.labels,
    }
}

/// Returns the market of a request for bars.
pub(crate) fn market(request: &RequestSpec) -> Market {
    match request.block.keys.first() {
        Some(key) => market_of(key).unwrap_or(Market::Basis),
        None => market_of_query(&request.query),
    }
}
