//! The write path on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "test code: a failure is to be seen where it happens"
)]

mod concurrent;
mod fixture;
mod identical;
mod modes;
mod random;
mod refused;
mod revisions;
