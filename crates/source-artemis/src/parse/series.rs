//! `/data/api/{metricNames}/` with dates. Contract sections 2.3, 2.4 and 7.
//!
//! What it vouches for: the wanted days up to the last that is over. Today's value of a day still
//! running is stored and not vouched for, so it is asked for again once the day is over (trap 7). A
//! message, and a symbol or metric that the answer does not name, make the pair unsupported, which is
//! never "nothing there". A thousand points exactly, in a list or in all, may have been cut at either
//! end: less is asked for, and what one pair then has stands for its points alone.

mod line;
mod sessions;

use std::collections::{BTreeMap, HashMap};

use model::{Key, MetricName, Step, TimeRange};
use serde_json::value::RawValue;
use source::{
    Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, Slot,
    lenient::{self, Entries},
};

use self::{
    line::{Line, SUSPICIOUS_POINTS},
    sessions::holidays,
};
use crate::{
    config::QUOTE,
    datasets::{due, is_equity, stamp_of},
    kept::Ids,
    metrics::is_price,
    wire::{Answer, Place},
};

pub(super) fn parse(
    ids: &Ids,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let reading = Reading {
        ids,
        request,
        reply,
    };
    match Answer::read(&text)? {
        Answer::Message => {
            for key in &request.block.keys {
                reading.whole_symbol(key, Outcome::Unsupported, out);
            }
        }
        Answer::Symbols(symbols) => {
            let mut lines = Vec::new();
            for (key, raw) in reading.by_key(&symbols, out) {
                reading.symbol(&key, raw, &mut lines, out);
            }
            reading.check_whole(&lines)?;
            reading.settle(&lines, out);
        }
    }
    Ok(Parsed::default())
}

/// An answer under reading.
#[derive(Clone, Copy)]
struct Reading<'a> {
    ids: &'a Ids,
    request: &'a RequestSpec,
    reply: &'a Reply,
}

