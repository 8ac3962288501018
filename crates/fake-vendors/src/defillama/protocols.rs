//! The lists of the TVL host: protocols, chains, one number, chains' history.

use serde::Serialize;
use serde_json::{Value, json};

use super::names::{chain_id, old_chain, slug};
use super::numbers::{Fields, Num, change, json as reply, rounded, seconds};
use super::plan::UnknownChain;
use super::roster::{Leaf, Roster, Who};
use super::{errors, tvl};
use crate::chance;
use crate::instant::{DAY_MS, HOUR_MS, SECOND_MS};
use crate::truth::Metric;
use crate::vendor::Reply;

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    symbol: String,
    url: String,
    description: &'static str,
    chain: String,
    logo: String,
    audits: &'static str,
    gecko_id: Option<&'a str>,
    #[serde(rename = "cmcId")]
    cmc_id: Option<String>,
    category: &'a str,
    chains: Vec<String>,
    module: String,
    twitter: Option<&'a str>,
    #[serde(rename = "forkedFrom")]
    forked_from: [&'static str; 0],
    #[serde(rename = "parentProtocol", skip_serializing_if = "Option::is_none")]
    parent_protocol: Option<String>,
    #[serde(rename = "parentProtocolSlug", skip_serializing_if = "Option::is_none")]
    parent_slug: Option<&'a str>,
    slug: &'a str,
    tvl: Option<Num>,
    #[serde(rename = "chainTvls")]
    chain_tvls: Fields<String, Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staking: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool2: Option<Num>,
    change_1h: Option<f64>,
    change_1d: Option<f64>,
    change_7d: Option<f64>,
    #[serde(rename = "tokenBreakdowns")]
    token_breakdowns: Value,
    mcap: Option<Num>,
    #[serde(rename = "listedAt", skip_serializing_if = "Option::is_none")]
    listed_at: Option<i64>,
    #[serde(rename = "deadFrom", skip_serializing_if = "Option::is_none")]
    dead_from: Option<i64>,
}

/// Answers `/protocols`, the largest first. Parents are not among them. A protocol that ended stays, with its end and
/// without a value.
pub(super) fn list(roster: &Roster, now_ms: i64) -> Reply {
    let known = roster
        .leaves
        .iter()
        .filter(|leaf| !leaf.is_chain && leaf.entity.known_at(now_ms));
    let mut rows: Vec<Row<'_>> = known.map(|leaf| row(roster, leaf, now_ms)).collect();
    let size = |row: &Row<'_>| row.tvl.map_or(0.0, |tvl| tvl.0);
    rows.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.slug.cmp(b.slug)));
    reply(&rows)
}

fn row<'a>(roster: &'a Roster, leaf: &'a Leaf, now_ms: i64) -> Row<'a> {
    let entity = leaf.entity.as_ref();
    let at_ms = tvl::live_ms(now_ms, leaf.phase_ms());
    let value = roster.tvl(leaf, at_ms);
    let before = |ago_ms: i64| roster.tvl(leaf, at_ms - ago_ms);
    let parent = leaf.parent.and_then(|parent| roster.parents.get(parent));
    let parts = value.map_or_else(Vec::new, |tvl| {
        chain_parts(roster, leaf, tvl, at_ms, old_chain)
    });
    let section = |name: &str| {
        parts
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, tvl)| *tvl)
    };
    // The token is often known at the parent alone.
    let gecko_id = entity
        .coingecko_id
        .as_deref()
        .filter(|_| leaf.parent.is_none());
    let odd = chance::below(chance::pair(leaf.hash, 35), 8);
    Row {
        id: &leaf.id,
        name: &leaf.name,
        symbol: if leaf.category == "CEX" {
            "-".to_owned()
        } else {
            entity.symbol.to_uppercase()
        },
        url: format!("https://{}.example", slug(&leaf.name)),
        description: "",
        chain: home(roster, leaf),
        logo: format!("https://icons.llama.fi/{}.png", leaf.slug),
        audits: "2",
        gecko_id,
        cmc_id: gecko_id.map(|_| (leaf.hash % 40_000).to_string()),
        category: leaf.category,
        chains: chain_names(roster, leaf, old_chain),
        module: format!("{}/index.js", leaf.slug),
        twitter: (odd > 1).then_some(leaf.slug.as_str()),
        forked_from: [],
        parent_protocol: parent.map(|parent| format!("parent#{}", parent.slug)),
        parent_slug: parent.map(|parent| parent.slug.as_str()),
        slug: &leaf.slug,
        tvl: value.map(Num),
        staking: section("staking"),
        pool2: section("pool2"),
        chain_tvls: Fields(parts),
        change_1h: if odd == 2 {
            None
        } else {
            change(value, before(HOUR_MS))
        },
        change_1d: change(value, before(DAY_MS)),
        change_7d: change(value, before(7 * DAY_MS)),
        token_breakdowns: json!({}),
        mcap: roster
            .world
            .value(entity, Metric::MarketCap, at_ms)
            .map(Num),
        listed_at: (odd > 0).then_some(seconds(entity.listed_ms)),
        dead_from: entity.delisted_ms.filter(|end| *end <= now_ms).map(seconds),
    }
}

