//! Commodities and the economy: one list of dates and values, always whole. Contract sections 3.1 and 5.
//!
//! What the answer holds is all there is, so what it lacks is empty; a dot is a day without a value.
//! Revisions go back for years: each answer is compared as a whole.

use model::{Key, Step, TimeRange, Ts};
use serde_json::value::RawValue;
use source::{Outcome, Parsed, ReplyError, Sink};

use super::{
    Answer,
    line::{Line, Named},
    reject,
};
use crate::{
    functions::{economy_of_key, interval_of},
    metrics::{Economy, Valid},
    wire::{Object, day, number},
};

pub(super) fn parse(answer: &Answer<'_>, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let key = answer.key();
    let Some((economy, _)) = economy_of_key(&key) else {
        let what = "no series of the economy was asked for";
        return Err(ReplyError::Malformed(what.to_owned()));
    };
    same_interval(answer)?;
    same_unit(answer, economy, &key)?;
    let rows = rows(answer)?;
    let step = answer.request.block.step;
    let mut line = Line::default();
    let mut first: Option<Ts> = None;
    let end = answer.due();
    for row in &rows {
        let Some((label, row)) = dated(row, step) else {
            out.reject(reject(&key.asset, None, "unreadable_row"));
            continue;
        };
        first = Some(first.map_or(label, |first| first.min(label)));
        let value = row.get("value").map_or_else(Default::default, number);
        let named = Named {
            asset: &key.asset,
            name: economy.metric,
            valid: Valid::Any,
        };
        if label < end {
            line.take((label, step), value, named, out);
        }
    }
    if first.is_none() && !rows.is_empty() {
        let what = "not a single readable row";
        return Err(ReplyError::Malformed(what.to_owned()));
    }
    let mut labels = answer.labels();
    if answer.request.block.labels.is_empty() {
        labels = labels.intersect(TimeRange::new(first.unwrap_or(end), end));
    }
    let slot = out.slot(&key, economy.metric, step);
    if let Some(slot) = slot.filter(|_| line.lacks_field()) {
        out.outcome(slot, Outcome::Failed);
    } else if let Some(slot) = slot {
        let nowhere = TimeRange::new(labels.start, labels.start);
        line.settle(slot, step, (labels, nowhere), out);
    }
    Ok(Parsed::default())
}

fn rows<'a>(answer: &Answer<'a>) -> Result<Vec<&'a RawValue>, ReplyError> {
    // The vendor's word for "no such series" (trap 12).
    if answer.body.is_empty() {
        return Ok(Vec::new());
    }
    let data = answer.body.get("data");
    let rows = data.and_then(|data| serde_json::from_str(data.get()).ok());
    rows.ok_or_else(|| ReplyError::Malformed("no list of values in it".to_owned()))
}

/// Returns the start of a row's bucket. A quarter has no grid and keeps the vendor's date.
fn dated<'a>(row: &'a RawValue, step: Step) -> Option<(Ts, Object<'a>)> {
    let row = Object::of(row)?;
    let date = day(&row.text("date")?)?;
    Some((step.floor(Ts::from_date(date)), row))
}

/// What comes in another interval than was asked for looks like days and is years.
fn same_interval(answer: &Answer<'_>) -> Result<(), ReplyError> {
    let told = answer.body.text("interval");
    let asked = interval_of(answer.request.dataset).unwrap_or_default();
    match told.is_none_or(|told| told.trim().eq_ignore_ascii_case(asked)) {
        true => Ok(()),
        false => Err(ReplyError::Malformed(
            "values in another interval than was asked for".to_owned(),
        )),
    }
}

/// The unit stands in the answer (section 5). One that is not the metric's would be off by factors, and
/// cents are no dollars.
fn same_unit(answer: &Answer<'_>, economy: &Economy, key: &Key) -> Result<(), ReplyError> {
    let Some(unit) = answer.body.text("unit") else {
        return Ok(());
    };
    let unit = unit.to_ascii_lowercase();
    let is_cents = unit
        .split_whitespace()
        .any(|word| word == "cents" || word == "cent");
    let is_known = economy.unit.is_empty() || economy.unit.iter().any(|word| unit.contains(word));
    let is_money = !economy.is_commodity || is_cents == (key.quote.as_str() == "usx");
    match unit.is_empty() || is_known && is_money {
        true => Ok(()),
        false => Err(ReplyError::Malformed(
            "another unit than the metric's".to_owned(),
        )),
    }
}
