//! The source against the samples of its contract. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to the lint"
)]

mod access;
mod answers;
mod candles;
mod check;
mod config;
mod conformance;
mod never_panics;
mod odd;
mod plan;
mod random_asks;
mod recognise;
mod supply;
mod traps;
mod variants;
mod whole_market;

use model::{Key, TimeRange};
use source::{Record, ReplyError, Want, conformance::stage};
use source_coingecko::{CoinGecko, Plan, Settings};

pub(crate) use source::conformance::stage::{
    at, backfill as ask, blocks as lines, every_outcome, outcomes, plan, range, read, reply,
    reply_with, told,
};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) fn vendor(plan: Plan) -> CoinGecko {
    CoinGecko::new(Settings {
        plan,
        base_url: None,
        rpm: None,
    })
}

pub(crate) const CHART: [&str; 3] = ["MARKET_CAP", "PRICE", "VOLUME_24H"];

pub(crate) fn want(coin: &str, quote: &str, metrics: &[&str], labels: TimeRange) -> Want {
    stage::want(Key::of_asset(coin, quote), metrics, labels)
}

pub(crate) fn look(path_and_query: &str, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    stage::look(&vendor(Plan::Demo), path_and_query, body, now).map(|(record, _)| record)
}
