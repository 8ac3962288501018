//! The coins host: prices as of the hour, and pages of them.
//!
//! Prices of which the vendor is not sure are dropped, and so is a price of 0 that it marks as that of an
//! asset in distress: there is none. An id that is unknown, or had no price in the page, is silently
//! missing. That settles nothing at once: it is asked again after a day, twice and four times as long,
//! and then it is believed.

use std::collections::BTreeMap;

use model::{AssetId, Key, Stamp, Step, TimeRange, Ts};
use serde_json::value::RawValue;
use source::{
    Fact, Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, SNAPSHOT_TOLERANCE_SECS, Sink,
    is_late_snapshot,
    lenient::{self, Number},
    snapshot_label,
};

use super::{
    malformed, refused, row,
    series::{Line, Place, Rule, check},
};
use crate::{
    DefiLlama,
    kind::Kind,
    metrics::{Metric, Verdict, metric},
    wire::{Alone, CoinChart, Coins, PricePoint, Sample},
};

/// A price recorded longer ago than this is not a price of now.
const STALE_SECS: i64 = 2 * 3_600;
/// How much of the asked labels must be empty before a coin's first price is believed to be its first.
/// More than a re-read asks for: a hole at the beginning of one must not hide what lies before it.
const LISTED_AFTER_SECS: i64 = 35 * 86_400;

/// The only metric of a coin.
fn price() -> Result<&'static Metric, ReplyError> {
    metric(Kind::Coin, "PRICE").ok_or_else(|| malformed("coins have no price"))
}

/// An answer by coin.
struct Answer<'a> {
    coins: BTreeMap<Key, &'a RawValue>,
}

impl<'a> Answer<'a> {
    /// Finds the coins that were asked for, or takes all where none were.
    fn read(request: &RequestSpec, text: &'a str) -> Result<Self, ReplyError> {
        let Coins { coins } = lenient::read(text)?;
        let asked = request.block.keys.iter();
        let asked: BTreeMap<String, &Key> =
            asked.map(|key| (folded(key.asset.as_str()), key)).collect();
        let coins = coins.into_iter().filter_map(|(id, raw)| {
            let key = match asked.get(&folded(&id)) {
                Some(key) => (*key).clone(),
                None if asked.is_empty() => Kind::Coin.key(&id),
                None => return None,
            };
            Some((key, raw))
        });
        Ok(Self {
            coins: coins.collect(),
        })
    }

    /// Returns the asked coins that are not there.
    fn missing<'r>(&'r self, request: &'r RequestSpec) -> impl Iterator<Item = &'r Key> {
        let keys = request.block.keys.iter();
        keys.filter(|key| !self.coins.contains_key(*key))
    }
}

/// Addresses of EVM chains come back in any case; those of other chains are told apart by it.
fn folded(id: &str) -> String {
    match id.split_once(':') {
        Some((chain, address)) if address.starts_with("0x") || address.starts_with("0X") => {
            format!("{chain}:{}", address.to_ascii_lowercase())
        }
        _ => id.to_owned(),
    }
}

/// Says something of the price of a key.
fn say(request: &RequestSpec, key: &Key, outcome: Outcome, out: &mut dyn Sink) {
    if let Some(slot) = out.slot(key, "PRICE", request.block.step) {
        out.outcome(slot, outcome);
    }
}

/// Why a price is dropped, if it is. One without confidence is taken.
fn dropped(price: Number, confidence: Number, least: f64) -> Option<&'static str> {
    match (price.value(), confidence.value()) {
        (Some(price), Some(sure)) if price == 0.0 && sure > 1.0 => Some("distressed"),
        (_, Some(sure)) if sure < least => Some("low_confidence"),
        _ => None,
    }
}

/// `/prices/historical/{timestamp}/{coins}` and `/prices/current/{coins}`. A price recorded more than a
/// quarter from the hour stands for none: the hour belongs to the chart.
pub(super) fn now(
    source: &DefiLlama,
    request: &RequestSpec,
    reply: &Reply,
    at: Option<&str>,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let text = lenient::text(&reply.body);
    let answer = Answer::read(request, &text)?;
    let at = at.and_then(|at| at.parse().ok()).map(Ts::from_secs);
    let (metric, names, now) = (price()?, source.names(), reply.received_at);
    let mut readable = answer.coins.is_empty();
    for (key, raw) in &answer.coins {
        let Some(point) = row::<PricePoint>(raw) else {
            out.reject(refused(key.asset.clone(), "unreadable_row"));
            say(request, key, Outcome::Failed, out);
            continue;
        };
        readable |= point.price != Number::Missing;
        let least = names.min_confidence(&key.asset);
        let taken = label(point, at, now)
            .and_then(|label| value(metric, point, least).map(|value| (label, value)));
        match taken {
            Ok((Some(label), value)) => take(request, key, label, value, out),
            Ok((None, _)) => {}
            Err(why) => out.reject(of_price(&key.asset, None, why)),
        }
    }
    if !readable {
        return Err(malformed("not a single price"));
    }
    for key in answer.missing(request) {
        say(request, key, Outcome::Absent, out);
    }
    Ok(Parsed::default())
}

