//! Buckets, equities and odd values of the simulated Artemis, over real HTTP.

mod support;

use serde_json::Value;
use support::artemis::{artemis, ask, dated, dates, kept, numbers, outline, sample};
use support::at;

#[tokio::test]
async fn buckets_are_labelled_by_their_beginning() {
    let vendor = artemis("enterprise").await;
    let read = async |step: &str| {
        let path = format!(
            "/data/api/PRICE,FEES,DAU/?symbols=ltc&startDate=2025-01-01&endDate=2026-05-18&granularity={step}"
        );
        ask(&vendor, &path).await.json()["data"]["symbols"]["ltc"].take()
    };
    let days = read("DAY").await;
    let firsts = [
        ("WEEK", "2025-01-06", 72),
        ("MONTH", "2025-01-01", 17),
        ("QUARTER", "2025-01-01", 6),
        ("YEAR", "2025-01-01", 2),
    ];
    for (step, first, count) in firsts {
        let cells = read(step).await;
        assert_eq!(dates(&cells["FEES"])[0], first, "{step}");
        assert_eq!(dates(&cells["FEES"]).len(), count, "{step}");
    }
    let months = read("MONTH").await;
    let january = |metric: &str| numbers(&days[metric])[..31].to_vec();
    let sum: f64 = january("FEES").iter().sum();
    assert!(
        (numbers(&months["FEES"])[0] / sum - 1.0).abs() < 1e-12,
        "summed"
    );
    let (month, last) = (numbers(&months["PRICE"])[0], january("PRICE")[30]);
    assert_eq!(month.to_bits(), last.to_bits(), "the last");
    let mean = january("DAU").iter().sum::<f64>() / 31.0;
    assert!(
        (numbers(&months["DAU"])[0] / mean - 1.0).abs() < 1e-12,
        "averaged"
    );
    vendor.stop().await;
}

#[tokio::test]
async fn equities_trade_on_days_of_trade_and_report_by_fiscal_quarter() {
    let vendor = artemis("enterprise").await;
    let prices = "/data/api/PRICE/?symbols=eq-nvda,eq-meta&startDate=2026-01-01&endDate=2026-01-08";
    let (known, served) = (sample("equity_price"), ask(&vendor, prices).await.json());
    for symbol in ["eq-nvda", "eq-meta"] {
        let cell = |body: &Value| body["data"]["symbols"][symbol]["PRICE"].clone();
        assert_eq!(dates(&cell(&served)), dates(&cell(&known)), "{symbol}");
    }
    let path = "/data/api/TOTAL_REVENUE,NET_INCOME,EBITDA,OPERATING_INCOME,FREE_CASH_FLOW,BASIC_EPS,DILUTED_EPS/\
                ?symbols=eq-nvda&startDate=2024-04-01&endDate=2025-02-28&granularity=QUARTER";
    let (known, served) = (
        sample("equity_financials_quarter"),
        ask(&vendor, path).await.json(),
    );
    assert_eq!(outline(&served), outline(&known));
    for (metric, cell) in known["data"]["symbols"]["eq-nvda"].as_object().unwrap() {
        let served = &served["data"]["symbols"]["eq-nvda"][metric];
        assert_eq!(dates(served), dates(cell), "{metric}");
    }
    let mixed = "/data/api/PRICE,NET_INCOME/?symbols=eq-coin,btc&startDate=2025-01-01&endDate=2025-12-31&granularity=QUARTER";
    let mixed = ask(&vendor, mixed).await.json()["data"]["symbols"].take();
    assert_eq!(dates(&mixed["eq-coin"]["PRICE"])[0], "2025-01-01");
    assert_eq!(dates(&mixed["eq-coin"]["NET_INCOME"])[0], "2025-03-31");
    assert_eq!(
        mixed["btc"]["NET_INCOME"],
        "Metric not available for asset."
    );
    let quarter = "/data/api/NET_INCOME/?symbols=eq-coin&startDate=2026-03-31&endDate=2026-03-31&granularity=QUARTER";
    vendor.set_now(at("2026-04-10T00:00:00Z"));
    let count = async || {
        let reply = ask(&vendor, quarter).await.json();
        dates(&reply["data"]["symbols"]["eq-coin"]["NET_INCOME"]).len()
    };
    assert_eq!(count().await, 0, "not yet reported");
    vendor.set_now(at("2026-06-01T00:00:00Z"));
    assert_eq!(count().await, 1);
    let multiples = dated(
        &vendor,
        "EARNINGS_YIELD,ENTERPRISE_VALUE_DIVIDE_EBITDA",
        "eq-coin",
        ("2026-01-01", "2026-03-31"),
    )
    .await;
    let sparse = dates(&multiples["eq-coin"]["EARNINGS_YIELD"]).len();
    assert!((20..55).contains(&sparse), "{sparse} of 61 sessions");
    let march = ("2026-03-01", "2026-03-31");
    let yields = dated(&vendor, "EARNINGS_YIELD,FCF_YIELD", "eq-coin", march).await;
    let lines = "/data/api/NET_INCOME,FREE_CASH_FLOW/?symbols=eq-coin&startDate=2025-12-31&endDate=2025-12-31&granularity=QUARTER";
    let lines = ask(&vendor, lines).await.json()["data"]["symbols"]["eq-coin"].take();
    let income = numbers(&lines["NET_INCOME"])[0] / numbers(&lines["FREE_CASH_FLOW"])[0];
    let cash = kept(&yields["eq-coin"]["FCF_YIELD"]);
    let mut both = 0;
    for (day, earnings) in kept(&yields["eq-coin"]["EARNINGS_YIELD"]) {
        let Some((_, cash)) = cash.iter().find(|(other, _)| *other == day) else {
            continue;
        };
        both += 1;
        assert!(
            (earnings / cash / income - 1.0).abs() < 1e-9,
            "of the quarter last reported"
        );
    }
    assert!(both > 3, "{both} days have both");
    vendor.stop().await;
}

