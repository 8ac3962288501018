//! Charts of fees and volumes as the simulated DefiLlama shows them: the newer paths, revisions, sizes.

mod support;

use fake_vendors::{DefiLlamaPlan, Metric, Revision, Step};
use support::defillama::{assert_held, knowing, pairs, pro, sum, vendor};
use support::{DAY_MS, NOW_S, at, revised};

const NOW_MS: i64 = NOW_S * 1_000;
const TODAY_MS: i64 = NOW_MS - NOW_MS % DAY_MS;
const SHORT: &str = "excludeTotalDataChart=true&excludeTotalDataChartBreakdown=true";

#[tokio::test]
async fn the_newer_charts_are_the_older_ones_without_the_rest() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let json = async |path: &str| pro(&vendor, &format!("/api{path}")).await.json();
    let overview = json("/overview/fees").await;
    assert_eq!(json("/v2/chart/fees").await, overview["totalDataChart"]);
    assert_eq!(
        json("/v2/chart/fees/protocol-breakdown").await,
        overview["totalDataChartBreakdown"]
    );
    let summary = json("/summary/fees/uniswap").await;
    assert_eq!(
        json("/v2/chart/fees/protocol/uniswap").await,
        summary["totalDataChart"]
    );
    let solana = json("/overview/dexs/Solana").await;
    assert_eq!(
        json("/v2/chart/dexs/chain/Solana").await,
        solana["totalDataChart"]
    );
    assert_eq!(
        json("/v2/chart/dexs/chain/Solana/protocol-breakdown").await,
        solana["totalDataChartBreakdown"]
    );
    let metrics = json("/v2/metrics/fees").await;
    assert_eq!(metrics["total24h"], overview["total24h"]);
    assert_eq!(metrics["allChains"], overview["allChains"]);
    assert_eq!(
        json("/v2/metrics/dexs/chain/Solana").await["chain"],
        "Solana"
    );
    assert_eq!(
        json("/v2/metrics/fees/protocol/uniswap").await["total7d"],
        summary["total7d"]
    );
    let by_chain = json("/v2/chart/fees/protocol/uniswap/chain-breakdown").await;
    let versions = json("/v2/chart/fees/protocol/uniswap/version-breakdown").await;
    for (chains, versions) in by_chain
        .as_array()
        .unwrap()
        .iter()
        .zip(versions.as_array().unwrap())
    {
        assert!(
            (sum(chains) - sum(versions)).abs() < 60.0,
            "{chains} {versions}"
        );
    }
    for kind in ["liquidations", "normalized-volume", "active-users"] {
        assert!(
            !json(&format!("/v2/chart/{kind}"))
                .await
                .as_array()
                .unwrap()
                .is_empty(),
            "{kind}"
        );
    }
    let users =
        json("/v2/chart/active-users/protocol/uniswap?dataType=dailyTransactionCount").await;
    assert!(pairs(&users).len() > 1_000);
    vendor.stop().await;
}

#[tokio::test]
async fn everything_can_be_tens_of_megabytes() {
    let ids: Vec<String> = (0..250)
        .map(|n| format!("protocol:a-very-long-name-of-a-protocol-{n}:{}", 50_000 + n))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = knowing(&ids).await;
    let reply = pro(&vendor, "/api/overview/fees").await;
    assert!(reply.body.len() > 20 << 20, "{}", reply.body.len());
    let short = pro(&vendor, &format!("/api/overview/fees?{SHORT}")).await;
    assert!(short.body.len() < 1 << 19, "{}", short.body.len());
    vendor.stop().await;
}

#[tokio::test]
async fn a_revision_of_fees_reaches_everything_made_of_them() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let day = at("2024-03-10T00:00:00Z").unix_timestamp() * 1_000;
    let held = |metric: &str| {
        vendor
            .truth()
            .defillama_series("protocol", "lido", metric, Step::Day, 0, i64::MAX)
    };
    let metrics = ["fees/dailyFees", "fees/dailyRevenue"];
    let before: Vec<_> = metrics.iter().map(|metric| held(metric)).collect();
    vendor.set_faults(revised(Revision {
        entity: Some("lido-dao".into()),
        metric: Some(Metric::FeesDay),
        from_ms: day,
        to_ms: day + 2 * DAY_MS,
        factor: 3.0,
    }));
    for (metric, before) in metrics.iter().zip(before) {
        let after = held(metric);
        let moved: Vec<i64> = before
            .iter()
            .zip(&after)
            .filter(|(a, b)| a != b)
            .map(|((ms, _), _)| *ms)
            .collect();
        assert_eq!(moved, [day, day + DAY_MS], "{metric}");
    }
    let served = pro(&vendor, "/api/summary/fees/lido").await.json();
    let closed: Vec<_> = pairs(&served["totalDataChart"])
        .into_iter()
        .filter(|(ms, _)| *ms < TODAY_MS)
        .collect();
    assert_held(&held("fees/dailyFees"), &closed, 0.0);
    vendor.stop().await;
}
