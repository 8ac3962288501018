//! `sources-config/artemis.csv`: a row is one symbol by day, or one company's quarters; it becomes
//! series.
//!
//! Symbols are checked for their shape only. Whether the vendor lists them is checked against the
//! catalogue at refresh, not here.

use model::{Key, SeriesKey, SeriesSpec, Since, Step};
use serde::Deserialize;
use source::config::{
    Problem, Problems, RowReport, Table, joined, misspelt, nearest, plain_name, read_rows, since,
    slips,
};

use crate::{
    datasets::{SOURCE, is_equity, stamp_of},
    kept::Ids,
    metrics::{Kind, METRICS, Of, default_of, kind, refused},
};

/// The columns, in the order of the file that ships.
pub const COLUMNS: [&str; 8] = [
    "symbol",
    "artemis_id",
    "kind",
    "metrics",
    "granularity",
    "since",
    "enabled",
    "note",
];

/// The currency that the vendor counts in.
pub(crate) const QUOTE: &str = "usd";

/// What would break a list in a query.
const NO_NAME: &str = ",&?#|/\"";

/// Stands for the default set of the row's kind.
const DEFAULT: &str = "@default";

/// A row as it stands in the file. `note` is for the reader of the file.
#[derive(Debug, Deserialize)]
struct SymbolRow {
    symbol: String,
    artemis_id: String,
    kind: String,
    metrics: String,
    granularity: String,
    since: String,
    enabled: bool,
}

/// What the file says.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) series: Vec<SeriesSpec>,
    pub(crate) ids: Ids,
    pub(crate) warnings: Vec<Problem>,
}

pub(crate) fn read(file: &str, csv: &[u8]) -> Result<Read, Problems> {
    let mut table: Table<SymbolRow> = Table::read(file, csv, &COLUMNS);
    // The vendor hardly tells them apart by case: of two that differ in nothing else one is to be
    // written by its artemis_id.
    table.refuse_duplicates("symbol", |row| {
        (row.symbol.to_lowercase(), is_quarterly(row))
    });
    // A ticker may change hands, an id does not (section 5).
    table.refuse_duplicates("artemis_id", |row| match row.artemis_id.as_str() {
        "" => (false, row.symbol.clone(), is_quarterly(row)),
        id => (true, id.to_owned(), is_quarterly(row)),
    });
    let made = read_rows(&mut table, series);
    let ids = ids(&mut table);
    let warnings = warnings(file, &table);
    table.finish(Read {
        series: made.into_iter().flatten().collect(),
        ids,
        warnings,
    })
}

/// Returns the metrics that look like a known one with a slip of the pen. The vendor may have them all
/// the same, and answers what it has not with a sentence that nobody reads.
fn warnings(file: &str, table: &Table<SymbolRow>) -> Vec<Problem> {
    let meant = |name: &str| {
        let known = METRICS.iter().map(|metric| metric.name);
        misspelt(&name.to_ascii_uppercase(), known)
    };
    slips(file, table, ("metrics", "metric"), |row| {
        let names = row.metrics.split('|').map(str::trim);
        names.filter_map(|name| Some((name, meant(name)?)))
    })
}

/// Returns the ids of the symbols. The days and the quarters of a share are of one asset.
fn ids(table: &mut Table<SymbolRow>) -> Ids {
    let (mut ids, mut others) = (Ids::default(), Vec::new());
    for row in table.rows() {
        let (symbol, id) = (&row.value.symbol, &row.value.artemis_id);
        if !id.is_empty()
            && let Some(other) = ids.insert(symbol.as_str().into(), id.clone())
        {
            let what = format!("{symbol} is {other} in another row");
            others.push((row.line, what));
        }
    }
    for (line, what) in others {
        table.problem(line, Some("artemis_id"), what);
    }
    ids
}

fn is_quarterly(row: &SymbolRow) -> bool {
    row.granularity == "QUARTER"
}

