//! Values locked, as the simulated DefiLlama shows them: three shapes, live points, rows dated tomorrow, aliases.

mod support;

use std::collections::BTreeMap;

use fake_vendors::{DefiLlamaPlan, Listing, Metric, Revision, Step};
use serde_json::Value;
use serde_json::value::RawValue;
use support::defillama::{assert_held, assert_said, pairs, pro, rows, sum, vendor, with};
use support::{DAY_MS, HOUR_MS, NOW_S, at, revised};

const NOW_MS: i64 = NOW_S * 1_000;
const TODAY_MS: i64 = NOW_MS - NOW_MS % DAY_MS;

#[tokio::test]
async fn tvl_has_a_shape_per_endpoint_and_they_agree() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let list = pro(&vendor, "/api/protocols").await.json();
    let lido = with(&list, "slug", "lido");
    let one = pro(&vendor, "/api/protocol/lido").await.json();
    let last = one["tvl"].as_array().unwrap().last().unwrap();
    let bare: f64 = pro(&vendor, "/api/tvl/lido").await.text().parse().unwrap();
    assert!((lido["tvl"].as_f64().unwrap() - bare).abs() < 1e-3);
    assert!((last["totalLiquidityUSD"].as_f64().unwrap() - bare).abs() < 1e-3);
    let live = vendor
        .truth()
        .defillama_live("protocol", "lido", "tvl", NOW_MS)
        .unwrap();
    assert!((live - bare).abs() < 1e-3);
    let sizes: Vec<f64> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["tvl"].as_f64().unwrap_or(0.0))
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b));
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .any(|row| row["tvl"].is_null())
    );
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .all(|row| row["id"].is_string() && row.get("date").is_none())
    );
    vendor.stop().await;
}

#[tokio::test]
async fn a_history_is_midnights_and_a_live_point_at_an_odd_time() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let one = pro(&vendor, "/api/protocol/aave").await.json();
    let points = rows(&one["tvl"], "totalLiquidityUSD");
    assert!(points.len() > 2_000 && points.is_sorted_by(|a, b| a.0 < b.0));
    let (live, midnights) = points.split_last().unwrap();
    assert!(midnights.iter().all(|(ms, _)| ms % DAY_MS == 0));
    assert_eq!(
        midnights.last().unwrap().0,
        TODAY_MS,
        "the same day has two points"
    );
    assert!(live.0 % HOUR_MS != 0 && live.0 <= NOW_MS && live.0 > NOW_MS - HOUR_MS);
    let held = vendor
        .truth()
        .defillama_series("protocol", "aave", "tvl", Step::Day, 0, i64::MAX);
    assert_held(&held, midnights, 1e-4);
    let decimals = |usd: f64| {
        usd.to_string()
            .split_once('.')
            .map_or(0, |(_, end)| end.len())
    };
    assert!(midnights.iter().all(|(_, usd)| decimals(*usd) <= 5));
    assert!(midnights.iter().any(|(_, usd)| decimals(*usd) > 2));
    // Just after midnight the first snapshot of the day is not yet taken.
    vendor.set_now(at("2026-05-19T00:00:30Z"));
    let one = pro(&vendor, "/api/protocol/aave").await.json();
    let points = rows(&one["tvl"], "totalLiquidityUSD");
    assert!(points.last().unwrap().0 > TODAY_MS && points.last().unwrap().0 < TODAY_MS + DAY_MS);
    vendor.set_now(at("2026-05-19T00:40:00Z"));
    let one = pro(&vendor, "/api/protocol/aave").await.json();
    let labels: Vec<i64> = rows(&one["tvl"], "totalLiquidityUSD")
        .iter()
        .map(|(ms, _)| *ms)
        .collect();
    assert!(labels.contains(&(TODAY_MS + DAY_MS)));
    vendor.stop().await;
}

