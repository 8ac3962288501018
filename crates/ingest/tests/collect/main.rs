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

mod alphavantage;
mod artemis;
mod backfill;
mod calendars;
mod catalogue;
mod changes;
mod closed;
mod defillama;
mod due;
mod faults;
mod free_key;
mod halted;
mod halving;
mod late;
mod live;
mod night_budget;
mod nights;
mod outage;
mod pace;
mod plans;
mod precedence;
mod processes;
mod quota;
mod reach;
mod refused;
mod rereads;
mod secrets;
mod silence;
mod survey;
mod suspended;
mod velo;
mod weather;
mod world;
mod wrapped;

use testkit::canned;
