//! Whatever comes, a typed error or an answer: never a panic.

use bytes::Bytes;
use http::StatusCode;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use source::{RequestSpec, Source as _};
use source_defillama::{COLUMNS, DefiLlama, Plan};

use crate::{body, configured, read, reply, vendor};

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

fn requests(vendor: &DefiLlama) -> Vec<(RequestSpec, &'static [u8])> {
    SAMPLES
        .iter()
        .map(|(path, body)| (vendor.recognise(None, path, &[]).unwrap(), *body))
        .collect()
}

fn take(vendor: &DefiLlama, request: &RequestSpec, status: u16, body: Vec<u8>) {
    let mut answer = reply(&[], "2026-01-10T09:25:00Z");
    answer.status = StatusCode::from_u16(status).unwrap();
    answer.body = Bytes::from(body);
    // Whether it is an error or an answer is for other tests to say.
    if let Ok((record, _)) = read(vendor, request, &answer) {
        for point in &record.points {
            assert!(point.value.is_finite());
            assert_eq!(point.step.floor(point.label), point.label);
        }
    }
}

const ODD: [&str; 14] = [
    "0",
    "-1",
    "null",
    "1e308",
    "1e999",
    "-9223372036854775808",
    "9223372036854775807",
    "99999999999999999999",
    "\"1\"",
    "[]",
    "{}",
    "true",
    "0.1e-400",
    "\"\\ud800\"",
];

/// Replaces one number of a text.
fn swapped(text: &str, at: prop::sample::Index, odd: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let starts = |at: &usize| bytes[*at].is_ascii_digit() && !bytes[at - 1].is_ascii_alphanumeric();
    let numbers: Vec<usize> = (1..bytes.len()).filter(starts).collect();
    let begin = *at.get(&numbers);
    let is_number = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let end = begin + bytes[begin..].iter().take_while(is_number).count();
    [&bytes[..begin], odd.as_bytes(), &bytes[end..]].concat()
}

fn edited(sample: &[u8], edits: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut body = sample.to_vec();
    for (at, byte) in edits {
        let at = at.index(body.len());
        body[at] = *byte;
    }
    body
}

proptest! {
    #[test]
    fn bytes(status in 200_u16..600, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let vendor = configured(Plan::Pro, ROWS);
        for (request, _) in requests(&vendor) {
            take(&vendor, &request, status, body.clone());
        }
    }

    #[test]
    fn spoilt_samples(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let vendor = configured(Plan::Pro, ROWS);
        let (request, sample) = requests(&vendor).swap_remove(which);
        take(&vendor, &request, 200, edited(sample, &edits));
    }

    #[test]
    fn numbers_swapped_for_odd_ones(
        which in 0..SAMPLES.len(),
        at in any::<prop::sample::Index>(),
        odd in prop::sample::select(&ODD[..]),
    ) {
        let vendor = configured(Plan::Pro, ROWS);
        let (request, sample) = requests(&vendor).swap_remove(which);
        let text = std::str::from_utf8(sample).unwrap();
        take(&vendor, &request, 200, swapped(text, at, odd));
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
        let mut whole = format!("{}\n", COLUMNS.join(",")).into_bytes();
        whole.extend(csv);
        if let Ok(series) = vendor(Plan::Pro).read_config("x.csv", &whole) {
            assert!(series.iter().all(|spec| !spec.series.key.asset.is_none()));
        }
    }

    #[test]
    fn rows(
        kind in prop::sample::select(vec!["global", "protocol", "chain", "coin", "stablecoin", "pool"]),
        id in "[a-z0-9:#. -]{0,12}",
        params in "(id=[0-9a-z#]{0,9})?;?(pro=(true|x))?;?(aliases=[A-Z|]{0,4})?;?(min_confidence=[0-9.]{0,4})?",
    ) {
        let csv = format!("{}\n{kind},{id},,,,,{params},true,\n", COLUMNS.join(","));
        if let Ok(series) = vendor(Plan::Pro).read_config("x.csv", csv.as_bytes()) {
            assert!(series.iter().all(|spec| !spec.series.key.asset.is_none()));
        }
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
    let requests = requests(&vendor);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    let input = (
        0..SAMPLES.len(),
        edits,
        any::<prop::sample::Index>(),
        prop::sample::select(&ODD[..]),
    );
    let mut runner = TestRunner::new(Config::default());
    let mut taken = 0_u64;
    while std::time::Instant::now() < until {
        let (which, edits, at, odd) = input.new_tree(&mut runner).unwrap().current();
        let (request, sample) = &requests[which];
        let text = std::str::from_utf8(sample).unwrap();
        let odd = swapped(text, at, odd);
        take(&vendor, request, 200, edited(sample, &edits));
        take(&vendor, request, 200, edited(&odd, &edits[..1]));
        take(&vendor, request, 200, odd);
        taken += 3;
    }
    println!("{taken} bodies taken");
}