#[tokio::test]
async fn parents_are_the_sum_of_their_children_and_listed_nowhere() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let list = pro(&vendor, "/api/protocols").await.json();
    let slugs: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["slug"].as_str().unwrap())
        .collect();
    assert!(!slugs.contains(&"synthetix") && slugs.contains(&"synthetix-v1+v2"));
    let child = with(&list, "slug", "synthetix-v1+v2");
    assert_eq!(
        (&child["id"], &child["parentProtocol"]),
        (&"115".into(), &"parent#synthetix".into())
    );
    assert_eq!(child["parentProtocolSlug"], "synthetix");
    assert!(child["gecko_id"].is_null(), "the token is the parent's");
    let history = async |slug: &str| {
        let one = pro(&vendor, &format!("/api/protocol/{slug}")).await.json();
        (rows(&one["tvl"], "totalLiquidityUSD"), one)
    };
    let (parent, about) = history("synthetix").await;
    assert_eq!(about["id"], "parent#synthetix");
    assert_eq!(about["isParentProtocol"], true);
    assert_eq!(about["gecko_id"], "havven");
    assert_eq!(
        about["otherProtocols"],
        serde_json::json!(["Synthetix", "Synthetix v1+v2", "Synthetix V3"])
    );
    let (a, _) = history("synthetix-v1+v2").await;
    let (encoded, _) = history("synthetix-v1%2Bv2").await;
    assert_eq!(a, encoded);
    let (b, _) = history("synthetix-v3").await;
    for ((sum, a), b) in parent.iter().zip(&a).zip(&b).take(parent.len() - 1) {
        assert!(sum.0 == a.0 && a.0 == b.0 && (sum.1 - a.1 - b.1).abs() < 1e-3);
    }
    vendor.stop().await;
}

#[tokio::test]
async fn chain_tvls_have_sections_and_joined_keys_that_overlap() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let list = pro(&vendor, "/api/protocols").await.json();
    let row = with(&list, "slug", "aave-v3");
    let parts = row["chainTvls"].as_object().unwrap();
    assert!(parts.contains_key("Ethereum") && parts.contains_key("borrowed"));
    assert!(parts.contains_key("Ethereum-borrowed"));
    let chains: f64 = parts
        .iter()
        .filter(|(key, _)| {
            row["chains"]
                .as_array()
                .unwrap()
                .iter()
                .any(|chain| chain == *key)
        })
        .map(|(_, usd)| usd.as_f64().unwrap())
        .sum();
    assert!((chains / row["tvl"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    let all: f64 = parts.values().map(|usd| usd.as_f64().unwrap()).sum();
    assert!(
        all > 1.5 * row["tvl"].as_f64().unwrap(),
        "a sum over all keys counts twice"
    );
    let one = pro(&vendor, "/api/protocol/aave-v3").await.json();
    let columns = one["chainTvls"].as_object().unwrap();
    assert!(columns["Ethereum"]["tokensInUsd"].as_array().unwrap().len() > 1_000);
    assert!(columns["Ethereum"]["tokens"][0]["tokens"]["WETH"].is_number());
    assert!(columns["Ethereum-borrowed"]["tokensInUsd"].is_null());
    assert_eq!(columns["borrowed"]["tokens"], serde_json::json!([]));
    let borrowed = rows(&columns["borrowed"]["tvl"], "totalLiquidityUSD");
    let held =
        vendor
            .truth()
            .defillama_series("protocol", "aave-v3", "borrowed", Step::Day, 0, i64::MAX);
    assert_held(&held, &borrowed[..borrowed.len() - 1], 0.0);
    let current = one["currentChainTvls"].as_object().unwrap();
    assert_eq!(
        current.keys().collect::<Vec<_>>(),
        columns.keys().collect::<Vec<_>>()
    );
    vendor.stop().await;
}

#[tokio::test]
async fn lives_begin_by_the_hour_and_end_with_a_date() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let list = |id: &str, listed: Option<&str>, delisted: Option<&str>| {
        let ms = |text: &str| at(&format!("{text}T00:00:00Z")).unix_timestamp() * 1_000;
        vendor.set_listing(&Listing {
            id: id.to_owned(),
            listed_ms: listed.map(ms),
            delisted_ms: delisted.map(ms),
        });
    };
    list("pendle", Some("2026-05-15"), None);
    let young = pro(&vendor, "/api/protocol/pendle").await.json();
    let points = rows(&young["tvl"], "totalLiquidityUSD");
    assert_eq!(points.len(), 3 * 24 + 13 + 1, "hourly throughout");
    let held = vendor
        .truth()
        .defillama_series("protocol", "pendle", "tvl", Step::Day, 0, i64::MAX);
    assert_eq!(held.len(), 4);
    list("pendle", Some("2026-05-20"), None);
    assert_eq!(
        pro(&vendor, "/api/protocol/pendle").await.status,
        400,
        "not listed yet"
    );
    list("lido-dao", None, Some("2026-05-10"));
    let rows_now = pro(&vendor, "/api/protocols").await.json();
    let ended = with(&rows_now, "slug", "lido");
    assert!(ended["tvl"].is_null());
    assert_eq!(
        ended["deadFrom"],
        at("2026-05-10T00:00:00Z").unix_timestamp()
    );
    let history = pro(&vendor, "/api/protocol/lido").await.json();
    let last = rows(&history["tvl"], "totalLiquidityUSD").last().unwrap().0;
    assert_eq!(last, at("2026-05-09T00:00:00Z").unix_timestamp() * 1_000);
    vendor.stop().await;
}

#[tokio::test]
async fn a_revision_changes_the_past_everywhere_alike() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let day = at("2026-01-10T00:00:00Z").unix_timestamp() * 1_000;
    let held = || {
        vendor
            .truth()
            .defillama_series("protocol", "aave-v3", "tvl", Step::Day, 0, i64::MAX)
    };
    let before = held();
    vendor.set_faults(revised(Revision {
        entity: Some("parent#aave".into()),
        metric: Some(Metric::Tvl),
        from_ms: day,
        to_ms: day + 3 * DAY_MS,
        factor: 1.1,
    }));
    let after = held();
    let moved: Vec<i64> = before
        .iter()
        .zip(&after)
        .filter(|(a, b)| a != b)
        .map(|((ms, _), _)| *ms)
        .collect();
    assert_eq!(moved, [day, day + DAY_MS, day + 2 * DAY_MS]);
    let one = pro(&vendor, "/api/protocol/aave-v3").await.json();
    let points = rows(&one["tvl"], "totalLiquidityUSD");
    assert_held(&after, &points[..points.len() - 1], 0.0);
    vendor.stop().await;
}

