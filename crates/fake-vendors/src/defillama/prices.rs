//! The coins host. Unknown ids are left out without a word, and keys come back as they were written.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::names::{chain_of_notation, platform};
use super::numbers::{Fields, Num, json as reply, seconds};
use super::records::{Coin, Record, span_ms};
use super::roster::BEGINS_MS;
use super::{Ask, errors};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS, SECOND_MS, floor_to};
use crate::vendor::Reply;

/// Most points of a chart, whatever `span` says.
const MOST_POINTS: i64 = 100_000;
const MAX_BATCH_WIDTH_MS: i64 = 2 * DAY_MS;

#[derive(Debug, Serialize)]
struct Coins<V> {
    coins: Fields<String, V>,
}

#[derive(Debug, Serialize)]
struct Price {
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<i64>,
    symbol: String,
    price: Num,
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
}

/// Returns the coins of a comma-separated list, each with its key as written, once.
fn coins(ask: &Ask<'_>, list: &str) -> Result<Vec<(String, Coin)>, Reply> {
    let mut keys: Vec<&str> = list
        .split(',')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .collect();
    if keys.is_empty() {
        return Err(errors::no_coins());
    }
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(*key));
    let known = keys
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), named(ask, key)?)));
    Ok(known.collect())
}

fn named(ask: &Ask<'_>, key: &str) -> Option<Coin> {
    Coin::named(&ask.roster.world, key, ask.roster.plan)
}

fn each<V>(coins: Vec<(String, Coin)>, value: impl Fn(&Coin) -> Option<V>) -> Coins<V> {
    let known = coins
        .into_iter()
        .filter_map(|(key, coin)| Some((key, value(&coin)?)));
    Coins {
        coins: Fields(known.collect()),
    }
}

fn price(coin: &Coin, record: Record) -> Price {
    Price {
        decimals: coin.decimals,
        symbol: coin.entity.symbol.to_uppercase(),
        price: Num(record.price),
        timestamp: seconds(record.ms),
        confidence: record.confidence,
    }
}

/// Refuses parameters that are not among `names`, and `searchWidth` where the plan says so.
fn only(ask: &Ask<'_>, names: &[&str]) -> Result<(), Reply> {
    let refused = ask.call.query.iter().find(|(name, _)| {
        let width = name == "searchWidth" && ask.roster.plan.search_width_refused;
        width || !names.contains(&name.as_str())
    });
    refused.map_or(Ok(()), |(name, _)| Err(errors::unknown_parameter(name)))
}

/// Reads `searchWidth`. What is no span makes the server fail inside.
fn width(ask: &Ask<'_>, default_ms: i64) -> Result<i64, Reply> {
    match ask.call.param("searchWidth") {
        None => Ok(default_ms),
        Some(text) => span_ms(text).ok_or_else(errors::coins_internal),
    }
}

/// Reads UNIX seconds, fractions allowed.
fn instant(text: &str) -> Option<i64> {
    let seconds: f64 = text.trim().parse().ok()?;
    let ms = super::numbers::whole((seconds * 1e3).round())?;
    (ms >= 0).then_some(ms)
}

/// Answers `/prices/current/{coins}`.
pub(super) fn current(ask: &Ask<'_>, list: &str) -> Result<Reply, Reply> {
    only(ask, &["searchWidth"])?;
    let width_ms = width(ask, 12 * HOUR_MS)?;
    let (world, now_ms) = (&ask.roster.world, ask.now_ms());
    let found = |coin: &Coin| Some(price(coin, coin.nearest(world, now_ms, width_ms, now_ms)?));
    Ok(reply(&each(coins(ask, list)?, found)))
}

/// Answers `/prices/historical/{ts}/{coins}`.
pub(super) fn historical(ask: &Ask<'_>, at: &str, list: &str) -> Result<Reply, Reply> {
    only(ask, &["searchWidth"])?;
    let at_ms = instant(at).ok_or_else(errors::coins_internal)?;
    let width_ms = width(ask, 6 * HOUR_MS)?;
    let (world, now_ms) = (&ask.roster.world, ask.now_ms());
    let found = |coin: &Coin| Some(price(coin, coin.nearest(world, at_ms, width_ms, now_ms)?));
    Ok(reply(&each(coins(ask, list)?, found)))
}

