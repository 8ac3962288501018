//! Golden plans, the contract's arithmetic, and what every plan must keep.

use proptest::prelude::*;
use source::{RequestSpec, Source as _, Want};
use source_defillama::{
    ACTIVE_USERS_DAILY, CHAIN_TVL_DAILY, CHAINS, CHAINS_NOW, DIMENSIONS_DAILY, DIMENSIONS_NOW,
    DefiLlama, POOLS_DAILY, POOLS_NOW, PRICES_DAILY, PRICES_HOURLY, PRICES_NOW, PROTOCOLS,
    PROTOCOLS_NOW, Plan, STABLECOINS, STABLECOINS_DAILY, STABLECOINS_NOW, Settings, TVL_DAILY,
    USAGE,
};

use crate::{ask, at, configured, lines, plan, range, settings, vendor, want};

const NOW: &str = "2026-05-18T13:25:00Z";

const ROWS: &str = "\
    protocol,aave,TVL,1d,,,id=parent#aave,true,\n\
    protocol,synthetix-v1+v2,TVL,1d,,,id=115,true,\n";

fn hour() -> model::TimeRange {
    range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z")
}

fn days() -> model::TimeRange {
    range("2024-01-01", "2026-05-18")
}

/// What a row each of so many coins, protocols and chains wants of now.
fn everything_now(coins: usize) -> Vec<(model::DatasetId, Vec<Want>)> {
    let protocol = [
        "DEX_VOLUME_24H",
        "FEES_24H",
        "HOLDERS_REVENUE_24H",
        "OPEN_INTEREST",
    ];
    let mut prices: Vec<String> = (0..coins).map(|n| format!("coingecko:coin-{n}")).collect();
    prices.sort();
    let prices = prices.iter().map(|id| want(id, &["PRICE"], hour()));
    vec![
        (PROTOCOLS_NOW, vec![want("protocol:1599", &["TVL"], hour())]),
        (CHAINS_NOW, vec![want("chain:Base", &["TVL"], hour())]),
        (
            DIMENSIONS_NOW,
            vec![
                want("protocol:1599", &protocol, hour()),
                want("protocol:182", &["PERP_VOLUME_24H", "REVENUE_24H"], hour()),
            ],
        ),
        (
            STABLECOINS_NOW,
            vec![want("stablecoin:1", &["STABLECOIN_MCAP"], hour())],
        ),
        (POOLS_NOW, vec![want("pool:x", &["APY"], hour())]),
        (PRICES_NOW, prices.collect()),
    ]
}

#[test]
fn an_hour_of_a_hundred_coins_is_eleven_requests() {
    let vendor = vendor(Plan::Pro);
    let count = |coins| -> usize {
        let asks = everything_now(coins).into_iter();
        asks.map(|(dataset, wants)| plan(&vendor, &ask(dataset, NOW, wants)).len())
            .sum()
    };
    assert_eq!(count(100), 11);
    assert_eq!(count(101), 12);
}

