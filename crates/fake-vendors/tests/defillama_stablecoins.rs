//! Stablecoins, pools and funding rates, as the simulated DefiLlama shows them.

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "test code")]

mod support;

use std::collections::HashSet;

use fake_vendors::{DefiLlamaPlan, Step};
use serde_json::{Value, json};
use support::defillama::{assert_held, assert_said, free, knowing, pro, vendor, with};
use support::{DAY_MS, NOW_S};

const NOW_MS: i64 = NOW_S * 1_000;
const TODAY_MS: i64 = NOW_MS - NOW_MS % DAY_MS;

/// Returns the sum over all pegs of a field per day; days with empty maps have none.
fn days(chart: &Value, field: &str) -> Vec<(i64, f64)> {
    let rows = chart.as_array().unwrap().iter();
    let sums = rows.filter_map(|row| {
        let date: i64 = row["date"].as_str().unwrap().parse().unwrap();
        let pegs = row[field].as_object().unwrap();
        let sum: f64 = pegs.values().map(|amount| amount.as_f64().unwrap()).sum();
        (!pegs.is_empty()).then_some((date * 1_000, sum))
    });
    sums.collect()
}

fn closed(days: &[(i64, f64)]) -> Vec<(i64, f64)> {
    days.iter()
        .copied()
        .filter(|(ms, _)| *ms < TODAY_MS)
        .collect()
}

#[tokio::test]
async fn the_list_is_in_dollars_by_peg() {
    let vendor = knowing(&["stablecoin:50", "stablecoin:77"]).await;
    let reply = pro(&vendor, "/stablecoins/stablecoins?includePrices=True")
        .await
        .json();
    let tether = with(&reply["peggedAssets"], "id", "1");
    let usd = tether["circulating"]["peggedUSD"].as_f64().unwrap();
    let live = vendor
        .truth()
        .defillama_live("stablecoin", "1", "circulatingUsd", NOW_MS)
        .unwrap();
    assert!((usd - live).abs() < 0.01);
    assert!(tether["circulatingPrevMonth"]["peggedUSD"].is_number());
    let chains = tether["chainCirculating"].as_object().unwrap();
    let sum: f64 = chains
        .values()
        .map(|chain| chain["current"]["peggedUSD"].as_f64().unwrap())
        .sum();
    assert!((sum / usd - 1.0).abs() < 1e-6);
    let euro = with(&reply["peggedAssets"], "id", "50");
    assert!(
        euro["circulating"]["peggedEUR"].is_number()
            && euro["circulating"].get("peggedUSD").is_none()
    );
    assert_eq!(euro["pegType"], "peggedEUR");
    assert!(
        reply["chains"]
            .as_array()
            .unwrap()
            .iter()
            .all(|chain| chain["totalCirculatingUSD"].is_object())
    );
    let plain = free(&vendor, "/stablecoins/stablecoins").await.json();
    assert!(plain["peggedAssets"][0].get("price").is_none());
    vendor.stop().await;
}

#[tokio::test]
async fn charts_have_string_dates_and_begin_with_empty_maps() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let truth = |kind: &str, id: &str, metric: &str| {
        vendor
            .truth()
            .defillama_series(kind, id, metric, Step::Day, 0, i64::MAX)
    };
    for (path, kind, id) in [
        ("all", "global", ""),
        ("Ethereum", "chain", "Ethereum"),
        ("all?stablecoin=1", "stablecoin", "1"),
    ] {
        let chart = free(&vendor, &format!("/stablecoins/stablecoincharts/{path}"))
            .await
            .json();
        assert_eq!(chart[0]["totalCirculating"], json!({}), "{path}");
        assert!(
            chart
                .as_array()
                .unwrap()
                .iter()
                .all(|row| row["date"].is_string())
        );
        let usd = days(&chart, "totalCirculatingUSD");
        assert_eq!(usd.last().unwrap().0, TODAY_MS, "in progress");
        assert_held(&truth(kind, id, "circulatingUsd"), &closed(&usd), 0.05);
        let native = closed(&days(&chart, "totalCirculating"));
        assert_held(&truth(kind, id, "circulating"), &native, 0.05);
    }
    vendor.stop().await;
}

