//! `sources-config/alphavantage.csv`: a row is what one function tells of one asset; it becomes series.
//!
//! Symbols are checked for their shape only: the vendor's lists overstate what it has, and a symbol it
//! does not know costs a refused request a day.

mod cells;

use model::{Key, SeriesKey, SeriesSpec, Since, Step};
use serde::Deserialize;
use source::config::{Problems, RowReport, Table, metric_names, read_rows, since};

use crate::{
    Plan,
    datasets::{OVERVIEW, SOURCE, stamp_of},
    functions::{Class, ECONOMY_DATASETS, Function, functions},
    metrics::{Economy, economy_of, metrics_of},
    recognise::asset_of,
};

/// The columns, in the order of the file that ships.
pub const COLUMNS: [&str; 11] = [
    "asset_class",
    "function",
    "symbol",
    "market",
    "interval",
    "params",
    "metrics",
    "tier",
    "since",
    "enabled",
    "note",
];

/// The currency of whatever names no other.
pub(crate) const QUOTE: &str = "usd";

/// A row as it stands in the file. `note` is for the reader of the file.
#[derive(Debug, Deserialize)]
struct FunctionRow {
    asset_class: String,
    function: String,
    symbol: String,
    market: String,
    interval: String,
    params: String,
    metrics: String,
    tier: String,
    since: String,
    enabled: bool,
}

type Wrong = (&'static str, String);

/// What a row asks for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Of(&'static Function, Class),
    Economy(&'static Economy, Step),
}

impl Kind {
    /// Returns the stored names that a row may have, with those that it has by default.
    fn names(self) -> (Vec<&'static str>, Vec<&'static str>) {
        match self {
            Self::Of(function, _) => {
                let all = metrics_of(function.group);
                let default = metrics_of(function.group).filter(|metric| metric.default);
                (
                    all.map(|metric| metric.name).collect(),
                    default.map(|metric| metric.name).collect(),
                )
            }
            Self::Economy(economy, _) => (vec![economy.metric], vec![economy.metric]),
        }
    }

    fn step(self) -> Step {
        match self {
            Self::Of(function, _) => function.step,
            Self::Economy(_, step) => step,
        }
    }

    /// Whether it is had as of now only.
    fn is_of_now(self) -> bool {
        use crate::metrics::Group::{Bulk, Overview, Rate};
        matches!(self, Self::Of(function, _) if matches!(function.group, Bulk | Overview | Rate))
    }

    fn is_premium(self) -> bool {
        matches!(self, Self::Of(function, _) if function.is_premium)
    }
}

/// Reads the file. A row above the plan is checked like any other and makes no series: the same file
/// makes more of a better plan.
pub(crate) fn read(plan: Plan, file: &str, csv: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
    let mut table: Table<FunctionRow> = Table::read(file, csv, &COLUMNS);
    let mut made: Vec<Made> = Vec::new();
    let rows = read_rows(&mut table, |row, report| {
        Some((report.line(), series(row, report)?))
    });
    for (line, (is_premium, series)) in rows {
        if let Some(what) = stands_before(&made, &series) {
            table.problem(line, Some("function"), what);
        }
        let is_had = plan.is_paid() || !is_premium;
        made.extend(series.into_iter().map(|spec| Made { line, is_had, spec }));
    }
    let had = made.into_iter().filter(|one| one.is_had);
    table.finish(had.map(|one| one.spec).collect())
}

/// A series, where it stands, and whether the plan has it.
struct Made {
    line: u64,
    is_had: bool,
    spec: SeriesSpec,
}

/// Says where one of these series stood before, if any did.
fn stands_before(made: &[Made], series: &[SeriesSpec]) -> Option<String> {
    let same = |known: &&Made| series.iter().any(|spec| spec.series == known.spec.series);
    let first = made.iter().find(same)?;
    let (metric, line) = (&first.spec.series.metric, first.line);
    Some(format!(
        "{metric} of this asset stands already in line {line}"
    ))
}

/// Turns a row into its series, and says whether it needs a paid plan; or tells everything that is
/// wrong with it.
fn series(row: &FunctionRow, report: &mut RowReport<'_>) -> Option<(bool, Vec<SeriesSpec>)> {
    let kind = kind(row)
        .map_err(|(column, what)| report.wrong(column, what))
        .ok()?;
    let key = key(kind, row, report);
    let names = report.check(
        "metrics",
        metric_names(&row.metrics, &row.function, kind.names()),
    );
    let tier = report.check("tier", cells::tier(&row.tier));
    let since = report.check("since", wanted_since(kind, &row.since));
    let (key, names, tier, since) = (key?, names?, tier?, since?);
    let one = |name: &'static str| {
        let series = SeriesKey {
            source: SOURCE,
            key: key.clone(),
            metric: name.into(),
            step: kind.step(),
        };
        SeriesSpec {
            stamp: stamp_of(&series),
            series,
            since,
            enabled: row.enabled,
        }
    };
    let is_premium = tier.unwrap_or(kind.is_premium());
    Some((is_premium, names.into_iter().map(one).collect()))
}

