//! Cuts an ask into requests.
//!
//! The catalogue: one. Values by day: as many symbols and metrics as fit, over windows of a year. A
//! live tick asks for today too, as the contract has it. Quarters: all of them at once.

mod days;
mod fit;
mod groups;

use model::{DatasetId, Step};
use source::{Ask, Block, Cost, PlanError, RequestSpec, Source as _, sorted_query};

pub(crate) use days::halves;

use crate::{
    Artemis,
    access::HOST,
    datasets::{SOURCE, SYMBOLS},
};

/// Returns the requests of an ask, newest first.
pub(crate) fn plan<'a>(source: &'a Artemis, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.known_dataset(ask.dataset)?;
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
        Block::open(Step::Day),
    )
}

fn request<'q>(
    dataset: DatasetId,
    path: String,
    query: impl IntoIterator<Item = (&'q str, String)>,
    block: Block,
) -> RequestSpec {
    RequestSpec {
        source: SOURCE,
        dataset,
        host: HOST,
        path,
        query: sorted_query(query),
        block,
        cost: Cost::ONE,
    }
}
