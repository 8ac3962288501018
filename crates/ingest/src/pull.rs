//! One pull: a dataset, asked for one reason, counted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use model::{MissingReason, PullKind, SourceId, Spans, TimeRange, Ts, WriteMode};
use source::{DatasetSpec, RequestSpec, Role};
use store::{
    coverage::{Settlement, Verdict},
    pulls::{PullId, PullStatus},
    series::SeriesId,
    write::WriteReport,
};

use crate::{
    index::SeriesIndex,
    sink::series_of_block,
    stop::{Stop, Stopper},
    summary::PullEnd,
};

/// Failures that are kept in words; all are counted.
const KEPT_FAILURES: usize = 10;

/// Requests in a row that end in nothing but passing failures before the vendor counts as away.
const AWAY_AFTER: u64 = 8;

/// Refusals in a row after which nothing is split any more: a bad pair among the 600 of the largest
/// request stands alone after eleven, and what is beside it is good.
const REFUSES_ALL_AFTER: u64 = 12;

/// Why a pull ends before its plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The process stops.
    Stopping,
    /// The vendor's answer says that it cannot go on.
    Suspended,
    /// The quota is spent.
    Parked { until: Ts },
    /// The vendor does not answer; the next pass asks again.
    Away,
    /// Something of ours broke.
    Broken,
}

impl Halt {
    /// Whether the other datasets of the job would meet the same.
    pub(crate) fn ends_the_job(&self) -> bool {
        match self {
            Self::Stopping | Self::Parked { .. } | Self::Away | Self::Broken => true,
            Self::Suspended => false,
        }
    }
}

/// A pull while it runs.
#[derive(Debug)]
pub(crate) struct Pull<'a> {
    pub(crate) id: PullId,
    pub(crate) source: SourceId,
    pub(crate) dataset: &'a DatasetSpec,
    pub(crate) kind: PullKind,
    pub(crate) mode: WriteMode,
    pub(crate) tally: Tally,
    /// Ends the waits of this pull alone: said when it is halted, and when the process stops.
    pub(crate) stop: Stop,
    stopper: Stopper,
    halted: Mutex<Option<Halt>>,
    /// What was read again: of that nothing needs to stay queued.
    read: Mutex<BTreeMap<SeriesId, Spans>>,
    /// What a re-read did.
    again: Mutex<Again>,
}

/// What a re-read did, for what follows it.
#[derive(Debug, Default)]
struct Again {
    answered: BTreeMap<SeriesId, Spans>,
    unread: BTreeMap<SeriesId, Spans>,
}

impl<'a> Pull<'a> {
    pub(crate) fn new(
        id: PullId,
        source: SourceId,
        dataset: &'a DatasetSpec,
        kind: PullKind,
    ) -> Self {
        let (stopper, stop) = Stopper::new();
        Self {
            id,
            source,
            dataset,
            kind,
            mode: mode_of(dataset, kind),
            tally: Tally::default(),
            stop,
            stopper,
            halted: Mutex::new(None),
            read: Mutex::default(),
            again: Mutex::default(),
        }
    }

    /// Counts what was written.
    pub(crate) fn wrote(&self, report: &WriteReport) {
        self.tally.wrote(report);
    }

    /// Notes that a request of a re-read has ended, with an answer or not.
    pub(crate) fn note_ended(&self, request: &RequestSpec, index: &SeriesIndex, answered: bool) {
        if self.kind != PullKind::Reread {
            return;
        }
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = match answered {
            true => &mut again.answered,
            false => &mut again.unread,
        };
        for (series, range) in series_of_block(&request.block, index) {
            spans.entry(series).or_default().insert(range);
        }
    }

    /// Returns what a re-read had an answer for, be it that there is none. What was asked for instead
    /// of a request and not read counts as not read.
    pub(crate) fn answered(&self) -> BTreeMap<SeriesId, Spans> {
        let again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answered = again.answered.clone();
        for (series, unread) in &again.unread {
            if let Some(spans) = answered.get_mut(series) {
                *spans = spans.minus(unread);
            }
        }
        answered
    }

    /// Returns what an answer vouches for where it replaces what is stored; nothing for other pulls.
    pub(crate) fn read_in(&self, settlements: &[Settlement]) -> Vec<(SeriesId, TimeRange)> {
        let vouches = |one: &&Settlement| {
            let failed = MissingReason::Failed;
            let unreadable =
                matches!(one.verdict, Verdict::Missing { reason, .. } if reason == failed);
            self.mode == WriteMode::Replace && !unreadable
        };
        let vouched = settlements.iter().filter(vouches);
        vouched.map(|one| (one.series, one.range)).collect()
    }

    /// Notes what was read again and is written.
    pub(crate) fn note_read(&self, ranges: Vec<(SeriesId, TimeRange)>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for (series, range) in ranges {
            read.entry(series).or_default().insert(range);
        }
    }

