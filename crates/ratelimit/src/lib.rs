//! Time and pace: the clock that can be replaced, and the spacing of attempts inside a process.
//!
//! What several processes share (the pacing slot, the quota ledger) lives in `store`; this crate
//! only says how wide the spacing is.

mod clock;
mod spacing;

pub use clock::{Busy, Clock, SharedClock, SystemClock, Waiting};
pub use spacing::{Spacing, interval};
