//! What a correct collector holds of the charts, for the control route and for tests.

use std::collections::BTreeMap;

use crate::Step;
use crate::coingecko::Quote;
use crate::coingecko::series::Lane;
use crate::held::{Names, Points, Span};
use crate::truth::Metric;
use crate::world::WorldState;

/// One series of the charts.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    pub(crate) coin: &'a str,
    pub(crate) quote: &'a str,
    pub(crate) metric: Metric,
    pub(crate) step: Step,
}

impl<'a> Series<'a> {
    /// Reads `coin`, `quote` (`usd` where absent), `metric` and `step`.
    pub(crate) fn named(ask: &'a BTreeMap<String, String>) -> Result<Self, String> {
        let names = Names::among(ask, &["coin", "quote", "metric", "step"])?;
        Ok(Self {
            coin: names.given("coin")?,
            quote: names.get("quote").unwrap_or("usd"),
            metric: names.word("metric")?,
            step: names.word("step")?,
        })
    }

    /// Returns per label the value of the nearest point within 15 minutes.
    pub(crate) fn held(&self, world: &WorldState, span: Span) -> Points {
        let charted = matches!(
            self.metric,
            Metric::Price | Metric::MarketCap | Metric::Volume24h
        );
        let quote = Quote::named(world, self.quote).filter(|_| charted);
        let (Some(entity), Some(quote)) = (world.coin(self.coin), quote) else {
            return Vec::new();
        };
        let from_ms = span.from_ms.max(entity.listed_ms);
        let to_ms = span.to_ms.min(span.now_ms + 1);
        let lane = Lane {
            world,
            entity,
            quote: &quote,
        };
        lane.collected(self.metric, self.step, from_ms, to_ms, span.now_ms)
    }
}