#[tokio::test]
async fn one_stablecoin_is_in_its_own_unit_with_numbers_for_dates() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let one = pro(&vendor, "/stablecoins/stablecoin/1").await.json();
    let tokens = one["tokens"].as_array().unwrap();
    assert_eq!(tokens[0]["circulating"], 0, "no map before the first day");
    assert!(
        tokens
            .iter()
            .any(|row| row["minted"] == 0 && row["circulating"].is_object())
    );
    let served: Vec<(i64, f64)> = tokens
        .iter()
        .skip(1)
        .map(|row| {
            let amount = row["circulating"]["peggedUSD"].as_f64().unwrap();
            (row["date"].as_i64().unwrap() * 1_000, amount)
        })
        .collect();
    let truth = vendor.truth();
    let held = truth.defillama_series("stablecoin", "1", "circulating", Step::Day, 0, i64::MAX);
    assert_held(&held, &closed(&served), 0.0);
    let repeated = served
        .windows(2)
        .filter(|two| two[0].1.to_bits() == two[1].1.to_bits())
        .count();
    assert!(repeated > 1, "days without fresh data are carried forward");
    let balances = one["chainBalances"].as_object().unwrap();
    let first = balances.values().next().unwrap();
    assert!(first["tokens"][0]["bridgedTo"]["bridges"].is_object());
    assert!(one["currentChainBalances"].as_object().unwrap().len() == balances.len());
    for path in [
        "stablecoin/no",
        "stablecoincharts/nochain",
        "stablecoincharts/all?stablecoin=999",
    ] {
        let reply = pro(&vendor, &format!("/stablecoins/{path}")).await;
        assert_said(&reply, path, 404, "Invalid request");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn the_smaller_lists_have_shapes_of_their_own() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let chains = free(&vendor, "/stablecoins/stablecoinchains").await.json();
    assert_eq!(with(&chains, "name", "Ethereum")["gecko_id"], "ethereum");
    let prices = free(&vendor, "/stablecoins/stablecoinprices").await.json();
    assert!(
        prices
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["date"].is_i64())
    );
    let cells = || {
        prices
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["prices"]["tether"])
    };
    assert!(cells().any(Value::is_null) && cells().any(Value::is_number));
    let greatest = pro(&vendor, "/stablecoins/stablecoindominance/Ethereum")
        .await
        .json();
    let last = greatest.as_array().unwrap().last().unwrap();
    assert!(last["date"].is_string() && last["greatestMcap"]["mcap"].is_number());
    vendor.stop().await;
}

