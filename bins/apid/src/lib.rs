//! The REST API: HTTP in front of `query`, nothing else. A route is a file in `routes`.
//!
//! Reads only; administration is the CLI's. Keys of the predecessor's bodies stay, ours are added.
//! What cannot be answered is a problem (RFC 9457) with suggestions, never an empty list.

mod api;
mod auth;
mod log;
mod params;
mod problem;
mod routes;
pub mod telemetry;

pub use api::{Api, service};