#[test]
fn a_live_tick_asks_for_everything_at_once() {
    let mut text = String::new();
    for plan_of in Plan::ALL {
        let vendor = vendor(plan_of);
        for (dataset, wants) in everything_now(2) {
            text += &lines(&plan(&vendor, &ask(dataset, NOW, wants)));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_catalogue_and_the_count_are_one_request_each() {
    let mut text = String::new();
    for dataset in [PROTOCOLS, CHAINS, STABLECOINS, USAGE] {
        text += &lines(&plan(&vendor(Plan::Pro), &ask(dataset, NOW, vec![])));
    }
    insta::assert_snapshot!(text, @r"
    /api/protocols
       [] [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z)
    /api/v2/chains
       [] [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z)
    /stablecoins/stablecoins?includePrices=true
       [] [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z)
    /usage
       [] [1970-01-01T00:00:00Z, 1970-01-01T00:00:00Z)
    ");
}

fn histories() -> Vec<(model::DatasetId, Vec<Want>)> {
    let (fees, users) = (["DEX_VOLUME", "FEES", "OPEN_INTEREST"], ["DAU", "TXNS"]);
    vec![
        (
            DIMENSIONS_DAILY,
            vec![
                want("chain:OP Mainnet", &["DEX_VOLUME", "FEES"], days()),
                want("global", &["FEES"], days()),
                want("protocol:115", &["OPTIONS_PREMIUM_VOLUME"], days()),
                want("protocol:parent#aave", &fees, days()),
            ],
        ),
        (ACTIVE_USERS_DAILY, vec![want("chain:Base", &users, days())]),
        (
            TVL_DAILY,
            vec![
                want("protocol:115", &["TVL", "TVL_STAKING"], days()),
                want("protocol:parent#aave", &["TVL"], days()),
            ],
        ),
        (
            CHAIN_TVL_DAILY,
            vec![
                want("chain:OP Mainnet", &["TVL"], days()),
                want("global", &["TVL"], days()),
            ],
        ),
        (
            STABLECOINS_DAILY,
            vec![
                want("chain:OP Mainnet", &["STABLECOIN_MCAP"], days()),
                want("global", &["STABLECOIN_MCAP"], days()),
                want(
                    "stablecoin:1",
                    &["CIRCULATING_SUPPLY", "STABLECOIN_MCAP"],
                    days(),
                ),
            ],
        ),
        (
            POOLS_DAILY,
            vec![want("pool:747c-1", &["APY", "TVL"], days())],
        ),
    ]
}

#[test]
fn a_history_is_one_request_for_what_comes_in_one_answer() {
    for plan_of in Plan::ALL {
        let vendor = configured(plan_of, ROWS);
        let mut text = String::new();
        for (dataset, wants) in histories() {
            if vendor.dataset(dataset).is_some() {
                text += &lines(&plan(&vendor, &ask(dataset, NOW, wants)));
            }
        }
        insta::assert_snapshot!(format!("histories_of_{plan_of}"), text);
    }
}

/// A backfill of so many things, each with these metrics.
fn backfill(
    vendor: &DefiLlama,
    dataset: model::DatasetId,
    count: usize,
    name: impl Fn(usize) -> String,
    metrics: &[&str],
) -> usize {
    let mut names: Vec<String> = (0..count).map(name).collect();
    names.sort();
    let wants = names.iter().map(|name| want(name, metrics, days()));
    plan(vendor, &ask(dataset, NOW, wants.collect())).len()
}

/// Contract section 7c.
#[test]
fn a_deep_backfill_costs_what_the_contract_counts() {
    let vendor = vendor(Plan::Free);
    let protocol = |n: usize| format!("protocol:{n}");
    let four = ["DEX_VOLUME", "FEES", "HOLDERS_REVENUE", "REVENUE"];
    let protocols = backfill(&vendor, TVL_DAILY, 100, protocol, &["TVL"])
        + backfill(&vendor, DIMENSIONS_DAILY, 100, protocol, &four);
    assert_eq!(protocols, 500);
    let chain = |n: usize| format!("chain:{n}");
    let three = ["DEX_VOLUME", "FEES", "REVENUE"];
    let chains = backfill(&vendor, CHAIN_TVL_DAILY, 20, chain, &["TVL"])
        + backfill(&vendor, DIMENSIONS_DAILY, 20, chain, &three);
    assert_eq!(chains, 80);
    let both = ["CIRCULATING_SUPPLY", "STABLECOIN_MCAP"];
    let stablecoin = |n: usize| format!("stablecoin:{n}");
    let global = |_: usize| "global".to_owned();
    let stablecoins = backfill(&vendor, STABLECOINS_DAILY, 10, stablecoin, &both)
        + backfill(&vendor, STABLECOINS_DAILY, 1, global, &["STABLECOIN_MCAP"]);
    assert_eq!(stablecoins, 11);
}

fn coins(count: usize, labels: model::TimeRange) -> Vec<Want> {
    let mut names: Vec<String> = (0..count).map(|n| format!("coingecko:coin-{n}")).collect();
    names.sort();
    names
        .iter()
        .map(|name| want(name, &["PRICE"], labels))
        .collect()
}

/// Contract section 7c: ⌈24·365/480⌉ pages for each of a hundred coins, by day one each.
#[test]
fn a_year_of_prices_is_nineteen_requests_a_coin_by_hour_and_one_by_day() {
    let year = range("2025-05-18", "2026-05-18");
    let vendor = vendor(Plan::Free);
    let count = |dataset, coin| plan(&vendor, &ask(dataset, NOW, coins(coin, year))).len();
    assert_eq!(count(PRICES_HOURLY, 1), 19);
    assert_eq!(count(PRICES_DAILY, 1), 1);
    // The last page is a quarter full, and four coins share it: 1,900 less 75.
    assert_eq!(count(PRICES_HOURLY, 100), 1_825);
    assert_eq!(count(PRICES_DAILY, 100), 100);
    let two = range("2026-04-29T00:00:00Z", "2026-05-18T14:00:00Z");
    let requests = plan(&vendor, &ask(PRICES_HOURLY, NOW, coins(1, two)));
    insta::assert_snapshot!(lines(&requests), @r#"
    /chart/coingecko:coin-0?period=1h&span=470&start=1777420800
      coingecko:coin-0/usd ["PRICE"] [2026-04-29T00:00:00Z, 2026-05-18T14:00:00Z)
    "#);
}

#[test]
fn few_points_of_many_coins_share_requests() {
    let vendor = vendor(Plan::Free);
    let sizes = |dataset, labels, count| -> Vec<usize> {
        let requests = plan(&vendor, &ask(dataset, NOW, coins(count, labels)));
        requests
            .iter()
            .map(|request| request.block.keys.len())
            .collect()
    };
    let last = range("2026-05-18T13:00:00Z", "2026-05-18T14:00:00Z");
    assert_eq!(sizes(PRICES_HOURLY, last, 250), [100, 100, 50]);
    // 72 points each: six fit into 500.
    let three_days = range("2026-05-15T00:00:00Z", "2026-05-18T00:00:00Z");
    assert_eq!(sizes(PRICES_HOURLY, three_days, 14), [6, 6, 2]);
    let month = range("2026-04-18", "2026-05-18");
    assert_eq!(sizes(PRICES_DAILY, month, 17), [16, 1]);
}

fn url_bytes(vendor: &DefiLlama, request: &RequestSpec) -> usize {
    let bases = vendor.hosts().iter();
    let base = bases.filter(|host| host.id == request.host);
    let base = base.map(|host| host.base_url.len()).max().unwrap();
    // A key, and slashes.
    base + 80 + request.path_and_query().len()
}

#[test]
fn long_ids_leave_room_in_the_address() {
    let names: Vec<String> = (0..100)
        .map(|n| format!("solana:{}{n:03}", "x".repeat(60)))
        .collect();
    let wants: Vec<Want> = names
        .iter()
        .map(|id| want(id, &["PRICE"], hour()))
        .collect();
    for plan_of in Plan::ALL {
        let vendor = DefiLlama::new(Settings {
            base_url: Some(format!("http://{}", "h".repeat(300))),
            ..settings(plan_of)
        });
        for dataset in [PRICES_NOW, PRICES_HOURLY] {
            let requests = plan(&vendor, &ask(dataset, NOW, wants.clone()));
            assert!(requests.len() > 1);
            for request in &requests {
                assert!(url_bytes(&vendor, request) <= 4_000);
            }
        }
    }
}

#[test]
fn a_refused_page_is_halved_down_to_one_coin() {
    let vendor = vendor(Plan::Free);
    for dataset in [PRICES_NOW, PRICES_HOURLY] {
        let whole = plan(&vendor, &ask(dataset, NOW, coins(3, hour()))).remove(0);
        let [front, back] = vendor.halves(&whole).unwrap();
        assert_eq!((front.block.keys.len(), back.block.keys.len()), (1, 2));
        assert_eq!((&front.query, &back.query), (&whole.query, &whole.query));
        assert_eq!(vendor.halves(&front), None);
    }
    let tvl = plan(
        &vendor,
        &ask(TVL_DAILY, NOW, vec![want("protocol:1", &["TVL"], days())]),
    );
    assert_eq!(vendor.halves(&tvl[0]), None);
}

#[test]
fn an_unknown_dataset_is_told_with_the_known() {
    let nothing = ask(model::DatasetId::new("fees"), NOW, vec![]);
    let error = vendor(Plan::Free).plan(&nothing).err().unwrap();
    let text = error.to_string();
    assert!(
        text.starts_with("defillama has no dataset \"fees\"; it has protocols, "),
        "{text}"
    );
}

proptest! {
    #[test]
    fn pages_keep_every_bound(
        holes in prop::collection::vec((0_usize..140, 0_i64..3_000, 1_i64..900), 1..60),
        daily in any::<bool>(),
    ) {
        let vendor = vendor(Plan::Pro);
        let (dataset, step_secs) = if daily { (PRICES_DAILY, 86_400) } else { (PRICES_HOURLY, 3_600) };
        let start = at("2020-01-01");
        let mut wants: Vec<Want> = holes
            .into_iter()
            .map(|(coin, from, len)| {
                let from = start.plus_secs(from * step_secs);
                let labels = model::TimeRange::new(from, from.plus_secs(len * step_secs));
                want(&format!("coingecko:{coin}"), &["PRICE"], labels)
            })
            .collect();
        wants.sort_by(|a, b| (&a.key, a.labels.start).cmp(&(&b.key, b.labels.start)));
        let requests = plan(&vendor, &ask(dataset, NOW, wants));
        for request in &requests {
            let block = &request.block;
            prop_assert!(block.keys.len() <= 100);
            let points = block.step.buckets(block.labels);
            prop_assert!(points <= 480 && block.max_points() <= 500);
            let span = &request.query.iter().find(|(name, _)| name == "span").unwrap().1;
            prop_assert_eq!(span, &points.to_string());
            prop_assert!(url_bytes(&vendor, request) <= 4_000);
        }
    }
}
