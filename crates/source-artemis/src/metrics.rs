//! The one table of metrics: contract section 4. The stored name is the vendor's, upper-case.
//!
//! A name that does not stand here is asked for as it is, by day (section 4): the vendor has hundreds.

use Kind::{Daily, Latest, Midnight, Quarterly};
use Of::{Chain, Equity, Protocol, Stablecoin, Token};

/// What a row of the CSV is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A chain with its coin.
    Chain,
    /// A protocol with its token.
    Protocol,
    /// A token alone.
    Token,
    /// A stablecoin, everywhere or on one chain.
    Stablecoin,
    /// A share.
    Equity,
}

/// How a metric comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By day, as of 00:00 of that day.
    Midnight,
    /// By day, of that day.
    Daily,
    /// By fiscal quarter.
    Quarterly,
    /// Without a date: of now, whenever that was. Never asked for (traps 3 and 8).
    Latest,
}

/// One metric.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The vendor's name, and ours.
    pub(crate) name: &'static str,
    /// How it comes.
    pub(crate) kind: Kind,
    /// Where it is collected by default.
    pub(crate) default: &'static [Of],
}

const COINS: &[Of] = &[Chain, Protocol, Token];
const ACTIVE: &[Of] = &[Chain, Protocol];
const EVERY_PRICE: &[Of] = &[Chain, Protocol, Token, Equity];

const fn new(name: &'static str, kind: Kind, default: &'static [Of]) -> Metric {
    Metric {
        name,
        kind,
        default,
    }
}

const fn daily(name: &'static str) -> Metric {
    new(name, Daily, &[])
}

const fn latest(name: &'static str) -> Metric {
    new(name, Latest, &[])
}

/// Every metric that the contract knows, in its order.
pub(crate) const METRICS: &[Metric] = &[
    new("PRICE", Midnight, EVERY_PRICE),
    new("MC", Midnight, COINS),
    new("FDMC", Midnight, COINS),
    new("24H_VOLUME", Daily, COINS),
    latest("30D_VOLUME"),
    new("CIRCULATING_SUPPLY_NATIVE", Daily, COINS),
    latest("CIRC_SUPPLY"),
    daily("TOTAL_SUPPLY_NATIVE"),
    latest("TOT_SUPPLY"),
    latest("MAX_SUPPLY"),
    latest("24H_PRICE_HIGH"),
    latest("24H_PRICE_LOW"),
    latest("24H_PRICE_CHG_PCT"),
    latest("7D_PRICE_CHG_PCT"),
    latest("30D_PRICE_CHG_PCT"),
    latest("24H_MC_CHG_PCT"),
    latest("24H_PRICE_CHG"),
    latest("24H_MC_CHG"),
    latest("ATH"),
    latest("ATL"),
    latest("ATH_CHG_PCT"),
    latest("ATL_CHG_PCT"),
    latest("ATH_DATE"),
    latest("ATL_DATE"),
    new("FEES", Daily, ACTIVE),
    new("REVENUE", Daily, ACTIVE),
    daily("ACTIVE_REVENUE"),
    daily("PASSIVE_REVENUE"),
    new("TVL", Daily, ACTIVE),
    new("DAU", Daily, ACTIVE),
    daily("NEW_USERS"),
    new("TXNS", Daily, ACTIVE),
    daily("DAILY_TXNS"),
    daily("AVG_TXN_FEE"),
    daily("SPOT_VOLUME"),
    daily("DEX_VOLUMES"),
    daily("SPOT_FEES"),
    daily("PERP_VOLUME"),
    daily("TRADING_VOLUME"),
    daily("PERP_FEES"),
    daily("PERP_TXNS"),
    daily("PERP_LIQUIDATION"),
    daily("OPEN_INTEREST"),
    daily("UNIQUE_TRADERS"),
    daily("LENDING_DEPOSITS"),
    daily("LENDING_BORROWS"),
    daily("DEPOSITS"),
    daily("BORROWS"),
    daily("GROSS_EMISSIONS"),
    daily("FDMC_FEES_RATIO"),
    daily("FDMC_REVENUE_RATIO"),
    new("STABLECOIN_SUPPLY", Daily, &[Stablecoin]),
    daily("STABLECOIN_MC"),
    new("STABLECOIN_TRANSFER_VOLUME", Daily, &[Stablecoin]),
    new("STABLECOIN_DAILY_TXNS", Daily, &[Stablecoin]),
    new("STABLECOIN_DAU", Daily, &[Stablecoin]),
    daily("ETF_FLOWS"),
    daily("ETF_SPOT_VOLUME"),
    daily("WEEKLY_COMMITS_CORE"),
    daily("WEEKLY_DEVS_CORE"),
    daily("WEEKLY_COMMITS_SUB"),
    daily("WEEKLY_DEVS_SUB"),
    daily("REAL_TXNS"),
    daily("REAL_VOLUME"),
    daily("PERCENT_GAMED_TXNS"),
    daily("PERCENT_GAMED_VOLUME"),
    daily("AVG_TXN_SIZE"),
    new("TOTAL_REVENUE", Quarterly, &[Equity]),
    new("NET_INCOME", Quarterly, &[Equity]),
    new("EBITDA", Quarterly, &[Equity]),
    new("OPERATING_INCOME", Quarterly, &[Equity]),
    new("FREE_CASH_FLOW", Quarterly, &[Equity]),
    new("BASIC_EPS", Quarterly, &[]),
    new("DILUTED_EPS", Quarterly, &[Equity]),
    daily("ENTERPRISE_VALUE_DIVIDE_TOTAL_REVENUE"),
    daily("ENTERPRISE_VALUE_DIVIDE_NET_INCOME"),
    daily("ENTERPRISE_VALUE_DIVIDE_EBITDA"),
    daily("ENTERPRISE_VALUE_DIVIDE_FREE_CASH_FLOW"),
    daily("MARKET_CAP_DIVIDE_FREE_CASH_FLOW"),
    daily("EARNINGS_YIELD"),
    daily("FCF_YIELD"),
    daily("EQ_EV"),
    daily("EQ_CASH_AND_CASH_EQUIVALENTS"),
    daily("EQ_TOTAL_DEBT"),
    daily("NAV"),
];

