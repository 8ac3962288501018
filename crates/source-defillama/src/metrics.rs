//! The one table of metrics: contract section 5.
//!
//! A metric that is added here is planned, parsed and accepted in the CSV without another change.

mod dimension;

use model::{SeriesKey, Stamp, Step};
use source::lenient::Number;

pub(crate) use dimension::Dimension;

use crate::{
    kind::Kind,
    wire::{ChainRow, PoolDay, PoolRow, ProtocolRow, StablecoinDay},
};

/// One metric of one kind of thing: its stored name and where its values stand.
pub(crate) struct Metric {
    /// What has it.
    pub(crate) kind: Kind,
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

/// A part of a protocol's TVL that is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// What counts as TVL.
    Base,
    Staking,
    Pool2,
    Borrowed,
}

impl Section {
    /// The `key` of the small chart; none for the base.
    pub(crate) const fn key(self) -> Option<&'static str> {
        match self {
            Self::Base => None,
            Self::Staking => Some("staking"),
            Self::Pool2 => Some("pool2"),
            Self::Borrowed => Some("borrowed"),
        }
    }
}

/// Where a value of now stands.
#[derive(Clone, Copy)]
pub(crate) enum Live {
    /// Nowhere.
    None,
    /// In a protocol's row of `/protocols`.
    Protocol(fn(&ProtocolRow) -> Number),
    /// In a chain's row of `/v2/chains`.
    Chain(fn(&ChainRow) -> Number),
    /// The `total24h` of an overview: of a protocol's row, or of the whole.
    Total(Dimension),
    /// In `/stablecoins`: of a coin, or of a chain.
    Supply,
    /// In a pool's row of `/pools`.
    Pool(fn(&PoolRow) -> Number),
    /// In `/prices/…`.
    Price,
}

/// Where past values stand.
#[derive(Clone, Copy)]
pub(crate) enum Past {
    /// Nowhere: what was missed is lost.
    None,
    /// In the chart of a dimension, by day.
    Dimension(Dimension),
    /// In a protocol's chart, by day.
    Tvl(Section),
    /// In the chart of a chain or of all chains, by day.
    ChainTvl,
    /// In a chart of stablecoins, by day.
    Supply(fn(&StablecoinDay) -> Number),
    /// In a pool's chart, by day.
    Pool(fn(&PoolDay) -> Number),
    /// In a coin's chart, by day and by hour.
    Price,
}

impl Metric {
    const fn new(kind: Kind, name: &'static str) -> Self {
        Self {
            kind,
            name,
            default: false,
            live: Live::None,
            past: Past::None,
            valid: Valid::Any,
        }
    }

    const fn by_default(self) -> Self {
        Self {
            default: true,
            ..self
        }
    }

    const fn live(self, live: Live) -> Self {
        Self { live, ..self }
    }

    const fn past(self, past: Past) -> Self {
        Self { past, ..self }
    }

    const fn protocol(name: &'static str) -> Self {
        Self::new(Kind::Protocol, name)
    }

    const fn chain(name: &'static str) -> Self {
        Self::new(Kind::Chain, name)
    }

    const fn global(name: &'static str) -> Self {
        Self::new(Kind::Global, name)
    }

    const fn pool(name: &'static str) -> Self {
        Self::new(Kind::Pool, name)
    }

    const fn daily(self, dimension: Dimension) -> Self {
        self.past(Past::Dimension(dimension))
    }

    const fn total(self, dimension: Dimension) -> Self {
        self.live(Live::Total(dimension))
    }
}

/// Which values of a metric are values. The contract keeps zeros and negative ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    /// Every number.
    Any,
    /// A price: one below zero is an error of the vendor.
    NotNegative,
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
        match number {
            Number::Value(number) if self == Self::NotNegative && number < 0.0 => {
                Verdict::Wrong("negative")
            }
            Number::Value(number) => Verdict::Value(number),
            Number::Null => Verdict::Missing,
            Number::Missing => Verdict::Unread("no_value"),
            Number::Odd => Verdict::Unread("no_number"),
        }
    }
}

/// Reads a field that the vendor leaves out where there is nothing to say.
pub(crate) fn optional(number: Number) -> Number {
    match number {
        Number::Missing => Number::Null,
        number => number,
    }
}

