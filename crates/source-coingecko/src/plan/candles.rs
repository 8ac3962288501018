//! Requests for candles.
//!
//! A candle is labelled by its end. Its width is always asked for: chosen by the vendor it would be
//! four days for spans beyond a month (contract section 3, E9 and E10).

use model::{Step, TimeRange, Ts};
use source::{RequestSpec, Want};

use super::{Part, charts::of_coin, surely_within};
use crate::{
    CoinGecko,
    access::{Candles, candles},
    datasets::last_candles_days,
};

impl Part<'_> {
    /// The candles of a coin: of a range where the plan has that, else of the last days.
    pub(super) fn candles(&self, want: &Want, labels: TimeRange) -> RequestSpec {
        let interval = ("interval", interval(self.spec.step).to_owned());
        let vs_currency = ("vs_currency", want.key.quote.to_string());
        let metrics = want.metrics.clone();
        if candles(self.source.settings.plan) == Candles::Range {
            let span = self.candle_span(labels);
            let query = [
                ("from", span.start.secs().to_string()),
                interval,
                ("to", span.end.secs().to_string()),
                vs_currency,
            ];
            return self.request(&of_coin(want, "ohlc/range"), query, want, metrics, labels);
        }
        // The first candle begins a step before its label.
        let begins = labels.start.plus_secs(-self.spec.step.max_secs());
        let most = last_candles_days(self.spec.step);
        let days = self.days(begins).map_or(most, |days| days.min(most));
        let query = [
            ("days", days.to_string()),
            interval,
            ("precision", "full".to_owned()),
            vs_currency,
        ];
        self.request(&of_coin(want, "ohlc"), query, want, metrics, labels)
    }

    /// From the beginning of the first candle until the last one is published: whether the vendor
    /// looks at beginnings or at ends, and whether bounds count, the labels lie inside.
    fn candle_span(&self, labels: TimeRange) -> TimeRange {
        let step_secs = self.spec.step.max_secs();
        let from = labels.start.plus_secs(-step_secs);
        TimeRange::new(
            self.ask.oldest.map_or(from, |oldest| from.max(oldest)),
            labels.end.plus_secs(self.spec.lag_secs - step_secs),
        )
    }
}

fn interval(step: Step) -> &'static str {
    match step {
        Step::Hour => "hourly",
        _ => "daily",
    }
}

/// Returns the oldest label that the plan gives, where it gives the last days only.
pub(super) fn reach(source: &CoinGecko, step: Step, now: Ts) -> Option<Ts> {
    match candles(source.settings.plan) {
        Candles::Range => None,
        Candles::Last | Candles::No => {
            let begins = surely_within(last_candles_days(step), now);
            Some(step.ceil(begins).plus_secs(step.max_secs()))
        }
    }
}
