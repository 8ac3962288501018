//! One coin on one day, in every currency.

use serde_json::{Map, Value, json};

use super::chart::json as reply;
use super::params::Ask;
use super::quote::codes;
use super::series::{Grid, Lane};
use super::{Quote, errors};
use crate::instant::{parse_day, parse_day_first};
use crate::truth::Metric;
use crate::vendor::Reply;

/// Answers `/coins/{id}/history`: the values of the midnight that begins the day, which are those of the chart.
pub(super) fn day(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let text = ask.required("date")?;
    let date = parse_day_first(text).or_else(|| parse_day(text));
    let midnight_ms = date.ok_or_else(|| errors::invalid("date"))?;
    let entity = ask.coin()?;
    ask.within_history(midnight_ms)?;
    let mut body = Map::new();
    body.insert("id".into(), json!(ask.id));
    body.insert("symbol".into(), json!(entity.symbol));
    body.insert("name".into(), json!(entity.name));
    if ask.optional("localization") != Some("false") {
        body.insert(
            "localization".into(),
            json!({ "en": entity.name, "de": entity.name }),
        );
    }
    let image = format!(
        "https://coin-images.coingecko.com/coins/images/1/thumb/{}.png",
        ask.id
    );
    body.insert("image".into(), json!({ "thumb": image, "small": image }));
    if let Some(data) = market_data(ask, midnight_ms) {
        body.insert("market_data".into(), data);
    }
    body.insert("community_data".into(), json!({ "facebook_likes": null }));
    body.insert(
        "developer_data".into(),
        json!({ "forks": null, "stars": null }),
    );
    body.insert(
        "public_interest_stats".into(),
        json!({ "alexa_rank": null, "bing_matches": null }),
    );
    Ok(reply(&body))
}

/// Returns nothing where the day has no point.
fn market_data(ask: &Ask<'_>, midnight_ms: i64) -> Option<Value> {
    let entity = ask.coin().ok()?;
    let usd = Quote::usd();
    let lane = Lane {
        world: ask.world,
        entity,
        quote: &usd,
    };
    let stamps = lane.stamps(Grid::Day, midnight_ms, midnight_ms, ask.now_ms());
    let stamp = *stamps.first()?;
    let in_all = |metric: Metric| -> Value {
        // The vendor's schema allows no null here: what the chart has as null is missing.
        let Some(usd_value) = lane.cell(metric, stamp).value() else {
            return Value::Object(Map::new());
        };
        let converted = codes().filter_map(|code| {
            let quote = Quote::named(ask.world, code)?;
            let value = usd_value * quote.per_usd(ask.world, midnight_ms);
            Some((code.to_owned(), json!(value)))
        });
        Value::Object(converted.collect())
    };
    Some(json!({
        "current_price": in_all(Metric::Price),
        "market_cap": in_all(Metric::MarketCap),
        "total_volume": in_all(Metric::Volume24h),
    }))
}
