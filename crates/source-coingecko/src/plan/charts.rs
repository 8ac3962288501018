//! Requests for charts: of a coin, of its supplies, of the whole market.
//!
//! The vendor chooses the step of a coin's chart by the span (contract section 3, E8), so spans are
//! padded and cut to force it. Nothing is said of the supplies' charts: they are asked for as if the
//! same held.

use model::{MetricName, Step, TimeRange, Ts};
use source::{RequestSpec, Want};

use super::{HOUR_SECS, Part, encode, surely_within};
use crate::{CoinGecko, access::reach_days};

const DAY_SECS: i64 = 86_400;

/// How the span of a request decides the step of the answer.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// A shorter span comes in another step.
    min_span_secs: i64,
    /// How much earlier than the first label the request begins.
    before_secs: i64,
}

/// Hourly: 2 to 90 days. One day ending now would come in 5-minute points, and between one and two
/// days nothing is promised. One hour around the labels, because stamps stray by minutes.
const HOURLY: Shape = Shape {
    min_span_secs: 2 * DAY_SECS,
    before_secs: HOUR_SECS,
};

/// Daily: more than 90 days, of any length. It begins 30 days early, at no cost, so that a hole at
/// the beginning of the labels is not mistaken for the listing of the coin.
const DAILY: Shape = Shape {
    min_span_secs: 91 * DAY_SECS,
    before_secs: 30 * DAY_SECS,
};

/// How much later than the end of the labels a request ends.
const AFTER_SECS: i64 = HOUR_SECS;

impl Part<'_> {
    /// The history of a coin.
    pub(super) fn chart(&self, want: &Want, labels: TimeRange) -> RequestSpec {
        let span = self.span(labels);
        // `interval` stays out: the public host does not know it.
        let query = [
            ("from", span.start.secs().to_string()),
            ("precision", "full".to_owned()),
            ("to", span.end.secs().to_string()),
            ("vs_currency", want.key.quote.to_string()),
        ];
        let path = of_coin(want, "market_chart/range");
        self.request(&path, query, want, want.metrics.clone(), labels)
    }

    /// The history of one supply of a coin, which has no currency.
    pub(super) fn supply(
        &self,
        want: &Want,
        labels: TimeRange,
        name: &MetricName,
        chart: &str,
    ) -> RequestSpec {
        let span = self.span(labels);
        let query = [
            ("from", span.start.secs().to_string()),
            ("to", span.end.secs().to_string()),
        ];
        let path = of_coin(want, &format!("{chart}/range"));
        self.request(&path, query, want, vec![name.clone()], labels)
    }

    /// The history of the whole market, which ends now and begins where `days` says.
    pub(super) fn global_chart(&self, want: &Want, labels: TimeRange) -> RequestSpec {
        let days = self.days(labels.start);
        let query = [
            (
                "days",
                days.map_or("max".to_owned(), |days| days.to_string()),
            ),
            ("vs_currency", want.key.quote.to_string()),
        ];
        let path = "/global/market_cap_chart";
        self.request(path, query, want, want.metrics.clone(), labels)
    }

    /// Returns the span to ask for: around the labels, long enough for the step, within the plan and
    /// what the vendor refused. It grows backwards first, and forwards where those are in the way.
    fn span(&self, labels: TimeRange) -> TimeRange {
        let shape = match self.spec.step {
            Step::Hour => HOURLY,
            _ => DAILY,
        };
        let to = labels.end.plus_secs(AFTER_SECS);
        let from = labels
            .start
            .plus_secs(-shape.before_secs)
            .min(to.plus_secs(-shape.min_span_secs));
        let oldest = oldest_from(self.source, self.ask.now).max(self.ask.oldest);
        let from = from.max(oldest.unwrap_or(from));
        TimeRange::new(from, to.max(from.plus_secs(shape.min_span_secs)))
    }
}

pub(super) fn of_coin(want: &Want, rest: &str) -> String {
    format!("/coins/{}/{rest}", encode(want.key.asset.as_str()))
}

/// Returns the oldest `from` that is safe on the plan.
pub(crate) fn oldest_from(source: &CoinGecko, now: Ts) -> Option<Ts> {
    reach_days(source.settings.plan).map(|days| surely_within(days, now))
}

/// Returns the oldest label of a coin's chart that the plan gives.
pub(super) fn reach(source: &CoinGecko, step: Step, now: Ts) -> Option<Ts> {
    oldest_from(source, now).map(|from| step.ceil(from.plus_secs(HOUR_SECS)))
}
