//! `/protocol/{slug}`: everything about one protocol, most of which nobody wants. Written by hand, because it can be
//! tens of megabytes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::names::{new_chain, old_chain, slug};
use super::numbers::{Fields, Num, rounded, seconds};
use super::protocols::{chain_names, chain_parts, home, mcap};
use super::roster::{Roster, Who};
use super::{errors, tvl};
use crate::chance;
use crate::vendor::Reply;

/// One key of `chainTvls`: a value, or none, per stamp.
type Columns = BTreeMap<String, Vec<Option<f64>>>;

/// Answers the request; the body has at least `mib` MiB.
pub(super) fn one(roster: &Roster, slug: &str, mib: u16, now_ms: i64) -> Reply {
    let Some(who) = roster.who(slug, now_ms) else {
        return errors::unknown_protocol();
    };
    let leaves = roster.leaves_of(who);
    if leaves.is_empty() {
        return errors::empty_parent();
    }
    if leaves.iter().all(|leaf| leaf.is_chain) {
        return errors::unknown_protocol();
    }
    let stamps = roster.clockwork(who).stamps(now_ms);
    let columns = columns(roster, who, &stamps);
    let mut body = Body::begin(&head(roster, who, now_ms));
    body.raw(r#","chainTvls":{"#);
    for (place, (key, values)) in columns.iter().enumerate() {
        body.raw(if place > 0 { "," } else { "" });
        body.section(key, &stamps, values);
    }
    let total: Vec<Option<f64>> = stamps.iter().map(|ms| roster.tvl_of(who, *ms)).collect();
    body.raw(r#"},"tvl":"#);
    body.points(&stamps, &total);
    body.raw(r#","tokensInUsd":"#);
    body.padding(&stamps, usize::from(mib) << 20);
    body.raw(r#","tokens":[]}"#);
    Reply {
        status: 200,
        content_type: "application/json",
        headers: Vec::new(),
        body: body.bytes,
    }
}

/// Returns every column of `chainTvls`. Children use the old names of chains, parents the new ones.
fn columns(roster: &Roster, who: Who, stamps: &[i64]) -> Columns {
    let named = names(who);
    let mut columns = Columns::new();
    for leaf in roster.leaves_of(who) {
        for (place, ms) in stamps.iter().enumerate() {
            let Some(value) = roster.tvl(leaf, *ms) else {
                continue;
            };
            for (key, Num(usd)) in chain_parts(roster, leaf, value, *ms, named) {
                let column = columns
                    .entry(key)
                    .or_insert_with(|| vec![None; stamps.len()]);
                if let Some(cell) = column.get_mut(place) {
                    *cell = Some(cell.unwrap_or(0.0) + usd);
                }
            }
        }
    }
    columns
}

fn names(who: Who) -> fn(&str) -> &str {
    match who {
        Who::Leaf(_) => old_chain,
        Who::Parent(_) => new_chain,
    }
}

/// Returns the fields before the histories: those of the list, and a few more.
pub(super) fn head(roster: &Roster, who: Who, now_ms: i64) -> Map<String, Value> {
    let leaves = roster.leaves_of(who);
    let at_ms = tvl::live_ms(now_ms, roster.clockwork(who).phase_ms);
    let mut chains: Vec<String> = Vec::new();
    let mut current = BTreeMap::new();
    for leaf in &leaves {
        chains.extend(chain_names(roster, leaf, names(who)));
        let value = roster.tvl(leaf, at_ms).unwrap_or(0.0);
        for (key, Num(usd)) in chain_parts(roster, leaf, value, at_ms, names(who)) {
            *current.entry(key).or_insert(0.0) += usd;
        }
    }
    chains.sort();
    chains.dedup();
    let current = current
        .into_iter()
        .map(|(key, usd)| (key, Num(rounded(usd, 1e5))));
    let mut head = identity(roster, who);
    let more = json!({
        "chains": chains,
        "currentChainTvls": Fields(current.collect()),
        "mcap": mcap(roster, who, at_ms),
        "raises": [],
        "hallmarks": [[seconds(roster.clockwork(who).listed_ms), "Launch"]],
        "metrics": { "fees": true },
    });
    if let Value::Object(more) = more {
        head.extend(more);
    }
    head
}

/// Returns who it is.
pub(super) fn identity(roster: &Roster, who: Who) -> Map<String, Value> {
    let named = |id: &str, name: &str, token: Option<&str>, symbol: &str| {
        json!({
            "id": id,
            "name": name,
            "symbol": symbol.to_uppercase(),
            "url": format!("https://{}.example", slug(name)),
            "description": "",
            "logo": format!("https://icons.llama.fi/{}.png", slug(name)),
            "gecko_id": token,
            "cmcId": token.map(|token| (chance::text(token) % 40_000).to_string()),
            "twitter": slug(name),
        })
    };
    let mut fields = match who {
        Who::Leaf(leaf) => roster.leaves.get(leaf).map_or(Value::Null, |leaf| {
            let token = leaf
                .entity
                .coingecko_id
                .as_deref()
                .filter(|_| leaf.parent.is_none());
            let mut fields = named(&leaf.id, &leaf.name, token, &leaf.entity.symbol);
            fields["category"] = json!(leaf.category);
            fields["chain"] = json!(home(roster, leaf));
            fields["module"] = json!(format!("{}/index.js", leaf.slug));
            if let Some(parent) = leaf.parent.and_then(|parent| roster.parents.get(parent)) {
                fields["parentProtocol"] = json!(format!("parent#{}", parent.slug));
            }
            fields
        }),
        Who::Parent(parent) => roster.parents.get(parent).map_or(Value::Null, |parent| {
            let id = format!("parent#{}", parent.slug);
            let token = parent.entity.coingecko_id.as_deref();
            let mut fields = named(&id, &parent.name, token, &parent.entity.symbol);
            let children = roster
                .leaves_of(who)
                .into_iter()
                .map(|leaf| leaf.name.clone());
            let others: Vec<String> = std::iter::once(parent.name.clone())
                .chain(children)
                .collect();
            fields["isParentProtocol"] = json!(true);
            fields["otherProtocols"] = json!(others);
            fields
        }),
    };
    std::mem::take(fields.as_object_mut().unwrap_or(&mut Map::new()))
}

/// The body while it is written.
struct Body {
    bytes: Vec<u8>,
}

impl Body {
    /// Begins with an object's fields and leaves it open.
    fn begin(head: &Map<String, Value>) -> Self {
        let mut body = Self { bytes: Vec::new() };
        body.value(head);
        body.bytes.pop();
        body
    }

    fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: &impl Serialize) {
        // Writing to memory cannot fail, and the values are plain.
        drop(serde_json::to_writer(&mut self.bytes, value));
    }

    fn points(&mut self, stamps: &[i64], values: &[Option<f64>]) {
        let known = stamps
            .iter()
            .zip(values)
            .filter_map(|(ms, value)| Some((ms, (*value)?)));
        self.list(known, |body, (ms, usd)| {
            body.raw(r#"{"date":"#);
            body.value(&seconds(*ms));
            body.raw(r#","totalLiquidityUSD":"#);
            body.value(&Num(rounded(usd, 1e5)));
            body.raw("}");
        });
    }

    /// Writes a key of `chainTvls`. Sections have no tokens: null, or nothing in the list.
    fn section(&mut self, key: &str, stamps: &[i64], values: &[Option<f64>]) {
        self.value(&key);
        self.raw(r#":{"tvl":"#);
        self.points(stamps, values);
        if tvl::SECTIONS.contains(&key) {
            self.raw(r#","tokensInUsd":[],"tokens":[]}"#);
            return;
        }
        if key
            .rsplit_once('-')
            .is_some_and(|(_, end)| tvl::SECTIONS.contains(&end))
        {
            self.raw(r#","tokensInUsd":null,"tokens":null}"#);
            return;
        }
        for (name, per_usd) in [
            ("tokensInUsd", [1.0; 3]),
            ("tokens", [1.0, 0.000_4, 0.000_016]),
        ] {
            self.raw(&format!(r#","{name}":"#));
            let known = stamps
                .iter()
                .zip(values)
                .filter_map(|(ms, value)| Some((ms, (*value)?)));
            self.list(known, |body, (ms, usd)| body.tokens(*ms, usd, per_usd));
        }
        self.raw("}");
    }

    fn tokens(&mut self, ms: i64, usd: f64, per_usd: [f64; 3]) {
        let parts = [("USDC", 0.4), ("WETH", 0.35), ("WBTC", 0.25)];
        let amounts = parts.iter().zip(per_usd);
        let amounts = amounts
            .map(|((token, part), per_usd)| (*token, Num(rounded(usd * part * per_usd, 1e5))));
        self.raw(r#"{"date":"#);
        self.value(&seconds(ms));
        self.raw(r#","tokens":"#);
        self.value(&Fields(amounts.collect()));
        self.raw("}");
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.raw("[");
        for (place, item) in items.enumerate() {
            self.raw(if place > 0 { "," } else { "" });
            write(self, item);
        }
        self.raw("]");
    }

    /// Writes a list of days with the same many tokens, as long as it takes to reach `least` bytes.
    fn padding(&mut self, stamps: &[i64], least: usize) {
        let lacking = least.saturating_sub(self.bytes.len());
        let a_day = lacking / stamps.len().max(1);
        if lacking == 0 {
            self.raw("[]");
            return;
        }
        let mut tokens = String::from(r#""tokens":{"DUST":0"#);
        let mut count: u32 = 0;
        while tokens.len() <= a_day {
            tokens.push_str(&format!(
                r#","TOKEN{count}":{}.{:05}"#,
                count * 37,
                count % 99_999
            ));
            count += 1;
        }
        tokens.push('}');
        self.bytes.reserve(lacking + lacking / 8);
        self.list(stamps.iter(), |body, ms| {
            body.raw(r#"{"date":"#);
            body.value(&seconds(*ms));
            body.raw(",");
            body.raw(&tokens);
            body.raw("}");
        });
    }
}
