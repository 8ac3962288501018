//! Switches, faults, revisions and truth of the simulated Artemis, over real HTTP.

mod support;

use std::time::{Duration, Instant};

use fake_vendors::{ArtemisStep, FakeVendor, Fault, Listing, Revision, Rule};
use serde_json::{Value, json};
use support::artemis::{artemis, ask, dated, dates, kept, numbers, sample};
use support::{DAY_MS, control, one, revised};

const YEAR: (&str, &str) = ("2025-01-01", "2025-12-31");
const WEEK: (&str, &str) = ("2026-05-01", "2026-05-07");
const PATH: &str = "/data/api/PRICE,TVL/?symbols=btc,shib&startDate=2026-05-01&endDate=2026-05-07";
/// 2025-01-01T00:00:00Z.
const YEAR_MS: i64 = 1_735_689_600_000;

async fn cells(plan: &str, metrics: &str, symbols: &str, days: (&str, &str)) -> Value {
    let vendor = artemis(plan).await;
    let cells = dated(&vendor, metrics, symbols, days).await;
    vendor.stop().await;
    cells
}

fn truth(vendor: &FakeVendor, symbol: &str, metric: &str) -> Vec<(i64, f64)> {
    let to_ms = YEAR_MS + 365 * DAY_MS;
    vendor
        .truth()
        .artemis_series(symbol, metric, ArtemisStep::Day, YEAR_MS, to_ms)
}

#[tokio::test]
async fn the_truth_is_what_the_answers_hold_whatever_they_look_like() {
    for plan in [
        "enterprise",
        "enterprise+holes",
        "enterprise+holes+strings+unsorted+stamps",
        "free+recased+strings",
    ] {
        let vendor = artemis(plan).await;
        for (symbol, metric) in [
            ("btc", "PRICE"),
            ("ltc", "FEES"),
            ("usdc-sol", "STABLECOIN_SUPPLY"),
            ("eq-ibm", "PRICE"),
            ("matic", "PRICE"),
            ("sol", "WEEKLY_DEVS_CORE"),
        ] {
            let answer = dated(&vendor, metric, symbol, YEAR).await;
            let by_symbol = answer.as_object().unwrap().values().next().unwrap();
            let mut held = kept(by_symbol.as_object().unwrap().values().next().unwrap());
            held.sort_by_key(|(day, _)| *day);
            assert_eq!(
                held,
                truth(&vendor, symbol, metric),
                "{plan} {symbol} {metric}"
            );
            assert!(held.len() > 40, "{plan} {symbol} {metric}");
        }
        vendor.stop().await;
    }
}

#[tokio::test]
async fn the_truth_is_told_by_the_control_route_too() {
    let vendor = artemis("enterprise").await;
    let path =
        "/truth?symbol=eq-coin&metric=NET_INCOME&granularity=QUARTER&from=2025-01-01&to=2026-01-01";
    let told = control(&vendor, "GET", path, "").await.json();
    let held = vendor.truth().artemis_series(
        "eq-coin",
        "net_income",
        ArtemisStep::Quarter,
        YEAR_MS,
        YEAR_MS + 365 * DAY_MS,
    );
    assert_eq!(told, json!(held));
    assert_eq!(held.len(), 4);
    assert!(
        truth(&vendor, "eq-coin", "NET_INCOME").is_empty(),
        "by the quarter alone"
    );
    assert!(truth(&vendor, "btc", "30D_VOLUME").is_empty());
    assert!(truth(&vendor, "nobody", "PRICE").is_empty());
    for (ask, said) in [
        (
            "metric=PRICE&from=2025-01-01&to=2026-01-01",
            "`symbol` is missing",
        ),
        (
            "coin=btc&from=2025-01-01&to=2026-01-01",
            "`coin` is none of",
        ),
        (
            "symbol=btc&metric=PRICE&granularity=H&from=2025-01-01&to=2026-01-01",
            "`granularity`",
        ),
    ] {
        let refused = control(&vendor, "GET", &format!("/truth?{ask}"), "").await;
        assert!(
            refused.status == 400 && refused.text().contains(said),
            "{ask}"
        );
    }
    vendor.stop().await;
}

