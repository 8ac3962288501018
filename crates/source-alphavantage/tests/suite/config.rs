//! The CSV.

use std::collections::BTreeSet;

use model::{SeriesSpec, Since, Stamp, Step};
use source::{Source as _, conformance::stage};
use source_alphavantage::{COLUMNS, EQUITIES_DAILY, LISTING, Plan};

use crate::{PAID, at, key, vendor};

fn read_on(plan: Plan, rows: &str) -> Result<Vec<SeriesSpec>, String> {
    stage::configure(&vendor(plan), &COLUMNS, rows)
}

fn read(rows: &str) -> Result<Vec<SeriesSpec>, String> {
    read_on(PAID, rows)
}

fn names(row: &str) -> String {
    let series = read(row).unwrap_or_else(|problems| panic!("{problems}"));
    let of = |spec: &SeriesSpec| {
        let (key, metric, step) = (&spec.series.key, &spec.series.metric, spec.series.step);
        format!("{key} {metric} {step}")
    };
    series.iter().map(of).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_row_becomes_the_series_of_its_metrics() {
    for (row, expected) in [
        (
            "equity,TIME_SERIES_DAILY,IBM,,1d,outputsize=compact,OPEN|CLOSE,free,,true,",
            "equity:IBM/usd OPEN 1d; equity:IBM/usd CLOSE 1d",
        ),
        (
            "equity,TIME_SERIES_DAILY,TSCO.LON,,,outputsize=compact;currency=GBX,CLOSE,,,true,",
            "equity:TSCO.LON/gbx CLOSE 1d",
        ),
        // A fund and a coin of one name.
        (
            "etf,TIME_SERIES_DAILY,BTC,,1d,,VOLUME,free,,true,",
            "equity:BTC/usd VOLUME 1d",
        ),
        (
            "crypto,DIGITAL_CURRENCY_DAILY,BTC,EUR,1d,,VOLUME_COIN,,,true,",
            "crypto:BTC/eur VOLUME_COIN 1d",
        ),
        (
            "equity,TIME_SERIES_DAILY_ADJUSTED,AAPL,,1d,,,premium,,true,",
            "equity:AAPL/usd PRICE_ADJ 1d; equity:AAPL/usd DIVIDEND 1d; equity:AAPL/usd SPLIT_RATIO 1d",
        ),
        (
            "equity,TIME_SERIES_WEEKLY_ADJUSTED,AAPL,,,,,,,true,",
            "equity:AAPL/usd PRICE_ADJ 1w; equity:AAPL/usd DIVIDEND 1w",
        ),
        (
            "equity,TIME_SERIES_INTRADAY,AAPL,,60min,adjusted=false;extended_hours=false,CLOSE,,,true,",
            "equity:AAPL/usd CLOSE 1h",
        ),
        (
            "equity,REALTIME_BULK_QUOTES,COIN,,spot,,,premium,,true,",
            "equity:COIN/usd PRICE 1h",
        ),
        (
            "equity,GLOBAL_QUOTE,COIN,,spot,,PRICE,,,true,",
            "equity:COIN/usd PRICE 1d",
        ),
        (
            "equity,OVERVIEW,COIN,,spot,,,free,,true,",
            "equity:COIN/usd MARKET_CAP 1w; equity:COIN/usd SHARES_OUTSTANDING 1w",
        ),
        (
            "equity,OVERVIEW,COIN,,1d,,BETA,free,,true,",
            "equity:COIN/usd BETA 1d",
        ),
        (
            "crypto,CRYPTO_INTRADAY,ETH,USD,60min,outputsize=compact,CLOSE,,,true,",
            "crypto:ETH/usd CLOSE 1h",
        ),
        (
            "crypto,CURRENCY_EXCHANGE_RATE,BTC,USD,spot,,,free,,false,",
            "crypto:BTC/usd PRICE 1h",
        ),
        (
            "fx,FX_MONTHLY,EUR,USD,,,CLOSE,,,true,",
            "fx:EUR/usd CLOSE 1mo",
        ),
        (
            "macro,TREASURY_YIELD,,,daily,maturity=2year,,free,,true,",
            "macro:TREASURY_YIELD:2year/usd YIELD 1d",
        ),
        (
            "macro,TREASURY_YIELD,,,weekly,,,free,,true,",
            "macro:TREASURY_YIELD:10year/usd YIELD 1w",
        ),
        (
            "macro,REAL_GDP,,,,,,,,true,",
            "macro:REAL_GDP/usd REAL_GDP 1q",
        ),
        ("macro,CPI,,,monthly,,CPI,,,true,", "macro:CPI/usd CPI 1mo"),
        (
            "commodity,WTI,,,daily,,PRICE,free,,true,",
            "commodity:WTI/usd PRICE 1d",
        ),
        (
            "commodity,COFFEE,,,monthly,currency=USX,,,,true,",
            "commodity:COFFEE/usx PRICE 1mo",
        ),
    ] {
        assert_eq!(names(row), expected, "{row}");
    }
}

#[test]
fn labels_start_their_bucket_but_those_of_now() {
    for (row, stamp, since) in [
        (
            "equity,TIME_SERIES_DAILY,IBM,,,,CLOSE,,2024-01-02,false,",
            Stamp::Bar,
            Since::At(at("2024-01-02")),
        ),
        (
            "equity,GLOBAL_QUOTE,IBM,,,,PRICE,,,true,",
            Stamp::Bar,
            Since::ThreeYearsBack,
        ),
        (
            "equity,REALTIME_BULK_QUOTES,IBM,,,,PRICE,,2024-01-02,true,",
            Stamp::Instant,
            Since::Activation,
        ),
        (
            // Known on some day of its week, so not before the week.
            "equity,OVERVIEW,IBM,,,,MARKET_CAP,,,true,",
            Stamp::Bar,
            Since::Activation,
        ),
        (
            "fx,CURRENCY_EXCHANGE_RATE,EUR,USD,,,PRICE,,,true,",
            Stamp::Instant,
            Since::Activation,
        ),
    ] {
        let spec = read(row).unwrap().swap_remove(0);
        assert_eq!((spec.stamp, spec.since), (stamp, since), "{row}");
    }
}

#[test]
fn each_series_is_asked_for_by_one_dataset() {
    let paid = vendor(PAID);
    let rows = "\
equity,TIME_SERIES_DAILY,AAPL,,,,all,,,true,\n\
equity,TIME_SERIES_DAILY_ADJUSTED,AAPL,,,,all,,,true,\n\
equity,TIME_SERIES_INTRADAY,AAPL,,,,all,,,true,\n\
equity,TIME_SERIES_WEEKLY,AAPL,,,,all,,,true,\n\
equity,TIME_SERIES_WEEKLY_ADJUSTED,AAPL,,,,all,,,true,\n\
equity,TIME_SERIES_MONTHLY,AAPL,,,,all,,,true,\n\
equity,TIME_SERIES_MONTHLY_ADJUSTED,AAPL,,,,all,,,true,\n\
equity,GLOBAL_QUOTE,AAPL,,,,all,,,true,\n\
equity,REALTIME_BULK_QUOTES,AAPL,,,,all,,,true,\n\
equity,OVERVIEW,AAPL,,1d,,all,,,true,\n\
equity,OVERVIEW,AAPL,,1w,,all,,,true,\n\
crypto,DIGITAL_CURRENCY_DAILY,BTC,USD,,,all,,,true,\n\
crypto,DIGITAL_CURRENCY_WEEKLY,BTC,USD,,,all,,,true,\n\
crypto,DIGITAL_CURRENCY_MONTHLY,BTC,USD,,,all,,,true,\n\
crypto,CRYPTO_INTRADAY,BTC,USD,,,all,,,true,\n\
crypto,CURRENCY_EXCHANGE_RATE,BTC,USD,,,all,,,true,\n\
fx,FX_DAILY,EUR,USD,,,all,,,true,\n\
fx,FX_WEEKLY,EUR,USD,,,all,,,true,\n\
fx,FX_MONTHLY,EUR,USD,,,all,,,true,\n\
fx,FX_INTRADAY,EUR,USD,,,all,,,true,\n\
macro,TREASURY_YIELD,,,daily,,,,,true,\n\
commodity,WTI,,,weekly,,,,,true,\n\
macro,UNEMPLOYMENT,,,,,,,,true,\n\
macro,REAL_GDP,,,,,,,,true,\n";
    let series = read(rows).unwrap();
    assert!(series.len() > 80, "{}", series.len());
    for spec in &series {
        let of = |dataset: &&source::DatasetSpec| paid.serves(dataset.id, &spec.series);
        let datasets: Vec<_> = paid.datasets().iter().filter(of).collect();
        assert_eq!(datasets.len(), 1, "{}", spec.series);
        assert_eq!(datasets[0].step, spec.series.step);
    }
    assert_eq!(series[0].series.step, Step::Day);
}

#[test]
fn a_row_above_the_plan_is_checked_and_makes_nothing() {
    let rows = "\
equity,TIME_SERIES_DAILY,IBM,,,,CLOSE,,,true,\n\
equity,TIME_SERIES_DAILY_ADJUSTED,IBM,,,,,,,true,\n\
equity,GLOBAL_QUOTE,IBM,,,,PRICE,premium,,true,\n\
crypto,CURRENCY_EXCHANGE_RATE,BTC,USD,,,PRICE,free,,true,\n";
    // The file knows better than the table what a key may.
    assert_eq!(read_on(Plan::Free, rows).unwrap().len(), 2);
    assert_eq!(read(rows).unwrap().len(), 6);
    let wrong = "equity,TIME_SERIES_DAILY_ADJUSTED,ibm,,,,,,,true,\n";
    assert!(read_on(Plan::Free, wrong).is_err());
}

#[test]
fn every_problem_is_told_with_line_and_column() {
    let problems = read(
        "\
equty,TIME_SERIES_DAILY,IBM,,,,,,,true,\n\
equity,TIME_SERIES_DALY,IBM,,,,,,,true,\n\
equity,FX_DAILY,IBM,,,,,,,true,\n\
equity,TIME_SERIES_DAILY,ibm,USD,1h,outputsize=all,PRICE,gold,soon,yes,\n\
equity,TIME_SERIES_DAILY,ibm,USD,1d,outputsize=all,PRICE,gold,soon,true,\n\
equity,TIME_SERIES_DAILY,IBM,,60min,,,,,true,\n\
equity,TIME_SERIES_DAILY,TSCO.LON,,,,,,,true,\n\
equity,TIME_SERIES_DAILY,BRK.B,,,,CLOSE|CLOSE,,,true,\n\
equity,TIME_SERIES_INTRADAY,IBM,,,adjusted=true,,,,true,\n\
crypto,DIGITAL_CURRENCY_DAILY,BTC,,,,VOLUME,,,true,\n\
macro,TREASURY_YIELD,X,,annual,maturity=1year,,,,true,\n\
macro,TREASURY_YIELD,X,,daily,maturity=1year,,,,true,\n\
macro,WTI,,,daily,,,,,true,\n\
equity,TIME_SERIES_DAILY,COIN,,,,,,,true,\n\
etf,TIME_SERIES_DAILY,COIN,,1d,,VOLUME,,,false,\n\
equity,INDEX_DATA,SPX,,daily,,,,,true,\n\
equity,OVERVIEW,IBM,,,,,,yesterday,true,\n\
equity,REALTIME_BULK_QUOTES,IBM,,,,,,1850-01-01,true,\n\
fx,CURRENCY_EXCHANGE_RATE,EUR,USD,,,,,soon,true,\n",
    )
    .unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn the_catalogue_lists_what_trades_in_the_us() {
    let paid = vendor(PAID);
    for (of, listed) in [
        ("equity:IBM", true),
        ("equity:BRK.B", true),
        ("equity:BAC-P-M", true),
        ("equity:TSCO.LON gbx", false),
        ("crypto:BTC", false),
        ("fx:EUR", false),
        ("macro:CPI", false),
    ] {
        let catalogue = paid.catalogue_of(&key(of));
        assert_eq!(catalogue.is_some(), listed, "{of}");
        assert!(catalogue.is_none_or(|dataset| dataset == LISTING));
    }
}

#[test]
fn every_metric_with_a_canonical_name_is_one_of_ours_and_the_other_way_round() {
    let known: BTreeSet<&str> = include_str!("../../../../sources-config/metrics.csv")
        .lines()
        .filter_map(|line| line.strip_prefix("alphavantage,"))
        .filter_map(|line| line.split(',').next())
        .collect();
    let functions = [
        "equity,TIME_SERIES_DAILY,A,,,",
        "equity,TIME_SERIES_DAILY_ADJUSTED,A,,,",
        "equity,GLOBAL_QUOTE,A,,,",
        "equity,REALTIME_BULK_QUOTES,A,,,",
        "equity,OVERVIEW,A,,1d,",
        "crypto,DIGITAL_CURRENCY_DAILY,BTC,USD,,",
        "crypto,CURRENCY_EXCHANGE_RATE,BTC,USD,,",
        "macro,TREASURY_YIELD,,,,",
        "macro,FEDERAL_FUNDS_RATE,,,,",
        "macro,CPI,,,,",
        "macro,UNEMPLOYMENT,,,,",
        "macro,NONFARM_PAYROLL,,,,",
        "macro,REAL_GDP,,,,",
    ];
    let rows = functions.map(|row| format!("{row},all,,,true,\n")).concat();
    let series = read(&rows).unwrap();
    let ours: BTreeSet<&str> = series
        .iter()
        .map(|spec| spec.series.metric.as_str())
        .collect();
    assert_eq!(ours, known);
}

/// Five requests a day for all but closes; of these no more than are fresh every third trading day.
#[test]
fn the_file_that_ships_fits_a_free_key() {
    let csv = include_bytes!("../../../../sources-config/alphavantage.csv");
    let free = vendor(Plan::Free);
    let series = free.read_config("alphavantage.csv", csv).unwrap();
    let keys_of = |takes: &dyn Fn(&source::DatasetSpec) -> bool| {
        let datasets = free.datasets().iter().filter(|dataset| takes(dataset));
        let pairs = datasets.flat_map(|dataset| {
            let served = series.iter().filter(|spec| spec.enabled);
            let served = served.filter(|spec| free.serves(dataset.id, &spec.series));
            served.map(|spec| (dataset.id.as_str(), &spec.series.key))
        });
        pairs.collect::<BTreeSet<_>>().len()
    };
    // A month's or week's value is due on one day with the others at worst, and so is the catalogue.
    let catalogue = 1;
    let few = keys_of(&|dataset| dataset.id != EQUITIES_DAILY) + catalogue;
    let closes = keys_of(&|dataset| dataset.id == EQUITIES_DAILY);
    assert!((2..=5).contains(&few), "{few} a day beside the closes");
    assert!((50..=51).contains(&closes), "{closes} closes");
}
