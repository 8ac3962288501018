//! Dated and latest values of the simulated Artemis, over real HTTP.

mod support;

use std::time::Duration;

use fake_vendors::{ArtemisPlan, FakeVendor, Metric, Options};
use serde_json::{Value, json};
use support::artemis::{artemis, ask, dated, dates, numbers, options, outline, sample};
use support::{DAY_MS, at, frozen};

/// 2026-05-01T00:00:00Z.
const MAY_MS: i64 = 1_777_593_600_000;
const MAY: (&str, &str) = ("2026-05-01", "2026-05-05");

#[tokio::test]
async fn histories_have_the_shape_of_the_sample_and_the_world_s_values() {
    let vendor = artemis("enterprise").await;
    let path = "/data/api/PRICE,MC/?symbols=btc,eth&startDate=2026-05-01&endDate=2026-05-05";
    let reply = ask(&vendor, path).await;
    assert_eq!(outline(&reply.json()), outline(&sample("metrics_history")));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let encoded = path.replace(',', "%2C");
    assert_eq!(ask(&vendor, &encoded).await.body, reply.body);
    let prices = &reply.json()["data"]["symbols"]["btc"]["PRICE"];
    let days = [
        "2026-05-01",
        "2026-05-02",
        "2026-05-03",
        "2026-05-04",
        "2026-05-05",
    ];
    assert_eq!(dates(prices), days, "both ends inclusive, ascending");
    let truth = vendor.truth();
    for (day, price) in (0..).zip(numbers(prices)) {
        let at_ms = MAY_MS + day * DAY_MS;
        let known = truth.value("bitcoin", Metric::Price, at_ms).unwrap();
        assert_eq!(price.to_bits(), known.to_bits(), "the value at 00:00 UTC");
    }
    let volume =
        "/data/api/STABLECOIN_TRANSFER_VOLUME/?symbols=sol&startDate=2026-05-01&endDate=2026-05-02";
    assert_eq!(
        outline(&ask(&vendor, volume).await.json()),
        outline(&sample("stablecoin_transfer_volume_sol"))
    );
    vendor.stop().await;
}

#[tokio::test]
async fn a_sentence_stands_where_there_is_no_series_and_the_other_pairs_are_good() {
    let vendor = artemis("enterprise").await;
    let metrics = "PRICE,PERP_VOLUME,30D_VOLUME,NO_SUCH_METRIC";
    let mixed = dated(
        &vendor,
        metrics,
        "btc,hype,mev",
        ("2024-01-01", "2024-01-02"),
    )
    .await;
    let expected = &sample("metrics_mixed_messages")["data"]["symbols"];
    for symbol in ["btc", "hype", "mev"] {
        for (metric, cell) in expected[symbol].as_object().unwrap() {
            if cell.is_string() {
                assert_eq!(&mixed[symbol][metric], cell, "{symbol} {metric}");
            } else {
                assert!(mixed[symbol][metric].is_array(), "{symbol} {metric}");
            }
        }
    }
    assert_eq!(mixed["hype"]["PRICE"], json!([]), "known, not yet listed");
    assert_eq!(dates(&mixed["btc"]["PRICE"]).len(), 2);
    let none = dated(
        &vendor,
        "TVL,VOLATILITY_90D_ANN,PRICE",
        "shib,usdc-eth,eq-nvda",
        MAY,
    )
    .await;
    let lacking = "Metric not available for asset.";
    assert_eq!(none["shib"]["TVL"], lacking);
    assert_eq!(none["shib"]["VOLATILITY_90D_ANN"], lacking);
    assert_eq!(none["usdc-eth"]["PRICE"], lacking);
    assert_eq!(none["eq-nvda"]["TVL"], lacking);
    vendor.stop().await;
}

