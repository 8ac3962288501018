//! `/coins/markets`: the live table.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chart::json as reply;
use super::numbers::{Precision, amount, decimal};
use super::params::Ask;
use super::series::Lane;
use super::{Quote, errors};
use crate::chance;
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, iso};
use crate::truth::Metric;
use crate::vendor::Reply;
use crate::world::WorldState;

/// Most ids in one request, and most rows in one answer.
const MOST: usize = 250;

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    symbol: String,
    name: String,
    image: String,
    current_price: Value,
    market_cap: Value,
    market_cap_rank: Option<usize>,
    fully_diluted_valuation: Value,
    total_volume: Value,
    high_24h: Value,
    low_24h: Value,
    price_change_24h: Value,
    price_change_percentage_24h: Value,
    market_cap_change_24h: Value,
    market_cap_change_percentage_24h: Value,
    circulating_supply: Value,
    total_supply: Value,
    max_supply: Value,
    ath: Value,
    ath_change_percentage: Value,
    ath_date: Value,
    atl: Value,
    atl_change_percentage: Value,
    atl_date: Value,
    roi: Value,
    last_updated: Value,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Answers the request. Unknown and inactive ids are left out without a word.
pub(super) fn rows(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let (quote, precision) = (ask.vs_currency()?, ask.precision()?);
    if ask.list("ids").is_some_and(|ids| ids.len() > MOST) {
        return Err(errors::too_many_ids(ask.now_ms(), MOST));
    }
    let (page, per_page) = paging(ask)?;
    let ranks = ranks(ask);
    let mut coins = chosen(ask).unwrap_or_else(|| active(ask).collect());
    sort(ask, &mut coins, &ranks);
    let total = coins.len();
    let rows: Vec<Row> = coins
        .into_iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .map(|entity| {
            row(
                ask,
                &Lane {
                    world: ask.world,
                    entity,
                    quote: &quote,
                },
                precision,
                &ranks,
            )
        })
        .collect();
    let next = format!(
        "<https://api.coingecko.com/api/v3/coins/markets?page={}>; rel=\"next\"",
        page + 1
    );
    let mut reply = reply(&rows)
        .with("total", total.to_string())
        .with("per-page", per_page.to_string());
    if page.saturating_mul(per_page) < total {
        reply = reply.with("link", next);
    }
    Ok(reply)
}

/// Returns page and rows per page: 100 where not said, never more than 250.
fn paging(ask: &Ask<'_>) -> Result<(usize, usize), Reply> {
    let number = |name: &str, default: usize| match ask.optional(name).map(str::parse::<usize>) {
        None => Ok(default),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(errors::invalid(name)),
    };
    Ok((number("page", 1)?, number("per_page", 100)?.min(MOST)))
}

fn active<'a>(ask: &Ask<'a>) -> impl Iterator<Item = &'a Arc<Entity>> {
    let now_ms = ask.now_ms();
    ask.world
        .coins()
        .filter(move |entity| entity.active_at(now_ms))
}

/// Returns the coins that `category`, `ids`, `names` or `symbols` pick, the first of these that is given.
///
/// Categories are few: stablecoins and `DeFi` protocols; others are empty.
pub(super) fn chosen<'a>(ask: &Ask<'a>) -> Option<Vec<&'a Arc<Entity>>> {
    if let Some(category) = ask.optional("category") {
        let kind = match category {
            "stablecoins" => "stablecoin",
            "decentralized-finance-defi" => "protocol",
            _ => "",
        };
        return Some(active(ask).filter(|entity| entity.kind == kind).collect());
    }
    if let Some(mut ids) = ask.list("ids") {
        ids.sort_unstable();
        ids.dedup();
        let known = ids.into_iter().filter_map(|id| ask.world.coin(id));
        return Some(
            known
                .filter(|entity| entity.active_at(ask.now_ms()))
                .collect(),
        );
    }
    let among =
        |wanted: &[&str], own: &str| wanted.iter().any(|name| name.eq_ignore_ascii_case(own));
    if let Some(names) = ask.list("names") {
        return Some(
            active(ask)
                .filter(|entity| among(&names, &entity.name))
                .collect(),
        );
    }
    let symbols = ask.list("symbols")?;
    let mut coins: Vec<_> = active(ask)
        .filter(|entity| among(&symbols, &entity.symbol))
        .collect();
    if ask.optional("include_tokens") != Some("all") {
        // `top`: the largest of those that share a symbol.
        let ranks = ranks(ask);
        let rank = |entity: &Entity| ranks.get(&entity.hash).copied().unwrap_or(usize::MAX);
        coins.sort_by_key(|entity| (entity.symbol.to_ascii_lowercase(), rank(entity)));
        coins.dedup_by(|b, a| a.symbol.eq_ignore_ascii_case(&b.symbol));
    }
    Some(coins)
}

