//! The yields host: pools and their history, and the funding rates that live beside them.

use serde::Serialize;
use serde_json::{Value, json};

use super::numbers::{Num, json as reply, rounded};
use super::roster::{Pool, Roster};
use super::{Ask, errors};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, ceil_to, floor_to, iso};
use crate::truth::Metric;
use crate::vendor::Reply;

/// 2022-02-11: no history of a pool is older.
const BEGINS_MS: i64 = 1_644_537_600_000;

/// A pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Yield {
    pub(super) tvl_usd: f64,
    /// Percents; together null on some days.
    pub(super) apy: Option<f64>,
    pub(super) base: Option<f64>,
    pub(super) reward: Option<f64>,
}

impl Roster {
    /// Returns a pool's numbers at an instant. One pool in 40 pays less than nothing, one in 90 is absurd, half pay
    /// rewards.
    pub(super) fn yield_at(&self, pool: &Pool, at_ms: i64) -> Option<Yield> {
        let hash = pool.entity.hash;
        let draw = |salt: u64| chance::unit(chance::pair(hash, salt));
        let level = match chance::below(chance::pair(hash, 95), 90) {
            0 => 1e6,
            1..4 => -1.2,
            _ => 10f64.powf(1.6 * draw(96)),
        };
        let base = rounded(level * self.world.drift(&pool.entity, 11, 0.4, at_ms)?, 1e5);
        let reward = (draw(97) < 0.5)
            .then(|| self.world.drift(&pool.entity, 12, 0.6, at_ms))
            .flatten()
            .map(|drift| rounded(3.0 * draw(98) * drift, 1e5));
        let day = chance::at(chance::pair(hash, 99), floor_to(at_ms, DAY_MS));
        let known = chance::below(day, 250) > 0;
        Some(Yield {
            tvl_usd: self.world.value(&pool.entity, Metric::Tvl, at_ms)?.round(),
            apy: known.then(|| rounded(base + reward.unwrap_or(0.0), 1e5)),
            base: known.then_some(base),
            reward: reward.filter(|_| known),
        })
    }

    /// Returns the instants of a pool's history as of `now_ms`: the last snapshot of each day, today's being the last
    /// there is. One day in 500 is missing.
    pub(super) fn pool_stamps(&self, pool: &Pool, now_ms: i64) -> Vec<(i64, i64)> {
        let listed_ms = ceil_to(pool.entity.listed_ms, DAY_MS);
        let late_ms = MINUTE_MS + SECOND_MS * chance::below(pool.entity.hash, 60) + 123;
        let mut stamps = Vec::new();
        let mut day_ms = listed_ms.max(BEGINS_MS);
        while day_ms <= now_ms {
            let last_ms =
                floor_to(now_ms - late_ms, HOUR_MS).min(day_ms + DAY_MS - HOUR_MS) + late_ms;
            let missing = chance::at(pool.entity.hash, day_ms).is_multiple_of(500);
            let alive = pool.entity.alive_at(last_ms);
            if last_ms >= day_ms && alive && !missing {
                stamps.push((day_ms, last_ms));
            }
            day_ms += DAY_MS;
        }
        stamps
    }
}

#[derive(Debug, Serialize)]
struct Answer {
    status: &'static str,
    data: Vec<Value>,
}

fn success(data: Vec<Value>) -> Reply {
    reply(&Answer {
        status: "success",
        data,
    })
}

/// Answers `/pools`, the largest first.
pub(super) fn pools(ask: &Ask<'_>) -> Reply {
    let (roster, at_ms) = (ask.roster, floor_to(ask.now_ms(), HOUR_MS));
    let known = roster
        .pools
        .iter()
        .filter_map(|pool| Some((pool, roster.yield_at(pool, at_ms)?)));
    let mut known: Vec<(&Pool, Yield)> = known.collect();
    known.sort_by(|(a, x), (b, y)| {
        y.tvl_usd
            .total_cmp(&x.tvl_usd)
            .then_with(|| a.uuid.cmp(&b.uuid))
    });
    let rows = known
        .into_iter()
        .filter_map(|(pool, now)| row(roster, pool, now, at_ms));
    success(rows.collect())
}

