//! The CSV.

use model::{SeriesSpec, Since, Stamp, Step};
use source::{Source as _, conformance::stage};
use source_defillama::{COLUMNS, Plan};

use crate::{at, vendor};

fn load(plan: Plan, rows: &str) -> Result<Vec<SeriesSpec>, String> {
    stage::configure(&vendor(plan), &COLUMNS, rows)
}

fn told(series: &[SeriesSpec]) -> String {
    let lines = series
        .iter()
        .map(|spec| format!("{} {:?} {:?}\n", spec.series, spec.stamp, spec.since));
    lines.collect()
}

const ONE_OF_EACH: &str = "\
    global,all,,,2020-01-01,,,true,\n\
    chain,OP Mainnet,,,2021-11-01,,aliases=Optimism|OP,true,\n\
    protocol,aave,,,2020-01-01,,id=parent#aave,true,\n\
    coin,coingecko:bitcoin,,,2020-01-01,2024-01-01,min_confidence=0.95,true,\n\
    coin,ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48,PRICE,1h,,,,false,\n\
    stablecoin,1,,,,,pegType=peggedUSD,true,\n\
    pool,747c1d2a-c668-4682-b9f9-296708a3dd90,,,2022-05-01,,pro=true,true,\n";

#[test]
fn a_row_becomes_its_series_and_pro_makes_more_of_them() {
    insta::assert_snapshot!(
        "series_of_free",
        told(&load(Plan::Free, ONE_OF_EACH).unwrap())
    );
    insta::assert_snapshot!(
        "series_of_pro",
        told(&load(Plan::Pro, ONE_OF_EACH).unwrap())
    );
}

#[test]
fn an_interval_picks_the_steps() {
    let steps = |interval: &str| -> Vec<String> {
        let row = format!("protocol,aave-v3,TVL|FEES_24H,{interval},,,id=1599,true,\n");
        let series = load(Plan::Free, &row).unwrap();
        let named = series
            .iter()
            .map(|spec| format!("{} {}", spec.series.metric, spec.series.step));
        named.collect()
    };
    assert_eq!(steps(""), ["TVL 1h", "TVL 1d", "FEES_24H 1h"]);
    assert_eq!(steps("1d|1h"), ["TVL 1h", "TVL 1d", "FEES_24H 1h"]);
    assert_eq!(steps("1h"), ["TVL 1h", "FEES_24H 1h"]);
}

#[test]
fn only_prices_have_a_past_by_hour() {
    let series = load(Plan::Free, ONE_OF_EACH).unwrap();
    let hourly = series
        .iter()
        .filter(|spec| spec.series.step == Step::Hour)
        .filter(|spec| spec.series.metric.as_str() != "PRICE");
    assert!(
        hourly
            .into_iter()
            .all(|spec| spec.since == Since::Activation)
    );
    let bitcoin = series
        .iter()
        .find(|spec| spec.series.key.asset.as_str() == "coingecko:bitcoin")
        .unwrap();
    assert_eq!(bitcoin.since, Since::At(at("2024-01-01")));
}

#[test]
fn stamps_are_those_of_the_contract() {
    let series = load(Plan::Pro, ONE_OF_EACH).unwrap();
    for spec in &series {
        let (asset, metric) = (spec.series.key.asset.as_str(), spec.series.metric.as_str());
        let instant = spec.series.step == Step::Hour
            || metric == "PRICE"
            || metric.starts_with("TVL") && !asset.starts_with("pool:");
        let expected = if instant { Stamp::Instant } else { Stamp::Bar };
        assert_eq!(spec.stamp, expected, "{}", spec.series);
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let rows = "token,bitcoin,,,,,,true,\n\
                global,market,,,,,,true,\n\
                protocol,Aave V3,TVL|FEE,2h,01.02.2020,2024-01-01,,true,\n\
                protocol,aave-v3,FEES,1h,,,id=aave,true,\n\
                protocol,lido,FEES,1h,,,id=182,true,\n\
                protocol,lido-two,PRICE,1d|1d,,,id=182,true,\n\
                protocol,lido-three,TVL,,,,id=182,true,\n\
                protocol,curve-dex,TVL,,,,id=3;id=3,true,\n\
                protocol,maker,TVL,,,,id,true,\n\
                chain,Ethereum,TVL|TVL,,1850-01-01,,pegType=peggedUSD,true,\n\
                chain,Base,TVL,,,,aliases=,true,\n\
                coin,bitcoin,,,,soon,min_confidence=2,true,\n\
                coin,protocol:1,,,,,,true,\n\
                coin,eth:0xAb,,,,,,true,\n\
                coin,eth:0xab,,,,,,true,\n\
                stablecoin,tether,,,,,pegType=USD,true,\n\
                pool,747C1D2A-c668-4682-b9f9-296708a3dd90,,,,,pro=yes,maybe,\n\
                chain,Base,TVL,,,,,true,\n";
    insta::assert_snapshot!(load(Plan::Free, rows).unwrap_err());
}

#[test]
fn a_file_with_a_problem_changes_no_names() {
    let vendor = crate::configured(Plan::Free, "protocol,aave,TVL,1d,,,id=parent#a,true,\n");
    let key = |vendor: &source_defillama::DefiLlama| {
        let request = vendor.recognise(None, "/protocol/aave", &[]).unwrap();
        request.block.keys[0].asset.to_string()
    };
    assert_eq!(key(&vendor), "protocol:parent#a");
    let csv = format!(
        "{}\nprotocol,aave,TVL,1d,,,id=7,true,\nx,,,,,,,true,\n",
        COLUMNS.join(",")
    );
    assert!(vendor.read_config("x.csv", csv.as_bytes()).is_err());
    assert_eq!(key(&vendor), "protocol:parent#a");
}

#[test]
fn every_metric_of_every_series_is_served_by_a_dataset() {
    for plan in Plan::ALL {
        let vendor = vendor(plan);
        for spec in load(plan, ONE_OF_EACH).unwrap() {
            let by = stage::serving(&vendor, &spec.series).len();
            let is_price = spec.series.metric.as_str() == "PRICE" && spec.series.step == Step::Hour;
            assert_eq!(by, if is_price { 2 } else { 1 }, "{}", spec.series);
        }
    }
}

#[test]
fn the_file_that_ships_is_sound() {
    let csv = include_bytes!("../../../../sources-config/defillama.csv");
    for plan in Plan::ALL {
        let series = vendor(plan).read_config("defillama.csv", csv).unwrap();
        assert!(series.iter().any(|spec| spec.enabled));
        let kinds: std::collections::BTreeSet<String> = series
            .iter()
            .map(|spec| spec.series.key.asset.to_string())
            .map(|asset| asset.split(':').next().unwrap_or_default().to_owned())
            .collect();
        for kind in ["global", "protocol", "chain", "stablecoin", "coingecko"] {
            assert!(kinds.contains(kind), "{plan}: {kind}");
        }
    }
}