#[tokio::test]
async fn holes_are_absent_null_or_without_val() {
    let answer = cells("enterprise+holes", "PRICE", "btc", YEAR).await;
    let points = answer["btc"]["PRICE"].as_array().unwrap();
    let null = points
        .iter()
        .filter(|point| point.get("val") == Some(&Value::Null))
        .count();
    let missing = points
        .iter()
        .filter(|point| point.get("val").is_none())
        .count();
    let absent = 365 - points.len();
    for (kind, count) in [("null", null), ("missing", missing), ("absent", absent)] {
        assert!((1..25).contains(&count), "{count} {kind}");
    }
}

#[tokio::test]
async fn numbers_dates_and_order_change_their_looks() {
    let plain = cells("enterprise", "PRICE", "btc", WEEK).await;
    let odd = cells("enterprise+strings+stamps+unsorted", "PRICE", "btc", YEAR).await;
    let points = odd["btc"]["PRICE"].as_array().unwrap();
    let strings = points
        .iter()
        .filter(|point| point["val"].is_string())
        .count();
    assert!((80..170).contains(&strings), "{strings} of 365");
    assert_eq!(points[0]["date"], "2025-12-31 00:00:00", "the newest first");
    assert_eq!(points[1]["date"], "2025-12-30T00:00:00Z");
    let same = cells("enterprise+strings+stamps+unsorted", "PRICE", "btc", WEEK).await;
    let mut same = kept(&same["btc"]["PRICE"]);
    same.reverse();
    assert_eq!(same, kept(&plain["btc"]["PRICE"]));
}

#[tokio::test]
async fn the_levels_change_their_looks() {
    let plain = cells("enterprise", "PRICE,Tvl", "btc,Shib", WEEK).await;
    let recased = cells("enterprise+recased", "PRICE,Tvl", "btc,Shib", WEEK).await;
    assert_eq!(recased["BTC"]["price"], plain["btc"]["PRICE"]);
    assert_eq!(recased["SHIB"]["tvl"], plain["Shib"]["Tvl"]);
    let bare = artemis("enterprise+bare").await;
    let body = ask(&bare, PATH).await.json();
    assert!(body["data"].get("symbols").is_none());
    assert_eq!(body["data"]["btc"]["PRICE"], plain["btc"]["PRICE"]);
    bare.stop().await;
    let named = cells("enterprise+named", "PRICE", "nobody,btc", WEEK).await;
    assert_eq!(named["nobody"], "Latest data not available for this asset.");
    assert!(named["btc"]["PRICE"].is_array());
    let messages = artemis("enterprise+messages").await;
    let early = PATH.replace("2026-05", "2010-05");
    assert_eq!(
        ask(&messages, &early).await.json(),
        sample("symbols_is_message")
    );
    assert!(ask(&messages, PATH).await.json()["data"]["symbols"].is_object());
    let nobody = dated(&messages, "PRICE", "nobody", WEEK).await;
    assert_eq!(nobody, json!({}));
    messages.stop().await;
}

#[tokio::test]
async fn series_are_cut_where_that_is_switched_on_or_asked_for() {
    let long = ("2020-01-01", "2025-12-31");
    let cut = cells("enterprise+cut", "PRICE", "btc,hype", long).await;
    let days = dates(&cut["btc"]["PRICE"]);
    assert_eq!((days.len(), days.last()), (1_000, Some(&"2025-12-31")));
    assert_eq!(
        dates(&cut["hype"]["PRICE"])[0],
        "2024-11-29",
        "shorter ones are whole"
    );
    let vendor = artemis("enterprise").await;
    let limited = ask(&vendor, &format!("{PATH}&limit=3")).await.json();
    let days = dates(&limited["data"]["symbols"]["btc"]["PRICE"]).len();
    assert_eq!(days, 3);
    let summary = ask(&vendor, &format!("{PATH}&summarize=true")).await.json();
    let prices = dated(&vendor, "PRICE", "btc", WEEK).await;
    let prices = numbers(&prices["btc"]["PRICE"]);
    let change = summary["data"]["symbols"]["btc"]["PRICE"].as_f64().unwrap();
    assert!((change - (prices[6] / prices[0] - 1.0)).abs() < 1e-12);
    vendor.stop().await;
}

