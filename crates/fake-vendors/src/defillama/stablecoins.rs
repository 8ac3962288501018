//! The stablecoins host. Amounts are maps by peg; dates are strings in charts and numbers elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::numbers::{Num, json as reply, rounded, seconds};
use super::roster::{Roster, Stable};
use super::supply::Amount;
use super::{Ask, errors};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS, floor_to};
use crate::truth::Metric;
use crate::vendor::Reply;

/// Amounts by peg.
type Pegs = BTreeMap<&'static str, Num>;

fn pegs(stable: &Stable, amount: Option<f64>) -> Pegs {
    amount
        .map(|amount| (stable.peg, Num(amount)))
        .into_iter()
        .collect()
}

fn add(sums: &mut Pegs, peg: &'static str, amount: f64) {
    let sum = sums.entry(peg).or_insert(Num(0.0));
    sum.0 = rounded(sum.0 + amount, 1e2);
}

/// Answers `/stablecoins`. Amounts are in dollars here: supply times price. The price is null for one in eight, and
/// absent unless asked for.
pub(super) fn list(ask: &Ask<'_>) -> Reply {
    let (roster, now_ms) = (ask.roster, ask.now_ms());
    let known = roster
        .stables
        .iter()
        .filter(|stable| stable.entity.known_at(now_ms));
    let mut rows: Vec<(f64, Value)> = known
        .map(|stable| {
            let usd = roster
                .amount(stable, floor_to(now_ms, HOUR_MS))
                .map_or(0.0, |amount| amount.usd);
            (usd, row(ask, stable))
        })
        .collect();
    rows.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    let chains: Vec<Value> = chain_sums(roster, now_ms)
        .into_iter()
        .map(|(index, sums)| json!({ "totalCirculatingUSD": sums, "name": chain_name(roster, index) }))
        .collect();
    reply(&json!({ "peggedAssets": rows, "chains": chains }))
}

fn row(ask: &Ask<'_>, stable: &Stable) -> Value {
    let (roster, now_ms) = (ask.roster, ask.now_ms());
    let live_ms = floor_to(now_ms, HOUR_MS);
    let usd = |at_ms: i64| roster.amount(stable, at_ms).map(|amount| amount.usd);
    let on = |at_ms: i64, part: f64| pegs(stable, usd(at_ms).map(|usd| rounded(usd * part, 1e2)));
    let ages = [
        ("circulatingPrevDay", live_ms - DAY_MS),
        ("circulatingPrevWeek", live_ms - 7 * DAY_MS),
        ("circulatingPrevMonth", live_ms - 30 * DAY_MS),
    ];
    let mut row = base(stable);
    row.insert("circulating".into(), json!(on(live_ms, 1.0)));
    for (name, at_ms) in ages {
        row.insert(name.into(), json!(on(at_ms, 1.0)));
    }
    let mut chains = Map::new();
    for (index, part) in roster.spread_at(&stable.chains, live_ms) {
        let mut amounts = Map::new();
        amounts.insert("current".into(), json!(on(live_ms, part)));
        for (name, at_ms) in ages {
            amounts.insert(name.into(), json!(on(at_ms, part)));
        }
        chains.insert(chain_name(roster, index).to_owned(), Value::Object(amounts));
    }
    row.insert("chains".into(), chains.keys().cloned().collect());
    row.insert("chainCirculating".into(), Value::Object(chains));
    let ended = stable.entity.delisted_ms.filter(|end| *end <= now_ms);
    if let Some(end_ms) = ended {
        row.insert("deprecated".into(), json!(true));
        row.insert("deadFrom".into(), json!(seconds(end_ms)));
    }
    if ask.flag("includePrices") {
        let shown = !chance::pair(stable.entity.hash, 92).is_multiple_of(8);
        let price = roster
            .world
            .value(&stable.entity, Metric::Price, live_ms)
            .filter(|_| shown);
        row.insert("price".into(), json!(price.map(Num)));
    }
    Value::Object(row)
}

