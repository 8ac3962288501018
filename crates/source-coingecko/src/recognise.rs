//! Rebuilds a request from its path and query, for looking at an answer from outside.

use model::{DatasetId, Key, MetricName, Step, TimeRange, Ts};
use percent_encoding::percent_decode_str;
use source::{
    Block, Cost, PlanError, RequestSpec,
    recognise::{asked_keys, check_named, needed_value, query_value},
    split_path_and_query,
};

use crate::{
    CoinGecko,
    access::HOST,
    datasets::{
        CHART_DAILY, CHART_HOURLY, COINS_LIST, GLOBAL, GLOBAL_DAILY, KEY, MARKETS, OHLC_DAILY,
        OHLC_HOURLY, SOURCE, SUPPLY_DAILY,
    },
    metrics::{GLOBAL_ASSET, METRICS, Metric, Past},
    parse::TOLERANCE_SECS,
};

/// The quote of what a request names no currency for.
pub(crate) const DEFAULT_QUOTE: &str = "usd";

const DAY_SECS: i64 = 86_400;
/// The year 2200: milliseconds read as seconds lie far beyond.
const LATEST_SECS: i64 = 7_258_118_400;

/// A chart's own window, as its query writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// `from` and `to`.
    Range(TimeRange),
    /// `days` before the moment of the answer.
    Days(i64),
    /// `days=max`.
    Max,
}

/// Reads the window of a chart request.
pub(crate) fn window(query: &[(String, String)]) -> Result<Window, PlanError> {
    if let Some(days) = query_value(query, "days") {
        if days == "max" {
            return Ok(Window::Max);
        }
        let days = days.parse().ok().filter(|days| (1..=36_600).contains(days));
        return days
            .map(Window::Days)
            .ok_or_else(|| PlanError::parameter("days", "a number of days or max"));
    }
    let (from, to) = (instant(query, "from")?, instant(query, "to")?);
    if from >= to {
        return Err(PlanError::parameter("to", "not after from"));
    }
    Ok(Window::Range(TimeRange::new(from, to)))
}

/// Reads UNIX seconds, `2026-05-16` or `2026-05-16T13:00`.
fn instant(query: &[(String, String)], name: &'static str) -> Result<Ts, PlanError> {
    let text = needed_value(query, name)?;
    let minutes = format!("{text}:00Z");
    let at = match text.parse() {
        Ok(secs) => Ok(Ts::from_secs(secs)),
        Err(_) => Ts::parse(text).or_else(|_| Ts::parse(&minutes)),
    };
    match at {
        Ok(at) if at >= Ts::OLDEST && at < Ts::from_secs(LATEST_SECS) => Ok(at),
        Ok(_) => Err(PlanError::parameter(name, "no plausible time in seconds")),
        Err(error) => Err(PlanError::parameter(name, error.to_string())),
    }
}

pub(crate) fn recognise(
    source: &CoinGecko,
    dataset: Option<DatasetId>,
    path_and_query: &str,
    keys: &[String],
) -> Result<RequestSpec, PlanError> {
    let (path, query) = split_path_and_query(path_and_query);
    let path = path.strip_prefix("/api/v3").unwrap_or(&path).to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (found, block) = match segments.as_slice() {
        ["coins", "list"] => (COINS_LIST, Block::open(Step::Day)),
        ["coins", "markets"] => (MARKETS, markets_block(&query, keys)?),
        ["coins", id, "market_chart"] | ["coins", id, "market_chart", "range"] => {
            chart_block(&query, id)?
        }
        ["coins", id, "ohlc"] | ["coins", id, "ohlc", "range"] => candle_block(&query, id)?,
        ["coins", _, chart] | ["coins", _, chart, "range"] if chart.ends_with("_supply_chart") => {
            supply_block(&query, chart, &path)?
        }
        ["global"] => (GLOBAL, Block::open(Step::Hour)),
        ["global", "market_cap_chart"] => global_block(&query)?,
        ["key"] => (KEY, Block::open(Step::Day)),
        _ => return Err(unknown_path(path)),
    };
    check_named(source, dataset, &[found])?;
    Ok(RequestSpec {
        source: SOURCE,
        dataset: found,
        host: HOST,
        path,
        query,
        block,
        cost: Cost::ONE,
    })
}

fn unknown_path(path: String) -> PlanError {
    PlanError::UnknownPath {
        source_id: SOURCE.as_str(),
        path,
    }
}

/// The coins of the request, or those given, or whatever the answer holds.
fn markets_block(query: &[(String, String)], keys: &[String]) -> Result<Block, PlanError> {
    let quote = quote(query)?;
    Ok(Block {
        keys: asked_keys(query, "ids", keys, &quote),
        ..Block::open(Step::Hour)
    })
}

/// Returns the quote currency of a request, in lower case as in every key.
pub(crate) fn quote(query: &[(String, String)]) -> Result<String, PlanError> {
    query_value(query, "vs_currency")
        .filter(|quote| !quote.is_empty())
        .map(str::to_ascii_lowercase)
        .ok_or_else(|| PlanError::parameter("vs_currency", "missing"))
}

