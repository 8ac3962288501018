//! `backfill` as a process: killed, stopped, misled and refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

mod answers;
mod beside;
mod bill;
mod config;
mod exits;
mod killed;
mod outage;
mod pace;
mod refusals;
mod secrets;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_backfill");

/// A range long past: five months, two hourly spans and one daily a coin.
pub(crate) const RANGE: [&str; 6] = [
    "--source",
    "coingecko",
    "--from",
    "2024-01-01",
    "--to",
    "2024-06-01",
];