fn base(stable: &Stable) -> Map<String, Value> {
    let fields = json!({
        "id": stable.id,
        "name": stable.entity.name,
        "symbol": stable.entity.symbol.to_uppercase(),
        "gecko_id": stable.entity.coingecko_id,
        "pegType": stable.peg,
        "priceSource": "defillama",
        "pegMechanism": "fiat-backed",
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn chain_name(roster: &Roster, index: usize) -> &str {
    roster
        .chains
        .get(index)
        .map_or("", |chain| chain.name.as_str())
}

/// Returns what is on each chain now, in dollars.
fn chain_sums(roster: &Roster, now_ms: i64) -> BTreeMap<usize, Pegs> {
    let live_ms = floor_to(now_ms, HOUR_MS);
    let mut sums: BTreeMap<usize, Pegs> = BTreeMap::new();
    for stable in &roster.stables {
        let Some(amount) = roster.amount(stable, live_ms) else {
            continue;
        };
        for (index, part) in roster.spread_at(&stable.chains, live_ms) {
            add(
                sums.entry(index).or_default(),
                stable.peg,
                amount.usd * part,
            );
        }
    }
    sums
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Day {
    date: String,
    total_circulating: Pegs,
    total_unreleased: Pegs,
    #[serde(rename = "totalCirculatingUSD")]
    total_circulating_usd: Pegs,
    #[serde(rename = "totalMintedUSD")]
    total_minted_usd: Pegs,
    #[serde(rename = "totalBridgedToUSD")]
    total_bridged_to_usd: Pegs,
}

/// Finds the chain of a path: `all` is every one.
fn chain(ask: &Ask<'_>, name: &str) -> Result<Option<usize>, Reply> {
    if name == "all" {
        return Ok(None);
    }
    let found = ask.roster.chain(name, true, ask.now_ms());
    found.map(Some).ok_or_else(errors::unknown_stablecoin)
}

/// Returns the stablecoins asked for: the one of `stablecoin=`, else all.
fn chosen<'a>(ask: &Ask<'a>) -> Result<Vec<&'a Stable>, Reply> {
    match ask.call.param("stablecoin") {
        None => Ok(ask.roster.stables.iter().collect()),
        Some(id) => {
            let found = ask.roster.stable(id, ask.now_ms());
            found
                .map(|stable| vec![stable])
                .ok_or_else(errors::unknown_stablecoin)
        }
    }
}

/// Answers `/stablecoincharts/{chain}`. A chart begins with a day before anything circulates, whose maps are empty.
pub(super) fn charts(ask: &Ask<'_>, name: &str) -> Result<Reply, Reply> {
    let (chain, stables) = (chain(ask, name)?, chosen(ask)?);
    let days = totals(ask.roster, &stables, chain, ask.now_ms());
    let first = days
        .first()
        .map(|(day_ms, _)| (*day_ms - DAY_MS, Vec::new()));
    let rows = first.into_iter().chain(days).map(|(day_ms, amounts)| {
        let mut day = Day {
            date: seconds(day_ms).to_string(),
            total_circulating: Pegs::new(),
            total_unreleased: Pegs::new(),
            total_circulating_usd: Pegs::new(),
            total_minted_usd: Pegs::new(),
            total_bridged_to_usd: Pegs::new(),
        };
        for (peg, amount) in amounts {
            add(&mut day.total_circulating, peg, amount.native);
            add(&mut day.total_circulating_usd, peg, amount.usd);
            add(&mut day.total_unreleased, peg, 0.0);
            add(&mut day.total_minted_usd, peg, 0.0);
            add(&mut day.total_bridged_to_usd, peg, 0.0);
        }
        day
    });
    Ok(reply(&rows.collect::<Vec<Day>>()))
}

/// What circulates on one day, by peg, not yet added up.
type Circulating = Vec<(&'static str, Amount)>;

/// Returns the days with what circulates of some stablecoins, on a chain or everywhere.
pub(super) fn totals(
    roster: &Roster,
    stables: &[&Stable],
    chain: Option<usize>,
    now_ms: i64,
) -> Vec<(i64, Circulating)> {
    let mut days: BTreeMap<i64, Circulating> = BTreeMap::new();
    for stable in stables {
        let mut day_ms = stable.begins_ms();
        while day_ms <= now_ms {
            if let Some(amount) = roster.amount_at(stable, chain, day_ms, now_ms) {
                days.entry(day_ms).or_default().push((stable.peg, amount));
            }
            day_ms += DAY_MS;
        }
    }
    days.into_iter().collect()
}

/// Answers `/stablecoin/{id}`. Amounts are in the stablecoin's own unit. On the day before the first the amount is the
/// number 0, not a map; what is bridged holds an object beside the number.
pub(super) fn one(ask: &Ask<'_>, id: &str) -> Result<Reply, Reply> {
    let stable = ask
        .roster
        .stable(id, ask.now_ms())
        .ok_or_else(errors::unknown_stablecoin)?;
    let (roster, now_ms) = (ask.roster, ask.now_ms());
    let mut tokens = vec![json!({
        "date": seconds(stable.begins_ms() - DAY_MS),
        "circulating": 0,
        "minted": 0,
        "unreleased": 0,
    })];
    tokens.extend(history(ask, stable, None));
    let (mut balances, mut current) = (Map::new(), Map::new());
    for (index, part) in roster.spread_at(&stable.chains, now_ms) {
        let name = chain_name(roster, index).to_owned();
        let amount = roster.amount(stable, floor_to(now_ms, HOUR_MS));
        let held = amount.map(|amount| rounded(amount.native * part, 1e2));
        current.insert(name.clone(), json!(pegs(stable, held)));
        balances.insert(name, json!({ "tokens": history(ask, stable, Some(index)) }));
    }
    let mut body = base(stable);
    body.insert(
        "address".into(),
        json!(stable.entity.platforms.first().map(|(_, at)| at)),
    );
    body.insert("price".into(), {
        let price = roster
            .world
            .value(&stable.entity, Metric::Price, floor_to(now_ms, HOUR_MS));
        json!(price.map(Num))
    });
    body.insert("tokens".into(), json!(tokens));
    body.insert("chainBalances".into(), Value::Object(balances));
    body.insert("currentChainBalances".into(), Value::Object(current));
    Ok(reply(&body))
}

fn history(ask: &Ask<'_>, stable: &Stable, chain: Option<usize>) -> Vec<Value> {
    let peg = stable.peg;
    let days = totals(ask.roster, &[stable], chain, ask.now_ms()).into_iter();
    let rows = days.map(|(day_ms, amounts)| {
        let native = amounts.first().map_or(0.0, |(_, amount)| amount.native);
        let zero = chance::at(stable.entity.hash, day_ms).is_multiple_of(50);
        let mut row = json!({
            "date": seconds(day_ms),
            "circulating": { peg: Num(native) },
            "unreleased": { peg: 0 },
            "minted": if zero { json!(0) } else { json!({ peg: Num(native) }) },
        });
        if chain.is_some() {
            let bridges = json!({ "wormhole": { "amount": 0, "source": "ethereum" } });
            row["bridgedTo"] = json!({ peg: 0, "bridges": bridges });
        }
        row
    });
    rows.collect()
}

/// Answers `/stablecoinchains`.
pub(super) fn chains(ask: &Ask<'_>) -> Reply {
    let rows = chain_sums(ask.roster, ask.now_ms())
        .into_iter()
        .filter_map(|(index, sums)| {
            let chain = ask.roster.chains.get(index)?;
            let token = chain.entity.coingecko_id.as_deref();
            Some(json!({
                "gecko_id": token,
                "totalCirculatingUSD": sums,
                "tokenSymbol": token.map(|_| chain.entity.symbol.to_uppercase()),
                "name": chain.name,
            }))
        });
    reply(&rows.collect::<Vec<Value>>())
}

/// Answers `/stablecoinprices`: null on a day without fresh data.
pub(super) fn prices(ask: &Ask<'_>) -> Reply {
    let (world, now_ms) = (&ask.roster.world, ask.now_ms());
    let mut days: BTreeMap<i64, BTreeMap<&str, Option<Num>>> = BTreeMap::new();
    for stable in &ask.roster.stables {
        let Some(token) = stable.entity.coingecko_id.as_deref() else {
            continue;
        };
        let mut day_ms = stable.begins_ms();
        while day_ms <= now_ms {
            let stale =
                chance::at(chance::pair(stable.entity.hash, 93), day_ms).is_multiple_of(300);
            let price = world
                .value(&stable.entity, Metric::Price, day_ms)
                .filter(|_| !stale);
            days.entry(day_ms)
                .or_default()
                .insert(token, price.map(Num));
            day_ms += DAY_MS;
        }
    }
    let rows = days.into_iter();
    let rows = rows.map(|(ms, prices)| json!({ "date": seconds(ms), "prices": prices }));
    reply(&rows.collect::<Vec<Value>>())
}

/// The stablecoin with the most on a day, and how much that is in dollars.
type Greatest<'a> = Option<(f64, &'a Stable)>;

/// Answers Pro's `/stablecoindominance/{chain}`.
pub(super) fn dominance(ask: &Ask<'_>, name: &str) -> Result<Reply, Reply> {
    let chain = chain(ask, name)?;
    let (roster, now_ms) = (ask.roster, ask.now_ms());
    let mut days: BTreeMap<i64, (Pegs, Greatest<'_>)> = BTreeMap::new();
    for stable in chosen(ask)? {
        for (day_ms, amounts) in totals(roster, &[stable], chain, now_ms) {
            let usd: f64 = amounts.iter().map(|(_, amount)| amount.usd).sum();
            let (sums, greatest) = days.entry(day_ms).or_default();
            add(sums, stable.peg, usd);
            *greatest = greatest
                .filter(|(most, _)| *most >= usd)
                .or(Some((usd, stable)));
        }
    }
    let rows = days.into_iter().map(|(ms, (sums, greatest))| {
        let greatest = greatest.map(|(usd, stable)| {
            json!({
                "gecko_id": stable.entity.coingecko_id,
                "symbol": stable.entity.symbol.to_uppercase(),
                "mcap": Num(usd),
            })
        });
        json!({
            "date": seconds(ms).to_string(),
            "totalCirculatingUSD": sums,
            "greatestMcap": greatest,
        })
    });
    Ok(reply(&rows.collect::<Vec<Value>>()))
}
