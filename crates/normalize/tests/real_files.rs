//! The files that ship: consistent, complete for what the coins ask for, and answering to the
//! names that users have.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::PathBuf;

use model::{SourceId, Step};
use normalize::{CsvText, Dictionary, Kind, MetricResolution};

const COINGECKO: SourceId = SourceId::new("coingecko");
const VELO: SourceId = SourceId::new("velo");
const VANTAGE: SourceId = SourceId::new("alphavantage");
const SOURCES: [SourceId; 5] = [
    SourceId::new("artemis"),
    SourceId::new("defillama"),
    VELO,
    COINGECKO,
    VANTAGE,
];

/// What an empty `metrics` cell of `coingecko.csv` stands for.
const DEFAULT_METRICS: &str = "PRICE|MARKET_CAP|VOLUME_24H|FDV|CIRCULATING_SUPPLY|TOTAL_SUPPLY";

fn bytes(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sources-config");
    std::fs::read(folder.join(name)).unwrap()
}

fn dictionary() -> Dictionary {
    let (metrics, canonical) = (bytes("metrics.csv"), bytes("canonical_metrics.csv"));
    Dictionary::parse(
        CsvText {
            name: "metrics.csv",
            bytes: &metrics,
        },
        CsvText {
            name: "canonical_metrics.csv",
            bytes: &canonical,
        },
        &SOURCES,
    )
    .unwrap()
}

#[test]
fn every_configured_metric_of_a_coin_has_a_meaning() {
    let config = bytes("coingecko.csv");
    let mut reader = csv::Reader::from_reader(config.as_slice());
    let column = reader
        .headers()
        .unwrap()
        .iter()
        .position(|header| header == "metrics")
        .unwrap();
    let dictionary = dictionary();
    let mut rows = 0;
    for row in reader.records() {
        let row = row.unwrap();
        rows += 1;
        let metrics = match row.get(column).unwrap() {
            "" => DEFAULT_METRICS,
            listed => listed,
        };
        for metric in metrics.split('|') {
            for step in [Step::Hour, Step::Day] {
                let mapping = dictionary
                    .canonical(COINGECKO, &metric.into(), step)
                    .unwrap();
                assert!(dictionary.metric(&mapping.canonical).is_some(), "{metric}");
            }
        }
    }
    assert!(rows >= 200, "{rows} rows");
}

#[test]
fn users_names_resolve() {
    let dictionary = dictionary();
    for (text, expected) in [
        // ours, however written
        ("market cap", "MARKET_CAP"),
        ("fundingrate", "FUNDING_RATE"),
        // stored
        ("MC", "MARKET_CAP"),
        ("FDMC", "FDV"),
        ("24H_VOLUME", "VOLUME_24H"),
        ("SPOT_VOLUME", "DEX_VOLUME"),
        ("CLOSE_PRICE", "PRICE"),
        ("DOLLAR_OI_CLOSE", "OPEN_INTEREST"),
        ("DOLLAR_VOLUME", "VOLUME"),
        ("LIQ_DOLLAR_VOL", "LIQUIDATIONS"),
        ("PRICE_CHANGE_24H_PCT", "PRICE_CHANGE_24H"),
        ("STABLECOIN_MCAP", "STABLECOIN_SUPPLY"),
        // the predecessor's
        ("TRADING_VOLUME_24H", "VOLUME"),
        ("LIQUIDATIONS_24H", "LIQUIDATIONS"),
        ("CHAIN_TVL", "TVL"),
        ("CHAIN_FEES_24H", "FEES_24H"),
        ("CHAIN_REVENUE_24H", "REVENUE_24H"),
        ("CHAIN_DEX_VOLUME_24H", "DEX_VOLUME_24H"),
        ("DERIVATIVES_VOLUME_24H", "PERP_VOLUME_24H"),
        ("ADJUSTED_CLOSE", "PRICE_ADJ"),
        ("DIVIDEND_AMOUNT", "DIVIDEND"),
        ("SPLIT_COEFFICIENT", "SPLIT_RATIO"),
        ("mcap", "MARKET_CAP"),
        ("fully diluted valuation", "FDV"),
        ("oi", "OPEN_INTEREST"),
        ("funding", "FUNDING_RATE"),
        ("active users", "DAU"),
    ] {
        let MetricResolution::Found(found) = dictionary.resolve(text) else {
            panic!("{text}: {:?}", dictionary.resolve(text))
        };
        assert_eq!(found.metric.name.as_str(), expected, "{text}");
    }
    let MetricResolution::Found(close) = dictionary.resolve_in(VANTAGE, "CLOSE") else {
        panic!("Alpha Vantage stores CLOSE")
    };
    assert_eq!(close.metric.name.as_str(), "PRICE");
}

#[test]
fn preferred_sources_are_the_predecessors() {
    let dictionary = dictionary();
    for (metric, source) in [
        ("PRICE", "coingecko"),
        ("MARKET_CAP", "coingecko"),
        ("VOLUME_24H", "coingecko"),
        ("TVL", "defillama"),
        ("FEES_24H", "defillama"),
        ("STABLECOIN_SUPPLY", "defillama"),
        ("FEES", "artemis"),
        ("REVENUE", "artemis"),
        ("DAU", "artemis"),
        ("TXNS", "artemis"),
        ("FUNDING_RATE", "velo"),
        ("OPEN_INTEREST", "velo"),
        ("LIQUIDATIONS", "velo"),
        ("OPEN", "alphavantage"),
    ] {
        let first = dictionary
            .metric(&metric.into())
            .unwrap()
            .preferred_sources
            .first()
            .copied();
        assert_eq!(first.map(SourceId::as_str), Some(source), "{metric}");
    }
}

#[test]
fn what_covers_24_hours_is_never_added() {
    for metric in dictionary().metrics() {
        if metric.name.as_str().ends_with("_24H") {
            assert_eq!(metric.kind, Kind::Rolling, "{}", metric.name);
        }
    }
}