impl Reading<'_> {
    fn step(self) -> Step {
        self.request.block.step
    }

    /// Returns what the answer says of each key that was asked for: under its own spelling, else in
    /// another case, else under the asset's id (section 2.3). An open request asks for whatever is
    /// there. What nobody asked for is counted.
    fn by_key<'b>(
        self,
        symbols: &Entries<'b>,
        out: &mut dyn Sink,
    ) -> BTreeMap<Key, Option<&'b RawValue>> {
        let asked = &self.request.block.keys;
        let mut named: BTreeMap<Key, Option<&RawValue>> =
            asked.iter().map(|key| (key.clone(), None)).collect();
        let key = |name: &str| Key::of_asset(name, QUOTE);
        let mut others = Vec::new();
        for (name, raw) in symbols.iter() {
            if asked.is_empty() || named.contains_key(&key(name)) {
                named.insert(key(name), Some(raw));
            } else {
                others.push((name, raw));
            }
        }
        let by_symbol = |key: &Key, name: &str| key.asset.as_str().eq_ignore_ascii_case(name);
        let by_id = |key: &Key, name: &str| self.ids.is(&key.asset, name);
        let left = take_alike(asked, others, by_symbol, &mut named);
        for (name, raw) in take_alike(asked, left, by_id, &mut named) {
            self.unasked(&key(name), raw, out);
        }
        named
    }

    /// Lets the sink count the pairs of a symbol that nobody asked for.
    fn unasked(self, key: &Key, raw: &RawValue, out: &mut dyn Sink) {
        let metrics = Entries::of(raw).unwrap_or_default();
        for (metric, _) in metrics.iter() {
            out.slot(key, &metric.to_ascii_uppercase(), self.step());
        }
    }

    /// Says the same of everything that was asked of a symbol.
    fn whole_symbol(self, key: &Key, outcome: Outcome, out: &mut dyn Sink) {
        for metric in &self.request.block.metrics {
            if let Some(slot) = out.slot(key, metric.as_str(), self.step()) {
                out.outcome(slot, outcome);
            }
        }
    }

    fn symbol(self, key: &Key, raw: Option<&RawValue>, lines: &mut Vec<Pair>, out: &mut dyn Sink) {
        let metrics = match Place::of(raw) {
            Place::Nothing | Place::Message => {
                return self.whole_symbol(key, Outcome::Unsupported, out);
            }
            Place::Object(raw) => Entries::of(raw),
            _ => None,
        };
        let Some(metrics) = metrics else {
            out.reject(reject(key, None, "malformed_symbol"));
            return self.whole_symbol(key, Outcome::Failed, out);
        };
        let asked = &self.request.block.metrics;
        let mut cells: HashMap<MetricName, Option<&RawValue>> =
            asked.iter().map(|metric| (metric.clone(), None)).collect();
        for (name, raw) in metrics.iter() {
            let metric = MetricName::from(name.to_ascii_uppercase().as_str());
            if asked.is_empty() || cells.contains_key(&metric) {
                cells.insert(metric, Some(raw));
            } else {
                out.slot(key, metric.as_str(), self.step());
            }
        }
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.sort_by(|a, b| a.0.cmp(&b.0));
        for (metric, raw) in cells {
            if let Some(slot) = out.slot(key, metric.as_str(), self.step()) {
                let line = self.cell(key, &metric, slot, raw, out);
                lines.extend(line.map(|line| self.pair(key, &metric, slot, line)));
            }
        }
    }

    fn cell(
        self,
        key: &Key,
        metric: &MetricName,
        slot: Slot,
        raw: Option<&RawValue>,
        out: &mut dyn Sink,
    ) -> Option<Line> {
        let why = match Place::of(raw) {
            Place::Nothing | Place::Message => {
                out.outcome(slot, Outcome::Unsupported);
                return None;
            }
            Place::List(raw) => {
                let reject = |why| reject(key, Some(metric), why);
                return Some(Line::read(raw, self.step(), |why| out.reject(reject(why))));
            }
            // A value of now, whenever that was (trap 3).
            Place::Number => "undated_value",
            Place::Object(_) | Place::Odd => "malformed_cell",
        };
        out.reject(reject(key, Some(metric), why));
        out.outcome(slot, Outcome::Failed);
        None
    }

    fn pair(self, key: &Key, metric: &MetricName, slot: Slot, line: Line) -> Pair {
        let symbol = key.asset.as_str();
        let due = due(
            stamp_of(symbol, metric.as_str(), self.step()),
            self.reply.received_at,
        );
        let labels = self.request.block.labels;
        Pair {
            slot,
            is_equity: is_equity(symbol),
            is_price: is_price(metric.as_str()),
            labels: TimeRange::new(labels.start.min(due), labels.end.min(due)),
            line,
        }
    }

    /// Refuses an answer that may have been cut, as long as less can be asked for: what one pair has in
    /// a year is no thousand points.
    fn check_whole(self, pairs: &[Pair]) -> Result<(), ReplyError> {
        let block = &self.request.block;
        let all: usize = pairs.iter().map(|pair| pair.line.len()).sum();
        let is_cut = |points: usize| points == SUSPICIOUS_POINTS;
        let may_lack = is_cut(all) || pairs.iter().any(|pair| is_cut(pair.line.len()));
        if may_lack && block.keys.len() * block.metrics.len() > 1 {
            let what = "exactly a thousand points: the answer may have been cut";
            return Err(ReplyError::TooMuch(what.to_owned()));
        }
        Ok(())
    }

    /// Hands over the points, and what is settled: of shares all closes together say when nobody traded.
    fn settle(self, pairs: &[Pair], out: &mut dyn Sink) {
        let closes = pairs.iter().filter(|pair| pair.is_equity && pair.is_price);
        let closes = closes.filter_map(|pair| pair.line.traded(pair.labels));
        let holidays = holidays(closes);
        for pair in pairs {
            for (label, value) in pair.line.values() {
                out.point(pair.slot, label, value);
            }
            let holidays = pair.is_equity.then_some(&holidays);
            let outcomes = match self.step() {
                Step::Quarter => pair.line.of_quarters(pair.labels),
                _ => pair.line.of_days(pair.labels, holidays),
            };
            for outcome in outcomes {
                out.outcome(pair.slot, outcome);
            }
        }
    }
}

/// A metric of a symbol, read.
#[derive(Debug)]
struct Pair {
    slot: Slot,
    is_equity: bool,
    is_price: bool,
    /// What it may vouch for.
    labels: TimeRange,
    line: Line,
}

/// Takes each entry that means exactly one of the keys for that key, where nothing stands there yet. Of
/// two keys that differ by case alone it may mean either (trap 10). Returns what means none.
fn take_alike<'n, 'b>(
    asked: &[Key],
    entries: Vec<(&'n str, &'b RawValue)>,
    means: impl Fn(&Key, &str) -> bool,
    named: &mut BTreeMap<Key, Option<&'b RawValue>>,
) -> Vec<(&'n str, &'b RawValue)> {
    let mut left = Vec::new();
    for (name, raw) in entries {
        let mut alike = asked.iter().filter(|key| means(key, name));
        let (one, other) = (alike.next(), alike.next());
        match one.and_then(|key| named.get_mut(key)) {
            Some(place @ None) if other.is_none() => *place = Some(raw),
            _ => left.push((name, raw)),
        }
    }
    left
}

fn reject(key: &Key, metric: Option<&MetricName>, why: &'static str) -> Reject {
    Reject {
        asset: key.asset.clone(),
        metric: metric.cloned(),
        label: None,
        why,
    }
}
