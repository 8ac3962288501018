//! Rows that name no product stand for all that the catalogues list of the coin at the exchange. The
//! contract does not say what the vendor's own `coins` parameter yields, a row a coin or a row a
//! product, so it is not used; names of products are never guessed.

use std::collections::BTreeSet;

use model::{Instrument, SeriesKey, SeriesSpec};
use source::Listing;

use crate::{config::with_product, datasets::SOURCE};

/// Whether a series has an exchange and no product.
pub(crate) fn is_selector(series: &SeriesKey) -> bool {
    series.source == SOURCE && series.key.instrument.is_none() && !series.key.venue.is_none()
}

/// Returns the series of every product of the selector's coin at its exchange, delisted ones too.
pub(crate) fn select(selector: &SeriesSpec, listed: &[Listing]) -> Vec<SeriesSpec> {
    let key = &selector.series.key;
    // The lists of today and of yesterday may both hold a product.
    let products: BTreeSet<&Instrument> = (listed.iter())
        .map(|listing| &listing.subject)
        .filter(|subject| subject.asset == key.asset && subject.venue == key.venue)
        .map(|subject| &subject.instrument)
        .filter(|product| !product.is_none())
        .collect();
    (products.into_iter())
        .map(|product| with_product(selector, product))
        .collect()
}
