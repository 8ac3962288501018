//! `/api/v1/rows`: bars. Contract section 4.4.
//!
//! A bucket without a row, or with a null, has nothing as far as the answer reaches: up to what is
//! closed, for the open bucket is dropped (trap 9), and where the last line does not end up to the
//! newest one that does. An answer without any row is the vendor's way to say that there is nothing,
//! which is asked again before it is believed. One that has rows and does not name a product says
//! nothing of it: `Absent`.

mod product;
mod spacing;

use std::collections::{BTreeSet, HashMap};

use model::{AssetId, Instrument, Key, Step, TimeRange, Ts, Venue};
use source::{Outcome, Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient};

use self::{product::Product, spacing::is_coarser};
use super::is_asked;
use crate::{
    config::QUOTE,
    datasets::{LAG_SECS, OPTION_PREFIX},
    metrics::{Market, Metric, metrics_of},
    recognise::{asked_time, market},
    wire::{Csv, Row},
};

pub(super) fn parse(
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    let market = market(request);
    let text = lenient::text(&reply.body);
    let csv = Csv::open(reply, &text, &needed(request, market))?;
    let mut bars = Bars::new(request, market, reply.received_at);
    if let Some(csv) = csv {
        bars.read(csv, out)?;
    }
    bars.settle(out);
    Ok(Parsed::default())
}

/// The columns without which it is another answer: those of the key, and all that are asked for.
fn needed(request: &RequestSpec, market: Market) -> Vec<&'static str> {
    let mut needed = match market {
        // Whether the other two stand there is not established.
        Market::Basis => vec!["coin", "time"],
        _ => vec!["exchange", "coin", "product", "time"],
    };
    if !request.block.metrics.is_empty() {
        needed.extend(wanted(request, market).map(|metric| metric.column));
    }
    needed
}

fn wanted(
    request: &RequestSpec,
    market: Market,
) -> impl Iterator<Item = &'static Metric> + use<'_> {
    metrics_of(market).filter(|metric| is_asked(request, metric.name))
}

/// Where things stand in a row.
#[derive(Debug, Default)]
struct Places {
    exchange: Option<usize>,
    coin: Option<usize>,
    product: Option<usize>,
    time: Option<usize>,
    values: Vec<(&'static Metric, usize)>,
}

impl Places {
    fn of(csv: &Csv<'_>, wanted: impl Iterator<Item = &'static Metric>) -> Self {
        Self {
            exchange: csv.place("exchange"),
            coin: csv.place("coin"),
            product: csv.place("product"),
            time: csv.place("time"),
            values: wanted
                .filter_map(|metric| Some((metric, csv.place(metric.column)?)))
                .collect(),
        }
    }

    /// Returns whose a row is; the basis is a coin's, whatever stands beside it.
    fn names<'r>(&self, row: Row<'r>, market: Market) -> Option<Names<'r>> {
        let coin = row.text(self.coin)?;
        let (exchange, product) = match market {
            Market::Basis => ("", coin),
            _ => (row.text(self.exchange)?, row.text(self.product)?),
        };
        Some(Names {
            exchange,
            product,
            coin,
        })
    }
}

/// Whose a row is, as it says.
#[derive(Clone, Copy, Debug)]
struct Names<'r> {
    exchange: &'r str,
    product: &'r str,
    coin: &'r str,
}

/// An answer under reading.
struct Bars<'a> {
    request: &'a RequestSpec,
    market: Market,
    step: Step,
    /// The labels that were asked for, whether they are kept or not.
    asked: TimeRange,
    /// The labels that are kept, up to the first that is not closed.
    labels: TimeRange,
    /// The first label that is not closed.
    due: Ts,
    places: Places,
    /// Those of the block in its order, then others.
    products: Vec<Product>,
    /// Their places by exchange and product.
    known: HashMap<String, HashMap<String, usize>>,
    /// The labels of all rows.
    read: BTreeSet<Ts>,
    is_empty: bool,
    is_cut: bool,
    /// Which exchange gave the basis of a bucket.
    basis_of: HashMap<(usize, Ts), String>,
}

impl<'a> Bars<'a> {
    fn new(request: &'a RequestSpec, market: Market, now: Ts) -> Self {
        let (block, step) = (&request.block, request.block.step);
        let due = step.floor(now.plus_secs(-LAG_SECS));
        let mut bars = Self {
            request,
            market,
            step,
            asked: asked_time(request),
            labels: TimeRange::new(block.labels.start.min(due), block.labels.end.min(due)),
            due,
            places: Places::default(),
            products: Vec::new(),
            known: HashMap::new(),
            read: BTreeSet::new(),
            is_empty: true,
            is_cut: false,
            basis_of: HashMap::new(),
        };
        for key in &block.keys {
            let product = match market {
                Market::Basis => key.asset.as_str(),
                _ => key.instrument.as_str(),
            };
            bars.add(key.clone(), key.venue.as_str(), product);
        }
        bars
    }

    fn add(&mut self, key: Key, exchange: &str, product: &str) -> usize {
        let at = self.products.len();
        self.products.push(Product::new(key));
        let products = self.known.entry(exchange.to_owned()).or_default();
        products.insert(product.to_owned(), at);
        at
    }

    fn find(&self, names: Names<'_>) -> Option<usize> {
        self.known.get(names.exchange)?.get(names.product).copied()
    }