#[tokio::test]
async fn the_end_may_be_exclusive_and_undated_cells_may_be_lists() {
    let open = cells("enterprise+half-open", "PRICE", "btc", WEEK).await;
    assert_eq!(dates(&open["btc"]["PRICE"]).last(), Some(&"2026-05-06"));
    let lists = artemis("enterprise+lists").await;
    let path = "/data/api/STABLECOIN_SUPPLY,PRICE/?symbols=usdc";
    let cells = ask(&lists, path).await.json()["data"]["symbols"]["usdc"].take();
    assert_eq!(dates(&cells["STABLECOIN_SUPPLY"]), ["2026-05-18"]);
    assert!(cells["PRICE"].is_number());
    lists.stop().await;
}

#[tokio::test]
async fn dead_assets_stop_or_decay_and_go_on() {
    let days = ("2025-03-01", "2025-12-31");
    let stopped = cells("enterprise", "PRICE", "matic", days).await;
    assert_eq!(
        dates(&stopped["matic"]["PRICE"]).last(),
        Some(&"2025-03-19")
    );
    let lingering = cells("enterprise+lingering", "PRICE,MC", "matic", days).await;
    let prices = numbers(&lingering["matic"]["PRICE"]);
    assert_eq!(prices.len(), 306);
    assert!(prices[305] > 0.0 && prices[305] < 1e-10 * prices[0]);
    let vendor = artemis("enterprise").await;
    let ended = Listing {
        id: "sol".to_owned(),
        listed_ms: None,
        delisted_ms: Some(YEAR_MS),
    };
    vendor.set_listing(&ended);
    let gone = dated(&vendor, "PRICE,FEES", "sol", ("2024-12-30", "2025-02-01")).await;
    for metric in ["PRICE", "FEES"] {
        assert_eq!(
            dates(&gone["sol"][metric]),
            ["2024-12-30", "2024-12-31"],
            "{metric}"
        );
    }
    vendor.stop().await;
}

#[tokio::test]
async fn refusals_on_demand_are_in_the_vendor_s_words() {
    let vendor = artemis("enterprise").await;
    let throttled = |retry_after| Fault::Status429 {
        retry_after,
        reset_header: true,
    };
    let html = "<html><body>Internal Server Error</body></html>";
    let cases = [
        (throttled(Some(2)), 429, "Too Many Requests"),
        (throttled(None), 429, "Too Many Requests"),
        (Fault::ThrottledText, 429, "Too Many Requests"),
        (Fault::MonthSpent, 429, "Too Many Requests"),
        (Fault::Status500, 500, html),
        (Fault::Status502, 502, "Bad Gateway"),
        (Fault::Html403, 403, "<html>"),
        (
            Fault::Message,
            200,
            "Latest data not available for this asset.",
        ),
    ];
    for (fault, status, text) in cases {
        vendor.set_faults(one(Rule::times("/data/api", 1, fault.clone())));
        let reply = ask(&vendor, PATH).await;
        assert_eq!(reply.status, status, "{fault:?}");
        assert!(reply.text().contains(text), "{fault:?}");
        let seconds = match fault {
            Fault::Status429 { retry_after, .. } => retry_after.map(|seconds| seconds.to_string()),
            _ => None,
        };
        assert_eq!(reply.header("retry-after"), seconds.as_deref());
        assert_eq!(ask(&vendor, PATH).await.status, 200, "once only");
    }
    let faulty = vendor
        .requests()
        .into_iter()
        .filter(|one| one.fault.is_some());
    assert_eq!(faulty.count(), 8);
    vendor.stop().await;
}

