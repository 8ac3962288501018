//! What a job did and what it left open.

use model::{DatasetId, PullKind, SeriesKey, SourceId, TimeRange, Ts};
use source::DatasetSpec;
use store::pulls::{PullId, PullStatus};

/// What one job did, over all its datasets.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The vendor.
    pub source: SourceId,
    /// Why it ran.
    pub kind: PullKind,
    /// Its pulls, in the order run.
    pub pulls: Vec<PullEnd>,
    /// What is still open of what was asked for.
    pub holes: Vec<Hole>,
    /// What the vendor had nothing for, and is asked again. No error: a vendor's chart has holes.
    pub waiting: Vec<Waiting>,
    /// What did not run because an operator has to resume it first.
    pub suspended: Vec<String>,
    /// Until when nothing of the source is asked, where the vendor said before that its quota is spent.
    pub parked_until: Option<Ts>,
}

/// How one pull ended.
#[derive(Clone, Debug)]
pub struct PullEnd {
    /// Its row in `pulls`.
    pub id: PullId,
    /// The dataset.
    pub dataset: DatasetId,
    /// Why it ran.
    pub kind: PullKind,
    /// How it ended.
    pub status: PullStatus,
    /// Attempts that left.
    pub requests: u64,
    /// Points that the parser gave.
    pub received: u64,
    /// Points that were new.
    pub inserted: u64,
    /// Points that replaced a stored value.
    pub updated: u64,
    /// Points that differ from what is stored and were not taken.
    pub differing: u64,
    /// Values that were refused.
    pub rejected: u64,
    /// Failures, at most a few, redacted: `(class, text)`.
    pub failures: Vec<(String, String)>,
    /// How many failures there were in all.
    pub failed_blocks: u64,
    /// Until when it is parked, if so.
    pub parked_until: Option<Ts>,
}

/// A range for which the vendor had nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The dataset that asks.
    pub dataset: DatasetId,
    /// The series.
    pub series: SeriesKey,
    /// The buckets.
    pub range: TimeRange,
    /// Not asked again before.
    pub again_at: Ts,
    /// Whether it lies before the first value that the vendor is known to have: a surprise to nobody.
    pub before_first: bool,
}

/// A range that was wanted and is still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The series.
    pub series: SeriesKey,
    /// The buckets.
    pub range: TimeRange,
}

impl Summary {
    pub(crate) fn new(source: SourceId, kind: PullKind) -> Self {
        Self {
            source,
            kind,
            pulls: Vec::new(),
            holes: Vec::new(),
            waiting: Vec::new(),
            suspended: Vec::new(),
            parked_until: None,
        }
    }

    /// Notes once that a dataset waits for an operator.
    pub(crate) fn note_suspended(&mut self, dataset: &DatasetSpec) {
        let name = format!("{} {}", self.source, dataset.id);
        if !self.suspended.contains(&name) {
            self.suspended.push(name);
        }
    }

    /// Adds what another job of the same command did.
    pub fn absorb(&mut self, other: Self) {
        self.pulls.extend(other.pulls);
        self.holes.extend(other.holes);
        self.waiting.extend(other.waiting);
        self.suspended.extend(other.suspended);
        self.parked_until = self.parked_until.max(other.parked_until);
    }

    /// Returns how the job ended as a whole: partial where anything is left open, did not run, or was
    /// asked for in vain; failed where nothing was good. What a later round mended counts no more.
    pub fn status(&self) -> PullStatus {
        let any = |status: PullStatus| self.pulls.iter().any(|pull| pull.status == status);
        let all = |status: PullStatus| self.pulls.iter().all(|pull| pull.status == status);
        if any(PullStatus::Interrupted) {
            PullStatus::Interrupted
        } else if any(PullStatus::Parked) || self.parked_until.is_some() {
            PullStatus::Parked
        } else if all(PullStatus::Failed) && !(self.pulls.is_empty() && self.suspended.is_empty()) {
            PullStatus::Failed
        } else if !self.holes.is_empty()
            || !self.suspended.is_empty()
            || self.pulls.iter().any(|pull| pull.is_flawed_for_good())
            || self.is_met_with_silence()
        {
            PullStatus::Partial
        } else {
            PullStatus::Complete
        }
    }

    /// Whether a dataset was asked, had not a single value, and will be asked again for values that
    /// should be there.
    fn is_met_with_silence(&self) -> bool {
        let silent = |dataset: DatasetId| {
            let nothing =
                |pull: &PullEnd| pull.dataset == dataset && pull.status == PullStatus::NoData;
            self.pulls.iter().any(nothing)
        };
        (self.waiting.iter()).any(|one| !one.before_first && silent(one.dataset))
    }

