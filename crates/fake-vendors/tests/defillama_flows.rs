//! Fees, volumes and open interest, as the simulated DefiLlama shows them.

mod support;

use std::collections::HashSet;

use fake_vendors::{DefiLlamaPlan, Step};
use support::defillama::{assert_held, assert_said, free, pairs, pro, vendor, with};
use support::{DAY_MS, HOUR_MS, NOW_S, at};

const NOW_MS: i64 = NOW_S * 1_000;
const TODAY_MS: i64 = NOW_MS - NOW_MS % DAY_MS;
const SHORT: &str = "excludeTotalDataChart=true&excludeTotalDataChartBreakdown=true";

#[tokio::test]
async fn flags_are_true_in_any_case_and_everything_else_is_false() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let parts = async |query: &str| {
        let reply = free(&vendor, &format!("/api/overview/dexs?{query}"))
            .await
            .json();
        let filled = |name: &str| !reply[name].as_array().unwrap().is_empty();
        (filled("totalDataChart"), filled("totalDataChartBreakdown"))
    };
    for yes in ["true", "True", "TRUE"] {
        let query = format!("excludeTotalDataChart={yes}&excludeTotalDataChartBreakdown={yes}");
        assert_eq!(parts(&query).await, (false, false), "{yes}");
        assert_eq!(
            parts(&format!("excludeTotalDataChart={yes}")).await,
            (false, true)
        );
    }
    for no in [
        "",
        "excludeTotalDataChart=1&excludeTotalDataChartBreakdown=yes",
        "other=true",
    ] {
        assert_eq!(parts(no).await, (true, true), "{no}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn an_overview_lists_protocols_and_chains_with_what_is_known_of_each() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let reply = pro(
        &vendor,
        &format!("/api/overview/fees?{SHORT}&dataType=dailyFees"),
    )
    .await
    .json();
    let items = reply["protocols"].as_array().unwrap();
    let kinds: HashSet<&str> = items
        .iter()
        .map(|item| item["protocolType"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, HashSet::from(["protocol", "chain"]));
    let quiet = with(&reply["protocols"], "slug", "quiet-dex");
    assert!(quiet["total24h"].is_null() && quiet.get("total24h").is_some());
    assert!(quiet.get("change_1d").is_none() && quiet.get("breakdown24h").is_none());
    assert!(quiet["total7d"].is_number());
    let sum: f64 = items
        .iter()
        .filter_map(|item| item["total24h"].as_f64())
        .sum();
    assert!((reply["total24h"].as_f64().unwrap() - sum).abs() < 1.0);
    let live = vendor
        .truth()
        .defillama_live("global", "", "fees/dailyFees", NOW_MS)
        .unwrap();
    assert!((live - sum).abs() < 1.0);
    let hyper = with(&reply["protocols"], "slug", "hyperliquid-perps");
    assert_eq!(hyper["parentProtocol"], "parent#hyperliquid");
    assert_eq!(
        (&hyper["id"], &hyper["defillamaId"]),
        (&"5507".into(), &"5507".into())
    );
    assert!(hyper["breakdown24h"]["hyperliquid l1"]["Hyperliquid Perps"].is_number());
    assert!(reply.get("revenue24h").is_none() && hyper.get("revenue24h").is_none());
    assert!(reply["chain"].is_null() && reply["breakdown24h"].is_null());
    assert!(
        reply["allChains"]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name == "OP Mainnet")
    );
    let change = reply["change_1d"].as_f64().unwrap();
    assert!((change * 100.0 - (change * 100.0).round()).abs() < 1e-6);
    let whole = |name: &str| reply[name].as_f64().unwrap();
    assert!(whole("total7d") < whole("total30d") && whole("total30d") < whole("total1y"));
    assert!(whole("total1y") < whole("totalAllTime"));
    vendor.stop().await;
}

#[tokio::test]
async fn a_chain_s_own_fees_are_not_the_fees_on_it() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let own = pro(&vendor, "/api/summary/fees/ethereum").await.json();
    assert_eq!(own["protocolType"], "chain");
    let on = pro(&vendor, &format!("/api/overview/fees/ethereum?{SHORT}"))
        .await
        .json();
    assert_eq!(on["chain"], "Ethereum");
    assert!(on["total24h"].as_f64().unwrap() > 1.5 * own["total24h"].as_f64().unwrap());
    assert!(with(&on["protocols"], "slug", "ethereum")["protocolType"] == "chain");
    for spelling in [
        "Ethereum",
        "OP%20Mainnet",
        "op-mainnet",
        "optimism",
        "hyperliquid-l1",
        "Binance",
    ] {
        let path = format!("/api/overview/fees/{spelling}?{SHORT}");
        assert_eq!(pro(&vendor, &path).await.status, 200, "{spelling}");
    }
    let path = "/api/overview/fees/Solana?excludeTotalDataChartBreakdown=true";
    let chart = pairs(&pro(&vendor, path).await.json()["totalDataChart"]);
    let held = vendor.truth().defillama_series(
        "chain",
        "Solana",
        "fees/dailyFees",
        Step::Day,
        0,
        i64::MAX,
    );
    assert_held(&held, &chart[..chart.len() - 1], 0.0);
    vendor.stop().await;
}

