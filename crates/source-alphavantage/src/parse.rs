//! Reads checked answers: points, and per (key, metric) what the answer settles.

mod bars;
mod bulk;
mod economy;
mod line;
mod listing;
mod now;

use model::{AssetId, Key, TimeRange, Ts};
use source::{Parsed, Reject, Reply, ReplyError, RequestSpec, Sink, lenient};

use crate::{
    AlphaVantage,
    config::QUOTE as CURRENCY,
    datasets::{BULK_QUOTES, EXCHANGE_RATE, LISTING, OVERVIEW, OVERVIEW_WEEKLY, QUOTE},
    functions::function_of,
    metrics::{Metric, metrics_of},
    recognise::value,
    wire::Object,
};

pub(crate) fn parse(
    source: &AlphaVantage,
    request: &RequestSpec,
    reply: &Reply,
    out: &mut dyn Sink,
) -> Result<Parsed, ReplyError> {
    if request.dataset == LISTING {
        return listing::parse(reply, out);
    }
    let text = lenient::text(&reply.body);
    let answer = Answer {
        source,
        request,
        now: reply.received_at,
        body: lenient::read(&text)?,
    };
    match request.dataset {
        BULK_QUOTES => bulk::parse(&answer, out),
        EXCHANGE_RATE => now::rate(&answer, out),
        OVERVIEW | OVERVIEW_WEEKLY => now::overview(&answer, out),
        QUOTE => now::quote(&answer, out),
        dataset if function_of(dataset).is_some() => bars::parse(&answer, out),
        _ => economy::parse(&answer, out),
    }
}

/// An answer in JSON under reading.
#[derive(Debug)]
struct Answer<'a> {
    source: &'a AlphaVantage,
    request: &'a RequestSpec,
    now: Ts,
    body: Object<'a>,
}

impl Answer<'_> {
    /// Returns the key that the answer is about: the one that was asked for, or what the query tells.
    fn key(&self) -> Key {
        let query = |name| value(&self.request.query, name);
        let of_query = || {
            let symbol = query("symbol").or_else(|| query("from_currency"));
            let class = match query("from_currency") {
                Some(_) => "crypto",
                None => "equity",
            };
            let quote = query("to_currency")
                .unwrap_or(CURRENCY)
                .to_ascii_lowercase();
            let asset = format!("{class}:{}", symbol.unwrap_or_default());
            Key::of_asset(asset.as_str(), quote.as_str())
        };
        let asked = self.request.block.keys.first();
        asked.cloned().unwrap_or_else(of_query)
    }

    /// Returns the metrics of the dataset that are asked for; a request that names none asks for all.
    fn metrics(&self) -> Vec<&'static Metric> {
        let function = function_of(self.request.dataset);
        let all = function.into_iter().flat_map(|one| metrics_of(one.group));
        all.filter(|metric| self.asks(metric.name)).collect()
    }

    fn asks(&self, name: &str) -> bool {
        let metrics = &self.request.block.metrics;
        metrics.is_empty() || metrics.iter().any(|asked| asked.as_str() == name)
    }

    /// Returns the first label that is not published yet.
    fn due(&self) -> Ts {
        let step = self.request.block.step;
        let spec = (self.source.datasets.iter()).find(|spec| spec.id == self.request.dataset);
        step.floor(self.now.plus_secs(-spec.map_or(0, |spec| spec.lag_secs)))
    }

    /// Returns the labels that the answer may settle, up to the first that is not published yet; where
    /// the block is open, all.
    fn labels(&self) -> TimeRange {
        let labels = self.request.block.labels;
        let (start, due) = (labels.start, self.due());
        match labels.is_empty() {
            true => TimeRange::new(Ts::OLDEST, due),
            false => TimeRange::new(start.min(due), labels.end.min(due)),
        }
    }

    /// Refuses an answer about something else than was asked for, where it says what it is about.
    fn is_about(&self, told: Option<String>, asked: &str) -> Result<(), ReplyError> {
        // Whether a class of shares is written with a dot or a dash is not established.
        let plain = |name: &str| name.trim().to_ascii_uppercase().replace(['.', '-'], "");
        match told.filter(|told| !told.trim().is_empty()) {
            Some(told) if plain(&told) != plain(asked) => Err(ReplyError::Malformed(
                "an answer about another asset".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

fn reject(asset: &AssetId, label: Option<Ts>, why: &'static str) -> Reject {
    Reject {
        asset: asset.clone(),
        metric: None,
        label,
        why,
    }
}