// The vendor's words for the dimensions of the table, once each: contract section 3.2.
const FEES: Dimension = Dimension::new("fees", "dailyFees");
const REVENUE: Dimension = Dimension::new("fees", "dailyRevenue");
const HOLDERS_REVENUE: Dimension = Dimension::new("fees", "dailyHoldersRevenue");
const SUPPLY_SIDE_REVENUE: Dimension = Dimension::new("fees", "dailySupplySideRevenue");
const PROTOCOL_REVENUE: Dimension = Dimension::new("fees", "dailyProtocolRevenue");
const DEX_VOLUME: Dimension = Dimension::new("dexs", "dailyVolume");
const PERP_VOLUME: Dimension = Dimension::new("derivatives", "dailyVolume");
const OPTIONS_NOTIONAL: Dimension = Dimension::new("options", "dailyNotionalVolume");
const OPTIONS_PREMIUM: Dimension = Dimension::new("options", "dailyPremiumVolume");
const OPEN_INTEREST: Dimension = Dimension::new("open-interest", "openInterestAtEnd");
const ACTIVE_USERS: Dimension = Dimension::new("active-users", "dailyActiveUsers");
const TRANSACTIONS: Dimension = Dimension::new("active-users", "dailyTransactionCount");

/// Every metric, by kind, then name. Percents of yields stay percents, as sent.
pub(crate) const METRICS: [Metric; 49] = [
    Metric::global("DEX_VOLUME").daily(DEX_VOLUME),
    Metric::global("DEX_VOLUME_24H").total(DEX_VOLUME),
    Metric::global("FEES").daily(FEES),
    Metric::global("FEES_24H").total(FEES),
    Metric::global("OPEN_INTEREST")
        .total(OPEN_INTEREST)
        .daily(OPEN_INTEREST),
    Metric::global("PERP_VOLUME").daily(PERP_VOLUME),
    Metric::global("PERP_VOLUME_24H").total(PERP_VOLUME),
    Metric::global("REVENUE").daily(REVENUE),
    Metric::global("REVENUE_24H").total(REVENUE),
    Metric::global("STABLECOIN_MCAP")
        .by_default()
        .past(Past::Supply(StablecoinDay::usd)),
    Metric::global("TVL").by_default().past(Past::ChainTvl),
    Metric::protocol("BORROWED")
        .live(Live::Protocol(|row| row.section("borrowed")))
        .past(Past::Tvl(Section::Borrowed)),
    Metric::protocol("DAU").by_default().daily(ACTIVE_USERS),
    Metric::protocol("DEX_VOLUME")
        .by_default()
        .daily(DEX_VOLUME),
    Metric::protocol("DEX_VOLUME_24H")
        .by_default()
        .total(DEX_VOLUME),
    Metric::protocol("FEES").by_default().daily(FEES),
    Metric::protocol("FEES_24H").by_default().total(FEES),
    Metric::protocol("HOLDERS_REVENUE")
        .by_default()
        .daily(HOLDERS_REVENUE),
    Metric::protocol("HOLDERS_REVENUE_24H")
        .by_default()
        .total(HOLDERS_REVENUE),
    // Of the token: a parent's is its children's, not their sum, so a parent has none.
    Metric::protocol("MARKET_CAP").live(Live::Protocol(|row| optional(row.mcap))),
    // The total of open interest is a level, in spite of its name (trap 9).
    Metric::protocol("OPEN_INTEREST")
        .by_default()
        .total(OPEN_INTEREST)
        .daily(OPEN_INTEREST),
    Metric::protocol("OPTIONS_NOTIONAL_VOLUME").daily(OPTIONS_NOTIONAL),
    Metric::protocol("OPTIONS_PREMIUM_VOLUME").daily(OPTIONS_PREMIUM),
    Metric::protocol("PERP_VOLUME")
        .by_default()
        .daily(PERP_VOLUME),
    Metric::protocol("PERP_VOLUME_24H")
        .by_default()
        .total(PERP_VOLUME),
    Metric::protocol("PROTOCOL_REVENUE").daily(PROTOCOL_REVENUE),
    Metric::protocol("REVENUE").by_default().daily(REVENUE),
    Metric::protocol("REVENUE_24H").by_default().total(REVENUE),
    Metric::protocol("SUPPLY_SIDE_REVENUE").daily(SUPPLY_SIDE_REVENUE),
    Metric::protocol("TVL")
        .by_default()
        .live(Live::Protocol(|row| row.tvl))
        .past(Past::Tvl(Section::Base)),
    Metric::protocol("TVL_POOL2")
        .live(Live::Protocol(|row| optional(row.pool2)))
        .past(Past::Tvl(Section::Pool2)),
    Metric::protocol("TVL_STAKING")
        .live(Live::Protocol(|row| optional(row.staking)))
        .past(Past::Tvl(Section::Staking)),
    Metric::protocol("TXNS").by_default().daily(TRANSACTIONS),
    Metric::chain("DAU").by_default().daily(ACTIVE_USERS),
    Metric::chain("DEX_VOLUME").by_default().daily(DEX_VOLUME),
    Metric::chain("FEES").by_default().daily(FEES),
    Metric::chain("OPEN_INTEREST").daily(OPEN_INTEREST),
    Metric::chain("PERP_VOLUME").by_default().daily(PERP_VOLUME),
    Metric::chain("REVENUE").by_default().daily(REVENUE),
    Metric::chain("STABLECOIN_MCAP")
        .by_default()
        .live(Live::Supply)
        .past(Past::Supply(StablecoinDay::usd)),
    Metric::chain("TVL")
        .by_default()
        .live(Live::Chain(|row| row.tvl))
        .past(Past::ChainTvl),
    Metric::chain("TXNS").by_default().daily(TRANSACTIONS),
    Metric::new(Kind::Stablecoin, "CIRCULATING_SUPPLY")
        .by_default()
        .past(Past::Supply(StablecoinDay::tokens)),
    Metric::new(Kind::Stablecoin, "STABLECOIN_MCAP")
        .by_default()
        .live(Live::Supply)
        .past(Past::Supply(StablecoinDay::usd)),
    PRICE,
    Metric::pool("APY")
        .by_default()
        .live(Live::Pool(|row| row.apy))
        .past(Past::Pool(|day| day.apy)),
    Metric::pool("APY_BASE")
        .live(Live::Pool(|row| optional(row.apy_base)))
        .past(Past::Pool(|day| optional(day.apy_base))),
    Metric::pool("APY_REWARD")
        .live(Live::Pool(|row| optional(row.apy_reward)))
        .past(Past::Pool(|day| optional(day.apy_reward))),
    Metric::pool("TVL")
        .by_default()
        .live(Live::Pool(|row| row.tvl_usd))
        .past(Past::Pool(|day| day.tvl_usd)),
];

