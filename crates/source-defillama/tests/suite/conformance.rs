//! What every source must hold.

use source::{
    Source as _,
    conformance::{Case, PLANTED_SECRET, check, good},
};
use source_defillama::{
    ACTIVE_USERS_DAILY, CHAIN_TVL_DAILY, CHAINS, CHAINS_NOW, COLUMNS, DIMENSIONS_DAILY,
    DIMENSIONS_NOW, DefiLlama, FreeHosts, POOLS_DAILY, POOLS_NOW, PRICES_DAILY, PRICES_HOURLY,
    PRICES_NOW, PROTOCOLS, PROTOCOLS_NOW, Plan, STABLECOINS, STABLECOINS_DAILY, STABLECOINS_NOW,
    Settings, TVL_DAILY, USAGE,
};

use crate::{ask, at, body, range, want};

const ROWS: &str = "\
    protocol,aave,TVL,1d,,,id=parent#aave,true,\n\
    protocol,ugly,TVL,1d,,,id=77,true,\n\
    protocol,hyperliquid,FEES,1d,,,id=parent#hyperliquid,true,\n\
    chain,OP Mainnet,TVL,1d,,,aliases=Optimism,true,\n\
    stablecoin,50,STABLECOIN_MCAP,1d,,,pegType=peggedEUR,true,\n";

const NOW: &str = "2026-01-10T09:25:00Z";

