//! The collector's sink: names become series ids, labels become bucket starts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{Key, MetricName, MissingReason, Spans, Step, TimeRange, Ts};
use source::{
    Absence, Block, Calendar, DatasetSpec, History, Listing, Outcome, Reject, Role, Sink, Slot,
    refuse_point,
};
use store::{
    coverage::{Settlement, Verdict},
    series::{SeriesId, SeriesRow},
    write::Point,
};

use crate::{
    calendar,
    index::{Facts, SeriesIndex},
};

/// The exchange is closed by rule: there is no value, and nothing to ask.
const CLOSED: Verdict = Verdict::Missing {
    reason: MissingReason::Closed,
    recheck_after_secs: None,
};
/// How many steps after the end of a bucket its value may still come late rather than never.
const LATE_STEPS: i64 = 6;
/// How much sooner than a cadence what is late is asked again, at most.
const SLACK_SECS: i64 = 30 * 60;
/// How long a pair that the vendor does not have is left alone.
const UNSUPPORTED_SECS: i64 = 7 * 86_400;

/// Collects what a parser says about one block.
#[derive(Debug)]
pub(crate) struct BlockSink<'a> {
    block: &'a Block,
    index: &'a SeriesIndex,
    role: Role,
    now: Ts,
    slots: Vec<&'a SeriesRow>,
    known: HashMap<(Key, MetricName, Step), Option<Slot>>,
    outcomes: Vec<(Slot, Outcome)>,
    /// The buckets of a snapshot's values that lie outside of the block.
    beyond: Vec<Settlement>,
    /// The points, by series and bucket start.
    pub(crate) points: Vec<Point>,
    /// Values that were refused, counted by why.
    pub(crate) rejects: BTreeMap<&'static str, u64>,
    /// The catalogue's entries.
    pub(crate) listings: Vec<Listing>,
    /// Pairs in the answer that nobody asked for.
    pub(crate) unasked: u64,
}

/// What is needed to turn outcomes into verdicts.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) dataset: &'a DatasetSpec,
    /// When the answer had been read.
    pub(crate) now: Ts,
}

impl<'a> BlockSink<'a> {
    pub(crate) fn new(block: &'a Block, index: &'a SeriesIndex, role: Role, now: Ts) -> Self {
        Self {
            block,
            index,
            role,
            now,
            slots: Vec::new(),
            known: HashMap::new(),
            outcomes: Vec::new(),
            beyond: Vec::new(),
            points: Vec::new(),
            rejects: BTreeMap::new(),
            listings: Vec::new(),
            unasked: 0,
        }
    }

