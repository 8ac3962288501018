//! When nobody traded: weekends by rule, and the holidays that the shares of an answer show together.
//!
//! The vendor has no calendar (trap 12). A weekday that lies between the first and the last value of
//! several shares, and on which none of an answer has a value, was a holiday. What one share lacks and
//! another has is that share's gap; of one share alone nobody knows.

use model::{Spans, Step, TimeRange, Ts};

/// As few shares may agree by chance.
const SEVERAL: usize = 2;

/// Returns the weekdays on which nobody traded, by the closes of shares: of each the days between its
/// first and its last, and those of them that have none.
pub(super) fn holidays(closes: impl Iterator<Item = (TimeRange, Spans)>) -> Spans {
    let shares: Vec<_> = closes.collect();
    let mut silent: Vec<TimeRange> = shares.iter().flat_map(|(_, days)| days_of(days)).collect();
    silent.sort_by_key(|day| day.start);
    silent.dedup();
    let is_holiday = |day: &TimeRange| {
        let alive = || shares.iter().filter(|(life, _)| life.covers(*day));
        alive().count() >= SEVERAL && alive().all(|(_, silent)| silent.covers(*day))
    };
    let weekdays = silent.into_iter().filter(|day| !is_weekend(*day));
    weekdays.filter(is_holiday).collect()
}

/// Returns the Saturdays and Sundays.
pub(super) fn weekends(of: &Spans) -> Spans {
    days_of(of).filter(|day| is_weekend(*day)).collect()
}

fn days_of(spans: &Spans) -> impl Iterator<Item = TimeRange> {
    spans.iter().flat_map(|range| {
        let next = |start: &Ts| Some(Step::Day.next(*start));
        std::iter::successors(Some(range.start), next)
            .take_while(move |start| *start < range.end)
            .map(|start| TimeRange::new(start, Step::Day.next(start)))
    })
}

fn is_weekend(day: TimeRange) -> bool {
    day.start >= Step::Week.floor(day.start).plus_days(5)
}
