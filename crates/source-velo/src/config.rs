//! `sources-config/velo.csv`: a row is one product at one exchange, or all products of a coin there, or
//! a coin's market caps; it becomes series.
//!
//! Coins and products are checked for their shape only. Whether the vendor lists them is checked
//! against the catalogues at refresh, not here.

mod exchange;

use model::{Instrument, Key, SeriesKey, SeriesSpec, Since, Step, Venue};
use serde::Deserialize;
use source::config::{
    Problem, Problems, RowReport, Table, metric_names, plain_name, read_rows, since,
};

use crate::{
    datasets::{OPTION_PREFIX, SOURCE, stamp_of},
    kept::Exchanges,
    metrics::{CAPS_METRICS, Market, metrics_of},
};

/// The columns, in the order of the file that ships.
pub const COLUMNS: [&str; 9] = [
    "market",
    "exchange",
    "coin",
    "product",
    "metrics",
    "resolution_min",
    "since",
    "enabled",
    "note",
];

/// The currency that the vendor counts in.
pub(crate) const QUOTE: &str = "usd";

/// What would break a list in a query.
const NO_NAME: &str = ",&?#|";

/// A row as it stands in the file. `note` is for the reader of the file.
#[derive(Debug, Deserialize)]
struct ProductRow {
    market: String,
    exchange: String,
    coin: String,
    product: String,
    metrics: String,
    resolution_min: String,
    since: String,
    enabled: bool,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bars(Market),
    Caps,
}

/// What the file says.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) series: Vec<SeriesSpec>,
    pub(crate) exchanges: Exchanges,
    pub(crate) warnings: Vec<Problem>,
}

pub(crate) fn read(file: &str, csv: &[u8]) -> Result<Read, Problems> {
    let mut table: Table<ProductRow> = Table::read(file, csv, &COLUMNS);
    table.refuse_duplicates("product", |row| {
        let place = (row.market.clone(), row.exchange.clone());
        (
            place,
            coin_key(row),
            row.product.clone(),
            minutes(&row.resolution_min),
        )
    });
    let made = read_rows(&mut table, series);
    let exchanges = exchange::learnt(&mut table);
    let warnings = exchange::warnings(file, &table);
    table.finish(Read {
        series: made.into_iter().flatten().collect(),
        exchanges,
        warnings,
    })
}

/// What the vendor has for a coin comes back under its name in whatever case it was asked for.
fn coin_key(row: &ProductRow) -> String {
    match kind(&row.market) {
        Ok(Kind::Caps | Kind::Bars(Market::Basis)) => row.coin.to_ascii_uppercase(),
        _ => row.coin.clone(),
    }
}

/// The width of a bucket, where none is written that of an hour.
fn minutes(text: &str) -> &str {
    match text {
        "" => "60",
        _ => text,
    }
}

/// Turns a row into its series, or tells everything that is wrong with it.
fn series(row: &ProductRow, report: &mut RowReport<'_>) -> Option<Vec<SeriesSpec>> {
    let kind = report.check("market", kind(&row.market));
    let coin = report.check("coin", coin(&row.coin));
    if let Some(kind) = kind {
        report.check("exchange", exchange::check(kind, &row.exchange));
        report.check("product", check_product(kind, &row.product));
    }
    let names = kind.and_then(|kind| report.check("metrics", names(kind, &row.metrics)));
    let step = report.check("resolution_min", step(kind, &row.resolution_min));
    let since = report.check("since", wanted_since(kind, &row.since));
    let (kind, coin, names, step, since) = (kind?, coin?, names?, step?, since?);
    let key = key(kind, coin, row);
    let one = |name: &'static str| {
        let series = SeriesKey {
            source: SOURCE,
            key: key.clone(),
            metric: name.into(),
            step,
        };
        SeriesSpec {
            stamp: stamp_of(&series),
            series,
            since,
            enabled: row.enabled,
        }
    };
    Some(names.into_iter().map(one).collect())
}

fn key(kind: Kind, coin: &str, row: &ProductRow) -> Key {
    let asset = match kind {
        Kind::Bars(Market::Options) => format!("{OPTION_PREFIX}{coin}"),
        _ => coin.to_owned(),
    };
    Key {
        instrument: Instrument::from(row.product.as_str()),
        venue: Venue::from(row.exchange.as_str()),
        ..Key::of_asset(asset.as_str(), QUOTE)
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    match text {
        "futures" => Ok(Kind::Bars(Market::Futures)),
        "spot" => Ok(Kind::Bars(Market::Spot)),
        "options" => Ok(Kind::Bars(Market::Options)),
        "basis" => Ok(Kind::Bars(Market::Basis)),
        "caps" => Ok(Kind::Caps),
        _ => Err(format!(
            "{text:?} is no market: one of futures, spot, options, basis, caps"
        )),
    }
}

/// A ticker. The prefix of options is ours, and comes with the market.
fn coin(text: &str) -> Result<&str, String> {
    match text.strip_prefix(OPTION_PREFIX) {
        Some(coin) => Err(format!(
            "write {coin}: the market says that it is an option's"
        )),
        None => plain_name(text, NO_NAME, "coin", "BTC"),
    }
}

fn check_product(kind: Kind, product: &str) -> Result<(), String> {
    match kind {
        _ if product.is_empty() => Ok(()),
        Kind::Caps | Kind::Bars(Market::Basis) => {
            Err("leave it empty: the vendor has this for a coin, not for a product".to_owned())
        }
        Kind::Bars(_) => plain_name(product, NO_NAME, "product", "BTCUSDT").map(|_| ()),
    }
}

/// Reads stored names joined by `|`, or `default`, or `all`; none means the default set.
fn names(kind: Kind, text: &str) -> Result<Vec<&'static str>, String> {
    let (all, default): (Vec<&'static str>, Vec<&'static str>) = match kind {
        Kind::Caps => {
            let all = CAPS_METRICS.iter().map(|metric| metric.name);
            (all.clone().collect(), all.collect())
        }
        Kind::Bars(market) => {
            let all = metrics_of(market);
            let default = all.clone().filter(|one| one.default.contains(&market));
            let name = |metric: &'static crate::metrics::Metric| metric.name;
            (all.map(name).collect(), default.map(name).collect())
        }
    };
    metric_names(text, "this market", (all, default))
}

/// The width of a bucket in minutes, as the query writes it.
fn step(kind: Option<Kind>, text: &str) -> Result<Step, String> {
    match (minutes(text), kind) {
        ("60", _) => Ok(Step::Hour),
        ("1440", Some(Kind::Caps)) => Err("market caps come by the hour: write 60".to_owned()),
        ("1440", _) => Ok(Step::Day),
        _ => Err(format!("{text:?}: 60 for hours, 1440 for days")),
    }
}

/// Market caps are had as of now only.
fn wanted_since(kind: Option<Kind>, text: &str) -> Result<Since, String> {
    let wanted = since(text, Since::ThreeYearsBack)?;
    Ok(match kind {
        Some(Kind::Caps) => Since::Activation,
        _ => wanted,
    })
}

/// Returns the series of a selector for one product.
pub(crate) fn with_product(selector: &SeriesSpec, product: &Instrument) -> SeriesSpec {
    let mut spec = selector.clone();
    spec.series.key.instrument = product.clone();
    spec
}
