//! Whatever comes, a typed error or an answer: never a panic.

use proptest::prelude::*;
use source::{
    RequestSpec, Source as _,
    conformance::mangle::{recognised, survives, survives_rows, with_bytes, with_part},
};
use source_artemis::COLUMNS;

use crate::{body, vendor};

const DAILY: &str = "/data/api/PRICE,FEES,DAU,TVL,TXNS/?symbols=btc,eth,sol,hype,gone&startDate=2024-01-01&endDate=2024-01-05";
const SHARES: &str =
    "/data/api/PRICE/?symbols=eq-nvda,eq-meta&startDate=2026-01-01&endDate=2026-01-08";
const QUARTERS: &str = "/data/api/TOTAL_REVENUE,EBITDA/?symbols=eq-nvda&startDate=2024-04-01&endDate=2025-02-28&granularity=QUARTER";

const SAMPLES: [(&str, &[u8]); 6] = [
    ("/asset/symbols/", body!("symbols/ugly.json")),
    (DAILY, body!("metrics_daily/ugly.json")),
    (DAILY, body!("metrics_daily/mixed_messages.json")),
    (DAILY, body!("metrics_daily/undated.json")),
    (SHARES, body!("metrics_daily/equity_price.json")),
    (QUARTERS, body!("financials_quarterly/eq_nvda.json")),
];

fn requests() -> Vec<(RequestSpec, &'static [u8])> {
    recognised(&vendor(), &SAMPLES)
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    survives(&vendor(), request, status, body, "2026-05-18T12:10:00Z");
}

/// Spoils a sample.
fn spoilt(which: usize, edits: &[(usize, u8)]) {
    let (request, sample) = requests().swap_remove(which);
    take(&request, 200, with_bytes(sample, edits));
}

/// Puts something odd in the place of a value, a name or a bracket.
fn odd_token(which: usize, at: usize, odd: &str) {
    let (request, sample) = requests().swap_remove(which);
    let ends = [',', ':', '[', ']', '{', '}'];
    take(&request, 200, with_part(sample, &ends, at, odd));
}

fn odd_tokens() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "null",
        "true",
        "NaN",
        "-0",
        "1e308",
        "1e999",
        "-9223372036854775808",
        "99999999999999999999",
        "\"\"",
        "\"Infinity\"",
        "\"1e400\"",
        "\"0001-01-01\"",
        "\"9999-12-31T23:59:59Z\"",
        "\"2024-01-0\u{e9}\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"symbols\"",
        "\"data\"",
        "[]",
        "{}",
        "[[[[]]]]",
        "{\"date\":{},\"val\":[]}",
        "[{\"date\":\"2024-01-01\",\"val\":1}]",
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
    fn tokens_swapped_for_odd_ones(
        which in 0..SAMPLES.len(), at in any::<usize>(), odd in odd_tokens(),
    ) {
        odd_token(which, at, odd);
    }

    #[test]
    fn paths(path in "(/data/api)?/([a-z,]{0,20}|asset/symbols)/?(\\?[a-zA-Z_=&0-9%.,-]{0,80})?") {
        if let Ok(request) = vendor().recognise(None, &path, &[]) {
            take(&request, 200, body!("metrics_daily/ugly.json").to_vec());
        }
    }

    #[test]
    fn windows(start in "[0-9]{4}-[01][0-9]-[0-3][0-9]", end in "[0-9]{4}-[01][0-9]-[0-3][0-9]") {
        let path = format!("/data/api/PRICE/?symbols=eq-nvda&startDate={start}&endDate={end}");
        for path in [path.clone(), format!("{path}&granularity=QUARTER")] {
            if let Ok(request) = vendor().recognise(None, &path, &[]) {
                take(&request, 200, body!("metrics_daily/equity_price.json").to_vec());
            }
        }
    }

    #[test]
    fn tables(csv in prop::collection::vec(any::<u8>(), 0..200)) {
        survives_rows(&vendor(), &COLUMNS, &csv);
    }

    /// Two inputs a case: `PROPTEST_CASES=500000 cargo test --release -p source-artemis -- --ignored`.
    #[test]
    #[ignore = "minutes long"]
    fn for_long(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12),
        at in any::<usize>(),
        odd in odd_tokens(),
    ) {
        spoilt(which, &edits);
        odd_token(which, at, odd);
    }
}
