//! The CSV.

use std::collections::BTreeSet;

use model::{SeriesSpec, Since, Stamp, Step};
use source::{
    Source as _,
    conformance::stage::{self, names},
};
use source_artemis::{COLUMNS, FINANCIALS_QUARTERLY, METRICS_DAILY, SYMBOLS};

use crate::{at, vendor};

fn read(rows: &str) -> Result<Vec<SeriesSpec>, String> {
    stage::configure(&vendor(), &COLUMNS, rows)
}

#[test]
fn a_row_becomes_the_series_of_its_metrics() {
    let series = read("btc,bitcoin,chain,price|DAU|Some_New_Metric,DAY,2013-04-28,true,").unwrap();
    assert_eq!(
        names(&series),
        "btc/usd PRICE; btc/usd DAU; btc/usd SOME_NEW_METRIC"
    );
    assert!(
        series
            .iter()
            .all(|spec| spec.enabled && spec.series.step == Step::Day)
    );
    assert!(
        series
            .iter()
            .all(|spec| spec.since == Since::At(at("2013-04-28")))
    );
    let count = |row: &str| read(row).unwrap().len();
    assert_eq!(count("eth,ethereum,chain,,,,true,"), 10);
    assert_eq!(count("aave,aave,protocol,@default,DAY,,true,"), 10);
    assert_eq!(
        count("aave,aave,protocol,@default|LENDING_DEPOSITS,,,true,"),
        11
    );
    assert_eq!(count("wif,dogwifcoin,token,,,,true,"), 5);
    assert_eq!(count("usdc-eth,,stablecoin,,,,true,"), 4);
    assert_eq!(count("eq-coin,eq-coin,equity,,,,true,"), 1);
    let quarters = read("eq-coin,eq-coin,equity,,QUARTER,,false,").unwrap();
    assert_eq!(quarters.len(), 6);
    assert!(
        quarters
            .iter()
            .all(|spec| spec.series.step == Step::Quarter && !spec.enabled)
    );
    assert_eq!(quarters[0].since, Since::ThreeYearsBack);
    // Both rows of a share stand beside each other.
    assert_eq!(
        count("eq-coin,eq-coin,equity,,DAY,,true,\neq-coin,eq-coin,equity,,QUARTER,,true,"),
        7
    );
}

