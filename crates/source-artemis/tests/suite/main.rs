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
mod ids;
mod never_panics;
mod plan;
mod random_asks;
mod recognise;
mod settles;
mod traps;

use model::{DatasetId, Key, TimeRange};
use source::{Ask, Parsed, Record, Reply, ReplyError, RequestSpec, Want, conformance::stage};
use source_artemis::{Artemis, Plan, Settings};

pub(crate) use source::conformance::stage::{
    at, every_outcome, lines, range, reply, reply_with, told,
};

macro_rules! body {
    ($path:literal) => {
        include_bytes!(concat!("../../test_data/", $path)).as_slice()
    };
}
pub(crate) use body;

pub(crate) fn vendor() -> Artemis {
    Artemis::new(Settings {
        plan: Plan::Enterprise,
        base_url: None,
        rpm: None,
    })
}

pub(crate) fn key(symbol: &str) -> Key {
    Key::of_asset(symbol, "usd")
}

/// A want with its metrics sorted.
pub(crate) fn want(symbol: &str, metrics: &[&str], labels: TimeRange) -> Want {
    let mut want = stage::want(key(symbol), metrics, labels);
    want.metrics.sort();
    want
}

/// An ask with its wants sorted.
pub(crate) fn ask(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    stage::backfill(dataset, now, sorted(wants))
}

pub(crate) fn live(dataset: DatasetId, now: &str, wants: Vec<Want>) -> Ask {
    stage::live(dataset, now, sorted(wants))
}

fn sorted(mut wants: Vec<Want>) -> Vec<Want> {
    wants.sort_by(|a, b| (&a.key, a.labels.start).cmp(&(&b.key, b.labels.start)));
    wants
}

pub(crate) fn plan(ask: &Ask) -> Vec<RequestSpec> {
    stage::plan(&vendor(), ask)
}

pub(crate) fn read(request: &RequestSpec, reply: &Reply) -> Result<(Record, Parsed), ReplyError> {
    stage::read(&vendor(), request, reply)
}

pub(crate) fn look(path_and_query: &str, body: &[u8], now: &str) -> Result<Record, ReplyError> {
    stage::look(&vendor(), path_and_query, body, now).map(|(record, _)| record)
}
