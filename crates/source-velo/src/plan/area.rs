//! What is asked for together: products × columns × time at one exchange, priced as a whole.

use std::collections::BTreeSet;

use model::{Key, MetricName, Step, TimeRange};

use super::fit::MAX_PRODUCTS;
use crate::{
    datasets::{MAX_VALUES, sent_name},
    metrics::Market,
};

/// The longest list of products: with all columns beside it an address stays under 4 kB. Longer ones
/// risk a refusal; the real limit is unknown.
const MAX_LIST_BYTES: usize = 3_200;

/// Products × columns × time of one market and exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) market: Market,
    pub(super) keys: BTreeSet<Key>,
    pub(super) metrics: BTreeSet<MetricName>,
    pub(super) time: TimeRange,
}

impl Area {
    /// Returns how many buckets of one product a request holds.
    pub(super) fn most_buckets(&self) -> u64 {
        (MAX_VALUES / values(self.market, 1, 1, self.metrics.len())).max(1)
    }

    /// Returns how many values it is priced with (section 4.5).
    pub(super) fn price(&self, step: Step) -> u64 {
        let buckets = step.buckets(self.time);
        values(self.market, buckets, self.keys.len(), self.metrics.len())
    }

    /// Returns the price of one request for both; none where none holds both.
    pub(super) fn price_with(&self, other: &Self, step: Step) -> Option<u64> {
        let buckets = step.buckets(hull(self.time, other.time));
        let price = |keys, metrics| values(self.market, buckets, keys, metrics);
        // At least: sets are compared only where it may be possible at all.
        let keys = self.keys.len().max(other.keys.len());
        let metrics = self.metrics.len().max(other.metrics.len());
        if price(keys, metrics) > MAX_VALUES {
            return None;
        }
        let keys = self.keys.union(&other.keys).count();
        let price = price(keys, self.metrics.union(&other.metrics).count());
        let fits = price <= MAX_VALUES && is_sendable(self.keys.union(&other.keys));
        fits.then_some(price)
    }

    /// Takes in another area, and what lies between.
    pub(super) fn grow(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.metrics.extend(other.metrics);
        self.time = hull(self.time, other.time);
    }

    /// Whether a request holds neither another product nor another bucket.
    pub(super) fn is_full(&self, step: Step) -> bool {
        let buckets = step.buckets(self.time);
        let price = |buckets, keys| values(self.market, buckets, keys, self.metrics.len());
        price(buckets + 1, self.keys.len()) > MAX_VALUES
            && price(buckets, self.keys.len() + 1) > MAX_VALUES
    }
}

/// Whether a list of these is short enough, by count and by bytes.
pub(super) fn is_sendable<'k>(keys: impl Iterator<Item = &'k Key>) -> bool {
    let (mut count, mut bytes) = (0, 0);
    for key in keys {
        count += 1;
        bytes += sent_bytes(sent_name(key)) + 1;
    }
    count <= MAX_PRODUCTS && bytes <= MAX_LIST_BYTES
}

/// How long a text is in an address, percent-encoded.
fn sent_bytes(text: &str) -> usize {
    let of = |byte: u8| match byte {
        b'-' | b'_' | b'.' | b'~' | b':' => 1,
        _ if byte.is_ascii_alphanumeric() => 1,
        _ => 3,
    };
    text.bytes().map(of).sum()
}

fn values(market: Market, buckets: u64, keys: usize, metrics: usize) -> u64 {
    let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    buckets
        .saturating_mul(wide(keys))
        .saturating_mul(wide(metrics))
        .saturating_mul(market.priced_exchanges())
}

fn hull(one: TimeRange, other: TimeRange) -> TimeRange {
    TimeRange::new(one.start.min(other.start), one.end.max(other.end))
}
