//! The source against the samples of its contract. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to the lint"
)]

mod access;
mod answers;
mod check;
mod config;
mod conformance;
mod daily;
mod large;
mod never_panics;
mod now;
mod plan;
mod prices;
mod recognise;
mod traps;

use model::{Key, TimeRange};
use source::{Ask, Parsed, Record, ReplyError, Source as _, Want, conformance::stage};
use source_defillama::{COLUMNS, DefiLlama, FreeHosts, Plan, Settings};

pub(crate) use source::conformance::stage::{
    at, backfill as ask, blocks as lines, outcomes, plan, range, read, reply, reply_with, told,
};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) fn vendor(plan: Plan) -> DefiLlama {
    DefiLlama::new(settings(plan))
}

pub(crate) fn settings(plan: Plan) -> Settings {
    Settings {
        plan,
        base_url: None,
        free_hosts: FreeHosts::default(),
        rpm: None,
    }
}

/// The vendor after it has read such rows.
pub(crate) fn configured(plan: Plan, rows: &str) -> DefiLlama {
    let vendor = vendor(plan);
    let csv = format!("{}\n{rows}", COLUMNS.join(","));
    vendor.read_config("defillama.csv", csv.as_bytes()).unwrap();
    vendor
}

/// Asks for one range of one thing and reads this answer to the only request.
pub(crate) fn answer(
    vendor: &DefiLlama,
    ask: &Ask,
    body: &[u8],
) -> Result<(Record, Parsed), ReplyError> {
    let requests = plan(vendor, ask);
    assert_eq!(requests.len(), 1, "{}", lines(&requests));
    let mut reply = reply(body, "2000-01-01");
    reply.received_at = ask.now;
    read(vendor, &requests[0], &reply)
}

/// The values of all points, in the order read.
pub(crate) fn values(record: &Record) -> Vec<f64> {
    record.points.iter().map(|point| point.value).collect()
}

pub(crate) fn want(asset: &str, metrics: &[&str], labels: TimeRange) -> Want {
    stage::want(Key::of_asset(asset, "usd"), metrics, labels)
}

pub(crate) fn look(path_and_query: &str, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    stage::look(&vendor(Plan::Free), path_and_query, body, now).map(|(record, _)| record)
}