const PRICE: Metric = Metric {
    default: true,
    live: Live::Price,
    past: Past::Price,
    valid: Valid::NotNegative,
    ..Metric::new(Kind::Coin, "PRICE")
};

/// Returns the metric of a kind by its stored name.
pub(crate) fn metric(kind: Kind, name: &str) -> Option<&'static Metric> {
    metrics_of(kind).find(|metric| metric.name == name)
}

/// Returns the metric of a series.
pub(crate) fn metric_of(series: &SeriesKey) -> Option<&'static Metric> {
    let (kind, _) = Kind::of(&series.key.asset);
    metric(kind, series.metric.as_str())
}

/// Returns the metrics of a kind.
pub(crate) fn metrics_of(kind: Kind) -> impl Iterator<Item = &'static Metric> + Clone {
    METRICS.iter().filter(move |metric| metric.kind == kind)
}

/// Returns what a label names. TVL by day is what there was as the day began; the charts of dimensions,
/// stablecoins and pools label the day that they cover. Whatever is taken now is an instant.
pub(crate) fn stamp(series: &SeriesKey) -> Stamp {
    let past = metric_of(series).map_or(Past::None, |metric| metric.past);
    match (past, series.step) {
        (_, Step::Hour) | (Past::Tvl(_) | Past::ChainTvl | Past::Price, _) => Stamp::Instant,
        _ => Stamp::Bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_stand_in_order_and_once() {
        for kind in Kind::ALL {
            let names: Vec<&str> = metrics_of(kind).map(|metric| metric.name).collect();
            assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
            assert!(!names.is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn every_metric_has_a_meaning_in_the_file_that_ships() {
        let csv = include_str!("../../../sources-config/metrics.csv");
        for metric in &METRICS {
            let row = format!("\ndefillama,{},,", metric.name);
            assert!(csv.contains(&row), "{}", metric.name);
        }
    }

    #[test]
    fn every_kind_has_metrics_by_default_and_each_has_a_place() {
        for kind in Kind::ALL {
            assert!(metrics_of(kind).any(|metric| metric.default), "{kind:?}");
        }
        for metric in &METRICS {
            let nowhere = matches!((metric.live, metric.past), (Live::None, Past::None));
            assert!(!nowhere, "{:?} {}", metric.kind, metric.name);
        }
    }

    #[test]
    fn zeros_and_negatives_are_values_but_for_a_price() {
        let judge = |valid: Valid, value| valid.judge(Number::Value(value));
        assert_eq!(judge(Valid::Any, 0.0), Verdict::Value(0.0));
        assert_eq!(judge(Valid::Any, -1.0), Verdict::Value(-1.0));
        assert_eq!(judge(Valid::NotNegative, 0.0), Verdict::Value(0.0));
        assert_eq!(judge(Valid::NotNegative, -1.0), Verdict::Wrong("negative"));
    }

    #[test]
    fn null_means_nothing_and_the_rest_says_nothing() {
        assert_eq!(Valid::Any.judge(Number::Null), Verdict::Missing);
        assert_eq!(
            Valid::Any.judge(Number::Missing),
            Verdict::Unread("no_value")
        );
        assert_eq!(Valid::Any.judge(Number::Odd), Verdict::Unread("no_number"));
        assert_eq!(
            Valid::Any.judge(optional(Number::Missing)),
            Verdict::Missing
        );
    }
}
