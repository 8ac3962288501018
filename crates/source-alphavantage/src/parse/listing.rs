//! `LISTING_STATUS`: the shares and funds that are listed in the US. Contract section 3.2.
//!
//! The day of an IPO is no word about the first bar, so it teaches nothing. A catalogue without a row
//! is not believed: it would delist the world.

use std::collections::BTreeSet;

use model::{AssetId, Subject};
use source::{Listing, Parsed, Reply, ReplyError, Sink};

use super::reject;
use crate::wire::Csv;

const COLUMNS: [&str; 3] = ["symbol", "name", "status"];

pub(super) fn parse(reply: &Reply, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let csv = Csv::read(&reply.body, &COLUMNS)?;
    let mut seen = BTreeSet::new();
    for row in &csv.rows {
        let (symbol, status) = (csv.cell(row, "symbol"), csv.cell(row, "status"));
        let (Some(symbol), Some(status)) = (symbol, status) else {
            out.reject(reject(&AssetId::none(), None, "unreadable_row"));
            continue;
        };
        // A fund is `equity:` like a share: its ticker is one like any other.
        let subject = Subject::of_asset(format!("equity:{symbol}").as_str());
        if seen.insert(subject.clone()) {
            out.listing(Listing {
                subject,
                symbol: Some(symbol.to_owned()),
                name: csv.cell(row, "name").map(str::to_owned),
                links: Vec::new(),
                active: status.eq_ignore_ascii_case("active"),
            });
        }
    }
    if seen.is_empty() {
        let what = "a catalogue without a row";
        return Err(ReplyError::Malformed(what.to_owned()));
    }
    Ok(Parsed::default())
}
