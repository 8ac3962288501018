//! When no value is expected: weekends of an exchange, and all time of what only has events.

use model::{Spans, Step, TimeRange, Ts};
use source::{Calendar, DatasetSpec};

const DAY_SECS: i64 = 86_400;
const WEEK_SECS: i64 = 7 * DAY_SECS;
const WEEKEND_SECS: i64 = 2 * DAY_SECS;
/// A Saturday.
const A_SATURDAY: i64 = 2 * DAY_SECS;

/// Returns the first bucket that is not asked for unasked, by what is published. Of events every bucket
/// may be the last for long, so their time is asked for in whole cadences.
pub(crate) fn published(dataset: &DatasetSpec, now: Ts) -> Ts {
    let published = dataset.step.floor(now.plus_secs(-dataset.lag_secs));
    match dataset.calendar {
        Calendar::None => {
            let begun_secs = published.secs().rem_euclid(dataset.cadence_secs.max(1));
            published.plus_secs(-begun_secs)
        }
        Calendar::Always | Calendar::Exchange => published,
    }
}

/// Returns the buckets of a range in which the exchange is closed by rule. Buckets wider than a day
/// are never closed.
pub(crate) fn closed(dataset: &DatasetSpec, range: TimeRange) -> Spans {
    if !has_weekends(dataset) || range.is_empty() {
        return Spans::new();
    }
    let range = range.intersect(TimeRange::new(Ts::OLDEST, range.end));
    let mut saturday = saturday_of(range.start);
    let mut weekends = Vec::new();
    while saturday < range.end {
        let weekend = TimeRange::new(saturday, saturday.plus_secs(WEEKEND_SECS));
        weekends.push(weekend.intersect(range));
        saturday = saturday.plus_secs(WEEK_SECS);
    }
    weekends
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect()
}

/// Returns a range without the closed time at its ends: nobody is asked for a weekend by itself.
pub(crate) fn trim(dataset: &DatasetSpec, range: TimeRange) -> TimeRange {
    if !has_weekends(dataset) || range.is_empty() {
        return range;
    }
    let (first, last) = (
        weekend_of(range.start),
        weekend_of(range.end.plus_millis(-1)),
    );
    let start = first.map_or(range.start, |weekend| weekend.end);
    let end = last.map_or(range.end, |weekend| weekend.start);
    TimeRange::new(start, end)
}

/// Returns the part of a range in which a moment that nobody took is missed.
pub(crate) fn expected(dataset: &DatasetSpec, range: TimeRange) -> Spans {
    match dataset.calendar {
        Calendar::None => Spans::new(),
        Calendar::Always | Calendar::Exchange => closed(dataset, range).gaps(range),
    }
}

fn has_weekends(dataset: &DatasetSpec) -> bool {
    dataset.calendar == Calendar::Exchange && matches!(dataset.step, Step::Hour | Step::Day)
}

/// The Saturday of the week, from Saturday to Friday, that holds a moment.
fn saturday_of(at: Ts) -> Ts {
    at.plus_millis(-(at.millis() - A_SATURDAY * 1_000).rem_euclid(WEEK_SECS * 1_000))
}

fn weekend_of(at: Ts) -> Option<TimeRange> {
    let saturday = saturday_of(at);
    let weekend = TimeRange::new(saturday, saturday.plus_secs(WEEKEND_SECS));
    weekend.contains(at).then_some(weekend)
}

#[cfg(test)]
mod tests {
    use model::DatasetId;
    use proptest::prelude::*;
    use source::{Absence, History, Role};

    use super::*;

    fn dataset(calendar: Calendar, step: Step) -> DatasetSpec {
        DatasetSpec {
            id: DatasetId::new("bars"),
            role: Role::Series,
            step,
            cadence_secs: 86_400,
            lag_secs: 0,
            provisional_secs: 0,
            calendar,
            history: History::Full,
            absence: Absence::Unknown,
            recheck_secs: 86_400,
            late_secs: 0,
            joins_secs: 0,
            live: source::Live::No,
            whole: false,
            rereads: &[],
            max_body_bytes: 1,
            paths: &[],
        }
    }

    fn range(from: &str, to: &str) -> TimeRange {
        TimeRange::new(Ts::parse(from).unwrap(), Ts::parse(to).unwrap())
    }

