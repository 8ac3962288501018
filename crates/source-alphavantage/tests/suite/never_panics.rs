//! Whatever comes, a typed error or an answer: never a panic.

use proptest::prelude::*;
use source::{
    RequestSpec, Source as _,
    conformance::mangle::{recognised, survives, survives_rows, with_bytes, with_part},
};
use source_alphavantage::COLUMNS;

use crate::{PAID, body, vendor};

const SAMPLES: [(&str, &[u8]); 14] = [
    (
        "/query?function=TIME_SERIES_DAILY&symbol=IBM",
        body!("bars/ugly.json"),
    ),
    (
        "/query?function=TIME_SERIES_DAILY&symbol=IBM&outputsize=full",
        body!("bars/daily_compact.json"),
    ),
    (
        "/query?function=TIME_SERIES_DAILY_ADJUSTED&symbol=AAPL",
        body!("bars/daily_adjusted_split.json"),
    ),
    (
        "/query?function=TIME_SERIES_WEEKLY&symbol=IBM",
        body!("bars/weekly_partial.json"),
    ),
    (
        "/query?function=TIME_SERIES_INTRADAY&symbol=SPY&interval=60min&month=2024-05",
        body!("bars/intraday_shares.json"),
    ),
    (
        "/query?function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=EUR",
        body!("bars/crypto_daily_legacy.json"),
    ),
    (
        "/query?function=CRYPTO_INTRADAY&symbol=ETH&market=USD&interval=60min",
        body!("bars/crypto_intraday.json"),
    ),
    (
        "/query?function=FX_DAILY&from_symbol=EUR&to_symbol=USD",
        body!("bars/fx_daily.json"),
    ),
    (
        "/query?function=TREASURY_YIELD&interval=daily",
        body!("economy/treasury_yield.json"),
    ),
    (
        "/query?function=GLOBAL_QUOTE&symbol=IBM",
        body!("now/quote.json"),
    ),
    (
        "/query?function=CURRENCY_EXCHANGE_RATE&from_currency=BTC&to_currency=USD",
        body!("now/rate.json"),
    ),
    (
        "/query?function=OVERVIEW&symbol=IBM",
        body!("now/overview.json"),
    ),
    (
        "/query?function=REALTIME_BULK_QUOTES&symbol=888,AAPL,NEVER,OLD",
        body!("bulk/ugly.json"),
    ),
    ("/query?function=LISTING_STATUS", body!("listing/ugly.csv")),
];

fn requests() -> Vec<(RequestSpec, &'static [u8])> {
    recognised(&vendor(PAID), &SAMPLES)
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    survives(&vendor(PAID), request, status, body, "2026-08-13T06:03:00Z");
}

/// Spoils a sample.
fn spoilt(which: usize, edits: &[(usize, u8)]) {
    let (request, sample) = requests().swap_remove(which);
    take(&request, 200, with_bytes(sample, edits));
}

/// Puts something odd in place of a text.
fn odd_value(which: usize, at: usize, odd: &str) {
    let (request, sample) = requests().swap_remove(which);
    take(&request, 200, with_part(sample, &['"'], at, odd));
}

fn odd_values() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        ".",
        "None",
        "NaN",
        "Infinity",
        "-0",
        "1e308",
        "1e999",
        "-9223372036854775808",
        "99999999999999999999",
        "50%",
        "%",
        "\\ud800",
        "0000-00-00",
        "9999-12-31",
        "9999-12-31 23:59:59",
        "-999-01-01",
        "2026-02-30",
        "2026-08-12 24:00:00",
        "2026-08-1\u{fc}",
        "\u{fffd}",
        "{\"a\":",
        "1. ",
        "Information",
        "Meta Data",
    ])
}

proptest! {
    #[test]
    fn bytes(status in 200_u16..600, body in prop::collection::vec(any::<u8>(), 0..300)) {
        for (request, _) in requests() {
            take(&request, status, body.clone());
        }
    }

    #[test]
    fn spoilt_samples(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        spoilt(which, &edits);
    }

    #[test]
    fn values_swapped_for_odd_ones(
        which in 0..SAMPLES.len(), at in any::<usize>(), odd in odd_values(),
    ) {
        odd_value(which, at, odd);
    }

    #[test]
    fn paths(path in "/query(\\?function=(TIME_SERIES_INTRADAY|CPI|OVERVIEW|FX_DAILY)[a-z_=&0-9%.,-]{0,80})?") {
        if let Ok(request) = vendor(PAID).recognise(None, &path, &[]) {
            take(&request, 200, body!("bars/ugly.json").to_vec());
        }
    }

    #[test]
    fn months(month in "\\PC{0,10}|[0-9]{1,6}-[0-9]{1,3}") {
        let path = format!("/query?function=TIME_SERIES_INTRADAY&symbol=SPY&interval=60min&month={month}");
        if let Ok(request) = vendor(PAID).recognise(None, &path, &[]) {
            take(&request, 200, body!("bars/intraday_shares.json").to_vec());
        }
    }

    #[test]
    fn tables(csv in prop::collection::vec(any::<u8>(), 0..200)) {
        survives_rows(&vendor(PAID), &COLUMNS, &csv);
    }

    /// Two inputs a case: `PROPTEST_CASES=500000 cargo test -p source-alphavantage -- --ignored`.
    #[test]
    #[ignore = "minutes long"]
    fn for_long(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12),
        at in any::<usize>(),
        odd in odd_values(),
    ) {
        spoilt(which, &edits);
        odd_value(which, at, odd);
    }
}
