//! `sources-config/coingecko.csv`: a row is one coin in one quote currency; it becomes series.
//!
//! Ids and currencies are checked for their shape only. Whether the vendor lists them is checked
//! against the catalogue at refresh, not here. A series is made where a dataset of the plan has it: a
//! larger plan makes more of the same file.

use model::{Key, MetricName, SeriesKey, SeriesSpec, Since, Step};
use serde::Deserialize;
use source::{
    Source as _,
    config::{Problems, RowReport, Table, joined, nearest, read_rows, since, since_held},
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

pub(crate) fn read(
    source: &CoinGecko,
    file: &str,
    csv: &[u8],
) -> Result<Vec<SeriesSpec>, Problems> {
    let mut table: Table<CoinRow> = Table::read(file, csv, &COLUMNS);
    table.refuse_duplicates("coin_id", |row| {
        (row.coin_id.clone(), row.vs_currency.clone())
    });
    let made = read_rows(&mut table, |row, report| series(source, row, report));
    table.finish(made.into_iter().flatten().collect())
}

/// Turns a row into its series, or tells everything that is wrong with it.
fn series(
    source: &CoinGecko,
    row: &CoinRow,
    report: &mut RowReport<'_>,
) -> Option<Vec<SeriesSpec>> {
    report.check("coin_id", check_id(&row.coin_id));
    report.check("vs_currency", check_currency(&row.vs_currency));
    report.check("ohlc", check_ohlc(source, row));
    let about = match row.coin_id.as_str() {
        GLOBAL_ASSET => About::Global,
        _ => About::Coin,
    };
    let metrics = report.check("metrics", metrics(&row.metrics, about));
    let daily = report.check("since", since(&row.since, Since::ThreeYearsBack));
    let hourly = report.check("hourly_since", since(&row.hourly_since, Since::Activation));
    let (metrics, daily, hourly) = (metrics?, daily?, hourly?);
    let candles = metrics_about(About::Candle).filter(|_| row.ohlc);
    let metrics = metrics.into_iter().chain(candles);
    Some(
        metrics
            .flat_map(|metric| of_metric(source, row, metric, daily, hourly))
            .collect(),
    )
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

/// A metric has an hourly and a daily series where a dataset of the plan holds them.
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
            Some(SeriesSpec {
                since: since_held(source, &series, since)?,
                stamp: source.stamp(&series),
                series,
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
    joined(text, |name| {
        metric(name)
            .filter(|metric| metric.about() == about)
            .ok_or_else(|| unknown_metric(name, about))
    })
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
