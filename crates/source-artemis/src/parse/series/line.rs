//! One list of points, and what it settles.

use std::collections::BTreeMap;

use model::{Spans, Step, TimeRange, Ts};
use serde_json::value::RawValue;
use source::{Outcome, lenient::Number};

use super::sessions::weekends;
use crate::wire::Point;

/// As many points as the vendor's own limit allows, and it says neither which end it cuts nor whether it
/// counts a series or an answer (sections 2.3 and 6).
pub(super) const SUSPICIOUS_POINTS: usize = 1_000;

/// What stands at a day.
#[derive(Clone, Copy, Debug)]
enum Day {
    Value(f64),
    Nothing,
    /// What could not be read says nothing of its day.
    Odd,
}

/// The points of a pair.
#[derive(Debug)]
pub(super) struct Line {
    step: Step,
    /// How long the list is.
    len: usize,
    days: BTreeMap<Ts, Day>,
    /// Whether the list may hold less than there is.
    may_lack: bool,
}

impl Line {
    /// Reads a list, in whatever order. Of two points of a day the last counts.
    pub(super) fn read(raw: &RawValue, step: Step, mut reject: impl FnMut(&'static str)) -> Self {
        // It begins like a list and is whole JSON, so it is one.
        let list: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
        let mut line = Self {
            step,
            len: list.len(),
            days: BTreeMap::new(),
            may_lack: list.len() == SUSPICIOUS_POINTS,
        };
        for raw in list {
            match Point::of(raw) {
                Some(Point {
                    day: Some(day),
                    value,
                }) => {
                    let day_of = match value {
                        Number::Value(value) => Day::Value(value),
                        Number::Null | Number::Missing => Day::Nothing,
                        Number::Odd => {
                            reject("not_a_number");
                            Day::Odd
                        }
                    };
                    line.days.insert(day, day_of);
                }
                // It may have been any day's.
                other => {
                    reject(match other {
                        Some(_) => "without_date",
                        None => "malformed_point",
                    });
                    line.may_lack = true;
                }
            }
        }
        line
    }

    /// Returns how many points the list has, readable or not.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns the values by day.
    pub(super) fn values(&self) -> impl Iterator<Item = (Ts, f64)> {
        self.days.iter().filter_map(|(day, what)| match what {
            Day::Value(value) => Some((*day, *value)),
            Day::Nothing | Day::Odd => None,
        })
    }

    /// Returns what it settles of days. Of a share, whose exchange has holidays, it says when nobody
    /// traded between its first and its last value; elsewhere it may not have been listed yet.
    pub(super) fn of_days(&self, labels: TimeRange, holidays: Option<&Spans>) -> Vec<Outcome> {
        let answered = self.answered(labels);
        let silent = self.silent(&answered, labels);
        let closed = match (holidays, answered.hull()) {
            (Some(holidays), Some(life)) => {
                let silent = silent.clip(life);
                let weekends = weekends(&silent);
                let holidays = silent.minus(&silent.minus(holidays));
                weekends.iter().chain(holidays.iter()).collect()
            }
            _ => Spans::new(),
        };
        let empty = silent.minus(&closed);
        self.outcomes(&answered, &closed, &empty)
    }

    /// Returns the days between its first and its last value, and those of them that have none.
    pub(super) fn traded(&self, labels: TimeRange) -> Option<(TimeRange, Spans)> {
        let answered = self.answered(labels);
        let life = answered.hull()?;
        Some((life, self.silent(&answered, labels).clip(life)))
    }

    /// Returns what it settles of quarters: wherever none ends there is nothing to expect.
    pub(super) fn of_quarters(&self, labels: TimeRange) -> Vec<Outcome> {
        let mut answered = self.answered(labels);
        let silent = self.silent(&answered, labels);
        answered.extend(silent.iter());
        self.outcomes(&answered, &Spans::new(), &Spans::new())
    }

    /// What is left of the block after the first three is what could not be read, where anything could
    /// not: it is asked for again a few times, not every hour.
    fn outcomes(&self, answered: &Spans, closed: &Spans, empty: &Spans) -> Vec<Outcome> {
        let is_odd = |day: &Day| matches!(day, Day::Odd);
        let failed = self.may_lack || self.days.values().any(is_odd);
        let answered = answered.iter().map(Outcome::Answered);
        let closed = closed.iter().map(Outcome::Closed);
        let empty = empty.iter().map(Outcome::Empty);
        let failed = failed.then_some(Outcome::Failed);
        answered.chain(closed).chain(empty).chain(failed).collect()
    }

    fn answered(&self, labels: TimeRange) -> Spans {
        let day = |label: Ts| TimeRange::new(label, self.step.next(label));
        let known = self.values().map(|(label, _)| label);
        known
            .filter(|label| labels.contains(*label))
            .map(day)
            .collect()
    }

    /// Returns the labels for which it says that there is nothing.
    fn silent(&self, answered: &Spans, labels: TimeRange) -> Spans {
        if self.may_lack {
            return Spans::new();
        }
        let odd = self
            .days
            .iter()
            .filter(|(_, what)| matches!(what, Day::Odd));
        let odd = odd.map(|(label, _)| TimeRange::new(*label, self.step.next(*label)));
        let known: Spans = answered.iter().chain(odd).collect();
        known.gaps(labels)
    }
}
