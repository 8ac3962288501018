//! Requests for market caps.

use model::{Step, TimeRange};
use source::{Ask, Block, RequestSpec, Want};

use super::{listed, request};
use crate::datasets::CAPS;

/// The most coins in one request; the limit is unknown (section 6).
const MAX_COINS: usize = 100;

/// Wants of one range of labels share requests.
pub(super) fn plan(ask: &Ask) -> source::Plan<'_> {
    let wants: Vec<_> = ask.wants.iter().filter(|want| !want.is_empty()).collect();
    let batches = wants
        .chunk_by(|a, b| a.labels == b.labels)
        .flat_map(|alike| alike.chunks(MAX_COINS))
        .filter_map(|batch| Some(caps_request(block(batch, batch.first()?.labels))));
    Box::new(batches.collect::<Vec<_>>().into_iter())
}

fn block(batch: &[&Want], labels: TimeRange) -> Block {
    let mut metrics: Vec<_> = batch.iter().flat_map(|want| want.metrics.clone()).collect();
    metrics.sort();
    metrics.dedup();
    Block {
        keys: batch.iter().map(|want| want.key.clone()).collect(),
        metrics,
        step: Step::Hour,
        labels,
    }
}

fn caps_request(block: Block) -> RequestSpec {
    let query = [("coins", listed(&block.keys))];
    request(CAPS, "/api/v1/caps", query, block)
}

/// Splits a refused request into two with half of the coins each.
pub(super) fn halves(refused: &RequestSpec) -> Option<[RequestSpec; 2]> {
    Some(refused.block.halves_by_key()?.map(caps_request))
}
