//! `/api/v1/rows`: bars. Contract section 4.4.
//!
//! A bucket without a row, or with a null, has nothing as far as the answer reaches, which is up to
//! what is closed; the open bucket is dropped (trap 9). A product that the answer does not name at all
//! is `Absent`, unless it was asked for alone: then an empty body is the vendor's way to say that there
//! is nothing, which is asked again before it is believed.

use std::collections::{BTreeMap, HashMap};

use model::{AssetId, Instrument, Key, Spans, Step, TimeRange, Ts, Venue};
use source::{Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient::Number};

use super::is_asked;
use crate::{
    config::QUOTE,
    datasets::{LAG_SECS, OPTION_PREFIX, market_of},
    metrics::{METRICS, Market, Metric, metrics_of},
    recognise::market,
    wire::{Csv, Row},
};

const COLUMNS: [&str; 4] = ["exchange", "coin", "product", "time"];

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let mut bars = Bars::new(request, reply.received_at);
    if let Some(csv) = Csv::read(&reply.body, &COLUMNS)? {
        bars.columns = columns(request, &csv);
        for row in csv.rows() {
            bars.take(&csv, row, out)?;
        }
    }
    bars.settle(out);
    Ok(Parsed::default())
}

/// The columns that are asked for and there.
fn columns(request: &RequestSpec, csv: &Csv) -> Vec<(&'static Metric, usize)> {
    METRICS
        .iter()
        .filter(|metric| is_asked(request, metric.name))
        .filter_map(|metric| Some((metric, csv.place(metric.column)?)))
        .collect()
}

/// What was read of one product and column.
#[derive(Debug, Default)]
struct Line {
    values: BTreeMap<Ts, f64>,
    /// What could not be read says nothing of its bucket.
    odd: Spans,
}

/// An answer under reading.
struct Bars<'a> {
    request: &'a RequestSpec,
    market: Market,
    step: Step,
    /// The labels that are kept, up to the first that is not closed.
    labels: TimeRange,
    /// The first label that is not closed.
    due: Ts,
    asked: HashMap<(Venue, Instrument), &'a Key>,
    by_coin: HashMap<AssetId, &'a Key>,
    columns: Vec<(&'static Metric, usize)>,
    lines: BTreeMap<Key, Vec<Line>>,
    /// Which exchange gave the basis of a bucket.
    basis_of: HashMap<(AssetId, Ts), Venue>,
}

impl<'a> Bars<'a> {
    fn new(request: &'a RequestSpec, now: Ts) -> Self {
        let (block, step) = (&request.block, request.block.step);
        let due = step.floor(now.plus_secs(-LAG_SECS));
        let place = |key: &'a Key| ((key.venue.clone(), key.instrument.clone()), key);
        Self {
            request,
            market: market(request),
            step,
            labels: TimeRange::new(block.labels.start.min(due), block.labels.end.min(due)),
            due,
            asked: block.keys.iter().map(place).collect(),
            by_coin: (block.keys.iter())
                .filter(|key| market_of(key).is_none())
                .map(|key| (key.asset.clone(), key))
                .collect(),
            columns: Vec::new(),
            lines: BTreeMap::new(),
            basis_of: HashMap::new(),
        }
    }