#[tokio::test]
async fn bodies_are_cut_emptied_and_thinned() {
    let vendor = artemis("enterprise").await;
    let whole = ask(&vendor, PATH).await;
    let spoiled = async |path: &str, fault: Fault| {
        vendor.set_faults(one(Rule::always("", fault)));
        ask(&vendor, path).await
    };
    let cut = spoiled(PATH, Fault::CutJson).await;
    assert_eq!(
        (cut.status, cut.cut, cut.body.len()),
        (200, false, whole.body.len() / 2)
    );
    let broken = spoiled(PATH, Fault::CutConnection).await;
    assert_eq!((broken.status, broken.cut), (200, true));
    let throttled = spoiled(PATH, Fault::NoBody).await;
    assert_eq!((throttled.status, throttled.body.len()), (200, 0));
    let empty = spoiled(PATH, Fault::Empty).await;
    assert_eq!(empty.text(), r#"{"data":{"symbols":{}}}"#);
    let dropped = |ids: &[&str]| Fault::DropIds {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let thinned = spoiled(PATH, dropped(&["btc"])).await.json();
    let left = thinned["data"]["symbols"].as_object().unwrap();
    assert_eq!(left.keys().collect::<Vec<_>>(), ["shib"]);
    let assets = spoiled("/asset/symbols/", dropped(&["bitcoin"]))
        .await
        .json();
    let mut ids = assets["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["artemis_id"]);
    assert!(ids.len() > 40 && ids.all(|id| id != "bitcoin"));
    let assets = spoiled("/asset/symbols/", Fault::Empty).await;
    assert_eq!(assets.text(), r#"{"assets":[]}"#);
    let begun = Instant::now();
    let late = spoiled(PATH, Fault::Slow { ms: 150 }).await;
    assert!(begun.elapsed() >= Duration::from_millis(150));
    assert_eq!(late.body, whole.body);
    vendor.set_faults(one(Rule::always("", Fault::Hang)));
    let hanging = tokio::time::timeout(Duration::from_millis(100), ask(&vendor, PATH)).await;
    assert!(hanging.is_err());
    vendor.stop().await;
}

#[tokio::test]
async fn a_revision_reaches_answers_and_truth_and_what_is_derived() {
    let vendor = artemis("enterprise").await;
    let metrics = "PRICE,FEES,DAU,TXNS";
    let before = dated(&vendor, metrics, "sol,btc", WEEK).await;
    // 2026-05-03 to 2026-05-05.
    let (from_ms, to_ms) = (1_777_766_400_000, 1_777_766_400_000 + 2 * DAY_MS);
    vendor.set_faults(revised(Revision {
        entity: Some("sol".into()),
        metric: None,
        from_ms,
        to_ms,
        factor: 1.25,
    }));
    let after = dated(&vendor, metrics, "sol,btc", WEEK).await;
    assert_eq!(after["btc"], before["btc"]);
    for metric in ["PRICE", "FEES", "DAU", "TXNS"] {
        let series = |cells: &Value| numbers(&cells["sol"][metric]);
        let ratios: Vec<f64> = series(&after)
            .iter()
            .zip(series(&before))
            .map(|(a, b)| a / b)
            .collect();
        for (day, ratio) in ratios.iter().enumerate() {
            let expected = if (2..4).contains(&day) { 1.25 } else { 1.0 };
            assert!((ratio - expected).abs() < 1e-4, "{metric} {day}: {ratio}");
        }
    }
    let held = vendor
        .truth()
        .artemis_series("sol", "FEES", ArtemisStep::Day, from_ms, to_ms);
    assert_eq!(held, kept(&after["sol"]["FEES"])[2..4]);
    vendor.stop().await;
}