    pub(crate) fn block(&self) -> &'a Block {
        self.block
    }

    fn row(&self, slot: Slot) -> Option<&'a SeriesRow> {
        usize::try_from(slot.0)
            .ok()
            .and_then(|at| self.slots.get(at))
            .copied()
    }

    fn look_up(&mut self, key: &Key, metric: &MetricName, step: Step) -> Option<Slot> {
        let asked = self.block.keys.binary_search(key).is_ok()
            && self.block.metrics.binary_search(metric).is_ok();
        let row = asked.then(|| self.index.find(key, metric, step)).flatten();
        let Some(row) = row else {
            self.unasked += 1;
            return None;
        };
        let slot = Slot(u32::try_from(self.slots.len()).ok()?);
        self.slots.push(row);
        Some(slot)
    }

    /// Returns how many values were refused.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }

    /// Returns the keys for which the vendor had an answer, be it that there is nothing.
    pub(crate) fn answered(&self) -> BTreeSet<&'a Key> {
        let told = self.outcomes.iter().filter(|(_, outcome)| {
            matches!(outcome, Outcome::Answered(range) | Outcome::Empty(range) if !range.is_empty())
        });
        told.filter_map(|(slot, _)| self.row(*slot))
            .map(|row| &row.series.key)
            .collect()
    }

    /// Turns the outcomes into what is settled, in bucket time. A pair without an outcome stays open.
    pub(crate) fn settlements(&self, judge: &Judge<'_>) -> Vec<Settlement> {
        let mut settlements = Vec::new();
        for (slot, outcome) in &self.outcomes {
            if let Some(row) = self.row(*slot) {
                judge.settle(row, *outcome, self.block, &mut settlements);
            }
        }
        if judge.dataset.absence == Absence::Empty {
            for (row, nothing) in self.unnamed() {
                judge.settle(row, nothing, self.block, &mut settlements);
            }
        }
        settlements.extend(self.beyond.iter().copied());
        settlements.extend(self.closed(judge));
        settlements
    }

    /// Returns the series of the keys of which the parser said nothing, and what that means where a
    /// key's absence means that there is nothing.
    fn unnamed(&self) -> Vec<(&'a SeriesRow, Outcome)> {
        let told = self.outcomes.iter().filter_map(|(slot, _)| self.row(*slot));
        let valued = (self.points.iter()).filter_map(|point| self.index.get(point.series));
        let named: BTreeSet<&Key> = told.chain(valued).map(|row| &row.series.key).collect();
        let rows = series_of_block(self.block, self.index).into_iter();
        rows.filter_map(|(id, _)| self.index.get(id))
            .filter(|row| !named.contains(&row.series.key))
            .map(|row| (row, Outcome::Empty(self.block.labels)))
            .collect()
    }

    /// Returns the closed buckets without a value in what was answered.
    fn closed(&self, judge: &Judge<'_>) -> Vec<Settlement> {
        if judge.dataset.calendar != Calendar::Exchange {
            return Vec::new();
        }
        let valued = self.valued_while_closed(judge.dataset);
        let mut settlements = Vec::new();
        for (slot, outcome) in &self.outcomes {
            let (Some(row), Outcome::Answered(labels)) = (self.row(*slot), outcome) else {
                continue;
            };
            let buckets = labels.shift(row.label_shift_secs);
            let past = TimeRange::new(buckets.start, buckets.end.min(judge.now));
            let mut closed = calendar::closed(judge.dataset, past);
            if let Some(valued) = valued.get(&row.id) {
                closed = closed.minus(valued);
            }
            settlements.extend(closed.iter().map(|range| Settlement {
                series: row.id,
                range,
                verdict: CLOSED,
            }));
        }
        settlements
    }

    /// Returns the buckets that have a value although the exchange is closed by rule.
    fn valued_while_closed(&self, dataset: &DatasetSpec) -> HashMap<SeriesId, Spans> {
        let mut valued: HashMap<SeriesId, Spans> = HashMap::new();
        for point in &self.points {
            let bucket = TimeRange::new(point.ts, dataset.step.next(point.ts));
            if calendar::trim(dataset, bucket).is_empty() {
                valued.entry(point.series).or_default().insert(bucket);
            }
        }
        valued
    }
}

