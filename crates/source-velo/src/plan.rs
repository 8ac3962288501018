//! Cuts an ask into requests.
//!
//! Catalogues: one each. Live: caps of up to 100 coins, and of bars the closed hours and the open one.
//! The past: as many products and hours as fit, one exchange a request.

mod fit;
mod rows;

use model::{DatasetId, Key, Step, TimeRange, Ts};
use source::{Ask, Block, Cost, PlanError, RequestSpec};

pub(crate) use rows::halves;

use crate::{
    Velo,
    access::{HOST, reach},
    datasets::{
        CAPS, FUTURES, FUTURES_DELISTED, OPTIONS, ROWS, ROWS_DAILY, SOURCE, SPOT, SPOT_DELISTED,
        vendor_first,
    },
};

/// The most coins in one request for caps; the limit is unknown (section 6).
const MAX_COINS: usize = 100;

/// Returns the requests of an ask, newest first.
pub(crate) fn plan<'a>(source: &'a Velo, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.datasets.iter().find(|spec| spec.id == ask.dataset);
    let Some(spec) = spec else {
        return Err(PlanError::unknown_dataset(
            SOURCE,
            &source.datasets,
            ask.dataset,
        ));
    };
    Ok(match spec.id {
        FUTURES | SPOT | OPTIONS => one(catalogue(spec.id, spec.paths, "0")),
        FUTURES_DELISTED | SPOT_DELISTED => one(catalogue(spec.id, spec.paths, "1")),
        CAPS => caps(ask),
        _ => rows::plan(source, spec, ask),
    })
}

fn one<'a>(request: RequestSpec) -> source::Plan<'a> {
    Box::new(std::iter::once(request))
}

/// Options have no list of delisted ones; clients send the parameter all the same.
fn catalogue(dataset: DatasetId, paths: &[&str], delisted: &str) -> RequestSpec {
    let path = paths.first().copied().unwrap_or_default();
    let query = [("delisted", delisted.to_owned())];
    request(dataset, path, query, open_block(Step::Day))
}

/// Wants of one range of labels share requests.
fn caps(ask: &Ask) -> source::Plan<'_> {
    let wanted = |want: &&source::Want| !want.metrics.is_empty() && !want.labels.is_empty();
    let wants: Vec<_> = ask.wants.iter().filter(wanted).collect();
    let batches = wants
        .chunk_by(|a, b| a.labels == b.labels)
        .flat_map(|alike| alike.chunks(MAX_COINS))
        .map(|batch| {
            let mut metrics: Vec<_> = batch.iter().flat_map(|want| want.metrics.clone()).collect();
            metrics.sort();
            metrics.dedup();
            let labels = batch.first().map_or_else(nowhere, |want| want.labels);
            let block = Block {
                keys: batch.iter().map(|want| want.key.clone()).collect(),
                metrics,
                step: Step::Hour,
                labels,
            };
            let query = [("coins", joined(&block.keys, |key| key.asset.as_str()))];
            request(CAPS, "/api/v1/caps", query, block)
        });
    Box::new(batches.collect::<Vec<_>>().into_iter())
}

fn joined<'k>(keys: &'k [Key], part: impl Fn(&'k Key) -> &'k str) -> String {
    keys.iter().map(part).collect::<Vec<_>>().join(",")
}

/// Returns the oldest label that can be had; none for what has no labels.
pub(crate) fn horizon(source: &Velo, dataset: DatasetId, now: Ts) -> Option<Ts> {
    let first = vendor_first(dataset)?;
    let step = match dataset {
        ROWS_DAILY => Step::Day,
        ROWS => Step::Hour,
        _ => return None,
    };
    let reach = reach(source.settings.plan, step, now);
    Some(reach.map_or(first, |reach| reach.max(first)))
}

/// Returns the empty range: nothing is clipped.
pub(crate) fn nowhere() -> TimeRange {
    TimeRange::new(Ts::from_secs(0), Ts::from_secs(0))
}

/// Returns the block of an answer that holds whatever it holds.
pub(crate) fn open_block(step: Step) -> Block {
    Block {
        keys: Vec::new(),
        metrics: Vec::new(),
        step,
        labels: nowhere(),
    }
}

fn request<'q>(
    dataset: DatasetId,
    path: &str,
    query: impl IntoIterator<Item = (&'q str, String)>,
    block: Block,
) -> RequestSpec {
    let mut query: Vec<(String, String)> = query
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    query.sort();
    RequestSpec {
        source: SOURCE,
        dataset,
        host: HOST,
        path: path.to_owned(),
        query,
        block,
        cost: Cost::ONE,
    }
}
