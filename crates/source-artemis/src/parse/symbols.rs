//! `/asset/symbols/`: the catalogue. Contract section 2.1.
//!
//! Listed under the symbol, which is what is asked for, or under the id where there is none. The id and
//! that of CoinGecko, which links other vendors, stand beside it; a row that is written by its id is found
//! by that.

use std::collections::BTreeSet;

use model::{AssetId, Subject};
use serde_json::value::RawValue;
use source::{
    Listing, Parsed, Reject, Reply, ReplyError, Sink,
    lenient::{self, Entries},
};

use crate::{
    datasets::SOURCE,
    wire::{Asset, Place},
};

pub(super) fn parse(reply: &Reply, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let body: Entries<'_> = lenient::read(&text)?;
    let Place::List(assets) = Place::of(body.last("assets")) else {
        return Err(ReplyError::Malformed("no list of assets".to_owned()));
    };
    let assets: Vec<&RawValue> = lenient::read(assets.get())?;
    let mut seen: BTreeSet<Subject> = BTreeSet::new();
    for raw in assets {
        let Some(listing) = listing(raw) else {
            out.reject(reject(AssetId::none(), "unreadable_row"));
            continue;
        };
        // A ticker may stand for two assets; which of them the vendor means nobody says.
        if seen.insert(listing.subject.clone()) {
            out.listing(listing);
        } else {
            out.reject(reject(listing.subject.asset, "second_asset_of_a_symbol"));
        }
    }
    Ok(Parsed::default())
}

fn listing(raw: &RawValue) -> Option<Listing> {
    let Place::Object(raw) = Place::of(Some(raw)) else {
        return None;
    };
    let asset: Asset = serde_json::from_str(raw.get()).ok()?;
    let id = text(asset.artemis_id);
    let symbol = text(asset.symbol);
    let named = symbol.as_ref().or(id.as_ref())?;
    let links = [
        (SOURCE.as_str(), id.clone()),
        ("coingecko", text(asset.coingecko_id)),
    ];
    Some(Listing {
        subject: Subject::of_asset(named.as_str()),
        name: text(asset.title),
        links: links
            .into_iter()
            .filter_map(|(space, id)| Some((space.to_owned(), id?)))
            .collect(),
        active: true,
        symbol,
    })
}

fn text(text: lenient::Text) -> Option<String> {
    let text = text.0?.trim().to_owned();
    // No name of ours holds what is no text.
    (!text.is_empty() && !text.contains(['\0', '\u{fffd}'])).then_some(text)
}

fn reject(asset: AssetId, why: &'static str) -> Reject {
    Reject {
        asset,
        metric: None,
        label: None,
        why,
    }
}