/// Returns every coin's rank by market cap, for those that have one.
fn ranks(ask: &Ask<'_>) -> HashMap<u64, usize> {
    let mut caps: Vec<(f64, u64)> = active(ask)
        .filter_map(|coin| {
            Some((
                ask.world.value(coin, Metric::MarketCap, ask.now_ms())?,
                coin.hash,
            ))
        })
        .collect();
    caps.sort_by(|a, b| b.0.total_cmp(&a.0));
    caps.into_iter()
        .zip(1..)
        .map(|((_, hash), rank)| (hash, rank))
        .collect()
}

fn sort(ask: &Ask<'_>, coins: &mut [&Arc<Entity>], ranks: &HashMap<u64, usize>) {
    let rank = |entity: &Entity| ranks.get(&entity.hash).copied();
    let volume = |entity: &Entity| {
        ask.world
            .value(entity, Metric::Volume24h, ask.now_ms())
            .unwrap_or(0.0)
    };
    let by_id = |a: &Entity, b: &Entity| a.coingecko_id.cmp(&b.coingecko_id);
    let unranked_last = |a: &Entity, b: &Entity| rank(a).is_none().cmp(&rank(b).is_none());
    coins.sort_by(|a, b| match ask.optional("order") {
        Some("id_asc") => by_id(a, b),
        Some("id_desc") => by_id(b, a),
        Some("volume_asc") => volume(a).total_cmp(&volume(b)).then_with(|| by_id(a, b)),
        Some("volume_desc") => volume(b).total_cmp(&volume(a)).then_with(|| by_id(a, b)),
        Some("market_cap_asc") => unranked_last(a, b).then_with(|| rank(b).cmp(&rank(a))),
        _ => unranked_last(a, b).then_with(|| rank(a).cmp(&rank(b))),
    });
}

fn row(ask: &Ask<'_>, lane: &Lane<'_>, precision: Precision, ranks: &HashMap<u64, usize>) -> Row {
    let entity = lane.entity;
    let id = entity.coingecko_id.clone().unwrap_or_default();
    let live_ms = lane.live_ms(ask.now_ms());
    let live = |metric: Metric| live_ms.and_then(|at_ms| lane.value(metric, at_ms));
    let before = |metric: Metric| live_ms.and_then(|at_ms| lane.value(metric, at_ms - DAY_MS));
    let (price, cap) = (live(Metric::Price), live(Metric::MarketCap));
    let (price_before, cap_before) = (before(Metric::Price), before(Metric::MarketCap));
    let (high, low) = day_bounds(lane, live_ms);
    let [(ath, ath_ms), (atl, atl_ms)] = life_bounds(lane, live_ms);
    Row {
        image: format!("https://coin-images.coingecko.com/coins/images/1/large/{id}.png"),
        id,
        symbol: entity.symbol.clone(),
        name: entity.name.clone(),
        current_price: precision.price(price),
        market_cap: amount(live_ms.and_then(|at_ms| lane.market_cap(at_ms))),
        market_cap_rank: ranks.get(&entity.hash).copied(),
        fully_diluted_valuation: amount(live(Metric::Fdv)),
        total_volume: amount(live(Metric::Volume24h)),
        high_24h: precision.price(high),
        low_24h: precision.price(low),
        price_change_24h: json!(difference(price, price_before)),
        price_change_percentage_24h: percent(price, price_before),
        market_cap_change_24h: json!(difference(cap, cap_before)),
        market_cap_change_percentage_24h: percent(cap, cap_before),
        circulating_supply: json!(live(Metric::CirculatingSupply)),
        total_supply: json!(live(Metric::TotalSupply)),
        max_supply: json!(entity.max_supply),
        ath: precision.price(ath),
        ath_change_percentage: percent(price, ath),
        ath_date: ath.map_or(Value::Null, |_| json!(iso(ath_ms))),
        atl: precision.price(atl),
        atl_change_percentage: percent(price, atl),
        atl_date: atl.map_or(Value::Null, |_| json!(iso(atl_ms))),
        roi: roi(entity, price),
        last_updated: json!(live_ms.map(iso)),
        extra: extra(ask, lane, live_ms),
    }
}