impl Judge<'_> {
    fn settle(&self, row: &SeriesRow, outcome: Outcome, block: &Block, out: &mut Vec<Settlement>) {
        let buckets = |labels: TimeRange| labels.shift(row.label_shift_secs);
        let mut put = |range: TimeRange, verdict: Verdict| {
            if !range.is_empty() {
                out.push(Settlement {
                    series: row.id,
                    range,
                    verdict,
                });
            }
        };
        let missing = |reason, recheck_after_secs| Verdict::Missing {
            reason,
            recheck_after_secs,
        };
        match outcome {
            Outcome::Answered(labels) => put(buckets(labels), Verdict::Settled),
            Outcome::Closed(labels) => put(buckets(labels), CLOSED),
            // Nothing was expected: silence is an answer.
            Outcome::Empty(labels) if self.dataset.calendar == Calendar::None => {
                put(buckets(labels), Verdict::Settled);
            }
            Outcome::Empty(labels) if calendar::trim(self.dataset, buckets(labels)).is_empty() => {
                put(buckets(labels), CLOSED);
            }
            Outcome::Empty(labels) => {
                for (range, verdict) in self.silence(row, buckets(labels)) {
                    put(range, verdict);
                }
            }
            Outcome::Unsupported => {
                put(
                    buckets(block.labels),
                    missing(MissingReason::Unsupported, Some(UNSUPPORTED_SECS)),
                );
            }
            // What only the present has cannot be asked for again: it stays open for whoever can.
            Outcome::Failed if self.dataset.history == History::None => {}
            Outcome::Failed => put(
                buckets(block.labels),
                missing(MissingReason::Failed, Some(self.dataset.recheck_secs)),
            ),
            // Today's plan decides; an upgrade opens it. An absent key says nothing at all.
            Outcome::OutsidePlan(_) | Outcome::Absent => {}
        }
    }

    /// Judges buckets of which the vendor says that it has nothing.
    fn silence(&self, row: &SeriesRow, range: TimeRange) -> [(TimeRange, Verdict); 4] {
        // Only a catalogue's word is final: what other answers showed may have been cut short.
        let life = self.facts.listed(&row.series.key);
        let inside = range.intersect(life);
        let missing = |reason, recheck_after_secs| Verdict::Missing {
            reason,
            recheck_after_secs,
        };
        // Asking again for a moment that has passed brings nothing.
        let has_past = self.dataset.history != History::None;
        let late_from = match has_past {
            true => self.late_from(row.series.step),
            false => inside.end,
        };
        let empty = missing(
            MissingReason::VendorEmpty,
            has_past.then_some(self.dataset.recheck_secs),
        );
        let late = self.late();
        [
            (
                TimeRange::new(range.start, range.end.min(life.start)),
                Verdict::Settled,
            ),
            (
                TimeRange::new(range.start.max(life.end), range.end),
                Verdict::Settled,
            ),
            (
                TimeRange::new(inside.start, inside.end.min(late_from)),
                empty,
            ),
            (
                TimeRange::new(inside.start.max(late_from), inside.end),
                late,
            ),
        ]
    }

    /// Returns the first bucket that may still be late: by the dataset's own word, else one that ended
    /// less than [`LATE_STEPS`] ago.
    fn late_from(&self, step: Step) -> Ts {
        let late_secs = match self.dataset.late_secs {
            0 => LATE_STEPS * step.max_secs(),
            secs => secs,
        };
        step.floor(self.now.plus_secs(-late_secs))
    }

    /// Returns what is said of a bucket that may still be late. Where the dataset knows for how long, no
    /// number of tries says that it is silent; elsewhere a series may just as well have ended.
    fn late(&self) -> Verdict {
        let soon_secs = self.soon_secs();
        match self.dataset.late_secs {
            0 => Verdict::Missing {
                reason: MissingReason::NotYetPublished,
                recheck_after_secs: Some(soon_secs),
            },
            _ => Verdict::Expected {
                recheck_after_secs: soon_secs,
            },
        }
    }

    /// One cadence, a little less: passes come once a cadence, and one that is due seconds after a
    /// pass would wait for the next. Never less by an hour: passes come every hour too, and what is
    /// asked at one would be asked again at the one before the next day's.
    fn soon_secs(&self) -> i64 {
        let cadence = self.dataset.cadence_secs;
        cadence - (cadence / 12).min(SLACK_SECS)
    }
}

impl Sink for BlockSink<'_> {
    fn slot(&mut self, key: &Key, metric: &str, step: Step) -> Option<Slot> {
        let name = (key.clone(), MetricName::from(metric), step);
        if let Some(slot) = self.known.get(&name) {
            return *slot;
        }
        let slot = self.look_up(key, &name.1, step);
        self.known.insert(name, slot);
        slot
    }

    fn point(&mut self, slot: Slot, label: Ts, value: f64) {
        let Some(row) = self.row(slot) else { return };
        let ts = label.plus_secs(row.label_shift_secs);
        match refuse_point(self.block, self.now, label, value) {
            // The hour may turn between plan and answer; the value belongs to the hour it was taken in,
            // for which the parser does not vouch.
            Some("outside_block") if self.role == Role::Snapshot => self.beyond.push(Settlement {
                series: row.id,
                range: TimeRange::new(ts, row.series.step.next(ts)),
                verdict: Verdict::Settled,
            }),
            // What lies around the block was padding: neither wanted nor wrong.
            Some("outside_block") => return,
            Some(why) => {
                *self.rejects.entry(why).or_default() += 1;
                return;
            }
            None => {}
        }
        self.points.push(Point {
            series: row.id,
            ts,
            value,
        });
    }

    fn outcome(&mut self, slot: Slot, outcome: Outcome) {
        self.outcomes.push((slot, outcome));
    }

    fn reject(&mut self, reject: Reject) {
        *self.rejects.entry(reject.why).or_default() += 1;
    }

    fn listing(&mut self, listing: Listing) {
        self.listings.push(listing);
    }
}

/// Returns the series of a block, with the block's time in buckets.
pub(crate) fn series_of_block(block: &Block, index: &SeriesIndex) -> Vec<(SeriesId, TimeRange)> {
    let mut series = Vec::new();
    for key in &block.keys {
        for metric in &block.metrics {
            if let Some(row) = index.find(key, metric, block.step) {
                series.push((row.id, block.labels.shift(row.label_shift_secs)));
            }
        }
    }
    series
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod thinned;
