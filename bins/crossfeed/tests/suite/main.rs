//! `crossfeed` as a process: the verbs an operator types.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

mod gaps;
mod on_clock;
mod private_db;
mod quota;
mod repair;
mod resume;
mod setup;
mod status;
mod suspend;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_crossfeed");
