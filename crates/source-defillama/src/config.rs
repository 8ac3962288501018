//! `sources-config/defillama.csv`: a row is one thing of the vendor's; it becomes series.
//!
//! Ids are checked for their shape only. Whether the vendor lists them is checked against the catalogues
//! at refresh, not here. A series is made where a dataset of the plan has it: Pro makes more of the same
//! file.

mod params;

use std::collections::BTreeSet;

use model::{Key, MetricName, SeriesKey, SeriesSpec, Since, Step};
use serde::Deserialize;
use source::{
    Source as _,
    config::{Problems, RowReport, Table, joined, nearest, read_rows, since, since_held},
};

use self::params::Params;
use crate::{
    DefiLlama, Plan,
    datasets::{self, SOURCE},
    kept::Names,
    kind::Kind,
    metrics::{Metric, Past, metric, metrics_of},
};

/// The columns, in the order of the file that ships.
pub const COLUMNS: [&str; 9] = [
    "kind",
    "vendor_id",
    "metrics",
    "interval",
    "since",
    "hourly_since",
    "params",
    "enabled",
    "note",
];

/// What the only row of the whole market has for an id.
const ALL: &str = "all";

/// A row as it stands in the file. `note` is for the reader of the file.
#[derive(Debug, Deserialize)]
struct Row {
    kind: String,
    vendor_id: String,
    metrics: String,
    interval: String,
    since: String,
    hourly_since: String,
    params: String,
    enabled: bool,
}

/// What a row says, where nothing is wrong with it.
struct Read {
    key: Key,
    metrics: Vec<&'static Metric>,
    steps: Vec<Step>,
    daily: Since,
    hourly: Since,
    params: Params,
    enabled: bool,
}

pub(crate) fn read(
    source: &DefiLlama,
    file: &str,
    csv: &[u8],
) -> Result<(Vec<SeriesSpec>, Names), Problems> {
    let mut table: Table<Row> = Table::read(file, csv, &COLUMNS);
    table.refuse_duplicates("vendor_id", |row| (row.kind.clone(), row.vendor_id.clone()));
    let (mut made, mut names) = (Vec::new(), Names::default());
    let mut assets = BTreeSet::new();
    let rows = read_rows(&mut table, |row, report| {
        Some((report.line(), read_row(row, report)?))
    });
    for (line, read) in rows {
        let (kind, id) = Kind::of(&read.key.asset);
        // Two slugs of one protocol, two spellings of one address.
        if !assets.insert((kind, id.to_ascii_lowercase())) {
            let what = format!("{} stands already in another row", read.key.asset);
            table.problem(line, Some(read.params.id_column()), what);
        }
        names.insert(read.key.asset.clone(), read.params.named.clone());
        made.extend(series(source, &read));
    }
    table.finish((made, names))
}

/// Reads a row, or tells everything that is wrong with it.
fn read_row(row: &Row, report: &mut RowReport<'_>) -> Option<Read> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
    let Some(kind) = kind else {
        let known = Kind::ALL.map(Kind::as_str).join(", ");
        let what = format!("{:?} is no kind: one of {known}", row.kind);
        report.wrong("kind", what);
        return None;
    };
    report.check("vendor_id", check_id(kind, &row.vendor_id));
    let params = report.check("params", params::read(kind, &row.params));
    let steps = report.check("interval", steps(&row.interval));
    let metrics = report.check("metrics", metrics(&row.metrics, kind));
    let daily = since(&row.since, Since::ThreeYearsBack);
    let daily = report.check("since", daily);
    let hourly = report.check("hourly_since", hourly_since(row, kind));
    if let (Some(named), Some(steps)) = (&metrics, &steps) {
        let checked = check_steps(named, steps, !row.metrics.is_empty());
        report.check("interval", checked);
    }
    let mut params = params?;
    if kind == Kind::Protocol {
        params.named.slug = Some(row.vendor_id.clone());
    }
    Some(Read {
        key: kind.key(params.id.as_deref().unwrap_or(&row.vendor_id)),
        metrics: metrics?,
        steps: steps?,
        daily: daily?,
        hourly: hourly?,
        params,
        enabled: row.enabled,
    })
}

/// A metric has an hourly and a daily series where the row wants them and a dataset of the plan holds
/// them.
fn series(source: &DefiLlama, read: &Read) -> Vec<SeriesSpec> {
    if read.params.needs_key && !source.settings.plan.is_paid() {
        return Vec::new();
    }
    let mut made = Vec::new();
    for metric in &read.metrics {
        for step in &read.steps {
            let series = SeriesKey {
                source: SOURCE,
                key: read.key.clone(),
                metric: MetricName::from(metric.name),
                step: *step,
            };
            let since = match step {
                Step::Hour => read.hourly,
                _ => read.daily,
            };
            made.extend(since_held(source, &series, since).map(|since| SeriesSpec {
                stamp: source.stamp(&series),
                series,
                since,
                enabled: read.enabled,
            }));
        }
    }
    made
}

