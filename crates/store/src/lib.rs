//! PostgreSQL: migrations, the write path, coverage, the ledgers that processes share, and the reads.
//!
//! The only SQL of the project. Knows no vendor. All times are bucket starts, UTC; labels never
//! come this far.

mod connect;
pub mod coverage;
pub mod dictionary;
mod error;
pub mod facts;
mod locks;
pub mod migrations;
pub mod pace;
mod pool;
pub mod pulls;
mod ranges;
pub mod read;
pub mod series;
pub mod session;
pub mod suspend;
pub mod telemetry;
mod tls;
pub mod upkeep;
mod world;
pub mod write;

pub use error::{Error, Holder};
pub use pool::{Options, Store};
pub use world::{UnknownWorld, World};
