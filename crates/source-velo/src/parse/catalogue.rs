//! The catalogues: what is traded where, since when, until when. Contract section 3.

use std::collections::BTreeSet;

use model::{AssetId, Key, Subject, Ts};
use source::{Fact, Listing, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink};

use crate::{
    config::QUOTE,
    datasets::{FUTURES_DELISTED, OPTION_PREFIX, OPTIONS, SPOT_DELISTED},
    wire::{Csv, Row},
};

const COLUMNS: [&str; 4] = ["exchange", "coin", "product", "begin"];

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let mut parsed = Parsed::default();
    let is_gone = matches!(request.dataset, FUTURES_DELISTED | SPOT_DELISTED);
    let Some(csv) = Csv::read(&reply.body, &COLUMNS)? else {
        return Ok(parsed);
    };
    let prefix = match request.dataset {
        OPTIONS => OPTION_PREFIX,
        _ => "",
    };
    let (begin, end) = (csv.place("begin"), csv.place("end"));
    // The same line may come twice.
    let mut seen = BTreeSet::new();
    for row in csv.rows() {
        let Some(subject) = subject(&csv, row, prefix) else {
            out.reject(unreadable(row.text(csv.place("coin"))));
            continue;
        };
        if !seen.insert(subject.clone()) {
            continue;
        }
        let key = key_of(&subject);
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
        out.listing(Listing {
            symbol: Some(subject.asset.as_str().to_owned()),
            subject,
            name: None,
            links: Vec::new(),
            active: !is_gone,
        });
    }
    Ok(parsed)
}

fn subject(csv: &Csv, row: Row<'_>, prefix: &str) -> Option<Subject> {
    let text = |name| row.text(csv.place(name));
    let coin = text("coin")?;
    Some(Subject {
        asset: AssetId::new(format!("{prefix}{coin}")),
        instrument: text("product")?.into(),
        venue: text("exchange")?.into(),
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