/// Taking a name at a step that no plan has and collecting nothing would be a lie.
fn check_steps(metrics: &[&Metric], steps: &[Step], are_named: bool) -> Result<(), String> {
    let has = |metric: &Metric, step: Step| {
        let all = datasets::datasets(Plan::Pro).into_iter();
        all.map(|dataset| dataset.id)
            .any(|dataset| datasets::holds(Plan::Pro, dataset, metric, step))
    };
    for metric in metrics.iter().filter(|_| are_named) {
        if !steps.iter().any(|step| has(metric, *step)) {
            let other = match steps {
                [Step::Hour] => Step::Day,
                _ => Step::Hour,
            };
            return Err(format!("{} comes by {other} only", metric.name));
        }
    }
    Ok(())
}

/// Reads steps joined by `|`; none means both.
fn steps(text: &str) -> Result<Vec<Step>, String> {
    if text.is_empty() {
        return Ok(vec![Step::Hour, Step::Day]);
    }
    let mut steps = Vec::new();
    for word in text.split('|').map(str::trim) {
        match word {
            "1h" => steps.push(Step::Hour),
            "1d" => steps.push(Step::Day),
            _ => return Err(format!("{word:?} is no interval: 1h, 1d or 1h|1d")),
        }
    }
    steps.sort();
    let written = steps.len();
    steps.dedup();
    match steps.len() {
        left if left == written => Ok(steps),
        _ => Err("an interval stands twice".to_owned()),
    }
}

fn check_id(kind: Kind, id: &str) -> Result<(), String> {
    let plain = |id: &str| !id.contains(|c: char| c.is_whitespace() || "/?#,|".contains(c));
    let good = match kind {
        Kind::Global => id == ALL,
        // A slug is a name in lower case, with `-` for blanks; other characters stay.
        Kind::Protocol => plain(id) && id.to_lowercase() == id,
        Kind::Chain => !id.contains(['/', '?', '#', '|']),
        Kind::Stablecoin => id.chars().all(|c| c.is_ascii_digit()),
        Kind::Coin => plain(id) && id.split_once(':').is_some_and(is_coin),
        Kind::Pool => is_uuid(id),
    };
    if good && !id.is_empty() && id.len() <= 128 {
        return Ok(());
    }
    let right = match kind {
        Kind::Global => "there is one market: write all",
        Kind::Protocol => "write the slug, such as aave-v3",
        Kind::Chain => "write the name, such as OP Mainnet",
        Kind::Stablecoin => "write the number, such as 1 for Tether",
        Kind::Coin => "write coingecko:<id> or <chain>:<address>",
        Kind::Pool => "write its UUID in lower case",
    };
    Err(format!("{id:?} is no {}: {right}", kind.as_str()))
}

fn is_coin((chain, id): (&str, &str)) -> bool {
    !chain.is_empty() && !id.is_empty() && Kind::ALL.iter().all(|kind| kind.as_str() != chain)
}

fn is_uuid(id: &str) -> bool {
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let hex = |c: char| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c);
    groups == [8, 4, 4, 4, 12] && id.chars().all(hex)
}

/// Reads names joined by `|`; none means the default set.
fn metrics(text: &str, kind: Kind) -> Result<Vec<&'static Metric>, String> {
    if text.is_empty() {
        return Ok(metrics_of(kind).filter(|metric| metric.default).collect());
    }
    joined(text, |name| {
        metric(kind, name).ok_or_else(|| unknown_metric(name, kind))
    })
}

fn unknown_metric(name: &str, kind: Kind) -> String {
    let kind_of = kind.as_str();
    if Kind::ALL
        .into_iter()
        .any(|kind| metric(kind, name).is_some())
    {
        return format!("a {kind_of} has no {name}");
    }
    let names = metrics_of(kind).map(|metric| metric.name);
    match nearest(name, names.clone()) {
        Some(near) => format!("{name:?} is no metric: did you mean {near}?"),
        None => {
            let known: Vec<&str> = names.collect();
            let known = known.join(", ");
            format!("{name:?} is no metric: those of a {kind_of} are {known}")
        }
    }
}

/// Only prices have a past by hour.
fn hourly_since(row: &Row, kind: Kind) -> Result<Since, String> {
    let has_past = metrics_of(kind).any(|metric| matches!(metric.past, Past::Price));
    if !has_past && !row.hourly_since.is_empty() {
        return Err("only prices have a past by hour: leave it empty".to_owned());
    }
    since(&row.hourly_since, Since::Activation)
}
