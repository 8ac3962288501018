//! Whatever comes, a typed error or an answer: never a panic.

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use source::{
    RequestSpec, Source as _,
    conformance::mangle::{
        ODD_NUMBERS, recognised, survives, survives_rows, with_bytes, with_number,
    },
};
use source_defillama::{COLUMNS, DefiLlama, Plan};

use crate::{body, configured, vendor};

const ROWS: &str = "\
    protocol,aave,TVL,1d,,,id=parent#aave,true,\n\
    chain,OP Mainnet,TVL,1d,,,aliases=Optimism,true,\n\
    stablecoin,1,STABLECOIN_MCAP,1d,,,pegType=peggedUSD,true,\n";

const FEES_NOW: &str = "/overview/fees?dataType=dailyFees&excludeTotalDataChart=true";

const SAMPLES: [(&str, &[u8]); 21] = [
    ("/protocols", body!("protocols_now/four_protocols.json")),
    ("/protocols", body!("protocols_now/ugly.json")),
    ("/v2/chains", body!("chains_now/three_chains.json")),
    (FEES_NOW, body!("dimensions_now/fees.json")),
    (FEES_NOW, body!("dimensions_now/ugly.json")),
    ("/stablecoins", body!("stablecoins_now/two_coins.json")),
    ("/pools", body!("pools_now/two_pools.json")),
    (
        "/prices/current/coingecko:bitcoin",
        body!("prices_now/ugly.json"),
    ),
    (
        "/prices/historical/1785369600/coingecko:bitcoin,coingecko:far",
        body!("prices_now/ugly.json"),
    ),
    ("/protocol/aave", body!("tvl_daily/aave.json")),
    ("/protocol/ugly", body!("tvl_daily/ugly.json")),
    (
        "/v2/chart/tvl/protocol/aave",
        body!("tvl_daily/small_chart.json"),
    ),
    (
        "/v2/historicalChainTvl/Base",
        body!("chain_tvl_daily/dated_today.json"),
    ),
    (
        "/summary/fees/x?dataType=dailyFees",
        body!("dimensions_daily/ugly.json"),
    ),
    (
        "/overview/fees/Base?dataType=dailyFees",
        body!("dimensions_daily/chain.json"),
    ),
    (
        "/v2/chart/fees/protocol/x?dataType=dailyFees",
        body!("dimensions_daily/small_chart.json"),
    ),
    (
        "/stablecoincharts/all?stablecoin=1",
        body!("stablecoins_daily/tether.json"),
    ),
    (
        "/stablecoincharts/Base",
        body!("stablecoins_daily/ugly.json"),
    ),
    ("/yields/chart/x", body!("pools_daily/steth.json")),
    (
        "/chart/coingecko:unsure,ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\
         ?start=1767225600&span=9&period=1h",
        body!("prices_hourly/ugly.json"),
    ),
    ("/usage", body!("usage/left.json")),
];

fn take(vendor: &DefiLlama, request: &RequestSpec, status: u16, body: Vec<u8>) {
    survives(vendor, request, status, body, "2026-01-10T09:25:00Z");
}

