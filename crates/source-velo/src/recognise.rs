//! Rebuilds a request from its path and query, for looking at an answer from outside.

use model::{DatasetId, MetricName, Step, TimeRange, Ts};
use source::{
    Block, Cost, PlanError, RequestSpec,
    lenient::Number,
    recognise::{asked_keys, check_named, needed_value, query_value},
    split_path_and_query,
};

use crate::{
    Velo,
    access::HOST,
    config::QUOTE,
    datasets::{
        CAPS, FUTURES, FUTURES_DELISTED, OPTIONS, ROWS, ROWS_DAILY, SOURCE, SPOT, SPOT_DELISTED,
    },
    metrics::{Market, metrics_of},
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
    let is_gone = query_value(&query, "delisted").is_some_and(|one| one.trim() == "1");
    let (found, block) = match (name, is_gone) {
        ("futures", false) => (FUTURES, Block::open(Step::Day)),
        ("futures", true) => (FUTURES_DELISTED, Block::open(Step::Day)),
        ("spot", false) => (SPOT, Block::open(Step::Day)),
        ("spot", true) => (SPOT_DELISTED, Block::open(Step::Day)),
        ("options", _) => (OPTIONS, Block::open(Step::Day)),
        ("caps", _) => (CAPS, caps_block(&query, keys)),
        ("rows", _) => rows_block(&query)?,
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
        path: format!("/api/v1/{name}"),
        query,
        block,
        cost: Cost::ONE,
    })
}

/// The coins of the request, or those given, or whatever the answer holds.
fn caps_block(query: &[(String, String)], keys: &[String]) -> Block {
    Block {
        keys: asked_keys(query, "coins", keys, QUOTE),
        ..Block::open(Step::Hour)
    }
}

/// The request does not tell the coins of its products, so the block takes what the answer holds.
fn rows_block(query: &[(String, String)]) -> Result<(DatasetId, Block), PlanError> {
    let (dataset, step) = match whole(query, "resolution")? {
        60 => (ROWS, Step::Hour),
        1_440 => (ROWS_DAILY, Step::Day),
        other => {
            let why = format!("no dataset holds bars of {other} minutes");
            return Err(PlanError::parameter("resolution", why));
        }
    };
    let (begin, end) = (whole(query, "begin")?, whole(query, "end")?);
    if begin >= end {
        return Err(PlanError::parameter("end", "not after begin"));
    }
    let market = market_of_query(query);
    let columns: Vec<&str> = query_value(query, "columns")
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
        ..Block::open(step)
    };
    Ok((dataset, block))
}

/// Clients send whole numbers as `60.0` too (section 4.2).
fn whole(query: &[(String, String)], name: &'static str) -> Result<i64, PlanError> {
    let text = needed_value(query, name)?;
    let number = Number::of_text(text, &[]).integer();
    number.ok_or_else(|| PlanError::parameter(name, format!("{text:?} is no whole number")))
}

fn market_of_query(query: &[(String, String)]) -> Market {
    match query_value(query, "type") {
        Some("spot") => Market::Spot,
        Some("options") => Market::Options,
        _ if query_value(query, "columns") == Some("3m_basis_ann") => Market::Basis,
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
    market_of_query(&request.query)
}
