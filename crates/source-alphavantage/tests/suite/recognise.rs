//! A path and query into a request.

use source::Source as _;
use source_alphavantage::{LISTING, OVERVIEW, OVERVIEW_WEEKLY};

use crate::{PAID, key, vendor};

#[test]
fn addresses_are_known_by_their_function() {
    let paid = vendor(PAID);
    for (query, dataset, keys) in [
        ("function=LISTING_STATUS&state=active", "listing", vec![]),
        (
            "function=TIME_SERIES_DAILY&symbol=IBM",
            "equities_daily",
            vec!["equity:IBM"],
        ),
        (
            "function=TIME_SERIES_DAILY&symbol=TSCO.LON",
            "equities_daily",
            vec![],
        ),
        (
            "function=TIME_SERIES_INTRADAY&symbol=SPY&interval=60min",
            "equities_intraday",
            vec!["equity:SPY"],
        ),
        (
            "function=REALTIME_BULK_QUOTES&symbol=MSTR,AAPL",
            "bulk_quotes",
            vec!["equity:AAPL", "equity:MSTR"],
        ),
        (
            "function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=EUR",
            "crypto_daily",
            vec!["crypto:BTC eur"],
        ),
        (
            "function=FX_DAILY&from_symbol=EUR&to_symbol=USD",
            "fx_daily",
            vec!["fx:EUR"],
        ),
        (
            "function=CURRENCY_EXCHANGE_RATE&from_currency=BTC&to_currency=USD",
            "exchange_rate",
            vec![],
        ),
        (
            "function=TREASURY_YIELD&interval=daily&maturity=2year",
            "macro_daily",
            vec!["macro:TREASURY_YIELD:2year"],
        ),
        ("function=CPI", "macro_monthly", vec!["macro:CPI"]),
        (
            "function=UNEMPLOYMENT",
            "macro_monthly",
            vec!["macro:UNEMPLOYMENT"],
        ),
        (
            "function=OVERVIEW&symbol=IBM",
            "overview",
            vec!["equity:IBM"],
        ),
    ] {
        let address = format!("https://www.alphavantage.co/query?{query}&apikey=SECRET");
        let request = paid.recognise(None, &address, &[]).unwrap();
        assert_eq!(request.dataset.as_str(), dataset);
        let keys: Vec<_> = keys.into_iter().map(key).collect();
        assert_eq!(request.block.keys, keys, "{query}");
        assert!(!format!("{request:?}").contains("SECRET"));
    }
}

#[test]
fn a_function_of_two_datasets_is_told_apart_by_name() {
    let (paid, path) = (vendor(PAID), "/query?function=OVERVIEW&symbol=IBM");
    let weekly = paid.recognise(Some(OVERVIEW_WEEKLY), path, &[]).unwrap();
    assert_eq!(weekly.dataset, OVERVIEW_WEEKLY);
    let daily = paid.recognise(Some(OVERVIEW), path, &[]).unwrap();
    assert_eq!(daily.dataset, OVERVIEW);
    let of_london = "/query?function=TIME_SERIES_DAILY&symbol=TSCO.LON";
    let given = ["equity:TSCO.LON".to_owned()];
    let request = paid.recognise(None, of_london, &given).unwrap();
    assert_eq!(request.block.keys, [key("equity:TSCO.LON")]);
}

#[test]
fn others_are_refused_with_a_reason() {
    let paid = vendor(PAID);
    for (path, reason) in [
        ("/api/v1/rows", "no dataset of alphavantage uses the path"),
        ("/query?symbol=IBM", "parameter function: missing"),
        ("/query?function=RSI&symbol=IBM", "no dataset uses"),
        (
            "/query?function=TIME_SERIES_DAILY",
            "parameter symbol: missing",
        ),
        (
            "/query?function=TIME_SERIES_INTRADAY&symbol=IBM&interval=5min",
            "5min",
        ),
        ("/query?function=REAL_GDP", "no dataset holds REAL_GDP"),
        ("/query?function=CPI&interval=semiannual", "semiannual"),
    ] {
        let error = paid.recognise(None, path, &[]).unwrap_err().to_string();
        assert!(error.contains(reason), "{path}: {error}");
    }
    let path = "/query?function=CPI&interval=monthly";
    let error = paid.recognise(Some(LISTING), path, &[]).unwrap_err();
    assert!(error.to_string().contains("belongs to macro_monthly"));
}