    #[test]
    fn an_exchange_is_closed_on_saturday_and_sunday() {
        let days = dataset(Calendar::Exchange, Step::Day);
        // The 16th of May 2026 is a Saturday.
        let closed: Vec<_> = closed(&days, range("2026-05-10", "2026-05-24"))
            .iter()
            .collect();
        let expected = [
            range("2026-05-10", "2026-05-11"),
            range("2026-05-16", "2026-05-18"),
            range("2026-05-23", "2026-05-24"),
        ];
        assert_eq!(closed, expected);
        for (from, to, left) in [
            ("2026-05-15", "2026-05-17", ("2026-05-15", "2026-05-16")),
            ("2026-05-15", "2026-05-16", ("2026-05-15", "2026-05-16")),
            ("2026-05-10", "2026-05-18", ("2026-05-11", "2026-05-16")),
            ("2026-05-13", "2026-05-20", ("2026-05-13", "2026-05-20")),
        ] {
            assert_eq!(trim(&days, range(from, to)), range(left.0, left.1));
        }
        assert!(trim(&days, range("2026-05-16", "2026-05-18")).is_empty());
        assert!(trim(&days, range("2026-05-17", "2026-05-18")).is_empty());
        let hours = dataset(Calendar::Exchange, Step::Hour);
        let friday_night = range("2026-05-15T22:00:00Z", "2026-05-16T05:00:00Z");
        let left = range("2026-05-15T22:00:00Z", "2026-05-16");
        assert_eq!(trim(&hours, friday_night), left);
    }

    #[test]
    fn others_have_no_weekend_and_events_are_never_missed() {
        let fortnight = range("2026-05-10", "2026-05-24");
        for other in [
            dataset(Calendar::Always, Step::Day),
            dataset(Calendar::None, Step::Day),
            dataset(Calendar::Exchange, Step::Week),
        ] {
            assert!(closed(&other, fortnight).is_empty());
            assert_eq!(trim(&other, fortnight), fortnight);
        }
        let missed = |calendar| expected(&dataset(calendar, Step::Day), fortnight);
        assert_eq!(missed(Calendar::Always), Spans::from_iter([fortnight]));
        assert!(missed(Calendar::None).is_empty());
        let open: i64 = missed(Calendar::Exchange).iter().map(TimeRange::secs).sum();
        assert_eq!(open, 10 * DAY_SECS);
    }

    #[test]
    fn events_are_asked_for_once_a_cadence() {
        let weekly = |calendar| DatasetSpec {
            cadence_secs: WEEK_SECS,
            lag_secs: 6 * 3_600,
            ..dataset(calendar, Step::Day)
        };
        let at = |text: &str| Ts::parse(text).unwrap();
        // Weeks of the epoch begin on Thursdays, such as the 14th of May 2026.
        for (now, events, days) in [
            ("2026-05-14T05:59:59Z", "2026-05-07", "2026-05-13"),
            ("2026-05-14T06:00:00Z", "2026-05-14", "2026-05-14"),
            ("2026-05-20T12:00:00Z", "2026-05-14", "2026-05-20"),
        ] {
            assert_eq!(published(&weekly(Calendar::None), at(now)), at(events));
            assert_eq!(published(&weekly(Calendar::Always), at(now)), at(days));
        }
        let daily = dataset(Calendar::None, Step::Day);
        assert_eq!(
            published(&daily, at("2026-05-20T12:00:00Z")),
            at("2026-05-20")
        );
    }

    proptest! {
        #[test]
        fn what_is_trimmed_is_closed_and_what_is_left_begins_and_ends_open(
            start in -2_000_000_i64..60_000, hours in 0_i64..2_000,
        ) {
            let hours_spec = dataset(Calendar::Exchange, Step::Hour);
            let start = Ts::from_secs(start * 3_600).max(Ts::OLDEST);
            let range = TimeRange::new(start, start.plus_secs(hours * 3_600));
            let (closed, left) = (closed(&hours_spec, range), trim(&hours_spec, range));
            let dropped = Spans::from_iter([range]).minus(&Spans::from_iter([left]));
            prop_assert!(dropped.minus(&closed).is_empty());
            if left.is_empty() {
                prop_assert!(range.is_empty() || closed.covers(range));
            } else {
                let hour = |at: Ts| TimeRange::new(at, at.plus_secs(3_600));
                prop_assert!(closed.clip(hour(left.start)).is_empty());
                prop_assert!(closed.clip(hour(left.end.plus_secs(-3_600))).is_empty());
            }
        }
    }
}
