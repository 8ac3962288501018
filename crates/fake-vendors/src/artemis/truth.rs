//! What a correct collector holds of the vendor's dated answers, for the control route and for tests.

use std::collections::BTreeMap;

use super::assets::{Assets, Holding};
use super::calendar::day_of;
use super::metrics::{Rhythm, Table};
use super::pair::Pair;
use super::series::Val;
use super::{ArtemisPlan, ArtemisStep};
use crate::Truth;
use crate::held::{Names, Points, Span};
use crate::instant::{DAY_MS, ceil_to};
use crate::vendor::Vendor;
use crate::world::WorldState;

/// One series.
#[derive(Debug)]
pub(super) struct Series<'a> {
    symbol: &'a str,
    metric: &'a str,
    step: ArtemisStep,
}

impl<'a> Series<'a> {
    /// Reads `symbol`, `metric` and `granularity` (`DAY` where absent).
    pub(super) fn named(ask: &'a BTreeMap<String, String>) -> Result<Self, String> {
        let names = Names::among(ask, &["symbol", "metric", "granularity"])?;
        let step = match names.get("granularity") {
            None => ArtemisStep::Day,
            Some(name) => ArtemisStep::named(name)
                .ok_or_else(|| "`granularity`: DAY, WEEK, MONTH, QUARTER or YEAR".to_owned())?,
        };
        Ok(Self {
            symbol: names.given("symbol")?,
            metric: names.given("metric")?,
            step,
        })
    }

    /// Returns what has a value by now, per label.
    pub(super) fn held(
        &self,
        world: &WorldState,
        table: &Table,
        plan: ArtemisPlan,
        span: Span,
    ) -> Points {
        let Span {
            from_ms,
            to_ms,
            now_ms,
        } = span;
        let assets = Assets::at(world, now_ms);
        let (Some(subject), Some(definition)) =
            (assets.subject(self.symbol), table.named(self.metric))
        else {
            return Vec::new();
        };
        let refused = definition.rhythm == Rhythm::Fiscal && self.step != ArtemisStep::Quarter;
        if refused || subject.holds(table, definition, now_ms) != Holding::Held {
            return Vec::new();
        }
        let pair = Pair::new(world, table, subject, definition, plan);
        let from = day_of(ceil_to(from_ms.clamp(i64::MIN / 2, i64::MAX / 2), DAY_MS));
        let points = pair.points(self.step, from, day_of(to_ms.saturating_sub(1)), now_ms);
        let held = points.into_iter().filter_map(|point| match point.val {
            Val::Number(value) => Some((point.day * DAY_MS, value)),
            Val::Null | Val::Missing => None,
        });
        held.collect()
    }
}

impl Truth {
    /// Returns exactly what a correct collector holds of a series after reading Artemis' dated answers by the
    /// simulated now: the values per label in `[from, to)`, UNIX milliseconds of the day's midnight.
    ///
    /// Sentences, nulls and points without `val` are no values. Today's value is the one of this very moment: compare
    /// finished days. What a switch cuts off is part of it, for a collector asks again. Nothing where this world is
    /// not Artemis'.
    #[must_use]
    pub fn artemis_series(
        &self,
        symbol: &str,
        metric: &str,
        step: ArtemisStep,
        from_ms: i64,
        to_ms: i64,
    ) -> Vec<(i64, f64)> {
        let Vendor::Artemis(plan) = self.shared.vendor else {
            return Vec::new();
        };
        let Ok(table) = Table::new() else {
            return Vec::new();
        };
        let series = Series {
            symbol,
            metric,
            step,
        };
        let world = self.shared.world.snapshot();
        series.held(&world, &table, plan, self.span(from_ms, to_ms))
    }
}