fn row(roster: &Roster, pool: &Pool, now: Yield, at_ms: i64) -> Option<Value> {
    let leaf = roster.leaves.get(pool.leaf)?;
    let (home, _) = leaf.chains.first()?;
    let hash = pool.entity.hash;
    let number = |value: Option<f64>| value.map(Num);
    let moved = |days: i64| {
        let before = roster.yield_at(pool, at_ms - days * DAY_MS)?.apy?;
        Some(Num(rounded(now.apy? - before, 1e5)))
    };
    let multi = hash.is_multiple_of(3);
    Some(json!({
        "chain": roster.chains.get(*home)?.name,
        "project": leaf.slug,
        "symbol": if multi { format!("USDC-{}", leaf.entity.symbol) } else { leaf.entity.symbol.clone() }.to_uppercase(),
        "tvlUsd": Num(now.tvl_usd),
        "apyBase": number(now.base),
        "apyReward": number(now.reward),
        "apy": number(now.apy),
        "rewardTokens": now.reward.map(|_| ["0x940181a94a35a4569e4529a3cdfb74e38fd98631"]),
        "pool": pool.uuid,
        "apyPct1D": moved(1),
        "apyPct7D": moved(7),
        "apyPct30D": moved(30),
        "stablecoin": hash.is_multiple_of(5),
        "ilRisk": if multi { "yes" } else { "no" },
        "exposure": if multi { "multi" } else { "single" },
        "predictions": { "predictedClass": null, "predictedProbability": null, "binnedConfidence": null },
        "poolMeta": null,
        "mu": 3.7747,
        "sigma": 0.05236,
        "count": roster.pool_stamps(pool, at_ms).len(),
        "outlier": now.base.is_some_and(|base| base > 1e5),
        "underlyingTokens": match hash % 4 {
            0 => Value::Null,
            1 => json!(["0x833589fcd6edb6e08f4c7c32d4f71b54bda02913", null]),
            _ => json!(["0x0000000000000000000000000000000000000000"]),
        },
        "il7d": null,
        "apyBase7d": null,
        "apyMean30d": number(now.apy),
        "volumeUsd1d": multi.then(|| Num(rounded(now.tvl_usd * 0.1, 1e2))),
        "volumeUsd7d": multi.then(|| Num(rounded(now.tvl_usd * 0.7, 1e2))),
        "apyBaseInception": null,
    }))
}

/// Answers `/chart/{uuid}`. The amount is a string for one pool in four, as a big integer of the vendor's database can
/// be. An unknown pool has no rows.
pub(super) fn chart(ask: &Ask<'_>, uuid: &str) -> Reply {
    if !is_uuid(uuid) {
        return errors::bad_pool();
    }
    let (roster, wanted) = (ask.roster, uuid.to_ascii_lowercase());
    let Some(pool) = roster.pools.iter().find(|pool| pool.uuid == wanted) else {
        return success(Vec::new());
    };
    let as_text = pool.entity.hash.is_multiple_of(4);
    let rows = roster.pool_stamps(pool, ask.now_ms()).into_iter().filter_map(|(_, at_ms)| {
        let one = roster.yield_at(pool, at_ms)?;
        let number = |value: Option<f64>| value.map(Num);
        Some(json!({
            "timestamp": iso(at_ms),
            "tvlUsd": if as_text { json!(format!("{:.0}", one.tvl_usd)) } else { json!(Num(one.tvl_usd)) },
            "apy": number(one.apy),
            "apyBase": number(one.base),
            "apyReward": number(one.reward),
            "il7d": null,
            "apyBase7d": null,
            "pricePerShare": null,
        }))
    });
    success(rows.collect())
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = text
        .chars()
        .all(|letter| letter == '-' || letter.is_ascii_hexdigit());
    hex && lengths == [8, 4, 4, 4, 12]
}

/// Answers the funding rates of perpetuals: rates are fractions per interval, the last time is in milliseconds.
pub(super) fn perps(ask: &Ask<'_>) -> Reply {
    let (world, at_ms) = (&ask.roster.world, floor_to(ask.now_ms(), HOUR_MS));
    let mut rows = Vec::new();
    for entity in world
        .entities
        .iter()
        .filter(|entity| entity.alive_at(at_ms))
    {
        for traded in &entity.velo_products {
            let (venue, market) = (&traded.exchange, &traded.product);
            let salt = chance::text(&format!("{venue}:{market}"));
            let rate = |ms: i64| {
                let drift = world.drift(entity, salt, 0.8, ms)?;
                Some(Num(rounded((drift - 0.9) * 1e-4, 1e9)))
            };
            let interval_ms = 8 * HOUR_MS;
            let mean = |days: i64| {
                let steps = (0..days * 3).filter_map(|step| rate(at_ms - step * interval_ms));
                let rates: Vec<f64> = steps.map(|rate| rate.0).collect();
                let sum: f64 = rates.iter().sum();
                let count = f64::from(u32::try_from(rates.len()).unwrap_or(1).max(1));
                (Num(sum / count), Num(sum))
            };
            let ((week, week_sum), (month, month_sum)) = (mean(7), mean(30));
            let volume = world.value(entity, Metric::Volume24h, at_ms);
            rows.push(json!({
                "perp_id": format!("{venue}-{market}"),
                "timestamp": iso(at_ms),
                "marketplace": venue,
                "market": market,
                "baseAsset": entity.velo_coin,
                "fundingRate": rate(at_ms),
                "fundingRatePrevious": rate(at_ms - interval_ms),
                "fundingTimePrevious": floor_to(at_ms, interval_ms),
                "openInterest": volume.map(|usd| Num(rounded(usd * 0.05, 1e2))),
                "indexPrice": world.value(entity, Metric::Price, at_ms).map(Num),
                "fundingRate7dAverage": week,
                "fundingRate7dSum": week_sum,
                "fundingRate30dAverage": month,
                "fundingRate30dSum": month_sum,
            }));
        }
    }
    success(rows)
}
