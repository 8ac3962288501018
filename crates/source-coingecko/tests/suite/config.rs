//! The CSV.

use model::{SeriesSpec, Since, Stamp, Step};
use source::{Source as _, conformance::stage};
use source_coingecko::{CHART_DAILY, CHART_HOURLY, COLUMNS, MARKETS, Plan};

use crate::{at, vendor};

fn load(rows: &str) -> Result<Vec<SeriesSpec>, String> {
    load_on(Plan::Demo, rows)
}

fn load_on(plan: Plan, rows: &str) -> Result<Vec<SeriesSpec>, String> {
    stage::configure(&vendor(plan), &COLUMNS, rows)
}

#[test]
fn a_row_becomes_its_series() {
    let series = load("bitcoin,BTC,usd,PRICE|FDV,2020-01-01,,false,true,why\n").unwrap();
    let told: Vec<String> = series
        .iter()
        .map(|spec| format!("{} {:?}", spec.series, spec.since))
        .collect();
    assert_eq!(
        told,
        [
            "coingecko bitcoin/usd PRICE 1h Activation",
            "coingecko bitcoin/usd PRICE 1d At(2020-01-01T00:00:00Z)",
            "coingecko bitcoin/usd FDV 1h Activation",
        ]
    );
    assert!(
        series
            .iter()
            .all(|spec| spec.enabled && spec.stamp == Stamp::Instant)
    );
}

#[test]
fn empty_fields_mean_the_defaults() {
    let series = load("bitcoin,BTC,usd,,,2024-02-01,false,false,\n").unwrap();
    let daily: Vec<_> = series
        .iter()
        .filter(|spec| spec.series.step == Step::Day)
        .collect();
    let names: Vec<&str> = daily
        .iter()
        .map(|spec| spec.series.metric.as_str())
        .collect();
    assert_eq!(names, ["MARKET_CAP", "PRICE", "VOLUME_24H"]);
    assert!(daily.iter().all(|spec| spec.since == Since::ThreeYearsBack));
    let hourly: Vec<_> = series
        .iter()
        .filter(|spec| spec.series.step == Step::Hour)
        .collect();
    let names: Vec<&str> = hourly
        .iter()
        .map(|spec| spec.series.metric.as_str())
        .collect();
    let expected = [
        "CIRCULATING_SUPPLY",
        "FDV",
        "MARKET_CAP",
        "PRICE",
        "TOTAL_SUPPLY",
        "VOLUME_24H",
    ];
    assert_eq!(names, expected);
    let price = hourly
        .iter()
        .find(|spec| spec.series.metric.as_str() == "PRICE")
        .unwrap();
    assert_eq!(price.since, Since::At(at("2024-02-01")));
    let fdv = hourly
        .iter()
        .find(|spec| spec.series.metric.as_str() == "FDV")
        .unwrap();
    assert_eq!(fdv.since, Since::Activation);
    assert!(series.iter().all(|spec| !spec.enabled));
}

#[test]
fn a_second_currency_is_a_series_of_its_own() {
    let rows = "ethereum,ETH,usd,PRICE,,,false,true,\nethereum,ETH,btc,PRICE,,,false,true,\n";
    let series = load(rows).unwrap();
    let quotes: Vec<&str> = series
        .iter()
        .map(|spec| spec.series.key.quote.as_str())
        .collect();
    assert_eq!(quotes, ["usd", "usd", "btc", "btc"]);
}

#[test]
fn every_problem_is_told_at_once() {
    let rows = "Bitcoin,BTC,USD,PRISE|PRICE,01.02.2020,soon,true,true,\n\
                ethereum,ETH,usd,TVL,1850-01-01,,false,true,\n\
                aave,AAVE,usd,PRICE|PRICE,,,no,true,\n\
                aave,AAVE,usd,PRICE|PRICE,,,false,true,\n\
                uni swap,UNI,usd,,,,false,true,\n\
                ethereum,ETH,usd,,,,false,true,\n";
    insta::assert_snapshot!(load(rows).unwrap_err());
}

