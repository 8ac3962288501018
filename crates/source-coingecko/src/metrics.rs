//! The one table of metrics: contract section 5.
//!
//! A metric that is added here is planned, parsed and accepted in the CSV without another change.

use source::lenient::Number;

use crate::wire::{Candle, GlobalData, GlobalLines, MarketChart, MarketRow, Sample, SupplyChart};

/// The asset of the rows that are about the whole market. No coin's id begins like this.
pub(crate) const GLOBAL_ASSET: &str = "_global";

/// One metric: its stored name and where its values stand.
pub(crate) struct Metric {
    /// The stored name.
    pub(crate) name: &'static str,
    /// Whether a row of the CSV that names no metrics has it.
    pub(crate) default: bool,
    /// Its place in an answer about now.
    pub(crate) live: Live,
    /// Its place in an answer about the past.
    pub(crate) past: Past,
    /// Which values are values.
    pub(crate) valid: Valid,
}

/// The field of a row of `/coins/markets`.
pub(crate) type RowField = fn(&MarketRow) -> Number;

/// Where a value of now stands.
#[derive(Clone, Copy)]
pub(crate) enum Live {
    /// Nowhere.
    None,
    /// In a coin's row of `/coins/markets`.
    Coin(RowField),
    /// In `/global`, by quote currency.
    Global(fn(&GlobalData, &str) -> Number),
}

/// Where past values stand.
#[derive(Clone, Copy)]
pub(crate) enum Past {
    /// Nowhere: what was missed is lost.
    None,
    /// In a coin's market chart, by day and by hour.
    Chart(fn(&MarketChart) -> &[Sample]),
    /// In a coin's candles, by day and by hour.
    Candle(fn(&Candle) -> Number),
    /// In a chart of its own, by day.
    Supply(Supply),
    /// In the chart of the whole market, by day.
    Global(fn(&GlobalLines) -> &[Sample]),
}

/// A supply chart.
#[derive(Clone, Copy)]
pub(crate) struct Supply {
    /// The last segment of its path but one, the range.
    pub(crate) path: &'static str,
    /// Its array; none where the answer is that of another chart.
    pub(crate) samples: fn(&SupplyChart) -> Option<&[Sample]>,
}

/// What a metric is about, which decides the rows of the CSV that may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A coin: named in `metrics`.
    Coin,
    /// A coin's candles: all four or none, by `ohlc`.
    Candle,
    /// The whole market.
    Global,
}

impl Metric {
    /// Returns what it is about.
    pub(crate) const fn about(&self) -> About {
        match (self.live, self.past) {
            (Live::Global(_), _) | (_, Past::Global(_)) => About::Global,
            (_, Past::Candle(_)) => About::Candle,
            _ => About::Coin,
        }
    }

    const fn new(name: &'static str, valid: Valid) -> Self {
        Self {
            name,
            default: false,
            live: Live::None,
            past: Past::None,
            valid,
        }
    }

    const fn by_default(self) -> Self {
        Self {
            default: true,
            ..self
        }
    }

    const fn live(self, field: RowField) -> Self {
        Self {
            live: Live::Coin(field),
            ..self
        }
    }

    const fn global(self, value: fn(&GlobalData, &str) -> Number) -> Self {
        Self {
            live: Live::Global(value),
            ..self
        }
    }

    const fn past(self, past: Past) -> Self {
        Self { past, ..self }
    }
}

/// Which values of a metric are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    /// A price: zero or less is an error of the vendor.
    Positive,
    /// Zero stands for "supply unknown".
    ZeroIsMissing,
    /// Zero is a value.
    NotNegative,
    /// A change: any sign.
    Any,
}

