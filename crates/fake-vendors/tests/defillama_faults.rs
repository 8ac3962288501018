//! Faults, control routes and ids of a configuration, for the simulated DefiLlama over real HTTP.

mod support;

use fake_vendors::{DefiLlamaPlan, Fault, Options, Rule};
use support::defillama::{options, pro, vendor};
use support::{control, one};

#[tokio::test]
async fn faults_are_in_the_vendors_words() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let after = |retry_after| Fault::Status429 {
        retry_after,
        reset_header: true,
    };
    let cases = [
        (
            after(Some(7)),
            429,
            "Too Many Requests",
            "Too Many Requests",
        ),
        (after(None), 429, "Too Many Requests", "Too Many Requests"),
        (
            Fault::ThrottledText,
            429,
            "<!DOCTYPE html>",
            "<!DOCTYPE html>",
        ),
        (
            Fault::MonthSpent,
            429,
            "Monthly call limit reached",
            "Monthly call limit reached",
        ),
        (
            Fault::Status500,
            500,
            "Internal server error",
            "Internal server error",
        ),
        (
            Fault::Status502,
            502,
            "Bad Gateway",
            r#"{"message":"Internal server error"}"#,
        ),
        (Fault::Html403, 403, "<!DOCTYPE html>", "<!DOCTYPE html>"),
    ];
    for (fault, status, on_api, on_coins) in cases {
        vendor.set_faults(one(Rule::always("", fault.clone())));
        let api = pro(&vendor, "/api/protocols").await;
        let coins = pro(&vendor, "/coins/prices/current/coingecko:bitcoin").await;
        assert_eq!((api.status, coins.status), (status, status), "{fault:?}");
        assert!(api.text().starts_with(on_api), "{fault:?}: {}", api.text());
        assert!(
            coins.text().starts_with(on_coins),
            "{fault:?}: {}",
            coins.text()
        );
        if let Fault::Status429 { retry_after, .. } = fault {
            let seconds = retry_after.map(|seconds| seconds.to_string());
            assert_eq!(api.header("retry-after"), seconds.as_deref());
        }
    }
    let by_path = Rule::times("/***/api/protocols?", 1, Fault::Status500);
    vendor.set_faults(one(by_path));
    assert_eq!(
        pro(&vendor, "/api/protocols").await.status,
        500,
        "the key is no part of it"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn good_bodies_are_spoiled_in_their_own_shape() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let spoiled = async |fault: Fault, path: &str| {
        vendor.set_faults(one(Rule::always("", fault)));
        pro(&vendor, path).await
    };
    let coins = "/coins/prices/current/coingecko:bitcoin,coingecko:ethereum";
    assert_eq!(spoiled(Fault::Empty, coins).await.text(), r#"{"coins":{}}"#);
    assert_eq!(spoiled(Fault::Empty, "/api/protocols").await.text(), "[]");
    let pools = spoiled(Fault::Empty, "/yields/pools").await;
    assert_eq!(pools.text(), r#"{"data":[],"status":"success"}"#);
    let overview = spoiled(
        Fault::Empty,
        "/api/overview/fees?excludeTotalDataChartBreakdown=true",
    )
    .await;
    assert_eq!(overview.json()["protocols"], serde_json::json!([]));
    assert!(overview.json()["total24h"].is_number());
    assert_eq!(spoiled(Fault::NoBody, "/api/tvl/lido").await.text(), "");
    let gone = |ids: &[&str]| Fault::DropIds {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let fewer = spoiled(gone(&["coingecko:bitcoin"]), coins).await.json();
    assert_eq!(fewer["coins"].as_object().unwrap().len(), 1);
    let slugs = |list: serde_json::Value| -> Vec<String> {
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| row["slug"].as_str().unwrap().to_owned())
            .collect()
    };
    let fewer = slugs(
        spoiled(gone(&["lido", "1599"]), "/api/protocols")
            .await
            .json(),
    );
    assert!(!fewer.contains(&"lido".to_owned()) && !fewer.contains(&"aave-v3".to_owned()));
    let path = "/api/overview/fees?excludeTotalDataChart=true&excludeTotalDataChartBreakdown=true";
    let fewer = slugs(spoiled(gone(&["lido"]), path).await.json()["protocols"].clone());
    assert!(!fewer.contains(&"lido".to_owned()) && fewer.len() > 20);
    let fewer = spoiled(gone(&["1"]), "/stablecoins/stablecoins")
        .await
        .json();
    let ids = fewer["peggedAssets"].as_array().unwrap().iter();
    assert!(
        ids.map(|row| row["id"].as_str().unwrap())
            .all(|id| id != "1")
    );
    let cut = spoiled(Fault::CutJson, "/api/protocols").await;
    assert!(serde_json::from_slice::<serde_json::Value>(&cut.body).is_err() && !cut.cut);
    assert!(spoiled(Fault::CutConnection, "/api/protocols").await.cut);
    vendor.stop().await;
}

#[tokio::test]
async fn the_control_routes_tell_the_truth() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let path = "/truth?kind=protocol&id=aave&metric=tvl&from=2026-05-01&to=2026-05-11";
    let truth = control(&vendor, "GET", path, "").await.json();
    assert_eq!(truth.as_array().unwrap().len(), 10);
    let path = "/truth?kind=chain&id=Binance&metric=tvl&step=live&from=2026-05-11&to=2026-05-11";
    assert_eq!(
        control(&vendor, "GET", path, "")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let wrong = control(
        &vendor,
        "GET",
        "/truth?coin=x&metric=tvl&from=2026-05-01&to=2026-05-11",
        "",
    );
    assert_eq!(wrong.await.status, 400);
    vendor.stop().await;
}

#[tokio::test]
async fn ids_are_read_from_a_configuration() {
    let csv = "kind,vendor_id,metrics,params\n\
        global,all,TVL,\n\
        chain,OP Mainnet,TVL,aliases=Optimism\n\
        chain,Some Chain,TVL,\n\
        protocol,some-parent,TVL,id=parent#some-parent\n\
        protocol,synthetix-v1+v2,PERP_VOLUME,id=115;pro=true\n\
        protocol,some-dex,TVL,id=4711;pro=true\n\
        coin,coingecko:some-coin,PRICE,min_confidence=0.9\n\
        coin,ethereum:0x00000000000000000000000000000000000000aB,PRICE,\n\
        stablecoin,77,STABLECOIN_MCAP,pegType=peggedUSD\n\
        pool,11111111-2222-4333-8444-555555555555,APY,pro=true\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("defillama.csv");
    std::fs::write(&file, csv).unwrap();
    for columns in ["kind+vendor_id", "kind+vendor_id+params"] {
        let extra_ids = fake_vendors::ids_from_csv(&file, columns).unwrap();
        let vendor = support::frozen(Options {
            extra_ids,
            ..options(DefiLlamaPlan::pro())
        })
        .await;
        for path in [
            "/api/v2/historicalChainTvl/Some%20Chain",
            "/api/tvl/some-parent",
            "/api/tvl/synthetix-v1+v2",
            "/stablecoins/stablecoin/77",
        ] {
            assert_eq!(pro(&vendor, path).await.status, 200, "{columns} {path}");
        }
        let coins = "coingecko:some-coin,ethereum:0x00000000000000000000000000000000000000Ab";
        let prices = pro(&vendor, &format!("/coins/prices/current/{coins}"))
            .await
            .json();
        assert_eq!(prices["coins"].as_object().unwrap().len(), 2);
        let about = pro(&vendor, "/api/protocol/some-dex").await.json();
        assert_eq!(about["id"] == "4711", columns.ends_with("params"));
        let parent = pro(&vendor, "/api/protocol/some-parent").await.json();
        assert_eq!(
            parent["isParentProtocol"] == true,
            columns.ends_with("params")
        );
        vendor.stop().await;
    }
}
