//! The traps of the contract's section 9 that touch these datasets, one test each, by number.

use source::{Outcome, RequestSpec, Source as _};
use source_defillama::{
    CHAIN_TVL_DAILY, DIMENSIONS_DAILY, DIMENSIONS_NOW, POOLS_DAILY, POOLS_NOW, PRICES_HOURLY, Plan,
    STABLECOINS_DAILY, TVL_DAILY,
};

use crate::{
    answer, ask, at, body, configured, look, outcomes, plan, range, read, reply, values, vendor,
    want,
};

const NOW: &str = "2026-01-04T09:25:00Z";

fn hour() -> model::TimeRange {
    range("2026-01-04T09:00:00Z", "2026-01-04T10:00:00Z")
}

fn value(record: &source::Record, asset: &str, metric: &str) -> Option<f64> {
    let is_it = |point: &&source::RecordedPoint| {
        point.key.asset.as_str() == asset && point.metric.as_str() == metric
    };
    record.points.iter().find(is_it).map(|point| point.value)
}

/// All requests of both plans for dimensions, now and by day.
fn dimension_requests() -> Vec<RequestSpec> {
    let days = range("2025-01-01", "2026-01-04");
    let daily = [
        "DEX_VOLUME",
        "FEES",
        "OPTIONS_NOTIONAL_VOLUME",
        "OPTIONS_PREMIUM_VOLUME",
    ];
    let now = ["DEX_VOLUME_24H", "FEES_24H", "OPEN_INTEREST", "REVENUE_24H"];
    let mut requests = Vec::new();
    for plan_of in Plan::ALL {
        let vendor = vendor(plan_of);
        let wants = vec![
            want("chain:Base", &["FEES"], days),
            want("global", &["FEES"], days),
            want("protocol:1", &daily, days),
        ];
        requests.extend(plan(&vendor, &ask(DIMENSIONS_DAILY, NOW, wants)));
        let wants = vec![want("protocol:1", &now, hour())];
        requests.extend(plan(&vendor, &ask(DIMENSIONS_NOW, NOW, wants)));
    }
    requests
}

