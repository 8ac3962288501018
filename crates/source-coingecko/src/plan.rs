//! Cuts an ask into requests.
//!
//! Live: one request per quote currency and 250 coins, one for the whole market. The past: one coin a
//! request, and the block says what of the answer is kept.

mod candles;
mod charts;
mod markets;

use model::{DatasetId, MetricName, Step, TimeRange, Ts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use source::{
    Ask, Block, Cost, DatasetSpec, PlanError, RequestSpec, Source as _, Want, cut_newest_first,
    sorted_query,
};

pub(crate) use charts::oldest_from;
pub(crate) use markets::halves;

use crate::{
    CoinGecko,
    access::HOST,
    datasets::{
        CHART_DAILY, CHART_HOURLY, COINS_LIST, GLOBAL, GLOBAL_DAILY, KEY, MARKETS, OHLC_DAILY,
        OHLC_HOURLY, SOURCE, SUPPLY_DAILY, vendor_first,
    },
    metrics::{Past, metric},
};

const HOUR_SECS: i64 = 3_600;

/// How far inside the vendor's bound requests stay: an older `from` is refused as a whole (10012),
/// and a request may be sent hours after it was planned.
const MARGIN_SECS: i64 = 6 * HOUR_SECS;

/// The spans in days that `days` takes, without those that come in steps of their own.
const SPANS_DAYS: [i64; 6] = [7, 14, 30, 90, 180, 365];

/// Returns the requests of an ask, newest first.
pub(crate) fn plan<'a>(source: &'a CoinGecko, ask: &'a Ask) -> Result<source::Plan<'a>, PlanError> {
    let spec = source.known_dataset(ask.dataset)?;
    Ok(match spec.id {
        COINS_LIST => Box::new(std::iter::once(coins_list())),
        KEY => Box::new(std::iter::once(key())),
        MARKETS => markets::plan(source, ask),
        GLOBAL => markets::global(ask),
        _ => series(source, spec, ask),
    })
}

/// The request for the whole catalogue.
fn coins_list() -> RequestSpec {
    let include = [("include_platform", "true".to_owned())];
    request(COINS_LIST, "/coins/list", include, Block::open(Step::Day))
}

/// The request for what the vendor counts.
fn key() -> RequestSpec {
    request(KEY, "/key", [], Block::open(Step::Day))
}

/// Parts of all keys, newest first over the whole ask; what lies before the plan's reach is not asked
/// for.
fn series<'a>(source: &'a CoinGecko, spec: &'a DatasetSpec, ask: &'a Ask) -> source::Plan<'a> {
    let horizon = horizon(source, spec.id, ask.now).unwrap_or(Ts::OLDEST);
    let mut parts: Vec<(TimeRange, &Want)> = ask
        .wants
        .iter()
        .filter(|want| !want.is_empty())
        .flat_map(|want| {
            let labels = TimeRange::new(want.labels.start.max(horizon), want.labels.end);
            cut_newest_first(labels, spec.joins_secs).map(move |part| (part, want))
        })
        .collect();
    // Stable: parts that end together stay in the order of their keys.
    parts.sort_by_key(|(part, _)| std::cmp::Reverse(part.end));
    let part = Part { source, spec, ask };
    Box::new(
        parts
            .into_iter()
            .flat_map(move |(labels, want)| part.requests(want, labels)),
    )
}

/// What a part of a history is asked with.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    source: &'a CoinGecko,
    spec: &'a DatasetSpec,
    ask: &'a Ask,
}

impl Part<'_> {
    /// Returns the requests for one part: one, but for supplies, of which each has its own chart.
    fn requests(&self, want: &Want, labels: TimeRange) -> Vec<RequestSpec> {
        match self.spec.id {
            SUPPLY_DAILY => want
                .metrics
                .iter()
                .filter_map(|name| match metric(name.as_str())?.past {
                    Past::Supply(supply) => Some(self.supply(want, labels, name, supply.path)),
                    _ => None,
                })
                .collect(),
            OHLC_DAILY | OHLC_HOURLY => vec![self.candles(want, labels)],
            GLOBAL_DAILY => vec![self.global_chart(want, labels)],
            _ => vec![self.chart(want, labels)],
        }
    }

    /// Returns the shortest span of `days` that holds everything from `start` on, none where only all
    /// there is does. What the vendor refused it refuses again, so a span that begins there is left out,
    /// even where no other holds everything.
    fn days(&self, start: Ts) -> Option<i64> {
        let allowed = |days: &i64| {
            self.ask
                .oldest
                .is_none_or(|oldest| oldest <= self.ask.now.plus_days(-days))
        };
        let holding = |days: &i64| surely_within(*days, self.ask.now) <= start;
        let longest = SPANS_DAYS.into_iter().rfind(allowed);
        match SPANS_DAYS.into_iter().find(holding) {
            Some(days) if allowed(&days) => Some(days),
            None if self.ask.oldest.is_none() => None,
            _ => Some(longest.unwrap_or(SPANS_DAYS[0])),
        }
    }

    /// Returns a request for a part of a want.
    fn request<const N: usize>(
        &self,
        path: &str,
        query: [(&str, String); N],
        want: &Want,
        metrics: Vec<MetricName>,
        labels: TimeRange,
    ) -> RequestSpec {
        let block = Block {
            keys: vec![want.key.clone()],
            metrics,
            step: self.spec.step,
            labels,
        };
        request(self.spec.id, path, query, block)
    }
}

/// Returns the oldest label that can be had; none for what has no labels.
pub(crate) fn horizon(source: &CoinGecko, dataset: DatasetId, now: Ts) -> Option<Ts> {
    let reach = match dataset {
        CHART_DAILY => charts::reach(source, Step::Day, now),
        CHART_HOURLY => charts::reach(source, Step::Hour, now),
        OHLC_DAILY => candles::reach(source, Step::Day, now),
        OHLC_HOURLY => candles::reach(source, Step::Hour, now),
        SUPPLY_DAILY | GLOBAL_DAILY => None,
        _ => return None,
    };
    let first = vendor_first(dataset);
    Some(reach.map_or(first, |reach| reach.max(first)))
}

/// Returns the oldest moment that a span of so many days before now surely holds, even where the
/// request is sent hours later. Whole hours, so that a plan made again within the hour is the same.
fn surely_within(days: i64, now: Ts) -> Ts {
    Step::Hour.ceil(now.plus_days(-days).plus_secs(MARGIN_SECS))
}

fn request<const N: usize>(
    dataset: DatasetId,
    path: &str,
    query: [(&str, String); N],
    block: Block,
) -> RequestSpec {
    RequestSpec {
        source: SOURCE,
        dataset,
        host: HOST,
        path: path.to_owned(),
        query: sorted_query(query),
        block,
        cost: Cost::ONE,
    }
}

/// Percent-encodes an id for a path.
fn encode(id: &str) -> String {
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(id, SEGMENT).to_string()
}