/// The hour that a price stands for, if it stands for one.
fn label(point: PricePoint, at: Option<Ts>, now: Ts) -> Result<Option<Ts>, &'static str> {
    let taken = point.timestamp.integer().map(Ts::from_secs);
    let taken = taken.ok_or("unreadable_time")?;
    let asked_at = at.unwrap_or(now);
    if taken > now {
        return Err("label_after_now");
    }
    if taken < asked_at.plus_secs(-STALE_SECS) {
        return Err("stale");
    }
    let label = match at {
        Some(at) => Step::Hour.floor(at.plus_secs(SNAPSHOT_TOLERANCE_SECS)),
        None => snapshot_label(taken, now),
    };
    let is_early = taken < label.plus_secs(-SNAPSHOT_TOLERANCE_SECS);
    let is_near = !is_early && !is_late_snapshot(taken, label);
    Ok(is_near.then_some(label))
}

fn value(metric: &Metric, point: PricePoint, least: f64) -> Result<f64, &'static str> {
    if let Some(why) = dropped(point.price, point.confidence, least) {
        return Err(why);
    }
    match metric.valid.judge(point.price) {
        Verdict::Value(value) => Ok(value),
        Verdict::Missing => Err("no_value"),
        Verdict::Unread(why) | Verdict::Wrong(why) => Err(why),
    }
}

fn take(request: &RequestSpec, key: &Key, label: Ts, value: f64, out: &mut dyn Sink) {
    let Some(slot) = out.slot(key, "PRICE", Step::Hour) else {
        return;
    };
    out.point(slot, label, value);
    let hour = TimeRange::new(label, Step::Hour.next(label));
    let kept = request.block.labels;
    let hour = match kept.is_empty() {
        true => hour,
        false => hour.intersect(kept),
    };
    if !hour.is_empty() {
        out.outcome(slot, Outcome::Answered(hour));
    }
}

fn of_price(asset: &AssetId, label: Option<Ts>, why: &'static str) -> Reject {
    Reject {
        asset: asset.clone(),
        metric: Some("PRICE".into()),
        label,
        why,
    }
}

/// `/chart/{coins}`. Stamps are those of the records, seconds off the grid; of two near one label the
/// nearer stands.
pub(super) fn chart(
    source: &DefiLlama,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let spec = source
        .datasets
        .iter()
        .find(|spec| spec.id == request.dataset);
    let spec = spec.ok_or_else(|| malformed("the request belongs to no dataset"))?;
    let text = lenient::text(&reply.body);
    let answer = Answer::read(request, &text)?;
    let near = Place::Near(spec.step.max_secs() / 2);
    let rule = Rule::new(spec, Stamp::Instant, near, reply.received_at);
    let (metric, names) = (price()?, source.names());
    let (mut parsed, mut readable) = (Parsed::default(), answer.coins.is_empty());
    for (key, raw) in &answer.coins {
        let least = names.min_confidence(&key.asset);
        let read = row::<CoinChart>(raw).map(|chart| Line {
            metric,
            samples: samples(key, &chart, least, out),
        });
        let good = read.filter(|line| check(std::slice::from_ref(line), reply.received_at).is_ok());
        let Some(line) = good else {
            out.reject(refused(key.asset.clone(), "unreadable_chart"));
            say(request, key, Outcome::Failed, out);
            continue;
        };
        readable = true;
        let first = rule.read(request, key, &line, out);
        parsed.facts.extend(first_available(request, key, first));
    }
    if !readable {
        return Err(malformed("not a single readable chart"));
    }
    for key in answer.missing(request) {
        say(request, key, Outcome::Failed, out);
    }
    Ok(parsed)
}

/// The points of a coin; those that are dropped say that there is no price.
fn samples(key: &Key, chart: &CoinChart, least: f64, out: &mut dyn Sink) -> Vec<Sample> {
    let mut samples = Vec::with_capacity(chart.prices.len());
    for Alone(point) in &chart.prices {
        let Some(point) = point else {
            samples.push(Sample::new(Number::Odd, Number::Odd));
            continue;
        };
        let confidence = match point.confidence {
            Number::Missing => chart.confidence,
            own => own,
        };
        let mut sample = Sample::new(point.timestamp, point.price);
        if let Some(why) = dropped(point.price, confidence, least) {
            out.reject(of_price(&key.asset, sample.stamp, why));
            sample.value = Number::Null;
        }
        samples.push(sample);
    }
    samples
}

/// Tells from when there are prices, where a page of days really shows it: its first price lies five weeks
/// inside the labels asked for.
fn first_available(request: &RequestSpec, key: &Key, first: Option<Ts>) -> Option<Fact> {
    let (block, label) = (&request.block, first?);
    let shown = block.step == Step::Day
        && !block.labels.is_empty()
        && label >= block.labels.start.plus_secs(LISTED_AFTER_SECS);
    shown.then(|| Fact::FirstAvailable {
        key: key.clone(),
        label,
    })
}
