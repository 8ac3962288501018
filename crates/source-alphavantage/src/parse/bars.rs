//! Bars: all series of shares, coins and currencies. Contract sections 3.1, 3.3 and 4.
//!
//! The answer vouches for the newest hundred rows, or for everything where it is whole or shorter than
//! a hundred. Exchanges close: a day within it that has no row had no trading, for whatever reason. A
//! coin's day without a row is empty. What is not final is dropped: the bucket that is open, the newest
//! week or month, the day on which a coin's series was refreshed (traps 5 and 6).

use std::collections::BTreeMap;

use model::{Key, Step, TimeRange, Ts};
use serde_json::value::RawValue;
use source::{Calendar, Fact, Outcome, Parsed, ReplyError, Sink};
use time::PrimitiveDateTime;

use super::{
    Answer,
    line::{Line, Named},
    reject,
};
use crate::{
    datasets::CRYPTO_DAILY,
    eastern,
    functions::{Class, parts},
    metrics::Metric,
    plan::{is_compact, month_of},
    wire::{Object, day, local},
};

/// How many rows a compact answer has where there are so many.
const COMPACT_ROWS: usize = 100;

pub(super) fn parse(answer: &Answer<'_>, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let key = answer.key();
    let meta = answer.body.get("Meta Data").and_then(Object::of);
    about(answer, &key, meta.as_ref())?;
    let bars = Bars {
        answer,
        metrics: answer.metrics(),
        rows: rows(answer, meta.is_some())?,
        zone: zone(meta.as_ref()),
        refreshed: meta.as_ref().and_then(|meta| meta.text("Last Refreshed")),
        is_cut: is_cut(answer, meta.as_ref()),
        key,
    };
    bars.read(out)
}

/// Refuses an answer about another asset, or in another width: minutes would pass for hours.
fn about(answer: &Answer<'_>, key: &Key, meta: Option<&Object<'_>>) -> Result<(), ReplyError> {
    let (Some(meta), Some((class, symbol))) = (meta, parts(key)) else {
        return Ok(());
    };
    let (own, other) = match class {
        Class::Fx => ("From Symbol", Some("To Symbol")),
        Class::Crypto => ("Digital Currency Code", Some("Market Code")),
        _ => ("Symbol", None),
    };
    answer.is_about(meta.text(own), symbol)?;
    let market = other.and_then(|other| meta.text(other));
    answer.is_about(market, key.quote.as_str())?;
    let interval = meta
        .text("Interval")
        .filter(|_| answer.request.block.step == Step::Hour);
    match interval.is_none_or(|told| told.trim().eq_ignore_ascii_case("60min")) {
        true => Ok(()),
        false => Err(ReplyError::Malformed(
            "bars of another width than was asked for".to_owned(),
        )),
    }
}

/// Returns the rows: the one object beside the meta data, whatever is behind its name. None where an
/// answer has nothing but meta data, or nothing at all: the vendor has no such series (trap 12).
fn rows<'a>(answer: &Answer<'a>, has_meta: bool) -> Result<Object<'a>, ReplyError> {
    let others = answer.body.iter().filter(|(name, _)| !is_meta(name));
    let mut found: Vec<Object<'a>> = others.filter_map(|(_, raw)| Object::of(raw)).collect();
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 if answer.body.is_empty() || has_meta && answer.body.len() == 1 => Ok(Object::default()),
        0 => Err(ReplyError::Malformed("no series in it".to_owned())),
        _ => Err(ReplyError::Malformed("several series in it".to_owned())),
    }
}

fn is_meta(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("meta data")
}

/// Whose clock the labels are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Utc,
    Eastern,
    Unknown,
}

fn zone(meta: Option<&Object<'_>>) -> Zone {
    let named = meta.and_then(|meta| meta.text("Time Zone"));
    match named.as_deref().map(str::trim) {
        Some("UTC" | "GMT" | "Etc/UTC") => Zone::Utc,
        Some("US/Eastern" | "America/New_York" | "EST5EDT") => Zone::Eastern,
        _ => Zone::Unknown,
    }
}

/// Whether what is older than the first row is not told: a full hundred of the newest.
fn is_cut(answer: &Answer<'_>, meta: Option<&Object<'_>>) -> bool {
    let told = meta.and_then(|meta| meta.text("Output Size"));
    let is_told = told.is_some_and(|size| size.trim().eq_ignore_ascii_case("compact"));
    is_told || is_compact(answer.request)
}

struct Bars<'a> {
    answer: &'a Answer<'a>,
    key: Key,
    metrics: Vec<&'static Metric>,
    rows: Object<'a>,
    zone: Zone,
    refreshed: Option<String>,
    is_cut: bool,
}

