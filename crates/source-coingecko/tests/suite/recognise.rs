//! From a path and query back to a request.

use source::Source as _;
use source_coingecko::{
    CHART_DAILY, CHART_HOURLY, COINS_LIST, GLOBAL, GLOBAL_DAILY, KEY, MARKETS, OHLC_DAILY,
    OHLC_HOURLY, Plan, SUPPLY_DAILY,
};

use crate::{range, vendor};

fn dataset_of(path: &str) -> Result<String, String> {
    vendor(Plan::Demo)
        .recognise(None, path, &[])
        .map(|request| request.dataset.to_string())
        .map_err(|error| error.to_string())
}

#[test]
fn finds_the_dataset_by_path_span_and_interval() {
    let chart = |rest: &str| dataset_of(&format!("/coins/bitcoin/market_chart{rest}"));
    let hourly = Ok(CHART_HOURLY.to_string());
    let daily = Ok(CHART_DAILY.to_string());
    assert_eq!(
        dataset_of("coins/list?include_platform=true"),
        Ok(COINS_LIST.to_string())
    );
    let whole = "https://api.coingecko.com/api/v3/coins/markets?vs_currency=usd";
    assert_eq!(dataset_of(whole), Ok(MARKETS.to_string()));
    assert_eq!(chart("?vs_currency=usd&days=2"), hourly);
    assert_eq!(chart("?vs_currency=usd&days=90"), hourly);
    assert_eq!(chart("?vs_currency=usd&days=91"), daily);
    assert_eq!(chart("?vs_currency=usd&days=max"), daily);
    assert_eq!(chart("?vs_currency=usd&days=14&interval=daily"), daily);
    assert_eq!(
        chart("/range?vs_currency=usd&from=1778889600&to=1779062340"),
        hourly
    );
    assert_eq!(
        chart("/range?vs_currency=usd&from=2026-01-01&to=2026-05-01T10:00"),
        daily
    );
}

#[test]
fn finds_datasets_that_the_plan_lacks() {
    let demo = vendor(Plan::Demo);
    for (path, dataset) in [
        (
            "/coins/x/ohlc?vs_currency=usd&days=7&interval=daily",
            OHLC_DAILY,
        ),
        (
            "/coins/x/ohlc?vs_currency=usd&days=7&interval=hourly",
            OHLC_HOURLY,
        ),
        (
            "/coins/x/ohlc/range?vs_currency=usd&from=2026-01-01&to=2026-02-01&interval=daily",
            OHLC_DAILY,
        ),
        ("/coins/x/circulating_supply_chart?days=max", SUPPLY_DAILY),
        (
            "/coins/x/total_supply_chart/range?from=2026-01-01&to=2026-02-01",
            SUPPLY_DAILY,
        ),
        ("/global", GLOBAL),
        ("/global/market_cap_chart?days=7", GLOBAL_DAILY),
        ("/key", KEY),
    ] {
        assert_eq!(demo.recognise(None, path, &[]).unwrap().dataset, dataset);
    }
    let why = |path: &str| dataset_of(path).unwrap_err();
    assert!(why("/coins/x/ohlc?vs_currency=usd&days=90").contains("vendor's own width"));
    assert!(why("/coins/x/ohlc?vs_currency=usd&days=7&interval=5m").contains("every 5m"));
    assert!(
        why("/coins/x/ohlc/range?vs_currency=usd&from=1&interval=daily").contains("to: missing")
    );
    assert!(why("/coins/x/ohlc?days=7&interval=daily").contains("vs_currency: missing"));
    assert!(why("/coins/x/circulating_supply_chart?days=9&interval=5m").contains("every 5m"));
    assert!(why("/coins/x/odd_supply_chart?days=9").contains("uses the path"));
    assert!(why("/global/market_cap_chart?days=1").contains("by the hour"));
    assert!(why("/global/market_cap_chart").contains("from: missing"));
}

#[test]
fn says_what_it_cannot_take() {
    let chart = |rest: &str| dataset_of(&format!("/coins/bitcoin/market_chart{rest}")).unwrap_err();
    assert!(chart("?vs_currency=usd&days=1").contains("5-minute"));
    assert!(chart("?vs_currency=usd&days=9&interval=5m").contains("every 5m"));
    assert!(chart("?vs_currency=usd&days=0.5").contains("a number of days or max"));
    assert!(chart("?days=7").contains("vs_currency: missing"));
    assert!(chart("/range?vs_currency=usd&from=1").contains("to: missing"));
    assert!(chart("/range?vs_currency=usd&from=5&to=5").contains("not after from"));
    // Milliseconds, and what no time can be.
    let ms = "/range?vs_currency=usd&from=1778889600000&to=1779062340000";
    assert!(chart(ms).contains("no plausible time in seconds"));
    assert!(chart("/range?vs_currency=usd&from=-9223372036854775807&to=3").contains("plausible"));
    assert!(
        dataset_of("/coins/markets?ids=bitcoin")
            .unwrap_err()
            .contains("vs_currency")
    );
    assert!(
        dataset_of("/ping")
            .unwrap_err()
            .contains("no dataset of coingecko uses the path")
    );
    let vendor = vendor(Plan::Demo);
    let list = |dataset| {
        vendor
            .recognise(Some(dataset), "/coins/list", &[])
            .map(|_| ())
    };
    assert_eq!(list(COINS_LIST), Ok(()));
    assert!(
        list(MARKETS)
            .unwrap_err()
            .to_string()
            .contains("belongs to coins_list")
    );
    let foreign = list(model::DatasetId::new("tvl")).unwrap_err().to_string();
    assert!(
        foreign.contains("it has coins_list, markets, global, chart_daily, chart_hourly"),
        "{foreign}"
    );
}

#[test]
fn takes_coins_from_path_query_and_keys() {
    let vendor = vendor(Plan::Demo);
    let keys = |path: &str, given: &[&str]| -> Vec<String> {
        let given: Vec<String> = given.iter().map(|&key| key.to_owned()).collect();
        let block = vendor.recognise(None, path, &given).unwrap().block;
        block.keys.iter().map(model::Key::to_string).collect()
    };
    assert_eq!(
        keys("/coins/markets?vs_currency=eur&ids=b,a", &["c"]),
        ["a/eur", "b/eur"]
    );
    assert_eq!(keys("/coins/markets?vs_currency=eur", &["c"]), ["c/eur"]);
    assert!(keys("/coins/markets?vs_currency=eur", &[]).is_empty());
    assert_eq!(
        keys("/coins/a%20b/market_chart?vs_currency=usd&days=7", &["c"]),
        ["a b/usd"]
    );
}

#[test]
fn a_range_keeps_every_label_that_its_points_can_have() {
    let path = "/coins/x/market_chart/range?vs_currency=usd&from=1778889600&to=1779062340";
    let request = vendor(Plan::Demo).recognise(None, path, &[]).unwrap();
    // 23:59:00 at the end: a point of 23:58 would stand for midnight.
    let labels = range("2026-05-16T00:00:00Z", "2026-05-18T01:00:00Z");
    assert_eq!(request.block.labels, labels);
}
