//! The whole market: now, and as a chart.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chart::{Point, json as reply};
use super::params::{Ask, Days};
use super::quote::codes;
use super::{Plan, Quote, errors};
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, ceil_to};
use crate::truth::Metric;
use crate::vendor::Reply;
use crate::world::WorldState;

/// The chart's last day closes this long after midnight.
const LAG_MS: i64 = 5 * MINUTE_MS;
/// 2013-04-28: nothing is older.
const BEGINS_MS: i64 = 1_367_107_200_000;

fn sum_usd(world: &WorldState, metric: Metric, at_ms: i64) -> f64 {
    world
        .coins()
        .filter_map(|entity| world.value(entity, metric, at_ms))
        .sum()
}

/// Answers `/global`, fresh as of the minute.
pub(super) fn now(ask: &Ask<'_>) -> Reply {
    let world = ask.world;
    let at_ms = ask.now_ms() - ask.now_ms().rem_euclid(MINUTE_MS);
    let cap = sum_usd(world, Metric::MarketCap, at_ms);
    let volume = sum_usd(world, Metric::Volume24h, at_ms);
    let in_all = |usd: f64| -> Map<String, Value> {
        let quotes = codes().filter_map(|code| Some((code, Quote::named(world, code)?)));
        quotes
            .map(|(code, quote)| (code.to_owned(), json!(usd * quote.per_usd(world, at_ms))))
            .collect()
    };
    let active = world
        .coins()
        .filter(|entity| entity.active_at(at_ms))
        .count();
    let change =
        |metric: Metric, now: f64| (now / sum_usd(world, metric, at_ms - DAY_MS) - 1.0) * 100.0;
    reply(&json!({ "data": {
        "active_cryptocurrencies": active,
        "upcoming_icos": 0,
        "ongoing_icos": 49,
        "ended_icos": 3376,
        "markets": 1476,
        "total_market_cap": in_all(cap),
        "total_volume": in_all(volume),
        "market_cap_percentage": shares(world, cap, at_ms),
        "market_cap_change_percentage_24h_usd": change(Metric::MarketCap, cap),
        "volume_change_percentage_24h_usd": change(Metric::Volume24h, volume),
        "updated_at": at_ms / SECOND_MS,
    }}))
}

/// Returns the ten largest coins' percent of the whole, by symbol.
fn shares(world: &WorldState, cap: f64, at_ms: i64) -> Map<String, Value> {
    let mut caps: Vec<(f64, &str)> = world
        .coins()
        .filter_map(|coin| {
            Some((
                world.value(coin, Metric::MarketCap, at_ms)?,
                coin.symbol.as_str(),
            ))
        })
        .collect();
    caps.sort_by(|a, b| b.0.total_cmp(&a.0));
    caps.iter()
        .take(10)
        .map(|(own, symbol)| ((*symbol).to_owned(), json!(own / cap * 100.0)))
        .collect()
}

#[derive(Debug, Serialize)]
struct GlobalChart {
    market_cap_chart: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    market_cap: Vec<Point>,
    volume: Vec<Point>,
}

/// Answers `/global/market_cap_chart`.
pub(super) fn chart(ask: &Ask<'_>) -> Result<Reply, Reply> {
    ask.at_least(Plan::Analyst)?;
    let text = ask.required("days")?;
    if !["1", "7", "14", "30", "90", "180", "365", "max"].contains(&text) {
        return Err(errors::invalid("days"));
    }
    let days = Days::parse(text).ok_or_else(|| errors::invalid("days"))?;
    let code = ask.optional("vs_currency").unwrap_or("usd");
    let quote = Quote::named(ask.world, code).ok_or_else(|| errors::invalid("vs_currency"))?;
    let (step_ms, lag_ms) = if text == "1" {
        (HOUR_MS, 0)
    } else {
        (DAY_MS, LAG_MS)
    };
    let from_ms = days.begins_ms(ask.now_ms(), BEGINS_MS);
    let mut lines = Lines {
        market_cap: Vec::new(),
        volume: Vec::new(),
    };
    let mut at_ms = ceil_to(from_ms, step_ms);
    while at_ms + lag_ms <= ask.now_ms() {
        let rate = quote.per_usd(ask.world, at_ms);
        let in_quote = |metric| Some(sum_usd(ask.world, metric, at_ms) * rate);
        lines
            .market_cap
            .push(Point(at_ms, in_quote(Metric::MarketCap)));
        lines.volume.push(Point(at_ms, in_quote(Metric::Volume24h)));
        at_ms += step_ms;
    }
    Ok(reply(&GlobalChart {
        market_cap_chart: lines,
    }))
}