    fn read(&mut self, mut csv: Csv<'_>, out: &mut dyn Sink) -> Result<(), ReplyError> {
        self.places = Places::of(&csv, wanted(self.request, self.market));
        self.is_cut = csv.is_cut();
        self.is_empty = !self.is_cut;
        while let Some(row) = csv.next_row()? {
            self.is_empty = false;
            self.take(row, out)?;
        }
        match is_coarser(&self.read, self.step) {
            true => Err(another_resolution()),
            false => Ok(()),
        }
    }

    fn take(&mut self, row: Row<'_>, out: &mut dyn Sink) -> Result<(), ReplyError> {
        let names = self.places.names(row, self.market);
        let known = names.and_then(|names| self.find(names));
        let (Some(names), Some(millis)) = (names, row.millis(self.places.time)) else {
            self.doubt(known);
            let coin = row.text(self.places.coin);
            out.reject(reject(coin, None, "unreadable_row"));
            return Ok(());
        };
        let label = Ts::from_millis(millis);
        self.check(label)?;
        self.read.insert(label);
        let at = known.unwrap_or_else(|| self.add_unasked(names));
        let is_spoilt = self.is_ambiguous(at, label, row);
        let Some(product) = self.products.get_mut(at) else {
            return Ok(());
        };
        if !product.is_of(names.coin) {
            product.doubt();
            out.reject(reject(Some(names.coin), Some(label), "another_coin"));
            return Ok(());
        }
        product.name(self.places.values.len());
        let bucket = TimeRange::new(label, self.step.next(label));
        if label >= self.due {
            return Ok(());
        }
        if is_spoilt {
            product.forget(bucket, out);
        } else {
            product.take(bucket, row, &self.places.values, out);
        }
        Ok(())
    }

    /// One row that is off the grid spoils the answer: it came in another resolution than was asked
    /// for, and what looks like an hour is a minute (trap 1). So does one of another time.
    fn check(&self, label: Ts) -> Result<(), ReplyError> {
        if self.step.floor(label) != label {
            return Err(another_resolution());
        }
        match self.asked.contains(label) {
            true => Ok(()),
            false => Err(malformed("rows of another time than was asked for")),
        }
    }

    /// Notes that a row tells no bucket: none of its product is known to have nothing; where the
    /// product is none that was asked for, it may be any.
    fn doubt(&mut self, product: Option<usize>) {
        let is_asked = |at: &usize| {
            let asked = self.request.block.keys.len();
            asked == 0 || *at < asked
        };
        match product.filter(is_asked) {
            Some(at) => self
                .products
                .get_mut(at)
                .into_iter()
                .for_each(Product::doubt),
            None => self.products.iter_mut().for_each(Product::doubt),
        }
    }

    /// Adds what nobody asked for, or everybody: a request from outside does not say its coins.
    fn add_unasked(&mut self, names: Names<'_>) -> usize {
        let prefix = match self.market {
            Market::Options => OPTION_PREFIX,
            _ => "",
        };
        let coin = format!("{prefix}{}", names.coin);
        let mut key = Key::of_asset(coin.as_str(), QUOTE);
        if self.market != Market::Basis {
            key.venue = Venue::from(names.exchange);
            key.instrument = Instrument::from(names.product);
        }
        self.add(key, names.exchange, names.product)
    }

    /// Whether a second exchange gives a basis for the bucket: which of the two is the basis over all
    /// exchanges is not established.
    fn is_ambiguous(&mut self, product: usize, label: Ts, row: Row<'_>) -> bool {
        if self.market != Market::Basis {
            return false;
        }
        let exchange = row.text(self.places.exchange).unwrap_or_default();
        let known = self.basis_of.entry((product, label));
        known.or_insert_with(|| exchange.to_owned()) != exchange
    }

    /// Hands over points and outcomes.
    fn settle(&self, out: &mut dyn Sink) {
        let asked = self.request.block.keys.len();
        let vouched = self.vouched();
        for (at, product) in self.products.iter().enumerate() {
            if product.is_named() {
                product.settle(&self.places.values, self.labels, vouched, self.step, out);
            } else if at < asked {
                self.settle_unnamed(product.key(), out);
            }
        }
    }

    /// The labels for which a missing row means that there is nothing.
    fn vouched(&self) -> TimeRange {
        let newest = self.read.last().copied().unwrap_or(self.labels.start);
        match self.is_cut {
            true => TimeRange::new(self.labels.start, self.labels.end.min(newest)),
            false => self.labels,
        }
    }

    fn settle_unnamed(&self, key: &Key, out: &mut dyn Sink) {
        let outcome = match self.is_empty {
            true => Outcome::Empty(self.labels),
            false => Outcome::Absent,
        };
        for metric in wanted(self.request, self.market) {
            if let Some(slot) = out.slot(key, metric.name, self.step) {
                out.outcome(slot, outcome);
            }
        }
    }
}

fn another_resolution() -> ReplyError {
    malformed("rows in another resolution than was asked for")
}

fn malformed(what: &str) -> ReplyError {
    ReplyError::Malformed(what.to_owned())
}

fn reject(coin: Option<&str>, label: Option<Ts>, why: &'static str) -> Reject {
    Reject {
        asset: coin.map_or_else(AssetId::none, AssetId::from),
        metric: None,
        label,
        why,
    }
}
