//! Undated cells: the latest value without its date, and the metrics that have no other form.

use serde_json::Value;

use super::ArtemisStep;
use super::calendar::day_of;
use super::errors::{NO_LATEST, NOT_FOR_ASSET};
use super::metrics::{Recipe, Rhythm};
use super::pair::Pair;
use super::series::{Point, Val};
use crate::days::day_text;
use crate::instant::{DAY_MS, HOUR_MS};
use crate::truth::{Metric, float};

/// A series whose last point is older than this many days has no latest value.
const STALE_DAYS: i64 = 7;

/// What a cell says about now.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Latest {
    Number(f64),
    Null,
    /// One of the vendor's sentences.
    Sentence(&'static str),
    /// A day in a number's place.
    Day(String),
}

impl Pair<'_> {
    /// Returns the latest point, if it is recent enough for its rhythm.
    pub(super) fn last_point(&self, now_ms: i64) -> Option<Point> {
        let today = day_of(now_ms);
        let (step, back) = match self.definition.rhythm {
            Rhythm::Fiscal => (ArtemisStep::Quarter, 200),
            Rhythm::Week => (ArtemisStep::Day, 3 * STALE_DAYS),
            _ => (ArtemisStep::Day, STALE_DAYS),
        };
        self.points(step, today - back, today, now_ms).pop()
    }

    /// Returns what an undated cell holds.
    pub(super) fn latest(&self, now_ms: i64) -> Latest {
        match self.definition.recipe {
            Recipe::Nothing => return Latest::Sentence(NO_LATEST),
            Recipe::Latest(_) => {
                return if self.subject.entity.alive_at(now_ms) {
                    self.computed(now_ms)
                } else {
                    Latest::Sentence(NO_LATEST)
                };
            }
            _ => {}
        }
        match self.last_point(now_ms).map(|point| point.val) {
            Some(Val::Number(value)) => Latest::Number(value),
            Some(Val::Null | Val::Missing) => Latest::Null,
            None => Latest::Sentence(NO_LATEST),
        }
    }

    fn computed(&self, now_ms: i64) -> Latest {
        let entity = self.subject.entity;
        let price = |at_ms: i64| self.of_world(Metric::Price, at_ms);
        let change = |metric: Metric, days: i64| {
            let was = self.of_world(metric, now_ms - days * DAY_MS)?;
            Some(self.of_world(metric, now_ms)? - was)
        };
        let fraction = |metric: Metric, days: i64| {
            let was = self.of_world(metric, now_ms - days * DAY_MS)?;
            Some(self.of_world(metric, now_ms)? / was - 1.0)
        };
        let extreme = |highest: bool| self.extreme(entity.listed_ms, 7 * DAY_MS, now_ms, highest);
        let within_a_day = |highest: bool| self.extreme(now_ms - DAY_MS, HOUR_MS, now_ms, highest);
        let since = |highest: bool| Some(price(now_ms)? / extreme(highest)?.1 - 1.0);
        let value = match self.definition.name.as_str() {
            "30D_VOLUME" => (0..30)
                .map(|days| self.of_world(Metric::Volume24h, now_ms - days * DAY_MS))
                .sum(),
            "CIRC_SUPPLY" => self.of_world(Metric::CirculatingSupply, now_ms),
            "TOT_SUPPLY" => self.of_world(Metric::TotalSupply, now_ms),
            "MAX_SUPPLY" => entity.max_supply,
            "24H_PRICE_HIGH" => within_a_day(true).map(|(_, price)| price),
            "24H_PRICE_LOW" => within_a_day(false).map(|(_, price)| price),
            "24H_PRICE_CHG" => change(Metric::Price, 1),
            "24H_PRICE_CHG_PCT" => fraction(Metric::Price, 1),
            "7D_PRICE_CHG_PCT" => fraction(Metric::Price, 7),
            "30D_PRICE_CHG_PCT" => fraction(Metric::Price, 30),
            "24H_MC_CHG" => change(Metric::MarketCap, 1),
            "24H_MC_CHG_PCT" => fraction(Metric::MarketCap, 1),
            "ATH" => extreme(true).map(|(_, price)| price),
            "ATL" => extreme(false).map(|(_, price)| price),
            "ATH_CHG_PCT" => since(true),
            "ATL_CHG_PCT" => since(false),
            "ATH_DATE" => return dated(extreme(true)),
            "ATL_DATE" => return dated(extreme(false)),
            _ => return Latest::Sentence(NOT_FOR_ASSET),
        };
        value.map_or(Latest::Null, Latest::Number)
    }

    /// Returns the highest or lowest price on a grid that ends now, and when it was.
    fn extreme(
        &self,
        from_ms: i64,
        step_ms: i64,
        now_ms: i64,
        highest: bool,
    ) -> Option<(i64, f64)> {
        let mut best: Option<(i64, f64)> = None;
        let mut at_ms = now_ms;
        while at_ms >= from_ms {
            if let Some(price) = self.of_world(Metric::Price, at_ms) {
                let beaten = best.is_none_or(|(_, held)| (price > held) == highest);
                if beaten {
                    best = Some((at_ms, price));
                }
            }
            at_ms -= step_ms;
        }
        best
    }
}

fn dated(extreme: Option<(i64, f64)>) -> Latest {
    extreme.map_or(Latest::Null, |(at_ms, _)| Latest::Day(day_text(at_ms)))
}

/// Returns the change from the first to the last number as a fraction: the shape of `summarize=true` is not known, and
/// nobody sends it.
pub(super) fn change(points: &[Point]) -> Value {
    let mut numbers = points.iter().filter_map(|point| match point.val {
        Val::Number(value) => Some(value),
        Val::Null | Val::Missing => None,
    });
    let first = numbers.next();
    let last = numbers.next_back().or(first);
    match (first, last) {
        (Some(first), Some(last)) => Value::from(last / first - float(1)),
        _ => Value::Null,
    }
}
