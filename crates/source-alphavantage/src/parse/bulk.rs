//! `REALTIME_BULK_QUOTES`: the quotes of up to a hundred shares as of now. Contract section 3.2.
//!
//! A quote belongs to the hour in which it was made, by the clock of New York. At night and at weekends
//! the last one comes again and again: it says that nothing was traded in the hour of now. A share that
//! was asked for and is not there is `Absent`: the vendor drops what it does not know, and what is too
//! much, in silence.

use std::collections::BTreeSet;

use model::{AssetId, Key, Step, TimeRange, Ts};
use serde_json::value::RawValue;
use source::{Outcome, Parsed, ReplyError, Sink, is_late_snapshot, snapshot_label};

use super::{
    Answer,
    line::{Line, Named},
    reject,
};
use crate::{
    config::QUOTE,
    eastern,
    metrics::Metric,
    wire::{Object, local, number},
};

pub(super) fn parse(answer: &Answer<'_>, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let data = answer.body.get("data");
    let rows: Option<Vec<&RawValue>> = data.and_then(|data| serde_json::from_str(data.get()).ok());
    let rows = rows.ok_or_else(|| ReplyError::Malformed("no list of quotes in it".to_owned()))?;
    let is_success = answer.body.text("message");
    if is_success.is_none_or(|message| !message.trim().eq_ignore_ascii_case("success")) {
        let what = "quotes without the word that they are true";
        return Err(ReplyError::Malformed(what.to_owned()));
    }
    let quotes = Quotes {
        answer,
        metrics: answer.metrics(),
    };
    let mut seen = BTreeSet::new();
    for row in rows {
        quotes.take(row, &mut seen, out);
    }
    quotes.missing(&seen, out);
    Ok(Parsed::default())
}

struct Quotes<'a> {
    answer: &'a Answer<'a>,
    metrics: Vec<&'static Metric>,
}

impl Quotes<'_> {
    fn take(&self, row: &RawValue, seen: &mut BTreeSet<Key>, out: &mut dyn Sink) {
        let named = Object::of(row).and_then(|row| Some((row.text("symbol")?, row)));
        let Some((symbol, row)) = named.filter(|(symbol, _)| !symbol.trim().is_empty()) else {
            out.reject(reject(&AssetId::none(), None, "unreadable_row"));
            return;
        };
        let key = self.key(symbol.trim());
        if !seen.insert(key.clone()) {
            out.reject(reject(&key.asset, None, "second_row_of_a_share"));
            return;
        }
        let Some(at) = row.text("timestamp").as_deref().and_then(local) else {
            out.reject(reject(&key.asset, None, "without_time"));
            return;
        };
        let (at, now) = (eastern::to_utc(at), self.answer.now);
        let label = snapshot_label(at, now);
        if label > now {
            out.reject(reject(&key.asset, Some(label), "label_after_now"));
        } else {
            // Made late in an hour that has passed it is no value of that hour's beginning.
            let is_taken = label == Step::Hour.floor(now) || !is_late_snapshot(at, label);
            self.values(&key, &row, is_taken.then_some(label), out);
        }
    }

    /// The key that was asked for under this ticker.
    fn key(&self, symbol: &str) -> Key {
        let asset = format!("equity:{symbol}");
        let mut asked = self.answer.request.block.keys.iter();
        let same = asked.find(|key| key.asset.as_str().eq_ignore_ascii_case(&asset));
        same.cloned()
            .unwrap_or_else(|| Key::of_asset(asset.as_str(), QUOTE))
    }

    fn values(&self, key: &Key, row: &Object<'_>, label: Option<Ts>, out: &mut dyn Sink) {
        let step = Step::Hour;
        let asked = self.answer.request.block.labels;
        for metric in &self.metrics {
            let mut line = Line::default();
            if let Some(label) = label {
                let value = row.get(metric.field).map_or_else(Default::default, number);
                let named = Named {
                    asset: &key.asset,
                    name: metric.name,
                    valid: metric.valid,
                };
                line.take((label, step), value, named, out);
            }
            let Some(slot) = out.slot(key, metric.name, step) else {
                continue;
            };
            let bucket = label.map(|label| TimeRange::new(label, step.next(label)));
            if let Some(bucket) = bucket {
                line.settle_moment(slot, bucket, (step, asked), out);
            }
            if bucket.is_none_or(|bucket| !asked.covers(bucket)) && !asked.is_empty() {
                out.outcome(slot, Outcome::Empty(asked));
            }
        }
    }

    /// Says of every share that was asked for and is not there that it is not there.
    fn missing(&self, seen: &BTreeSet<Key>, out: &mut dyn Sink) {
        let keys = self.answer.request.block.keys.iter();
        for key in keys.filter(|key| !seen.contains(*key)) {
            for metric in &self.metrics {
                if let Some(slot) = out.slot(key, metric.name, Step::Hour) {
                    out.outcome(slot, Outcome::Absent);
                }
            }
        }
    }
}
