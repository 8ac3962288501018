//! Answers about now: all protocols, all chains, one dimension of all protocols, all stablecoins, all
//! pools.

use std::collections::BTreeSet;

use model::{AssetId, Key};
use serde_json::value::RawValue;
use source::{
    Parsed, Reply, ReplyError, RequestSpec, Sink,
    lenient::{self, Number},
    recognise::query_value,
};

use super::{
    asks_metric,
    live::{Live, Parents},
    malformed, row,
};
use crate::{
    DefiLlama,
    kind::Kind,
    metrics::{Live as Place, Metric, metrics_of, optional},
    route::{Route, route},
    wire::{
        ChainRow, DimensionRow, OverviewNow, PoolRow, ProtocolRow, StablecoinChainRow,
        StablecoinRow, Stablecoins, Yields,
    },
};

type Read = Result<Parsed, ReplyError>;

/// The metrics of a kind that a request asks for, with what `place` says of them.
fn asked<T>(
    request: &RequestSpec,
    kind: Kind,
    place: impl Fn(&'static Metric) -> Option<T>,
) -> Vec<(&'static Metric, T)> {
    metrics_of(kind)
        .filter(|metric| asks_metric(request, metric))
        .filter_map(|metric| Some((metric, place(metric)?)))
        .collect()
}

/// `/protocols`. Its sum is no TVL of the market: it holds exchanges, bridges and double counts (trap 3).
pub(super) fn protocols(request: &RequestSpec, reply: &Reply, out: &mut dyn Sink) -> Read {
    let text = lenient::text(&reply.body);
    let rows: Vec<&RawValue> = lenient::read(&text)?;
    let mut live = Live::new(request, reply, out);
    let fields = asked(request, Kind::Protocol, |metric| match metric.live {
        Place::Protocol(field) => Some(field),
        _ => None,
    });
    let asked_parents = parents_of(request);
    let mut parents = Parents::default();
    for raw in rows {
        let read = row::<ProtocolRow>(raw);
        let id = read.as_ref().and_then(|row| row.id.0.as_deref());
        if !live.row(id.map(|id| Kind::Protocol.asset(id))) {
            continue;
        }
        let (Some(row), Some(id)) = (&read, id) else {
            continue;
        };
        let key = Kind::Protocol.key(id);
        let parent = parent(row.parent_protocol.0.as_deref(), &asked_parents);
        for (metric, field) in &fields {
            let number = field(row);
            if live.asks(&key) {
                live.value(&key, metric, number);
            }
            if let Some(parent) = parent.filter(|_| adds_up(metric)) {
                parents.add(parent, metric, number);
            }
        }
    }
    let metrics = fields.iter().map(|(metric, _)| *metric);
    of_parents(&mut live, &parents, metrics);
    live.finish()?;
    Ok(Parsed::default())
}

/// Whether a parent's value is the sum of its children's. All of them share the token.
fn adds_up(metric: &Metric) -> bool {
    metric.name != "MARKET_CAP"
}

/// Returns the protocols that a request asks for and that may have no row of their own.
fn parents_of(request: &RequestSpec) -> BTreeSet<AssetId> {
    let assets = request.block.keys.iter().map(|key| &key.asset);
    assets
        .filter(|asset| Kind::of(asset).1.starts_with("parent#"))
        .cloned()
        .collect()
}

fn parent<'p>(id: Option<&str>, asked: &'p BTreeSet<AssetId>) -> Option<&'p AssetId> {
    asked.get(&Kind::Protocol.asset(id?))
}

/// Takes the sums of parents without a row.
fn of_parents(
    live: &mut Live<'_>,
    parents: &Parents,
    metrics: impl Iterator<Item = &'static Metric> + Clone,
) {
    for parent in parents_of(live.request) {
        if live.has_seen(&parent) {
            continue;
        }
        let key = Key::of_asset(parent.clone(), crate::kind::QUOTE);
        for metric in metrics.clone() {
            if let Some(total) = parents.of(&parent, metric) {
                live.note(&parent);
                live.value(&key, metric, total);
            }
        }
    }
}

