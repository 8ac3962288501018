//! Cuts an ask into requests.
//!
//! Now: one request for all protocols, all chains, one dimension of all of them, a hundred prices. The
//! past by day: one thing a request, whole. Prices: pages of points, of many coins where few points are
//! wanted.

mod daily;
mod now;
mod prices;

use model::{DatasetId, Step};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use source::{Ask, Block, Cost, PlanError, RequestSpec, Source as _};

pub(crate) use prices::halves;

use crate::{
    DefiLlama, Plan,
    access::{USAGE_HOST, place},
    datasets::{
        CHAINS, CHAINS_NOW, DIMENSIONS_NOW, POOLS_NOW, PRICES_DAILY, PRICES_HOURLY, PRICES_NOW,
        PROTOCOLS, PROTOCOLS_NOW, SOURCE, STABLECOINS, STABLECOINS_NOW, USAGE,
    },
    route::route,
};

/// Returns the requests of an ask, newest first.
pub(crate) fn plan<'a>(source: &'a DefiLlama, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.known_dataset(ask.dataset)?;
    let maker = Maker {
        plan: source.settings.plan,
        dataset: spec.id,
    };
    let requests: source::Plan<'a> = match spec.id {
        PROTOCOLS | CHAINS | STABLECOINS => {
            let (path, query) = now::of_all(spec.id);
            let request = maker.request(path, query, Block::open(Step::Day));
            Box::new(std::iter::once(request))
        }
        USAGE => Box::new(std::iter::once(maker.usage())),
        PROTOCOLS_NOW | CHAINS_NOW | STABLECOINS_NOW | POOLS_NOW => now::all(maker, ask),
        DIMENSIONS_NOW => now::dimensions(maker, ask),
        PRICES_NOW => prices::now(source, maker, ask),
        PRICES_DAILY | PRICES_HOURLY => prices::past(source, maker, ask, spec.step),
        _ => daily::plan(source, maker, ask),
    };
    // One by one, so that what is found out while a plan runs holds for the rest of it.
    let at_present = |request| source.yields.at_present(request);
    Ok(Box::new(requests.map(at_present)))
}

/// Makes requests of one dataset on one plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker {
    pub(crate) plan: Plan,
    pub(crate) dataset: DatasetId,
}

impl Maker {
    /// Returns a request for a path below its product.
    pub(crate) fn request<const N: usize>(
        self,
        path: &str,
        query: [(&str, String); N],
        block: Block,
    ) -> RequestSpec {
        let query = query.into_iter().filter(|(_, value)| !value.is_empty());
        let query = query.map(|(name, value)| (name.to_owned(), value));
        self.request_as_asked(path, query.collect(), block)
    }

    /// Returns a request whose query comes from outside.
    pub(crate) fn request_as_asked(
        self,
        path: &str,
        mut query: Vec<(String, String)>,
        block: Block,
    ) -> RequestSpec {
        query.sort();
        // Whatever has no route is the API's own.
        let product = route(path).map_or(crate::access::Product::Api, |route| route.product());
        let (host, folder) = place(self.plan, product);
        RequestSpec {
            source: SOURCE,
            dataset: self.dataset,
            host,
            path: format!("{folder}{path}"),
            query,
            block,
            cost: Cost::ONE,
        }
    }

    /// Returns the request for what the vendor counts. Its key stands last, on a host of its own.
    pub(crate) fn usage(self) -> RequestSpec {
        RequestSpec {
            source: SOURCE,
            dataset: self.dataset,
            host: USAGE_HOST,
            path: "/usage".to_owned(),
            query: Vec::new(),
            block: Block::open(Step::Day),
            cost: Cost::ONE,
        }
    }
}

/// Percent-encodes an id for a path. Colons and commas stay: they take ids and lists apart.
fn encode(id: &str) -> String {
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b':')
        .remove(b',');
    utf8_percent_encode(id, SEGMENT).to_string()
}