/// Returns what a row asks for, by its class, function and interval.
fn kind(row: &FunctionRow) -> Result<Kind, Wrong> {
    let class = match row.asset_class.as_str() {
        "etf" => Class::Equity,
        name => *Class::ALL
            .iter()
            .find(|class| class.as_str() == name)
            .ok_or_else(|| {
                let what = format!(
                    "{name:?} is no class: one of equity, etf, crypto, fx, macro, commodity"
                );
                ("asset_class", what)
            })?,
    };
    let name = row.function.as_str();
    if let Some(economy) = economy_of(name) {
        return of_economy(economy, class, &row.interval);
    }
    let of_name: Vec<&'static Function> = functions().filter(|one| one.name == name).collect();
    if of_name.is_empty() {
        return Err(("function", cells::unknown_function(name)));
    }
    if !of_name.iter().any(|one| one.classes.contains(&class)) {
        let what = format!("{name} is not about {}", row.asset_class);
        return Err(("function", what));
    }
    let interval = row.interval.as_str();
    let found = of_name.iter().find(|one| match interval {
        "" => !matches!(one.dataset, OVERVIEW),
        _ => one.intervals.contains(&interval),
    });
    found.map(|one| Kind::Of(one, class)).ok_or_else(|| {
        let known: Vec<&str> = of_name
            .iter()
            .flat_map(|one| one.intervals.iter().copied())
            .collect();
        let what = format!(
            "{interval:?} is no interval of {name}: one of {}",
            known.join(", ")
        );
        ("interval", what)
    })
}

fn of_economy(economy: &'static Economy, class: Class, interval: &str) -> Result<Kind, Wrong> {
    let expected = match economy.is_commodity {
        true => Class::Commodity,
        false => Class::Macro,
    };
    if class != expected {
        let what = format!("{} is of class {}", economy.function, expected.as_str());
        return Err(("asset_class", what));
    }
    let interval = match interval {
        "" => economy.intervals.first().copied().unwrap_or_default(),
        interval => interval,
    };
    let steps = ECONOMY_DATASETS.iter();
    let found = steps
        .filter(|_| economy.intervals.contains(&interval))
        .find(|(_, known, _)| *known == interval);
    let (_, _, step) = found.ok_or_else(|| {
        let known = economy.intervals.join(", ");
        let what = format!(
            "{interval:?} is none that is held of {}: one of {known}",
            economy.function
        );
        ("interval", what)
    })?;
    Ok(Kind::Economy(economy, *step))
}

/// Returns the key of a row; notes what is wrong with the cells that name it.
fn key(kind: Kind, row: &FunctionRow, report: &mut RowReport<'_>) -> Option<Key> {
    let sent = kind_params(kind);
    let params = report.check("params", cells::params(&row.params, &sent))?;
    let (symbol, market) = (row.symbol.as_str(), row.market.as_str());
    match kind {
        Kind::Economy(economy, _) => {
            report.check("symbol", cells::empty(symbol));
            report.check("market", cells::empty(market));
            let asset = asset_of(economy, params.maturity.as_deref());
            Some(Key::of_asset(
                asset.as_str(),
                params.currency(QUOTE).as_str(),
            ))
        }
        Kind::Of(_, class @ (Class::Crypto | Class::Fx)) => {
            let symbol = report.check("symbol", cells::code(symbol, class));
            let market = report.check("market", cells::code(market, Class::Fx));
            let asset = format!("{}:{}", class.as_str(), symbol?);
            Some(Key::of_asset(
                asset.as_str(),
                market?.to_ascii_lowercase().as_str(),
            ))
        }
        Kind::Of(_, class) => {
            report.check("market", cells::empty(market));
            let symbol = report.check("symbol", cells::ticker(symbol))?;
            report.check("params", cells::needs_currency(symbol, &params));
            let asset = format!("{}:{symbol}", class.as_str());
            Some(Key::of_asset(
                asset.as_str(),
                params.currency(QUOTE).as_str(),
            ))
        }
    }
}

/// Returns the parameters that a row may name: those that are sent at any rate, and ours.
fn kind_params(kind: Kind) -> cells::Known {
    match kind {
        Kind::Economy(economy, _) => cells::Known {
            sent: &[],
            maturity: economy.function == "TREASURY_YIELD",
            currency: economy.is_commodity,
        },
        Kind::Of(function, class) => cells::Known {
            sent: match (function.name, function.step) {
                ("TIME_SERIES_INTRADAY", _) => &[
                    ("adjusted", "false"),
                    ("extended_hours", "false"),
                    ("outputsize", "compact"),
                    ("outputsize", "full"),
                ],
                (_, Step::Hour | Step::Day) => &[("outputsize", "compact"), ("outputsize", "full")],
                _ => &[],
            },
            maturity: false,
            currency: class == Class::Equity,
        },
    }
}

/// What is had as of now only is wanted from activation on.
fn wanted_since(kind: Kind, text: &str) -> Result<Since, String> {
    let wanted = since(text, Since::ThreeYearsBack)?;
    Ok(match kind.is_of_now() {
        true => Since::Activation,
        false => wanted,
    })
}