#[tokio::test]
async fn today_is_partial_padded_in_overviews_and_amended_for_a_day() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    vendor.set_now(at("2026-05-18T06:00:00Z"));
    let path = "/api/overview/fees?excludeTotalDataChart=false";
    let reply = pro(&vendor, path).await.json();
    let chart = pairs(&reply["totalDataChart"]);
    assert_eq!(chart.last().unwrap().0, TODAY_MS);
    let parts = reply["totalDataChartBreakdown"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(parts[0].as_i64().unwrap() * 1_000, TODAY_MS);
    let seen: f64 = parts[1]
        .as_object()
        .unwrap()
        .values()
        .map(|usd| usd.as_f64().unwrap())
        .sum();
    assert!(
        chart.last().unwrap().1 > seen + 1.0,
        "padded with yesterday's of those without today"
    );
    let held = || {
        vendor
            .truth()
            .defillama_series("global", "", "fees/dailyFees", Step::Day, 0, i64::MAX)
    };
    assert_eq!(
        held().last().unwrap().0,
        TODAY_MS - DAY_MS,
        "today is not held"
    );
    assert_held(&held(), &chart[..chart.len() - 1], 0.0);
    let value = |label: i64| held().into_iter().find(|(ms, _)| *ms == label).unwrap().1;
    vendor.set_now(at("2026-05-19T05:00:00Z"));
    let first = value(TODAY_MS);
    vendor.set_now(at("2026-05-20T05:00:00Z"));
    let second = value(TODAY_MS);
    vendor.set_now(at("2026-07-20T05:00:00Z"));
    assert!((first - second).abs() > 1.0, "amended");
    assert!((second - value(TODAY_MS)).abs() < 0.5, "then it stays");
    vendor.stop().await;
}

#[tokio::test]
async fn a_summary_is_one_protocol_with_its_parts() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let reply = pro(&vendor, "/api/summary/fees/hyperliquid?dataType=dailyFees")
        .await
        .json();
    assert_eq!(
        (&reply["id"], &reply["defillamaId"]),
        (&"parent#hyperliquid".into(), &"parent#hyperliquid".into())
    );
    assert_eq!(reply["childProtocols"].as_array().unwrap().len(), 2);
    assert!(reply["category"].is_null());
    let chart = pairs(&reply["totalDataChart"]);
    assert!(chart.iter().all(|(ms, _)| ms % DAY_MS == 0) && chart.is_sorted_by(|a, b| a.0 < b.0));
    let closed: Vec<_> = chart
        .iter()
        .copied()
        .filter(|(ms, _)| *ms < TODAY_MS)
        .collect();
    let truth = vendor.truth();
    let held = truth.defillama_series(
        "protocol",
        "hyperliquid",
        "fees/dailyFees",
        Step::Day,
        0,
        i64::MAX,
    );
    assert_held(&held, &closed, 0.0);
    let parts = reply["totalDataChartBreakdown"].as_array().unwrap();
    assert!(
        parts.iter().any(|row| row[1].is_null()),
        "some days have lost their parts"
    );
    let version = &parts.iter().rfind(|row| row[1].is_object()).unwrap()[1]["Hyperliquid L1"];
    assert!(version["Hyperliquid Perps"].is_number());
    let fees = async |data: &str| {
        let path = format!("/api/summary/fees/uniswap-v3?dataType={data}");
        pairs(&pro(&vendor, &path).await.json()["totalDataChart"])
    };
    let (revenue, own, holders) = (
        fees("dailyRevenue").await,
        fees("dailyProtocolRevenue").await,
        fees("dailyHoldersRevenue").await,
    );
    for ((a, b), c) in revenue.iter().zip(&own).zip(&holders) {
        assert!((a.1 - b.1 - c.1).abs() < 2.5, "{a:?} {b:?} {c:?}");
    }
    vendor.stop().await;
}

