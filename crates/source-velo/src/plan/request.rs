//! A request for bars as the vendor reads it, and its halves.

use model::{DatasetId, TimeRange, Ts};
use source::{Block, RequestSpec};

use super::{listed, request};
use crate::{
    metrics::{Market, metrics_of},
    recognise::market,
};

/// Returns the request for a block, asking up to `end`. Columns stand in the order of the table.
pub(super) fn rows_request(
    dataset: DatasetId,
    market: Market,
    block: Block,
    end: Ts,
) -> RequestSpec {
    let wanted = |name: &str| block.metrics.iter().any(|wanted| wanted.as_str() == name);
    let columns: Vec<&str> = metrics_of(market)
        .filter(|metric| wanted(metric.name))
        .map(|metric| metric.column)
        .collect();
    let mut query = vec![
        ("begin", block.labels.start.millis().to_string()),
        ("columns", columns.join(",")),
        ("end", end.millis().to_string()),
        // A whole number of minutes: what stands behind it is ignored in silence (trap 1).
        ("resolution", (block.step.max_secs() / 60).to_string()),
        ("type", market.as_str().to_owned()),
    ];
    let names = listed(&block.keys);
    match market {
        Market::Basis => query.push(("coins", names)),
        _ => {
            let venue = block.keys.first().map(|key| key.venue.to_string());
            query.push(("exchanges", venue.unwrap_or_default()));
            query.push(("products", names));
        }
    }
    request(dataset, "/api/v1/rows", query, block)
}

/// Splits a refused request into two with half of the products each, or of the time of one.
pub(super) fn halves(refused: &RequestSpec) -> Option<[RequestSpec; 2]> {
    let block = &refused.block;
    let market = market(refused);
    let parts = block.halves_by_key().or_else(|| halves_by_time(block))?;
    Some(parts.map(|part| {
        let end = part.labels.end;
        rows_request(refused.dataset, market, part, end)
    }))
}

/// Returns the newer half first; none where there is one bucket.
fn halves_by_time(block: &Block) -> Option<[Block; 2]> {
    let labels = block.labels;
    let middle = block.step.floor(labels.start.plus_secs(labels.secs() / 2));
    let parts = [
        TimeRange::new(middle, labels.end),
        TimeRange::new(labels.start, middle),
    ];
    let half = |labels| Block {
        labels,
        ..block.clone()
    };
    (!parts.iter().any(|part| part.is_empty())).then(|| parts.map(half))
}