#[tokio::test]
async fn twenty_stablecoins_can_be_named() {
    let ids: Vec<String> = (1..=20).map(|n| format!("stablecoin:{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = knowing(&ids).await;
    let reply = free(&vendor, "/stablecoins/stablecoins").await.json();
    let rows = reply["peggedAssets"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    let pegs: HashSet<&str> = rows
        .iter()
        .map(|row| row["pegType"].as_str().unwrap())
        .collect();
    assert_eq!(pegs, HashSet::from(["peggedUSD", "peggedEUR"]));
    vendor.stop().await;
}

#[tokio::test]
async fn pools_are_the_largest_first_and_odd_now_and_then() {
    let ids: Vec<String> = (0..300)
        .map(|n| format!("pool:00000000-0000-4000-8000-{n:012}"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = knowing(&ids).await;
    let reply = free(&vendor, "/yields/pools").await.json();
    assert_eq!(reply["status"], "success");
    let pools = reply["data"].as_array().unwrap();
    assert!(pools.len() > 310);
    let sizes: Vec<i64> = pools
        .iter()
        .map(|pool| pool["tvlUsd"].as_i64().unwrap())
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b));
    let apy = |pool: &Value| pool["apyBase"].as_f64();
    assert!(
        pools
            .iter()
            .any(|pool| apy(pool).is_some_and(|apy| apy < 0.0))
    );
    assert!(
        pools
            .iter()
            .any(|pool| apy(pool).is_some_and(|apy| apy > 1e5))
    );
    assert!(pools.iter().any(|pool| pool["apy"].is_null()));
    assert!(
        pools
            .iter()
            .any(|pool| pool["apyReward"].is_null() && pool["apy"].is_number())
    );
    assert!(pools.iter().any(|pool| pool["underlyingTokens"].is_null()));
    assert!(
        pools
            .iter()
            .any(|pool| pool["underlyingTokens"][1] == Value::Null
                && pool["underlyingTokens"][0].is_string())
    );
    let lido = pools
        .iter()
        .find(|pool| pool["pool"] == "747c1d2a-c668-4682-b9f9-296708a3dd90");
    assert_eq!(
        (&lido.unwrap()["project"], &lido.unwrap()["chain"]),
        (&"lido".into(), &"Ethereum".into())
    );
    vendor.stop().await;
}

#[tokio::test]
async fn a_pool_s_history_has_one_row_a_day() {
    let vendor = knowing(&["pool:11111111-2222-4333-8444-555555555555"]).await;
    let listed = pro(&vendor, "/yields/pools").await.json();
    let uuids: Vec<&str> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pool| pool["pool"].as_str().unwrap())
        .collect();
    assert!(uuids.contains(&"11111111-2222-4333-8444-555555555555"));
    let (mut as_text, mut holes) = (false, false);
    for uuid in uuids {
        let path = format!("/yields/v1/chart/{uuid}");
        let reply = pro(&vendor, &path).await.json();
        let rows = reply["data"].as_array().unwrap();
        let stamps: Vec<&str> = rows
            .iter()
            .map(|row| row["timestamp"].as_str().unwrap())
            .collect();
        assert!(stamps.is_sorted());
        let days: HashSet<&str> = stamps.iter().map(|stamp| &stamp[..10]).collect();
        assert_eq!(days.len(), rows.len());
        assert!(
            stamps
                .iter()
                .rev()
                .skip(1)
                .all(|stamp| &stamp[11..13] == "23" && stamp.ends_with("123Z"))
        );
        as_text |= rows.iter().any(|row| row["tvlUsd"].is_string());
        holes |= rows.iter().any(|row| row["apy"].is_null());
        let base: Vec<f64> = rows[..rows.len() - 1]
            .iter()
            .filter_map(|row| row["apyBase"].as_f64())
            .collect();
        let held = vendor
            .truth()
            .defillama_series("pool", uuid, "apyBase", Step::Day, 0, i64::MAX);
        let held: Vec<f64> = held.into_iter().map(|(_, value)| value).collect();
        assert_eq!(held, base);
    }
    assert!(as_text && holes);
    let bad = free(&vendor, "/yields/chart/abc").await;
    assert_eq!(
        (bad.status, bad.text().as_str()),
        (400, r#""invalid configID!""#)
    );
    let unknown = free(
        &vendor,
        "/yields/chart/99999999-2222-4333-8444-555555555555",
    )
    .await;
    assert_eq!(
        (unknown.status, unknown.text().as_str()),
        (200, r#"{"status":"success","data":[]}"#)
    );
    vendor.stop().await;
}

#[tokio::test]
async fn funding_rates_live_at_two_paths() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let perps = pro(&vendor, "/yields/perps").await.json();
    assert_eq!(perps, pro(&vendor, "/api/perpFundingRates").await.json());
    let row = with(&perps["data"], "perp_id", "binance-futures-BTCUSDT");
    assert_eq!(
        (&row["baseAsset"], &row["marketplace"]),
        (&"BTC".into(), &"binance-futures".into())
    );
    assert!(
        row["fundingRate"].as_f64().unwrap().abs() < 1e-3,
        "a fraction"
    );
    let before = row["fundingTimePrevious"].as_i64().unwrap();
    assert!(
        before > NOW_MS - 9 * 3_600_000 && before <= NOW_MS,
        "milliseconds"
    );
    vendor.stop().await;
}
