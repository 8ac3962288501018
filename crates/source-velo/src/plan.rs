//! Cuts an ask into requests.
//!
//! Catalogues: one each. Live: caps of up to 100 coins, and of bars the closed hours and the open one.
//! The past: as many products and hours as fit, one exchange a request.
//!
//! | file | what stands there |
//! |---|---|
//! | `plan/caps.rs` | requests for market caps |
//! | `plan/rows.rs` | from wants to requests for bars |
//! | `plan/area.rs` | what is asked for together, and what that costs |
//! | `plan/fit.rs` | how many products and buckets of an area a request holds |
//! | `plan/cut.rs` | an area into areas of a request each |
//! | `plan/join.rs` | small areas into fewer |
//! | `plan/request.rs` | an area as the vendor reads it, and its halves |

mod area;
mod caps;
mod cut;
mod fit;
mod join;
mod request;
mod rows;

use model::{DatasetId, Key, Step, Ts};
use source::{Ask, Block, Cost, PlanError, RequestSpec, Source as _, sorted_query};

use crate::{
    Velo,
    access::{HOST, reach},
    datasets::{
        CAPS, FUTURES, FUTURES_DELISTED, OPTIONS, ROWS, ROWS_DAILY, SOURCE, SPOT, SPOT_DELISTED,
        sent_name, vendor_first,
    },
};

/// Returns the requests of an ask, newest first.
pub(crate) fn plan<'a>(source: &'a Velo, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.known_dataset(ask.dataset)?;
    Ok(match spec.id {
        FUTURES | SPOT | OPTIONS => one(catalogue(spec.id, spec.paths, "0")),
        FUTURES_DELISTED | SPOT_DELISTED => one(catalogue(spec.id, spec.paths, "1")),
        CAPS => caps::plan(ask),
        _ => rows::plan(source, spec, ask),
    })
}

/// Splits a refused request in two; none where it cannot be split.
pub(crate) fn halves(refused: &RequestSpec) -> Option<[RequestSpec; 2]> {
    match refused.dataset {
        CAPS => caps::halves(refused),
        ROWS | ROWS_DAILY => request::halves(refused),
        _ => None,
    }
}

fn one<'a>(request: RequestSpec) -> source::Plan<'a> {
    Box::new(std::iter::once(request))
}

/// Options have no list of delisted ones; clients send the parameter all the same.
fn catalogue(dataset: DatasetId, paths: &[&str], delisted: &str) -> RequestSpec {
    let path = paths.first().copied().unwrap_or_default();
    let query = [("delisted", delisted.to_owned())];
    request(dataset, path, query, Block::open(Step::Day))
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

/// Returns the keys as a list of the query.
fn listed(keys: &[Key]) -> String {
    keys.iter().map(sent_name).collect::<Vec<_>>().join(",")
}

fn request<'q>(
    dataset: DatasetId,
    path: &str,
    query: impl IntoIterator<Item = (&'q str, String)>,
    block: Block,
) -> RequestSpec {
    RequestSpec {
        source: SOURCE,
        dataset,
        host: HOST,
        path: path.to_owned(),
        query: sorted_query(query),
        block,
        cost: Cost::ONE,
    }
}
