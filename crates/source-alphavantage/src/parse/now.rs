//! Answers about one asset as of now: a quote, a rate, a company. Contract section 3.2.
//!
//! A quote is the last day of trading, not of today (trap 7). A rate and a company's figures are true of
//! the moment they are asked for. `{}` is the vendor's word for "no such thing": no data, nothing else.

use model::{Key, Step, TimeRange, Ts};
use source::{
    Outcome, Parsed, ReplyError, Sink, is_late_snapshot, lenient::Number, snapshot_label,
};

use super::{
    Answer,
    line::{Line, Named},
    reject,
};
use crate::{
    metrics::Metric,
    wire::{Object, day, local, number},
};

/// A rate taken longer ago than this is not one of now.
const STALE_SECS: i64 = 2 * 3_600;

/// `Global Quote`, whatever is behind its name.
pub(super) fn quote(answer: &Answer<'_>, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let key = answer.key();
    let Some(quote) = inner(answer, "Global Quote")? else {
        settle(answer, &key, answer.labels(), Outcome::Empty, out);
        return Ok(Parsed::default());
    };
    let symbol = key.asset.as_str().split_once(':').map(|(_, symbol)| symbol);
    answer.is_about(quote.text("symbol"), symbol.unwrap_or_default())?;
    let Some(date) = quote.text("latest trading day").as_deref().and_then(day) else {
        let what = "a quote without its day";
        return Err(ReplyError::Malformed(what.to_owned()));
    };
    let (label, step) = (Ts::from_date(date), Step::Day);
    let end = answer.due();
    // Nothing has traded since; of the days before it says nothing.
    let labels = answer.labels();
    let labels = labels.intersect(TimeRange::new(label, labels.end.max(label)));
    for metric in answer.metrics() {
        let mut line = Line::default();
        if label < end {
            line.take(
                (label, step),
                field(&quote, metric, &key),
                named(&key, metric),
                out,
            );
        }
        if let Some(slot) = out.slot(&key, metric.name, step) {
            line.settle(slot, step, (labels, TimeRange::new(label, label)), out);
        }
    }
    Ok(Parsed::default())
}

/// `Realtime Currency Exchange Rate`: true of the hour it was last refreshed in.
pub(super) fn rate(answer: &Answer<'_>, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let key = answer.key();
    let Some(rate) = inner(answer, "Realtime Currency Exchange Rate")? else {
        settle(answer, &key, present(answer), Outcome::Empty, out);
        return Ok(Parsed::default());
    };
    let symbol = key.asset.as_str().split_once(':').map(|(_, symbol)| symbol);
    answer.is_about(rate.text("From_Currency Code"), symbol.unwrap_or_default())?;
    answer.is_about(rate.text("To_Currency Code"), key.quote.as_str())?;
    let Some(at) = rate.text("Last Refreshed").as_deref().and_then(local) else {
        let what = "a rate without its time";
        return Err(ReplyError::Malformed(what.to_owned()));
    };
    let at = Ts::from(at.assume_utc());
    let label = snapshot_label(at, answer.now);
    let is_of_now = label == present(answer).start || !is_late_snapshot(at, label);
    if at < answer.now.plus_secs(-STALE_SECS) || !is_of_now || label > answer.now {
        out.reject(reject(&key.asset, Some(label), "stale"));
        return Ok(Parsed::default());
    }
    let read = |metric: &Metric| field(&rate, metric, &key);
    moment(answer, &key, label, read, out);
    Ok(Parsed::default())
}

/// A flat object: the figures of the day on which they are fetched. Money of the whole company is in
/// the currency of its reports; where that is not the share's, it is not taken.
pub(super) fn overview(answer: &Answer<'_>, out: &mut dyn Sink) -> Result<Parsed, ReplyError> {
    let key = answer.key();
    let body = &answer.body;
    if body.is_empty() {
        settle(answer, &key, present(answer), Outcome::Empty, out);
        return Ok(Parsed::default());
    }
    let Some(told) = body.text("Symbol") else {
        return Err(ReplyError::Malformed("no company in it".to_owned()));
    };
    let symbol = key.asset.as_str().split_once(':').map(|(_, symbol)| symbol);
    answer.is_about(Some(told), symbol.unwrap_or_default())?;
    let currency = body.text("Currency").unwrap_or_default();
    let quote = key.quote.as_str();
    let is_other = !currency.trim().is_empty() && !currency.trim().eq_ignore_ascii_case(quote);
    let label = answer.request.block.step.floor(answer.now);
    if is_other && answer.metrics().iter().any(|metric| metric.is_reported) {
        out.reject(reject(&key.asset, Some(label), "another_currency"));
    }
    let read = |metric: &Metric| match is_other && metric.is_reported {
        true => Number::Null,
        false => field(body, metric, &key),
    };
    moment(answer, &key, label, read, out);
    Ok(Parsed::default())
}

/// Returns the one object of an answer; none where it is empty or the answer is.
fn inner<'a>(answer: &Answer<'a>, name: &str) -> Result<Option<Object<'a>>, ReplyError> {
    if answer.body.is_empty() {
        return Ok(None);
    }
    let is_it = |known: &str| {
        let known = known.trim().to_ascii_lowercase();
        known.starts_with(&name.to_ascii_lowercase())
    };
    let found = answer.body.iter().find(|(known, _)| is_it(known));
    let object = found.and_then(|(_, raw)| Object::of(raw));
    let object = object.ok_or_else(|| ReplyError::Malformed(format!("no {name} in it")))?;
    Ok((!object.is_empty()).then_some(object))
}

fn field(object: &Object<'_>, metric: &Metric, key: &Key) -> Number {
    match object.get(metric.field) {
        Some(raw) => number(raw),
        None => object.number(metric.field, key.quote.as_str()),
    }
}

fn named<'a>(key: &'a Key, metric: &Metric) -> Named<'a> {
    Named {
        asset: &key.asset,
        name: metric.name,
        valid: metric.valid,
    }
}

/// Returns the bucket that was asked for; that of now where the block is open.
fn present(answer: &Answer<'_>) -> TimeRange {
    let (block, start) = (
        &answer.request.block,
        answer.request.block.step.floor(answer.now),
    );
    match block.labels.is_empty() {
        true => TimeRange::new(start, block.step.next(start)),
        false => block.labels,
    }
}

/// Hands over values of one moment. Nothing else ever tells of it, so what is missing is empty.
fn moment(
    answer: &Answer<'_>,
    key: &Key,
    label: Ts,
    read: impl Fn(&Metric) -> Number,
    out: &mut dyn Sink,
) {
    let (step, asked) = (answer.request.block.step, answer.request.block.labels);
    let bucket = TimeRange::new(label, step.next(label));
    for metric in answer.metrics() {
        let mut line = Line::default();
        line.take((label, step), read(metric), named(key, metric), out);
        if let Some(slot) = out.slot(key, metric.name, step) {
            line.settle_moment(slot, bucket, (step, asked), out);
        }
    }
}

/// Says the same of every metric that was asked for.
fn settle(
    answer: &Answer<'_>,
    key: &Key,
    labels: TimeRange,
    outcome: fn(TimeRange) -> Outcome,
    out: &mut dyn Sink,
) {
    for metric in answer.metrics() {
        if let Some(slot) = out.slot(key, metric.name, answer.request.block.step)
            && !labels.is_empty()
        {
            out.outcome(slot, outcome(labels));
        }
    }
}
