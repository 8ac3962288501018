//! `/overview/{type}[/{chain}]` and `/summary/{type}/{slug}`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::dims::DimId;
use super::flows::Seen;
use super::numbers::{Fields, Num, json as reply, seconds};
use super::protocol::identity;
use super::protocols::chain_names;
use super::roster::{Leaf, Roster, Who};
use super::totals::{Chart, Totals, charted};
use super::{Ask, errors};
use crate::chance;
use crate::vendor::Reply;

#[derive(Debug, Serialize)]
struct Overview<'a> {
    #[serde(rename = "totalDataChart")]
    chart: Chart<Num>,
    #[serde(rename = "totalDataChartBreakdown")]
    breakdown: Chart<Fields<&'a str, Num>>,
    breakdown24h: Option<u8>,
    breakdown30d: Option<u8>,
    chain: Option<&'a str>,
    #[serde(rename = "allChains")]
    all_chains: Vec<&'a str>,
    #[serde(flatten)]
    totals: Totals,
    protocols: Vec<Item<'a>>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    #[serde(flatten)]
    totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    breakdown24h: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    breakdown30d: Option<Value>,
    #[serde(rename = "defillamaId")]
    defillama_id: &'a str,
    name: &'a str,
    #[serde(rename = "displayName")]
    display_name: &'a str,
    module: &'a str,
    category: &'a str,
    logo: String,
    chains: Vec<String>,
    #[serde(rename = "protocolType")]
    protocol_type: &'static str,
    #[serde(rename = "methodologyURL")]
    methodology_url: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    methodology: Option<Value>,
    #[serde(rename = "parentProtocol", skip_serializing_if = "Option::is_none")]
    parent_protocol: Option<String>,
    slug: &'a str,
    #[serde(rename = "linkedProtocols", skip_serializing_if = "Option::is_none")]
    linked_protocols: Option<Vec<&'a str>>,
    id: &'a str,
}

/// Finds type and data type of an older path. Pro-only types are refused before, on the free host.
fn dim(ask: &Ask<'_>, kind: &str) -> Result<DimId, Reply> {
    let data = ask.call.param("dataType");
    let found = DimId::find(kind, data, ask.roster.plan.options_notional);
    found.filter(|id| id.dim().v1).ok_or_else(errors::bad_type)
}

/// Answers `/overview/{type}` and, with a chain, `/overview/{type}/{chain}`. An unknown chain is an error inside.
pub(super) fn list(ask: &Ask<'_>, kind: &str, chain: Option<&str>) -> Result<Reply, Reply> {
    let (roster, id) = (ask.roster, dim(ask, kind)?);
    let index = chain.map(|name| {
        let found = roster.chain(name, true, ask.now_ms());
        found.ok_or_else(errors::unknown_chain_overview)
    });
    let index = index.transpose()?;
    let all = roster.all_seen(id, ask.now_ms());
    let all_chains = roster.chains_of(&all);
    let here: Vec<Seen<'_>> = all
        .into_iter()
        .filter(|seen| {
            index.is_none_or(|index| seen.leaf.chains.iter().any(|(one, _)| *one == index))
        })
        .collect();
    let mut protocols: Vec<Item<'_>> = here.iter().map(|seen| item(ask, seen, index)).collect();
    let size = |item: &Item<'_>| item.totals.total24h.map_or(f64::NEG_INFINITY, |sum| sum.0);
    protocols.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.slug.cmp(b.slug)));
    let without = |name: &str| ask.flag(name);
    let overview = Overview {
        chart: if without("excludeTotalDataChart") {
            Vec::new()
        } else {
            charted(roster.total_days(&here, index, true))
        },
        breakdown: if without("excludeTotalDataChartBreakdown") {
            Vec::new()
        } else {
            roster.breakdown(&here, index, |seen| &seen.leaf.name)
        },
        breakdown24h: None,
        breakdown30d: None,
        chain: index.and_then(|index| Some(roster.chains.get(index)?.name.as_str())),
        all_chains,
        totals: Totals::summed(protocols.iter_mut().map(|item| &mut item.totals)),
        protocols,
    };
    Ok(reply(&overview))
}

fn item<'a>(ask: &Ask<'a>, seen: &Seen<'a>, chain: Option<usize>) -> Item<'a> {
    let (roster, leaf) = (ask.roster, seen.leaf);
    let part = chain.map_or(1.0, |chain| {
        roster.part_on(leaf, chain, ask.now_ms()).unwrap_or(0.0)
    });
    let totals = Totals::of(seen).times(part);
    let split =
        |total: Option<f64>| total.map(|total| split(roster, leaf, total * part, ask.now_ms()));
    let parent = leaf.parent.and_then(|parent| roster.parents.get(parent));
    Item {
        breakdown24h: split(seen.rolling(0)),
        breakdown30d: split(seen.sum(0, 30)),
        defillama_id: &leaf.id,
        name: &leaf.name,
        display_name: &leaf.name,
        module: &leaf.slug,
        category: leaf.category,
        logo: format!("https://icons.llama.fi/{}.png", leaf.slug),
        chains: chain_names(roster, leaf, |name| name),
        protocol_type: if leaf.is_chain { "chain" } else { "protocol" },
        methodology_url: "https://adapter.example",
        methodology: leaf
            .hash
            .is_multiple_of(2)
            .then(|| json!({ "Fees": "What users pay" })),
        parent_protocol: parent.map(|parent| format!("parent#{}", parent.slug)),
        linked_protocols: parent.map(|parent| vec![parent.name.as_str(), leaf.name.as_str()]),
        slug: &leaf.slug,
        id: &leaf.id,
        totals,
    }
}