/// What a number of an answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// A value.
    Value(f64),
    /// The vendor's way to say that there is none.
    Missing,
    /// Nothing that can be read, and why.
    Unread(&'static str),
    /// No possible value of this metric, and why.
    Wrong(&'static str),
}

impl Valid {
    /// Judges one number.
    pub(crate) fn judge(self, number: Number) -> Verdict {
        let number = match number {
            Number::Value(number) => number,
            Number::Null => return Verdict::Missing,
            Number::Missing => return Verdict::Unread("no_value"),
            Number::Odd => return Verdict::Unread("no_number"),
        };
        match self {
            Self::Positive if number <= 0.0 => Verdict::Wrong("not_positive"),
            Self::ZeroIsMissing | Self::NotNegative if number < 0.0 => Verdict::Wrong("negative"),
            Self::ZeroIsMissing if number == 0.0 => Verdict::Missing,
            _ => Verdict::Value(number),
        }
    }
}

/// Every metric, in the order of the names. Money counts in the request's `vs_currency`. Supplies,
/// percents and ranks have no currency of their own; their series carry the quote of the CSV row all
/// the same, because the row is what was asked for.
pub(crate) const METRICS: [Metric; 19] = [
    Metric::new("BTC_DOMINANCE", Valid::NotNegative)
        .by_default()
        .global(|data, _| data.market_cap_percentage.of("btc")),
    Metric::new("CIRCULATING_SUPPLY", Valid::NotNegative)
        .by_default()
        .live(|row| row.circulating_supply)
        .past(Past::Supply(Supply {
            path: "circulating_supply_chart",
            samples: |chart| chart.circulating_supply.as_deref(),
        })),
    Metric::new("CLOSE", Valid::Positive).past(Past::Candle(|candle| candle.close)),
    Metric::new("ETH_DOMINANCE", Valid::NotNegative)
        .by_default()
        .global(|data, _| data.market_cap_percentage.of("eth")),
    Metric::new("FDV", Valid::NotNegative)
        .by_default()
        .live(|row| row.fully_diluted_valuation),
    Metric::new("GLOBAL_MARKET_CAP", Valid::Positive)
        .by_default()
        .global(|data, quote| data.total_market_cap.of(quote))
        .past(Past::Global(|lines| &lines.market_cap)),
    Metric::new("GLOBAL_VOLUME_24H", Valid::NotNegative)
        .by_default()
        .global(|data, quote| data.total_volume.of(quote))
        .past(Past::Global(|lines| &lines.volume)),
    Metric::new("HIGH", Valid::Positive).past(Past::Candle(|candle| candle.high)),
    Metric::new("HIGH_24H", Valid::Positive).live(|row| row.high_24h),
    Metric::new("LOW", Valid::Positive).past(Past::Candle(|candle| candle.low)),
    Metric::new("LOW_24H", Valid::Positive).live(|row| row.low_24h),
    Metric::new("MARKET_CAP", Valid::ZeroIsMissing)
        .by_default()
        .live(|row| row.market_cap)
        .past(Past::Chart(|chart| &chart.market_caps)),
    Metric::new("MARKET_CAP_RANK", Valid::Positive).live(|row| row.market_cap_rank),
    Metric::new("MAX_SUPPLY", Valid::NotNegative).live(|row| row.max_supply),
    Metric::new("OPEN", Valid::Positive).past(Past::Candle(|candle| candle.open)),
    Metric::new("PRICE", Valid::Positive)
        .by_default()
        .live(|row| row.current_price)
        .past(Past::Chart(|chart| &chart.prices)),
    Metric::new("PRICE_CHANGE_24H_PCT", Valid::Any).live(|row| row.price_change_percentage_24h),
    Metric::new("TOTAL_SUPPLY", Valid::NotNegative)
        .by_default()
        .live(|row| row.total_supply)
        .past(Past::Supply(Supply {
            path: "total_supply_chart",
            samples: |chart| chart.total_supply.as_deref(),
        })),
    Metric::new("VOLUME_24H", Valid::NotNegative)
        .by_default()
        .live(|row| row.total_volume)
        .past(Past::Chart(|chart| &chart.total_volumes)),
];

/// Returns the metric of this stored name.
pub(crate) fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Returns the metrics about something.
pub(crate) fn metrics_about(about: About) -> impl Iterator<Item = &'static Metric> + Clone {
    METRICS.iter().filter(move |metric| metric.about() == about)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_stand_in_order_and_once() {
        let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn every_metric_has_a_meaning_in_the_file_that_ships() {
        let csv = include_str!("../../../sources-config/metrics.csv");
        for metric in &METRICS {
            let row = format!("\ncoingecko,{},,", metric.name);
            assert!(csv.contains(&row), "{}", metric.name);
        }
    }

    #[test]
    fn a_metric_is_about_one_thing() {
        let of = |about| metrics_about(about).count();
        assert_eq!(
            (of(About::Coin), of(About::Candle), of(About::Global)),
            (11, 4, 4)
        );
    }

    #[test]
    fn zero_means_what_the_metric_says() {
        let judge = |valid: Valid, value| valid.judge(Number::Value(value));
        assert_eq!(judge(Valid::Positive, 0.0), Verdict::Wrong("not_positive"));
        assert_eq!(judge(Valid::ZeroIsMissing, 0.0), Verdict::Missing);
        assert_eq!(judge(Valid::NotNegative, 0.0), Verdict::Value(0.0));
        assert_eq!(judge(Valid::NotNegative, -1.0), Verdict::Wrong("negative"));
        assert_eq!(judge(Valid::Any, -1.0), Verdict::Value(-1.0));
    }

    #[test]
    fn null_means_nothing_and_the_rest_says_nothing() {
        for valid in [Valid::Positive, Valid::ZeroIsMissing, Valid::Any] {
            assert_eq!(valid.judge(Number::Null), Verdict::Missing);
            assert_eq!(valid.judge(Number::Missing), Verdict::Unread("no_value"));
            assert_eq!(valid.judge(Number::Odd), Verdict::Unread("no_number"));
        }
    }
}
