//! Whatever comes, a typed error or an answer: never a panic.

use bytes::Bytes;
use http::StatusCode;
use proptest::prelude::*;
use source::{RequestSpec, Source as _};
use source_artemis::COLUMNS;

use crate::{body, read, reply, vendor};

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
    let vendor = vendor();
    let known =
        |(path, body): &(&str, &'static [u8])| (vendor.recognise(None, path, &[]).unwrap(), *body);
    SAMPLES.iter().map(known).collect()
}

fn take(request: &RequestSpec, status: u16, body: Vec<u8>) {
    let mut answer = reply(&[], "2026-05-18T12:10:00Z");
    answer.status = StatusCode::from_u16(status).unwrap();
    answer.body = Bytes::from(body);
    // Whether it is an error or an answer is for other tests to say.
    if let Ok((record, _)) = read(request, &answer) {
        assert!(record.points.iter().all(|point| point.value.is_finite()));
    }
}

/// Spoils a sample.
fn spoilt(which: usize, edits: &[(prop::sample::Index, u8)]) {
    let (request, sample) = requests().swap_remove(which);
    let mut body = sample.to_vec();
    for (at, byte) in edits {
        let at = at.index(body.len());
        body[at] = *byte;
    }
    take(&request, 200, body);
}

/// Puts something odd in the place of a value, a name or a bracket.
fn odd_token(which: usize, at: prop::sample::Index, odd: &str) {
    let (request, sample) = requests().swap_remove(which);
    let text = String::from_utf8(sample.to_vec()).unwrap();
    let mut tokens: Vec<&str> = text
        .split_inclusive([',', ':', '[', ']', '{', '}'])
        .collect();
    let at = at.index(tokens.len());
    let end = tokens[at].len() - 1;
    let odd = format!("{odd}{}", tokens[at].get(end..).unwrap_or_default());
    tokens[at] = &odd;
    take(&request, 200, tokens.concat().into_bytes());
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
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        spoilt(which, &edits);
    }

    #[test]
    fn tokens_swapped_for_odd_ones(
        which in 0..SAMPLES.len(), at in any::<prop::sample::Index>(), odd in odd_tokens(),
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
        let mut whole = format!("{}\n", COLUMNS.join(",")).into_bytes();
        whole.extend(csv);
        if let Ok(series) = vendor().read_config("x.csv", &whole) {
            assert!(series.iter().all(|spec| !spec.series.key.asset.is_none()));
        }
    }

    /// Two inputs a case: `PROPTEST_CASES=500000 cargo test --release -p source-artemis -- --ignored`.
    #[test]
    #[ignore = "minutes long"]
    fn for_long(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        at in any::<prop::sample::Index>(),
        odd in odd_tokens(),
    ) {
        spoilt(which, &edits);
        odd_token(which, at, odd);
    }
}