#[tokio::test]
async fn the_answer_is_spelled_like_the_question() {
    let vendor = artemis("enterprise").await;
    let answer = dated(
        &vendor,
        "price,Mc,DAILY_TXNS",
        "BTC,bitcoin,nobody,btc,btc",
        MAY,
    )
    .await;
    let symbols = answer.as_object().unwrap();
    assert_eq!(
        symbols.keys().collect::<Vec<_>>(),
        ["BTC", "bitcoin", "btc"]
    );
    assert_eq!(symbols["BTC"], symbols["bitcoin"]);
    let metrics = symbols["BTC"].as_object().unwrap();
    assert!(
        ["price", "Mc", "DAILY_TXNS"]
            .iter()
            .all(|name| metrics[*name].is_array())
    );
    let newer = dated(&vendor, "TXNS", "btc", MAY).await;
    assert_eq!(newer["btc"]["TXNS"], metrics["DAILY_TXNS"]);
    let twins = dated(&vendor, "PRICE", "luna,lunc,terra,terra2,M,m", MAY).await;
    assert_eq!(twins["terra"], twins["lunc"]);
    assert_eq!(twins["terra2"], twins["luna"]);
    assert_ne!(twins["luna"], twins["lunc"]);
    assert_eq!(twins["m"], twins["M"], "no other asset is called so");
    for nothing in [
        "PRICE/?symbols=nobody&startDate=2026-05-01",
        "PRICE/?startDate=2026-05-01",
    ] {
        let reply = ask(&vendor, &format!("/data/api/{nothing}")).await;
        assert_eq!(reply.text(), r#"{"data":{"symbols":{}}}"#);
    }
    let form = dated(
        &vendor,
        "STABLECOIN_SUPPLY",
        "usdc,usdc-eth,payments-eth,cex-sol,eth",
        MAY,
    )
    .await;
    for symbol in ["usdc", "usdc-eth", "payments-eth", "cex-sol", "eth"] {
        assert_eq!(
            dates(&form[symbol]["STABLECOIN_SUPPLY"]).len(),
            5,
            "{symbol}"
        );
    }
    let first = |symbol: &str| numbers(&form[symbol]["STABLECOIN_SUPPLY"])[0];
    assert!(first("usdc-eth") < first("usdc"));
    vendor.stop().await;
}

#[tokio::test]
async fn undated_cells_are_bare() {
    let vendor = artemis("enterprise").await;
    let metrics = "PRICE,MC,24H_PRICE_CHG_PCT,DAU,FEES";
    let path = format!("/data/api/{metrics}/?symbols=btc,hype,mev");
    let latest = ask(&vendor, &path).await.json();
    let (cells, known) = (&latest["data"]["symbols"], sample("metrics_latest"));
    assert_eq!(
        outline(&cells["btc"]),
        outline(&known["data"]["symbols"]["btc"])
    );
    for metric in ["PRICE", "MC", "24H_PRICE_CHG_PCT"] {
        assert_eq!(
            cells["mev"][metric],
            known["data"]["symbols"]["mev"][metric]
        );
    }
    assert!(
        cells["btc"]["24H_PRICE_CHG_PCT"].as_f64().unwrap().abs() < 1.0,
        "a fraction"
    );
    let path = "/data/api/ATH,ATH_DATE,ATL,MAX_SUPPLY,CIRC_SUPPLY,30D_VOLUME,24H_PRICE_HIGH,24H_PRICE_LOW,\
                PRICE,STABLECOIN_AVG_DAU/?symbols=btc,eth,matic";
    let latest = ask(&vendor, path).await.json()["data"]["symbols"].take();
    let number = |symbol: &str, metric: &str| latest[symbol][metric].as_f64().unwrap();
    assert_eq!(latest["btc"]["ATH_DATE"].as_str().unwrap().len(), 10);
    assert!(number("btc", "ATH") >= number("btc", "24H_PRICE_HIGH"));
    assert!(number("btc", "24H_PRICE_HIGH") >= number("btc", "PRICE"));
    assert!(number("btc", "PRICE") >= number("btc", "24H_PRICE_LOW"));
    assert!(number("btc", "24H_PRICE_LOW") >= number("btc", "ATL"));
    assert_eq!(latest["btc"]["MAX_SUPPLY"], 21_000_000);
    assert!(latest["eth"]["MAX_SUPPLY"].is_null());
    assert!(number("btc", "30D_VOLUME") > 1e11);
    let stale = "Latest data not available for this asset.";
    assert_eq!(latest["matic"]["PRICE"], stale, "delisted");
    assert_eq!(
        latest["eth"]["STABLECOIN_AVG_DAU"], stale,
        "listed, never served"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn today_grows_and_yesterday_s_chain_is_late() {
    let vendor = frozen(options(ArtemisPlan::enterprise().updating_at(9))).await;
    let read = async |vendor: &FakeVendor| {
        dated(
            vendor,
            "PRICE,24H_VOLUME,FEES,TVL,WEEKLY_COMMITS_CORE",
            "btc",
            ("2026-05-10", "2026-05-20"),
        )
        .await["btc"]
            .take()
    };
    vendor.set_now(at("2026-05-18T08:59:59Z"));
    let early = read(&vendor).await;
    assert_eq!(dates(&early["PRICE"]).last(), Some(&"2026-05-18"));
    assert_eq!(dates(&early["FEES"]).last(), Some(&"2026-05-16"));
    assert!(dates(&early["WEEKLY_COMMITS_CORE"]).is_empty());
    vendor.set_now(at("2026-05-18T09:00:00Z"));
    let fed = read(&vendor).await;
    assert_eq!(dates(&fed["FEES"]).last(), Some(&"2026-05-18"));
    assert_eq!(
        dates(&fed["WEEKLY_COMMITS_CORE"]),
        ["2026-05-11"],
        "Mondays, once over"
    );
    vendor.set_now(at("2026-05-18T20:00:00Z"));
    let late = read(&vendor).await;
    let last = |cells: &Value, metric: &str| *numbers(&cells[metric]).last().unwrap();
    for metric in ["24H_VOLUME", "FEES"] {
        assert!(
            last(&late, metric) > 2.0 * last(&fed, metric),
            "{metric} grows"
        );
    }
    assert_ne!(
        last(&late, "PRICE").to_bits(),
        last(&fed, "PRICE").to_bits()
    );
    vendor.advance(Duration::from_secs(86_400));
    let next = read(&vendor).await;
    for metric in ["PRICE", "24H_VOLUME", "FEES", "TVL"] {
        let count = numbers(&late[metric]).len() - 1;
        assert_eq!(
            numbers(&late[metric])[..count],
            numbers(&next[metric])[..count],
            "{metric}: finished"
        );
    }
    assert_eq!(
        dates(&next["PRICE"]).last(),
        Some(&"2026-05-19"),
        "nothing after today"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn overlapping_windows_and_restarts_agree() {
    let one = artemis("enterprise+holes").await;
    let long = dated(
        &one,
        "PRICE,FEES,DAU",
        "sol,aave",
        ("2025-01-01", "2025-12-31"),
    )
    .await;
    let short = dated(
        &one,
        "DAU,PRICE,FEES",
        "aave,sol",
        ("2025-03-01", "2025-03-31"),
    )
    .await;
    one.stop().await;
    let two = artemis("enterprise+holes").await;
    let again = dated(
        &two,
        "PRICE,FEES,DAU",
        "sol,aave",
        ("2025-01-01", "2025-12-31"),
    )
    .await;
    assert_eq!(long, again);
    two.stop().await;
    for symbol in ["sol", "aave"] {
        for metric in ["PRICE", "FEES", "DAU"] {
            let (long, short) = (
                long[symbol][metric].as_array().unwrap(),
                &short[symbol][metric],
            );
            let within = |point: &&Value| point["date"].as_str().unwrap().starts_with("2025-03");
            let inner: Vec<_> = long.iter().filter(within).cloned().collect();
            assert_eq!(&Value::Array(inner), short, "{symbol} {metric}");
        }
    }
}

#[tokio::test]
async fn hundreds_of_assets_fill_tens_of_megabytes_and_more_is_too_much() {
    let ids: Vec<String> = (0..250)
        .map(|n| format!("made{n}:made-up-{n}:chain"))
        .collect();
    let vendor = frozen(Options {
        extra_ids: ids,
        ..options(ArtemisPlan::enterprise())
    })
    .await;
    let symbols: Vec<String> = (0..250).map(|n| format!("made{n}")).collect();
    let path = |metrics: &str, start: &str| {
        let symbols = symbols.join(",");
        format!("/data/api/{metrics}/?symbols={symbols}&startDate={start}&endDate=2026-05-17")
    };
    let reply = ask(&vendor, &path("PRICE", "2018-01-01")).await;
    let answer = reply.json()["data"]["symbols"].take();
    assert_eq!(answer.as_object().unwrap().len(), 250);
    let points: usize = answer
        .as_object()
        .unwrap()
        .values()
        .map(|one| dates(&one["PRICE"]).len())
        .sum();
    assert!(points > 300_000, "{points} points");
    assert!(reply.body.len() > 10_000_000, "{} bytes", reply.body.len());
    let twelve = "PRICE,MC,FDMC,24H_VOLUME,FEES,REVENUE,TVL,DAU,TXNS,NEW_USERS,AVG_TXN_FEE,CIRCULATING_SUPPLY_NATIVE";
    let week = ask(&vendor, &path(twelve, "2026-05-10")).await.json();
    for symbol in &symbols {
        let cells = week["data"]["symbols"][symbol].as_object().unwrap();
        assert!(
            cells.values().all(|cell| dates(cell).len() == 8),
            "{symbol}"
        );
    }
    let overload = ask(&vendor, &path(twelve, "2018-01-01")).await;
    assert_eq!((overload.status, overload.body.len()), (200, 0));
    vendor.stop().await;
}