fn chart_block(query: &[(String, String)], id: &str) -> Result<(DatasetId, Block), PlanError> {
    let window = window(query)?;
    let (dataset, step) =
        match query_value(query, "interval").filter(|interval| !interval.is_empty()) {
            None => automatic(window)?,
            Some("daily") => (CHART_DAILY, Step::Day),
            Some("hourly") => (CHART_HOURLY, Step::Hour),
            Some(other) => return Err(no_dataset(other)),
        };
    let block = Block {
        keys: vec![coin(id, &quote(query)?)],
        ..past_block(step, window, |past| matches!(past, Past::Chart(_)))
    };
    Ok((dataset, block))
}

/// A width has to be named: left to the vendor, candles are half an hour, four hours or four days
/// wide.
fn candle_block(query: &[(String, String)], id: &str) -> Result<(DatasetId, Block), PlanError> {
    let window = window(query)?;
    let (dataset, step) = match query_value(query, "interval").unwrap_or_default() {
        "daily" => (OHLC_DAILY, Step::Day),
        "hourly" => (OHLC_HOURLY, Step::Hour),
        "" => {
            let why = "missing: candles of the vendor's own width are in no dataset";
            return Err(PlanError::parameter("interval", why));
        }
        other => return Err(no_dataset(other)),
    };
    let block = Block {
        keys: vec![coin(id, &quote(query)?)],
        ..past_block(step, window, |past| matches!(past, Past::Candle(_)))
    };
    Ok((dataset, block))
}

/// The request names no currency, so the block is open: series of a supply have one all the same.
fn supply_block(
    query: &[(String, String)],
    chart: &str,
    path: &str,
) -> Result<(DatasetId, Block), PlanError> {
    let window = window(query)?;
    if let Some(other) = query_value(query, "interval").filter(|one| !["", "daily"].contains(one)) {
        return Err(no_dataset(other));
    }
    let is_of = |past| matches!(past, Past::Supply(supply) if supply.path == chart);
    let block = past_block(Step::Day, window, is_of);
    if block.metrics.is_empty() {
        return Err(unknown_path(path.to_owned()));
    }
    Ok((SUPPLY_DAILY, block))
}

fn global_block(query: &[(String, String)]) -> Result<(DatasetId, Block), PlanError> {
    let window = window(query)?;
    if window == Window::Days(1) {
        let why = "one day comes by the hour, which no dataset holds";
        return Err(PlanError::parameter("days", why));
    }
    let quote = quote(query).unwrap_or_else(|_| DEFAULT_QUOTE.to_owned());
    let block = Block {
        keys: vec![Key::of_asset(GLOBAL_ASSET, quote.as_str())],
        ..past_block(Step::Day, window, |past| matches!(past, Past::Global(_)))
    };
    Ok((GLOBAL_DAILY, block))
}

/// A block without keys, of all metrics that stand in one kind of answer.
fn past_block(step: Step, window: Window, stands: impl Fn(Past) -> bool) -> Block {
    let stands = |metric: &&Metric| stands(metric.past);
    Block {
        metrics: METRICS
            .iter()
            .filter(stands)
            .map(|metric| MetricName::from(metric.name))
            .collect(),
        labels: labels(window, step),
        ..Block::open(step)
    }
}

fn coin(id: &str, quote: &str) -> Key {
    Key::of_asset(&*percent_decode_str(id).decode_utf8_lossy(), quote)
}

/// The key that an answer about one is about, where the request tells.
pub(crate) fn key_of(request: &RequestSpec) -> Option<Key> {
    let named = || {
        let rest = request.path.strip_prefix("/coins/")?;
        let (id, _) = rest.split_once('/')?;
        Some(coin(id, DEFAULT_QUOTE))
    };
    request.block.keys.first().cloned().or_else(named)
}

fn no_dataset(interval: &str) -> PlanError {
    let why = format!("no dataset holds points every {interval}");
    PlanError::parameter("interval", why)
}

/// The step that the vendor chooses where the request names none. A range of up to a day is hourly
/// in the past and in 5-minute points up to now: read as hourly, where the parser refuses the latter.
fn automatic(window: Window) -> Result<(DatasetId, Step), PlanError> {
    let secs = match window {
        Window::Range(range) => range.secs(),
        Window::Days(1) => {
            let why = "one day comes in 5-minute points, which no dataset holds";
            return Err(PlanError::parameter("days", why));
        }
        Window::Days(days) => days * DAY_SECS,
        Window::Max => i64::MAX,
    };
    if secs > 90 * DAY_SECS {
        Ok((CHART_DAILY, Step::Day))
    } else {
        Ok((CHART_HOURLY, Step::Hour))
    }
}

/// Every label that a point of the window can have; empty, which clips nothing, where the window
/// hangs on the moment of the answer.
fn labels(window: Window, step: Step) -> TimeRange {
    let Window::Range(range) = window else {
        return Block::ALL_LABELS;
    };
    let last = match step {
        Step::Hour => step.floor(range.end.plus_secs(TOLERANCE_SECS)),
        _ => step.floor(range.end),
    };
    TimeRange::new(step.floor(range.start), step.next(last))
}