proptest! {
    #[test]
    fn bytes(status in 200_u16..600, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let vendor = configured(Plan::Pro, ROWS);
        for (request, _) in recognised(&vendor, &SAMPLES) {
            take(&vendor, &request, status, body.clone());
        }
    }

    #[test]
    fn spoilt_samples(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let vendor = configured(Plan::Pro, ROWS);
        let (request, sample) = recognised(&vendor, &SAMPLES).swap_remove(which);
        take(&vendor, &request, 200, with_bytes(sample, &edits));
    }

    #[test]
    fn numbers_swapped_for_odd_ones(
        which in 0..SAMPLES.len(),
        at in any::<usize>(),
        odd in prop::sample::select(&ODD_NUMBERS[..]),
    ) {
        let vendor = configured(Plan::Pro, ROWS);
        let (request, sample) = recognised(&vendor, &SAMPLES).swap_remove(which);
        take(&vendor, &request, 200, with_number(sample, at, odd));
    }

    #[test]
    fn answers_to_other_questions(asked in 0..SAMPLES.len(), sent in 0..SAMPLES.len()) {
        let vendor = configured(Plan::Free, ROWS);
        let requests = requests_of_free(&vendor);
        let (request, _) = &requests[asked % requests.len()];
        take(&vendor, request, 200, SAMPLES[sent].1.to_vec());
    }

    #[test]
    fn paths(path in "(/[a-z]{1,3})?/(free/)?(api|coins|yields|v2|overview|chart|prices|usage|stablecoincharts)[a-z0-9%/:,-]{0,30}(\\?[a-zA-Z_=&0-9%.-]{0,60})?") {
        let vendor = configured(Plan::Free, ROWS);
        if let Ok(request) = vendor.recognise(None, &path, &[]) {
            take(&vendor, &request, 200, body!("prices_hourly/ugly.json").to_vec());
        }
    }

    #[test]
    fn windows(start in any::<i64>(), span in any::<i64>(), at in any::<i64>()) {
        let vendor = configured(Plan::Free, ROWS);
        for path in [
            format!("/chart/a:b?start={start}&span={span}&period=1h"),
            format!("/chart/a:b?end={start}&span={span}"),
            format!("/prices/historical/{at}/coingecko:bitcoin"),
        ] {
            if let Ok(request) = vendor.recognise(None, &path, &[]) {
                take(&vendor, &request, 200, body!("prices_hourly/ugly.json").to_vec());
                take(&vendor, &request, 200, body!("prices_now/ugly.json").to_vec());
            }
        }
    }

    #[test]
    fn tables(csv in prop::collection::vec(any::<u8>(), 0..200)) {
        survives_rows(&vendor(Plan::Pro), &COLUMNS, &csv);
    }

    #[test]
    fn rows(
        kind in prop::sample::select(vec!["global", "protocol", "chain", "coin", "stablecoin", "pool"]),
        id in "[a-z0-9:#. -]{0,12}",
        params in "(id=[0-9a-z#]{0,9})?;?(pro=(true|x))?;?(aliases=[A-Z|]{0,4})?;?(min_confidence=[0-9.]{0,4})?",
    ) {
        let row = format!("{kind},{id},,,,,{params},true,\n");
        survives_rows(&vendor(Plan::Pro), &COLUMNS, row.as_bytes());
    }
}

/// Those of the samples' requests that the free plan knows.
fn requests_of_free(vendor: &DefiLlama) -> Vec<(RequestSpec, &'static [u8])> {
    let known = SAMPLES.iter().filter_map(|(path, body)| {
        let request = vendor.recognise(None, path, &[]).ok()?;
        Some((request, *body))
    });
    known.collect()
}

/// Runs for a minute, or as long as `FUZZ_SECS` says, and prints how many bodies were taken.
#[test]
#[ignore = "takes a minute: cargo test -p source-defillama --release -- --ignored for_a_minute --nocapture"]
#[allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a chore for people"
)]
fn mutations_for_a_minute() {
    let secs = std::env::var("FUZZ_SECS")
        .ok()
        .and_then(|secs| secs.parse().ok());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(secs.unwrap_or(60));
    let vendor = configured(Plan::Pro, ROWS);
    let requests = recognised(&vendor, &SAMPLES);
    let edits = prop::collection::vec((any::<usize>(), any::<u8>()), 1..8);
    let input = (
        0..SAMPLES.len(),
        edits,
        any::<usize>(),
        prop::sample::select(&ODD_NUMBERS[..]),
    );
    let mut runner = TestRunner::new(Config::default());
    let mut taken = 0_u64;
    while std::time::Instant::now() < until {
        let (which, edits, at, odd) = input.new_tree(&mut runner).unwrap().current();
        let (request, sample) = &requests[which];
        let odd = with_number(sample, at, odd);
        take(&vendor, request, 200, with_bytes(sample, &edits));
        take(&vendor, request, 200, with_bytes(&odd, &edits[..1]));
        take(&vendor, request, 200, odd);
        taken += 3;
    }
    println!("{taken} bodies taken");
}
