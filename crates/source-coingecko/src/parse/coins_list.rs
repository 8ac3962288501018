//! `/coins/list`: the catalogue.

use model::{AssetId, Subject};
use serde_json::value::RawValue;
use source::{
    Listing, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient, recognise::query_value,
};

use crate::wire::{CoinRow, RowId};

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let rows: Vec<&RawValue> = lenient::read(&text)?;
    // The delisted ones are another request, which only a person makes.
    let active = query_value(&request.query, "status") != Some("inactive");
    let mut listed = 0_u32;
    for row in rows {
        match serde_json::from_str::<CoinRow>(row.get()) {
            Ok(coin) if is_id(&coin.id) => {
                out.listing(listing(coin, active));
                listed += 1;
            }
            _ => out.reject(Reject {
                asset: AssetId::new(
                    serde_json::from_str::<RowId>(row.get()).map_or(String::new(), |row| row.id),
                ),
                metric: None,
                label: None,
                why: "unreadable_row",
            }),
        }
    }
    if listed == 0 {
        let what = "a catalogue without a single readable coin";
        return Err(ReplyError::Malformed(what.to_owned()));
    }
    Ok(Parsed::default())
}

/// Whether a text can be asked for; one that was spoilt on its way cannot.
fn is_id(id: &str) -> bool {
    !id.is_empty() && !id.contains(char::REPLACEMENT_CHARACTER)
}

/// An address may be null, and a native coin may name the empty platform: neither links anything.
fn listing(coin: CoinRow, active: bool) -> Listing {
    let links = coin
        .platforms
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(platform, address)| Some((platform, address.0?)))
        .filter(|(platform, address)| !platform.is_empty() && !address.is_empty())
        .collect();
    Listing {
        subject: Subject::of_asset(coin.id.as_str()),
        symbol: coin.symbol.0,
        name: coin.name.0,
        links,
        active,
    }
}