    /// Takes a row. One that is off the grid spoils the answer: it came in another resolution than was
    /// asked for, and what looks like an hour is a minute (trap 1).
    fn take(&mut self, csv: &Csv, row: Row<'_>, out: &mut dyn Sink) -> Result<(), ReplyError> {
        let coin = row.text(csv.place("coin"));
        let (Some(key), Some(millis)) = (self.key(csv, row), row.millis(csv.place("time"))) else {
            out.reject(reject(
                coin.map_or_else(AssetId::none, AssetId::from),
                None,
                "unreadable_row",
            ));
            return Ok(());
        };
        let label = Ts::from_millis(millis);
        if self.step.floor(label) != label {
            let what = "rows in another resolution than was asked for";
            return Err(ReplyError::Malformed(what.to_owned()));
        }
        let width = self.columns.len();
        (self.lines.entry(key.clone()).or_default()).resize_with(width, Line::default);
        if label >= self.due {
            return Ok(());
        }
        if self.is_ambiguous(&key, label, row.text(csv.place("exchange"))) {
            self.forget(&key, label, out);
            return Ok(());
        }
        let lines = self.lines.entry(key.clone()).or_default();
        for (line, (metric, place)) in lines.iter_mut().zip(&self.columns) {
            match row.number(*place) {
                // Of two rows of one bucket the last counts.
                Number::Value(value) => {
                    line.values.insert(label, value);
                }
                Number::Null | Number::Missing => {}
                Number::Odd => {
                    line.odd
                        .insert(TimeRange::new(label, self.step.next(label)));
                    let asset = key.asset.clone();
                    out.reject(Reject {
                        metric: Some(metric.name.into()),
                        ..reject(asset, Some(label), "not_a_number")
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether a second exchange gives a basis for the bucket: which of the two is the basis over all
    /// exchanges is not established.
    fn is_ambiguous(&mut self, key: &Key, label: Ts, exchange: Option<&str>) -> bool {
        if self.market != Market::Basis {
            return false;
        }
        let exchange = Venue::from(exchange.unwrap_or_default());
        let place = (key.asset.clone(), label);
        *self
            .basis_of
            .entry(place)
            .or_insert_with(|| exchange.clone())
            != exchange
    }

    /// Takes back what was read of a bucket; it stays open.
    fn forget(&mut self, key: &Key, label: Ts, out: &mut dyn Sink) {
        for line in self.lines.get_mut(key).into_iter().flatten() {
            if line.values.remove(&label).is_some() {
                out.reject(reject(
                    key.asset.clone(),
                    Some(label),
                    "several_rows_of_a_bucket",
                ));
            }
            line.odd
                .insert(TimeRange::new(label, self.step.next(label)));
        }
    }

    /// Returns whose row it is: the key asked for under its product, else what the row itself says.
    fn key(&self, csv: &Csv, row: Row<'_>) -> Option<Key> {
        let text = |name| row.text(csv.place(name));
        let coin = text("coin")?;
        if self.market == Market::Basis {
            let asked = self.by_coin.get(&AssetId::from(coin));
            return Some(asked.map_or_else(|| Key::of_asset(coin, QUOTE), |key| (*key).clone()));
        }
        let place = (
            Venue::from(text("exchange")?),
            Instrument::from(text("product")?),
        );
        if let Some(key) = self.asked.get(&place) {
            return Some((*key).clone());
        }
        let prefix = match self.market {
            Market::Options => OPTION_PREFIX,
            _ => "",
        };
        Some(Key {
            asset: AssetId::new(format!("{prefix}{coin}")),
            venue: place.0,
            instrument: place.1,
            quote: QUOTE.into(),
        })
    }

    /// Hands over points and outcomes.
    fn settle(&self, out: &mut dyn Sink) {
        for (key, lines) in &self.lines {
            for (line, (metric, _)) in lines.iter().zip(&self.columns) {
                self.settle_line(key, metric, line, out);
            }
        }
        let [alone] = self.request.block.keys.as_slice() else {
            return self.absent(out);
        };
        if !self.lines.contains_key(alone) {
            for metric in self.wanted() {
                self.settle_line(alone, metric, &Line::default(), out);
            }
        }
    }

    fn settle_line(&self, key: &Key, metric: &Metric, line: &Line, out: &mut dyn Sink) {
        let Some(slot) = out.slot(key, metric.name, self.step) else {
            return;
        };
        let mut answered = Spans::new();
        for (label, value) in &line.values {
            if self.request.block.labels.is_empty() || self.labels.contains(*label) {
                out.point(slot, *label, *value);
                answered.insert(TimeRange::new(*label, self.step.next(*label)));
            }
        }
        let known: Spans = answered.iter().chain(line.odd.iter()).collect();
        let answered: Vec<_> = answered.iter().map(Outcome::Answered).collect();
        let empty = known.gaps(self.labels);
        let empty = empty.iter().map(Outcome::Empty);
        answered
            .into_iter()
            .chain(empty)
            .for_each(|outcome| out.outcome(slot, outcome));
    }

    /// Says of every product that was asked for and is not there that it is not there.
    fn absent(&self, out: &mut dyn Sink) {
        let missing = self
            .request
            .block
            .keys
            .iter()
            .filter(|key| !self.lines.contains_key(key));
        for key in missing {
            for metric in self.wanted() {
                if let Some(slot) = out.slot(key, metric.name, self.step) {
                    out.outcome(slot, Outcome::Absent);
                }
            }
        }
    }

    fn wanted(&self) -> impl Iterator<Item = &'static Metric> + use<'_> {
        metrics_of(self.market).filter(|metric| is_asked(self.request, metric.name))
    }
}

fn reject(asset: AssetId, label: Option<Ts>, why: &'static str) -> Reject {
    Reject {
        asset,
        metric: None,
        label,
        why,
    }
}