fn case(
    name: &'static str,
    dataset: model::DatasetId,
    now: &str,
    wants: Vec<source::Want>,
    requests: usize,
    bodies: &[&'static [u8]],
) -> Case {
    Case {
        name,
        ask: ask(dataset, now, wants),
        requests,
        answers: bodies.iter().map(|body| good(*body, at(now))).collect(),
    }
}

fn catalogues() -> Vec<Case> {
    let of = |name, dataset, body| case(name, dataset, NOW, vec![], 1, &[body]);
    vec![
        of("protocols", PROTOCOLS, body!("protocols_now/ugly.json")),
        of("chains", CHAINS, body!("chains_now/three_chains.json")),
        of(
            "stablecoins",
            STABLECOINS,
            body!("stablecoins_now/two_coins.json"),
        ),
    ]
}

fn snapshots() -> Vec<Case> {
    let hour = range("2026-01-10T09:00:00Z", "2026-01-10T10:00:00Z");
    let price_hour = range("2026-07-30T00:00:00Z", "2026-07-30T01:00:00Z");
    let price_now = "2026-07-30T00:25:00Z";
    vec![
        case(
            "protocols now",
            PROTOCOLS_NOW,
            NOW,
            vec![
                want("protocol:1", &["TVL"], hour),
                want(
                    "protocol:2",
                    &["BORROWED", "MARKET_CAP", "TVL_STAKING"],
                    hour,
                ),
                want("protocol:3", &["TVL"], hour),
                want("protocol:99", &["TVL"], hour),
                want("protocol:parent#family", &["BORROWED", "TVL"], hour),
            ],
            1,
            &[body!("protocols_now/ugly.json")],
        ),
        case(
            "chains now",
            CHAINS_NOW,
            NOW,
            vec![
                want("chain:Ethereum", &["TVL"], hour),
                want("chain:OP Mainnet", &["TVL"], hour),
            ],
            1,
            &[body!("chains_now/three_chains.json")],
        ),
        case(
            "dimensions now",
            DIMENSIONS_NOW,
            NOW,
            vec![
                want("global", &["FEES_24H"], hour),
                want(
                    "protocol:5761",
                    &["DEX_VOLUME_24H", "FEES_24H", "REVENUE_24H"],
                    hour,
                ),
                want("protocol:9001", &["FEES_24H", "REVENUE_24H"], hour),
            ],
            3,
            &[
                body!("dimensions_now/fees.json"),
                body!("dimensions_now/fees.json"),
                body!("dimensions_now/fees.json"),
            ],
        ),
        case(
            "stablecoins now",
            STABLECOINS_NOW,
            NOW,
            vec![
                want("chain:Ethereum", &["STABLECOIN_MCAP"], hour),
                want("stablecoin:1", &["STABLECOIN_MCAP"], hour),
                want("stablecoin:50", &["STABLECOIN_MCAP"], hour),
            ],
            1,
            &[body!("stablecoins_now/two_coins.json")],
        ),
        case(
            "pools now",
            POOLS_NOW,
            NOW,
            vec![want(
                "pool:747c1d2a-c668-4682-b9f9-296708a3dd90",
                &["APY", "APY_REWARD", "TVL"],
                hour,
            )],
            1,
            &[body!("pools_now/two_pools.json")],
        ),
        case(
            "prices now",
            PRICES_NOW,
            price_now,
            vec![
                want("coingecko:bitcoin", &["PRICE"], price_hour),
                want("coingecko:gone", &["PRICE"], price_hour),
                want("coingecko:stale", &["PRICE"], price_hour),
                want(
                    "ethereum:0xdF574c24545E5FfEcb9a659c229253D4111d87e1",
                    &["PRICE"],
                    price_hour,
                ),
            ],
            1,
            &[body!("prices_now/ugly.json")],
        ),
    ]
}

fn tvl(plan: Plan) -> Vec<Case> {
    let days = range("2025-12-25", "2026-01-11");
    let sections = ["BORROWED", "TVL", "TVL_POOL2", "TVL_STAKING"];
    let wants = vec![
        want("protocol:77", &sections, days),
        want("protocol:parent#aave", &["TVL"], days),
    ];
    let chains = case(
        "TVL of chains by day",
        CHAIN_TVL_DAILY,
        "2026-01-05T15:25:00Z",
        vec![
            want(
                "chain:OP Mainnet",
                &["TVL"],
                range("2026-01-01", "2026-01-06"),
            ),
            want("global", &["TVL"], range("2026-01-03", "2026-01-06")),
        ],
        2,
        &[
            body!("chain_tvl_daily/dated_tomorrow.json"),
            body!("chain_tvl_daily/dated_today.json"),
        ],
    );
    let protocols = match plan {
        Plan::Free => case(
            "TVL by day",
            TVL_DAILY,
            NOW,
            wants,
            2,
            &[body!("tvl_daily/ugly.json"), body!("tvl_daily/aave.json")],
        ),
        Plan::Pro => case(
            "TVL by day",
            TVL_DAILY,
            NOW,
            wants,
            5,
            &[body!("tvl_daily/small_chart.json"); 5],
        ),
    };
    vec![protocols, chains]
}

fn dimensions(plan: Plan) -> Vec<Case> {
    let wants = vec![
        want(
            "chain:OP Mainnet",
            &["FEES"],
            range("2026-01-01", "2026-01-10"),
        ),
        want("global", &["FEES"], range("2026-01-01", "2026-01-10")),
        want(
            "protocol:parent#hyperliquid",
            &["FEES", "OPEN_INTEREST"],
            range("2024-12-01", "2026-01-10"),
        ),
    ];
    let bodies: [&[u8]; 4] = match plan {
        Plan::Free => [
            body!("dimensions_daily/chain.json"),
            body!("dimensions_daily/chain.json"),
            body!("dimensions_daily/hyperliquid.json"),
            body!("dimensions_daily/hyperliquid.json"),
        ],
        Plan::Pro => [body!("dimensions_daily/small_chart.json"); 4],
    };
    let mut cases = vec![case(
        "dimensions by day",
        DIMENSIONS_DAILY,
        NOW,
        wants,
        4,
        &bodies,
    )];
    if plan == Plan::Pro {
        cases.push(case(
            "users by day",
            ACTIVE_USERS_DAILY,
            NOW,
            vec![want(
                "chain:OP Mainnet",
                &["DAU", "TXNS"],
                range("2026-01-01", "2026-01-10"),
            )],
            2,
            &[body!("dimensions_daily/small_chart.json")],
        ));
        cases.push(case(
            "usage",
            USAGE,
            NOW,
            vec![],
            1,
            &[body!("usage/left.json")],
        ));
    }
    cases
}

fn histories() -> Vec<Case> {
    let days = range("2025-12-01", "2026-01-10");
    let both = ["CIRCULATING_SUPPLY", "STABLECOIN_MCAP"];
    vec![
        case(
            "stablecoins by day",
            STABLECOINS_DAILY,
            NOW,
            vec![
                want("chain:OP Mainnet", &["STABLECOIN_MCAP"], days),
                want("global", &["STABLECOIN_MCAP"], days),
                want("stablecoin:50", &both, days),
            ],
            3,
            &[
                body!("stablecoins_daily/tether.json"),
                body!("stablecoins_daily/tether.json"),
                body!("stablecoins_daily/ugly.json"),
            ],
        ),
        case(
            "pools by day",
            POOLS_DAILY,
            NOW,
            vec![want("pool:747c1d2a", &["APY", "APY_BASE", "TVL"], days)],
            1,
            &[body!("pools_daily/steth.json")],
        ),
        case(
            "prices by day",
            PRICES_DAILY,
            "2026-01-04T09:25:00Z",
            vec![want(
                "coingecko:young",
                &["PRICE"],
                range("2025-12-01", "2026-01-05"),
            )],
            1,
            &[body!("prices_daily/listed_late.json")],
        ),
        case(
            "prices by hour",
            PRICES_HOURLY,
            NOW,
            vec![
                want(
                    "coingecko:broken",
                    &["PRICE"],
                    range("2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z"),
                ),
                want(
                    "coingecko:silent",
                    &["PRICE"],
                    range("2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z"),
                ),
                want(
                    "ethereum:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
                    &["PRICE"],
                    range("2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z"),
                ),
            ],
            1,
            &[body!("prices_hourly/ugly.json")],
        ),
        case(
            "prices of two coins by hour",
            PRICES_HOURLY,
            "2022-09-28T16:25:00Z",
            vec![
                want(
                    "avax:0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e",
                    &["PRICE"],
                    range("2022-09-28T12:00:00Z", "2022-09-28T16:00:00Z"),
                ),
                want(
                    "coingecko:ethereum",
                    &["PRICE"],
                    range("2022-09-28T12:00:00Z", "2022-09-28T16:00:00Z"),
                ),
            ],
            1,
            &[body!("prices_hourly/two_coins.json")],
        ),
    ]
}

#[test]
fn holds_on_every_plan() {
    for plan in Plan::ALL {
        let secret = |name: &str| format!("http://user:{PLANTED_SECRET}@127.0.0.1:1/{name}");
        let vendor = DefiLlama::new(Settings {
            plan,
            base_url: Some(secret("root")),
            free_hosts: FreeHosts {
                coins: Some(secret("coins")),
                ..FreeHosts::default()
            },
            rpm: Some(1),
        });
        let csv = format!("{}\n{ROWS}", COLUMNS.join(","));
        vendor.read_config("defillama.csv", csv.as_bytes()).unwrap();
        let cases = [
            catalogues(),
            snapshots(),
            tvl(plan),
            dimensions(plan),
            histories(),
        ];
        check(&vendor, &cases.concat()).unwrap_or_else(|failures| panic!("{plan}: {failures}"));
    }
}