/// Turns a row into its series, or tells everything that is wrong with it.
fn series(row: &SymbolRow, report: &mut RowReport<'_>) -> Option<Vec<SeriesSpec>> {
    let of = report.check("kind", of(&row.kind));
    let key = report.check("symbol", plain_name(&row.symbol, NO_NAME, "symbol", "btc"));
    let key = key.map(|symbol| Key::of_asset(symbol, QUOTE));
    report.check("artemis_id", check_id(&row.artemis_id));
    if let (Some(of), Some(key)) = (of, &key) {
        report.check("kind", check_kind(of, key));
    }
    let step = report.check("granularity", step(of, &row.granularity));
    let names = match (of, step) {
        (Some(of), Some(step)) => report.check("metrics", names(of, step, &row.metrics)),
        _ => None,
    };
    let since = report.check("since", since(&row.since, Since::ThreeYearsBack));
    let (key, names, step, since) = (key?, names?, step?, since?);
    let one = |name: String| SeriesSpec {
        stamp: stamp_of(key.asset.as_str(), &name, step),
        series: SeriesKey {
            source: SOURCE,
            key: key.clone(),
            metric: name.as_str().into(),
            step,
        },
        since,
        enabled: row.enabled,
    };
    Some(names.into_iter().map(one).collect())
}

fn of(text: &str) -> Result<Of, String> {
    match text {
        "chain" => Ok(Of::Chain),
        "protocol" => Ok(Of::Protocol),
        "token" => Ok(Of::Token),
        "stablecoin" => Ok(Of::Stablecoin),
        "equity" => Ok(Of::Equity),
        _ => Err(format!(
            "{text:?} is no kind: one of chain, protocol, token, stablecoin, equity"
        )),
    }
}

fn check_kind(of: Of, key: &Key) -> Result<(), String> {
    match (of == Of::Equity, is_equity(key.asset.as_str())) {
        (true, false) => Err("the symbol of an equity begins with eq-".to_owned()),
        (false, true) => Err("what begins with eq- is an equity".to_owned()),
        _ => Ok(()),
    }
}

/// A stablecoin on one chain has no id of its own, and not every id is known.
fn check_id(id: &str) -> Result<(), String> {
    match id {
        "" => Ok(()),
        _ => plain_name(id, NO_NAME, "artemis_id", "bitcoin").map(|_| ()),
    }
}

fn step(of: Option<Of>, text: &str) -> Result<Step, String> {
    match (text, of) {
        ("" | "DAY", _) => Ok(Step::Day),
        ("QUARTER", Some(Of::Equity) | None) => Ok(Step::Quarter),
        ("QUARTER", _) => Err("only the financials of an equity come by quarter".to_owned()),
        _ => Err(format!("{text:?}: DAY, or QUARTER for financials")),
    }
}

/// Reads vendor names joined by `|`, in any case, with `@default` for the default set; none means that
/// set alone. A name that the contract does not know is asked for as it is.
fn names(of: Of, step: Step, text: &str) -> Result<Vec<String>, String> {
    let quarterly = step == Step::Quarter;
    let text = if text.is_empty() { DEFAULT } else { text };
    let names = text.split('|').map(|name| match name.trim() {
        DEFAULT => default_of(of, quarterly).collect::<Vec<_>>().join("|"),
        name => name.to_ascii_uppercase(),
    });
    joined(&names.collect::<Vec<_>>().join("|"), |name| {
        check_metric(name, quarterly).map(|()| name.to_owned())
    })
}

fn check_metric(name: &str, quarterly: bool) -> Result<(), String> {
    // Whatever stands below the path is read as a metric's name and answered (trap 20).
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(match nearest(name, [DEFAULT]) {
            Some(near) => format!("{name:?} is no metric: did you mean {near}?"),
            None => format!("{name:?} is no metric: {DEFAULT} or names such as PRICE, joined by |"),
        });
    }
    if let Some(why) = refused(name) {
        return Err(format!("{name} cannot be collected: {why}"));
    }
    match (kind(name), quarterly) {
        (Some(Kind::Latest), _) => Err(format!(
            "{name} has no history: the vendor gives it without a date"
        )),
        (Some(Kind::Quarterly), false) => Err(format!(
            "{name} comes by quarter: a row of its own with granularity QUARTER"
        )),
        (Some(Kind::Daily | Kind::Midnight) | None, true) => Err(format!(
            "{name} does not come by quarter: a row of its own with granularity DAY"
        )),
        _ => Ok(()),
    }
}
