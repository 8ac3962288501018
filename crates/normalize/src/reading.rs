//! Reads the two files and checks them against each other.

use std::collections::HashMap;

use model::{MetricName, SourceId, Step};
use serde::Deserialize;
use tables::{CsvText, Problems, Report, Row, Table, both, positive};

use crate::{
    dictionary::{CanonicalMetric, Mapping},
    words::{Kind, Unit},
};

const METRIC_COLUMNS: [&str; 8] = [
    "source",
    "metric",
    "step",
    "canonical",
    "unit",
    "multiplier",
    "kind",
    "scales",
];
const CANONICAL_COLUMNS: [&str; 5] = ["metric", "unit", "kind", "preferred_sources", "description"];

#[derive(Deserialize)]
struct MetricRow {
    source: String,
    metric: String,
    step: String,
    canonical: String,
    unit: String,
    multiplier: String,
    kind: String,
    scales: String,
}

#[derive(Deserialize)]
struct CanonicalRow {
    metric: String,
    unit: String,
    kind: String,
    preferred_sources: String,
    description: String,
}

/// Unit and kind of a canonical metric; `None` where that cell is wrong and reported already.
type Meaning = (Option<Unit>, Option<Kind>);

pub(crate) fn read(
    metrics: &CsvText<'_>,
    canonical: &CsvText<'_>,
    sources: &[SourceId],
) -> Result<(Vec<CanonicalMetric>, Vec<Mapping>), Problems> {
    let mut canonical_table = Table::read(canonical.name, canonical.bytes, &CANONICAL_COLUMNS);
    canonical_table.refuse_duplicates("metric", |row: &CanonicalRow| row.metric.as_str());
    let mut metric_table = Table::read(metrics.name, metrics.bytes, &METRIC_COLUMNS);
    metric_table.refuse_duplicates("metric", |row: &MetricRow| {
        (row.source.as_str(), row.metric.as_str(), row.step.as_str())
    });

    let (canonical_rows, canonical_report) = canonical_table.rows_and_report();
    let (metric_rows, metric_report) = metric_table.rows_and_report();
    let (names, canonical) = read_canonical(canonical_rows, sources, canonical_report);
    let mappings = read_mappings(metric_rows, &names, sources, metric_report);
    check_preferred(canonical_rows, metric_rows, canonical_report);
    both(
        canonical_table.finish(canonical),
        metric_table.finish(mappings),
    )
}

fn read_canonical<'r>(
    rows: &'r [Row<CanonicalRow>],
    sources: &[SourceId],
    report: &mut Report,
) -> (HashMap<&'r str, Meaning>, Vec<CanonicalMetric>) {
    let mut names: HashMap<&str, Meaning> = HashMap::with_capacity(rows.len());
    let mut metrics = Vec::with_capacity(rows.len());
    for Row { line, value: row } in rows {
        let line = *line;
        report.check(line, "metric", check_name(&row.metric));
        let unit = report.check(line, "unit", row.unit.parse());
        let kind = report.check(line, "kind", row.kind.parse());
        names.entry(&row.metric).or_insert((unit, kind));
        let preferred_sources = split_list(&row.preferred_sources)
            .filter_map(|name| report.check(line, "preferred_sources", known_source(name, sources)))
            .collect();
        if row.description.is_empty() {
            report.problem(line, Some("description"), "is empty");
        }
        if let (Some(unit), Some(kind)) = (unit, kind) {
            metrics.push(CanonicalMetric {
                name: MetricName::new(row.metric.as_str()),
                unit,
                kind,
                preferred_sources,
                description: row.description.clone(),
            });
        }
    }
    (names, metrics)
}

fn read_mappings(
    rows: &[Row<MetricRow>],
    names: &HashMap<&str, Meaning>,
    sources: &[SourceId],
    report: &mut Report,
) -> Vec<Mapping> {
    rows.iter()
        .filter_map(|row| mapping(row, names, sources, report))
        .collect()
}