#[test]
fn prices_and_caps_are_those_of_midnight_but_of_shares() {
    let vendor = vendor();
    let rows = "btc,bitcoin,chain,PRICE|MC|FDMC|24H_VOLUME|FEES|TVL,,,true,\n\
                eq-coin,eq-coin,equity,PRICE|MC,,,true,\n\
                eq-coin,eq-coin,equity,NET_INCOME,QUARTER,,true,";
    let told: Vec<String> = (read(rows).unwrap().iter())
        .map(|spec| {
            assert_eq!(vendor.stamp(&spec.series), spec.stamp);
            let at_midnight = if spec.stamp == Stamp::Instant {
                "00:00"
            } else {
                "day"
            };
            format!(
                "{} {} {at_midnight}",
                spec.series.key.asset, spec.series.metric
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "btc PRICE 00:00",
            "btc MC 00:00",
            "btc FDMC 00:00",
            "btc 24H_VOLUME day",
            "btc FEES day",
            "btc TVL day",
            "eq-coin PRICE day",
            "eq-coin MC day",
            "eq-coin NET_INCOME day",
        ]
    );
}

#[test]
fn every_problem_is_told_with_line_and_column() {
    let problems = read(
        "btc,bitcoin,coin,,,,true,\n\
         ,ethereum,chain,,,,true,\n\
         \"a,b\",x,chain,,,soon,maybe,\n\
         eth,\"a b\",chain,30D_VOLUME,,,true,\n\
         sol,solana,chain,@defualt,WEEK,,true,\n\
         aave,aave,protocol,TT_FEES|PRICE,,,true,\n\
         uni,uniswap,protocol,PRICE|L30_FEES,,,true,\n\
         usdc,usdc,stablecoin,P2P_STABLECOIN_DAU,,,true,\n\
         link,chainlink,token,PRICE|MC/FDMC,,,true,\n\
         arb,arbitrum,chain,@default|PRICE,,,true,\n\
         hype,hyperliquid,chain,,QUARTER,,true,\n\
         eq-nvda,eq-nvda,token,,,,true,\n\
         nvda,nvda,equity,,,,true,\n\
         eq-coin,eq-coin,equity,NET_INCOME,DAY,,true,\n\
         eq-coin,eq-coin,equity,PRICE,QUARTER,,true,\n\
         M,memecore,token,,,,true,\n\
         m,monad,token,,,,true,\n\
         luna,terra,token,,,,true,\n\
         lunc,terra,token,,,,true,\n\
         op,optimism,chain,,,1850-01-01,true,\n\
         tia,celestia,chain,price|PRICE,,,true,\n",
    )
    .unwrap_err();
    insta::assert_snapshot!(problems);
    let columns = vendor().read_config("artemis.csv", b"symbol,entity\nbtc,bitcoin\n");
    let text = columns.unwrap_err().to_string();
    assert!(text.contains("column entity: unknown column"), "{text}");
}

#[test]
fn each_series_is_served_by_the_dataset_of_its_kind() {
    let vendor = vendor();
    for (row, dataset, catalogue) in [
        (
            "btc,bitcoin,chain,PRICE,,,true,",
            METRICS_DAILY,
            Some(SYMBOLS),
        ),
        (
            "M,memecore,token,NEW_THING,,,true,",
            METRICS_DAILY,
            Some(SYMBOLS),
        ),
        (
            "eq-coin,eq-coin,equity,PRICE,,,true,",
            METRICS_DAILY,
            Some(SYMBOLS),
        ),
        (
            "usdc-eth,,stablecoin,STABLECOIN_SUPPLY,,,true,",
            METRICS_DAILY,
            None,
        ),
        (
            "eq-coin,eq-coin,equity,EBITDA,QUARTER,,true,",
            FINANCIALS_QUARTERLY,
            Some(SYMBOLS),
        ),
    ] {
        let mut series = read(row).unwrap()[0].series.clone();
        assert_eq!(stage::serving(&vendor, &series), [dataset], "{row}");
        assert_eq!(vendor.catalogue_of(&series.key), catalogue, "{row}");
        series.key.quote = "eur".into();
        assert!(!vendor.serves(dataset, &series), "{row}");
    }
}

#[test]
fn the_file_that_ships_holds_two_hundred_assets_with_their_default_metrics() {
    let csv = include_bytes!("../../../../sources-config/artemis.csv");
    let series = vendor().read_config("artemis.csv", csv).unwrap();
    let has = |symbol: &str, metric: &str, step: Step| {
        let mut all = series
            .iter()
            .filter(|one| one.enabled)
            .map(|one| &one.series);
        all.any(|one| {
            one.key.asset.as_str() == symbol && one.metric.as_str() == metric && one.step == step
        })
    };
    let symbols: BTreeSet<&str> = (series.iter().filter(|one| one.enabled))
        .map(|one| one.series.key.asset.as_str())
        .collect();
    assert!(symbols.len() >= 200, "{}", symbols.len());
    let (shares, others): (Vec<&str>, Vec<&str>) = symbols
        .into_iter()
        .partition(|symbol| symbol.starts_with("eq-"));
    assert!(shares.len() >= 20, "{}", shares.len());
    for symbol in &shares {
        assert!(has(symbol, "PRICE", Step::Day), "{symbol}");
    }
    let reporting = shares
        .iter()
        .filter(|symbol| has(symbol, "TOTAL_REVENUE", Step::Quarter));
    assert!(reporting.count() >= 10);
    let coins = [
        "PRICE",
        "MC",
        "FDMC",
        "24H_VOLUME",
        "CIRCULATING_SUPPLY_NATIVE",
    ];
    let is_coin = |symbol: &&&str| coins.iter().all(|metric| has(symbol, metric, Step::Day));
    let coins = others.iter().filter(is_coin).count();
    assert!(coins >= 150, "{coins} of {}", others.len());
}

#[test]
fn a_slip_of_the_pen_is_told_and_a_name_that_is_only_unknown_is_not() {
    let vendor = vendor();
    let csv = format!(
        "{}\nbtc,bitcoin,chain,24H_VOLUM|@default,,,true,\n\
         eth,ethereum,chain,fess|HASHRATE|L2_COUNT,,,true,\n",
        COLUMNS.join(",")
    );
    let series = vendor.read_config("artemis.csv", csv.as_bytes()).unwrap();
    // Taken as they stand: the vendor has more than our table.
    for name in ["24H_VOLUM", "FESS", "HASHRATE", "L2_COUNT"] {
        let mut names = series.iter().map(|one| one.series.metric.as_str());
        assert!(names.any(|known| known == name), "{name}");
    }
    let told: Vec<String> = (vendor.config_warnings().iter())
        .map(ToString::to_string)
        .collect();
    let of = |line: u8, name: &str, meant: &str| {
        let what = format!("{name} is no metric that we know: did you mean {meant}?");
        format!("artemis.csv:{line}: column metrics: {what}")
    };
    let expected = [of(2, "24H_VOLUM", "24H_VOLUME"), of(3, "fess", "FEES")];
    assert_eq!(told, expected);
}

#[test]
fn nothing_of_the_file_that_ships_looks_misspelt() {
    let vendor = vendor();
    let csv = include_bytes!("../../../../sources-config/artemis.csv");
    vendor.read_config("artemis.csv", csv).unwrap();
    assert_eq!(vendor.config_warnings(), []);
}
