//! The report as a screen of text: what is wrong first.

use std::io;

use super::report::{Details, Report, SourceReport};
use crate::{
    out, table,
    verbs::quota::QuotaReport,
    words::{grouped, span},
};

/// So many are named where `--all` was not typed.
const NAMED: usize = 5;

pub(super) fn show(report: &Report, all: bool) -> io::Result<()> {
    hands(report)?;
    head(report)?;
    sources(report)?;
    for source in &report.sources {
        if let Some(details) = &source.details {
            notes(source, details, all)
                .into_iter()
                .try_for_each(out::line)?;
        }
    }
    foot(report)
}

/// Loudly, and first.
fn hands(report: &Report) -> io::Result<()> {
    for hand in &report.waits_for_a_hand {
        let since = hand.since.as_ref().map(|at| format!(", since {at}"));
        let (what, class, why) = (&hand.what, &hand.class, &hand.why);
        let kind = match class.as_str() {
            "configuration" => "WRONG",
            "ended" => "ENDED",
            _ => "SUSPENDED",
        };
        out::line(format_args!(
            "{kind} {what} ({class}{}): {why}",
            since.unwrap_or_default()
        ))?;
        out::line(format_args!(
            "  mend the cause, then type: {}",
            hand.command
        ))?;
    }
    Ok(())
}

fn head(report: &Report) -> io::Result<()> {
    let holds = report.world.as_deref().unwrap_or("no");
    out::line(format_args!(
        "{}: {holds} data, {}",
        report.now, report.database
    ))?;
    match &report.leader {
        Some(leader) if leader.alive => out::line(format_args!(
            "led by {} since {} (epoch {})",
            leader.instance, leader.since, leader.epoch
        )),
        Some(leader) => out::line(format_args!(
            "NOBODY LEADS: no ingestd runs; the last was {}, which began at {} (epoch {})",
            leader.instance, leader.since, leader.epoch
        )),
        None => out::line("NOBODY LEADS: no ingestd has ever run on this database"),
    }
}

fn sources(report: &Report) -> io::Result<()> {
    let rows: Vec<_> = report.sources.iter().map(cells).collect();
    let header = [
        "source",
        "state",
        "series on/off",
        "last tick",
        "ended",
        "next tick",
        "newest",
        "stale",
        "open buckets",
    ];
    table::print(&header, &rows)
}

fn cells(source: &SourceReport) -> Vec<String> {
    let mut cells = vec![source.source.to_owned(), source.state.to_owned()];
    let Some(details) = &source.details else {
        return cells;
    };
    let tick = details.last_tick.as_ref();
    let newest = details.newest.first();
    cells.extend([
        format!("{}/{}", details.series_on, details.series_off),
        tick.map_or("none yet".to_owned(), |tick| {
            format!("{} ago", span(tick.ago_secs))
        }),
        tick.map_or(String::new(), |tick| {
            let took = tick
                .took_secs
                .map_or(String::new(), |secs| format!(" in {secs} s"));
            format!("{}{took}", tick.statuses.join(", "))
        }),
        details.next_tick.clone(),
        newest.map_or("none".to_owned(), |newest| {
            format!("{} {}", newest.step, newest.ts)
        }),
        newest.map_or(String::new(), |newest| span(newest.stale_secs)),
        grouped(details.open_buckets),
    ]);
    cells
}

/// What is to be said of a source beside its row, a line each.
fn notes(source: &SourceReport, details: &Details, all: bool) -> Vec<String> {
    let mut notes: Vec<String> = details.quotas.iter().map(QuotaReport::brief).collect();
    notes.extend(
        (details.quotas.iter())
            .filter_map(QuotaReport::warning)
            .map(|text| format!("WARNING: {text}")),
    );
    for one in &details.outside_plan {
        let (series, buckets, before) = (one.series, grouped(one.buckets), &one.before);
        notes.push(match one.dataset {
            "" => format!(
                "outside the plan: {series} series, {buckets} buckets: no dataset of it has them"
            ),
            dataset => format!(
                "outside the plan: {dataset}, {series} series, {buckets} buckets before {before}"
            ),
        });
    }
    for one in details
        .not_fresh
        .iter()
        .filter(|one| !one.waiting.is_empty())
    {
        let waiting = one
            .waiting
            .iter()
            .map(|waits| format!("{} since {}", waits.key, waits.since));
        notes.push(format!(
            "not fresh: {} of {} of {}: {}",
            one.waiting.len(),
            one.wanted,
            one.dataset,
            some(waiting, all)
        ));
    }
    if !details.left_alone.is_empty() {
        let named = details
            .left_alone
            .iter()
            .map(|one| format!("{} until {}", one.asset, one.until));
        notes.push(format!(
            "unknown to the vendor, left alone: {}: {}",
            details.left_alone.len(),
            some(named, all)
        ));
    }
    if details.unsupported_series > 0 {
        notes.push(format!(
            "not had by the vendor: {} series (crossfeed gaps --reason unsupported)",
            details.unsupported_series
        ));
    }
    if details.rereads_waiting > 0 {
        let since = details.rereads_since.as_deref().unwrap_or_default();
        notes.push(format!(
            "to be read again: {} ranges, since {since}",
            details.rereads_waiting
        ));
    }
    let state = match (source.why.as_str(), source.state) {
        ("", _) | (_, "not led") => None,
        (why, state) => {
            let since = source.since.as_ref().map(|at| format!(" since {at}"));
            let until = source.until.as_ref().map(|at| format!(" until {at}"));
            let (since, until) = (since.unwrap_or_default(), until.unwrap_or_default());
            Some(format!("{state}{since}{until}: {why}"))
        }
    };
    let name = source.source;
    let notes = state.into_iter().chain(notes);
    notes.map(|note| format!("{name}: {note}")).collect()
}

/// Names the first, and counts the rest.
fn some(names: impl ExactSizeIterator<Item = String>, all: bool) -> String {
    let (count, most) = (names.len(), if all { usize::MAX } else { NAMED });
    let named: Vec<String> = names.take(most).collect();
    match count.saturating_sub(named.len()) {
        0 => named.join(", "),
        more => format!("{}, and {more} more (--all)", named.join(", ")),
    }
}

fn foot(report: &Report) -> io::Result<()> {
    for source in report
        .sources
        .iter()
        .filter(|source| source.details.is_none())
    {
        out::line(format_args!("{}: {}", source.source, source.why))?;
    }
    for one in &report.refused_ticks {
        out::line(format_args!(
            "refused: {} {}, {} of {} ticks in a row since {}",
            one.source, one.dataset, one.ticks, one.of, one.since
        ))?;
    }
    if report.dead_letters > 0 {
        out::line(format_args!(
            "{} answers that made no sense are kept in {}",
            report.dead_letters, report.dead_letters_in
        ))?;
    }
    Ok(())
}
