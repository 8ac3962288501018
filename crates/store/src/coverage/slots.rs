//! What a verdict does to the ledger of one series. Pure: no database, no clock.
//!
//! `slots_missing` says why a part of a series has no value. Its rows never overlap, and touching
//! rows of one kind are one row, so a series that stays empty for a year costs a handful of rows.

use model::{MissingReason, Spans, TimeRange, Ts};

use super::Verdict;

/// How often a range is asked before the vendor's silence is believed.
pub const MAX_TRIES: i16 = 4;

/// A row of `slots_missing`, without its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub(super) range: TimeRange,
    pub(super) reason: MissingReason,
    /// None where the verdict is final.
    pub(super) recheck_at: Option<Ts>,
    pub(super) tries: i16,
}

/// An answer without a value, after which a range is asked for again.
#[derive(Clone, Copy, Debug)]
struct Silence {
    reason: MissingReason,
    /// After how long, the first time.
    secs: i64,
    /// Whether it brings the last try nearer.
    is_try: bool,
}

/// What is known of one series while verdicts are applied to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Settled before, as far as anybody needs it here, and by these verdicts.
    pub(super) settled: Spans,
    /// Settled by these verdicts.
    pub(super) newly_settled: Spans,
    pub(super) slots: Vec<Slot>,
}

impl Ledger {
    pub(super) fn apply(&mut self, range: TimeRange, verdict: Verdict, now: Ts) {
        if range.is_empty() {
            return;
        }
        match verdict {
            Verdict::Settled => {
                self.settle(range);
                self.cut(range);
            }
            Verdict::Missing {
                reason,
                recheck_after_secs: None,
            } => {
                self.settle(range);
                let tries = self.cut(range).unwrap_or(1);
                self.slots.push(Slot {
                    range,
                    reason,
                    recheck_at: None,
                    tries,
                });
            }
            Verdict::Missing {
                reason,
                recheck_after_secs: Some(secs),
            } => {
                // That a vendor does not have a pair is a word about today, not about the range: it is
                // asked again after the same wait each time, and never believed for good.
                let is_try = reason != MissingReason::Unsupported;
                let silence = Silence {
                    reason,
                    secs,
                    is_try,
                };
                self.wait(range, silence, now);
            }
            Verdict::Expected {
                recheck_after_secs: secs,
            } => {
                let silence = Silence {
                    reason: MissingReason::NotYetPublished,
                    secs,
                    is_try: false,
                };
                self.wait(range, silence, now);
            }
        }
        self.merge_neighbours(now);
    }

    fn settle(&mut self, range: TimeRange) {
        self.settled.insert(range);
        self.newly_settled.insert(range);
    }

    /// Takes `range` out of all slots; returns the most tries that a slot in it had.
    fn cut(&mut self, range: TimeRange) -> Option<i16> {
        let mut most = None;
        let mut rest = Vec::with_capacity(self.slots.len() + 1);
        for slot in self.slots.drain(..) {
            if !slot.range.intersect(range).is_empty() {
                most = most.max(Some(slot.tries));
            }
            let outside = Spans::from_iter([slot.range]).minus(&Spans::from_iter([range]));
            rest.extend(outside.iter().map(|range| Slot { range, ..slot }));
        }
        self.slots = rest;
        most
    }

    /// Nothing came for `range`, and it is to be asked again. What is settled stays settled.
    fn wait(&mut self, range: TimeRange, silence: Silence, now: Ts) {
        let open = Spans::from_iter([range]).minus(&self.settled);
        let known: Spans = self.slots.iter().map(|slot| slot.range).collect();
        let before = self.slots.clone();

        for first in open.minus(&known).iter() {
            self.slots.push(silence.tried(first, 1, now));
        }
        for slot in before {
            let Some(tries) = slot.tries_after(silence.reason, now) else {
                continue;
            };
            for again in open.clip(slot.range).iter() {
                self.cut(again);
                let tried = silence.tried(again, tries, now);
                if tried.recheck_at.is_none() {
                    self.settle(again);
                }
                self.slots.push(tried);
            }
        }
    }

    /// Makes touching slots of one kind one slot, asked again when the first of them is due: a
    /// later time would move on for ever where every hour adds a bucket.
    fn merge_neighbours(&mut self, now: Ts) {
        self.slots.sort_by_key(|slot| slot.range.start);
        let mut merged: Vec<Slot> = Vec::with_capacity(self.slots.len());
        for slot in self.slots.drain(..) {
            match merged.last_mut() {
                Some(last) if last.range.end == slot.range.start && last.is_like(&slot, now) => {
                    last.range.end = slot.range.end;
                    last.recheck_at = last.recheck_at.min(slot.recheck_at);
                    last.tries = last.tries.max(slot.tries);
                }
                _ => merged.push(slot),
            }
        }
        self.slots = merged;
    }
}

impl Slot {
    /// Returns the number of tries after one that ended with `reason`; none where it says nothing
    /// new. Before a slot is due the same answer again is no try, or a command typed four times
    /// would end in a verdict; but an answer says more than a failure before it.
    fn tries_after(&self, reason: MissingReason, now: Ts) -> Option<i16> {
        if self.recheck_at.is_none_or(|at| at <= now) {
            // That a value was late, or the pair unsupported, says nothing about how long the vendor
            // will be silent for good.
            let was_other = matches!(
                self.reason,
                MissingReason::NotYetPublished | MissingReason::Unsupported
            );
            return Some(if was_other && reason != self.reason {
                1
            } else {
                self.tries.saturating_add(1)
            });
        }
        let says_more = self.reason == MissingReason::Failed && reason != MissingReason::Failed;
        says_more.then_some(self.tries)
    }

    /// Whether both may stand in one row. One that is due is none with one that is not: the other
    /// would be asked again before its time.
    fn is_like(&self, other: &Self, now: Ts) -> bool {
        self.reason == other.reason
            && match (self.recheck_at, other.recheck_at) {
                (None, None) => true,
                (Some(one), Some(two)) => self.tries == other.tries && (one <= now) == (two <= now),
                _ => false,
            }
    }
}

impl Silence {
    /// Returns the slot of a range asked `tries` times without an answer: the wait doubles, and the
    /// last try is final. What is no try is asked again after the same wait each time.
    fn tried(self, range: TimeRange, tries: i16, now: Ts) -> Slot {
        let tries = if self.is_try { tries } else { 1 };
        if tries >= MAX_TRIES {
            return Slot {
                range,
                reason: after_the_last_try(self.reason),
                recheck_at: None,
                tries,
            };
        }
        let doublings = u32::try_from(tries - 1).unwrap_or(0);
        let wait_secs = self.secs.max(0).saturating_mul(1_i64 << doublings);
        Slot {
            range,
            reason: self.reason,
            recheck_at: Some(now.plus_secs(wait_secs)),
            tries,
        }
    }
}

fn after_the_last_try(reason: MissingReason) -> MissingReason {
    match reason {
        MissingReason::NotYetPublished => MissingReason::VendorEmpty,
        MissingReason::Failed => MissingReason::Unfillable,
        other => other,
    }
}

#[cfg(test)]
mod tests;
