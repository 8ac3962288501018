//! `/api/v1/caps`: supplies and market caps of now. Contract section 6.
//!
//! Nothing else ever tells of the same hour, so a null settles it as empty. A coin that was asked for
//! and is not there is `Absent`. Of two rows of a coin the one taken last counts.

use std::collections::{BTreeMap, BTreeSet};

use model::{AssetId, Key, Step, TimeRange, Ts};
use source::{
    Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink,
    lenient::{self, Number},
    snapshot_label,
};

use super::is_asked;
use crate::{
    config::QUOTE,
    metrics::{CAPS_METRICS, CapsMetric, Valid, Verdict},
    wire::{Csv, Row},
};

const COLUMNS: [&str; 2] = ["coin", "time"];
/// A value taken longer ago than this is not a value of now.
const STALE_SECS: i64 = 2 * 3_600;

/// A column with its place.
type Column = (&'static CapsMetric, usize);

/// What a row says: when it was taken, and a cell per column.
type Taken = (Ts, Vec<Number>);

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let mut caps = Caps {
        request,
        now: reply.received_at,
        columns: Vec::new(),
        named: BTreeSet::new(),
        newest: BTreeMap::new(),
    };
    if let Some(csv) = Csv::open(reply, &text, &COLUMNS)? {
        caps.read(csv, out)?;
    }
    caps.settle(out);
    Ok(Parsed::default())
}

/// An answer under reading.
struct Caps<'a> {
    request: &'a RequestSpec,
    now: Ts,
    columns: Vec<Column>,
    /// Who has a row, be it one that is not taken.
    named: BTreeSet<Key>,
    newest: BTreeMap<Key, Taken>,
}

impl Caps<'_> {
    fn read(&mut self, mut csv: Csv<'_>, out: &mut dyn Sink) -> Result<(), ReplyError> {
        self.columns = wanted(self.request)
            .filter_map(|metric| Some((metric, csv.place(metric.column)?)))
            .collect();
        let (coin, time) = (csv.place("coin"), csv.place("time"));
        while let Some(row) = csv.next_row()? {
            match row.text(coin) {
                Some(coin) => self.take(self.key_of(coin), row, row.millis(time), out),
                None => out.reject(reject(AssetId::none(), None, "unreadable_row")),
            }
        }
        Ok(())
    }

    /// Returns the key that was asked for under this name, in whatever case it comes back.
    fn key_of(&self, coin: &str) -> Key {
        let mut asked = self.request.block.keys.iter();
        let same = asked.find(|key| key.asset.as_str().eq_ignore_ascii_case(coin));
        same.cloned().unwrap_or_else(|| Key::of_asset(coin, QUOTE))
    }

    fn take(&mut self, key: Key, row: Row<'_>, millis: Option<i64>, out: &mut dyn Sink) {
        self.named.insert(key.clone());
        let at = match taken_at(millis, self.now) {
            Ok(at) => at,
            Err(why) => return out.reject(reject(key.asset, None, why)),
        };
        let cells = self.columns.iter().map(|(_, place)| row.number(*place));
        let cells: Vec<Number> = cells.collect();
        let known = self.newest.get(&key).map(|(known, _)| *known);
        if known.is_some() {
            out.reject(reject(key.asset.clone(), None, "second_row_of_a_coin"));
        }
        if known.is_none_or(|known| known < at) {
            self.newest.insert(key, (at, cells));
        }
    }

    fn settle(&self, out: &mut dyn Sink) {
        for (key, (at, cells)) in &self.newest {
            let label = snapshot_label(*at, self.now);
            for ((metric, _), cell) in self.columns.iter().zip(cells) {
                self.settle_cell(key, label, metric, *cell, out);
            }
        }
        let asked = self.request.block.keys.iter();
        for key in asked.filter(|key| !self.named.contains(key)) {
            for metric in wanted(self.request) {
                if let Some(slot) = out.slot(key, metric.name, Step::Hour) {
                    out.outcome(slot, Outcome::Absent);
                }
            }
        }
    }

    fn settle_cell(
        &self,
        key: &Key,
        label: Ts,
        metric: &CapsMetric,
        cell: Number,
        out: &mut dyn Sink,
    ) {
        let Some(slot) = out.slot(key, metric.name, Step::Hour) else {
            return;
        };
        let hour = self.kept(TimeRange::new(label, Step::Hour.next(label)));
        let settled = match Valid::NotNegative.judge(cell) {
            Verdict::Value(value) => {
                out.point(slot, label, value);
                Outcome::Answered(hour)
            }
            Verdict::Missing => Outcome::Empty(hour),
            Verdict::Wrong(why) => {
                let metric = Some(metric.name.into());
                return out.reject(Reject {
                    metric,
                    ..reject(key.asset.clone(), Some(label), why)
                });
            }
        };
        if !hour.is_empty() {
            out.outcome(slot, settled);
        }
    }

    fn kept(&self, hour: TimeRange) -> TimeRange {
        match self.request.block.labels.is_empty() {
            true => hour,
            false => hour.intersect(self.request.block.labels),
        }
    }
}

fn wanted(request: &RequestSpec) -> impl Iterator<Item = &'static CapsMetric> + use<'_> {
    (CAPS_METRICS.iter()).filter(|metric| is_asked(request, metric.name))
}

fn taken_at(millis: Option<i64>, now: Ts) -> Result<Ts, &'static str> {
    let at = Ts::from_millis(millis.ok_or("without_time")?);
    if at < now.plus_secs(-STALE_SECS) {
        Err("stale")
    } else if snapshot_label(at, now) > now {
        Err("label_after_now")
    } else {
        Ok(at)
    }
}

fn reject(asset: AssetId, label: Option<Ts>, why: &'static str) -> Reject {
    Reject {
        asset,
        metric: None,
        label,
        why,
    }
}
