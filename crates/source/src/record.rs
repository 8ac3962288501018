//! A sink that remembers everything, for tests and for looking at an answer from outside.

use std::collections::BTreeMap;

use model::{Key, MetricName, Step, Ts};

use crate::{Block, Listing, Outcome, Reject, Sink, Slot};

/// A point as the parser gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedPoint {
    /// Asset, instrument, venue and quote.
    pub key: Key,
    /// The stored metric name.
    pub metric: MetricName,
    /// The width of its bucket.
    pub step: Step,
    /// The vendor's label.
    pub label: Ts,
    /// The value.
    pub value: f64,
}

/// Remembers what a parser says. Applies the same clipping and refusals as the collector's sink.
#[derive(Debug)]
pub struct Record {
    block: Block,
    now: Ts,
    slots: Vec<(Key, MetricName, Step)>,
    known: BTreeMap<(Key, MetricName, Step), Slot>,
    /// The points, in the order read.
    pub points: Vec<RecordedPoint>,
    /// The outcomes, in the order given.
    pub outcomes: Vec<(Key, MetricName, Outcome)>,
    /// What was not taken.
    pub rejects: Vec<Reject>,
    /// The catalogue's entries.
    pub listings: Vec<Listing>,
    /// How many pairs the answer held that nobody asked for.
    pub unasked: u64,
}

impl Record {
    /// Makes an empty one for a block, as seen at `now`.
    pub fn new(block: Block, now: Ts) -> Self {
        Self {
            block,
            now,
            slots: Vec::new(),
            known: BTreeMap::new(),
            points: Vec::new(),
            outcomes: Vec::new(),
            rejects: Vec::new(),
            listings: Vec::new(),
            unasked: 0,
        }
    }

    fn pair(&self, slot: Slot) -> Option<&(Key, MetricName, Step)> {
        usize::try_from(slot.0)
            .ok()
            .and_then(|at| self.slots.get(at))
    }
}

/// Why a point is not taken, if it is not: the rules that hold for every vendor.
pub fn refuse_point(block: &Block, now: Ts, label: Ts, value: f64) -> Option<&'static str> {
    if !value.is_finite() {
        Some("not_finite")
    } else if label > now {
        Some("label_after_now")
    } else if label < Ts::OLDEST {
        Some("label_before_1900")
    } else if !block.labels.is_empty() && !block.labels.contains(label) {
        Some("outside_block")
    } else {
        None
    }
}

impl Sink for Record {
    fn slot(&mut self, key: &Key, metric: &str, step: Step) -> Option<Slot> {
        let open_keys = self.block.keys.is_empty();
        let open_metrics = self.block.metrics.is_empty();
        let asked = (open_keys || self.block.keys.contains(key))
            && (open_metrics
                || self
                    .block
                    .metrics
                    .iter()
                    .any(|asked| asked.as_str() == metric));
        if !asked {
            self.unasked += 1;
            return None;
        }
        let pair = (key.clone(), MetricName::from(metric), step);
        if let Some(slot) = self.known.get(&pair) {
            return Some(*slot);
        }
        let slot = Slot(u32::try_from(self.slots.len()).ok()?);
        self.slots.push(pair.clone());
        self.known.insert(pair, slot);
        Some(slot)
    }

    fn point(&mut self, slot: Slot, label: Ts, value: f64) {
        let Some((key, metric, step)) = self.pair(slot).cloned() else {
            return;
        };
        match refuse_point(&self.block, self.now, label, value) {
            // What lies around the block was padding: neither wanted nor wrong.
            Some("outside_block") => {}
            Some(why) => self.rejects.push(Reject {
                asset: key.asset,
                metric: Some(metric),
                label: Some(label),
                why,
            }),
            None => self.points.push(RecordedPoint {
                key,
                metric,
                step,
                label,
                value,
            }),
        }
    }

    fn outcome(&mut self, slot: Slot, outcome: Outcome) {
        if let Some((key, metric, _)) = self.pair(slot).cloned() {
            self.outcomes.push((key, metric, outcome));
        }
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }

    fn listing(&mut self, listing: Listing) {
        self.listings.push(listing);
    }
}