/// Returns `{chain: {version: number}}`.
fn split(roster: &Roster, leaf: &Leaf, total: f64, at_ms: i64) -> Value {
    let parts = roster.parts(leaf, at_ms).into_iter();
    let named = parts.filter_map(|(index, part)| {
        let name = roster.chains.get(index)?.name.to_lowercase();
        let amount = serde_json::to_value(Num((total * part).round())).ok()?;
        Some((name, json!({ leaf.name.as_str(): amount })))
    });
    Value::Object(named.collect())
}

/// Returns the protocols of a kind behind a slug, and who that is.
pub(super) fn behind<'a>(ask: &Ask<'a>, id: DimId, slug: &str) -> Option<(Who, Vec<Seen<'a>>)> {
    let who = ask.roster.who(slug, ask.now_ms())?;
    let leaves = ask.roster.leaves_of(who).into_iter();
    let all: Vec<Seen<'_>> = leaves
        .filter_map(|leaf| ask.roster.seen(leaf, id, ask.now_ms()))
        .collect();
    (!all.is_empty()).then_some((who, all))
}

/// Answers `/summary/{type}/{slug}` for a protocol, a parent or a chain. Nothing is padded here.
pub(super) fn one(ask: &Ask<'_>, kind: &str, slug: &str) -> Result<Reply, Reply> {
    let id = dim(ask, kind)?;
    let (who, all) = behind(ask, id, slug).ok_or_else(|| errors::unknown_adapter(kind, slug))?;
    let mut body = about(ask, who, &all);
    if !ask.flag("excludeTotalDataChart") {
        body.insert(
            "totalDataChart".into(),
            json!(charted(ask.roster.total_days(&all, None, false))),
        );
    } else {
        body.insert("totalDataChart".into(), json!([]));
    }
    let breakdown = if ask.flag("excludeTotalDataChartBreakdown") {
        Vec::new()
    } else {
        by_version(ask.roster, &all)
    };
    body.insert("totalDataChartBreakdown".into(), json!(breakdown));
    Ok(reply(&body))
}

/// Returns who it is and its totals.
pub(super) fn about(ask: &Ask<'_>, who: Who, all: &[Seen<'_>]) -> Map<String, Value> {
    let mut body = identity(ask.roster, who);
    let mut totals: Vec<Totals> = all.iter().map(Totals::of).collect();
    let totals = Totals::summed(totals.iter_mut());
    if let Ok(Value::Object(totals)) = serde_json::to_value(totals) {
        body.extend(totals);
    }
    let chains = ask.roster.chains_of(all);
    let names: Vec<&str> = all.iter().map(|seen| seen.leaf.name.as_str()).collect();
    let children = all.iter().map(|seen| {
        json!({ "name": seen.leaf.name, "defillamaId": seen.leaf.id, "displayName": seen.leaf.name })
    });
    let slug = match who {
        Who::Leaf(leaf) => ask.roster.leaves.get(leaf).map(|leaf| leaf.slug.as_str()),
        Who::Parent(parent) => {
            body.insert("childProtocols".into(), children.collect());
            body.insert("category".into(), Value::Null);
            body.insert("module".into(), Value::Null);
            ask.roster
                .parents
                .get(parent)
                .map(|parent| parent.slug.as_str())
        }
    };
    let chain = all.iter().all(|seen| seen.leaf.is_chain);
    let more = json!({
        "chains": chains,
        "defillamaId": body.get("id"),
        "displayName": body.get("name"),
        "linkedProtocols": names,
        "slug": slug,
        "protocolType": if chain { "chain" } else { "protocol" },
        "hasLabelBreakdown": false,
    });
    if let Value::Object(more) = more {
        body.extend(more);
    }
    body
}

/// Returns `[[ts, {chain: {version: number}} | null]]`; on one day in 300 the vendor has lost the parts.
fn by_version<'a>(
    roster: &'a Roster,
    all: &'a [Seen<'_>],
) -> Chart<Option<BTreeMap<&'a str, BTreeMap<&'a str, Num>>>> {
    let mut days: BTreeMap<i64, BTreeMap<&str, BTreeMap<&str, Num>>> = BTreeMap::new();
    for seen in all {
        for (day_ms, value) in seen.chart() {
            let day = days.entry(day_ms).or_default();
            for (index, part) in roster.parts(seen.leaf, day_ms) {
                if let Some(chain) = roster.chains.get(index) {
                    let versions = day.entry(&chain.name).or_default();
                    versions.insert(&seen.leaf.name, Num((value * part).round()));
                }
            }
        }
    }
    let lost = |ms: i64| {
        all.iter()
            .any(|seen| chance::below(chance::at(seen.leaf.hash, ms), 300) == 7)
    };
    days.into_iter()
        .map(|(ms, day)| (seconds(ms), (!lost(ms)).then_some(day)))
        .collect()
}
