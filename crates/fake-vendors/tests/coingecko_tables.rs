//! Catalogue, live table and sums of the simulated CoinGecko, over real HTTP.

#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use fake_vendors::{Metric, Options, Plan};
use serde_json::Value;
use support::{NOW_S, at, get, options, vendor};

const NOW_MS: i64 = NOW_S * 1_000;

fn ids(body: &Value) -> Vec<&str> {
    body.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_catalogue_lists_by_life_and_shows_platforms_on_demand() {
    let vendor = vendor(Plan::Demo).await;
    let active = get(&vendor, "/coins/list").await.json();
    assert!(ids(&active).len() >= 45);
    assert!(ids(&active).contains(&"havven"));
    assert!(!ids(&active).contains(&"matic-network"));
    assert!(active[0].get("platforms").is_none());
    let inactive = get(&vendor, "/coins/list?status=inactive").await.json();
    assert_eq!(ids(&inactive), ["matic-network"]);
    let placed = get(&vendor, "/coins/list?include_platform=true")
        .await
        .json();
    let of = |id: &str| {
        placed
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == id)
            .unwrap()["platforms"]
            .clone()
    };
    assert_eq!(of("bitcoin"), serde_json::json!({}));
    assert_eq!(of("upside-down-cat"), serde_json::json!({ "solana": null }));
    assert!(
        of("usd-coin")["ethereum"]
            .as_str()
            .unwrap()
            .starts_with("0xa0b8")
    );
    let shared: Vec<_> = active
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["symbol"].as_str().unwrap().eq_ignore_ascii_case("usdc"))
        .collect();
    assert_eq!(shared.len(), 2, "symbols are not unique");
    vendor.set_now(at("2024-11-28T00:00:00Z"));
    let earlier = get(&vendor, "/coins/list").await.json();
    assert!(!ids(&earlier).contains(&"hyperliquid"));
    assert!(ids(&earlier).contains(&"matic-network"));
    assert_eq!(
        get(
            &vendor,
            "/coins/hyperliquid/market_chart?vs_currency=usd&days=7"
        )
        .await
        .status,
        404
    );
    vendor.stop().await;
}

#[tokio::test]
async fn markets_pages_sorts_and_omits_in_silence() {
    let extra = (0..300).map(|n| format!("made-up-{n}")).collect();
    let vendor = support::frozen(Options {
        extra_ids: extra,
        ..options(Plan::Demo)
    })
    .await;
    let first = get(&vendor, "/coins/markets?vs_currency=usd").await;
    let rows = first.json();
    assert_eq!(ids(&rows).len(), 100, "100 where nothing is said");
    assert_eq!(ids(&rows)[..2], ["bitcoin", "ethereum"][..]);
    let caps: Vec<f64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["market_cap"].as_f64().unwrap())
        .collect();
    assert!(caps.is_sorted_by(|a, b| a >= b));
    assert_eq!(first.header("per-page"), Some("100"));
    assert!(first.header("total").unwrap().parse::<usize>().unwrap() > 340);
    assert!(first.header("link").is_some());
    let capped = get(&vendor, "/coins/markets?vs_currency=usd&per_page=999")
        .await
        .json();
    assert_eq!(ids(&capped).len(), 250);
    let second = get(&vendor, "/coins/markets?vs_currency=usd&page=2")
        .await
        .json();
    assert!(!ids(&second).contains(&"bitcoin"));
    assert_eq!(
        get(&vendor, "/coins/markets?vs_currency=usd&page=9")
            .await
            .text(),
        "[]"
    );

    let asked =
        "/coins/markets?vs_currency=usd&ids=solana,nobody,bitcoin,matic-network,aave&order=id_asc";
    assert_eq!(
        ids(&get(&vendor, asked).await.json()),
        ["aave", "bitcoin", "solana"]
    );
    let many = (0..251)
        .map(|n| format!("made-up-{n}"))
        .collect::<Vec<_>>()
        .join(",");
    let refused = get(
        &vendor,
        &format!("/coins/markets?vs_currency=usd&ids={many}"),
    )
    .await;
    assert_eq!(
        (refused.status, refused.json()["error_code"].as_i64()),
        (400, Some(10_012))
    );
    vendor.stop().await;
}

