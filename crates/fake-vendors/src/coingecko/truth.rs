//! What a correct collector holds of the charts, for the control route and for tests.

use std::collections::BTreeMap;

use crate::Step;
use crate::coingecko::Quote;
use crate::coingecko::series::Lane;
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
        const NAMES: [&str; 4] = ["coin", "quote", "metric", "step"];
        if let Some(unknown) = ask.keys().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(format!("`{unknown}` is none of {}", NAMES.join(", ")));
        }
        let given = |name: &str| {
            let found = ask.get(name).map(String::as_str);
            found.ok_or_else(|| format!("`{name}` is missing"))
        };
        Ok(Self {
            coin: given("coin")?,
            quote: ask.get("quote").map_or("usd", String::as_str),
            metric: word("metric", given("metric")?)?,
            step: word("step", given("step")?)?,
        })
    }

    /// Returns per label in `[from_ms, to_ms)` the value of the nearest point within 15 minutes, as of `now_ms`.
    pub(crate) fn held(
        &self,
        world: &WorldState,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Vec<(i64, f64)> {
        let charted = matches!(
            self.metric,
            Metric::Price | Metric::MarketCap | Metric::Volume24h
        );
        let quote = Quote::named(world, self.quote).filter(|_| charted);
        let (Some(entity), Some(quote)) = (world.coin(self.coin), quote) else {
            return Vec::new();
        };
        let (from_ms, to_ms) = (from_ms.max(entity.listed_ms), to_ms.min(now_ms + 1));
        let lane = Lane {
            world,
            entity,
            quote: &quote,
        };
        lane.collected(self.metric, self.step, from_ms, to_ms, now_ms)
    }
}

/// Reads one of an enumeration's words.
pub(crate) fn word<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    let quoted = serde_json::Value::String(text.to_owned());
    serde_json::from_value(quoted).map_err(|error| format!("`{name}`: {error}"))
}