/// Returns the one chain of a leaf, or that it has several.
pub(super) fn home(roster: &Roster, leaf: &Leaf) -> String {
    match leaf.chains.as_slice() {
        [(only, _)] => roster
            .chains
            .get(*only)
            .map_or_else(String::new, |chain| old_chain(&chain.name).to_owned()),
        _ => "Multi-Chain".to_owned(),
    }
}

/// Returns the names of a leaf's chains.
pub(super) fn chain_names(roster: &Roster, leaf: &Leaf, named: fn(&str) -> &str) -> Vec<String> {
    let chains = leaf
        .chains
        .iter()
        .filter_map(|(index, _)| roster.chains.get(*index));
    chains.map(|chain| named(&chain.name).to_owned()).collect()
}

/// Returns what of a value is on which chain and in which section, under every key the vendor has for it: the chain,
/// the section, and both joined.
pub(super) fn chain_parts(
    roster: &Roster,
    leaf: &Leaf,
    value: f64,
    at_ms: i64,
    named: fn(&str) -> &str,
) -> Vec<(String, Num)> {
    let sections = tvl::sections(leaf);
    let mut parts = Vec::new();
    for (index, part) in roster.parts(leaf, at_ms) {
        let Some(chain) = roster.chains.get(index) else {
            continue;
        };
        let name = named(&chain.name);
        parts.push((name.to_owned(), Num(rounded(value * part, 1e5))));
        for (section, size) in &sections {
            parts.push((
                format!("{name}-{section}"),
                Num(rounded(value * part * size, 1e5)),
            ));
        }
    }
    for (section, size) in sections {
        parts.push((section.to_owned(), Num(rounded(value * size, 1e5))));
    }
    parts
}

/// Answers `/tvl/{slug}`: a bare number. What ended is worth 0.
pub(super) fn number(roster: &Roster, slug: &str, now_ms: i64) -> Reply {
    let Some(who) = roster.who(slug, now_ms) else {
        return errors::unknown_protocol();
    };
    let leaves = roster.leaves_of(who);
    if leaves.iter().all(|leaf| leaf.is_chain) {
        return errors::unknown_protocol();
    }
    let at_ms = tvl::live_ms(now_ms, roster.clockwork(who).phase_ms);
    reply(&Num(roster.tvl_of(who, at_ms).unwrap_or(0.0)))
}

/// Answers `/v2/chains`.
pub(super) fn chains(roster: &Roster, now_ms: i64) -> Reply {
    let rows = roster.chains_now(now_ms).into_iter().map(|(chain, usd)| {
        let token = chain.entity.coingecko_id.as_deref();
        json!({
            "gecko_id": token,
            "tvl": Num(usd),
            "tokenSymbol": token.map(|_| chain.entity.symbol.to_uppercase()),
            "cmcId": token.map(|_| (chain.entity.hash % 40_000).to_string()),
            "name": chain.name,
            "chainId": chain_id(&chain.name),
        })
    });
    reply(&rows.collect::<Vec<Value>>())
}

#[derive(Debug, Serialize)]
struct Day {
    date: i64,
    tvl: Num,
}

/// Answers `/v2/historicalChainTvl` and, with a chain, `/v2/historicalChainTvl/{chain}`.
pub(super) fn chain_history(
    roster: &Roster,
    chain: Option<&str>,
    unknown: UnknownChain,
    now_ms: i64,
) -> Reply {
    let index = match chain.map(|name| (name, roster.chain(name, false, now_ms))) {
        None => None,
        Some((_, Some(index))) => Some(index),
        Some((name, None)) => return errors::unknown_chain(unknown, name),
    };
    let rows = roster.chain_rows(index, now_ms).into_iter();
    let days = rows.map(|(ms, usd)| Day {
        date: ms / SECOND_MS,
        tvl: Num(usd),
    });
    reply(&days.collect::<Vec<Day>>())
}

/// Returns the token's market value of whom a slug means.
pub(super) fn mcap(roster: &Roster, who: Who, at_ms: i64) -> Option<Num> {
    let entity = match who {
        Who::Leaf(leaf) => &roster.leaves.get(leaf)?.entity,
        Who::Parent(parent) => &roster.parents.get(parent)?.entity,
    };
    roster
        .world
        .value(entity, Metric::MarketCap, at_ms)
        .map(Num)
}