/// Answers `/prices/first/{coins}`.
pub(super) fn first(ask: &Ask<'_>, list: &str) -> Result<Reply, Reply> {
    only(ask, &[])?;
    let (world, now_ms) = (&ask.roster.world, ask.now_ms());
    let found = |coin: &Coin| {
        let record = coin.first(world, now_ms)?;
        Some(json!({
            "price": Num(record.price),
            "symbol": coin.entity.symbol.to_uppercase(),
            "timestamp": seconds(record.ms),
        }))
    };
    Ok(reply(&each(coins(ask, list)?, found)))
}

#[derive(Debug, Serialize)]
struct Point {
    timestamp: i64,
    price: Num,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Series {
    symbol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<i64>,
    prices: Vec<Point>,
}

/// Answers `/batchHistorical`: in no order, with repetitions where two instants have one record.
pub(super) fn batch(ask: &Ask<'_>) -> Result<Reply, Reply> {
    only(ask, &["coins", "searchWidth"])?;
    let text = ask.call.param("coins").ok_or_else(errors::no_coins)?;
    let asked: BTreeMap<String, Vec<f64>> =
        serde_json::from_str(text).map_err(|_| errors::coins_internal())?;
    if asked.is_empty() {
        return Err(errors::no_coins());
    }
    let width_ms = width(ask, 6 * HOUR_MS)?.min(MAX_BATCH_WIDTH_MS);
    let (world, now_ms) = (&ask.roster.world, ask.now_ms());
    let series = |coin: &Coin, instants: Vec<f64>| {
        let found = instants.into_iter().filter_map(|at| {
            let at_ms = super::numbers::whole((at * 1e3).round())?;
            coin.nearest(world, at_ms, width_ms, now_ms)
        });
        let mut records: Vec<Record> = found.collect();
        records.sort_by_key(|record| chance::at(coin.entity.hash, record.ms));
        let points = records.into_iter().map(|record| Point {
            timestamp: seconds(record.ms),
            price: Num(record.price),
            confidence: record.confidence,
        });
        Series {
            symbol: coin.entity.symbol.to_uppercase(),
            confidence: None,
            decimals: None,
            prices: points.collect(),
        }
    };
    let known = asked.into_iter().filter_map(|(key, instants)| {
        let coin = named(ask, &key)?;
        let series = series(&coin, instants);
        (!series.prices.is_empty()).then_some((key, series))
    });
    Ok(reply(&Coins {
        coins: Fields(known.collect()),
    }))
}

/// Returns the instants a chart asks for, ascending.
///
/// Whether `span` points are meant or one more depends on the server's age. A chart without any parameter fails inside.
fn instants(ask: &Ask<'_>, period_ms: i64) -> Result<Vec<i64>, Reply> {
    let side = |name: &str| match ask.call.param(name) {
        None => Ok(None),
        Some(text) => instant(text).map(Some).ok_or_else(errors::coins_internal),
    };
    let (start, end) = (side("start")?, side("end")?);
    let span: u32 = ask
        .call
        .param("span")
        .unwrap_or("0")
        .parse()
        .map_err(|_| errors::bad_span())?;
    let count = i64::from(span) + i64::from(ask.roster.plan.span_plus_one);
    let steps = 0..count.min(MOST_POINTS);
    match (start, end) {
        (Some(_), Some(_)) => Err(errors::both_ends()),
        (None, Some(end)) => Ok(steps.rev().map(|step| end - step * period_ms).collect()),
        (start, None) => {
            let start = start.unwrap_or(BEGINS_MS);
            Ok(steps.map(|step| start + step * period_ms).collect())
        }
    }
}

/// Answers `/chart/{coins}`: per instant the nearest record, each once. What is too far from its instant is missing.
pub(super) fn chart(ask: &Ask<'_>, list: &str) -> Result<Reply, Reply> {
    if ask.call.query.is_empty() {
        return Err(errors::coins_internal());
    }
    only(ask, &["start", "end", "span", "period", "searchWidth"])?;
    let period_ms = match ask.call.param("period") {
        None => DAY_MS,
        Some(text) => span_ms(text)
            .filter(|ms| *ms > 0)
            .ok_or_else(errors::coins_internal)?,
    };
    let instants = instants(ask, period_ms)?;
    let width_ms = width(ask, period_ms / 10)?;
    let (world, now_ms) = (&ask.roster.world, ask.now_ms());
    let series = |coin: &Coin| {
        let found = instants
            .iter()
            .filter_map(|at_ms| coin.nearest(world, *at_ms, width_ms, now_ms));
        let mut records: Vec<Record> = found.collect();
        records.dedup_by_key(|record| record.ms);
        let distressed = records.last().is_some_and(|record| record.price <= 0.0);
        let points = records.into_iter().map(|record| Point {
            timestamp: seconds(record.ms),
            price: Num(record.price),
            confidence: None,
        });
        let series = Series {
            symbol: coin.entity.symbol.to_uppercase(),
            confidence: if distressed {
                Some(1.01)
            } else {
                coin.confidence()
            },
            decimals: coin.decimals,
            prices: points.collect(),
        };
        (!series.prices.is_empty()).then_some(series)
    };
    Ok(reply(&each(coins(ask, list)?, series)))
}

/// Answers `/percentage/{coins}`: percents, backward from `timestamp` or forward.
pub(super) fn percentage(ask: &Ask<'_>, list: &str) -> Result<Reply, Reply> {
    only(ask, &["timestamp", "lookForward", "period", "searchWidth"])?;
    let now_ms = ask.now_ms();
    let at_ms = match ask.call.param("timestamp") {
        None => now_ms,
        Some(text) => instant(text).ok_or_else(errors::coins_internal)?,
    };
    let period_ms = match ask.call.param("period") {
        None => DAY_MS,
        Some(text) => span_ms(text).ok_or_else(errors::coins_internal)?,
    };
    let (from_ms, to_ms) = if ask.flag("lookForward") {
        (at_ms, at_ms + period_ms)
    } else {
        (at_ms - period_ms, at_ms)
    };
    let world = &ask.roster.world;
    let change = |coin: &Coin| {
        let price = |ms: i64| Some(coin.nearest(world, ms, HOUR_MS, now_ms)?.price);
        let percent = (price(to_ms)? / price(from_ms)? - 1.0) * 100.0;
        percent.is_finite().then_some(Num(percent))
    };
    Ok(reply(&each(coins(ask, list)?, change)))
}

/// Answers `/block/{chain}/{ts}`: the last block at or before an instant, on a chain with one every twelve seconds.
pub(super) fn block(ask: &Ask<'_>, chain: &str, at: &str) -> Result<Reply, Reply> {
    let at_ms = instant(at).ok_or_else(errors::no_block)?.min(ask.now_ms());
    let name = chain_of_notation(chain).unwrap_or(chain);
    let found = ask
        .roster
        .chain(name, true, ask.now_ms())
        .and_then(|index| ask.roster.chains.get(index));
    let listed_ms = found
        .map(|chain| chain.entity.listed_ms)
        .ok_or_else(errors::no_block)?;
    if at_ms < listed_ms {
        return Err(errors::no_block());
    }
    let offset_ms = SECOND_MS * chance::below(chance::text(platform(chain)), 12);
    let at_ms = floor_to(at_ms - offset_ms, 12 * SECOND_MS) + offset_ms;
    let height = (at_ms - listed_ms) / (12 * SECOND_MS) + 1;
    Ok(reply(
        &json!({ "height": height, "timestamp": seconds(at_ms) }) as &Value,
    ))
}
