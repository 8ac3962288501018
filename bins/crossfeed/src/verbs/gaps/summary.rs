//! Gaps added up by source, dataset and reason.

use std::{
    collections::{BTreeMap, HashSet},
    io,
};

use ingest::{Gap, GapReason};
use serde::Serialize;
use store::series::SeriesId;

use super::{Lacks, rows};
use crate::{table, words::grouped};

/// The gaps of a dataset for one reason.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    source: &'static str,
    dataset: &'static str,
    reason: &'static str,
    /// Why nothing asks for them now: `suspended`, `parked` or `disabled`.
    held: Option<&'static str>,
    /// Series that have any.
    series: usize,
    buckets: u64,
    /// First bucket of the oldest.
    from: String,
    /// First bucket after the newest.
    to: String,
}

type Name = (&'static str, &'static str, GapReason, Option<&'static str>);

#[derive(Default)]
struct Sum {
    series: HashSet<SeriesId>,
    buckets: u64,
    hull: Option<model::TimeRange>,
}

/// Adds gaps up, by source, dataset and reason.
pub(super) fn summed(gaps: &[(&Lacks, &Gap)]) -> Vec<Line> {
    let mut sums: BTreeMap<Name, Sum> = BTreeMap::new();
    for (lacks, gap) in gaps {
        let dataset = gap.dataset.map_or("", |dataset| dataset.as_str());
        let source = lacks.survey.id().as_str();
        let name = (source, dataset, gap.reason, rows::held(lacks, gap));
        let sum = sums.entry(name).or_default();
        sum.series.insert(gap.series);
        sum.buckets += gap.buckets;
        let hull = sum.hull.unwrap_or(gap.range);
        let (start, end) = (hull.start.min(gap.range.start), hull.end.max(gap.range.end));
        sum.hull = Some(model::TimeRange::new(start, end));
    }
    let line = |((source, dataset, reason, held), sum): (Name, Sum)| {
        let hull = sum.hull?;
        Some(Line {
            source,
            dataset,
            reason: reason.as_str(),
            held,
            series: sum.series.len(),
            buckets: sum.buckets,
            from: hull.start.to_string(),
            to: hull.end.to_string(),
        })
    };
    sums.into_iter().filter_map(line).collect()
}

/// Prints them.
pub(super) fn show(lines: &[Line]) -> io::Result<()> {
    let count = |number: usize| grouped(u64::try_from(number).unwrap_or(u64::MAX));
    let rows: Vec<_> = (lines.iter())
        .map(|line| {
            vec![
                line.source.to_owned(),
                line.dataset.to_owned(),
                rows::in_words(line.reason).to_owned(),
                count(line.series),
                grouped(line.buckets),
                line.from.clone(),
                line.to.clone(),
                line.held.unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    let header = [
        "source", "dataset", "why", "series", "buckets", "from", "to", "held",
    ];
    table::print(&header, &rows)
}
