//! Which time without values is a gap: what is wanted, can be had, is due and has not been answered.
//! Pure.
//!
//! What the vendor's plan reaches back to is not known here: wanted time beyond it counts as never
//! asked for, which it is.

use model::{MissingReason, Spans, Step, TimeRange, Ts};
use store::read::{GapRow, WantedRow};

use crate::answer::Gap;

/// A bucket is missed so long after its end. How long a dataset takes to publish stands in no table;
/// a vendor that takes longer is on record with `not_yet_published`.
const PUBLISHED_AFTER_SECS: i64 = 3_600;

const NEVER: Ts = Ts::from_millis(i64::MAX);

/// When a series is wanted, and when its vendor can have it. Whole buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Wanted by the configuration and listed by the vendor.
    spans: Spans,
    listed: TimeRange,
    unsupported_until: Option<Ts>,
}

/// What is known of one series about one range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) step: Step,
    /// From its first point to its last.
    pub(crate) life: Option<TimeRange>,
    /// Parts on record without a value, and those that are not settled.
    pub(crate) rows: &'a [GapRow],
}

impl Wanted {
    pub(crate) fn of(row: &WantedRow, step: Step) -> Self {
        let first = row.first_available.unwrap_or(Ts::OLDEST);
        let ended = row.ended_at.map_or(NEVER, |at| step.ceil(at));
        let listed = TimeRange::new(step.floor(first), ended);
        let spans = match row.wanted_since {
            Some(since) => {
                let wanted = TimeRange::new(step.ceil(since), NEVER).intersect(listed);
                let active = row.active.clip(wanted);
                let whole = active.iter().map(|part| {
                    let end = if part.end == NEVER {
                        NEVER
                    } else {
                        step.floor(part.end)
                    };
                    TimeRange::new(step.ceil(part.start), end)
                });
                whole.collect()
            }
            None => Spans::new(),
        };
        Self {
            spans,
            listed,
            unsupported_until: row.unsupported_until,
        }
    }

    /// Returns the first bucket that is wanted.
    pub(crate) fn start(&self) -> Option<Ts> {
        Some(self.spans.hull()?.start)
    }
}

/// Returns the whole buckets of `range` that are closed.
pub(crate) fn closed(step: Step, range: TimeRange, now: Ts) -> TimeRange {
    let closed = TimeRange::new(Ts::OLDEST, step.floor(now));
    TimeRange::new(step.ceil(range.start), range.end).intersect(closed)
}

/// Returns the gaps of one series in `closed` buckets, oldest first. Why there is nothing in time
/// that nobody wants is only said to someone who `asked` for that time.
pub(crate) fn gaps(known: Known<'_>, closed: TimeRange, asked: bool, now: Ts) -> Vec<Gap> {
    let wanted = known.wanted;
    let (on_record, open): (Vec<&GapRow>, Vec<&GapRow>) =
        known.rows.iter().partition(|row| row.reason.is_some());
    // An exchange that is closed has no gap.
    let mut gaps: Vec<Gap> = (on_record.iter())
        .filter(|row| row.reason.as_deref() != Some(MissingReason::Closed.as_str()))
        .filter_map(|row| Some(gap(row.range, row.reason.as_deref()?, row.recheck_at)))
        .collect();

    let open: Spans = open.iter().map(|row| row.range).collect();
    let not_wanted = open.minus(&wanted.spans).clip(wanted.listed);
    let due = TimeRange::new(
        closed.start,
        known.step.floor(now.plus_secs(-PUBLISHED_AFTER_SECS)),
    );
    let missed = wanted.spans.minus(&wanted.spans.minus(&open)).clip(due);
    let unsupported = wanted.unsupported_until.filter(|until| now < *until);
    let reason = match unsupported {
        Some(_) => "unsupported",
        None => "unrequested",
    };
    gaps.extend(missed.iter().map(|part| gap(part, reason, unsupported)));

    if asked {
        gaps.extend(not_wanted.iter().map(|part| gap(part, "not_wanted", None)));
        let mut elsewhere: Spans = on_record.iter().map(|row| row.range).collect();
        elsewhere.extend([wanted.listed].into_iter().chain(known.life));
        let not_listed = elsewhere.gaps(closed);
        gaps.extend(not_listed.iter().map(|part| gap(part, "not_listed", None)));
    }
    gaps.sort_by_key(|gap| gap.from);
    gaps
}

