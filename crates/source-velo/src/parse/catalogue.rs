//! The catalogues: what is traded where, since when, until when. Contract section 3.

use std::collections::BTreeSet;

use model::{AssetId, Key, Subject, Ts};
use source::{Fact, Listing, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient};

use crate::{
    config::QUOTE,
    datasets::{FUTURES_DELISTED, OPTION_PREFIX, OPTIONS, SPOT_DELISTED, coin_of},
    wire::{Csv, Row},
};

const COLUMNS: [&str; 4] = ["exchange", "coin", "product", "begin"];

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let mut parsed = Parsed::default();
    let text = lenient::text(&reply.body);
    let Some(mut csv) = Csv::open(reply, &text, &COLUMNS)? else {
        return Ok(parsed);
    };
    let prefix = match request.dataset {
        OPTIONS => OPTION_PREFIX,
        _ => "",
    };
    let is_gone = matches!(request.dataset, FUTURES_DELISTED | SPOT_DELISTED);
    let names = ["exchange", "coin", "product"].map(|name| csv.place(name));
    let (begin, end) = (csv.place("begin"), csv.place("end"));
    // The same line may come twice.
    let mut seen = BTreeSet::new();
    while let Some(row) = csv.next_row()? {
        let Some(subject) = subject(row, names, prefix) else {
            let [_, coin, _] = names;
            out.reject(unreadable(row.text(coin)));
            continue;
        };
        if !seen.insert(subject.clone()) {
            continue;
        }
        let key = key_of(&subject);
        out.listing(Listing {
            symbol: Some(coin_of(&key).to_owned()),
            subject,
            name: None,
            links: Vec::new(),
            active: !is_gone,
        });
        if let Some(first) = row.millis(begin) {
            parsed.facts.push(Fact::FirstAvailable {
                key: key.clone(),
                label: Ts::from_millis(first),
            });
        }
        // The last data there are: nothing comes after the bucket that holds them.
        if let Some(last) = row.millis(end).filter(|_| is_gone) {
            parsed.facts.push(Fact::EndedAt {
                key,
                label: Ts::from_millis(last).plus_millis(1),
            });
        }
    }
    Ok(parsed)
}

fn subject(row: Row<'_>, names: [Option<usize>; 3], prefix: &str) -> Option<Subject> {
    let [exchange, coin, product] = names.map(|place| row.text(place));
    Some(Subject {
        asset: AssetId::new(format!("{prefix}{}", coin?)),
        instrument: product?.into(),
        venue: exchange?.into(),
    })
}

fn key_of(subject: &Subject) -> Key {
    Key {
        asset: subject.asset.clone(),
        instrument: subject.instrument.clone(),
        venue: subject.venue.clone(),
        quote: QUOTE.into(),
    }
}

fn unreadable(coin: Option<&str>) -> Reject {
    Reject {
        asset: coin.map_or_else(AssetId::none, AssetId::from),
        metric: None,
        label: None,
        why: "unreadable_row",
    }
}
