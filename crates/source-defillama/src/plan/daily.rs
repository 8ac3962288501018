//! Requests for histories by day: of one thing, and always whole.

use std::sync::Arc;

use model::{Key, MetricName, Step};
use source::{Ask, Block, RequestSpec, Want};

use super::{Maker, encode};
use crate::{
    DefiLlama,
    access::has_small_charts,
    kept::Names,
    kind::Kind,
    metrics::{Dimension, Past, Section, metric},
};

/// Wants of all keys, newest first.
pub(super) fn plan<'a>(source: &'a DefiLlama, maker: Maker, ask: &'a Ask) -> source::Plan<'a> {
    let mut wants: Vec<&Want> = ask.wants.iter().filter(|want| !want.is_empty()).collect();
    // Stable: those that end together stay in the order of their keys.
    wants.sort_by_key(|want| std::cmp::Reverse(want.labels.end));
    let names = source.names();
    Box::new(wants.into_iter().flat_map(move |want| {
        let daily = Daily {
            maker,
            names: Arc::clone(&names),
            want,
        };
        daily.requests()
    }))
}

/// A want, and how the vendor is asked for it.
struct Daily<'a> {
    maker: Maker,
    names: Arc<Names>,
    want: &'a Want,
}

impl Daily<'_> {
    /// Returns the requests: one for all metrics that come in one answer.
    fn requests(&self) -> Vec<RequestSpec> {
        let mut requests: Vec<RequestSpec> = Vec::new();
        for name in &self.want.metrics {
            let Some(request) = self.request(name) else {
                continue;
            };
            let same = requests
                .iter_mut()
                .find(|earlier| (&earlier.path, &earlier.query) == (&request.path, &request.query));
            match same {
                Some(earlier) => earlier.block.metrics.extend(request.block.metrics),
                None => requests.push(request),
            }
        }
        requests
    }

    /// Returns the request that a metric comes with.
    fn request(&self, name: &MetricName) -> Option<RequestSpec> {
        let key = &self.want.key;
        let (kind, id) = Kind::of(&key.asset);
        let block = Block {
            keys: vec![key.clone()],
            metrics: vec![name.clone()],
            step: Step::Day,
            labels: self.want.labels,
        };
        let maker = self.maker;
        Some(match metric(kind, name.as_str())?.past {
            Past::Dimension(dimension) => self.dimension(kind, id, dimension, block),
            Past::Tvl(section) => self.tvl(key, section, block),
            Past::ChainTvl if kind == Kind::Global => {
                maker.request("/v2/historicalChainTvl", [], block)
            }
            Past::ChainTvl => {
                let path = format!("/v2/historicalChainTvl/{}", encode(id));
                maker.request(&path, [], block)
            }
            Past::Supply(_) => supply(maker, kind, id, block),
            Past::Pool(_) => maker.request(&format!("/chart/{}", encode(id)), [], block),
            Past::None | Past::Price => return None,
        })
    }

    /// A chart of a dimension. `dataType` is always sent, the breakdown never asked for.
    fn dimension(&self, kind: Kind, id: &str, dimension: Dimension, block: Block) -> RequestSpec {
        let Dimension { of, data_type } = dimension;
        let slug = || encode(self.names.slug(&self.want.key.asset));
        let small = has_small_charts(self.maker.plan);
        let path = match (kind, small) {
            (Kind::Global, true) => format!("/v2/chart/{of}"),
            (Kind::Chain, true) => format!("/v2/chart/{of}/chain/{}", encode(id)),
            (_, true) => format!("/v2/chart/{of}/protocol/{}", slug()),
            (Kind::Global, false) => format!("/overview/{of}"),
            (Kind::Chain, false) => format!("/overview/{of}/{}", encode(id)),
            (_, false) => format!("/summary/{of}/{}", slug()),
        };
        let data_type = ("dataType", data_type.to_owned());
        if small {
            return self.maker.request(&path, [data_type], block);
        }
        let exclude = ("excludeTotalDataChartBreakdown", "true".to_owned());
        self.maker.request(&path, [data_type, exclude], block)
    }

    /// A protocol's chart: all sections at once, or on Pro a far smaller answer for each.
    fn tvl(&self, key: &Key, section: Section, block: Block) -> RequestSpec {
        let slug = encode(self.names.slug(&key.asset));
        if !has_small_charts(self.maker.plan) {
            return self.maker.request(&format!("/protocol/{slug}"), [], block);
        }
        let query = [("key", section.key().unwrap_or_default().to_owned())];
        let path = format!("/v2/chart/tvl/protocol/{slug}");
        self.maker.request(&path, query, block)
    }
}

/// A chart of supplies: of one stablecoin it holds both tokens and dollars.
fn supply(maker: Maker, kind: Kind, id: &str, block: Block) -> RequestSpec {
    let all = "/stablecoincharts/all";
    match kind {
        Kind::Chain => maker.request(&format!("/stablecoincharts/{}", encode(id)), [], block),
        Kind::Stablecoin => maker.request(all, [("stablecoin", id.to_owned())], block),
        _ => maker.request(all, [], block),
    }
}