fn query<'r>(request: &'r RequestSpec, name: &str) -> Option<&'r str> {
    let found = request.query.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn trap_01_tvl_is_a_number_in_one_answer_and_a_list_in_another() {
    let now = look(
        "/protocols",
        body!("protocols_now/four_protocols.json"),
        NOW,
    )
    .unwrap();
    assert_eq!(
        value(&now, "protocol:1599", "TVL"),
        Some(33_218_046_123.418_23)
    );
    let past = look("/protocol/aave", body!("tvl_daily/aave.json"), NOW).unwrap();
    assert_eq!(past.points.len(), 4);
    let swapped = look("/protocol/aave", br#"{"tvl":33218046123.4}"#, NOW);
    assert_eq!(swapped.unwrap_err().class(), "malformed");
    let swapped = look("/protocols", br#"[{"id":"1","tvl":[{"date":1}]}]"#, NOW).unwrap();
    assert_eq!(value(&swapped, "protocol:1", "TVL"), None);
}

#[test]
fn trap_02_chains_and_sections_are_not_added_up() {
    let now = look(
        "/protocols",
        body!("protocols_now/four_protocols.json"),
        NOW,
    )
    .unwrap();
    // 80,000,000 + 8,123,456.12 + twice 12,000,000.5 in the map.
    assert_eq!(value(&now, "protocol:115", "TVL"), Some(88_123_456.12));
    let past = look("/protocol/aave", body!("tvl_daily/aave.json"), NOW).unwrap();
    assert_eq!(values(&past)[..1], [31_000_000_000.123_45]);
}

#[test]
fn trap_03_the_market_is_not_the_sum_of_protocols() {
    let vendor = vendor(Plan::Free);
    let wants = vec![want("global", &["TVL"], range("2021-01-01", "2021-01-06"))];
    let requests = plan(&vendor, &ask(CHAIN_TVL_DAILY, NOW, wants));
    assert_eq!(requests[0].path, "/v2/historicalChainTvl");
    let csv = "kind,vendor_id,metrics,interval,since,hourly_since,params,enabled,note\n\
               global,all,TVL,1h,,,,true,\n";
    let error = vendor.read_config("x.csv", csv.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("TVL comes by 1d only"),
        "{error}"
    );
}

#[test]
fn trap_04_the_last_point_is_a_value_of_now() {
    for (path, body) in [
        ("/protocol/aave", body!("tvl_daily/aave.json")),
        (
            "/v2/chart/tvl/protocol/aave",
            body!("tvl_daily/small_chart.json"),
        ),
    ] {
        let record = look(path, body, NOW).unwrap();
        let last = record.points.last().unwrap();
        // The midnight of the day, not its 09:19.
        assert_eq!(
            (last.label, last.value),
            (at("2026-01-04"), 31_500_000_000.25),
            "{path}"
        );
    }
    // Minutes after midnight it is still none, where the midnight itself is missing.
    let body = br#"{"tvl":[{"date":1767225600,"totalLiquidityUSD":1},{"date":1767312300,"totalLiquidityUSD":2}]}"#;
    let record = look("/protocol/x", body, "2026-01-02T02:25:00Z").unwrap();
    assert_eq!(record.points.len(), 1);
}

#[test]
fn trap_05_a_row_dated_tomorrow_is_no_day() {
    let body = body!("chain_tvl_daily/dated_tomorrow.json");
    let record = look("/v2/historicalChainTvl", body, "2026-01-05T15:25:00Z").unwrap();
    assert_eq!(record.points.last().unwrap().label, at("2026-01-05"));
    assert!(record.rejects.is_empty());
    // Nor does it settle anything.
    let until = Outcome::Answered(range("2026-01-03", "2026-01-06"));
    assert_eq!(outcomes(&record, "TVL"), [until]);
}

#[test]
fn trap_06_today_is_not_stored_and_yesterday_may_change() {
    let record = look(
        "/overview/fees/Base?dataType=dailyFees",
        body!("dimensions_daily/chain.json"),
        NOW,
    );
    // Today's is padded with yesterday's.
    assert_eq!(
        record.unwrap().points.last().unwrap().label,
        at("2026-01-03")
    );
    for plan in Plan::ALL {
        let vendor = vendor(plan);
        let daily = vendor.dataset(DIMENSIONS_DAILY).unwrap();
        assert!(
            daily.whole && daily.provisional_secs == 2 * 86_400 && daily.live == source::Live::No
        );
    }
}

#[test]
fn trap_07_an_error_is_no_data_whatever_its_status() {
    let wrapped = r#"{"statusCode":400,"body":"{\"message\":\"There is no chain with that name x\"}","headers":{}}"#;
    let error = |path: &str, body: &str| look(path, body.as_bytes(), NOW).unwrap_err().class();
    assert_eq!(error("/v2/historicalChainTvl/x", wrapped), "not_found");
    assert_eq!(error("/protocol/x", "Protocol not found"), "not_found");
    let record = look("/prices/current/a:b", b"{\"coins\":{}}", NOW).unwrap();
    assert_eq!(outcomes(&record, "PRICE"), [Outcome::Absent]);
}

#[test]
fn trap_08_the_huge_parts_are_never_asked_for() {
    for request in dimension_requests() {
        if request.path.contains("/v2/chart/") {
            continue;
        }
        let excluded = query(&request, "excludeTotalDataChartBreakdown");
        assert_eq!(excluded, Some("true"), "{}", request.path_and_query());
        let chart = query(&request, "excludeTotalDataChart");
        let expected = (request.dataset == DIMENSIONS_NOW).then_some("true");
        assert_eq!(chart, expected, "{}", request.path_and_query());
    }
}

#[test]
fn trap_09_the_total_of_open_interest_is_a_level() {
    let path = "/overview/open-interest?dataType=openInterestAtEnd&excludeTotalDataChart=true";
    let body = br#"{"total24h":10,"total7d":70,"protocols":[{"defillamaId":"1","total24h":4,"total7d":28}]}"#;
    let record = look(path, body, NOW).unwrap();
    let values: Vec<(&str, f64)> = (record.points.iter())
        .map(|point| (point.metric.as_str(), point.value))
        .collect();
    assert_eq!(values, [("OPEN_INTEREST", 4.0), ("OPEN_INTEREST", 10.0)]);
    let csv = include_str!("../../../../sources-config/metrics.csv");
    assert!(csv.contains("\ndefillama,OPEN_INTEREST,,OPEN_INTEREST,usd,1,level,"));
}

#[test]
fn trap_10_a_chains_own_fees_are_not_those_on_it() {
    // In an overview chains stand among the protocols.
    let path = "/overview/fees?dataType=dailyFees&excludeTotalDataChart=true";
    let record = look(path, body!("dimensions_now/fees.json"), NOW).unwrap();
    assert_eq!(value(&record, "protocol:1027", "FEES_24H"), None);
    assert!(
        record
            .points
            .iter()
            .all(|point| !point.key.asset.as_str().starts_with("chain:"))
    );
    // A chain of ours is asked for as the place of protocols.
    let days = range("2026-01-01", "2026-01-04");
    for (plan_of, expected) in [
        (Plan::Free, "/overview/fees/Ethereum"),
        (Plan::Pro, "/api/v2/chart/fees/chain/Ethereum"),
    ] {
        let wants = vec![want("chain:Ethereum", &["FEES"], days)];
        let requests = plan(&vendor(plan_of), &ask(DIMENSIONS_DAILY, NOW, wants));
        assert_eq!(requests[0].path, expected);
    }
    // And the summary of a chain is refused where a protocol was asked for.
    let body =
        br#"{"defillamaId":"1027","protocolType":"chain","totalDataChart":[[1767225600,1]]}"#;
    let error = look("/summary/fees/ethereum", body, NOW).unwrap_err();
    assert_eq!(error.class(), "rejected");
}

#[test]
fn trap_11_the_type_of_data_is_always_sent() {
    let requests = dimension_requests();
    assert!(requests.len() > 15);
    for request in requests {
        assert!(
            query(&request, "dataType").is_some(),
            "{}",
            request.path_and_query()
        );
    }
}

fn price_requests() -> Vec<RequestSpec> {
    let labels = range("2025-11-01T00:00:00Z", "2026-01-04T09:00:00Z");
    let wants = vec![want("coingecko:x", &["PRICE"], labels)];
    plan(&vendor(Plan::Free), &ask(PRICES_HOURLY, NOW, wants))
}

#[test]
fn trap_12_points_are_moved_to_the_grid_and_silence_is_an_answer() {
    for request in price_requests() {
        assert!(query(&request, "start").is_some() && query(&request, "end").is_none());
        assert!(query(&request, "span").is_some() && query(&request, "period").is_some());
    }
    let path = "/chart/coingecko:ethereum?start=1664366400&span=4&period=1h";
    let body = body!("prices_hourly/two_coins.json");
    let record = look(path, body, "2022-09-29T00:00:00Z").unwrap();
    // Stamped 54 seconds late, 2 early, 41 and 30 late.
    let labels: Vec<i64> = record
        .points
        .iter()
        .map(|point| point.label.secs())
        .collect();
    assert_eq!(
        labels,
        [0, 1, 2, 3].map(|hour| 1_664_366_400 + hour * 3_600)
    );
    let silent = br#"{"coins":{"coingecko:ethereum":{"symbol":"ETH","prices":[]}}}"#;
    let record = look(path, silent, "2022-09-29T00:00:00Z").unwrap();
    let hours = range("2022-09-28T12:00:00Z", "2022-09-28T16:00:00Z");
    assert_eq!(outcomes(&record, "PRICE"), [Outcome::Empty(hours)]);
}

#[test]
fn trap_13_no_search_width_is_sent() {
    for request in price_requests() {
        assert_eq!(query(&request, "searchWidth"), None);
    }
}

#[test]
fn trap_14_percents_stay_percents_and_are_declared_as_such() {
    let wants = vec![want(
        "pool:747c1d2a-c668-4682-b9f9-296708a3dd90",
        &["APY"],
        hour(),
    )];
    let ask = ask(POOLS_NOW, NOW, wants);
    let (record, _) = answer(&vendor(Plan::Pro), &ask, body!("pools_now/two_pools.json")).unwrap();
    assert_eq!(values(&record), [2.84]);
    let csv = include_str!("../../../../sources-config/metrics.csv");
    for name in ["APY", "APY_BASE", "APY_REWARD"] {
        assert!(
            csv.contains(&format!("\ndefillama,{name},,{name},percent,0.01,")),
            "{name}"
        );
    }
}

#[test]
fn trap_15_dates_and_numbers_may_be_texts() {
    let all = look(
        "/stablecoincharts/all",
        body!("stablecoins_daily/all.json"),
        "2025-07-19T09:25:00Z",
    );
    assert_eq!(all.unwrap().points[0].label, at("2025-07-16"));
    // Forty digits and more.
    let body = br#"[{"date":1752624000,"totalCirculatingUSD":{"peggedUSD":"1234567890123456789012345678901234567890.5"}}]"#;
    let record = look("/stablecoincharts/Base", body, "2025-07-19T09:25:00Z").unwrap();
    assert_eq!(values(&record), [1.234_567_890_123_456_8e39]);
}

#[test]
fn trap_16_pegs_are_units_of_their_own() {
    let days = range("2026-01-01", "2026-01-10");
    let wants = vec![want(
        "stablecoin:50",
        &["CIRCULATING_SUPPLY", "STABLECOIN_MCAP"],
        days,
    )];
    let ask = ask(STABLECOINS_DAILY, "2026-01-10T09:25:00Z", wants);
    let vendor = configured(Plan::Free, "stablecoin,50,,,,,pegType=peggedEUR,true,\n");
    let (record, _) = answer(&vendor, &ask, body!("stablecoins_daily/ugly.json")).unwrap();
    // Euros by number, dollars by worth.
    assert_eq!(
        value(&record, "stablecoin:50", "CIRCULATING_SUPPLY"),
        Some(286.5)
    );
    assert_eq!(
        value(&record, "stablecoin:50", "STABLECOIN_MCAP"),
        Some(330.0)
    );
}

#[test]
fn trap_17_series_are_kept_by_what_lasts() {
    let before = configured(Plan::Free, "protocol,synthetix-v1+v2,TVL,,,,id=115,true,\n");
    let after = configured(
        Plan::Free,
        "protocol,synthetix-classic,TVL,,,,id=115,true,\n",
    );
    let days = range("2026-01-01", "2026-01-04");
    let asked = |vendor: &source_defillama::DefiLlama| {
        let wants = vec![want("protocol:115", &["TVL"], days)];
        let request = plan(vendor, &ask(TVL_DAILY, NOW, wants)).remove(0);
        (request.path.clone(), request.block.keys[0].to_string())
    };
    let key = "protocol:115/usd".to_owned();
    assert_eq!(
        asked(&before),
        ("/protocol/synthetix-v1%2Bv2".to_owned(), key.clone())
    );
    assert_eq!(
        asked(&after),
        ("/protocol/synthetix-classic".to_owned(), key)
    );
}

#[test]
fn trap_18_no_key_is_in_a_request() {
    for request in dimension_requests().iter().chain(&price_requests()) {
        let text = request.path_and_query();
        assert!(!text.contains("APIKEY") && !text.contains("{"), "{text}");
    }
    // Nor where somebody pastes an address with one: it stands in the path.
    let pro = vendor(Plan::Pro);
    for pasted in [
        "https://pro-api.llama.fi/planted-k3y/yields/pools",
        "https://pro-api.llama.fi/planted-k3y/api/protocols",
        "https://pro-api.llama.fi/usage/planted-k3y",
    ] {
        let request = pro.recognise(None, pasted, &[]).unwrap();
        let text = format!("{} {request:?}", request.path_and_query());
        assert!(!text.contains("planted"), "{text}");
    }
    let hosts = vendor(Plan::Pro).hosts().to_vec();
    assert!(
        hosts
            .iter()
            .all(|host| host.base_url == "https://pro-api.llama.fi")
    );
}

#[test]
fn trap_19_yields_are_asked_for_where_they_were_found() {
    let pro = vendor(Plan::Pro);
    let now = ask(POOLS_NOW, NOW, vec![want("pool:x", &["APY"], hour())]);
    let days = range("2026-01-01", "2026-01-02");
    let past = ask(POOLS_DAILY, NOW, vec![want("pool:x", &["APY"], days)]);
    let pools = plan(&pro, &now);
    assert_eq!(pools[0].path, "/yields/v1/pools");
    // Until somebody found them elsewhere; a plan that is under way goes on there.
    let mut under_way = pro.plan(&past).unwrap();
    let older = pro.elsewhere(&pools[0]).unwrap();
    assert_eq!(older.path, "/yields/pools");
    assert_eq!(
        (&older.block, &older.query, older.host),
        (&pools[0].block, &pools[0].query, pools[0].host)
    );
    pro.found_elsewhere(&older);
    assert_eq!(under_way.next().unwrap().path, "/yields/chart/x");
    assert_eq!(plan(&pro, &now)[0].path, "/yields/pools");
    // And back.
    let newer = pro.elsewhere(&older).unwrap();
    assert_eq!(newer, pools[0]);
    pro.found_elsewhere(&newer);
    assert_eq!(plan(&pro, &now)[0].path, "/yields/v1/pools");
    // Nothing else moves, and a free host has one path only.
    let prices = &price_requests()[0];
    assert_eq!(pro.elsewhere(prices), None);
    let free = vendor(Plan::Free);
    let request = &plan(&free, &now)[0];
    assert_eq!(
        (request.path.as_str(), free.elsewhere(request)),
        ("/pools", None)
    );
    let newer = pro.recognise(None, "/key/yields/v1/pools", &[]).unwrap();
    let answer = reply(body!("pools_now/two_pools.json"), NOW);
    let (record, _) = read(&pro, &newer, &answer).unwrap();
    assert_eq!(record.points.len(), 7);
}

#[test]
fn trap_20_a_large_history_is_capped_and_its_tokens_are_skipped() {
    let free = vendor(Plan::Free);
    assert_eq!(free.dataset(TVL_DAILY).unwrap().max_body_bytes, 64 << 20);
    // What is skipped need not even make sense.
    let body = br#"{"tokens":[{"date":{},"tokens":1e999}],"tokensInUsd":{"a":[[]]},
                    "chainTvls":{"Base":{"tvl":7,"tokens":{}}},
                    "tvl":[{"date":1767225600,"totalLiquidityUSD":1}]}"#;
    let record = look("/protocol/x", body, NOW).unwrap();
    assert_eq!(record.points.len(), 1);
}