#[tokio::test]
async fn a_live_row_is_the_truth_of_its_own_instant() {
    let vendor = vendor(Plan::Demo).await;
    let path = "/coins/markets?vs_currency=eur&ids=bitcoin,shiba-inu,official-trump,memecore,upside-down-cat&order=id_asc";
    let full = get(&vendor, &format!("{path}&precision=full")).await.json();
    let [bitcoin, memecore, trump, shiba, cat] = [0, 1, 2, 3, 4].map(|n| full[n].clone());
    let truth = vendor.truth();
    let (stamp_ms, price) = truth
        .coingecko_live("bitcoin", "eur", Metric::Price, NOW_MS)
        .unwrap();
    assert!((bitcoin["current_price"].as_f64().unwrap() / price - 1.0).abs() < 1e-14);
    let cap = truth
        .coingecko_live("bitcoin", "eur", Metric::MarketCap, NOW_MS)
        .unwrap()
        .1;
    assert!((bitcoin["market_cap"].as_f64().unwrap() - cap).abs() < 0.5);
    let updated = at(bitcoin["last_updated"].as_str().unwrap());
    assert_eq!(
        updated.unix_timestamp() * 1_000 + i64::from(updated.millisecond()),
        stamp_ms
    );
    assert!((5_000..=90_000).contains(&(NOW_MS - stamp_ms)));
    assert_eq!(trump["market_cap"], 0, "unknown supply");
    assert!(trump["market_cap_rank"].is_null());
    assert!(memecore["market_cap"].is_null());
    assert!(cat["current_price"].is_null() && cat["last_updated"].is_null());
    assert!(shiba["current_price"].as_f64().unwrap() < 1e-4);
    let text = get(&vendor, &format!("{path}&precision=full")).await.text();
    assert!(
        text.contains("e-6") || text.contains("e-5"),
        "a price with an exponent"
    );
    let rounded = get(&vendor, path).await.json();
    assert!(rounded[0]["current_price"].is_i64(), "display rounding");
    let two = get(&vendor, &format!("{path}&precision=2")).await.json();
    let cents = two[0]["current_price"].as_f64().unwrap() * 100.0;
    assert!((cents - cents.round()).abs() < 1e-6);
    vendor.stop().await;
}

#[tokio::test]
async fn simple_price_leaves_out_what_it_does_not_know() {
    let vendor = vendor(Plan::Demo).await;
    let path = "/simple/price?ids=bitcoin,nobody,upside-down-cat&vs_currencies=usd,btc\
        &include_market_cap=true&include_24hr_vol=true&include_24hr_change=true&include_last_updated_at=true";
    let body = get(&vendor, path).await.json();
    let bitcoin = &body["bitcoin"];
    assert!((bitcoin["btc"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    for field in [
        "usd",
        "usd_market_cap",
        "usd_24h_vol",
        "usd_24h_change",
        "btc_market_cap",
    ] {
        assert!(bitcoin[field].is_number(), "{field}");
    }
    let updated = bitcoin["last_updated_at"].as_i64().unwrap();
    assert!((NOW_S - 90..NOW_S).contains(&updated), "seconds");
    assert_eq!(body["upside-down-cat"], serde_json::json!({}));
    assert!(body.get("nobody").is_none());
    assert_eq!(
        get(&vendor, "/simple/price?ids=nobody&vs_currencies=usd")
            .await
            .text(),
        "{}"
    );
    let by_address = "/simple/token_price/ethereum?vs_currencies=usd&contract_addresses=";
    let upper = "0xA0B86991C6218B36C1D19D4A2E9EB0CE3606EB48";
    let found = get(&vendor, &format!("{by_address}{upper},0x00"))
        .await
        .json();
    assert!(found[upper]["usd"].is_number());
    assert_eq!(found.as_object().unwrap().len(), 1);
    let eleven = [upper; 11].join(",");
    let refused = get(&vendor, &format!("{by_address}{eleven}")).await;
    assert_eq!(
        (refused.status, refused.json()["error_code"].as_i64()),
        (400, Some(10_012))
    );
    vendor.stop().await;
}

#[tokio::test]
async fn supplies_come_as_text_and_the_market_as_a_whole() {
    let vendor = vendor(Plan::Enterprise).await;
    let path = "/coins/bitcoin/circulating_supply_chart/range?from=2025-01-01&to=2025-01-03";
    let supply = get(&vendor, path).await.json();
    let points = supply["circulating_supply"].as_array().unwrap();
    assert_eq!(points.len(), 3);
    assert_eq!(points[0][0], 1_735_689_600_000_i64);
    assert!(points[0][1].as_str().unwrap().parse::<f64>().unwrap() > 1e7);
    let total = get(
        &vendor,
        "/coins/bitcoin/total_supply_chart?days=7&interval=daily",
    )
    .await
    .json();
    assert_eq!(total["total_supply"].as_array().unwrap().len(), 7);
    let global = get(&vendor, "/global").await.json();
    assert!(
        global["data"]["market_cap_percentage"]["btc"]
            .as_f64()
            .unwrap()
            > 20.0
    );
    assert!((NOW_S - 60..=NOW_S).contains(&global["data"]["updated_at"].as_i64().unwrap()));
    let chart = get(&vendor, "/global/market_cap_chart?days=30")
        .await
        .json();
    assert_eq!(
        chart["market_cap_chart"]["market_cap"]
            .as_array()
            .unwrap()
            .len(),
        30
    );
    assert_eq!(
        get(&vendor, "/asset_platforms").await.json()[0]["native_coin_id"],
        "ethereum"
    );
    let currencies = get(&vendor, "/simple/supported_vs_currencies").await.json();
    assert_eq!(currencies.as_array().unwrap().len(), 63);
    vendor.stop().await;
}