/// What begins so is another product of the vendor's, or was dropped by it, and why it is no metric.
const REFUSED: [(&str, &str); 6] = [
    ("TT_", "Token Terminal's data need a key of their own"),
    ("L7_", "sums over days exist in the vendor's sheets only"),
    ("L30_", "sums over days exist in the vendor's sheets only"),
    ("L90_", "sums over days exist in the vendor's sheets only"),
    (
        "ARTEMIS_STABLECOIN_",
        "the vendor dropped it in July 2026: STABLECOIN_*",
    ),
    (
        "P2P_STABLECOIN_",
        "the vendor dropped it in July 2026: STABLECOIN_*",
    ),
];

/// Returns why a name can be no metric of the vendor's, if so.
pub(crate) fn refused(name: &str) -> Option<&'static str> {
    let prefix = REFUSED.iter().find(|(prefix, _)| name.starts_with(prefix));
    prefix.map(|(_, why)| *why)
}

/// Returns how a metric comes; none for a name that the contract does not know.
pub(crate) fn kind(name: &str) -> Option<Kind> {
    let known = METRICS.iter().find(|metric| metric.name == name)?;
    Some(known.kind)
}

/// Whether a metric comes by day, as far as anybody knows.
pub(crate) fn is_daily(name: &str) -> bool {
    matches!(kind(name), Some(Midnight | Daily) | None)
}

/// Whether a metric comes by fiscal quarter.
pub(crate) fn is_quarterly(name: &str) -> bool {
    kind(name) == Some(Quarterly)
}

/// Whether a metric is the price: of a share the close, which every session has.
pub(crate) fn is_price(name: &str) -> bool {
    name == "PRICE"
}

/// Whether a metric of day D is the value at 00:00 of D.
pub(crate) fn is_at_midnight(name: &str) -> bool {
    kind(name) == Some(Midnight)
}

/// Returns the default set of a kind of asset, by day or by quarter.
pub(crate) fn default_of(of: Of, quarterly: bool) -> impl Iterator<Item = &'static str> {
    METRICS
        .iter()
        .filter(move |metric| (metric.kind == Quarterly) == quarterly)
        .filter(move |metric| metric.default.contains(&of))
        .map(|metric| metric.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_can_be_part_of_a_path() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for name in names {
            assert!(refused(name).is_none(), "{name}");
            let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(fits), "{name}");
        }
    }

    #[test]
    fn the_default_sets_are_the_contracts() {
        let of = |of, quarterly| default_of(of, quarterly).collect::<Vec<_>>().join(" ");
        let token = "PRICE MC FDMC 24H_VOLUME CIRCULATING_SUPPLY_NATIVE";
        let chain = format!("{token} FEES REVENUE TVL DAU TXNS");
        assert_eq!(
            (of(Chain, false), of(Protocol, false)),
            (chain.clone(), chain)
        );
        assert_eq!(of(Token, false), token);
        assert_eq!(
            of(Stablecoin, false),
            "STABLECOIN_SUPPLY STABLECOIN_TRANSFER_VOLUME STABLECOIN_DAILY_TXNS STABLECOIN_DAU"
        );
        assert_eq!(of(Equity, false), "PRICE");
        assert_eq!(
            of(Equity, true),
            "TOTAL_REVENUE NET_INCOME EBITDA OPERATING_INCOME FREE_CASH_FLOW DILUTED_EPS"
        );
    }

    #[test]
    fn what_the_shipped_dictionary_means_is_known_here() {
        let csv = include_str!("../../../sources-config/metrics.csv");
        let rows = csv.lines().filter_map(|line| line.strip_prefix("artemis,"));
        let mut meant = BTreeSet::new();
        for row in rows {
            let mut cells = row.split(',');
            let (name, step) = (cells.next().unwrap(), cells.next().unwrap());
            let kind = kind(name);
            assert!(kind.is_some(), "{name}");
            assert_eq!(kind == Some(Quarterly), step == "1q", "{name}");
            meant.insert(name);
        }
        // Unit or meaning is not established: stored, and answered under their own names only.
        let without = [
            "GROSS_EMISSIONS",
            "PERCENT_GAMED_TXNS",
            "PERCENT_GAMED_VOLUME",
        ];
        let collected = METRICS.iter().filter(|metric| metric.kind != Latest);
        for metric in collected.filter(|metric| !without.contains(&metric.name)) {
            assert!(meant.contains(metric.name), "{}", metric.name);
        }
    }
}
