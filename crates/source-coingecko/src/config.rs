//! `sources-config/coingecko.csv`: a row is one coin in one quote currency; it becomes series.
//!
//! Ids and currencies are checked for their shape only. Whether the vendor lists them is checked
//! against the catalogue at refresh, not here. A series is made where a dataset of the plan has it: a
//! larger plan makes more of the same file.

use model::{Key, MetricName, SeriesKey, SeriesSpec, Since, Step, Ts};
use serde::Deserialize;
use source::{
    Role, Source as _,
    config::{Problems, Table, nearest},
};

use crate::{
    CoinGecko, OHLC_DAILY,
    datasets::SOURCE,
    metrics::{About, GLOBAL_ASSET, Metric, metric, metrics_about},
};

/// The columns, in the order of the file that ships.
pub const COLUMNS: [&str; 9] = [
    "coin_id",
    "symbol",
    "vs_currency",
    "metrics",
    "since",
    "hourly_since",
    "ohlc",
    "enabled",
    "note",
];

/// A row as it stands in the file. `symbol` and `note` are for the reader of the file.
#[derive(Debug, Deserialize)]
struct CoinRow {
    coin_id: String,
    vs_currency: String,
    metrics: String,
    since: String,
    hourly_since: String,
    ohlc: bool,
    enabled: bool,
}