impl Bars<'_> {
    fn read(&self, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
        let step = self.answer.request.block.step;
        let mut lines: Vec<Line> = self.metrics.iter().map(|_| Line::default()).collect();
        let labelled = self.labelled(out);
        if labelled.is_empty() && !self.rows.is_empty() {
            return Err(ReplyError::Malformed("not a single label".to_owned()));
        }
        let end = self.end(&labelled);
        let mut hull: Option<TimeRange> = None;
        for (label, raw) in labelled.range(..end) {
            let bucket = TimeRange::new(*label, step.next(*label));
            let start = hull.map_or(bucket.start, |hull| hull.start);
            hull = Some(TimeRange::new(start, bucket.end));
            self.take(*label, raw, &mut lines, out);
        }
        let first = labelled.keys().next().copied();
        let labels = self.labels(first)?;
        let nowhere = TimeRange::new(labels.start, labels.start);
        // Who is closed at night is closed within what the answer holds, if all of it could be dated.
        let is_dated = labelled.len() == self.rows.len();
        let closed = hull.filter(|_| is_dated && self.closes());
        let answered = closed.unwrap_or(nowhere);
        for (metric, line) in self.metrics.iter().zip(&lines) {
            let Some(slot) = out.slot(&self.key, metric.name, step) else {
                continue;
            };
            if line.lacks_field() {
                out.reject(reject(&self.key.asset, None, "no_such_column"));
                out.outcome(slot, Outcome::Failed);
            } else {
                line.settle(slot, step, (labels, answered), out);
            }
        }
        Ok(Parsed {
            facts: first
                .and_then(|label| self.fact(label))
                .into_iter()
                .collect(),
            used: None,
        })
    }

    /// Returns the rows by label. Of two rows of one label, such as of one week, the newer counts.
    fn labelled(&self, out: &mut dyn Sink) -> BTreeMap<Ts, &RawValue> {
        let mut dated: BTreeMap<PrimitiveDateTime, &RawValue> = BTreeMap::new();
        for (text, raw) in self.rows.iter() {
            match local(text) {
                Some(at) => {
                    dated.insert(at, raw);
                }
                None => out.reject(reject(&self.key.asset, None, "unreadable_label")),
            }
        }
        let dated = dated.into_iter();
        dated.map(|(at, raw)| (self.label(at), raw)).collect()
    }

    /// A day is the date of trading wherever the exchange is; an hour is of the zone that the answer
    /// names, for shares New York's. Whether an hour names its start or its end is not established:
    /// taken as the start. One that begins at half past belongs to the hour that it begins in.
    fn label(&self, at: PrimitiveDateTime) -> Ts {
        let step = self.answer.request.block.step;
        let is_share = parts(&self.key).is_none_or(|(class, _)| class == Class::Equity);
        let is_eastern = match self.zone {
            Zone::Utc => false,
            Zone::Eastern => true,
            Zone::Unknown => is_share,
        };
        step.floor(match step {
            Step::Hour if is_eastern => eastern::to_utc(at),
            Step::Hour => Ts::from(at.assume_utc()),
            _ => Ts::from_date(at.date()),
        })
    }

    /// Returns the first label that is not final.
    fn end(&self, labelled: &BTreeMap<Ts, &RawValue>) -> Ts {
        let request = self.answer.request;
        let due = self.answer.due();
        let newest = labelled.keys().next_back().copied();
        match request.block.step {
            // Final once a newer one shows.
            Step::Week | Step::Month => newest.map_or(due, |newest| newest.min(due)),
            _ if request.dataset == CRYPTO_DAILY => {
                let refreshed = self.refreshed.as_deref().and_then(day);
                refreshed.map_or(due, |date| Ts::from_date(date).min(due))
            }
            _ => due,
        }
    }

    /// Takes a row, if it is within the block: what lies around it is not even read.
    fn take(&self, label: Ts, raw: &RawValue, lines: &mut [Line], out: &mut dyn Sink) {
        let block = &self.answer.request.block;
        if !block.labels.is_empty() && !block.labels.contains(label) {
            return;
        }
        let row = Object::of(raw);
        if row.is_none() {
            out.reject(reject(&self.key.asset, Some(label), "unreadable_row"));
        }
        for (line, metric) in lines.iter_mut().zip(&self.metrics) {
            let Some(row) = &row else {
                line.spoil(TimeRange::new(label, block.step.next(label)));
                continue;
            };
            let named = Named {
                asset: &self.key.asset,
                name: metric.name,
                valid: metric.valid,
            };
            let number = row.number(metric.field, self.key.quote.as_str());
            line.take((label, block.step), number, named, out);
        }
    }

    /// Returns the labels that the answer vouches for.
    ///
    /// # Errors
    /// [`ReplyError::Malformed`] where it is about another month than was asked for.
    fn labels(&self, first: Option<Ts>) -> Result<TimeRange, ReplyError> {
        let labels = self.answer.labels();
        let Some(first) = first else {
            return Ok(labels);
        };
        if let Some(month) = month_of(self.answer.request) {
            return match month.contains(first) {
                true => Ok(labels),
                false => Err(ReplyError::Malformed("rows of another month".to_owned())),
            };
        }
        let is_open = self.answer.request.block.labels.is_empty();
        let hides_older = self.is_cut && self.rows.len() >= COMPACT_ROWS;
        Ok(match hides_older || is_open {
            true => labels.intersect(TimeRange::new(first, labels.end)),
            false => labels,
        })
    }

    /// Whether the exchange closes, so that a day without a row is no gap.
    fn closes(&self) -> bool {
        let spec = self.answer.source.datasets.iter();
        let spec = spec
            .clone()
            .find(|spec| spec.id == self.answer.request.dataset);
        spec.is_some_and(|spec| spec.calendar == Calendar::Exchange)
    }

    /// What is whole begins where the share does. Of coins the vendor keeps some hundreds of days, and
    /// a month of hours is no beginning.
    fn fact(&self, label: Ts) -> Option<Fact> {
        let (class, _) = parts(&self.key)?;
        let is_whole =
            class == Class::Equity && !self.is_cut && self.answer.request.block.step != Step::Hour;
        is_whole.then(|| Fact::FirstAvailable {
            key: self.key.clone(),
            label,
        })
    }
}
