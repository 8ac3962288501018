//! Looking at an answer from outside: paths and queries, whole or in parts.

use model::{Key, TimeRange};
use source::{RequestSpec, Source as _};
use source_defillama::{PROTOCOLS, PROTOCOLS_NOW, Plan, TVL_DAILY};

use crate::{configured, range, vendor};

fn seen(path: &str) -> String {
    told(&vendor(Plan::Free).recognise(None, path, &[]).unwrap())
}

fn told(request: &RequestSpec) -> String {
    let keys: Vec<String> = request.block.keys.iter().map(Key::to_string).collect();
    format!(
        "{} {} {} [{}] {:?}",
        request.dataset,
        request.host,
        request.path_and_query(),
        keys.join(" "),
        request.block.metrics
    )
}

#[test]
fn a_path_says_what_it_asks_for() {
    let paths = [
        "https://api.llama.fi/protocols",
        "https://pro-api.llama.fi/some-key/api/protocols",
        "/v2/chains",
        "https://api.llama.fi/protocol/aave",
        "/api/v2/chart/tvl/protocol/aave?key=borrowed",
        "/v2/historicalChainTvl",
        "/v2/historicalChainTvl/OP%20Mainnet",
        "/overview/fees?excludeTotalDataChart=TRUE&dataType=dailyRevenue",
        "/overview/dexs",
        "/overview/open-interest?excludeTotalDataChart=true",
        "/overview/dexs/op-mainnet?excludeTotalDataChart=false",
        "/summary/options/x?dataType=dailyPremiumVolume",
        "/summary/fees/synthetix-v1%2Bv2",
        "/key/api/v2/chart/active-users/chain/Base",
        "https://stablecoins.llama.fi/stablecoins?includePrices=true",
        "https://stablecoins.llama.fi/stablecoincharts/all?stablecoin=1",
        "/stablecoincharts/Ethereum",
        "https://yields.llama.fi/chart/747c1d2a-c668-4682-b9f9-296708a3dd90",
        "https://coins.llama.fi/chart/coingecko:ethereum,avax:0xb9?start=1664364537&span=4&period=1H",
        "https://coins.llama.fi/chart/coingecko%3Aethereum",
        "/prices/current/coingecko:ethereum",
        "/free/coins/prices/historical/1664364537/b:2,a:1",
        "/usage",
    ];
    let lines: Vec<String> = paths.iter().map(|path| seen(path)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn no_key_of_an_address_gets_into_a_request() {
    let secret = "s3cr3t-k3y";
    for path in [
        format!("https://pro-api.llama.fi/{secret}/api/protocols"),
        format!("https://pro-api.llama.fi/{secret}/yields/v1/pools"),
        format!("https://pro-api.llama.fi/{secret}/coins/prices/current/a:b"),
        format!("https://pro-api.llama.fi/usage/{secret}"),
    ] {
        for plan in Plan::ALL {
            let request = vendor(plan).recognise(None, &path, &[]).unwrap();
            assert!(!format!("{request:?}").contains(secret), "{path}");
        }
    }
}

#[test]
fn a_slug_is_that_of_a_row_or_of_the_keys_given() {
    let vendor = configured(
        Plan::Pro,
        "protocol,synthetix-v1+v2,TVL,1d,,,id=115,true,\n",
    );
    let keys = |given: &[String]| {
        let path = "/protocol/synthetix-v1%2Bv2";
        let request = vendor.recognise(None, path, given).unwrap();
        request.block.keys
    };
    assert_eq!(keys(&[]), [Key::of_asset("protocol:115", "usd")]);
    assert_eq!(
        keys(&["protocol:9".to_owned()]),
        [Key::of_asset("protocol:115", "usd")]
    );
    let given = ["protocol:9".to_owned()];
    let other = vendor.recognise(None, "/protocol/other", &given).unwrap();
    assert_eq!(other.block.keys, [Key::of_asset("protocol:9", "usd")]);
    let open = vendor.recognise(None, "/protocol/other", &[]).unwrap();
    assert!(open.block.keys.is_empty());
}

#[test]
fn one_path_may_belong_to_two_datasets() {
    let vendor = vendor(Plan::Free);
    let dataset = |named| {
        vendor
            .recognise(named, "/protocols", &[])
            .map(|one| one.dataset)
    };
    assert_eq!(dataset(None), Ok(PROTOCOLS_NOW));
    assert_eq!(dataset(Some(PROTOCOLS)), Ok(PROTOCOLS));
    let error = dataset(Some(TVL_DAILY)).unwrap_err().to_string();
    assert!(
        error.contains("belongs to protocols_now, protocols, not to tvl_daily"),
        "{error}"
    );
}

#[test]
fn a_chart_of_prices_has_the_labels_that_its_points_can_have() {
    let labels = |query: &str| {
        let path = format!("/chart/a:b?{query}");
        vendor(Plan::Free)
            .recognise(None, &path, &[])
            .unwrap()
            .block
            .labels
    };
    let hours: TimeRange = range("2022-09-28T12:00:00Z", "2022-09-28T16:00:00Z");
    assert_eq!(labels("start=1664366400&span=4&period=1h"), hours);
    // Half past eleven is as near to noon.
    assert_eq!(labels("start=1664364600&span=4&period=1h"), hours);
    assert!(labels("end=1664366400&span=4").is_empty());
}

#[test]
fn what_cannot_be_told_is_refused_in_words() {
    let vendor = vendor(Plan::Free);
    let told: Vec<String> = [
        "/",
        "/tvl/aave",
        "/v2/chart/oracle/protocol/x/y",
        "/overview/fees?dataType=nope",
        "/overview/options?excludeTotalDataChart=true",
        "/overview/liquidations",
        "/summary/fees/x?dataType=dailyUserFees",
        "/overview/fees/Base?dataType=dailyHoldersRevenue",
        "/overview/fees?dataType=dailyProtocolRevenue&excludeTotalDataChart=true",
        "/v2/chart/tvl/protocol/x?key=vesting",
        "/stablecoincharts/Base?stablecoin=1",
        "/chart/a:b?period=4h",
        "/chart/a:b?start=1&end=2",
        "/chart/a:b?start=x",
        "/chart/a:b?start=1664366400000",
    ]
    .iter()
    .map(|path| {
        let error = vendor.recognise(None, path, &[]).unwrap_err();
        format!("{path}: {error}")
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}
