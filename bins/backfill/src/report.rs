//! What the command says: the bill before, the result after.

#![expect(clippy::print_stderr, reason = "the command's own output")]

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write as _},
};

use assembly::{ConfigCheck, Quota, counted};
use ingest::{Collector, Estimate, Hole, NightBill, Summary, Unnamed};
use model::{Key, SourceId, Step, TimeRange, Ts};
use runtime::Exit;
use store::{pulls::PullStatus, suspend::SuspensionRow};

use crate::silence::silences;

/// Ranges told in full; the rest is counted.
const SHOWN_HOLES: usize = 20;

/// Says a line.
macro_rules! say {
    ($($part:tt)*) => { line(format_args!($($part)*)) };
}

/// Whether anybody still reads it changes nothing about the work.
fn line(text: fmt::Arguments<'_>) {
    writeln!(io::stdout().lock(), "{text}").ok();
}

pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("backfill: {error:#}");
}

pub(crate) fn usage(problem: &str) -> Exit {
    eprintln!("backfill: {problem}\nRun with --help for more.");
    Exit::Usage
}

/// Answers `--check-config`.
pub(crate) fn check(check: &ConfigCheck) -> Exit {
    check.read.iter().for_each(|line| say!("{line}"));
    match check.problems.as_slice() {
        [] => Exit::Complete,
        _ => problems(check),
    }
}

pub(crate) fn problems(check: &ConfigCheck) -> Exit {
    check
        .problems
        .iter()
        .for_each(|problem| eprintln!("{problem}"));
    Exit::Error
}

/// Says what is read again by schedule, beside the job.
pub(crate) fn nights(bill: &NightBill) {
    assembly::night_bill(bill)
        .iter()
        .for_each(|line| say!("{line}"));
}

pub(crate) fn estimate(collector: &Collector, estimate: &Estimate, quotas: &[Quota]) {
    say!(
        "{}: {} active series",
        collector.id(),
        collector.series_count()
    );
    for one in &estimate.datasets {
        let bound = if one.exact { "" } else { "at most " };
        let labels = one
            .labels
            .map_or_else(String::new, |labels| format!(", labels in {labels}"));
        say!(
            "  {}: {bound}{}, {}, up to {} of {}{labels}",
            one.dataset,
            counted(one.requests, "request"),
            counted(one.credits, "credit"),
            counted(one.points, "point"),
            counted(one.assets, "asset"),
        );
    }
    if estimate.live_requests > 0 {
        let requests = counted(estimate.live_requests, "request");
        say!("  the present: {requests}");
    }
    say!("{}", total(collector.id(), estimate));
    quotas.iter().for_each(|quota| say!("  {quota}"));
}

/// Says what it comes to, and what it does not hold. Where rows wait for a catalogue that was never
/// read there is no upper bound.
fn total(source: SourceId, estimate: &Estimate) -> String {
    let Unnamed { unread, unlisted } = estimate.unnamed;
    let listless = match unlisted {
        0 => String::new(),
        rows => format!(
            ", none for {}: the catalogue as last read lists no product of {}",
            counted(rows, "row"),
            if rows == 1 { "it" } else { "theirs" },
        ),
    };
    if estimate.requests() == 0 && unread == 0 {
        let why = assembly::nothing_to_ask(estimate.wanted);
        return format!("in all nothing to ask: {why}{listless}");
    }
    let bound = match estimate.is_exact() || unread > 0 {
        true => "",
        false => "at most ",
    };
    let unread = match unread {
        0 => String::new(),
        rows => format!(
            " and those of {} whose products the catalogue must name first: \
             `crossfeed pull {source} --catalogue`",
            counted(rows, "row"),
        ),
    };
    let time = assembly::lasting(estimate).map_or_else(String::new, |time| format!(", {time}"));
    format!(
        "in all {bound}{}{time}{unread}{listless} (reading the catalogue would add {})",
        counted(estimate.requests(), "request"),
        counted(estimate.catalogue_requests, "request"),
    )
}

pub(crate) fn question() -> io::Result<()> {
    eprint!("Go on? [y/N] ");
    io::stderr().flush()
}

/// Says why nobody is asked: a program that waits for no answer is not to stand still.
pub(crate) fn unasked() {
    eprintln!("no terminal to ask on: going on, as with --yes; --dry-run only counts");
}

/// Says so after the answer no. The catalogues may have been read for the bill.
pub(crate) fn not_started(read: &Summary) {
    let how = "--yes starts without a question";
    match read.total(|pull| pull.requests) {
        0 => say!("not started: nothing was asked; {how}"),
        requests => say!(
            "not started: nothing but the catalogue was asked, by {}; {how}",
            counted(requests, "request")
        ),
    }
}

pub(crate) fn summary(summary: &Summary) {
    for pull in &summary.pulls {
        say!(
            "{} {}: {}, {} points, {} new, {} changed, {} differing, {} refused",
            pull.dataset,
            pull.status.as_str(),
            counted(pull.requests, "request"),
            pull.received,
            pull.inserted,
            pull.updated,
            pull.differing,
            pull.rejected
        );
        for line in assembly::failures(pull) {
            say!("  {line}");
        }
        if let Some(until) = pull.parked_until {
            say!("  parked: the quota is spent until {until}; run it again then");
        }
    }
    if let Some(line) = assembly::left_alone(summary) {
        say!("{line}");
    }
    holes(&summary.holes);
    silences(&summary.waiting)
        .iter()
        .for_each(|line| say!("{line}"));
}

pub(crate) fn suspensions(rows: &[SuspensionRow]) {
    rows.iter()
        .for_each(|row| say!("{}", assembly::suspension(row)));
}

pub(crate) fn verdict(summary: &Summary, exit: Exit) {
    let word = match (exit, summary.status()) {
        (Exit::Interrupted, _) => "interrupted",
        (_, PullStatus::Complete | PullStatus::NoData) => "complete",
        (_, other) => other.as_str(),
    };
    say!(
        "{word}: {}, {} points new",
        counted(summary.total(|pull| pull.requests), "request"),
        summary.total(|pull| pull.inserted)
    );
}

pub(crate) fn given_up() {
    say!("interrupted: what the vendor had not answered was given up; run it again to carry on");
}

/// Tells what is open, the metrics of one key and range together.
fn holes(holes: &[Hole]) {
    if holes.is_empty() {
        return;
    }
    say!("still open:");
    let groups = grouped(holes);
    for (key, step, range, metrics) in groups.iter().take(SHOWN_HOLES) {
        say!("  {key} {step} {range}: {}", metrics.join(", "));
    }
    if let Some(more @ 1..) = groups.len().checked_sub(SHOWN_HOLES) {
        say!("  … and {more} ranges more");
    }
}

type Group<'a> = (&'a Key, Step, TimeRange, Vec<&'a str>);

/// Puts the metrics of one key, step and range into one line, wherever they stand among the holes.
fn grouped(holes: &[Hole]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(&Key, Step, Ts, Ts), Vec<&str>> = BTreeMap::new();
    for hole in holes {
        let (series, range) = (&hole.series, hole.range);
        let place = (&series.key, series.step, range.start, range.end);
        groups
            .entry(place)
            .or_default()
            .push(series.metric.as_str());
    }
    let group =
        |((key, step, start, end), metrics)| (key, step, TimeRange::new(start, end), metrics);
    groups.into_iter().map(group).collect()
}
