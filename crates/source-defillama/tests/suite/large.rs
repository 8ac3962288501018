//! A protocol's history of the size that the vendor sends: most of it is tokens, which are skipped.

use std::fmt::Write as _;

use bytes::Bytes;
use source::{Sink, Source as _};
use source_defillama::{DefiLlama, Plan, TVL_DAILY};

use crate::{ask, configured, plan, range, want};

/// About so many bytes of `/protocol/{slug}`: chains with tokens of each day, and the TVL at the end.
fn body(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + (1 << 20));
    text.push_str(r#"{"id":"1","name":"Large","chainTvls":{"#);
    let mut chain = 0;
    while text.len() < bytes {
        if chain > 0 {
            text.push(',');
        }
        write!(text, r#""Chain {chain}":{{"tvl":[],"tokensInUsd":["#).unwrap();
        for day in 0..400 {
            let comma = if day > 0 { "," } else { "" };
            let date = 1_700_000_000 + day * 86_400;
            write!(text, r#"{comma}{{"date":{date},"tokens":{{"#).unwrap();
            for token in 0..40 {
                let comma = if token > 0 { "," } else { "" };
                write!(text, r#"{comma}"TOKEN{token}":{}.{day}"#, token * 1_234_567).unwrap();
            }
            text.push_str("}}");
        }
        text.push_str(r#"],"tokens":null}"#);
        chain += 1;
    }
    text.push_str(r#"},"tvl":["#);
    for day in 0..2_000_i64 {
        let comma = if day > 0 { "," } else { "" };
        let date = 1_577_836_800 + day * 86_400;
        write!(
            text,
            r#"{comma}{{"date":{date},"totalLiquidityUSD":{day}.5}}"#
        )
        .unwrap();
    }
    text.push_str("]}");
    text
}

/// Counts points; keeps nothing.
#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn slot(&mut self, _: &model::Key, _: &str, _: model::Step) -> Option<source::Slot> {
        Some(source::Slot(0))
    }
    fn point(&mut self, _: source::Slot, _: model::Ts, _: f64) {
        self.0 += 1;
    }
    fn outcome(&mut self, _: source::Slot, _: source::Outcome) {}
    fn reject(&mut self, _: source::Reject) {}
    fn listing(&mut self, _: source::Listing) {}
}

fn read(vendor: &DefiLlama, body: &Bytes) -> usize {
    let wants = vec![want(
        "protocol:1",
        &["TVL"],
        range("2020-01-01", "2026-01-05"),
    )];
    let request = plan(vendor, &ask(TVL_DAILY, "2026-01-05T09:25:00Z", wants)).remove(0);
    let mut reply = crate::reply(b"", "2026-01-05T09:25:00Z");
    reply.body = body.clone();
    let mut count = Count::default();
    vendor.check(&request, &reply).unwrap();
    vendor.parse(&request, &reply, &mut count).unwrap();
    count.0
}

#[test]
fn tokens_of_a_large_history_do_no_harm() {
    let vendor = configured(Plan::Free, "protocol,large,TVL,1d,,,id=1,true,\n");
    assert_eq!(read(&vendor, &body(2 << 20).into()), 2_000);
}

/// Prints how fast a body of 60 MiB is read, and how much memory that takes beside the body.
#[test]
#[ignore = "a measurement: cargo test -p source-defillama --release -- --ignored megabytes --nocapture"]
#[allow(clippy::print_stdout, reason = "a measurement for people")]
fn megabytes_a_second() {
    let vendor = configured(Plan::Free, "protocol,large,TVL,1d,,,id=1,true,\n");
    let body = Bytes::from(body(60 << 20));
    let before = peak_kib();
    let start = std::time::Instant::now();
    assert_eq!(read(&vendor, &body), 2_000);
    let secs = start.elapsed().as_secs_f64();
    let mib = body.len() >> 20;
    let rate = body.len() as f64 / secs / 1e6;
    let grown = peak_kib().saturating_sub(before);
    println!("{mib} MiB in {secs:.3} s: {rate:.0} MB/s; peak memory grew by {grown} KiB");
}

/// The most memory this process ever held, where the system tells.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
