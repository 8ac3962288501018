//! Candles, stamped at their close.

use serde::Serialize;

use super::chart::json;
use super::numbers::Precision;
use super::params::{Ask, Days};
use super::series::{FINE_BEGINS_MS, Lane};
use super::{Plan, errors};
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, ceil_to, floor_to};
use crate::truth::Metric;
use crate::vendor::Reply;

/// The last candle of a UTC day is ready this long after midnight.
const DAILY_LAG_MS: i64 = 35 * MINUTE_MS;
/// Highs and lows are searched on this grid, so that a day agrees with its hours.
const SAMPLING_MS: i64 = 15 * MINUTE_MS;

#[derive(Debug, Serialize)]
struct Candle(i64, f64, f64, f64, f64);

/// Answers `/coins/{id}/ohlc`.
pub(super) fn by_days(ask: &Ask<'_>) -> Result<Reply, Reply> {
    ask.required("vs_currency")?;
    let text = ask.required("days")?;
    if !["1", "7", "14", "30", "90", "180", "365", "max"].contains(&text) {
        return Err(errors::invalid("days"));
    }
    let days = Days::parse(text).ok_or_else(|| errors::invalid("days"))?;
    let entity = ask.coin()?;
    let begins_ms = days.begins_ms(ask.now_ms(), entity.listed_ms);
    let width_ms = match ask.optional("interval") {
        None => automatic_width_ms(days),
        Some(interval) => {
            ask.at_least(Plan::Basic)?;
            asked_width_ms(interval, days)?
        }
    };
    ask.within_history(if days == Days::Max {
        i64::MIN
    } else {
        begins_ms
    })?;
    candles(ask, width_ms, begins_ms, ask.now_ms(), true)
}

/// Answers `/coins/{id}/ohlc/range`.
pub(super) fn by_range(ask: &Ask<'_>) -> Result<Reply, Reply> {
    ask.at_least(Plan::Analyst)?;
    ask.required("vs_currency")?;
    let (from_ms, to_ms) = ask.window()?;
    let (width_ms, most_days) = match ask.required("interval")? {
        "daily" => (DAY_MS, 180),
        "hourly" => (HOUR_MS, 31),
        _ => return Err(errors::invalid("interval")),
    };
    if to_ms - from_ms > most_days * DAY_MS {
        return Err(errors::invalid("date range"));
    }
    candles(ask, width_ms, from_ms.max(FINE_BEGINS_MS), to_ms, false)
}

fn automatic_width_ms(days: Days) -> i64 {
    match days {
        Days::Count(count) if count <= 2.0 => 30 * MINUTE_MS,
        Days::Count(count) if count <= 30.0 => 4 * HOUR_MS,
        _ => 4 * DAY_MS,
    }
}

fn asked_width_ms(interval: &str, days: Days) -> Result<i64, Reply> {
    match (interval, days) {
        ("daily", Days::Count(count)) if count <= 180.0 => Ok(DAY_MS),
        ("hourly", Days::Count(count)) if count <= 90.0 => Ok(HOUR_MS),
        _ => Err(errors::invalid("interval")),
    }
}

/// Writes the candles that close in `[from, to]`. With `open_one`, the candle still open follows, stamped with the
/// instant of its last sample: what the vendor does there is not established.
fn candles(
    ask: &Ask<'_>,
    width_ms: i64,
    from_ms: i64,
    to_ms: i64,
    open_one: bool,
) -> Result<Reply, Reply> {
    let (entity, quote, precision) = (ask.coin()?, ask.vs_currency()?, ask.precision()?);
    let lane = Lane {
        world: ask.world,
        entity,
        quote: &quote,
    };
    let now_ms = ask.now_ms();
    let ready = |close_ms: i64| width_ms < DAY_MS || close_ms + DAILY_LAG_MS <= now_ms;
    let mut close_ms = ceil_to(from_ms.max(entity.listed_ms + 1), width_ms);
    let mut candles = Vec::new();
    while close_ms <= to_ms.min(now_ms) && ready(close_ms) {
        candles.extend(candle(&lane, precision, close_ms - width_ms, close_ms));
        close_ms += width_ms;
    }
    if let Some(live_ms) = lane.live_ms(now_ms).filter(|_| open_one) {
        let open_ms = floor_to(live_ms, width_ms);
        candles.extend(
            (live_ms > open_ms)
                .then(|| candle(&lane, precision, open_ms, live_ms))
                .flatten(),
        );
    }
    Ok(json(&candles))
}

fn candle(lane: &Lane<'_>, precision: Precision, open_ms: i64, close_ms: i64) -> Option<Candle> {
    let first_ms = open_ms.max(lane.entity.listed_ms);
    let grid = (ceil_to(first_ms, SAMPLING_MS)..close_ms).step_by(step());
    let instants = std::iter::once(first_ms)
        .chain(grid)
        .chain(std::iter::once(close_ms));
    let prices: Vec<f64> = instants
        .filter_map(|at| lane.value(Metric::Price, at))
        .collect();
    let (open, close) = (*prices.first()?, *prices.last()?);
    let high = prices.iter().copied().fold(open, f64::max);
    let low = prices.iter().copied().fold(open, f64::min);
    let [open, high, low, close] = [open, high, low, close].map(|price| precision.round(price));
    Some(Candle(close_ms, open, high, low, close))
}

fn step() -> usize {
    usize::try_from(SAMPLING_MS).unwrap_or(usize::MAX)
}