#[tokio::test]
async fn zeros_negatives_exponents_and_broken_prints_are_values() {
    let vendor = artemis("enterprise").await;
    let years = ("2024-01-01", "2026-05-15");
    let etf = dated(&vendor, "ETF_FLOWS,ETF_SPOT_VOLUME", "btc,sol", years).await;
    let flows = numbers(&etf["btc"]["ETF_FLOWS"]);
    assert_eq!(dates(&etf["btc"]["ETF_FLOWS"])[0], "2024-01-11");
    assert!(flows.iter().any(|flow| *flow < 0.0) && flows.iter().any(|flow| *flow > 0.0));
    assert!(flows.contains(&0.0));
    assert_eq!(etf["sol"]["ETF_FLOWS"], "Metric not available for asset.");
    let liquidations = dated(&vendor, "PERP_LIQUIDATION", "hype", years).await;
    assert!(numbers(&liquidations["hype"]["PERP_LIQUIDATION"]).contains(&0.0));
    let pepe = "/data/api/PRICE,24H_VOLUME/?symbols=pepe&startDate=2024-01-01&endDate=2026-05-15";
    let reply = ask(&vendor, pepe).await;
    assert!(reply.text().contains("e-6"), "small numbers have exponents");
    let volumes = numbers(&reply.json()["data"]["symbols"]["pepe"]["24H_VOLUME"]);
    assert!(
        volumes.iter().any(|volume| *volume < 1.0),
        "sub-dollar prints"
    );
    let all = "btc,eth,sol,bnb,xrp,avax,snx,uni,aave,usdc,usdt,arb,jup";
    let volumes = dated(&vendor, "24H_VOLUME", all, ("2018-01-01", "2026-05-15")).await;
    let flat = |cell: &Value| {
        numbers(cell)
            .windows(30)
            .any(|month| month.iter().all(|one| one.to_bits() == month[0].to_bits()))
    };
    let stuck = volumes
        .as_object()
        .unwrap()
        .values()
        .filter(|one| flat(&one["24H_VOLUME"]))
        .count();
    assert!(
        (1..9).contains(&stuck),
        "{stuck} of 13 stand still for a month"
    );
    let split = dated(
        &vendor,
        "REVENUE,ACTIVE_REVENUE,PASSIVE_REVENUE",
        "aave",
        ("2026-05-01", "2026-05-05"),
    )
    .await;
    let of = |metric: &str| numbers(&split["aave"][metric])[0];
    let whole = of("ACTIVE_REVENUE") + of("PASSIVE_REVENUE");
    assert!((whole / of("REVENUE") - 1.0).abs() < 1e-12);
    vendor.stop().await;
}
