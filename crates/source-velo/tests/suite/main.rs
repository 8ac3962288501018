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
mod never_panics;
mod plan;
mod recognise;
mod shares;
mod speed;
mod traps;
mod vouches;

use model::{Key, TimeRange};
use source::{Ask, Parsed, Record, ReplyError, Want, conformance::stage};
use source_velo::{Plan, Settings, Velo};

pub(crate) use source::conformance::stage::{
    at, backfill as ask, lines, live, plan, range, read, reply, reply_with, told,
};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) const CLOSE: &[&str] = &["CLOSE_PRICE"];
/// The columns of futures that a row of the CSV has which names none, sorted.
pub(crate) const DEFAULT: &[&str] = &[
    "CLOSE_PRICE",
    "COIN_OI_CLOSE",
    "DOLLAR_OI_CLOSE",
    "DOLLAR_VOLUME",
    "FUNDING_RATE",
    "HIGH_PRICE",
    "LIQ_DOLLAR_VOL",
    "LOW_PRICE",
    "OPEN_PRICE",
    "PREMIUM",
];

pub(crate) fn vendor(plan: Plan) -> Velo {
    Velo::new(Settings {
        plan,
        base_url: None,
        rpm: None,
    })
}

/// `BTC BTCUSDT binance-futures`, or a coin by itself.
pub(crate) fn key(text: &str) -> Key {
    let mut parts = text.split(' ');
    let mut key = Key::of_asset(parts.next().unwrap(), "usd");
    key.instrument = parts.next().unwrap_or_default().into();
    key.venue = parts.next().unwrap_or_default().into();
    key
}

pub(crate) fn want(of: &str, metrics: &[&str], labels: TimeRange) -> Want {
    stage::want(key(of), metrics, labels)
}

pub(crate) fn look(
    path_and_query: &str,
    body: &[u8],
    now: &str,
) -> Result<(Record, Parsed), ReplyError> {
    stage::look(&vendor(Plan::Annual), path_and_query, body, now)
}

pub(crate) fn answered(ask: &Ask, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    stage::answered(&vendor(Plan::Annual), ask, body, now)
}