fn mapping(
    row: &Row<MetricRow>,
    names: &HashMap<&str, Meaning>,
    sources: &[SourceId],
    report: &mut Report,
) -> Option<Mapping> {
    let (line, row) = (row.line, &row.value);
    let source = report.check(line, "source", known_source(&row.source, sources));
    report.check(line, "metric", check_name(&row.metric));
    let step = match row.step.as_str() {
        "" => Some(None),
        text => report.check(line, "step", text.parse::<Step>()).map(Some),
    };
    let unit = report.check(line, "unit", row.unit.parse());
    let multiplier = report.check(line, "multiplier", positive(&row.multiplier));
    let kind = report.check(line, "kind", row.kind.parse());
    let scales = report.check(line, "scales", row.scales.parse());
    match names.get(row.canonical.as_str()) {
        None => {
            let what = format!("no canonical metric is called {:?}", row.canonical);
            report.problem(line, Some("canonical"), what);
        }
        Some((canonical_unit, canonical_kind)) => {
            let name = &row.canonical;
            if let (Some(own), Some(canonical)) = (kind, *canonical_kind) {
                report.check(line, "kind", check_kind(name, own, canonical));
            }
            if let (Some(own), Some(canonical), Some(multiplier)) =
                (unit, *canonical_unit, multiplier)
                && let Err((column, what)) = check_unit(name, own, canonical, multiplier)
            {
                report.problem(line, Some(column), what);
            }
        }
    }
    Some(Mapping {
        source: source?,
        stored: MetricName::new(row.metric.as_str()),
        step: step?,
        canonical: MetricName::new(row.canonical.as_str()),
        unit: unit?,
        multiplier: multiplier?,
        kind: kind?,
        scales: scales?,
    })
}

/// One name, one meaning: the kind is the same.
fn check_kind(name: &str, own: Kind, canonical: Kind) -> Result<(), String> {
    if own == canonical {
        Ok(())
    } else {
        Err(format!("is {own} where {name} is {canonical}"))
    }
}

/// One name, one meaning: the unit converts, by exactly that multiplier.
fn check_unit(
    name: &str,
    own: Unit,
    canonical: Unit,
    multiplier: f64,
) -> Result<(), (&'static str, String)> {
    match own.multiplier_to(canonical) {
        None => {
            let what = format!("{own} does not convert to {canonical}, the unit of {name}");
            Err(("unit", what))
        }
        Some(right) if (right - multiplier).abs() > f64::EPSILON * right => {
            let what = format!("{multiplier} where {own} to {canonical} is {right}");
            Err(("multiplier", what))
        }
        Some(_) => Ok(()),
    }
}

/// The preferred sources are those that have the metric, each once: a source left out would never
/// be chosen, one too many would be asked in vain.
fn check_preferred(
    canonical: &[Row<CanonicalRow>],
    metrics: &[Row<MetricRow>],
    report: &mut Report,
) {
    for Row { line, value: row } in canonical {
        let mut wrong = |what: String| report.problem(*line, Some("preferred_sources"), what);
        let mut listed: Vec<&str> = Vec::new();
        for source in split_list(&row.preferred_sources) {
            if listed.contains(&source) {
                wrong(format!("{source} stands twice"));
            } else {
                listed.push(source);
            }
        }
        let mut having: Vec<&str> = Vec::new();
        for metric in metrics.iter().map(|row| &row.value) {
            if metric.canonical == row.metric && !having.contains(&metric.source.as_str()) {
                having.push(&metric.source);
            }
        }
        for source in having.iter().filter(|source| !listed.contains(source)) {
            wrong(format!("{source} has the metric and is missing"));
        }
        for source in listed.iter().filter(|source| !having.contains(source)) {
            wrong(format!("{source} does not have the metric"));
        }
    }
}

fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split('|')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn check_name(name: &str) -> Result<(), String> {
    let good = name.split('_').all(|part| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    });
    if good {
        Ok(())
    } else {
        Err(format!("{name:?} is not upper snake case"))
    }
}

fn known_source(name: &str, sources: &[SourceId]) -> Result<SourceId, String> {
    let known = sources.iter().find(|source| source.as_str() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
        format!("{name:?} is none of {}", names.join(", "))
    })
}