    /// Returns the sum of a counter over all pulls.
    pub fn total(&self, counter: impl Fn(&PullEnd) -> u64) -> u64 {
        self.pulls.iter().map(counter).sum()
    }
}

impl PullEnd {
    /// Whether something failed that no later round asks for again: holes tell what is left of the
    /// others.
    fn is_flawed_for_good(&self) -> bool {
        matches!(self.kind, PullKind::Live | PullKind::Reread)
            && matches!(self.status, PullStatus::Failed | PullStatus::Partial)
    }
}

#[cfg(test)]
mod tests {
    use model::{Key, Step};

    use super::*;

    const ACME: SourceId = SourceId::new("acme");

    fn job(kind: PullKind, pulls: &[PullStatus]) -> Summary {
        let mut summary = Summary::new(ACME, kind);
        let pull = |status: &PullStatus| PullEnd {
            id: PullId(1),
            dataset: DatasetId::new("d"),
            kind,
            status: *status,
            requests: 0,
            received: 0,
            inserted: 0,
            updated: 0,
            differing: 0,
            rejected: 0,
            failures: Vec::new(),
            failed_blocks: 0,
            parked_until: None,
        };
        summary.pulls = pulls.iter().map(pull).collect();
        summary
    }

    fn range() -> TimeRange {
        TimeRange::new(Ts::from_secs(0), Ts::from_secs(1))
    }

    fn series() -> SeriesKey {
        SeriesKey {
            source: ACME,
            key: Key::of_asset("a", "usd"),
            metric: "PRICE".into(),
            step: Step::Hour,
        }
    }

    #[test]
    fn the_whole_is_as_good_as_what_is_left() {
        use PullStatus::{Complete, Failed, Interrupted, NoData, Parked, Partial};
        for (pulls, holes, suspended, expected) in [
            (&[][..], false, false, Complete),
            (&[], true, false, Partial),
            (&[], false, true, Failed),
            (&[Complete, NoData], false, false, Complete),
            (&[Complete, NoData], true, false, Partial),
            // A later round mended it: nothing is open any more.
            (&[Failed, Complete], false, false, Complete),
            (&[Partial, Complete], false, false, Complete),
            (&[Partial, Complete], true, false, Partial),
            (&[Complete, Failed], true, true, Partial),
            (&[Failed, Failed], false, false, Failed),
            (&[Failed, Failed], true, false, Failed),
            (&[Failed], true, true, Failed),
            (&[Complete, Parked], true, false, Parked),
            (&[Failed, Parked, Interrupted], true, true, Interrupted),
        ] {
            let mut summary = job(PullKind::Backfill, pulls);
            if holes {
                summary.holes.push(Hole {
                    series: series(),
                    range: range(),
                });
            }
            if suspended {
                summary.suspended.push("acme d".to_owned());
            }
            assert_eq!(summary.status(), expected, "{pulls:?} {holes} {suspended}");
        }
    }

    #[test]
    fn what_no_later_round_repeats_counts_for_good() {
        use PullStatus::{Complete, Failed, NoData, Partial};
        for (pulls, expected) in [
            (&[Complete][..], Complete),
            (&[NoData], Complete),
            (&[Partial], Partial),
            (&[Complete, Failed], Partial),
        ] {
            assert_eq!(job(PullKind::Reread, pulls).status(), expected, "{pulls:?}");
            // The live pass at the end of a backfill.
            let mut whole = job(PullKind::Backfill, &[Partial, Complete]);
            whole.absorb(job(PullKind::Live, pulls));
            assert_eq!(whole.status(), expected, "{pulls:?}");
        }
    }

    #[test]
    fn silence_where_values_should_be_is_not_complete() {
        use PullStatus::{Complete, NoData, Partial};
        for (pulls, dataset, before_first, expected) in [
            (&[NoData][..], "d", false, Partial),
            // Other values came; nothing was asked; another dataset; known not to be there.
            (&[Complete], "d", false, Complete),
            (&[], "d", false, Complete),
            (&[NoData], "e", false, Complete),
            (&[NoData], "d", true, Complete),
        ] {
            let mut summary = job(PullKind::Backfill, pulls);
            summary.waiting.push(Waiting {
                dataset: DatasetId::new(dataset),
                series: series(),
                range: range(),
                again_at: Ts::from_secs(2),
                before_first,
            });
            assert_eq!(
                summary.status(),
                expected,
                "{pulls:?} {dataset} {before_first}"
            );
        }
    }
}
