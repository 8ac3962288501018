//! The collector against a simulated vendor and a real PostgreSQL.
//!
//! Time is the simulator's, frozen: it moves only when the collector waits, so no test waits and none
//! depends on how fast the machine is. Where real time is meant, the test says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

mod backfill;
mod canned;
mod catalogue;
mod due;
mod faults;
mod live;
mod nights;
mod pace;
mod processes;
mod quota;
mod reach;
mod refused;
mod secrets;
mod silence;
mod suspended;
mod world;
mod wrapped;