type Wrong = (&'static str, String);

pub(crate) fn read(
    source: &CoinGecko,
    file: &str,
    csv: &[u8],
) -> Result<Vec<SeriesSpec>, Problems> {
    let mut table: Table<CoinRow> = Table::read(file, csv, &COLUMNS);
    table.refuse_duplicates("coin_id", |row| {
        (row.coin_id.clone(), row.vs_currency.clone())
    });
    let mut made = Vec::new();
    let mut wrong: Vec<(u64, Wrong)> = Vec::new();
    for row in table.rows() {
        match series(source, &row.value) {
            Ok(series) => made.extend(series),
            Err(problems) => {
                wrong.extend(problems.into_iter().map(|problem| (row.line, problem)));
            }
        }
    }
    for (line, (column, what)) in wrong {
        table.problem(line, Some(column), what);
    }
    table.finish(made)
}

/// Turns a row into its series, or tells everything that is wrong with it.
fn series(source: &CoinGecko, row: &CoinRow) -> Result<Vec<SeriesSpec>, Vec<Wrong>> {
    let mut wrong = Vec::new();
    if let Err(what) = check_id(&row.coin_id) {
        wrong.push(("coin_id", what));
    }
    if let Err(what) = check_currency(&row.vs_currency) {
        wrong.push(("vs_currency", what));
    }
    if let Err(what) = check_ohlc(source, row) {
        wrong.push(("ohlc", what));
    }
    let about = match row.coin_id.as_str() {
        GLOBAL_ASSET => About::Global,
        _ => About::Coin,
    };
    let metrics = noted(&mut wrong, "metrics", metrics(&row.metrics, about));
    let daily = noted(
        &mut wrong,
        "since",
        since(&row.since, Since::ThreeYearsBack),
    );
    let hourly = noted(
        &mut wrong,
        "hourly_since",
        since(&row.hourly_since, Since::Activation),
    );
    match (metrics, daily, hourly) {
        (Some(metrics), Some(daily), Some(hourly)) if wrong.is_empty() => {
            let candles = metrics_about(About::Candle).filter(|_| row.ohlc);
            Ok(metrics
                .into_iter()
                .chain(candles)
                .flat_map(|metric| of_metric(source, row, metric, daily, hourly))
                .collect())
        }
        _ => Err(wrong),
    }
}

/// Notes what is wrong with a column and goes on, so that a row's problems come all at once.
fn noted<T>(wrong: &mut Vec<Wrong>, column: &'static str, read: Result<T, String>) -> Option<T> {
    read.map_err(|what| wrong.push((column, what))).ok()
}

/// Taking `true` and collecting no candle would be a lie. A row that is off may wait for its plan.
fn check_ohlc(source: &CoinGecko, row: &CoinRow) -> Result<(), String> {
    if !row.ohlc {
        Ok(())
    } else if row.coin_id == GLOBAL_ASSET {
        Err("the whole market has no candles: write false".to_owned())
    } else if row.enabled && source.dataset(OHLC_DAILY).is_none() {
        Err(format!(
            "the plan {} has no candles by day or hour, paid plans have: write false",
            source.settings.plan
        ))
    } else {
        Ok(())
    }
}

/// A metric has an hourly and a daily series where a dataset of the plan holds them. What has no
/// history begins when the row becomes active, because nothing older can be had.
fn of_metric(
    source: &CoinGecko,
    row: &CoinRow,
    metric: &Metric,
    daily: Since,
    hourly: Since,
) -> impl Iterator<Item = SeriesSpec> {
    let (key, name) = (
        Key::of_asset(row.coin_id.as_str(), row.vs_currency.as_str()),
        MetricName::from(metric.name),
    );
    let enabled = row.enabled;
    [(Step::Hour, hourly), (Step::Day, daily)]
        .into_iter()
        .filter_map(move |(step, since)| {
            let series = SeriesKey {
                source: SOURCE,
                key: key.clone(),
                metric: name.clone(),
                step,
            };
            let holders = source
                .datasets
                .iter()
                .filter(|dataset| source.serves(dataset.id, &series));
            let roles: Vec<Role> = holders.map(|dataset| dataset.role).collect();
            let since = match roles.as_slice() {
                [] => return None,
                roles if roles.contains(&Role::Series) => since,
                _ => Since::Activation,
            };
            Some(SeriesSpec {
                stamp: source.stamp(&series),
                series,
                since,
                enabled,
            })
        })
}

fn check_id(id: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if id == GLOBAL_ASSET {
        return Ok(());
    }
    let begins = id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if id.is_empty() {
        Err("empty: write the vendor's coin id, such as bitcoin or avalanche-2".to_owned())
    } else if !begins || !id.chars().all(inner) || id.len() > 128 {
        Err(format!(
            "{id:?} is no coin id: lower-case letters, digits and hyphens, such as avalanche-2"
        ))
    } else {
        Ok(())
    }
}

fn check_currency(currency: &str) -> Result<(), String> {
    let letters = currency.chars().all(|c| c.is_ascii_lowercase());
    if letters && (2..=8).contains(&currency.len()) {
        Ok(())
    } else {
        Err(format!(
            "{currency:?} is no quote currency: lower-case letters, such as usd, eur or btc"
        ))
    }
}

/// Reads names joined by `|`; none means the default set.
fn metrics(text: &str, about: About) -> Result<Vec<&'static Metric>, String> {
    if text.is_empty() {
        return Ok(metrics_about(about)
            .filter(|metric| metric.default)
            .collect());
    }
    let mut found: Vec<&'static Metric> = Vec::new();
    for name in text.split('|').map(str::trim) {
        let metric = metric(name)
            .filter(|metric| metric.about() == about)
            .ok_or_else(|| unknown_metric(name, about))?;
        if found.iter().any(|earlier| earlier.name == metric.name) {
            return Err(format!("{name} stands twice"));
        }
        found.push(metric);
    }
    Ok(found)
}

fn unknown_metric(name: &str, about: About) -> String {
    match metric(name).map(Metric::about) {
        Some(About::Candle) => return format!("{name} is part of a candle: those come by ohlc"),
        Some(About::Global) => {
            return format!("{name} is no metric of a coin: only {GLOBAL_ASSET} has it");
        }
        Some(About::Coin) => {
            return format!("{name} is a metric of a coin, not of the whole market");
        }
        None => {}
    }
    let names = metrics_about(about).map(|metric| metric.name);
    match nearest(name, names.clone()) {
        Some(near) => format!("{name:?} is no metric: did you mean {near}?"),
        None => {
            let known: Vec<&str> = names.collect();
            format!(
                "{name:?} is no metric: the metrics are {}",
                known.join(", ")
            )
        }
    }
}

fn since(text: &str, otherwise: Since) -> Result<Since, String> {
    if text.is_empty() {
        return Ok(otherwise);
    }
    let at = Ts::parse(text).map_err(|error| error.to_string())?;
    if at < Ts::OLDEST {
        return Err(format!("{text} lies before 1900"));
    }
    Ok(Since::At(at))
}