fn gap(range: TimeRange, reason: &str, recheck_at: Option<Ts>) -> Gap {
    Gap {
        from: range.start,
        to: range.end,
        reason: reason.to_owned(),
        recheck_at,
        venue: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use store::series::SeriesId;

    use super::*;

    fn at(text: &str) -> Ts {
        Ts::parse(text).unwrap()
    }

    fn range(from: &str, to: &str) -> TimeRange {
        TimeRange::new(at(from), at(to))
    }

    /// Wanted from 2023, for all time.
    fn row() -> WantedRow {
        WantedRow {
            series: SeriesId(1),
            wanted_since: Some(at("2023-01-01")),
            active: Spans::from_iter([TimeRange::new(Ts::from_millis(i64::MIN), NEVER)]),
            first_available: None,
            ended_at: None,
            unsupported_until: None,
        }
    }

    fn open(from: &str, to: &str) -> GapRow {
        GapRow {
            range: range(from, to),
            reason: None,
            recheck_at: None,
        }
    }

    /// Days from 2010 to noon of the 10th of March 2024; nothing is settled but what `rows` leave.
    fn told(row: &WantedRow, rows: &[GapRow], asked: bool) -> Vec<String> {
        let now = at("2024-03-10T12:00:00Z");
        let wanted = Wanted::of(row, Step::Day);
        let known = Known {
            wanted: &wanted,
            step: Step::Day,
            life: None,
            rows,
        };
        let closed = closed(Step::Day, TimeRange::new(at("2010-01-01"), now), now);
        let gaps = gaps(known, closed, asked, now);
        let day = |at: Ts| at.to_string().replace("T00:00:00Z", "");
        gaps.iter()
            .map(|gap| format!("{}..{} {}", day(gap.from), day(gap.to), gap.reason))
            .collect()
    }

    #[test]
    fn only_what_is_wanted_is_missed() {
        let all = [open("2010-01-01", "2024-03-10")];
        let missed = "2023-01-01..2024-03-10 unrequested";
        assert_eq!(told(&row(), &all, false), [missed]);
        assert_eq!(
            told(&row(), &all, true),
            ["2010-01-01..2023-01-01 not_wanted", missed]
        );
        let nobody = WantedRow {
            wanted_since: None,
            ..row()
        };
        assert!(told(&nobody, &all, false).is_empty());
    }

    #[test]
    fn before_the_listing_and_after_the_end_there_is_nothing_to_miss() {
        let listed = WantedRow {
            first_available: Some(at("2023-06-01")),
            ended_at: Some(at("2024-01-01")),
            ..row()
        };
        let all = [open("2010-01-01", "2024-03-10")];
        let missed = "2023-06-01..2024-01-01 unrequested";
        assert_eq!(told(&listed, &all, false), [missed]);
        assert_eq!(
            told(&listed, &all, true),
            [
                "2010-01-01..2023-06-01 not_listed",
                missed,
                "2024-01-01..2024-03-10 not_listed"
            ]
        );
    }

    #[test]
    fn pauses_of_the_configuration_are_no_gaps() {
        let forever_ago = Ts::from_millis(i64::MIN);
        let paused = WantedRow {
            active: [
                TimeRange::new(forever_ago, at("2023-03-01T09:00:00Z")),
                TimeRange::new(at("2024-02-01"), NEVER),
            ]
            .into_iter()
            .collect(),
            ..row()
        };
        let open = [open("2023-02-27", "2024-03-10")];
        assert_eq!(
            told(&paused, &open, false),
            [
                "2023-02-27..2023-03-01 unrequested",
                "2024-02-01..2024-03-10 unrequested"
            ]
        );
    }

    #[test]
    fn reasons_on_record_are_told_wherever_they_are() {
        let empty = GapRow {
            reason: Some("vendor_empty".to_owned()),
            ..open("2012-01-01", "2012-01-02")
        };
        let weekend = GapRow {
            reason: Some("closed".to_owned()),
            ..open("2012-01-07", "2012-01-09")
        };
        let told = told(&row(), &[empty, weekend], false);
        assert_eq!(told, ["2012-01-01..2012-01-02 vendor_empty"]);
    }

    #[test]
    fn an_asset_that_the_vendor_does_not_know_is_not_unrequested() {
        let unknown = WantedRow {
            unsupported_until: Some(at("2024-04-01")),
            ..row()
        };
        let open = [open("2024-03-01", "2024-03-10")];
        assert_eq!(
            told(&unknown, &open, false),
            ["2024-03-01..2024-03-10 unsupported"]
        );
        let past = WantedRow {
            unsupported_until: Some(at("2024-03-01")),
            ..row()
        };
        assert_eq!(
            told(&past, &open, false),
            ["2024-03-01..2024-03-10 unrequested"]
        );
    }

    #[test]
    fn a_bucket_is_missed_once_it_must_have_been_published() {
        let wanted = Wanted::of(&row(), Step::Hour);
        let missed = |now: &str| {
            let now = at(now);
            let rows = [open("2024-03-10T10:00:00Z", "2024-03-10T12:00:00Z")];
            let known = Known {
                wanted: &wanted,
                step: Step::Hour,
                life: None,
                rows: &rows,
            };
            let closed = closed(Step::Hour, range("2024-03-10", "2024-03-11"), now);
            gaps(known, closed, true, now)
                .iter()
                .map(|gap| (gap.from, gap.to))
                .collect::<Vec<_>>()
        };
        let until = |to| vec![(at("2024-03-10T10:00:00Z"), at(to))];
        assert_eq!(
            missed("2024-03-10T12:05:00Z"),
            until("2024-03-10T11:00:00Z")
        );
        assert_eq!(
            missed("2024-03-10T13:00:00Z"),
            until("2024-03-10T12:00:00Z")
        );
    }
}