#[test]
fn a_larger_plan_makes_more_of_the_same_file() {
    let rows = "bitcoin,BTC,usd,PRICE|TOTAL_SUPPLY,2020-01-01,2024-02-01,true,true,\n\
                _global,,usd,,2021-01-01,,false,true,\n";
    let told = |plan| -> String {
        let series = load_on(plan, rows).unwrap();
        assert!(series.iter().all(|spec| spec.stamp == Stamp::Instant));
        let lines = series
            .iter()
            .map(|spec| format!("{} {:?}\n", spec.series, spec.since));
        lines.collect()
    };
    insta::assert_snapshot!("series_of_basic", told(Plan::Basic));
    insta::assert_snapshot!("series_of_enterprise", told(Plan::Enterprise));
}

#[test]
fn candles_need_a_plan_that_has_them() {
    let on = "bitcoin,BTC,usd,PRICE,,,true,true,\n";
    for plan in Plan::ALL {
        let read = load_on(plan, on);
        if plan.is_paid() {
            assert_eq!(read.unwrap().len(), 2 + 8, "{plan}");
        } else {
            let text = read.unwrap_err();
            let expected = format!("coingecko.csv:2: column ohlc: the plan {plan} has no candles");
            assert!(text.starts_with(&expected), "{text}");
        }
    }
    // A row that is off may wait for its plan.
    let off = "bitcoin,BTC,usd,PRICE,,,true,false,\n";
    assert_eq!(load(off).unwrap().len(), 2);
}

#[test]
fn a_row_has_the_metrics_of_what_it_is_about() {
    let rows = "bitcoin,BTC,usd,CLOSE|BTC_DOMINANCE,,,false,true,\n\
                ethereum,ETH,usd,BTC_DOMINANCE,,,false,true,\n\
                _global,,usd,MARKET_CAP,,,false,true,\n\
                _global,,eur,GLOBAL_CAP,,,true,true,\n\
                _globe,,eur,,,,false,true,\n";
    insta::assert_snapshot!(load(rows).unwrap_err());
}

#[test]
fn series_are_served_where_their_values_are() {
    let vendor = vendor(Plan::Demo);
    let served = |rows: &str| -> Vec<(String, Vec<&str>)> {
        let series = load(rows).unwrap();
        let by = |spec: &SeriesSpec| {
            [MARKETS, CHART_DAILY, CHART_HOURLY]
                .into_iter()
                .filter(|dataset| vendor.serves(*dataset, &spec.series))
                .map(|dataset| dataset.as_str())
                .collect()
        };
        series
            .iter()
            .map(|spec| (spec.series.step.to_string(), by(spec)))
            .collect()
    };
    let price = served("bitcoin,BTC,usd,PRICE,,,false,true,\n");
    assert_eq!(
        price,
        [
            ("1h".to_owned(), vec!["markets", "chart_hourly"]),
            ("1d".to_owned(), vec!["chart_daily"]),
        ]
    );
    let supply = served("bitcoin,BTC,usd,MAX_SUPPLY,,,false,true,\n");
    assert_eq!(supply, [("1h".to_owned(), vec!["markets"])]);
}

#[test]
fn the_file_that_ships_is_sound() {
    let csv = include_bytes!("../../../../sources-config/coingecko.csv");
    let series = vendor(Plan::Demo)
        .read_config("coingecko.csv", csv)
        .unwrap();
    let coins: std::collections::BTreeSet<_> = series
        .iter()
        .map(|spec| spec.series.key.asset.clone())
        .collect();
    assert!(coins.len() >= 200, "{} coins", coins.len());
    let global = series
        .iter()
        .filter(|spec| spec.series.key.asset.as_str() == "_global");
    assert_eq!(global.filter(|spec| spec.enabled).count(), 4);
}
