//! Chains, as the simulated DefiLlama shows them: two names, rows dated tomorrow, refusals.

mod support;

use fake_vendors::{DefiLlamaPlan, Step, UnknownChain};
use support::defillama::{assert_held, assert_said, free, knowing, pro, rows, vendor, with};
use support::{DAY_MS, NOW_S, at};

const NOW_MS: i64 = NOW_S * 1_000;
const TODAY_MS: i64 = NOW_MS - NOW_MS % DAY_MS;

#[tokio::test]
async fn chains_have_old_names_at_children_and_new_ones_elsewhere() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let list = pro(&vendor, "/api/protocols").await.json();
    let names: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["chains"].as_array().unwrap().clone())
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.iter().any(|name| name == "Binance") && names.iter().any(|name| name == "Optimism")
    );
    assert!(
        !names
            .iter()
            .any(|name| name == "BSC" || name == "OP Mainnet")
    );
    let chains = pro(&vendor, "/api/v2/chains").await.json();
    let bsc = with(&chains, "name", "BSC");
    assert_eq!(
        (&bsc["chainId"], &bsc["gecko_id"]),
        (&56.into(), &"binancecoin".into())
    );
    assert_eq!(bsc["tokenSymbol"], "BNB");
    assert!(bsc["cmcId"].is_string());
    assert!(with(&chains, "name", "Solana")["chainId"].is_null());
    let on = list.as_array().unwrap().iter().find(|row| {
        row["parentProtocolSlug"].is_string()
            && row["chains"]
                .as_array()
                .unwrap()
                .iter()
                .any(|chain| chain == "Binance")
    });
    let child = on.unwrap();
    let path = format!("/api/protocol/{}", child["slug"].as_str().unwrap());
    assert!(
        pro(&vendor, &path).await.json()["chainTvls"]
            .get("Binance")
            .is_some()
    );
    let path = format!(
        "/api/protocol/{}",
        child["parentProtocolSlug"].as_str().unwrap()
    );
    let parent = pro(&vendor, &path).await.json();
    assert!(
        parent["chainTvls"].get("BSC").is_some() && parent["chainTvls"].get("Binance").is_none()
    );
    for spelling in ["BSC", "bsc", "Binance", "bInAnCe"] {
        let path = format!("/api/v2/historicalChainTvl/{spelling}");
        assert!(pro(&vendor, &path).await.json().is_array(), "{spelling}");
    }
    for spelling in ["OP%20Mainnet", "op%20mainnet", "Optimism"] {
        let path = format!("/api/v2/historicalChainTvl/{spelling}");
        assert!(pro(&vendor, &path).await.json().is_array(), "{spelling}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn after_noon_the_last_row_of_a_chain_is_dated_tomorrow() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let served = async |path: &str| rows(&free(&vendor, path).await.json(), "tvl");
    let truth = |kind: &str, id: &str| {
        vendor
            .truth()
            .defillama_series(kind, id, "tvl", Step::Day, 0, i64::MAX)
    };
    vendor.set_now(at("2026-05-18T11:00:00Z"));
    let morning = served("/api/v2/historicalChainTvl/Ethereum").await;
    assert_eq!(morning.last().unwrap().0, TODAY_MS);
    assert_held(&truth("chain", "Ethereum"), &morning, 0.0);
    vendor.set_now(at("2026-05-18T13:00:00Z"));
    let evening = served("/api/v2/historicalChainTvl/Ethereum").await;
    assert_eq!(evening.last().unwrap().0, TODAY_MS + DAY_MS);
    assert_held(
        &truth("chain", "Ethereum"),
        &evening[..evening.len() - 1],
        1e-4,
    );
    let today = |rows: &[(i64, f64)]| rows.iter().find(|(ms, _)| *ms == TODAY_MS).unwrap().1;
    assert!(
        (today(&morning) - today(&evening)).abs() > 1.0,
        "in the morning it was the live value"
    );
    let all = served("/api/v2/historicalChainTvl").await;
    assert_held(&truth("global", ""), &all[..all.len() - 1], 0.0);
    let live = vendor
        .truth()
        .defillama_live("chain", "Ethereum", "tvl", NOW_MS);
    assert!(live.is_some());
    vendor.stop().await;
}

#[tokio::test]
async fn the_unknown_is_refused_in_every_way_the_vendor_has() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    for path in [
        "/api/protocol/no-such-protocol",
        "/api/tvl/no-such-protocol",
        "/api/tvl/ethereum",
    ] {
        let reply = pro(&vendor, path).await;
        assert_said(&reply, path, 400, "Protocol not found");
        assert!(
            reply
                .header("content-type")
                .unwrap()
                .starts_with("text/plain")
        );
    }
    let wrapped = pro(&vendor, "/api/v2/historicalChainTvl/nochain").await;
    assert_eq!(wrapped.status, 200);
    assert_eq!(wrapped.json()["statusCode"], 400);
    let inner = wrapped.json()["body"].as_str().unwrap().to_owned();
    assert_eq!(
        inner,
        r#"{"message":"There is no chain with that name nochain"}"#
    );
    vendor.stop().await;
    for (unknown_chain, status) in [(UnknownChain::Text400, 400), (UnknownChain::Text404, 404)] {
        let plan = DefiLlamaPlan {
            unknown_chain,
            ..DefiLlamaPlan::pro()
        };
        let vendor = support::defillama::vendor(plan).await;
        let reply = pro(&vendor, "/api/v2/historicalChainTvl/nochain").await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.text(), "There is no chain with that name: nochain");
        vendor.stop().await;
    }
}

#[tokio::test]
async fn hundreds_of_ids_can_be_named() {
    let mut ids: Vec<String> = (0..200)
        .map(|n| format!("protocol:some-{n}:{}", 50_000 + n))
        .collect();
    ids.extend((0..60).map(|n| format!("chain:Chain {n}")));
    ids.push("protocol:big-one:parent#big-one".into());
    ids.push("protocol:aave:parent#aave".into());
    ids.push("protocol:uniswap-v3".into());
    ids.push("chain:Optimism".into());
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = knowing(&ids).await;
    let list = pro(&vendor, "/api/protocols").await.json();
    assert!(list.as_array().unwrap().len() > 220);
    assert_eq!(with(&list, "slug", "some-7")["id"], "50007");
    assert_eq!(
        with(&list, "slug", "big-one-v1")["parentProtocol"],
        "parent#big-one"
    );
    let chains = pro(&vendor, "/api/v2/chains").await.json();
    assert!(with(&chains, "name", "Chain 59")["tvl"].as_f64().unwrap() > 1e6);
    assert!(
        chains
            .as_array()
            .unwrap()
            .iter()
            .all(|chain| chain["name"] != "Optimism")
    );
    for path in [
        "/api/protocol/some-199",
        "/api/protocol/big-one",
        "/api/v2/historicalChainTvl/Chain%207",
    ] {
        assert_eq!(pro(&vendor, path).await.status, 200, "{path}");
    }
    vendor.stop().await;
}