    /// Returns what was read again, as ranges: nobody needs to ask for it once more.
    pub(crate) fn read(&self) -> Vec<(SeriesId, TimeRange)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        ranges(&read).chain(ranges(&self.answered())).collect()
    }

    /// Ends the pull early. The first reason stays.
    pub(crate) fn halt(&self, halt: Halt) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.get_or_insert(halt);
        drop(halted);
        self.wake();
    }

    /// Ends all waits. Whoever gives work up for it says so by [`Self::halt`].
    pub(crate) fn wake(&self) {
        self.stopper.stop();
    }

    /// Counts a failure that passes; after many in a row the vendor counts as away.
    pub(crate) fn passing_failure(&self) {
        let in_a_row = self.tally.passing.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row >= AWAY_AFTER {
            self.halt(Halt::Away);
        }
    }

    /// Whether the vendor refuses whatever it is asked, be it ever so little: splitting helps no more.
    pub(crate) fn refuses_all(&self) -> bool {
        self.tally.refused_in_a_row.load(Ordering::Relaxed) >= REFUSES_ALL_AFTER
    }

    pub(crate) fn halted(&self) -> Option<Halt> {
        self.halted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns how it ended.
    pub(crate) fn end(&self) -> PullEnd {
        let halted = self.halted();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let failed_blocks = load(&self.tally.failed);
        let (requests, received) = (load(&self.tally.sent), load(&self.tally.received));
        // What another process settled meanwhile is not asked for: that is no silence of the vendor.
        let has_points = matches!(self.dataset.role, Role::Snapshot | Role::Series);
        let silent = requests > 0 && received == 0 && has_points;
        let status = match &halted {
            Some(Halt::Stopping) => PullStatus::Interrupted,
            Some(Halt::Parked { .. }) => PullStatus::Parked,
            _ if failed_blocks > 0 && !self.tally.is_good() => PullStatus::Failed,
            _ if failed_blocks > 0 => PullStatus::Partial,
            _ if silent => PullStatus::NoData,
            _ => PullStatus::Complete,
        };
        PullEnd {
            id: self.id,
            dataset: self.dataset.id,
            kind: self.kind,
            status,
            requests,
            received,
            inserted: load(&self.tally.inserted),
            updated: load(&self.tally.updated),
            differing: load(&self.tally.differing),
            rejected: load(&self.tally.rejected),
            failures: self.tally.failures(),
            failed_blocks,
            parked_until: match halted {
                Some(Halt::Parked { until }) => Some(until),
                _ => None,
            },
        }
    }
}

pub(crate) fn ranges(
    spans: &BTreeMap<SeriesId, Spans>,
) -> impl Iterator<Item = (SeriesId, TimeRange)> {
    let of_series = |(series, spans): (&SeriesId, &Spans)| {
        let ranges: Vec<_> = spans.iter().map(|range| (*series, range)).collect();
        ranges
    };
    spans
        .iter()
        .flat_map(of_series)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Snapshots keep the first of an hour; backfill and gap filler never change a stored point, except
/// where each answer is the whole history anyway and the gap filler compares it; the rest replaces.
fn mode_of(dataset: &DatasetSpec, kind: PullKind) -> WriteMode {
    match (dataset.role, kind) {
        (Role::Snapshot, _) => WriteMode::FirstStays,
        (_, PullKind::Gap) if dataset.whole => WriteMode::Replace,
        (_, PullKind::Backfill | PullKind::Gap) => WriteMode::Keep,
        (_, PullKind::Live | PullKind::Reread) => WriteMode::Replace,
    }
}

/// What a pull counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sent: Arc<AtomicU64>,
    bytes: AtomicU64,
    good: AtomicU64,
    received: AtomicU64,
    inserted: AtomicU64,
    updated: AtomicU64,
    differing: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
    /// Failures that would come again whenever the same is asked.
    refused: AtomicU64,
    /// Refusals since the last good answer, of what was split as well.
    refused_in_a_row: AtomicU64,
    /// Passing failures since the vendor last said something.
    passing: AtomicU64,
    failures: Mutex<Vec<(String, String)>>,
}

impl Tally {
    pub(crate) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    pub(crate) fn bytes(&self, bytes: usize) {
        self.bytes
            .fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn bytes_so_far(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts an answer that was taken in.
    pub(crate) fn good(&self) {
        self.good.fetch_add(1, Ordering::Relaxed);
        self.refused_in_a_row.store(0, Ordering::Relaxed);
        self.heard();
    }

    /// Whether any answer was taken in.
    pub(crate) fn is_good(&self) -> bool {
        self.good.load(Ordering::Relaxed) > 0
    }

    /// Counts an answer that would be the same whenever the same is asked; what it was about may be
    /// split yet.
    pub(crate) fn refused_once(&self) {
        self.refused_in_a_row.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a failure that does not pass, which is counted as a failure as well.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there were refusals and nothing else.
    pub(crate) fn was_refused(&self) -> bool {
        let refused = self.refused.load(Ordering::Relaxed);
        refused > 0 && refused == self.failed.load(Ordering::Relaxed) && !self.is_good()
    }

    /// The vendor said something, be it a refusal.
    pub(crate) fn heard(&self) {
        self.passing.store(0, Ordering::Relaxed);
    }

    /// Counts values that were refused.
    pub(crate) fn rejected(&self, values: u64) {
        self.rejected.fetch_add(values, Ordering::Relaxed);
    }

    pub(crate) fn wrote(&self, report: &WriteReport) {
        self.received.fetch_add(report.received, Ordering::Relaxed);
        self.inserted.fetch_add(report.inserted, Ordering::Relaxed);
        self.updated.fetch_add(report.updated, Ordering::Relaxed);
        self.differing
            .fetch_add(report.differing, Ordering::Relaxed);
        self.rejected(report.refused);
    }

    pub(crate) fn failed(&self, class: &str, text: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < KEPT_FAILURES {
            failures.push((class.to_owned(), text.to_owned()));
        }
    }

    pub(crate) fn failures(&self) -> Vec<(String, String)> {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