/// `/v2/chains`.
pub(super) fn chains(
    source: &DefiLlama,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Read {
    let text = lenient::text(&reply.body);
    let rows: Vec<&RawValue> = lenient::read(&text)?;
    let names = source.names();
    let mut live = Live::new(request, reply, out);
    let fields = asked(request, Kind::Chain, |metric| match metric.live {
        Place::Chain(field) => Some(field),
        _ => None,
    });
    for raw in rows {
        let read = row::<ChainRow>(raw);
        let name = read.as_ref().and_then(|row| row.name.0.as_deref());
        let asset = name.map(|name| names.chain(name));
        if !live.row(asset.clone()) {
            continue;
        }
        if let (Some(row), Some(asset)) = (&read, asset) {
            take(&mut live, asset, &fields, |field| field(row));
        }
    }
    live.finish()?;
    Ok(Parsed::default())
}

/// `/overview/{type}` without its charts. Chains stand among the protocols there, with what their own
/// users paid (trap 10): no series of ours is that.
pub(super) fn dimension(request: &RequestSpec, reply: &Reply, out: &mut dyn Sink) -> Read {
    let Some(Route::Overview(of, _)) = route(&request.path) else {
        return Err(malformed("the request has no route"));
    };
    let text = lenient::text(&reply.body);
    let overview: OverviewNow<'_> = lenient::read(&text)?;
    let data_type = query_value(&request.query, "dataType");
    let is_of = |metric: &'static Metric| match metric.live {
        Place::Total(dimension) if dimension.of == of => data_type
            .is_none_or(|named| named == dimension.data_type)
            .then_some(()),
        _ => None,
    };
    let mut live = Live::new(request, reply, out);
    let metrics = asked(request, Kind::Protocol, is_of);
    let asked_parents = parents_of(request);
    let mut parents = Parents::default();
    for raw in overview.protocols {
        let read = row::<DimensionRow>(raw);
        if read.as_ref().is_some_and(is_of_chain) {
            continue;
        }
        let id = read.as_ref().and_then(id_of);
        if !live.row(id.map(|id| Kind::Protocol.asset(id))) {
            continue;
        }
        let (Some(row), Some(id)) = (&read, id) else {
            continue;
        };
        let (key, total) = (Kind::Protocol.key(id), optional(row.total_24h));
        let parent = parent(row.parent_protocol.0.as_deref(), &asked_parents);
        for (metric, ()) in &metrics {
            if live.asks(&key) {
                live.value(&key, metric, total);
            }
            if let Some(parent) = parent {
                parents.add(parent, metric, total);
            }
        }
    }
    of_parents(
        &mut live,
        &parents,
        metrics.iter().map(|(metric, ())| *metric),
    );
    let global = Kind::Global.key("");
    if live.asks(&global) {
        live.note(&global.asset);
        for (metric, ()) in asked(request, Kind::Global, is_of) {
            live.value(&global, metric, optional(overview.total_24h));
        }
    }
    live.finish()?;
    Ok(Parsed::default())
}

fn is_of_chain(row: &DimensionRow) -> bool {
    row.protocol_type.0.as_deref() == Some("chain")
}

fn id_of(row: &DimensionRow) -> Option<&str> {
    row.defillama_id.0.as_deref().or(row.id.0.as_deref())
}

/// `/stablecoins`: coins and chains.
pub(super) fn stablecoins(
    source: &DefiLlama,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Read {
    let text = lenient::text(&reply.body);
    let list: Stablecoins<'_> = lenient::read(&text)?;
    let names = source.names();
    let mut live = Live::new(request, reply, out);
    let of = |kind| {
        asked(request, kind, |metric| {
            matches!(metric.live, Place::Supply).then_some(())
        })
    };
    let metrics = of(Kind::Stablecoin);
    for raw in list.pegged_assets {
        let read = row::<StablecoinRow>(raw);
        let id = read.as_ref().and_then(|row| row.id.0.as_deref());
        let asset = id.map(|id| Kind::Stablecoin.asset(id));
        if !live.row(asset.clone()) {
            continue;
        }
        if let (Some(row), Some(asset)) = (&read, asset) {
            take(&mut live, asset, &metrics, |()| row.usd());
        }
    }
    let metrics = of(Kind::Chain);
    for raw in list.chains {
        let read = row::<StablecoinChainRow>(raw);
        let name = read.as_ref().and_then(|row| row.name.0.as_deref());
        let asset = name.map(|name| names.chain(name));
        if !live.row(asset.clone()) {
            continue;
        }
        if let (Some(row), Some(asset)) = (&read, asset) {
            take(&mut live, asset, &metrics, |()| row.usd());
        }
    }
    live.finish()?;
    Ok(Parsed::default())
}

/// `/pools`.
pub(super) fn pools(request: &RequestSpec, reply: &Reply, out: &mut dyn Sink) -> Read {
    let text = lenient::text(&reply.body);
    let list: Yields<'_> = lenient::read(&text)?;
    let mut live = Live::new(request, reply, out);
    let fields = asked(request, Kind::Pool, |metric| match metric.live {
        Place::Pool(field) => Some(field),
        _ => None,
    });
    for raw in list.data {
        let read = row::<PoolRow>(raw);
        let id = read.as_ref().and_then(|row| row.pool.0.as_deref());
        let asset = id.map(|id| Kind::Pool.asset(id));
        if !live.row(asset.clone()) {
            continue;
        }
        if let (Some(row), Some(asset)) = (&read, asset) {
            take(&mut live, asset, &fields, |field| field(row));
        }
    }
    live.finish()?;
    Ok(Parsed::default())
}

/// Takes all metrics of a row, where its asset was asked for.
fn take<T>(
    live: &mut Live<'_>,
    asset: AssetId,
    metrics: &[(&'static Metric, T)],
    number: impl Fn(&T) -> Number,
) {
    let key = Key::of_asset(asset, crate::kind::QUOTE);
    if live.asks(&key) {
        for (metric, place) in metrics {
            live.value(&key, metric, number(place));
        }
    }
}