#[tokio::test]
async fn the_newer_charts_hold_the_same_points() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let one = pro(&vendor, "/api/protocol/aave").await.json();
    let points = rows(&one["tvl"], "totalLiquidityUSD");
    let chart = pro(&vendor, "/api/v2/chart/tvl/protocol/aave").await.json();
    assert_held(&pairs(&chart), &points, 1e-3);
    let borrowed = pro(&vendor, "/api/v2/chart/tvl/protocol/aave?key=borrowed")
        .await
        .json();
    let all = pro(&vendor, "/api/v2/chart/tvl/protocol/aave?key=all")
        .await
        .json();
    let (borrowed, all) = (pairs(&borrowed), pairs(&all));
    assert!(all[100].1 > points[100].1 + borrowed[100].1 - 1.0);
    assert_held(
        &borrowed,
        &rows(&one["chainTvls"]["borrowed"]["tvl"], "totalLiquidityUSD"),
        1e-3,
    );
    let by_chain = pro(&vendor, "/api/v2/chart/tvl/protocol/aave/chain-breakdown")
        .await
        .json();
    let sums: Vec<(i64, f64)> = by_chain
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_i64().unwrap() * 1_000, sum(row)))
        .collect();
    assert_held(&sums, &points, 1e-2);
    let about = pro(&vendor, "/api/v2/metrics/tvl/protocol/aave")
        .await
        .json();
    assert_eq!(about["currentChainTvls"], one["currentChainTvls"]);
    assert!(about.get("tvl").is_none());
    for path in [
        "protocol/nobody",
        "protocol/aave?key=nonsense",
        "protocol/ethereum",
    ] {
        let reply = pro(&vendor, &format!("/api/v2/chart/tvl/{path}")).await;
        assert_said(&reply, path, 404, "Data not found");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn a_protocol_can_be_sixty_mebibytes() {
    let plan = DefiLlamaPlan {
        protocol_mib: 60,
        ..DefiLlamaPlan::pro()
    };
    let vendor = vendor(plan).await;
    let reply = pro(&vendor, "/api/protocol/lido").await;
    let mib = reply.body.len() >> 20;
    assert!((60..=62).contains(&mib), "{mib}");
    let whole: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&reply.body).unwrap();
    assert!(whole["tokensInUsd"].get().len() > 50 << 20);
    let tvl: Value = serde_json::from_str(whole["tvl"].get()).unwrap();
    let small = support::defillama::vendor(DefiLlamaPlan::pro()).await;
    let plain = pro(&small, "/api/protocol/lido").await;
    assert!(plain.body.len() > 1 << 20);
    assert_eq!(plain.json()["tvl"], tvl);
    small.stop().await;
    vendor.stop().await;
}
