//! Cuts an ask into requests.
//!
//! The catalogue: one. Values by day: as many symbols and metrics as fit, over windows of a year. A
//! live tick asks for today too, as the contract has it. Quarters: all of them at once.

mod days;
mod fit;
mod groups;

use model::{DatasetId, Step, TimeRange, Ts};
use source::{Ask, Block, Cost, PlanError, RequestSpec};

pub(crate) use days::halves;

use crate::{
    Artemis,
    access::HOST,
    datasets::{SOURCE, SYMBOLS},
};

/// Returns the requests of an ask, newest first.
pub(crate) fn plan<'a>(source: &'a Artemis, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.datasets.iter().find(|spec| spec.id == ask.dataset);
    let Some(spec) = spec else {
        return Err(PlanError::unknown_dataset(
            SOURCE,
            &source.datasets,
            ask.dataset,
        ));
    };
    Ok(match spec.id {
        SYMBOLS => Box::new(std::iter::once(catalogue())),
        _ => days::plan(spec, ask),
    })
}

fn catalogue() -> RequestSpec {
    request(
        SYMBOLS,
        "/asset/symbols/".to_owned(),
        [],
        open_block(Step::Day),
    )
}

/// Returns the block of an answer that holds whatever it holds.
pub(crate) fn open_block(step: Step) -> Block {
    let nowhere = Ts::from_secs(0);
    Block {
        keys: Vec::new(),
        metrics: Vec::new(),
        step,
        labels: TimeRange::new(nowhere, nowhere),
    }
}

fn request<'q>(
    dataset: DatasetId,
    path: String,
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
        path,
        query,
        block,
        cost: Cost::ONE,
    }
}