/// Returns the highest and lowest of the trailing day, by hourly samples.
fn day_bounds(lane: &Lane<'_>, live_ms: Option<i64>) -> (Option<f64>, Option<f64>) {
    let Some(at_ms) = live_ms else {
        return (None, None);
    };
    let prices: Vec<f64> = (0..=24)
        .filter_map(|hours| lane.value(Metric::Price, at_ms - hours * HOUR_MS))
        .collect();
    (
        prices.iter().copied().reduce(f64::max),
        prices.iter().copied().reduce(f64::min),
    )
}

/// Returns all-time high and low: the bounds no price passes, on some day of the coin's life.
fn life_bounds(lane: &Lane<'_>, live_ms: Option<i64>) -> [(Option<f64>, i64); 2] {
    let Some(at_ms) = live_ms else {
        return [(None, 0), (None, 0)];
    };
    let rate = lane.quote.per_usd(lane.world, at_ms);
    let (high, low) = WorldState::price_bounds(lane.entity);
    let life_ms = at_ms - lane.entity.listed_ms;
    let some_day = |salt: u64| {
        lane.entity.listed_ms + chance::below(chance::pair(lane.entity.hash, salt), life_ms)
    };
    [
        (Some(high * rate), some_day(31)),
        (Some(low * rate), some_day(32)),
    ]
}

/// Ethereum alone shows a return on its sale.
fn roi(entity: &Entity, price: Option<f64>) -> Value {
    match price {
        Some(_) if entity.coingecko_id.as_deref() == Some("ethereum") => {
            json!({ "times": 28.93201, "currency": "btc", "percentage": 2893.20143 })
        }
        _ => Value::Null,
    }
}

fn difference(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(now? - before?)
}

/// Percent, not a fraction, with five decimals.
fn percent(now: Option<f64>, before: Option<f64>) -> Value {
    json!(
        now.zip(before)
            .map(|(now, before)| decimal((now / before - 1.0) * 100.0, 5))
    )
}

/// Returns the columns that come only when asked for.
fn extra(ask: &Ask<'_>, lane: &Lane<'_>, live_ms: Option<i64>) -> Map<String, Value> {
    let mut extra = Map::new();
    let price_at = |at_ms: i64| lane.value(Metric::Price, at_ms);
    for period in ask.list("price_change_percentage").unwrap_or_default() {
        let Some(ago_ms) = period_ms(period) else {
            continue;
        };
        let now = live_ms.and_then(price_at);
        let before = live_ms.and_then(|at_ms| price_at(at_ms - ago_ms));
        extra.insert(
            format!("price_change_percentage_{period}_in_currency"),
            percent(now, before),
        );
    }
    if ask.flag("sparkline") {
        let usd = Lane {
            quote: &Quote::usd(),
            ..*lane
        };
        let hours = (0..168).rev().filter_map(|hours| {
            live_ms.and_then(|at_ms| usd.value(Metric::Price, at_ms - hours * HOUR_MS))
        });
        let prices: Vec<f64> = hours.collect();
        extra.insert("sparkline_in_7d".to_owned(), json!({ "price": prices }));
    }
    extra
}

fn period_ms(period: &str) -> Option<i64> {
    match period {
        "1h" => Some(HOUR_MS),
        "24h" => Some(DAY_MS),
        "7d" => Some(7 * DAY_MS),
        "14d" => Some(14 * DAY_MS),
        "30d" => Some(30 * DAY_MS),
        "200d" => Some(200 * DAY_MS),
        "1y" => Some(365 * DAY_MS),
        _ => None,
    }
}