#[tokio::test]
async fn types_have_defaults_and_options_two_of_them() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let total = async |path: &str| {
        pro(&vendor, &format!("/api/overview/{path}")).await.json()["total24h"]
            .as_f64()
            .unwrap()
    };
    for (kind, data) in [
        ("fees", "dailyFees"),
        ("dexs", "dailyVolume"),
        ("derivatives", "dailyVolume"),
        ("aggregators", "dailyVolume"),
        ("options", "dailyPremiumVolume"),
        ("bridge-aggregators", "dailyBridgeVolume"),
        ("open-interest", "openInterestAtEnd"),
    ] {
        let (plain, named) = (
            total(&format!("{kind}?{SHORT}")).await,
            total(&format!("{kind}?{SHORT}&dataType={data}")).await,
        );
        assert!((plain - named).abs() < 0.5 && plain > 0.0, "{kind}");
    }
    let notional = total(&format!("options?{SHORT}&dataType=dailyNotionalVolume")).await;
    vendor.stop().await;
    let plan = DefiLlamaPlan {
        options_notional: true,
        ..DefiLlamaPlan::pro()
    };
    let vendor = support::defillama::vendor(plan).await;
    let reply = pro(&vendor, &format!("/api/overview/options?{SHORT}"))
        .await
        .json();
    assert!((reply["total24h"].as_f64().unwrap() - notional).abs() < 0.5);
    vendor.stop().await;
}

#[tokio::test]
async fn open_interest_is_a_level_and_its_week_a_sum_of_levels() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let reply = pro(&vendor, &format!("/api/overview/open-interest?{SHORT}"))
        .await
        .json();
    let (now, week) = (
        reply["total24h"].as_f64().unwrap(),
        reply["total7d"].as_f64().unwrap(),
    );
    assert!(week > 5.0 * now && week < 9.0 * now);
    let chart = pro(&vendor, "/api/summary/open-interest/hyperliquid")
        .await
        .json();
    let days = pairs(&chart["totalDataChart"]);
    let (today, before) = (days[days.len() - 1], days[days.len() - 2]);
    assert_eq!(today.0, TODAY_MS);
    assert!(
        (today.1 / before.1 - 1.0).abs() < 0.3,
        "a level does not begin at nothing"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn mistakes_are_refused_as_the_vendor_does() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let not_found = "Fees for no-such-protocol not found, please visit /overview/fees to see available protocols";
    let cases = [
        ("/api/summary/fees/no-such-protocol", 400, not_found),
        (
            "/api/summary/dexs/lido",
            400,
            "Dexs for lido not found, please visit /overview/dexs to see available protocols",
        ),
        ("/api/overview/fees/nochain", 500, "Internal server error"),
        ("/api/overview/fees?dataType=nope", 500, "Internal Error"),
        ("/api/overview/nonsense", 500, "Internal Error"),
        ("/api/overview/active-users", 500, "Internal Error"),
        (
            "/api/overview/dexs?dataType=dailyNotionalVolume",
            500,
            "Internal Error",
        ),
        (
            "/api/summary/fees/lido?dataType=dailyVolume",
            500,
            "Internal Error",
        ),
        ("/api/v2/chart/fees/protocol/nobody", 404, "Data not found"),
        ("/api/v2/chart/fees/chain/nochain", 404, "Data not found"),
        ("/api/v2/metrics/dexs/protocol/lido", 404, "Data not found"),
        ("/api/v2/chart/fees?dataType=nope", 500, "Internal Error"),
    ];
    for (path, status, text) in cases {
        assert_said(&pro(&vendor, path).await, path, status, text);
    }
    vendor.stop().await;
}

#[tokio::test]
async fn rolling_days_move_by_the_hour_and_reported_ones_by_the_day() {
    let vendor = vendor(DefiLlamaPlan::pro()).await;
    let (mut hourly, mut daily) = (0, 0);
    let list = async |now: &str| {
        vendor.set_now(at(now));
        pro(&vendor, &format!("/api/overview/fees?{SHORT}"))
            .await
            .json()["protocols"]
            .clone()
    };
    let (before, after) = (
        list("2026-05-18T12:30:00Z").await,
        list("2026-05-18T13:30:00Z").await,
    );
    for row in before.as_array().unwrap() {
        let later = with(&after, "slug", row["slug"].as_str().unwrap());
        if row["total24h"] == later["total24h"] {
            daily += 1;
        } else {
            hourly += 1;
        }
    }
    assert!(hourly > 10 && daily > 3, "{hourly} {daily}");
    let live = |hour: i64| {
        vendor.truth().defillama_live(
            "protocol",
            "uniswap-v3",
            "dexs/dailyVolume",
            TODAY_MS + hour * HOUR_MS,
        )
    };
    assert!(live(12).is_some());
    vendor.stop().await;
}
