//! What the simulated Artemis lists: assets and their metrics, over real HTTP.

mod support;

use std::collections::HashSet;

use fake_vendors::{ArtemisPlan, Listing, Options, ids_from_csv};
use serde_json::Value;
use support::artemis::{artemis, ask, dated, options, outline, sample};
use support::{at, control, frozen};

const SYMBOLS: &str = "/asset/symbols/";

#[tokio::test]
async fn the_catalogue_has_every_oddity_of_the_sample() {
    let vendor = artemis("enterprise").await;
    let catalogue = ask(&vendor, SYMBOLS).await.json();
    assert_eq!(outline(&catalogue), outline(&sample("asset_symbols")));
    let assets = catalogue["assets"].as_array().unwrap();
    for known in sample("asset_symbols")["assets"].as_array().unwrap() {
        let found = assets
            .iter()
            .find(|one| one["artemis_id"] == known["artemis_id"]);
        let found = found.unwrap_or_else(|| panic!("{known} is missing"));
        assert_eq!(found["symbol"], known["symbol"]);
        assert_eq!(found["coingecko_id"], known["coingecko_id"]);
    }
    let ids: HashSet<&str> = assets
        .iter()
        .map(|one| one["artemis_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), assets.len(), "ids are unique");
    assert!(!ids.contains("usdc-eth"), "forms are not listed");
    assert!(assets.iter().any(|one| one["color"].is_null()));
    vendor.stop().await;
}

#[tokio::test]
async fn the_catalogue_is_today_s_list() {
    let vendor = artemis("enterprise").await;
    let lists = async |id: &str| {
        let assets = ask(&vendor, SYMBOLS).await.json();
        let mut rows = assets["assets"].as_array().unwrap().iter();
        rows.any(|one| one["artemis_id"] == id)
    };
    assert!(lists("matic").await, "dead assets stay");
    vendor.set_now(at("2024-01-01T00:00:00Z"));
    assert!(lists("bitcoin").await && !lists("hyperliquid").await);
    let unknown = dated(&vendor, "PRICE", "hype", ("2023-01-01", "2023-01-02")).await;
    assert_eq!(unknown, serde_json::json!({}));
    let listing = Listing {
        id: "newborn".to_owned(),
        listed_ms: Some(1_704_067_200_000),
        delisted_ms: None,
    };
    assert!(!lists("newborn").await);
    vendor.set_listing(&listing);
    assert!(lists("newborn").await);
    let route = r#"{"id":"another","listed":"2023-12-30","delisted":"2024-01-01"}"#;
    assert_eq!(
        control(&vendor, "POST", "/listings", route).await.status,
        204
    );
    let prices = dated(&vendor, "PRICE", "another", ("2023-12-01", "2024-01-01")).await;
    let days = support::artemis::dates(&prices["another"]["PRICE"]);
    assert_eq!(days, ["2023-12-30", "2023-12-31"]);
    vendor.stop().await;
}

#[tokio::test]
async fn metrics_are_listed_one_key_each() {
    let vendor = artemis("enterprise").await;
    let listed = ask(&vendor, "/supported-metrics/?symbol=sol").await.json();
    let rows = listed["metrics"].as_array().unwrap();
    let find = |name: &str| rows.iter().find_map(|row| row.get(name));
    for known in sample("supported_metrics_sol")["metrics"]
        .as_array()
        .unwrap()
    {
        let (name, fields) = known.as_object().unwrap().iter().next().unwrap();
        let served = find(name).unwrap_or_else(|| panic!("{name} is missing"));
        for field in ["accepts_date", "aggregation_type", "unit"] {
            let of = |fields: &Value| fields.get(field).cloned().unwrap_or_default();
            assert_eq!(of(served), of(fields), "{name} {field}");
        }
        let names = fields.as_object().unwrap();
        assert!(
            served
                .as_object()
                .unwrap()
                .keys()
                .all(|field| names.contains_key(field))
        );
    }
    assert!(rows.iter().all(|row| row.as_object().unwrap().len() == 1));
    let counts: HashSet<usize> = rows
        .iter()
        .flat_map(|row| row.as_object().unwrap().values())
        .map(|fields| fields.as_object().unwrap().len())
        .collect();
    assert!(counts.len() > 1, "some inner fields are absent");
    assert_eq!(find("30D_VOLUME").unwrap()["accepts_date"], false);
    assert!(find("PERP_VOLUME").is_none() && find("ETF_FLOWS").is_none());
    for spelling in ["SOL", "solana", "Solana"] {
        let path = format!("/supported-metrics/?symbol={spelling}");
        assert_eq!(ask(&vendor, &path).await.json(), listed, "{spelling}");
    }
    let nobody = ask(&vendor, "/supported-metrics/?symbol=nobody").await;
    assert_eq!(nobody.text(), r#"{"metrics":[]}"#);
    let nvidia = ask(&vendor, "/supported-metrics/?symbol=eq-nvda")
        .await
        .json();
    let revenue = nvidia["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|row| row.get("TOTAL_REVENUE"));
    let revenue = revenue.unwrap();
    assert_eq!(revenue["currency_type"], "USD");
    assert_eq!(revenue["latest_fiscal_period"], "2026-Q1");
    vendor.stop().await;
}

#[tokio::test]
async fn what_is_listed_is_served_and_what_is_not_is_not() {
    let vendor = artemis("enterprise").await;
    for symbol in [
        "btc", "hype", "aave", "shib", "usdc", "eq-mstr", "mev", "x402", "usdc-eth",
    ] {
        let listed = ask(&vendor, &format!("/supported-metrics/?symbol={symbol}"))
            .await
            .json();
        let mut names: Vec<String> = listed["metrics"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_object().unwrap().keys().cloned())
            .collect();
        assert!(!names.is_empty(), "{symbol}");
        for lacking in [
            "PERP_VOLUME",
            "LENDING_DEPOSITS",
            "STABLECOIN_DAU",
            "NAV",
            "REAL_TXNS",
            "ETF_FLOWS",
        ] {
            if !names.iter().any(|name| name == lacking) {
                names.push(lacking.to_owned());
            }
        }
        let path = format!(
            "/data/api/{}/?symbols={symbol}&startDate=2025-05-01&endDate=2026-05-17&granularity=QUARTER",
            names.join(",")
        );
        let cells = ask(&vendor, &path).await.json()["data"]["symbols"][symbol].take();
        let rows = listed["metrics"].as_array().unwrap();
        for (name, cell) in cells.as_object().unwrap() {
            let row = rows.iter().find_map(|row| row.get(name));
            let dated = row.is_some_and(|fields| fields["accepts_date"] == true);
            let given_up = [
                "VOLATILITY_90D_ANN",
                "FDMV_NAV_RATIO",
                "STABLECOIN_AVG_DAU",
                "TOKENIZED_SHARES_TRADING_VOLUME",
            ];
            let serves = dated && !given_up.contains(&name.as_str());
            let points = cell.as_array().is_some_and(|points| !points.is_empty());
            assert_eq!(points, serves, "{symbol} {name} {cell}");
        }
    }
    vendor.stop().await;
}

#[tokio::test]
async fn the_filtered_stablecoin_metrics_end_in_july_2026() {
    let vendor = artemis("enterprise").await;
    let read = async || {
        let names = "P2P_STABLECOIN_DAILY_TXNS,STABLECOIN_DAILY_TXNS";
        dated(&vendor, names, "usdc", ("2026-05-01", "2026-05-02")).await["usdc"].take()
    };
    assert!(read().await["P2P_STABLECOIN_DAILY_TXNS"].is_array());
    vendor.set_now(at("2026-07-01T00:00:00Z"));
    assert_eq!(
        read().await["P2P_STABLECOIN_DAILY_TXNS"],
        "Metric not found."
    );
    assert!(read().await["STABLECOIN_DAILY_TXNS"].is_array());
    vendor.stop().await;
}

#[tokio::test]
async fn ids_come_from_a_configuration_s_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("artemis.csv");
    let rows = "symbol,artemis_id,entity,kind,metrics,granularity,coingecko_id\n\
        btc,bitcoin,bitcoin,chain,@default,DAY,bitcoin\n\
        apt,aptos,aptos,chain,@default,DAY,aptos\n\
        usdc-eth,,usd-coin,stablecoin,STABLECOIN_SUPPLY,DAY,\n\
        eq-tsla,eq-tsla,tesla,equity,PRICE,DAY,\n\
        eq-tsla,eq-tsla,tesla,equity,NET_INCOME,QUARTER,\n";
    std::fs::write(&path, rows).unwrap();
    let counts = async |columns: &str| {
        let vendor = frozen(Options {
            extra_ids: ids_from_csv(&path, columns).unwrap(),
            ..options(ArtemisPlan::enterprise())
        })
        .await;
        let assets = ask(&vendor, SYMBOLS).await.json()["assets"].take();
        vendor.stop().await;
        assets
    };
    let plain = counts("symbol").await;
    let full = counts("symbol+artemis_id+kind+coingecko_id").await;
    let known = artemis("enterprise").await;
    let base = ask(&known, SYMBOLS).await.json()["assets"]
        .as_array()
        .unwrap()
        .len();
    known.stop().await;
    for (assets, id) in [(&plain, "apt"), (&full, "aptos")] {
        let assets = assets.as_array().unwrap();
        assert_eq!(assets.len(), base + 2);
        let apt = assets.iter().find(|one| one["symbol"] == "apt").unwrap();
        assert_eq!(apt["artemis_id"], id);
        assert!(assets.iter().any(|one| one["symbol"] == "eq-tsla"));
    }
}
