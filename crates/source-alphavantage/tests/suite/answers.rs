//! Each sample, as it is read: points, outcomes, rejects.

use source_alphavantage::{
    BULK_QUOTES, CRYPTO_DAILY, CRYPTO_INTRADAY, EQUITIES_ADJUSTED, EQUITIES_DAILY,
    EQUITIES_INTRADAY, EQUITIES_WEEKLY, EXCHANGE_RATE, FX_DAILY, MACRO_DAILY, MACRO_QUARTERLY,
    OVERVIEW, QUOTE,
};

use crate::{BARS, CLOSE, COINS, answered, ask, body, look, range, told, want};

#[test]
fn daily_bars_of_a_share() {
    let wants = vec![want("equity:IBM", BARS, range("2026-08-07", "2026-08-13"))];
    let ask = ask(EQUITIES_DAILY, "2026-08-13T06:03:00Z", wants);
    let record = answered(
        &ask,
        body!("bars/daily_compact.json"),
        "2026-08-13T06:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn adjusted_bars_of_a_share() {
    let metrics = &["DIVIDEND", "PRICE_ADJ", "SPLIT_RATIO"];
    let wants = vec![want(
        "equity:AAPL",
        metrics,
        range("2020-08-05", "2020-09-02"),
    )];
    let ask = ask(EQUITIES_ADJUSTED, "2020-09-02T06:03:00Z", wants);
    let record = answered(
        &ask,
        body!("bars/daily_adjusted_split.json"),
        "2020-09-02T06:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn hourly_bars_of_a_fund() {
    let wants = vec![want(
        "equity:SPY",
        BARS,
        range("2024-05-06T09:00:00Z", "2024-05-06T15:00:00Z"),
    )];
    let ask = ask(EQUITIES_INTRADAY, "2024-05-06T15:03:00Z", wants);
    let record = answered(
        &ask,
        body!("bars/intraday_shares.json"),
        "2024-05-06T15:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn weekly_bars_of_a_share() {
    let wants = vec![want("equity:IBM", CLOSE, range("2026-07-13", "2026-08-10"))];
    let ask = ask(EQUITIES_WEEKLY, "2026-08-13T06:03:00Z", wants);
    let record = answered(
        &ask,
        body!("bars/weekly_partial.json"),
        "2026-08-13T06:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn daily_bars_of_a_coin() {
    let wants = vec![want(
        "crypto:BTC eur",
        COINS,
        range("2026-06-04", "2026-06-10"),
    )];
    let ask = ask(CRYPTO_DAILY, "2026-06-10T20:08:00Z", wants);
    let record = answered(
        &ask,
        body!("bars/crypto_daily_stub.json"),
        "2026-06-10T20:08:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn hourly_bars_of_a_coin() {
    let wants = vec![want(
        "crypto:ETH",
        COINS,
        range("2024-05-09T20:00:00Z", "2024-05-10T00:00:00Z"),
    )];
    let ask = ask(CRYPTO_INTRADAY, "2024-05-10T00:03:00Z", wants);
    let record = answered(
        &ask,
        body!("bars/crypto_intraday.json"),
        "2024-05-10T00:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn daily_bars_of_a_currency() {
    let metrics = &["CLOSE", "HIGH", "LOW", "OPEN"];
    let wants = vec![want("fx:EUR", metrics, range("2026-08-07", "2026-08-12"))];
    let ask = ask(FX_DAILY, "2026-08-12T20:18:00Z", wants);
    let record = answered(&ask, body!("bars/fx_daily.json"), "2026-08-12T20:18:00Z");
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn ugly_bars() {
    let wants = vec![want("equity:IBM", BARS, range("2026-05-11", "2026-05-16"))];
    let ask = ask(EQUITIES_DAILY, "2026-05-16T06:03:00Z", wants);
    let record = answered(&ask, body!("bars/ugly.json"), "2026-05-16T06:03:00Z");
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn a_yield_by_day() {
    let labels = range("2026-07-01", "2026-08-12");
    let wants = vec![want("macro:TREASURY_YIELD:10year", &["YIELD"], labels)];
    let ask = ask(MACRO_DAILY, "2026-08-12T01:03:00Z", wants);
    let record = answered(
        &ask,
        body!("economy/treasury_yield.json"),
        "2026-08-12T01:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn the_product_of_a_quarter() {
    let wants = vec![want(
        "macro:REAL_GDP",
        &["REAL_GDP"],
        range("2025-10-01", "2026-08-12"),
    )];
    let ask = ask(MACRO_QUARTERLY, "2026-08-12T01:03:00Z", wants);
    let record = answered(
        &ask,
        body!("economy/gdp_quarterly.json"),
        "2026-08-12T01:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn a_quote() {
    let metrics = &["PREV_CLOSE", "PRICE", "PRICE_CHANGE", "PRICE_CHANGE_PCT"];
    let wants = vec![want(
        "equity:IBM",
        metrics,
        range("2026-08-12", "2026-08-13"),
    )];
    let ask = ask(QUOTE, "2026-08-13T06:03:00Z", wants);
    let record = answered(&ask, body!("now/quote.json"), "2026-08-13T06:03:00Z");
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn a_rate_of_now() {
    let hour = range("2026-06-10T14:00:00Z", "2026-06-10T15:00:00Z");
    let wants = vec![want("crypto:BTC", &["ASK", "BID", "PRICE"], hour)];
    let ask = ask(EXCHANGE_RATE, "2026-06-10T14:28:30Z", wants);
    let record = answered(&ask, body!("now/rate.json"), "2026-06-10T14:28:30Z");
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn a_company() {
    let metrics = &[
        "BETA",
        "DIVIDEND_YIELD",
        "HIGH_52W",
        "MARKET_CAP",
        "SHARES_OUTSTANDING",
    ];
    let wants = vec![want(
        "equity:IBM",
        metrics,
        range("2026-08-13", "2026-08-14"),
    )];
    let ask = ask(OVERVIEW, "2026-08-13T07:03:00Z", wants);
    let record = answered(&ask, body!("now/overview.json"), "2026-08-13T07:03:10Z");
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn quotes_of_many() {
    let metrics = &["PRICE", "PRICE_CHANGE_PCT", "PRICE_EXT_HOURS"];
    let hour = range("2024-10-31T00:00:00Z", "2024-10-31T01:00:00Z");
    let shares = ["equity:AAPL", "equity:GONE", "equity:MSTR", "equity:TSLA"];
    let wants = shares.map(|share| want(share, metrics, hour)).to_vec();
    let ask = ask(BULK_QUOTES, "2024-10-31T00:03:00Z", wants);
    let record = answered(
        &ask,
        body!("bulk/three_shares.json"),
        "2024-10-31T00:03:00Z",
    );
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn ugly_quotes() {
    let metrics = &["PREV_CLOSE", "PRICE", "PRICE_CHANGE_PCT"];
    let hour = range("2024-10-30T20:00:00Z", "2024-10-30T21:00:00Z");
    let shares = ["equity:888", "equity:AAPL", "equity:NEVER", "equity:OLD"];
    let wants = shares.map(|share| want(share, metrics, hour)).to_vec();
    let ask = ask(BULK_QUOTES, "2024-10-30T20:03:00Z", wants);
    let record = answered(&ask, body!("bulk/ugly.json"), "2024-10-30T20:03:00Z");
    insta::assert_snapshot!(told(&record.unwrap()));
}

#[test]
fn catalogues() {
    let path = "/query?function=LISTING_STATUS&state=active";
    let (record, parsed) = look(path, body!("listing/active.csv"), "2026-08-13T06:03:00Z").unwrap();
    assert!(parsed.facts.is_empty() && record.rejects.is_empty());
    insta::assert_snapshot!("listed", told(&record));
    let (record, _) = look(path, body!("listing/ugly.csv"), "2026-08-13T06:03:00Z").unwrap();
    insta::assert_snapshot!("ugly_listed", told(&record));
}
