//! The points of a pair: which days have one by now, the buckets of longer steps, the holes.
//!
//! All hangs on (seed, pair, day) and, for today and yesterday, on now: overlapping windows agree.

use super::calendar::{
    CLOSE_MS, FiscalYear, bucket, day_of, is_session, next_bucket, report_day, weekday,
};
use super::metrics::{Aggregation, Group, Recipe, Rhythm};
use super::pair::Pair;
use super::{ArtemisStep, ArtemisSwitch};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS};
use crate::truth::float;

/// 2024-01-11: the funds begin to trade.
const FUNDS_BEGIN: i64 = 19_733;

/// What stands at a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Val {
    Number(f64),
    Null,
    /// The point has no `val` at all.
    Missing,
}

/// A day and what stands there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) day: i64,
    pub(super) val: Val,
}

impl Pair<'_> {
    /// Returns when the metric has points: a share's price has them on days of trade.
    fn rhythm(&self) -> Rhythm {
        match self.definition.rhythm {
            Rhythm::Market if self.subject.entity.kind == "equity" => Rhythm::Session,
            other => other,
        }
    }

    /// Returns the points labelled from one day to another, both included, that are there by now, ascending.
    pub(super) fn points(&self, step: ArtemisStep, from: i64, to: i64, now_ms: i64) -> Vec<Point> {
        let begins = match self.definition.group {
            Group::Etf => FUNDS_BEGIN,
            _ => day_of(self.subject.entity.listed_ms),
        };
        let to = to.min(day_of(now_ms));
        let born = from.max(begins);
        if self.rhythm() == Rhythm::Fiscal {
            return self.quarters(born, to, now_ms);
        }
        if step == ArtemisStep::Day {
            return (born..=to)
                .filter_map(|day| self.point(day, now_ms))
                .collect();
        }
        let mut points = Vec::new();
        let mut label = bucket(step, born);
        while label <= to {
            let next = next_bucket(step, label);
            if label >= from {
                points.extend(self.summed(label, next, now_ms));
            }
            label = next;
        }
        points
    }

    fn quarters(&self, from: i64, to: i64, now_ms: i64) -> Vec<Point> {
        let entity = self.subject.entity;
        let ends = FiscalYear::of(entity).ends(from, to).into_iter();
        let reported = ends.filter(|end| report_day(entity, *end) * DAY_MS + CLOSE_MS <= now_ms);
        let points = reported.filter_map(|day| {
            let val = Val::Number(self.value(day * DAY_MS + CLOSE_MS)?);
            Some(Point { day, val })
        });
        points.collect()
    }

    /// Returns the days of one bucket as one value; days without a number do not count.
    fn summed(&self, label: i64, next: i64, now_ms: i64) -> Option<Point> {
        let days = (label..next).filter_map(|day| self.point(day, now_ms));
        let values = days.filter_map(|point| match point.val {
            Val::Number(value) => Some(value),
            Val::Null | Val::Missing => None,
        });
        let (mut last, mut sum, mut count) = (None, 0.0, 0.0);
        for value in values {
            (last, sum, count) = (Some(value), sum + value, count + 1.0);
        }
        let last = last?;
        let value = match self.definition.aggregation {
            Aggregation::Last => last,
            Aggregation::Sum => sum,
            Aggregation::Avg => sum / count,
        };
        Some(Point {
            day: label,
            val: Val::Number(value),
        })
    }

    fn point(&self, day: i64, now_ms: i64) -> Option<Point> {
        let (at_ms, portion) = self.moment(day, now_ms)?;
        let mut val = Val::Number(self.value(at_ms)? * portion);
        if let (Val::Number(part), Recipe::Count(..)) = (val, self.definition.recipe) {
            val = Val::Number(part.round());
        }
        if self.plan.has(ArtemisSwitch::Holes) {
            let draw = chance::below(chance::at(chance::pair(self.key, 6), day), 60);
            val = match draw {
                0 => return None,
                1 => Val::Null,
                2 => Val::Missing,
                _ => val,
            };
        }
        Some(Point { day, val })
    }

    /// Returns the instant a day's value is taken at and how much of it is there by now: 1 for a finished day.
    fn moment(&self, day: i64, now_ms: i64) -> Option<(i64, f64)> {
        let (begins_ms, today) = (day * DAY_MS, day_of(now_ms));
        let elapsed = float(now_ms - begins_ms) / float(DAY_MS);
        // The day that the feed stands in: yesterday until the update hour, then today.
        let fed = day_of(now_ms - self.plan.lag_ms());
        let closed = || is_session(day) && now_ms >= begins_ms + CLOSE_MS;
        let sparse = || chance::below(chance::at(chance::pair(self.key, 7), day), 10) < 6;
        match self.rhythm() {
            Rhythm::Market if day > today => None,
            Rhythm::Market if self.definition.recipe == Recipe::Turnover => {
                // The world's turnover is that of the day before the instant.
                let portion = if day == today { elapsed } else { 1.0 };
                Some((begins_ms + DAY_MS - 1, portion))
            }
            Rhythm::Market if day == today => Some((now_ms, 1.0)),
            Rhythm::Market => Some((begins_ms, 1.0)),
            Rhythm::Chain if day < fed => Some((begins_ms + 12 * HOUR_MS, 1.0)),
            Rhythm::Chain if day == fed && day == today => {
                Some(match self.definition.aggregation {
                    Aggregation::Last => (now_ms, 1.0),
                    Aggregation::Sum | Aggregation::Avg => (begins_ms + 12 * HOUR_MS, elapsed),
                })
            }
            Rhythm::Week if weekday(day) == 0 && day + 7 <= fed => {
                Some((begins_ms + 84 * HOUR_MS, 1.0))
            }
            Rhythm::Session if closed() => Some((begins_ms + CLOSE_MS, 1.0)),
            Rhythm::Sparse if closed() && sparse() => Some((begins_ms + CLOSE_MS, 1.0)),
            _ => None,
        }
    }
}
