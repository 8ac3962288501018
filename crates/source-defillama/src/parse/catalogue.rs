//! The catalogues: `/protocols`, `/v2/chains`, `/stablecoins`.

use std::collections::BTreeMap;

use model::{AssetId, Key, Step, Subject, Ts};
use serde::Deserialize;
use serde_json::value::RawValue;
use source::{
    Fact, Listing, Parsed, Reply, ReplyError, Sink,
    lenient::{self, Text},
};

use super::{malformed, refused, row};
use crate::{
    kind::{Kind, QUOTE},
    wire::{ChainRow, Id, Moment, ProtocolRow, StablecoinRow, Stablecoins},
};

/// A row: what is listed, and since when it is dead.
struct Entry {
    listing: Listing,
    dead_from: Option<Ts>,
}

/// Protocols, and the parents they name, which are listed nowhere.
pub(super) fn protocols(reply: &Reply, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let rows: Vec<&RawValue> = lenient::read(&text)?;
    let mut parents: BTreeMap<String, Listing> = BTreeMap::new();
    let parsed = list(&rows, out, |row: ProtocolRow| {
        let id = row.id.0?;
        if let Some(parent) = row.parent_protocol.0 {
            let listed = parents.entry(parent).or_insert_with_key(|id| parent_of(id));
            // Alive as long as one of its children is.
            listed.active |= row.dead_from.0.is_none();
            let slug = link("defillama_slug", row.parent_protocol_slug);
            if let Some(slug) = slug.filter(|slug| !listed.links.contains(slug)) {
                listed.links.push(slug);
            }
        }
        let mut links: Vec<(String, String)> = [
            link("defillama_slug", row.slug),
            link("coingecko", row.gecko_id),
            link("coinmarketcap", Text(row.cmc_id.0)),
        ]
        .into_iter()
        .flatten()
        .collect();
        links.extend(row.address.0.as_deref().and_then(address));
        Some(entry(
            Kind::Protocol,
            &id,
            symbol(row.symbol),
            row.name,
            links,
            row.dead_from,
        ))
    })?;
    for (_, parent) in parents {
        out.listing(parent);
    }
    Ok(parsed)
}

pub(super) fn chains(reply: &Reply, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let rows: Vec<&RawValue> = lenient::read(&text)?;
    list(&rows, out, |row: ChainRow| {
        let name = row.name.0?;
        let links = [
            link("coingecko", row.gecko_id),
            link("coinmarketcap", Text(row.cmc_id.0)),
            link("chain_id", Text(row.chain_id.0)),
        ];
        let links = links.into_iter().flatten().collect();
        let called = Text(Some(name.clone()));
        Some(entry(
            Kind::Chain,
            &name,
            row.token_symbol.0,
            called,
            links,
            Moment(None),
        ))
    })
}

pub(super) fn stablecoins(reply: &Reply, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let Stablecoins { pegged_assets, .. } = lenient::read(&text)?;
    list(&pegged_assets, out, |row: StablecoinRow| {
        let id = row.id.0?;
        let links = link("coingecko", row.gecko_id).into_iter().collect();
        let mut entry = entry(
            Kind::Stablecoin,
            &id,
            symbol(row.symbol),
            row.name,
            links,
            row.dead_from,
        );
        entry.listing.active &= row.delisted.0 != Some(true);
        Some(entry)
    })
}

/// Reads rows one by one; an id counts once.
fn list<'a, T: Deserialize<'a>>(
    rows: &[&'a RawValue],
    out: &mut dyn Sink,
    mut read: impl FnMut(T) -> Option<Entry>,
) -> Result<Parsed, ReplyError> {
    let mut listed: BTreeMap<AssetId, ()> = BTreeMap::new();
    let mut facts = Vec::new();
    for raw in rows {
        let Some(Entry { listing, dead_from }) = row::<T>(raw).and_then(&mut read) else {
            let Id(id) = row::<NamedRow>(raw).map_or(Id(None), |row| row.id);
            out.reject(refused(
                AssetId::new(id.unwrap_or_default()),
                "unreadable_row",
            ));
            continue;
        };
        let asset = listing.subject.asset.clone();
        if listed.insert(asset.clone(), ()).is_some() {
            out.reject(refused(asset, "second_row"));
            continue;
        }
        facts.extend(dead_from.map(|at| Fact::EndedAt {
            key: Key::of_asset(asset, QUOTE),
            // That day may still be counted.
            label: Step::Day.next(Step::Day.floor(at)),
        }));
        out.listing(listing);
    }
    if listed.is_empty() {
        return Err(malformed("a catalogue without a single readable row"));
    }
    Ok(Parsed {
        facts,
        ..Parsed::default()
    })
}

/// What is left of a row that could not be read: whose it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedRow {
    id: Id,
}

fn entry(
    kind: Kind,
    id: &str,
    symbol: Option<String>,
    name: Text,
    links: Vec<(String, String)>,
    dead_from: Moment,
) -> Entry {
    Entry {
        listing: Listing {
            subject: Subject::of_asset(kind.asset(id)),
            symbol,
            name: name.0,
            links,
            active: dead_from.0.is_none(),
        },
        dead_from: dead_from.0,
    }
}

fn parent_of(id: &str) -> Listing {
    Listing {
        subject: Subject::of_asset(Kind::Protocol.asset(id)),
        symbol: None,
        name: None,
        links: Vec::new(),
        active: false,
    }
}

/// A hyphen stands for "no token".
fn symbol(symbol: Text) -> Option<String> {
    symbol
        .0
        .filter(|symbol| !symbol.is_empty() && symbol != "-")
}

fn link(namespace: &str, id: Text) -> Option<(String, String)> {
    let id = id.0.filter(|id| !id.trim().is_empty())?;
    Some((namespace.to_owned(), id))
}

/// `chain:0x…`, or an address alone, which is Ethereum's. A hyphen for none.
fn address(text: &str) -> Option<(String, String)> {
    let (chain, address) = text.split_once(':').unwrap_or(("ethereum", text));
    let has_chain = text.contains(':');
    let good = !chain.is_empty() && (has_chain && address.len() > 1 || address.starts_with("0x"));
    good.then(|| (chain.to_owned(), address.to_owned()))
}
