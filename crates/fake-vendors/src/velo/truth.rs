//! What a correct collector holds of the rows, for the control route and for tests.

use std::collections::BTreeMap;

use super::bucket::{Needs, Reader, Width};
use super::caps::{self, Caps};
use super::columns::{self, BASIS};
use super::hour::Lane;
use super::numbers::Decimal;
use super::params::leading_integer;
use super::products;
use super::rows::basis_of;
use super::venues::Market;
use crate::Truth;
use crate::held::{Names, Points, Span};
use crate::instant::MINUTE_MS;
use crate::world::WorldState;

/// A bucket is believed this long after it has closed.
const SETTLED_MS: i64 = 2 * MINUTE_MS;

/// One series of the rows.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) market: &'a str,
    pub(super) exchange: &'a str,
    pub(super) product: &'a str,
    pub(super) column: &'a str,
    pub(super) minutes: i64,
}

impl<'a> Series<'a> {
    /// Reads `type`, `exchange`, `product`, `column` and `resolution` (60 where absent).
    pub(super) fn named(ask: &'a BTreeMap<String, String>) -> Result<Self, String> {
        let all = ["type", "exchange", "product", "column", "resolution"];
        let names = Names::among(ask, &all)?;
        let minutes = names.get("resolution").map_or(Some(60), leading_integer);
        let minutes = minutes.filter(|minutes| (1..=10_080).contains(minutes));
        let series = Self {
            market: names.given("type")?,
            exchange: names.given("exchange")?,
            product: names.given("product")?,
            column: names.given("column")?,
            minutes: minutes.ok_or("`resolution` is no number of minutes")?,
        };
        series
            .column()
            .map(|_| series)
            .ok_or_else(|| "no such column".to_owned())
    }

    fn column(&self) -> Option<columns::Column> {
        let market = Market::named(self.market)?;
        if market == Market::Futures && self.column == BASIS {
            return Some(columns::basis());
        }
        columns::named(market, self.column)
    }

    fn lane<'w>(&self, world: &'w WorldState) -> Option<Lane<'w>> {
        if self.column == BASIS {
            return Some(Lane::new(
                world,
                basis_of(world, self.exchange, self.product)?,
            ));
        }
        let found = products::find(world, self.exchange, self.product)?;
        let fits = Market::named(self.market) == Some(found.venue.market);
        fits.then(|| Lane::new(world, found))
    }

    /// Returns per bucket that begins in the range and is settled the value, where there is one.
    pub(super) fn held(&self, world: &WorldState, span: Span) -> Points {
        let now_ms = span.now_ms;
        let (Some(column), Some(lane)) = (self.column(), self.lane(world)) else {
            return Vec::new();
        };
        let width = Width::Minutes(self.minutes);
        let mut reader = Reader::new(&lane, Needs::of(&[column]), now_ms);
        let (mut start_ms, ends_ms) = reader.within(width, span.from_ms, span.to_ms);
        let mut held = Vec::new();
        while start_ms < ends_ms && width.end_ms(start_ms) + SETTLED_MS <= now_ms {
            let bucket = reader.read(start_ms, width.end_ms(start_ms));
            let value = bucket.cell(&lane, column).filter(|_| bucket.is_there());
            held.extend(value.map(|value| (start_ms, value.value())));
            start_ms = width.end_ms(start_ms);
        }
        held
    }
}

impl Truth {
    /// Returns exactly what a correct collector holds of a series of Velo's rows by the simulated now: per bucket that
    /// begins in `[from, to)`, UNIX milliseconds, and closed two minutes ago or earlier, the value. Missing values and
    /// missing buckets are no values; the horizon of a monthly plan is not looked at.
    ///
    /// `market` is `futures`, `spot` or `options`, `column` a column of it, `minutes` the width of a bucket. An unknown
    /// name gives nothing.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "a series has four names, a width and a range"
    )]
    pub fn velo_series(
        &self,
        market: &str,
        exchange: &str,
        product: &str,
        column: &str,
        minutes: i64,
        from_ms: i64,
        to_ms: i64,
    ) -> Vec<(i64, f64)> {
        let series = Series {
            market,
            exchange,
            product,
            column,
            minutes: minutes.clamp(1, 10_080),
        };
        let world = self.shared.world.snapshot();
        series.held(&world, self.span(from_ms, to_ms))
    }

    /// Returns `time` and a number (`circ`, `circ_dollars`, `fdv` or `fdv_dollars`) of a coin as `/api/v1/caps` gives
    /// them at an instant.
    #[must_use]
    pub fn velo_caps(&self, coin: &str, column: &str, asked_at_ms: i64) -> Option<(i64, f64)> {
        let world = self.shared.world.snapshot();
        let at_ms = caps::snapshot_ms(asked_at_ms);
        let caps = Caps::of(&world, coin, at_ms)?;
        let number = match column {
            "circ" => caps.circ,
            "circ_dollars" => caps.circ_dollars,
            "fdv" => caps.fdv,
            "fdv_dollars" => caps.fdv_dollars,
            _ => None,
        };
        number.map(Decimal::value).map(|value| (at_ms, value))
    }
}
