//! Golden parses of every sample, as seen from outside: without a CSV, every key that the body holds.

use crate::{body, look, told};

macro_rules! golden {
    ($($name:ident: $path:expr, $body:literal, $now:literal;)*) => {$(
        #[test]
        fn $name() {
            let record = look($path, body!($body), $now);
            insta::assert_snapshot!(told(&record.unwrap()));
        }
    )*};
}

const FEES_NOW: &str = "/overview/fees?dataType=dailyFees&excludeTotalDataChart=true\
                        &excludeTotalDataChartBreakdown=true";

golden! {
    protocols_now_four_protocols: "/protocols", "protocols_now/four_protocols.json", "2026-01-04T09:25:00Z";
    protocols_now_ugly: "/protocols", "protocols_now/ugly.json", "2026-01-04T09:25:00Z";
    chains_now_three_chains: "/v2/chains", "chains_now/three_chains.json", "2026-01-04T09:25:00Z";
    dimensions_now_fees: FEES_NOW, "dimensions_now/fees.json", "2026-01-04T09:25:00Z";
    dimensions_now_ugly: FEES_NOW, "dimensions_now/ugly.json", "2026-01-04T09:25:00Z";
    stablecoins_now_two_coins: "/stablecoins?includePrices=true", "stablecoins_now/two_coins.json", "2026-01-04T09:25:00Z";
    pools_now_two_pools: "/pools", "pools_now/two_pools.json", "2026-01-04T09:25:00Z";
    prices_now_two_of_three: "/prices/current/ethereum:0xdF574c24545E5FfEcb9a659c229253D4111d87e1,coingecko:ethereum,coingecko:no-such-coin", "prices_now/two_of_three.json", "2026-07-30T00:02:00Z";
    prices_now_ugly: "/prices/historical/1785369600/coingecko:bitcoin,ethereum:0xdF574c24545E5FfEcb9a659c229253D4111d87e1,coingecko:stale,coingecko:far,coingecko:unsure,coingecko:distressed,coingecko:worthless,coingecko:timeless,coingecko:null,coingecko:broken,coingecko:gone", "prices_now/ugly.json", "2026-07-30T00:25:00Z";
    tvl_daily_aave: "/protocol/aave", "tvl_daily/aave.json", "2026-01-04T09:25:00Z";
    tvl_daily_small_chart: "/v2/chart/tvl/protocol/aave", "tvl_daily/small_chart.json", "2026-01-04T09:25:00Z";
    tvl_daily_ugly: "/protocol/ugly", "tvl_daily/ugly.json", "2026-01-10T09:25:00Z";
    chain_tvl_daily_five_days: "/v2/historicalChainTvl/Ethereum", "chain_tvl_daily/five_days.json", "2021-01-06T09:25:00Z";
    dimensions_daily_hyperliquid: "/summary/fees/hyperliquid?dataType=dailyFees", "dimensions_daily/hyperliquid.json", "2024-12-27T09:25:00Z";
    dimensions_daily_chain: "/overview/fees/Ethereum?dataType=dailyFees", "dimensions_daily/chain.json", "2026-01-04T09:25:00Z";
    dimensions_daily_small_chart: "/key/api/v2/chart/dexs?dataType=dailyVolume", "dimensions_daily/small_chart.json", "2026-01-05T09:25:00Z";
    dimensions_daily_ugly: "/summary/fees/x?dataType=dailyRevenue", "dimensions_daily/ugly.json", "2026-01-10T09:25:00Z";
    stablecoins_daily_all: "/stablecoincharts/all", "stablecoins_daily/all.json", "2025-07-19T09:25:00Z";
    stablecoins_daily_tether: "/stablecoincharts/all?stablecoin=1", "stablecoins_daily/tether.json", "2026-01-04T09:25:00Z";
    stablecoins_daily_ugly: "/stablecoincharts/all?stablecoin=50", "stablecoins_daily/ugly.json", "2026-01-10T09:25:00Z";
    pools_daily_steth: "/yields/v1/chart/747c1d2a-c668-4682-b9f9-296708a3dd90", "pools_daily/steth.json", "2026-01-05T09:30:00Z";
    prices_hourly_two_coins: "/chart/coingecko:ethereum,avax:0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e?start=1664366400&span=4&period=1h", "prices_hourly/two_coins.json", "2022-09-29T00:00:00Z";
    prices_hourly_ugly: "/chart/coingecko:unsure,coingecko:broken,coingecko:silent,coingecko:gone,ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48?start=1767225600&span=9&period=1h", "prices_hourly/ugly.json", "2026-01-01T09:00:00Z";
    prices_daily_listed_late: "/chart/coingecko:young?start=1764547200&span=35&period=1d", "prices_daily/listed_late.json", "2026-01-04T09:25:00Z";
}

fn listed(dataset: model::DatasetId, path: &str, body: &[u8]) -> String {
    let vendor = crate::vendor(source_defillama::Plan::Free);
    let request = source::Source::recognise(&vendor, Some(dataset), path, &[]).unwrap();
    let answer = crate::reply(body, "2026-01-04T09:25:00Z");
    let (record, parsed) = crate::read(&vendor, &request, &answer).unwrap();
    format!("{}{:#?}", told(&record), parsed.facts)
}

#[test]
fn catalogue_of_protocols() {
    let list = |body| listed(source_defillama::PROTOCOLS, "/protocols", body);
    insta::assert_snapshot!(list(body!("protocols_now/four_protocols.json")));
    insta::assert_snapshot!(list(body!("protocols_now/ugly.json")));
}

#[test]
fn catalogue_of_chains() {
    let body = body!("chains_now/three_chains.json");
    insta::assert_snapshot!(listed(source_defillama::CHAINS, "/v2/chains", body));
}

#[test]
fn catalogue_of_stablecoins() {
    let body = br#"{"peggedAssets":[
        {"id":"1","name":"Tether","symbol":"USDT","gecko_id":"tether","circulating":{}},
        {"id":"7","name":"Gone","symbol":"GON","delisted":true,"deadFrom":"1700000000"},
        {"id":8,"name":null,"symbol":"-","gecko_id":null,"delisted":false,"deprecated":true},
        "odd"
    ]}"#;
    insta::assert_snapshot!(listed(source_defillama::STABLECOINS, "/stablecoins", body));
}
